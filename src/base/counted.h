// "1 check", "2 checks", "3 runbook entries": numbers of things, as people say them.
#pragma once

#include <string>
#include <string_view>

namespace ops {

std::string counted_as(std::string number, std::string_view what);

template <class Whole>
std::string counted(Whole count, std::string_view what) {
    return counted_as(std::to_string(count), what);
}

}  // namespace ops

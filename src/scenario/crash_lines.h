// Lines of a scenario that order a crash for later:
//
//     power-cut after write N | power-cut after marker N
//     kill executor at POINT
//     kill agent before send N | kill agent after send N
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scenario/machine.h"

namespace ops {

// What it waits for: "write", "marker", "executor", "send"; empty: it is no such line.
std::string_view ordered_crash(const std::vector<std::string>& words);
// Gives back whether it has come. Requires: ordered_crash(words) is not empty.
Result<std::function<bool()>> order_crash(const std::vector<std::string>& words, Machine& machine);

}  // namespace ops

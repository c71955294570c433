// Stems of English words: "restarting", "restarted" and "restarts" are one word for who searches.
#pragma once

#include <string>
#include <string_view>

namespace ops {

// By M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980. Takes a word of
// lower-case ASCII letters; any other is given back as it is.
std::string stem(std::string_view word);

}  // namespace ops

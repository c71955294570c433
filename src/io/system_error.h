// What the operating system said, as an Error people can act on.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ops {

// "connection refused": the system's words for an errno, in lower case.
std::string system_words(int number);

// "open '/x/y': permission denied", with the fault that fits the number.
Error system_error(std::string_view doing, int number);

}  // namespace ops

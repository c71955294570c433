// Time as the whole program knows it: milliseconds since 1970 UTC, and spans of milliseconds.
//
// Time is always an argument or comes from an io::Clock; nothing outside src/io asks the operating
// system.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ops {

using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Duration>;

// "2026-01-29T14:30:00.123Z" (RFC 3339, always UTC, always milliseconds).
std::string format_rfc3339(Time at);
// Takes any RFC 3339 date-time, with an offset and any number of fraction digits.
Result<Time> parse_rfc3339(std::string_view text);

// Time plus span without wrapping: stops at the earliest or latest Time there is.
Time add_saturating(Time at, Duration span);

}  // namespace ops

// Dates as HTTP headers write them (RFC 9110, 5.6.7): the one form of today and the two obsolete
// ones, all of them GMT.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace ops {

// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994".
// The day of the week is not compared with the date. Years of two digits are of 1970 to 2069.
std::optional<Time> parse_http_date(std::string_view text);

}  // namespace ops

// Ids that sort by time, can be read over the phone, and do not repeat after a restored database.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace ops {

// "inc-0a1b2c3d4e": 6 characters of seconds since 2020 and 4 of `random`, in Crockford's base 32
// (lower case).
std::string make_id(std::string_view prefix, Time now, uint64_t random);

}  // namespace ops

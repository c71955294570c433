// How people write durations, sizes and percentages, in every file of ours and on the command line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace ops {

// "200ms", "30s", "5m", "5 minutes", "1h30m", "2 d", "1w". A number without a unit is an error,
// except "0".
Result<Duration> parse_duration(std::string_view text);
// Reads back the same: "1h30m", "250ms", "2d". Zero is "0s".
std::string format_duration(Duration span);
// For people: two units at most, "3m 20s", "2d 4h", "250ms".
std::string format_duration_short(Duration span);

// "3GB" (powers of 1000), "512MiB" (powers of 1024), "100B", "3 GB". A number without a unit is an
// error, except "0".
Result<int64_t> parse_size(std::string_view text);
std::string format_size(double bytes);  // "3.2GB"

// Seconds of one duration unit word ("ms", "minutes"), or 0 when it is not one. The one list of
// unit words.
double duration_unit_seconds(std::string_view word);
// Bytes of one size unit word ("GB", "KiB"), or 0 when it is not one.
double size_unit_bytes(std::string_view word);

// "42", "3.5", "0.01": no exponent, no trailing zeros, at most `digits` after the point.
std::string format_number(double number, int digits = 3);

}  // namespace ops

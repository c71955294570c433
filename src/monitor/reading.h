// Readings: numbers that a command or a query gives, on their way to becoming facts. Also the
// output of Nagios plugins. Pure; the text is hostile.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/fact.h"

namespace ops {

// "12", "-3.5", "1e6", "92%", "250 ms", "3GB", "5 minutes" as a value with its type. Nothing for
// anything else, also for "nan" and "inf".
std::optional<Value> parse_reading(std::string_view text);

// A name for a fact out of any text: small letters, digits and '_'; "" when nothing is left.
std::string fact_name(std::string_view text);

// Adds `value` under `name`, a plain number in the built-in fact's own type. A name that the
// program gives itself (up, status, host ...) is left out; so are facts beyond the 64th.
void add_reading(std::vector<Fact>& facts, std::string_view name, Value value);

// The numbers, booleans and short texts of a JSON object, members of members as outer_inner, each
// name behind `prefix`. False when the text is no JSON object.
bool read_json_readings(std::string_view text, std::string_view prefix, std::vector<Fact>& facts);

struct PluginOutput {
    std::string text;         // the first line without performance data; printable
    std::vector<Fact> facts;  // of the performance data
};
// 'label'=value[UOM];warn;crit;min;max behind a '|', on the first line and on the lines after a
// later '|'. What is malformed is left out.
PluginOutput parse_plugin_output(std::string_view output, std::string_view prefix);

// Whether the first line reads like a plugin's: "DISK OK - free space", "CRITICAL: ...".
bool looks_like_plugin(std::string_view output);

}  // namespace ops

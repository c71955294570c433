// Looks at another machine: one ssh command, a script on its standard input, text in sections back.
//
// The script runs under `sh -s` whatever the login shell is. Its output:
//
//     @ops 1
//     @meminfo
//     ...lines...
//     @df
//     ...lines...
//     @end
//
// What stands before "@ops 1" (a greeting) is ignored. Without "@end" the answer was cut or the
// script died, and nothing in it is used. ssh's own failure is exit 255 without "@ops 1".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/probes.h"
#include "model/inventory.h"

namespace ops {

// "@NAME" before what `commands` prints.
std::string section(std::string_view name, std::string_view commands);

// The whole ask; `sections` are the texts of section(), one after the other.
CommandAsk ask_over_ssh(const Host& host, Duration time_limit, const std::string& sections);

using Sections = std::map<std::string, std::vector<std::string>, std::less<>>;
// Fault::unavailable when the host could not be asked, with ssh's own words.
Result<Sections> read_sections(const Host& host, const Result<Answer>& answer);

// Lines of a section; none when it is missing.
const std::vector<std::string>& lines_of(const Sections& sections, std::string_view name);

}  // namespace ops

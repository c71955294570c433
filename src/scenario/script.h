// A scenario: an incident written down as it would be told, one step a line (docs/scenarios.md).
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ops {

struct ScriptLine {
    int number = 0;
    std::string text;                // as written, without comment
    std::vector<std::string> words;  // "quoted words" are one word
    std::string block;               // the indented lines below, without the common indentation
};

// '#' begins a comment outside quotes; empty lines count for nothing; indented lines belong to the
// line above. Errors name the line: "FILE:12: unterminated quote".
Result<std::vector<ScriptLine>> parse_script(std::string_view text, const std::string& file);

}  // namespace ops

// The words of a command of the runbook: base/shell_words.h, and the placeholders in them.
// split_words() in runbook.h is the public half.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/shell_words.h"
#include "runbook/runbook.h"

namespace ops {

// A placeholder as it is written: "name" of {name}. Braces around anything but one word, and double
// ones, are no placeholder.
struct Placeholder {
    std::string_view name;
    size_t offset;  // of its '{'
};
std::vector<Placeholder> find_placeholders(std::string_view text);
const std::vector<std::string>& placeholder_names();

// As the language spells a name: `web-api` has no '-' there.
std::string as_word(std::string name);

}  // namespace ops

// The words of a command, each byte with its place in the text. split_words() in runbook.h is the
// public half.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runbook/runbook.h"

namespace ops {

struct Word {
    std::string text;
    std::vector<size_t> offsets;  // of each byte of `text`, in what was split
    size_t start = 0;
    size_t offset_of(size_t at) const { return at < offsets.size() ? offsets[at] : start; }
};
struct PlacedWords {
    std::vector<Word> words;
    std::vector<expr::Problem> problems;
};
PlacedWords split_placed_words(std::string_view text);

// A word as a POSIX shell reads it back unchanged.
std::string quote_for_shell(std::string_view word);

// A placeholder as it is written: "name" of {name}. Braces around anything but one word, and double
// ones, are no placeholder.
struct Placeholder {
    std::string_view name;
    size_t offset;  // of its '{'
};
std::vector<Placeholder> find_placeholders(std::string_view text);
const std::vector<std::string>& placeholder_names();

}  // namespace ops

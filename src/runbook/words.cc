#include "runbook/words.h"

#include <algorithm>

namespace ops {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word_character(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

}  // namespace

SplitWords split_words(std::string_view text) {
    PlacedWords placed = split_placed_words(text);
    SplitWords split;
    for (Word& word : placed.words) split.words.push_back(std::move(word.text));
    for (WordProblem& problem : placed.problems) {
        split.problems.push_back({problem.offset, problem.length, std::move(problem.message)});
    }
    return split;
}

std::vector<Placeholder> find_placeholders(std::string_view text) {
    std::vector<Placeholder> found;
    for (size_t open = text.find('{'); open != std::string_view::npos;
         open = text.find('{', open + 1)) {
        const size_t close = text.find_first_of("{}", open + 1);
        if (close == std::string_view::npos || text[close] != '}') continue;
        const std::string_view name = text.substr(open + 1, close - open - 1);
        const bool doubled = (open > 0 && (text[open - 1] == '{' || text[open - 1] == '$')) ||
                             text.substr(close + 1, 1) == "}";
        const bool word = !name.empty() && is_letter(name[0]) &&
                          std::all_of(name.begin(), name.end(), is_word_character);
        if (word && !doubled) found.push_back({name, open});
    }
    return found;
}

const std::vector<std::string>& placeholder_names() {
    static const std::vector<std::string> kNames = {"name", "service", "host", "group", "n"};
    return kNames;
}

}  // namespace ops

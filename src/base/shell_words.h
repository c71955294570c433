// The words of a command as a POSIX shell would split them, without running one (product.md 4.3):
// for commands of the runbook, of checks and of channels alike.
//
// Quotes and backslashes are as in sh. What a shell would do more with (| & ; < > ( ) ` $ * ? [ # ~
// VAR=x, a second line) is a problem where it stands outside quotes, since nobody does it here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ops {

struct Word {
    std::string text;
    std::vector<size_t> offsets;  // of each byte of `text`, in what was split
    size_t start = 0;
    size_t offset_of(size_t at) const { return at < offsets.size() ? offsets[at] : start; }
};
struct WordProblem {
    size_t offset;
    size_t length;
    std::string message;
};
struct PlacedWords {
    std::vector<Word> words;
    std::vector<WordProblem> problems;
};
PlacedWords split_placed_words(std::string_view text);

// A word as a POSIX shell reads it back unchanged: as it is when that is plain, else quoted.
std::string quote_for_shell(std::string_view word);
// 'text' in single quotes, whatever is in it.
std::string single_quoted(std::string_view text);

}  // namespace ops

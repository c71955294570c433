// The words of a command as a POSIX shell would split them, without running one (product.md 4.3).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ops {

struct CommandWords {
    std::vector<std::string> words;
    std::string problem;  // empty when it could be split
    size_t offset = 0;    // of the problem, in the text
};
// Quotes and backslashes as in sh. Anything that needs a shell outside quotes (| & ; < > ( ) ` $ *
// ? [ # ~ newline) is a problem, not a word.
CommandWords split_command(std::string_view text);

// 'text' in single quotes for a POSIX shell, whatever is in it.
std::string shell_quote(std::string_view text);

}  // namespace ops

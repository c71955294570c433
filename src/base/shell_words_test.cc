#include "base/shell_words.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ops {
namespace {

std::string shown(std::string_view text) {
    const PlacedWords found = split_placed_words(text);
    if (!found.problems.empty()) {
        return "?" + std::to_string(found.problems[0].offset) + " " + found.problems[0].message;
    }
    std::vector<std::string> words;
    for (const Word& word : found.words) words.push_back(word.text);
    return join(words, "|");
}

TEST(ShellWords, AreSplitAsAShellWould) {
    const struct {
        std::string text, words;
    } rows[] = {
        {"a  b\tc", "a|b|c"},
        {"'a b'\"c d\"e", "a bc de"},
        {"\"a\\\"b\\x\"", "a\"b\\x"},
        {"a\\ b", "a b"},
        {"''", ""},
        {"a#b", "a#b"},
        {"a~", "a~"},
        {"", ""},
        {"a 'b", "?2 unterminated quote: the ' opened here is not closed"},
        {"a \"b", "?2 unterminated quote: the \" opened here is not closed"},
        {"a \\", "?2 a backslash at the end of the command"},
        {"a; b",
         "?1 shell operator ';' outside quotes: there is no shell; quote it, or set 'shell: "
         "true'"},
        {"a && b",
         "?2 shell operator '&&' outside quotes: there is no shell; quote it, or set "
         "'shell: true'"},
        {"a $(b)",
         "?2 shell operator '$' outside quotes: there is no shell; quote it, or set "
         "'shell: true'"},
        {"\"$x\"",
         "?1 a shell would replace '$' between double quotes; use single quotes, or set "
         "'shell: true'"},
        {"a ~/b", "?2 '~' is replaced by a shell only: write the folder out"},
    };
    for (const auto& row : rows) EXPECT_EQ(shown(row.text), row.words) << row.text;
}

TEST(ShellWords, AQuotedWordIsReadBackUnchanged) {
    for (const std::string word : {"plain", "", "it's", "a b", "$x", "a\\b", "'", "\"", "~", "*"}) {
        for (const std::string& quoted : {quote_for_shell(word), single_quoted(word)}) {
            const PlacedWords back = split_placed_words(quoted);
            ASSERT_EQ(back.words.size(), 1U) << quoted;
            EXPECT_EQ(back.words[0].text, word);
            EXPECT_TRUE(back.problems.empty()) << quoted;
        }
    }
    EXPECT_EQ(quote_for_shell("/usr/bin/x"), "/usr/bin/x");
    EXPECT_EQ(single_quoted("x"), "'x'");
}

}  // namespace
}  // namespace ops

#include "cli/terminal.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

TEST(Terminal, KnowsHowWideTextIs) {
    const struct {
        const char* text;
        int width;
        const char* why;
    } rows[] = {
        {"", 0, ""},
        {"abc", 3, "plain"},
        {"größe", 5, "a letter is one column, however many bytes it has"},
        {"e\u0301", 1, "a combining mark takes none"},
        {"日本", 4, "East Asian ones are wide"},
        {"🚀", 2, "so are emoji"},
        {"● ✗", 3, "our own signs are not"},
        {"\xff", 1, "a broken byte is something, too"},
    };
    for (const auto& row : rows) EXPECT_EQ(display_width(row.text), row.width) << row.why;
}

TEST(Terminal, CutsByColumnsAndNotWithinACharacter) {
    EXPECT_EQ(clip_to_width("abcdef", 6), "abcdef");
    EXPECT_EQ(clip_to_width("abcdefg", 6), "abc...");
    EXPECT_EQ(clip_to_width("日本語です", 10), "日本語です");
    EXPECT_EQ(clip_to_width("日本語です", 9), "日本語...");
    EXPECT_EQ(clip_to_width("日本語です", 8), "日本...") << "half a wide one does not go";
}

TEST(Terminal, WithoutColoursIsStillOne) {
    EXPECT_TRUE(Terminal(false, 80).is_terminal()) << "NO_COLOR: whoever sits there is asked";
    EXPECT_FALSE(Terminal(false, 0).is_terminal());
}

TEST(Terminal, BreaksALongLineBetweenWords) {
    const auto wrapped = [](std::string_view text, int width) {
        testing::internal::CaptureStdout();
        print_wrapped(Terminal(false, width), {"fault   "}, text, 8);
        return testing::internal::GetCapturedStdout();
    };
    const std::string text = "ssh to host 'pc' fails: ssh: Could not resolve 日本 hostname";
    EXPECT_EQ(wrapped(text, 0), "fault   " + text + "\n") << "a pipe gets it as it is";
    EXPECT_EQ(wrapped(text, 40),
              "fault   ssh to host 'pc' fails: ssh:\n"
              "        Could not resolve 日本 hostname\n");
    EXPECT_EQ(wrapped("short " + std::string(60, 'x'), 40),
              "fault   short\n        " + std::string(60, 'x') + "\n")
        << "a word stays whole";
    EXPECT_EQ(wrapped("", 40), "fault   \n");
}

std::string printed(const Table& table, int width) {
    testing::internal::CaptureStdout();
    table.print(Terminal(false, width));
    return testing::internal::GetCapturedStdout();
}

TEST(Table, FitsTheTerminal) {
    Table table({"NAME", "STATUS", "WHAT"});
    table.row(
        {{"a-name-that-nobody-would-type-but-somebody-did"}, {"down"}, {"connection refused"}});
    table.row({{"b"}, {"up"}, {""}});
    EXPECT_EQ(printed(table, 40),
              "NAME        STATUS  WHAT\n"
              "a-name-...  down    connection refused\n"
              "b           up\n");
    EXPECT_EQ(printed(table, 0),
              "NAME                                            STATUS  WHAT\n"
              "a-name-that-nobody-would-type-but-somebody-did  down    connection refused\n"
              "b                                               up\n")
        << "a pipe gets all of it";
    Table ids({"ID", "STATE", "WHAT"});
    ids.row({{"inc-5pz3f8xv37"}, {"needs a yes"}, {"db is down: connection refused"}});
    EXPECT_EQ(printed(ids, 40),
              "ID              STATE     WHAT\n"
              "inc-5pz3f8xv37  needs...  db is down: conne...\n")
        << "what is cut off could not be typed";
}

}  // namespace
}  // namespace ops

#include "base/text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>

namespace ops {
namespace {

using Words = std::vector<std::string>;

TEST(Text, IsTrimmedSplitAndJoined) {
    EXPECT_EQ(trim(" \t a b\r\n"), "a b");
    EXPECT_EQ(trim(" \n "), "");
    EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string_view>{"a", "", "b", ""}));
    EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
    EXPECT_EQ(words_of("  a bc "), (std::vector<std::string_view>{"a", "bc"}));
    EXPECT_EQ(words_of("1 Jan,2", " ,"), (std::vector<std::string_view>{"1", "Jan", "2"}));
    EXPECT_TRUE(words_of("  ").empty());
    EXPECT_EQ(join(Words{"a", "b", "c"}, ", "), "a, b, c");
    EXPECT_EQ(join(Words{}, ", "), "");
    EXPECT_EQ(to_lower("Brain-API Ä"), "brain-api Ä");
}

TEST(Text, IsReplacedOnceFromLeftToRight) {
    EXPECT_EQ(replace_all("aXbX", "X", "yX"), "ayXbyX");
    EXPECT_EQ(replace_all("aaa", "aa", "b"), "ba");
    EXPECT_EQ(replace_all("abc", "", "x"), "abc") << "an empty pattern is nowhere";
}

TEST(Text, NearestGuessesWhatWasMeant) {
    const Words known{"restart", "command", "wait", "verify", "alert_if", "http"};
    struct Row {
        const char* why;
        const char* word;
        const char* meant;
    };
    const auto rows = std::to_array<Row>({
        {"two letters swapped", "restrat", "restart"},
        {"one letter left out", "comand", "command"},
        {"one too many", "waits", "wait"},
        {"capitals do not count", "Verify", "verify"},
        {"a short word, swapped", "htpt", "http"},
        {"another word", "reboot", ""},
        {"too far for a short word", "warn", ""},
        {"nothing", "", ""},
    });
    for (const Row& row : rows) EXPECT_EQ(nearest(row.word, known), row.meant) << row.why;
    EXPECT_EQ(nearest(std::string(100'000, 'a'), known), "") << "no time for what is no word";
    EXPECT_EQ(did_you_mean("restrat", known), " (did you mean 'restart'?)");
    EXPECT_EQ(did_you_mean("reboot", known), "");
}

TEST(Text, NearestTakesTheFirstOfEquals) {
    EXPECT_EQ(nearest("worker_x", Words{"worker_1", "worker_2"}), "worker_1");
}

TEST(Text, SafeWordsAreAllThatMayEnterACommand) {
    for (const char* safe : {"3", "worker_3", "brain-api", "a.b", "A-Z_0.9"}) {
        EXPECT_TRUE(is_safe_word(safe)) << safe;
    }
    for (const char* unsafe :
         {"", "-rf", "a b", "a;b", "$(id)", "a/b", "a\nb", "ä", "a'", "`", "*"}) {
        EXPECT_FALSE(is_safe_word(unsafe)) << unsafe;
    }
    EXPECT_FALSE(is_safe_word(std::string_view("a\0b", 3)));
}

TEST(Clip, KeepsWhatFits) {
    EXPECT_EQ(clip_end("hello", 5), "hello");
    EXPECT_EQ(clip_end("hello!", 5), "he...");
    EXPECT_EQ(clip_end("hello", 2), "..");
    EXPECT_EQ(clip_end("hello", 0), "");
    EXPECT_EQ(clip_end("ab\xC3\xA4xyz", 6), "ab...") << "half an umlaut is none";
    EXPECT_EQ(clip_middle("hello", 5), "hello");
}

TEST(Clip, MiddleSaysHowMuchIsMissing) {
    const std::string text = std::string(50, 'a') + std::string(50, 'b');
    // The note may be longer than this one, so a byte of the limit stays unused.
    EXPECT_EQ(clip_middle(text, 50),
              std::string(11, 'a') + "\n... 78 bytes left out ...\n" + std::string(11, 'b'));
    EXPECT_EQ(clip_middle(text, 10), "aaaaaaa...") << "no room for the note";
}

bool is_utf8(std::string_view text) { return printable(text, Lines::keep) == text; }

TEST(Clip, NeverExceedsTheLimitAndNeverCutsACharacter) {
    EXPECT_TRUE(rc::check([] {
        const auto parts = *rc::gen::container<Words>(
            rc::gen::elementOf(Words{"a", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x9A\xA8", "\n"}));
        const std::string text = join(parts, "");
        const auto limit = *rc::gen::inRange<size_t>(0, 200);
        RC_ASSERT(is_utf8(text));
        for (const std::string& clipped : {clip_end(text, limit), clip_middle(text, limit)}) {
            RC_ASSERT(clipped.size() <= limit);
            RC_ASSERT(is_utf8(clipped));
            RC_ASSERT(text.size() > limit || clipped == text);
        }
    }));
}

TEST(Clip, StandsBytesThatAreNoText) {
    const std::string bytes(1000, '\x80');
    EXPECT_LE(clip_end(bytes, 100).size(), 100u);
    EXPECT_LE(clip_middle(bytes, 100).size(), 100u);
    EXPECT_GT(clip_middle(bytes, 100).size(), 90u) << "and still keeps most of what it may";
}

TEST(Printable, LeavesNothingThatActsOnATerminalOrReader) {
    struct Row {
        const char* why;
        std::string text;
        const char* shown;
    };
    const auto rows = std::to_array<Row>({
        {"plain text", "Disk at 92%", "Disk at 92%"},
        {"any script", "\xC3\xA4 \xE4\xB8\xAD \xF0\x9F\x9A\xA8",
         "\xC3\xA4 \xE4\xB8\xAD \xF0\x9F\x9A\xA8"},
        {"the warning sign keeps its form", "\xE2\x9A\xA0\xEF\xB8\x8F", "\xE2\x9A\xA0\xEF\xB8\x8F"},
        {"colours", "\x1b[1;31mred\x1b[0m", "red"},
        {"clear the screen", "a\x1b[2J\x1b[Hb", "ab"},
        {"a title ended by BEL", "\x1b]0;evil\x07ok", "ok"},
        {"a title ended by ESC \\", "\x1b]0;evil\x1b\\ok", "ok"},
        {"a string without an end hides nothing", "\x1b]0;all the rest", "0;all the rest"},
        {"a string ends with its line", "\x1b]0;a\nb\x07", "0;a b"},
        {"escape alone", "a\x1b", "a"},
        {"a character set", "\x1b(Ba", "a"},
        {"an unfinished sequence", "\x1b[31", ""},
        {"bell, backspace, delete, null", std::string("a\a\b\x7f\0b", 6), "ab"},
        {"the second control set",
         "a\xC2\x9B"
         "31mb",
         "a31mb"},
        {"right-to-left override",
         "a\xE2\x80\xAE"
         "cba",
         "acba"},
        {"isolates", "\xE2\x81\xA6x\xE2\x81\xA9", "x"},
        {"zero width",
         "a\xE2\x80\x8B"
         "b\xEF\xBB\xBF",
         "ab"},
        {"tag characters",
         "a\xF3\xA0\x81\xA9"
         "b",
         "ab"},
        {"hidden variation selectors",
         "a\xF3\xA0\x84\x80"
         "b",
         "ab"},
        {"a lone byte",
         "a\xFF"
         "b",
         "a?b"},
        {"an overlong slash", "\xC0\xAF", "??"},
        {"a surrogate", "\xED\xA0\x80", "???"},
        {"above the last character", "\xF4\x90\x80\x80", "????"},
        {"a cut sequence", "a\xE2\x82", "a??"},
        {"lines become spaces", "a\nb\tc", "a b c"},
        {"a line end of two bytes is one", "a\r\nb", "a b"},
        {"a return would write over the line", "good\rbad", "good bad"},
        {"other line separators",
         "a\xE2\x80\xA8"
         "b",
         "a b"},
    });
    for (const Row& row : rows)
        EXPECT_EQ(printable(row.text, Lines::flatten), row.shown) << row.why;
    EXPECT_EQ(printable("a\r\nb\tc\rd", Lines::keep), "a\nb\tc\nd");
}

TEST(Printable, IsDoneAfterOnce) {
    EXPECT_TRUE(rc::check([] {
        const auto text = *rc::gen::container<std::string>(
            rc::gen::elementOf(std::string("a[]0;m\\P\x1b\a\n\r\x80\xC2\x9B\xE2\x80\xAE\xF0")));
        const std::string shown = printable(text, Lines::flatten);
        RC_ASSERT(printable(shown, Lines::flatten) == shown);
        RC_ASSERT(shown.find_first_of("\x1b\a\n\r") == std::string::npos);
    }));
}

}  // namespace
}  // namespace ops

#include "patterns/novelty.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ops {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kStart{std::chrono::seconds{1'800'000'000}};

TEST(IsError, ByLevelOrElseByWords) {
    struct Row {
        const char* line;
        bool error;
    };
    const Row rows[] = {
        {"ERROR: x", true},
        {"2026-01-29 14:30:00,123 - app - ERROR - gone", true},
        {"2026-01-29 14:30:00,123 - app - INFO - retry after error", false},
        {"2026-01-29 14:30:00,123 - app - WARNING - failed, trying again", false},
        {"connection refused", true},
        {"java.lang.NullPointerException: x", true},
        {"Traceback (most recent call last):", true},
        {"goroutine panic: x", true},
        {"finished with 0 errors", false},
        {"done without error", false},
        {"sync ok error=0", false},
        {"sync err=<nil> took 3s", false},
        {"all is well", false},
        {"terror in the mirror", true},  // the price of "SyntaxError" and the like
        {"", false},
        {R"(1.2.3.4 - - [29/Jan/2026:14:30:00 +0000] "GET / HTTP/1.1" 502 157)", true},
        {R"(1.2.3.4 - - [29/Jan/2026:14:30:00 +0000] "GET /error HTTP/1.1" 200 157)", false},
    };
    for (const Row& row : rows) EXPECT_EQ(is_error(strip_header(row.line)), row.error) << row.line;
}

// A novelty that has learned for its three days.
Novelty learned() {
    Novelty novelty;
    novelty.observe("ERROR: disk a is slow", kStart);
    EXPECT_TRUE(novelty.is_learning(kStart + hours{71}));
    EXPECT_FALSE(novelty.is_learning(kStart + hours{72}));
    return novelty;
}

TEST(Novelty, TellsAnErrorThatWasNeverSeenOnce) {
    Novelty novelty = learned();
    const Time at = kStart + days{4};
    novelty.observe("ERROR: cannot reach 10.0.0.1", at);
    EXPECT_FALSE(novelty.due(at + seconds{59})) << "gathered for a minute";
    novelty.observe("ERROR: cannot reach 10.0.0.2", at + seconds{30});
    const auto told = novelty.due(at + seconds{60});
    ASSERT_TRUE(told);
    EXPECT_EQ(told->patterns, 1U);
    EXPECT_EQ(told->lines, 2U);
    EXPECT_EQ(told->first, at);
    EXPECT_EQ(told->examples, std::vector<std::string>{"cannot reach <ip>"});
    for (int i = 0; i < 100; ++i) novelty.observe("ERROR: cannot reach 10.0.0.3", at + hours{i});
    EXPECT_FALSE(novelty.due(at + days{30}));
}

TEST(Novelty, SaysNothingOfWhatIsNormalOrNoError) {
    Novelty novelty = learned();
    const Time at = kStart + days{4};
    novelty.observe("ERROR: disk a is slow", at);
    novelty.observe("INFO: something quite new", at);
    novelty.observe("", at);
    EXPECT_FALSE(novelty.due(at + days{1}));
    novelty.observe("something else", at, Novelty::Error::certainly);
    EXPECT_TRUE(novelty.due(at + days{1})) << "the caller knows";
}

TEST(Novelty, ABurstIsOneNotice) {
    Novelty novelty = learned();
    const Time at = kStart + days{4};
    const char* words[] = {"apple", "bread", "cherry", "dough", "egg", "fig", "grape"};
    for (int i = 0; i < 7; ++i) {
        std::string line = "ERROR:";
        for (int k = 0; k <= i; ++k) line += std::string(" ") + words[(i + k) % 7];
        novelty.observe(line, at + seconds{i});
    }
    const auto told = novelty.due(at + minutes{2});
    ASSERT_TRUE(told);
    EXPECT_EQ(told->patterns, 7U);
    EXPECT_EQ(told->examples.size(), NewErrors::kMostExamples);
    novelty.observe("ERROR: late to the party", at + minutes{3});
    EXPECT_FALSE(novelty.due(at + minutes{61})) << "notices keep a distance";
    EXPECT_TRUE(novelty.due(at + minutes{62})) << "and nothing is lost";
}

TEST(Novelty, RemembersOverARestartAndBeyondItsTemplates) {
    NoveltySettings settings;
    settings.most_templates = 20;
    Novelty novelty(settings);
    novelty.observe("ERROR: seen while learning", kStart);
    Time at = kStart + days{4};
    novelty.observe("ERROR: told already", at);
    ASSERT_TRUE(novelty.due(at + minutes{1}));
    novelty.observe("ERROR: waits to be told", at + minutes{2});
    Result<Novelty> back =
        Novelty::from_json(Json::parse(novelty.to_json().dump()).value(), settings);
    ASSERT_TRUE(back.ok()) << back.error().message;
    Novelty restored = std::move(back).value();
    EXPECT_EQ(restored.to_json(), novelty.to_json());
    std::string word = "a";
    for (int i = 0; i < 200; ++i) {
        word += static_cast<char>('a' + i % 26);
        restored.observe("chatter " + word + " " + word, at);
    }
    EXPECT_GT(restored.templates().forgotten(), 0U);
    const auto told = restored.due(at + hours{2});
    ASSERT_TRUE(told);
    EXPECT_EQ(told->examples, std::vector<std::string>{"waits to be told"});
    restored.observe("ERROR: seen while learning", at + hours{3});
    restored.observe("ERROR: told already", at + hours{3});
    EXPECT_FALSE(restored.due(at + days{9}));
}

TEST(Novelty, SecretsAreNeverLearned) {
    Novelty novelty = learned();
    novelty.observe("ERROR: login with password=hunter2", kStart + days{4});
    EXPECT_EQ(novelty.to_json().dump().find("hunter2"), std::string::npos);
    const auto told = novelty.due(kStart + days{5});
    ASSERT_TRUE(told);
    EXPECT_EQ(told->examples.front(), "login with password=<secret:password>");
}

// The message that is taken out of JSON may hold anything again, whoever made the line printable.
TEST(Novelty, WhatJsonHidIsMadePrintableBeforeItIsLearned) {
    Novelty novelty = learned();
    novelty.observe(
        R"({"level":"error","msg":"login \u001b[2J\u202e with pass\u200bword=hunter2"})",
        kStart + days{4});
    EXPECT_EQ(novelty.to_json().dump().find("hunter2"), std::string::npos)
        << novelty.to_json().dump();
    const auto told = novelty.due(kStart + days{5});
    ASSERT_TRUE(told);
    EXPECT_EQ(told->examples.front(), "login with password=<secret:password>");
}

TEST(Novelty, ALineOfEachPatternIsKeptAsAPersonMaySeeIt) {
    Novelty novelty({.learning = Duration{0}});
    novelty.begin(kStart);
    novelty.observe("ERROR \x1b[31mcannot open shard 7, password=hunter2hunter2", kStart);
    const auto told = novelty.due(kStart + std::chrono::minutes(1));
    ASSERT_TRUE(told);
    ASSERT_EQ(told->said.size(), 1U);
    EXPECT_EQ(told->said[0].find("hunter2"), std::string::npos) << told->said[0];
    EXPECT_EQ(told->said[0].find('\x1b'), std::string::npos);
    EXPECT_NE(told->said[0].find("cannot open shard 7"), std::string::npos) << told->said[0];
}

TEST(Novelty, WhatIsNoStateIsRefused) {
    const Json good = learned().to_json();
    ASSERT_TRUE(Novelty::from_json(good).ok());
    const std::pair<const char*, Json> rows[] = {
        {"version", Json(2)},
        {"since", Json("x")},
        {"told_at", Json(-1)},
        {"patterns", Json()},
        {"lines", Json(-1)},
        {"known", Json()},
        {"known", Json::of_strings({"x"})},
        {"known", Json::of_strings({"1", "1"})},
        {"known", Json::of_strings({""})},
        {"templates", Json()},
        {"examples", Json::of_strings({"a", "b", "c", "d", "e", "f"})},
    };
    for (const auto& [key, value] : rows) {
        Json bad = good;
        bad.set(key, value);
        EXPECT_FALSE(Novelty::from_json(bad).ok()) << key << " " << value.dump();
    }
    EXPECT_FALSE(Novelty::from_json(Json()).ok());
}

// A month of one line a minute: traffic, nightly errors that are normal, a deploy on the 10th with
// four new errors (and one of them ever after), a lone new error on the 20th.
TEST(Novelty, AMonthTellsWhatWasNewAndNothingElse) {
    Novelty novelty;
    std::vector<std::pair<int, size_t>> notices;  // day, patterns
    for (int minute = 0; minute < 30 * 24 * 60; ++minute) {
        const Time at = kStart + minutes{minute};
        const std::string n = std::to_string(minute);
        const int day = minute / (24 * 60);
        const int of_day = minute % (24 * 60);
        std::string line = "INFO: GET /item/" + n + " took " + n + "ms for user u" + n;
        if (minute % 7 == 0) line = "INFO: cache holds " + n + " of 90000 entries";
        if (minute % 50 == 0)
            line = "ERROR: upstream 10.0.0." + std::to_string(minute % 250) + " timed out";
        if (of_day == 120) line = "ERROR: backup of volume v" + n + " failed, will retry in 5m";
        if (day == 10 && of_day == 600) line = "ERROR: no column named colour";
        if (day == 10 && of_day == 601) line = "ERROR: template header.html not found";
        if (day == 10 && of_day == 602) line = "ERROR: unknown flag fast_path";
        if (day == 10 && of_day == 603) line = "ERROR: queue mails is full at " + n;
        if (day > 10 && of_day % 100 == 31) line = "ERROR: queue mails is full at " + n;
        if (day == 20 && of_day == 700) line = "panic: index out of range";
        novelty.observe(line, at);
        if (const auto told = novelty.due(at)) notices.emplace_back(day, told->patterns);
        if (minute % 5000 == 0) {
            Result<Novelty> back = Novelty::from_json(novelty.to_json());
            ASSERT_TRUE(back.ok());
            novelty = std::move(back).value();
        }
    }
    // The first of the deploy is told after its minute; the three behind wait for the hour.
    const std::vector<std::pair<int, size_t>> expected = {{10, 2}, {10, 2}, {20, 1}};
    EXPECT_EQ(notices, expected);
    EXPECT_LT(novelty.templates().size(), 15U);
}

}  // namespace
}  // namespace ops

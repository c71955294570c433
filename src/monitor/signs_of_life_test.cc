#include "monitor/signs_of_life.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

using namespace std::chrono_literals;

const Time kStart = parse_rfc3339("2026-01-29T12:00:00Z").value();

// Heard `times` times, every `pause`, the last time at kStart.
SignsOfLife heard(int times, Duration pause) {
    SignsOfLife signs;
    for (int i = times - 1; i >= 0; --i) signs.heard("a", "prometheus", kStart - i * pause);
    return signs;
}

TEST(SignsOfLife, KnowWhenOneIsMissing) {
    struct Row {
        int times;
        Duration pause;
        std::optional<Duration> after;
        Duration now;
        bool is_silent;
        const char* why;
    };
    const Row rows[] = {
        {4, 1min, {}, 14min, false, "fifteen minutes are the least that is learned"},
        {4, 1min, {}, 15min, true, "and then it is missed"},
        {3, 1min, {}, 24h, false, "two pauses are no habit: it may have been a test"},
        {4, 4h, {}, 12h - 1s, false, "three of its longest pauses"},
        {4, 4h, {}, 12h, true, "Alertmanager's own repeat_interval"},
        {1, 1min, 30min, 30min, true, "what is set counts from the first time on"},
        {4, 1min, 30min, 29min, false, "and instead of what was learned"},
        {4, 1min, 0s, 24h, false, "zero: never"},
    };
    for (const Row& row : rows) {
        SignsOfLife signs = heard(row.times, row.pause);
        EXPECT_EQ(signs.become_silent(kStart + row.now, row.after).size(), row.is_silent ? 1U : 0U)
            << row.why;
        EXPECT_TRUE(signs.become_silent(kStart + row.now + 1h, 0s).empty()) << row.why;
    }
}

TEST(SignsOfLife, SayWhatIsMissingOnce) {
    SignsOfLife signs = heard(4, 1min);
    const auto silent = signs.become_silent(kStart + 20min, {});
    ASSERT_EQ(silent.size(), 1U);
    EXPECT_EQ(silent[0].who, "prometheus");
    EXPECT_EQ(
        silent[0].reason,
        "its alert 'Watchdog', which fires as long as all is well, has not come for 20m; before, "
        "it came at least every 1m");
    EXPECT_TRUE(signs.become_silent(kStart + 5h, {}).empty());
    EXPECT_EQ(signs.silent(), std::vector<std::string>{"a"});
    signs.heard("a", "prometheus", kStart + 6h);
    EXPECT_TRUE(signs.silent().empty());
    EXPECT_EQ(signs.become_silent(kStart + 6h + 15min, {}).size(), 1U)
        << "the pause in which it was missed is no habit";
}

TEST(SignsOfLife, OneThatSaysThatItEndedIsMissedSooner) {
    SignsOfLife signs = heard(4, 4h);
    signs.ended("a", kStart + 1h);
    EXPECT_TRUE(signs.become_silent(kStart + 1h + 4min, {}).empty()) << "a restart";
    signs.ended("a", kStart + 1h + 4min);
    EXPECT_EQ(signs.become_silent(kStart + 1h + 5min, {}).size(), 1U);
    signs = heard(4, 4h);
    signs.ended("a", kStart + 1h);
    signs.heard("a", "prometheus", kStart + 1h + 1min);
    EXPECT_TRUE(signs.become_silent(kStart + 2h, {}).empty()) << "it fires again";
    signs = heard(2, 1min);
    signs.ended("a", kStart);
    EXPECT_TRUE(signs.become_silent(kStart + 1h, {}).empty()) << "a test that was tidied up";
}

TEST(SignsOfLife, WhatCameWhileNobodyListenedIsNotMissing) {
    SignsOfLife signs = heard(4, 1min);
    SignsOfLife again;
    again.restore(signs.to_json());
    again.listen_from(kStart + 5h);
    EXPECT_TRUE(again.become_silent(kStart + 5h + 14min, {}).empty());
    EXPECT_EQ(again.become_silent(kStart + 5h + 15min, {}).size(), 1U);
    signs.restore(again.to_json());
    signs.listen_from(kStart + 9h);
    EXPECT_EQ(signs.silent().size(), 1U) << "one that was missed is still";
    signs.restore(Json::object({{"x", 1}, {"y", Json::object({{"last", "soon"}})}}));
    EXPECT_TRUE(signs.to_json().members().empty());
}

TEST(SignsOfLife, AreBounded) {
    SignsOfLife signs;
    for (int i = 0; i < 300; ++i) signs.heard(std::to_string(i), "x", kStart + i * 1s);
    EXPECT_EQ(signs.to_json().members().size(), 100U);
    EXPECT_TRUE(signs.to_json().has("299"));
}

}  // namespace
}  // namespace ops

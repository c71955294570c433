#include "monitor/heartbeats.h"

#include <gtest/gtest.h>

#include <array>

#include "monitor/check_for_test.h"

namespace ops {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using test::fact;
using test::kNoon;

constexpr auto kNumbers = std::to_array<uint32_t>({0, 1});

Inventory inventory() {
    Inventory inventory;
    Service worker;
    worker.name = "worker";
    worker.heartbeat = Heartbeat{minutes(1), minutes(5)};
    Service plain;
    plain.name = "plain";
    Service nightly;
    nightly.name = "nightly";
    nightly.heartbeat = Heartbeat{minutes(24 * 60), minutes(30)};
    inventory.services = {worker, plain, nightly};
    inventory.index();
    return inventory;
}

std::string judged(const HeartbeatBook& book, Time now) {
    Judged judged;
    judged.observation = book.evaluate("worker", now).value();
    return test::print(judged);
}
std::string age(const HeartbeatBook& book, Time now) {
    Judged judged;
    judged.observation = book.evaluate("worker", now).value();
    return fact(judged, "last_heartbeat");
}

TEST(Heartbeats, AreExpectedOnlyWhereConfigured) {
    HeartbeatBook book(inventory(), kNoon, std::array<uint32_t, 2>{40, 41});
    EXPECT_TRUE(book.expects("worker"));
    EXPECT_FALSE(book.expects("plain"));
    EXPECT_FALSE(book.beat("plain", kNoon, {}));
    EXPECT_FALSE(book.beat("nobody", kNoon, {}));
    EXPECT_FALSE(book.evaluate("plain", kNoon).has_value());
    const auto all = book.evaluate(kNoon);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].check, 40u);
    EXPECT_EQ(all[0].target, "worker");
    EXPECT_EQ(all[1].check, 41u);
}

TEST(Heartbeats, AreLateAfterTheirTimeAndGrace) {
    HeartbeatBook book(inventory(), kNoon, kNumbers);
    EXPECT_EQ(judged(book, kNoon), "unknown: no heartbeat yet");
    EXPECT_EQ(judged(book, kNoon + minutes(6)), "unknown: no heartbeat yet")
        << "to the millisecond";
    EXPECT_EQ(judged(book, kNoon + minutes(6) + Duration(1)),
              "bad certain: no heartbeat since watching began, expected every 1m");
    EXPECT_EQ(age(book, kNoon + minutes(2)), "2m") << "counts from when watching began";

    ASSERT_TRUE(book.beat("worker", kNoon + minutes(7), {}));
    EXPECT_EQ(judged(book, kNoon + minutes(7)), "good");
    EXPECT_EQ(judged(book, kNoon + minutes(13)), "good");
    EXPECT_EQ(judged(book, kNoon + minutes(14)),
              "bad certain: no heartbeat for more than 6m, expected every 1m");
    EXPECT_EQ(age(book, kNoon + minutes(14)), "7m");
    EXPECT_EQ(book.next_late(kNoon + minutes(8)), kNoon + minutes(13) + Duration(1));
}

TEST(Heartbeats, NextLateIsWhenItTurnsBad) {
    HeartbeatBook book(inventory(), kNoon, kNumbers);
    (void)book.beat("nightly", kNoon, {});
    for (const Duration now : {Duration(0), Duration(minutes(3)), Duration(minutes(6))}) {
        const auto late = book.next_late(kNoon + now);
        ASSERT_TRUE(late.has_value());
        EXPECT_EQ(judged(book, *late - Duration(1)), "unknown: no heartbeat yet");
        EXPECT_EQ(judged(book, *late).substr(0, 3), "bad");
    }
    EXPECT_EQ(book.next_late(kNoon + minutes(7)), kNoon + minutes(24 * 60 + 30) + Duration(1))
        << "worker is late already";
}

TEST(Heartbeats, FailuresAreBadAtOnceUntilTheNextGoodOne) {
    HeartbeatBook book(inventory(), kNoon, kNumbers);
    Beat failing;
    failing.kind = Beat::Kind::fail;
    failing.body = Json("disk \x1b[31mfull");
    (void)book.beat("worker", kNoon + seconds(1), failing);
    EXPECT_EQ(judged(book, kNoon + seconds(2)), "bad certain: it told of a failure: disk full");
    (void)book.beat("worker", kNoon + seconds(3), *parse_beat("0"));
    EXPECT_EQ(judged(book, kNoon + seconds(4)), "good");
    (void)book.beat("worker", kNoon + seconds(5), *parse_beat("3"));
    EXPECT_EQ(judged(book, kNoon + seconds(6)), "bad certain: it told of exit 3");
    EXPECT_EQ(age(book, kNoon + seconds(6)), "3s") << "a failure is no sign of life";
}

TEST(Heartbeats, AStartMustHaveAnEnd) {
    HeartbeatBook book(inventory(), kNoon, kNumbers);
    (void)book.beat("worker", kNoon, {});
    (void)book.beat("worker", kNoon + seconds(30), *parse_beat("start"));
    EXPECT_EQ(judged(book, kNoon + seconds(60)), "good");
    EXPECT_EQ(book.next_late(kNoon + seconds(60)), kNoon + seconds(330) + Duration(1));
    EXPECT_EQ(judged(book, kNoon + seconds(331)),
              "bad certain: started 5m 1s ago and has not ended, at most 5m expected");
    (void)book.beat("worker", kNoon + seconds(340), {});
    EXPECT_EQ(judged(book, kNoon + seconds(341)), "good");
    Judged told;
    told.observation = book.evaluate("worker", kNoon + seconds(341)).value();
    EXPECT_EQ(fact(told, "heartbeat_duration"), "5m10s");
}

TEST(Heartbeats, SurviveARestartAndAClockThatIsSetBack) {
    HeartbeatBook book(inventory(), kNoon, kNumbers);
    book.heard("worker", kNoon - minutes(4));
    book.heard("nobody", kNoon);
    EXPECT_EQ(judged(book, kNoon), "good");
    EXPECT_EQ(judged(book, kNoon + minutes(3)),
              "bad certain: no heartbeat for more than 6m, expected every 1m");
    (void)book.beat("worker", kNoon, {});
    (void)book.beat("worker", kNoon - minutes(30), {});
    EXPECT_EQ(age(book, kNoon), "0s") << "never older than it was";
    EXPECT_EQ(age(book, kNoon - minutes(30)), "0s") << "never negative";
}

TEST(Heartbeats, WordsOfAPing) {
    EXPECT_EQ(parse_beat("")->kind, Beat::Kind::ok);
    EXPECT_EQ(parse_beat("start")->kind, Beat::Kind::start);
    EXPECT_EQ(parse_beat("fail")->kind, Beat::Kind::fail);
    EXPECT_EQ(parse_beat("0")->exit_code, 0);
    EXPECT_EQ(parse_beat("255")->exit_code, 255);
    for (const char* bad : {"256", "-1", "1x", "stop", "START", " 1"}) {
        EXPECT_FALSE(parse_beat(bad).has_value()) << bad;
    }
}

TEST(Heartbeats, GoOnInTheNextLifeAsIfNoTimeHadPassed) {
    HeartbeatBook book(inventory(), kNoon, kNumbers);
    book.beat("worker", kNoon, {});
    const Json saved = Json::parse(book.save(kNoon + minutes(4)).dump()).value();
    HeartbeatBook next(inventory(), kNoon + minutes(60), kNumbers);
    next.restore(saved, kNoon + minutes(60));
    EXPECT_EQ(age(next, kNoon + minutes(60)), "4m");
    EXPECT_EQ(judged(next, kNoon + minutes(62)), "good");
    EXPECT_EQ(judged(next, kNoon + minutes(63)),
              "bad certain: no heartbeat for more than 6m, expected every 1m");
    next.heard("worker", kNoon + minutes(61));
    EXPECT_EQ(judged(next, kNoon + minutes(63)), "good");
}

TEST(Heartbeats, AClockThatIsSetMakesNobodyLate) {
    for (const auto by : {minutes(180), minutes(-180)}) {
        HeartbeatBook book(inventory(), kNoon, kNumbers);
        book.beat("worker", kNoon, {});
        book.beat("worker", kNoon, *parse_beat("start"));
        book.shift_clock(by);
        EXPECT_EQ(judged(book, kNoon + by + minutes(4)), "good");
        EXPECT_TRUE(judged(book, kNoon + by + minutes(7)).starts_with("bad"));
    }
}

TEST(Heartbeats, WhatWasToldOfAFailureOrAStartIsKept) {
    for (const char* const word : {"3", "start"}) {
        HeartbeatBook book(inventory(), kNoon, kNumbers);
        book.beat("worker", kNoon, *parse_beat(word));
        const Json saved = book.save(kNoon);
        HeartbeatBook next(inventory(), kNoon, kNumbers);
        next.restore(saved, kNoon);
        const Time later = kNoon + minutes(5) + Duration(1);
        EXPECT_EQ(judged(next, later), judged(book, later));
        EXPECT_TRUE(judged(next, later).starts_with("bad")) << word;
    }
}

}  // namespace
}  // namespace ops

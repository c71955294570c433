#include "io/check_schedule.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

namespace ops {
namespace {

using namespace std::chrono_literals;

using Schedule = CheckSchedule<int>;

constexpr int64_t kMillisecond = 1'000'000;

Schedule::Entry entry(uint32_t check, Duration interval, Duration phase = Duration(0)) {
    Schedule::Entry made;
    made.check = check;
    made.interval = interval;
    made.due = nanoseconds_of(phase);
    return made;
}

// Starts all that is due and says who and when it was due, in ms.
std::map<uint32_t, int64_t> run(Schedule& schedule, int64_t now_ms) {
    std::map<uint32_t, int64_t> started;
    schedule.start_due(now_ms * kMillisecond, 1000, [&](Schedule::Entry& one, int64_t due) {
        started[one.check] = due / kMillisecond;
        one.in_flight = false;
    });
    return started;
}

TEST(CheckSchedule, StartsEachAtItsPhaseAndThenEveryInterval) {
    Schedule schedule;
    (void)schedule.replace({entry(2, 100ms, 50ms), entry(1, 200ms)}, 0);
    EXPECT_EQ(run(schedule, 0), (std::map<uint32_t, int64_t>{{1, 0}}));
    EXPECT_EQ(run(schedule, 49), (std::map<uint32_t, int64_t>{}));
    EXPECT_EQ(run(schedule, 53), (std::map<uint32_t, int64_t>{{2, 50}}));
    EXPECT_EQ(schedule.next_due(), 150 * kMillisecond) << "being late does not move the phase";
    EXPECT_EQ(run(schedule, 200), (std::map<uint32_t, int64_t>{{1, 200}, {2, 150}}));
}

TEST(CheckSchedule, StartsSomeTogetherButNeverMany) {
    for (const uint32_t checks : {50U, 900U, 2'400U, 4'000U, 10'000U, 40'000U}) {
        Schedule schedule;
        std::vector<Schedule::Entry> all;
        for (uint32_t i = 0; i < checks; ++i)
            all.push_back(entry(i, 10s, Duration(10'000 * i / checks)));
        (void)schedule.replace(all, 0);
        std::map<int64_t, size_t> moments;
        for (uint32_t i = 0; i < checks; ++i) ++moments[schedule.find(i)->due / kMillisecond];
        size_t most = 0;
        for (const auto& [_, count] : moments) most = std::max(most, count);
        EXPECT_LE(most, 100U) << checks;
        EXPECT_GE(moments.size(), std::min<size_t>(checks, 50))
            << checks << ": spread all the same";
        if (checks >= 900) EXPECT_GE(checks / moments.size(), 16U) << checks;
    }
}

TEST(CheckSchedule, SkipsAndCountsWhatIsInFlightOrMissed) {
    Schedule schedule;
    (void)schedule.replace({entry(1, 100ms)}, 0);
    std::vector<uint32_t> skipped;
    const auto start = [&](Schedule::Entry& one, int64_t) { skipped.push_back(one.skipped); };
    schedule.start_due(0, 10, start);  // stays in flight
    schedule.start_due(100 * kMillisecond, 10, start);
    schedule.start_due(200 * kMillisecond, 10, start);
    EXPECT_EQ(skipped, std::vector<uint32_t>{0});
    schedule.find(1)->in_flight = false;
    schedule.start_due(1250 * kMillisecond, 10, start);
    // 100 and 200 were in flight; 300 to 1100 were slept through; 1200 is the one that starts.
    EXPECT_EQ(skipped, (std::vector<uint32_t>{0, 11}));
    EXPECT_EQ(schedule.next_due(), 1300 * kMillisecond);
}

TEST(CheckSchedule, StartsNoMoreThanAskedForAndKeepsTheRestDue) {
    Schedule schedule;
    std::vector<Schedule::Entry> all;
    for (uint32_t i = 0; i < 10; ++i) all.push_back(entry(i, 1s));
    (void)schedule.replace(all, 0);
    std::set<uint32_t> started;
    for (int i = 0; i < 3; ++i) {
        schedule.start_due(0, 4, [&](Schedule::Entry& one, int64_t) { started.insert(one.check); });
        EXPECT_EQ(started.size(), std::min<size_t>(10, static_cast<size_t>(i + 1) * 4));
    }
}

TEST(CheckSchedule, OneThatStartedLateMissesNoRoundAndDoesNoneTwice) {
    // The two come round together; that the second one was held up for a round changes its count
    // of skipped rounds only.
    Schedule schedule;
    (void)schedule.replace({entry(1, 100ms), entry(2, 100ms)}, 0);
    std::vector<std::pair<uint32_t, int64_t>> started;
    const auto start = [&](Schedule::Entry& one, int64_t due) {
        started.emplace_back(one.check, due / kMillisecond);
        one.in_flight = false;
    };
    schedule.start_due(0, 1, start);
    schedule.start_due(130 * kMillisecond, 1, start);
    schedule.start_due(130 * kMillisecond, 9, start);
    EXPECT_EQ(schedule.next_due(), 200 * kMillisecond);
    schedule.start_due(200 * kMillisecond, 9, start);
    EXPECT_EQ(started, (std::vector<std::pair<uint32_t, int64_t>>{
                           {1, 0}, {2, 100}, {1, 100}, {1, 200}, {2, 200}}));
    EXPECT_EQ(schedule.find(2)->skipped, 1U);
}

TEST(CheckSchedule, SaysWhoseRoundInFlightCountsNoMore) {
    Schedule schedule;
    (void)schedule.replace({entry(1, 1s), entry(2, 1s), entry(3, 1s), entry(4, 1s)}, 0);
    schedule.start_due(0, 3, [](Schedule::Entry&, int64_t) {});
    size_t in_flight = 0;
    for (uint32_t i = 1; i <= 4; ++i) in_flight += schedule.find(i)->in_flight ? 1U : 0U;
    EXPECT_EQ(in_flight, 3U);
    const bool first = schedule.find(1)->in_flight;
    const std::vector<uint32_t> dropped =
        schedule.replace({entry(1, 1s), entry(2, 2s), entry(9, 1s)}, 0);
    EXPECT_EQ(schedule.find(1)->in_flight, first) << "kept with its round";
    EXPECT_FALSE(schedule.find(2)->in_flight) << "another interval is another schedule";
    EXPECT_EQ(schedule.find(3), nullptr);
    EXPECT_EQ(dropped.size(), in_flight - (first ? 1U : 0U));
}

RC_GTEST_PROP(CheckSchedule, KeepsPhasesOverAnyReplacement, ()) {
    // Whatever is replaced around it and however late the loop is: a check that stays is due at its
    // first moment plus a multiple of its interval, and never runs twice for one round.
    Schedule schedule;
    const auto interval = Duration(*rc::gen::inRange(5, 2000));
    const auto phase = Duration(*rc::gen::inRange<int64_t>(0, interval.count()));
    int64_t now = *rc::gen::inRange(0, 1'000'000);
    (void)schedule.replace({entry(7, interval, phase)}, now * kMillisecond);
    const int64_t first = *schedule.next_due() / kMillisecond;
    RC_ASSERT(first >= now);
    RC_ASSERT(first <= now + phase.count());
    std::set<int64_t> rounds;
    const int steps = *rc::gen::inRange(1, 20);
    for (int i = 0; i < steps; ++i) {
        now += *rc::gen::inRange(0, 3000);
        if (*rc::gen::inRange(0, 2) == 1) {
            std::vector<Schedule::Entry> all = {entry(7, interval, Duration(0))};
            const int others = *rc::gen::inRange(0, 30);
            for (int k = 0; k < others; ++k) {
                all.push_back(entry(100 + static_cast<uint32_t>(k), Duration(7 + k)));
            }
            (void)schedule.replace(all, now * kMillisecond);
        }
        schedule.start_due(now * kMillisecond, 100'000, [&](Schedule::Entry& one, int64_t due) {
            one.in_flight = false;
            if (one.check != 7) return;
            RC_ASSERT(due / kMillisecond <= now);
            RC_ASSERT((due / kMillisecond - first) % interval.count() == 0);
            RC_ASSERT(rounds.insert(due).second);
        });
        RC_ASSERT(*schedule.next_due() > now * kMillisecond);
    }
}

RC_GTEST_PROP(CheckSchedule, StartsEveryRoundOfEveryCheck, ()) {
    // Against a naive count: with a loop that is never late each check starts once per interval.
    Schedule schedule;
    const int checks = *rc::gen::inRange(1, 40);
    std::vector<Schedule::Entry> all;
    for (int i = 0; i < checks; ++i) {
        const int interval = *rc::gen::inRange(1, 50);
        all.push_back(entry(static_cast<uint32_t>(i), Duration(interval),
                            Duration(*rc::gen::inRange(0, interval))));
    }
    (void)schedule.replace(all, 0);
    std::map<uint32_t, std::vector<int64_t>> starts;
    for (int64_t now = 0; now < 300; ++now) {
        for (const auto& [check, due] : run(schedule, now)) {
            RC_ASSERT(due == now);
            starts[check].push_back(now);
        }
    }
    for (const Schedule::Entry& one : all) {
        const std::vector<int64_t>& times = starts[one.check];
        for (size_t i = 1; i < times.size(); ++i) {
            RC_ASSERT(times[i] - times[i - 1] == one.interval.count());
        }
        RC_ASSERT(times.front() <= one.due / kMillisecond);
        RC_ASSERT(times.back() + one.interval.count() >= 300);
    }
}

}  // namespace
}  // namespace ops

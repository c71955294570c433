// The wall clock is set, forward or back, while a repair is under way.
#include <gtest/gtest.h>

#include "resolve/repair.h"
#include "resolve/theatre_for_test.h"

namespace ops {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Set back by hours, as by a first answer from NTP: the repair neither stands still nor hurries.
TEST(RepairClock, TakesAsLongWhenTheClockIsSet) {
    Entry entry = restart_entry();
    entry.steps.push_back(wait_step(seconds(30)));
    entry.steps.push_back(verify_step());
    const auto lasts = [&entry](Duration after, Duration by, bool works) {
        Theatre t(entry);
        if (works) fix_works_at(t, 1);
        t.limits.attempts = 2;
        t.begin();
        t.play(after);
        t.set_clock_by(by);
        t.give(RepairTime{});  // the agent sees that it was set
        t.play(minutes(20));
        EXPECT_EQ(t.ending(), works ? "verified" : "gave up") << by.count();
        return t.clock.at - Time(std::chrono::hours(24 * 365 * 50)) - by;
    };
    for (const bool works : {true, false}) {
        const Duration calm = lasts(seconds(1), Duration::zero(), works);
        for (const Duration by : {-std::chrono::hours(3), std::chrono::hours(3)}) {
            for (int after = 0; after < calm.count() / 1000; after += 7) {
                const Duration so_long = lasts(seconds(after), by, works);
                EXPECT_NEAR(static_cast<double>(so_long.count()), static_cast<double>(calm.count()),
                            6000)
                    << "set by " << by.count() << " after " << after;
            }
        }
    }
}

TEST(RepairClock, AYesIsGoodForTenMinutesHoweverTheClockIsSet) {
    Entry risky = restart_entry();
    risky.risk = Risk::high;
    Theatre t(risky);
    t.begin();
    t.set_clock_by(-std::chrono::hours(1));
    t.give(RepairTime{});
    t.play(minutes(11));
    EXPECT_EQ(t.ending(), "gave up");
}

TEST(RepairClock, SeesAnswersAfterTheClockWasSetBackWhileItWasAway) {
    Theatre t(restart_entry());
    fix_works_at(t, 1);
    t.begin();
    t.play(seconds(1));
    t.set_clock_by(-std::chrono::hours(3));
    t.restart_core();
    t.play(minutes(3));
    EXPECT_EQ(t.ending(), "verified");
    EXPECT_EQ(t.ran("fix"), 1U) << "what is well is not repaired";
}

TEST(RepairClock, AnAnswerOfBeforeTheClockWasSetBackHidesNoRelapse) {
    Theatre t(restart_entry());
    fix_works_at(t, 1);
    t.begin();
    t.play(seconds(5));
    Observation late;  // on its way when the clock was set
    late.check = 7;
    late.target = "web";
    late.at = t.clock.at;
    late.health = Health::good;
    t.set_clock_by(-std::chrono::hours(3));
    t.give(RepairObserved{late});
    t.at(seconds(10), [&t] { t.well["web"] = false; });
    t.play();
    EXPECT_EQ(t.ending(), "verified");
    EXPECT_EQ(t.ran("fix"), 2U) << "it relapsed within the soak";
}

TEST(RepairClock, AHeartbeatOfBeforeTheClockWasSetBackProvesNothing) {
    Theatre t(heartbeat_entry(), "worker_3");
    send_heartbeats(t);
    t.begin();
    t.play(seconds(1));
    t.set_clock_by(-std::chrono::hours(3));
    t.give(RepairTime{});
    t.play();
    EXPECT_EQ(t.ending(), "gave up");
}

}  // namespace
}  // namespace ops

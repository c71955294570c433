// One repair from its command to its verdict, whatever becomes of the command meanwhile.
#include "resolve/repair.h"

#include <gtest/gtest.h>

#include "resolve/theatre_for_test.h"

namespace ops {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Strings = std::vector<std::string>;

TEST(Repair, IsVerifiedAfterTheSoakAndNotBefore) {
    Theatre t(restart_entry());
    fix_works_at(t, 1);
    t.begin();
    t.play(seconds(29));
    EXPECT_EQ(t.ending(), "not finished") << "well, but not for 30s";
    t.play();
    EXPECT_EQ(t.ending(), "verified") << t.finished->reason;
    EXPECT_EQ(t.ran("fix"), 1U);
    EXPECT_EQ(t.kinds(), (Strings{"action.intent", "incident.state", "action.outcome",
                                  "incident.state", "action.verified"}));
    EXPECT_EQ(t.finished->attempts, 1);
    const Json& intent = t.journal[0].body;
    EXPECT_EQ(intent["argv"].strings(), (Strings{"fix", "web"}));
    EXPECT_EQ(intent["before"]["pid"].as_int(), 1);
    EXPECT_TRUE(intent["bad_before"].as_bool());
}

TEST(Repair, WhoFailedWhileItWentOnMustBeWellInTheEnd) {
    Theatre t(restart_entry());
    fix_works_at(t, 1);
    t.limits.attempts = 1;
    t.begin();
    t.play(seconds(5));
    t.well["worker_3"] = false;
    t.repair->set_members({"web", "worker_3"});
    t.play();
    EXPECT_EQ(t.ending(), "gave up");
    EXPECT_TRUE(t.finished->reason.find("'worker_3' is not well") != std::string::npos)
        << t.finished->reason;
}

TEST(Repair, ExitZeroIsNoProof) {
    Theatre t(restart_entry());
    t.begin();
    t.play();
    EXPECT_EQ(t.ending(), "gave up");
    EXPECT_EQ(t.ran("fix"), 3U) << "three attempts";
    EXPECT_EQ(t.finished->attempts, 3);
    EXPECT_EQ(t.state_of("fix"), "failed");
    std::vector<Time> intents;
    for (const Event& event : t.journal) {
        if (event.kind == "action.intent") intents.push_back(event.at);
    }
    ASSERT_EQ(intents.size(), 3U);
    // Each attempt is verified for 60s + 30s; then 10s, then 20s of back-off.
    EXPECT_NEAR(static_cast<double>((intents[1] - intents[0]).count()), 100'000, 2000);
    EXPECT_NEAR(static_cast<double>((intents[2] - intents[1]).count()), 110'000, 2000);
}

TEST(Repair, AFailedCommandIsLookedAtBeforeItIsRunAgain) {
    Theatre t(restart_entry());
    t.programs["fix"] = [&t] {
        t.well["web"] = true;
        return exit_of(1);
    };
    t.begin();
    t.play();
    EXPECT_EQ(t.ending(), "verified") << "it says it failed, and yet it worked";
    EXPECT_EQ(t.ran("fix"), 1U);

    Theatre bad(restart_entry());
    bad.programs["fix"] = [] { return exit_of(1); };
    bad.begin();
    bad.play(seconds(5));
    EXPECT_EQ(bad.repair->phase(), "waiting before attempt 2") << "one look was enough";
    bad.well["web"] = true;  // it comes up by itself meanwhile
    bad.at(seconds(1), [&bad] {
        Observation seen;
        seen.check = 7;
        seen.target = "web";
        seen.at = bad.clock.at;
        seen.health = Health::good;
        bad.give(RepairObserved{seen});
    });
    bad.play();
    EXPECT_EQ(bad.ending(), "verified");
    EXPECT_EQ(bad.ran("fix"), 1U) << "what is well is not repaired";
}

TEST(Repair, ARelapseWithinTheSoakIsNoRepair) {
    Theatre t(restart_entry());
    t.programs["fix"] = [&t] {
        t.well["web"] = true;
        t.at(seconds(20), [&t] { t.well["web"] = false; });
        return Exit{};
    };
    t.begin();
    t.play();
    EXPECT_EQ(t.ending(), "gave up");
    EXPECT_EQ(t.ran("fix"), 3U);
}

TEST(Repair, IsUndoneWhenAnotherGetsWorse) {
    Entry entry = restart_entry();
    entry.steps[0].undo = {command_text({"back", "{service}"})};
    entry.undo = {command_text({"restore"})};
    Theatre t(entry);
    t.limits.attempts = 1;
    t.programs["fix"] = [&t] {
        t.well["web"] = true;
        t.well["api"] = false;  // depends on web
        return Exit{};
    };
    t.begin();
    t.play();
    EXPECT_EQ(t.ending(), "gave up");
    EXPECT_NE(t.finished->reason.find("'api' was well before"), std::string::npos)
        << t.finished->reason;
    ASSERT_EQ(t.processes.ledger.size(), 3U);
    EXPECT_EQ(t.processes.ledger[1].argv, (Strings{"back", "web"}));
    EXPECT_EQ(t.processes.ledger[2].argv, (Strings{"restore"}));
    EXPECT_EQ(t.state_of("fix"), "undone");

    Theatre other(restart_entry());
    other.programs["fix"] = [&other] {
        other.well["web"] = true;
        other.well["worker_1"] = false;  // on another host, depends on nothing here
        return Exit{};
    };
    other.begin();
    other.play();
    EXPECT_EQ(other.ending(), "verified") << "it is another incident";
}

TEST(Repair, WhatMayHaveHappenedIsNeverRunAgain) {
    Theatre t(restart_entry(Effect::once));
    t.programs["fix"] = [] { return exit_of(15, Exit::How::timed_out); };
    t.begin();
    t.play();
    EXPECT_EQ(t.ending(), "unknown");
    EXPECT_EQ(t.ran("fix"), 1U);
    EXPECT_EQ(t.state_of("fix"), "unknown");

    Theatre well(restart_entry(Effect::once));
    well.programs["fix"] = [&well] {
        well.well["web"] = true;
        return exit_of(15, Exit::How::timed_out);
    };
    well.begin();
    well.play();
    EXPECT_EQ(well.ending(), "verified") << "verified after unknown";
    EXPECT_EQ(well.state_of("fix"), "verified");
}

TEST(Repair, AReplyThatIsLostIsLookedUp) {
    Theatre t(restart_entry(Effect::once));
    fix_works_at(t, 1);
    t.instead_of_executor = [&t](const Ticket& ticket) -> Result<TicketReply> {
        (void)t.executor->execute(ticket);  // it arrives, the answer does not
        return Error{Fault::timeout, "no answer"};
    };
    t.begin();
    t.play();
    EXPECT_EQ(t.ending(), "verified");
    EXPECT_EQ(t.ran("fix"), 1U);

    Theatre lost(restart_entry(Effect::once));
    fix_works_at(lost, 1);
    lost.instead_of_executor = [&lost, sent = 0](const Ticket& ticket) mutable {
        if (sent++ == 0) return Result<TicketReply>(Error{Fault::timeout, "no answer"});
        return lost.executor->execute(ticket);
    };
    lost.begin();
    lost.play();
    EXPECT_EQ(lost.ending(), "verified") << "it never arrived, so it is sent again";
    EXPECT_EQ(lost.ran("fix"), 1U);

    Theatre twice(restart_entry(Effect::once));
    fix_works_at(twice, 1);
    twice.instead_of_executor = [&twice, sent = 0](const Ticket& ticket) mutable {
        Result<TicketReply> reply = twice.executor->execute(ticket);
        if (sent++ == 0) reply = Error{Fault::unavailable, "so it seemed"};
        return reply;
    };
    twice.begin();
    twice.play();
    EXPECT_EQ(twice.ending(), "verified") << "refused as seen, so it was looked up";
    EXPECT_EQ(twice.ran("fix"), 1U);
}

// RepairTime comes whenever anything may have changed, not only when it was asked for.
TEST(Repair, GoesOnLookingUpWhateverHappensMeanwhile) {
    Theatre t(restart_entry());
    bool away = true;
    t.instead_of_executor = [&](const Ticket& ticket) -> Result<TicketReply> {
        if (!std::exchange(away, false)) return t.executor->execute(ticket);
        // It was seen and started by nobody who is known: it may run until its limit is over.
        t.mark_seen(ticket, "boot-1");
        t.well["web"] = true;
        t.open_executor();
        return Error{Fault::timeout, "the executor went away"};
    };
    for (int i = 0; i < 5; ++i) {
        t.at(seconds(1) + Duration(i * 777), [&t] { t.give(RepairTime{}); });
    }
    t.begin();
    t.play(minutes(5));
    EXPECT_EQ(t.ending(), "verified");
    EXPECT_EQ(t.ran("fix"), 0U);
}

TEST(Repair, AnExecutorThatIsAwayIsWaitedForAWhile) {
    Theatre t(restart_entry());
    fix_works_at(t, 1);
    t.instead_of_executor = [&t](const Ticket& ticket) -> Result<TicketReply> {
        if (t.clock.at < Time(std::chrono::hours(24 * 365 * 50)) + seconds(90)) {
            return Error{Fault::unavailable, "connection refused"};
        }
        return t.executor->execute(ticket);
    };
    t.begin();
    t.play();
    EXPECT_EQ(t.ending(), "verified");

    Theatre gone(restart_entry());
    gone.instead_of_executor = [](const Ticket&) -> Result<TicketReply> {
        return Error{Fault::unavailable, "connection refused"};
    };
    gone.begin();
    gone.play();
    EXPECT_EQ(gone.ending(), "denied");
    EXPECT_EQ(gone.state_of("fix"), "denied") << "nothing ran";
}

TEST(Repair, CanBeWithdrawnWhenNothingIsUnderWay) {
    Entry risky = restart_entry();
    risky.risk = Risk::high;
    Theatre asking(risky);
    asking.begin();
    asking.give(RepairWithdrawn{"well again"});
    EXPECT_EQ(asking.ending(), "withdrawn");
    Theatre running(restart_entry());
    fix_works_at(running, 1);
    running.begin();
    running.play(Duration(100));
    running.give(RepairWithdrawn{"well again"});
    EXPECT_EQ(running.ending(), "not finished") << "it has to be seen how that ends";
    running.play();
    EXPECT_EQ(running.ending(), "verified");
}

}  // namespace
}  // namespace ops

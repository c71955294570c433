// An executor that is killed, and disks that lose power, fail and fill up.
#include <gtest/gtest.h>

#include <limits>

#include "resolve/rig_for_test.h"

namespace ops {
namespace {

using std::chrono::hours;
using Status = TicketReply::Status;
using What = Seen::What;

TEST(Executor, SaysSoWhenTheOutcomeCannotBeWritten) {
    Rig rig;
    rig.files.fail_write_after = 3;  // epoch, marker, started
    const Ticket ticket = rig.ticket("restart");
    const TicketReply reply = rig.must_execute(ticket);
    EXPECT_EQ(reply.status, Status::unknown);
    EXPECT_EQ(rig.processes.ledger.size(), 1U);
    rig.files.fail_write_after = -1;
    rig.open();
    EXPECT_EQ(rig.must_look(ticket).what, What::unknown);
    EXPECT_EQ(rig.must_execute(ticket).refusal, Refusal::seen);
}

// Killed while a step runs: the next executor looks at the process, not at its hopes.
TEST(Executor, KnowsWhatAnEarlierOneLeftRunning) {
    Rig rig;
    rig.config.at_point = [](std::string_view point) {
        if (point == "ran") throw PowerCut{};
    };
    rig.open();
    const Ticket ticket = rig.ticket("restart");
    EXPECT_THROW((void)rig.executor->execute(ticket), PowerCut);
    rig.config.at_point = {};
    rig.processes.alive = {rig.processes.next};
    rig.open();
    EXPECT_EQ(rig.must_look(ticket).what, What::running);
    EXPECT_EQ(rig.must_execute(rig.ticket("restart", "web", 1)).refusal, Refusal::busy);
    rig.processes.alive[0].start_ticks += 1;  // the number is somebody else's now
    EXPECT_EQ(rig.must_look(ticket).what, What::unknown);
    rig.processes.alive = {rig.processes.next};
    rig.processes.boot = "boot-2";
    EXPECT_EQ(rig.must_look(ticket).what, What::unknown) << "the machine was booted since";
    EXPECT_EQ(rig.must_execute(rig.ticket("restart", "web", 1)).status, Status::done);
    EXPECT_EQ(rig.processes.count(step_key(ticket)), 1U);
}

// Two executors on one disk (one about to end, and the next): the marker decides, not what either
// remembers.
TEST(Executor, OnlyOneOfTwoTakesAStep) {
    Rig rig;
    const Ticket ticket = rig.ticket("restart");
    HandRules other_rules;
    other_rules.rules = rig.rules.rules;
    auto other =
        Executor::open(rig.files, rig.processes, rig.clock, other_rules, rig.config).value();
    int between = 0;
    rig.config.at_point = [&](std::string_view point) {
        if (point != "checked" || between++ > 0) return;
        EXPECT_EQ(other->execute(ticket).value().status, Status::done);
    };
    rig.open();
    EXPECT_EQ(rig.must_execute(ticket).refusal, Refusal::seen);
    EXPECT_EQ(rig.processes.ledger.size(), 1U);
}

// Of two cores that start at once, one with records that are behind, one is heard.
TEST(Executor, GivesEachCoreThatStartsAnEpochOfItsOwn) {
    Rig rig;
    Ticket old = rig.ticket("restart");
    old.epoch = 7;
    EXPECT_EQ(rig.must_execute(old).status, Status::done);
    const uint64_t first = rig.executor->next_epoch(0).value();
    EXPECT_EQ(first, 8U);
    rig.open();  // it is on the disk
    const uint64_t second = rig.executor->next_epoch(0).value();
    EXPECT_EQ(second, 9U);
    EXPECT_EQ(rig.executor->next_epoch(40).value(), 41U) << "above the core's own count, too";
    Ticket next = rig.ticket("restart", "web", 1);
    for (const uint64_t epoch : {first, second, uint64_t{40}}) {
        next.epoch = epoch;
        EXPECT_EQ(rig.must_execute(next).refusal, Refusal::epoch);
        EXPECT_EQ(rig.executor->look({step_key(next), epoch}).error().fault, Fault::denied);
    }
    next.epoch = 41;
    EXPECT_EQ(rig.must_execute(next).status, Status::done);
}

TEST(Executor, GivesNoEpochThatItCannotKeep) {
    Rig rig;
    constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
    EXPECT_EQ(rig.executor->next_epoch(kMost).error().fault, Fault::denied);
    rig.power.cut_at(0, Power::When::before);
    EXPECT_THROW((void)rig.executor->next_epoch(0), PowerCut);
    rig.power.left = -1;
    rig.open();
    EXPECT_EQ(rig.executor->next_epoch(0).value(), 1U);
}

TEST(Executor, AnOutcomeWithoutItsMarkerIsSeenToo) {
    Rig rig;
    const Ticket ticket = rig.ticket("restart");
    EXPECT_EQ(rig.must_execute(ticket).status, Status::done);
    rig.files.contents.erase("/data/executor/" + step_key(ticket) + ".seen");
    rig.open();
    EXPECT_EQ(rig.must_execute(ticket).refusal, Refusal::seen);
    EXPECT_EQ(rig.must_look(ticket).what, What::done);
    EXPECT_EQ(rig.processes.ledger.size(), 1U);
}

TEST(Executor, ForgetsOldMarkersAndNeverHalfOfThem) {
    Rig rig;
    const Ticket ticket = rig.ticket("restart");
    EXPECT_EQ(rig.must_execute(ticket).status, Status::done);
    rig.clock.at += hours(24 * 8);
    for (int cut = 0; cut < 3; ++cut) {
        rig.power.cut_at(cut, Power::When::before);
        rig.rules.changed = true;
        EXPECT_THROW(
            (void)Executor::open(rig.files, rig.processes, rig.clock, rig.rules, rig.config),
            PowerCut);
        EXPECT_TRUE(rig.files.contents.contains("/data/executor/" + step_key(ticket) + ".seen"))
            << "the marker goes last";
        rig.files.contents["/data/executor/" + step_key(ticket) + ".outcome"] = "{}";
    }
    rig.power.left = -1;
    rig.open();
    EXPECT_EQ(rig.must_look(ticket).what, What::never);
    EXPECT_TRUE(rig.files.contents.contains("/data/executor/epoch"));
}

// --- the power fails at every operation, and again at every operation of the recovery ---

TEST(Executor, MarkersThatVanishedMeanNoAction) {
    Rig rig;
    ASSERT_EQ(rig.must_execute(rig.ticket("restart")).status, Status::done);
    rig.files.contents.erase("/data/executor/epoch");
    Ticket next = rig.ticket("restart");
    next.incident = "inc-next";
    const TicketReply refused = rig.must_execute(next);
    EXPECT_EQ(refused.refusal, Refusal::disk) << refused.reason;
    EXPECT_FALSE(rig.executor->next_epoch(5).ok()) << "nor is it counted from there";
}

// What the core does after any restart: a new epoch, a look, and the same step key only if it was
// never seen.
void recover_once(Rig& rig, const Ticket& original, uint64_t epoch) {
    rig.open();
    const Result<Seen> seen = rig.executor->look({step_key(original), epoch});
    if (!seen.ok() || seen.value().what != What::never) return;
    Ticket again = original;
    again.epoch = epoch;
    (void)rig.executor->execute(again);
}

void cut_twice(const std::string& entry, Power::When when, int first, int second, int& operations,
               bool& acknowledged) {
    Rig rig;
    Ticket ticket = rig.ticket(entry);
    if (entry == "risky") ticket.approval = rig.approval(ticket, {"ann"});
    const std::string key = step_key(ticket);
    rig.power.operations = 0;
    rig.power.cut_at(first, when);
    acknowledged = false;
    try {
        acknowledged = rig.must_execute(ticket).status == Status::done;
    } catch (const PowerCut&) {
    }
    operations = rig.power.operations;
    rig.power.cut_at(second, when);
    try {
        recover_once(rig, ticket, 6);
    } catch (const PowerCut&) {
    }
    rig.power.left = -1;
    recover_once(rig, ticket, 7);
    rig.open();
    const size_t effects = rig.processes.count(key);
    const Seen seen = rig.must_look(ticket, 7);
    ASSERT_LE(effects, 1U) << "cut at " << first << " and " << second;
    // A torn approval marker voids the approval: people are asked again, with another id.
    if (entry != "risky" || when != Power::When::torn) {
        ASSERT_NE(seen.what, What::never) << "cut at " << first << " and " << second;
    }
    if (seen.what == What::done) {
        ASSERT_EQ(effects, 1U) << first << ", " << second;
    }
    if (acknowledged) {
        ASSERT_EQ(seen.what, What::done) << "what was said stays said";
    }
}

TEST(Executor, RunsAtMostOnceWhereverThePowerFails) {
    int pairs = 0;
    for (const char* entry : {"restart", "risky"}) {
        for (const auto when : {Power::When::before, Power::When::after, Power::When::torn}) {
            bool acknowledged = false;
            for (int first = 0; !acknowledged; ++first) {
                int operations = 0;
                for (int second = -1; second < 8; second += 2) {
                    cut_twice(entry, when, first, second, operations, acknowledged);
                    if (HasFatalFailure()) return;
                    ++pairs;
                }
                ASSERT_LT(first, 20);
            }
        }
    }
    EXPECT_GT(pairs, 150);
}

TEST(Executor, RunsAtMostOnceWhereverItIsKilled) {
    for (const char* cut : {"checked", "approved", "seen", "started", "ran", "outcome"}) {
        Rig rig;
        int hit = 0;
        rig.config.at_point = [&](std::string_view point) {
            if (point == cut && hit++ == 0) throw PowerCut{};
        };
        rig.open();
        Ticket ticket = rig.ticket("risky");
        ticket.approval = rig.approval(ticket, {"ann"});
        EXPECT_THROW((void)rig.executor->execute(ticket), PowerCut) << cut;
        recover_once(rig, ticket, 6);
        recover_once(rig, ticket, 7);
        const std::string at = cut;
        const bool early = at == "checked" || at == "approved";
        const bool ran = early || at == "ran" || at == "outcome";
        EXPECT_EQ(rig.processes.count(step_key(ticket)), ran ? 1U : 0U) << cut;
        EXPECT_EQ(rig.must_look(ticket, 7).what == What::done, early || at == "outcome") << cut;
    }
}

TEST(Executor, ActsOnNoDiskThatFails) {
    for (int good = 0; good < 6; ++good) {
        Rig rig;
        Ticket ticket = rig.ticket("risky");
        ticket.approval = rig.approval(ticket, {"ann"});
        rig.files.fail_write_after = good;
        const TicketReply reply = rig.must_execute(ticket);
        const bool marked =
            rig.files.contents.contains("/data/executor/" + step_key(ticket) + ".seen");
        EXPECT_EQ(rig.processes.ledger.size(), marked ? 1U : 0U) << good;
        EXPECT_EQ(reply.refusal == Refusal::disk, !marked) << good;
        if (reply.status == Status::done) {
            EXPECT_EQ(rig.must_look(ticket).what, What::done);
        }
    }
}

}  // namespace
}  // namespace ops

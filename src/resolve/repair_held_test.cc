// What holds a repair back: people who must say yes, the kill switch, the policy, another repair.
#include "resolve/repair.h"

#include <gtest/gtest.h>

#include "resolve/theatre_for_test.h"

namespace ops {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Strings = std::vector<std::string>;

TEST(Repair, AsksPeopleAndRunsWhatTheySaw) {
    Entry entry = restart_entry();
    entry.risk = Risk::destructive;
    Theatre t(entry);
    fix_works_at(t, 1);
    t.begin();
    ASSERT_EQ(t.kinds(), (Strings{"action.awaiting", "incident.state"}));
    const std::string shown = t.journal[0].body["argv_sha256"].as_string();
    EXPECT_EQ(t.journal[0].body["needed"].as_int(), 2);
    EXPECT_EQ(t.journal[0].body["commands"].items()[0]["argv"].strings(), (Strings{"fix", "web"}));
    t.give(RepairApproved{"ann", shown});
    t.give(RepairApproved{"ann", shown});
    t.give(RepairApproved{"bob", sha256_hex("something else")});
    EXPECT_EQ(t.ran("fix"), 0U) << "one person, twice, and one who saw something else";
    t.give(RepairApproved{"bob", shown});
    t.play();
    EXPECT_EQ(t.ending(), "verified") << t.finished->reason;
    EXPECT_EQ(t.ran("fix"), 1U);

    Theatre rejected(entry);
    rejected.begin();
    rejected.give(RepairRejected{"ann"});
    EXPECT_EQ(rejected.ending(), "gave up");
    Theatre late(entry);
    late.begin();
    late.play();
    EXPECT_EQ(late.ending(), "gave up") << "nobody came in 10 minutes";
    late.give(RepairApproved{"ann", shown});
    EXPECT_TRUE(late.processes.ledger.empty());
}

TEST(Repair, AYesBeforeARestartCountsAfterIt) {
    Entry entry = restart_entry();
    entry.risk = Risk::destructive;
    for (const bool in_time : {true, false}) {
        Theatre t(entry);
        fix_works_at(t, 1);
        t.begin();
        const std::string shown = t.journal[0].body["argv_sha256"].as_string();
        t.give(RepairApproved{"ann", shown});
        t.clock.at += in_time ? minutes(9) : minutes(11);
        t.restart_core();
        EXPECT_EQ(t.repair->phase(), "waiting for approval");
        EXPECT_EQ(t.actions()[0].approved_by, in_time ? "ann" : "") << "of the question now";
        t.give(RepairApproved{"bob", shown});
        EXPECT_EQ(t.repair->phase() == "waiting for approval", !in_time);
        t.play(minutes(2));
        EXPECT_EQ(t.ran("fix"), in_time ? 1U : 0U) << "of two people, within the ten minutes";
        if (in_time) continue;
        t.give(RepairApproved{"ann", shown});
        t.play(minutes(2));
        EXPECT_EQ(t.ran("fix"), 1U);
    }
}

TEST(Repair, StopsAtTheKillSwitch) {
    Theatre before(restart_entry());
    before.files.contents["/data/pause"] = "";
    before.begin();
    EXPECT_EQ(before.ending(), "denied");
    EXPECT_EQ(before.finished->refusal, Refusal::paused);

    Entry two = restart_entry();
    two.steps.push_back(command_step({"second"}));
    two.undo = {command_text({"back"})};
    Theatre between(two);
    between.programs["fix"] = [&between] {
        between.files.contents["/data/pause"] = "";
        return Exit{};
    };
    between.programs["second"] = [&between] {
        between.well["web"] = true;
        return Exit{};
    };
    between.begin();
    between.play(minutes(90));
    EXPECT_EQ(between.ending(), "not finished") << "nothing is given up";
    EXPECT_EQ(between.processes.ledger.size(), 1U) << "neither the second step nor the undo";
    EXPECT_EQ(between.repair->phase(), "paused");
    between.files.contents.erase("/data/pause");
    between.play();
    EXPECT_EQ(between.ending(), "verified");
    EXPECT_EQ(between.ran("fix"), 1U);
    EXPECT_EQ(between.ran("second"), 1U);
}

// Paused before the attempt's verdict, and so neither undone nor tried again before resume.
std::unique_ptr<Theatre> paused_before_undo() {
    Entry entry = restart_entry();
    entry.undo = {command_text({"back"})};
    entry.retries = 1;
    auto t = std::make_unique<Theatre>(entry);
    t->begin();
    t->play(seconds(20));
    t->files.contents["/data/pause"] = "";
    t->play(minutes(90));
    EXPECT_EQ(t->ending(), "not finished");
    EXPECT_EQ(t->ran("back"), 0U);
    return t;
}

TEST(Repair, UndoesAndGoesOnAfterAPause) {
    const auto t = paused_before_undo();
    t->files.contents.erase("/data/pause");
    t->play();
    EXPECT_EQ(t->ending(), "gave up");
    EXPECT_EQ(t->ran("back"), 2U) << "once an attempt";
    EXPECT_EQ(t->ran("fix"), 2U) << "a pause gives no attempts and takes none";
}

TEST(Repair, TakesBackWhatItBeganThoughNobodyNeedsItAnyMore) {
    const auto t = paused_before_undo();
    t->give(RepairWithdrawn{"part of a larger one"});
    t->files.contents.erase("/data/pause");
    t->play();
    EXPECT_EQ(t->ending(), "withdrawn");
    EXPECT_EQ(t->ran("back"), 1U);
    EXPECT_EQ(t->ran("fix"), 1U);
    const Strings kinds = t->kinds();
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "action.failed"), 1) << "judged once";
}

TEST(Repair, LeavesAloneWhatAPersonRepairedInAPause) {
    const auto t = paused_before_undo();
    t->well["web"] = true;
    for (int i = 0; i < 8; ++i) {
        Observation seen;
        seen.check = 7;
        seen.target = "web";
        seen.at = t->clock.at += seconds(5);
        seen.health = Health::good;
        t->give(RepairObserved{seen});
    }
    EXPECT_TRUE(t->repair->is_resting()) << "a person may end it, and so may the checks";
    t->files.contents.erase("/data/pause");
    t->play();
    EXPECT_EQ(t->ending(), "verified");
    EXPECT_EQ(t->ran("back"), 0U);
    EXPECT_EQ(t->ran("fix"), 1U);
}

TEST(Repair, AYesGivenInAPauseIsGoodForTenMinutes) {
    for (const bool in_time : {true, false}) {
        Entry risky = restart_entry();
        risky.risk = Risk::high;
        Theatre t(risky);
        fix_works_at(t, 1);
        t.begin();
        const std::string shown = t.journal[0].body["argv_sha256"].as_string();
        t.files.contents["/data/pause"] = "";
        t.give(RepairApproved{"ann", shown});
        t.play(in_time ? minutes(9) : minutes(11));
        EXPECT_EQ(t.ran("fix"), 0U);
        t.files.contents.erase("/data/pause");
        t.play(minutes(3));
        EXPECT_EQ(t.ending(), in_time ? "verified" : "not finished");
        EXPECT_EQ(t.ran("fix"), in_time ? 1U : 0U);
        if (!in_time) EXPECT_EQ(t.repair->phase(), "waiting for approval");
    }
}

TEST(Repair, IsDeniedByTheModeTheIncidentAndTheAttempts) {
    Theatre observe(restart_entry());
    observe.rules.rules.settings.agent.mode = Mode::observe;
    observe.begin();
    EXPECT_EQ(observe.ending(), "denied");
    EXPECT_EQ(observe.kinds(), (Strings{"action.denied"}));
    Theatre systemic(restart_entry());
    systemic.is_systemic = true;
    systemic.begin();
    EXPECT_EQ(systemic.ending(), "denied");
    Theatre spent(restart_entry());
    spent.the_case.attempts_before = 3;
    spent.begin();
    EXPECT_EQ(spent.ending(), "gave up") << "a target that fails again at once starts not afresh";
    EXPECT_TRUE(spent.processes.ledger.empty());
}

TEST(Repair, WaitsUntilAnotherIsSettled) {
    Theatre t(restart_entry(), "worker_2");
    fix_works_at(t, 1);
    Event other;
    other.at = t.clock.at;
    other.kind = "action.intent";
    other.incident = "inc-0";
    other.target = "worker_1";
    other.body = Json::object({{"action", "k"}, {"entry", "restart"}, {"attempt", 1}});
    t.limiter.apply(other);
    t.begin();
    t.play(minutes(3));
    EXPECT_EQ(t.ran("fix"), 0U) << "one member after another";
    other.kind = "action.verified";
    t.limiter.apply(other);
    t.play();
    EXPECT_EQ(t.ending(), "verified");
}

}  // namespace
}  // namespace ops

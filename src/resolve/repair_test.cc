#include "resolve/repair.h"

#include <gtest/gtest.h>

#include "resolve/theatre_for_test.h"

namespace ops {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Strings = std::vector<std::string>;

Exit exit_of(int code, Exit::How how = Exit::How::exited) {
    Exit exit;
    exit.how = how;
    exit.code = code;
    return exit;
}

expr::Expression condition(const Theatre& t, const std::string& text) {
    const TargetNames names(t.rules.rules.settings);
    const expr::Parsed parsed = expr::parse_condition(text, names);
    EXPECT_TRUE(parsed.expression.has_value()) << text;
    return *parsed.expression;
}

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

TEST(Repair, WalksItsStepsInOrder) {
    Entry entry = restart_entry();
    Step collect;
    collect.kind = Step::Kind::collect;
    collect.collect = {command_text({"uptime"}), command_text({"free"})};
    Step alert;
    alert.kind = Step::Kind::alert;
    alert.text = "restarted it";
    Step probe = verify_step(Verification::Kind::command);
    probe.verification.command = command_text({"probe"});
    entry.steps = {collect, entry.steps[0], wait_step(seconds(30)), verify_step(), probe, alert};
    Theatre t(entry);
    fix_works_at(t, 1);
    t.programs["probe"] = [calls = 0]() mutable { return exit_of(++calls < 3 ? 7 : 0); };
    t.begin();
    t.play();
    ASSERT_EQ(t.ending(), "verified") << t.finished->reason;
    Strings order;
    for (const LedgerLine& line : t.processes.ledger) order.push_back(line.argv[0]);
    EXPECT_EQ(order, (Strings{"uptime", "free", "fix", "probe", "probe", "probe"}));
    EXPECT_EQ(t.evidence.size(), 2U);
    ASSERT_EQ(t.told.size(), 1U);
    EXPECT_EQ(t.told[0].text, "restarted it");
    EXPECT_GE(t.processes.ledger[3].at - t.processes.ledger[2].at, seconds(30)) << "it waited";
}

Entry guarded_entry() {
    Entry entry = restart_entry(Effect::once);
    Step collect;
    collect.kind = Step::Kind::collect;
    collect.collect = {command_text({"uptime"}), command_text({"free"})};
    Step guard = verify_step(Verification::Kind::command);
    guard.verification.command = command_text({"guard"});
    entry.steps = {collect, guard, wait_step(minutes(1)), entry.steps[0]};
    return entry;
}

TEST(Repair, AGuardThatPassedBeforeAPauseIsAskedAgain) {
    Theatre t(guarded_entry());
    t.begin();
    t.play(seconds(20));
    EXPECT_EQ(t.ran("guard"), 1U);
    t.files.contents["/data/pause"] = "";
    t.play();
    ASSERT_EQ(t.ending(), "denied");
    t.finished.reset();
    t.files.contents.erase("/data/pause");
    t.clock.at += std::chrono::hours(2);
    t.programs["guard"] = [] { return exit_of(1); };
    t.begin();
    t.play();
    EXPECT_GE(t.ran("guard"), 2U);
    EXPECT_EQ(t.ran("fix"), 0U) << "on an answer of two hours ago";
    EXPECT_GE(t.ran("uptime"), 2U);
    EXPECT_GE(t.ran("free"), 2U);
}

TEST(Repair, AGuardThatPassedBeforeARestartIsAskedAgain) {
    // Killed while it waits after the guard; and with the guard's answer, or evidence, on the way.
    for (const Duration alive : {Duration(20'000), Duration(700), Duration(100)}) {
        Theatre t(guarded_entry());
        t.begin();
        t.play(alive);
        const size_t asked = t.ran("guard"), collected = t.ran("uptime");
        t.clock.at += std::chrono::hours(5);
        t.programs["guard"] = [] { return exit_of(1); };
        t.restart_core();
        t.play();
        EXPECT_GT(t.ran("guard"), asked);
        EXPECT_GT(t.ran("uptime"), collected);
        EXPECT_EQ(t.ran("fix"), 0U) << "on an answer of five hours ago";
        for (const Action& action : t.actions()) EXPECT_NE(action.state, "intent");
        std::set<std::string> keys;
        for (const LedgerLine& line : t.processes.ledger) {
            EXPECT_TRUE(keys.insert(line.step_key).second) << line.argv[0];
        }
    }
}

TEST(Repair, AHeartbeatMustBeNewerThanTheStep) {
    Theatre t(heartbeat_entry(), "worker_3");
    send_heartbeats(t);
    t.begin();
    t.play();
    EXPECT_EQ(t.ending(), "gave up") << "one of before proves nothing";
    t.finished.reset();
    t.the_case.incident = "inc-2";
    t.well["worker_3"] = false;
    t.begin();
    t.at(seconds(40), [&t] { t.heartbeats["worker_3"] = t.clock.at; });
    t.play();
    EXPECT_EQ(t.ending(), "verified") << t.finished->reason;
}

TEST(Repair, OfWhatIsNotDownIsVerifiedByItsSymptoms) {
    Entry entry = make_entry("clean", {command_step({"fix"})});
    Theatre names(entry);
    entry.symptoms = {condition(names, "disk_usage > 90%")};
    Step alert_if;
    alert_if.kind = Step::Kind::alert_if;
    alert_if.text = "disk_usage > 85%";
    alert_if.condition = condition(names, "disk_usage > 85%");
    entry.steps.push_back(alert_if);
    const auto theatre = [&](Value after) {
        auto t = std::make_unique<Theatre>(entry, "alpha");
        t->well["alpha"] = true;  // it answers all the time
        t->values["disk_usage > 90%"] = Value::boolean(true);
        t->values["disk_usage > 85%"] = Value::boolean(true);
        t->programs["fix"] = [t = t.get(), after] {
            t->values["disk_usage > 90%"] = after;
            return Exit{};
        };
        t->begin();
        t->play();
        return t;
    };
    const auto gone = theatre(Value::boolean(false));
    EXPECT_EQ(gone->ending(), "verified") << gone->finished->reason;
    ASSERT_EQ(gone->told.size(), 1U);
    EXPECT_EQ(gone->told[0].condition, "disk_usage > 85%");
    EXPECT_EQ(theatre(Value::boolean(true))->ending(), "gave up");
    EXPECT_EQ(theatre(Value())->ending(), "gave up") << "unknown is no proof";
    EXPECT_EQ(theatre(Value::boolean(true))->told.size(), 1U) << "once, not once an attempt";
}

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

TEST(Repair, AnHttpStepIsJournaledLikeAnyOther) {
    Entry entry = restart_entry();
    Step http;
    http.kind = Step::Kind::http;
    http.http_method = "POST";
    http.http_url = "http://127.0.0.1:8080/gc";
    http.effect = Effect::once;
    entry.steps = {http};
    int sent = 0;
    const auto answer = [&sent](Theatre& t, Result<HttpReply> reply) {
        t.on_http = [&sent, &t, reply](const HttpRequest& request) {
            EXPECT_EQ(request.url, "http://127.0.0.1:8080/gc");
            ++sent;
            if (reply.ok()) t.well["web"] = reply.value().status == 204;
            return reply;
        };
        t.begin();
        t.play();
        return t.ending();
    };
    Theatre good(entry), refused(entry), lost(entry);
    EXPECT_EQ(answer(good, HttpReply{204, {}, ""}), "verified");
    EXPECT_EQ(sent, 1);
    EXPECT_EQ(answer(refused, HttpReply{503, {}, ""}), "gave up");
    EXPECT_EQ(sent, 4);
    EXPECT_EQ(answer(lost, Error{Fault::timeout, "no answer in 10s"}), "unknown");
    EXPECT_EQ(sent, 5) << "never again";
}

}  // namespace
}  // namespace ops

// The steps of an entry: what each of them does, and what is asked again.
#include "resolve/repair.h"

#include <gtest/gtest.h>

#include "resolve/theatre_for_test.h"

namespace ops {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Strings = std::vector<std::string>;

expr::Expression condition(const Theatre& t, const std::string& text) {
    const TargetNames names(t.rules.rules.settings);
    const expr::Parsed parsed = expr::parse_condition(text, names);
    EXPECT_TRUE(parsed.expression.has_value()) << text;
    return *parsed.expression;
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

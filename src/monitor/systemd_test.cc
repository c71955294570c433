// The check of a unit of systemd.
#include <gtest/gtest.h>

#include "base/text.h"
#include "monitor/check_for_test.h"

namespace ops {
namespace {

using namespace test;
using std::chrono::seconds;

UnitSeen unit(std::string active, std::string sub, std::string result = "success",
              uint32_t restarts = 0) {
    UnitSeen seen;
    seen.load_state = "loaded";
    seen.active_state = std::move(active);
    seen.sub_state = std::move(sub);
    seen.result = std::move(result);
    seen.restarts = restarts;
    return seen;
}
Answer unit_answer(UnitSeen seen, std::vector<ProcessSeen> running = {}) {
    LocalAnswer answer;
    answer.unit = std::move(seen);
    answer.processes = std::move(running);
    return answer;
}

TEST(SystemdCheck, JudgesEveryState) {
    struct Row {
        std::string why, check;
        UnitSeen seen;
        std::string judged, status;
    };
    UnitSeen absent = unit("inactive", "dead");
    absent.load_state = "not-found";
    UnitSeen masked = unit("inactive", "dead");
    masked.load_state = "masked";
    UnitSeen masked_yet_running = unit("active", "running");
    masked_yet_running.load_state = "masked";
    const std::vector<Row> rows = {
        {"running", "{systemd: a}", unit("active", "running"), "good", "\"running\""},
        {"a oneshot that remains", "{systemd: a}", unit("active", "exited"), "good", "\"running\""},
        {"reloading", "{systemd: a}", unit("reloading", "reload"), "good", "\"running\""},
        {"a timer waits", "{systemd: a.timer}", unit("active", "waiting"), "good", "\"running\""},
        {"starting", "{systemd: a}", unit("activating", "start"),
         "unknown: unit 'a.service' is starting", "\"starting\""},
        {"restarting", "{systemd: a}", unit("activating", "auto-restart", "exit-code"),
         "unknown: unit 'a.service' died (exit-code), systemd is restarting it", "\"starting\""},
        {"stopped", "{systemd: a}", unit("inactive", "dead"),
         "bad: unit 'a.service' is not started", "\"stopped\""},
        {"ended as meant", "{systemd: a, oneshot: true}", unit("inactive", "dead"), "good",
         "\"running\""},
        {"stopping", "{systemd: a}", unit("deactivating", "stop-sigterm"),
         "unknown: unit 'a.service' is stopping", "\"stopped\""},
        {"failed", "{systemd: a}", unit("failed", "failed", "signal"),
         "bad certain: unit 'a.service' failed: signal", "\"dead\""},
        {"given up", "{systemd: a}", unit("failed", "failed", "start-limit-hit"),
         "bad certain: unit 'a.service' died too often, systemd gave up", "\"fatal\""},
        {"absent", "{systemd: a}", absent, "bad: there is no unit 'a.service'", "\"unknown\""},
        {"masked", "{systemd: a}", masked, "bad: unit 'a.service' is masked", "\"stopped\""},
        {"masked while it runs", "{systemd: a}", masked_yet_running, "good", "\"running\""},
        {"a state of a later systemd", "{systemd: a}", unit("pondering", ""),
         "unknown: unit 'a.service' is 'pondering'", "\"unknown\""},
    };
    for (const Row& row : rows) {
        Made made = make(row.check);
        ASSERT_NE(made.check, nullptr) << print(made.problems);
        const Judged judged = made->judge(reply(unit_answer(row.seen)));
        EXPECT_EQ(print(judged), row.judged) << row.why;
        EXPECT_EQ(fact(judged, "process_status"), row.status) << row.why;
    }
    Made made = make("{systemd: a}");
    EXPECT_EQ(print(made->judge(failure(Fault::unavailable, "no D-Bus"))), "unknown: no D-Bus");
    EXPECT_EQ(print(look(made, unit_answer(unit("active", "running"), {process(7, 'T')}))),
              "bad: unit 'a.service': process 7 is stopped (SIGSTOP)");
}

TEST(SystemdCheck, StartingForTooLongIsDown) {
    Made made = make("{systemd: a, start_limit: 30s}");
    const auto at = [&](int second) {
        return print(
            made->judge(reply(unit_answer(unit("activating", "start")), kNoon + seconds(second))));
    };
    EXPECT_EQ(at(0), "unknown: unit 'a.service' is starting");
    EXPECT_EQ(at(30), "unknown: unit 'a.service' is starting");
    EXPECT_EQ(at(31), "bad: unit 'a.service' is starting for 31s");
    (void)made->judge(reply(unit_answer(unit("active", "running")), kNoon + seconds(40)));
    EXPECT_EQ(at(50), "unknown: unit 'a.service' is starting") << "it began anew";
}

TEST(SystemdCheck, AOneshotMayTakeItsTime) {
    Made made = make("{systemd: backup, oneshot: true}");
    ASSERT_NE(made.check, nullptr) << print(made.problems);
    std::vector<std::string> events;
    const auto at = [&](int second, UnitSeen seen, std::vector<ProcessSeen> running = {}) {
        Judged judged =
            look(made, unit_answer(std::move(seen), std::move(running)), kNoon + seconds(second));
        events.insert(events.end(), judged.events.begin(), judged.events.end());
        return print(judged) + ", " + fact(judged, "process_status");
    };
    EXPECT_EQ(at(0, unit("inactive", "dead")), "good, \"running\"");
    EXPECT_EQ(at(30, unit("activating", "start"), {process(7)}), "good, \"running\"");
    EXPECT_EQ(at(7200, unit("activating", "start"), {process(7)}), "good, \"running\"");
    EXPECT_EQ(at(7230, unit("inactive", "dead")), "good, \"running\"");
    EXPECT_EQ(at(9000, unit("activating", "start-pre"), {process(8)}), "good, \"running\"");
    EXPECT_EQ(at(9030, unit("activating", "start"), {process(9)}), "good, \"running\"");
    EXPECT_EQ(events, std::vector<std::string>{}) << "to end is no crash";
    EXPECT_EQ(at(9060, unit("failed", "failed", "exit-code")),
              "bad certain: unit 'backup.service' failed: exit-code, \"dead\"");
    EXPECT_EQ(at(9090, unit("activating", "auto-restart", "exit-code")),
              "unknown: unit 'backup.service' died (exit-code), systemd is restarting it, "
              "\"starting\"");
}

TEST(SystemdCheck, CountsCrashesAsSystemdDoes) {
    Made made = make("{systemd: a}");
    const auto events = [&](UnitSeen seen, std::vector<ProcessSeen> running) {
        return join(look(made, unit_answer(std::move(seen), std::move(running))).events, " ");
    };
    EXPECT_EQ(events(unit("active", "running"), {process(7)}), "");
    EXPECT_EQ(events(unit("activating", "auto-restart"), {}), "crash");
    EXPECT_EQ(events(unit("active", "running", "success", 1), {process(8)}), "restart")
        << "systemd counts it now, we told it before";
    EXPECT_EQ(events(unit("active", "running", "success", 1), {process(9)}), "restart")
        << "systemctl restart is no crash";
    EXPECT_EQ(events(unit("active", "running", "success", 3), {process(10)}), "crash restart crash")
        << "two deaths between two looks";
    EXPECT_EQ(events(unit("inactive", "dead", "success", 3), {}), "") << "stopped on purpose";
}

}  // namespace
}  // namespace ops

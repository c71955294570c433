#include "cli/starter.h"

#include <gtest/gtest.h>

#include "config/settings.h"
#include "monitor/checks.h"
#include "runbook/runbook.h"

namespace ops {
namespace {

FoundMachine busy_machine() {
    return {.host_name = "box.example",
            .units = {"nginx", "postgresql@15-main"},
            .programs = {"worker:worker_1", "mailer"},
            .supervisor_url = "unix:///run/supervisor.sock:/RPC2",
            .ports = {{80, "nginx", true},
                      {5432, "postgres", false},
                      {22, "sshd", false},
                      {9000, "", true}},
            .auth_log = "file: /var/log/auth.log"};
}

// What init writes must pass lint, whatever the machine looks like.
void expect_clean(const FoundMachine& machine) {
    Problems problems;
    const auto settings = read_settings(
        {{"ops-agent.yaml", starter_config(machine)}},
        [](const std::string&) { return std::nullopt; }, problems);
    ASSERT_TRUE(settings.has_value()) << problems.print();
    (void)make_checks(*settings, problems);
    const auto runbook =
        read_runbook({"runbook.yaml", starter_runbook(machine)}, *settings, problems);
    EXPECT_TRUE(runbook.has_value()) << problems.print();
    EXPECT_FALSE(problems.has_errors()) << problems.print();
    for (const Entry& entry : runbook->entries) {
        EXPECT_EQ(entry.risk, Risk::low)
            << "whoever is alone can say yes to '" << entry.name << "'";
    }
}

TEST(Starter, IsCleanForABusyMachine) { expect_clean(busy_machine()); }
TEST(Starter, IsCleanForAnEmptyMachine) { expect_clean({}); }
TEST(Starter, IsCleanForHostileNames) {
    expect_clean({.host_name = "a: b\n- c",
                  .units = {"x y", "-rf", "a'b\"c"},
                  .programs = {"{name}"},
                  .supervisor_url = "unix:///run/s.sock:/RPC2",
                  .ports = {{8080, "a b:{c}", true}}});
}

TEST(Starter, ReadsWhatCommandsPrint) {
    EXPECT_EQ(units_of("nginx.service loaded active running A web server\n"
                       "systemd-journald.service loaded active running Journal\n"
                       "ssh.service loaded active running sshd\nrubbish\n"),
              std::vector<std::string>{"nginx"});
    const SupervisedPrograms programs = programs_of(
        "worker:worker_1   RUNNING   pid 1, uptime 0:01\nunix:///x.sock no such file\n"
        "off               STOPPED   Not started\noneshot  EXITED  Nov 30 03:51 AM\n"
        "broken            FATAL     Exited too quickly\n");
    EXPECT_EQ(programs.running, (std::vector<std::string>{"worker:worker_1", "broken"}));
    EXPECT_EQ(programs.stopped, (std::vector<std::string>{"off", "oneshot"}));
}

TEST(Starter, StartsNothingThatSomebodyStopped) {
    for (const bool others : {true, false}) {
        FoundMachine machine = others ? busy_machine() : FoundMachine{};
        machine.stopped_programs = {"off", "{x}"};
        expect_clean(machine);
        const std::string config = starter_config(machine);
        EXPECT_NE(config.find("# supervisord's off does not run: left out\n"), std::string::npos);
        EXPECT_EQ(config.find("restart off"), std::string::npos);
    }
}

}  // namespace
}  // namespace ops

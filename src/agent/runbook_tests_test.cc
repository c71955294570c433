// Tests of a runbook say what the agent would do.
#include "agent/runbook_tests.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ops {
namespace {

constexpr const char* kConfig = R"(
hosts:
  - {name: alien, local: true}
  - {name: router, check: {tcp: "127.0.0.1:80"}}
services:
  - {name: api, check: {systemd: api}, restart: "systemctl restart api"}
  - {name: "web-api_{1..2}", group: web-api, check: {systemd: "web_{n}"}, restart: "systemctl restart web_{n}"}
  - {name: far, host: router, check: {http: "http://127.0.0.1/"}, restart: "ssh router 'systemctl restart far'"}
signals:
  - {name: queue, command: /opt/queue}
)";

// The failures of one test of one entry, in one line.
std::string failures(const std::string& entry, const std::string& test) {
    Problems problems;
    const Settings settings = read_settings_leniently({{"f", kConfig}}, {}, problems);
    const std::string text =
        "common_issues:\n  - {name: e, " + entry + "}\ntests:\n  - {name: t, " + test + "}\n";
    const auto runbook = read_runbook({"r", text}, settings, problems);
    if (!runbook) return problems.print();
    const auto results = run_runbook_tests(*runbook, settings);
    return results.size() == 1 ? join(results[0].failures, "; ") : "no result";
}

TEST(RunbookTests, GiveTheTargetThatTheyName) {
    EXPECT_EQ(failures("symptoms: [queue > 5], auto_resolve: [{command: '/opt/drain {name}'}]",
                       "given: {signal: queue, queue: 9}, expect: {entry: e, commands: "
                       "[/opt/drain queue]}"),
              "");
    EXPECT_EQ(
        failures(
            "symptoms: ['host == \"router\"', disk_usage > 5%], auto_resolve: [{restart: api}]",
            "given: {host: router, disk_usage: 9%}, expect: {entry: e}"),
        "");
}

TEST(RunbookTests, SpellAGroupAsTheLanguageDoes) {
    EXPECT_EQ(
        failures("symptoms: ['web_api_process_status == \"dead\"'], auto_resolve: [{restart: }]",
                 "given: {service: web-api_2, process_status: dead}, expect: {entry: e, "
                 "commands: [systemctl restart web_2]}"),
        "");
}

TEST(RunbookTests, KnowThatWhatIsDownIsNotUp) {
    const std::string entry = "symptoms: [up == false], auto_resolve: [{restart: }]";
    EXPECT_EQ(failures(entry, "given: {service: api, status: down}, expect: {entry: e}"), "");
    EXPECT_EQ(failures(entry, "given: {service: api, status: up}, expect: {entry: none}"), "");
    EXPECT_EQ(failures(entry, "given: {service: api, status: unknown}, expect: {entry: none}"), "");
    EXPECT_EQ(failures("symptoms: ['status == \"down\"'], auto_resolve: [{restart: }]",
                       "given: {service: api, up: false}, expect: {entry: e}"),
              "");
}

TEST(RunbookTests, SayTheCommandsAsTheyWouldRun) {
    EXPECT_EQ(failures("symptoms: [up == false], auto_resolve: [{restart: }, {command: 'echo "
                       "{name} {group} {n}'}]",
                       "given: {service: web-api_1, up: false}, expect: {entry: e, commands: "
                       "[systemctl restart web_1, echo 1 web-api 1]}"),
              "");
    EXPECT_EQ(failures("symptoms: [up == false], auto_resolve: [{command: 'echo {n}'}]",
                       "given: {service: api, up: false}, expect: {entry: e, commands: [echo 0]}"),
              "expected commands: echo 0; cannot run: '{n}' has no value for 'api'");
    EXPECT_EQ(failures("symptoms: [up == false], auto_resolve: [{restart: }]",
                       "given: {service: far, up: false}, expect: {entry: e, commands: "
                       "[\"ssh router 'systemctl restart far'\"]}"),
              "expected commands: ssh router 'systemctl restart far'; cannot run: the host "
              "'router' has no 'ssh' destination");
}

}  // namespace
}  // namespace ops

#include "runbook/diagnostics.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runbook/builtin.h"
#include "runbook/danger.h"

namespace ops {
namespace {

Inventory read(const std::string& yaml) {
    Problems problems;
    auto settings = read_settings({{"ops-agent.yaml", yaml}}, {}, problems);
    EXPECT_TRUE(settings.has_value()) << problems.print();
    return settings ? settings->inventory : Inventory();
}

const Inventory& company() {
    static const Inventory kCompany = read(R"(
hosts: [{name: alien, local: true}, {name: pc, ssh: me@pc}, {name: far, check: {tcp: "127.0.0.1:2"}}]
services:
  - {name: api, host: alien, check: {http: "http://127.0.0.1/"}, restart: "systemctl restart brain-api"}
  - {name: web, host: pc, check: {systemd: nginx}}
  - {name: "worker_{1..2}", group: worker, host: pc, check: {tcp: "127.0.0.1:1"},
     restart: "ssh pc 'supervisorctl restart worker:worker_{n}'"}
  - {name: job, host: alien, check: {supervisor: "batch:job", via: "unix:///run/s.sock:/RPC2"}}
  - {name: homeless, check: {tcp: "127.0.0.1:1"}}
  - {name: distant, host: far, check: {tcp: "127.0.0.1:1"}}
  - {name: front, host: pc, check: {http: "https://front.example/"}, depends_on: [api, web]}
  - {name: odd, host: alien, check: {tcp: "127.0.0.1:1"}, restart: "systemctl restart 'a*'"}
)");
    return kCompany;
}

TEST(Diagnostics, KnowWhatIsBehindAService) {
    struct Row {
        const char *service, *unit, *program;
    };
    for (const Row& row : {Row{"api", "brain-api", ""}, Row{"web", "nginx", ""},
                           Row{"worker_2", "", "worker:worker_2"}, Row{"job", "", "batch:job"},
                           Row{"homeless", "", ""}, Row{"odd", "", ""}}) {
        const Service* const service = company().find_service(row.service);
        ASSERT_NE(service, nullptr) << row.service;
        EXPECT_EQ(unit_of(*service), row.unit) << row.service;
        EXPECT_EQ(program_of(*service), row.program) << row.service;
    }
}

TEST(Diagnostics, AreForTargetsWithAHostThatCanBeReached) {
    EXPECT_TRUE(diagnostics_for("homeless", company()).empty());
    EXPECT_TRUE(diagnostics_for("distant", company()).empty());
    EXPECT_TRUE(diagnostics_for("nobody", company()).empty());
    const auto of_host = diagnostics_for("pc", company());
    EXPECT_EQ(of_host.front(), "failed_units") << "a host has no unit of its own";
    const auto of_api = diagnostics_for("api", company());
    EXPECT_EQ(of_api.front(), "unit_status");
    EXPECT_EQ(of_api.size(), of_host.size() + 2);
    EXPECT_FALSE(diagnostic_entry("rm", "api", company()));
    EXPECT_FALSE(diagnostic_entry("unit_status", "worker_1", company()));
}

// Names, certificates and dependencies are asked here, as checks are, wherever the target is.
TEST(Diagnostics, AskFromHereWhatChecksAsk) {
    using Ids = std::vector<std::string>;
    EXPECT_EQ(diagnostics_for("homeless", company(), {true, true}), (Ids{"dns", "tls"}));
    EXPECT_EQ(diagnostics_for("homeless", company(), {true, false}), Ids{"dns"});
    EXPECT_EQ(diagnostics_for("distant", company(), {false, true}), Ids{"tls"});
    EXPECT_TRUE(diagnostics_for("nobody", company(), {true, true}).empty());
    const auto of_front = diagnostics_for("front", company());
    EXPECT_EQ(of_front.back(), "dependencies");
    EXPECT_EQ(std::count(of_front.begin(), of_front.end(), "tls"), 0) << "nothing is asked by TLS";
    EXPECT_FALSE(diagnostic_entry("dependencies", "api", company())) << "it depends on nothing";
    const auto entry = diagnostic_entry("tls", "front", company());
    ASSERT_TRUE(entry);
    const auto line = fill_in(entry->steps[0].collect[0], "front", company()).value();
    EXPECT_EQ(line.host, "alien") << "not over ssh on pc";
    EXPECT_EQ(line.argv, (Ids{"ops-agent", "inspect", "tls", "front"}));
}

// What the executor will run: nothing that is not in the table, nothing that changes anything.
TEST(Diagnostics, OnlyRead) {
    for (const char* target : {"api", "web", "worker_1", "job", "pc", "alien", "front", "odd"}) {
        for (const std::string& id : diagnostics_for(target, company(), {true, true})) {
            SCOPED_TRACE(id + " on " + target);
            const auto entry = diagnostic_entry(id, target, company());
            ASSERT_TRUE(entry);
            ASSERT_EQ(entry->steps.size(), 1u);
            for (const CommandText& command : entry->steps[0].collect) {
                EXPECT_EQ(danger_of(command).effect, Effect::read);
                EXPECT_FALSE(command.shell);
                const auto line = fill_in(command, target, company());
                ASSERT_TRUE(line.ok()) << line.error().message;
                for (const std::string& word : line.value().argv) {
                    EXPECT_EQ(word.find('{'), std::string::npos) << word;
                }
            }
        }
    }
}

TEST(Diagnostics, RunWhereTheServiceIs) {
    const auto local = diagnostic_entry("unit_status", "api", company());
    EXPECT_EQ(fill_in(local->steps[0].collect[0], "api", company()).value().argv[2], "brain-api");
    const auto remote = diagnostic_entry("program_status", "worker_2", company());
    const auto line = fill_in(remote->steps[0].collect[0], "worker_2", company()).value();
    EXPECT_EQ(line.host, "pc");
    EXPECT_EQ(line.argv.front(), "ssh");
    EXPECT_EQ(line.argv.back(), "worker:worker_2");
}

TEST(Diagnostics, CoreAndExecutorFindTheSame) {
    const Runbook runbook;
    const auto one = find_entry(runbook, company(), "diagnostic disks", "api");
    ASSERT_TRUE(one);
    EXPECT_EQ(one->sha256, diagnostic_entry("disks", "api", company())->sha256);
    EXPECT_NE(diagnostic_entry("unit_log", "api", company())->sha256,
              diagnostic_entry("unit_log", "web", company())->sha256);
    Runbook hijacked;
    hijacked.entries.emplace_back().name = "diagnostic disks";
    EXPECT_EQ(find_entry(hijacked, company(), "diagnostic disks", "api")->sha256, one->sha256)
        << "the catalogue's names are its own";
}

}  // namespace
}  // namespace ops

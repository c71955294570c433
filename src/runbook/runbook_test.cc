#include "runbook/runbook.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ops {
namespace {

const Settings& company() {
    static const Settings kSettings = [] {
        Problems problems;
        Settings settings = read_settings_leniently({{"ops-agent.yaml", R"(
hosts:
  - {name: alien, local: true}
  - {name: pc, ssh: pc}
services:
  - {name: api, host: alien, check: {http: "http://127.0.0.1/"}, restart: systemctl restart api}
  - name: worker_{1..3}
    group: worker
    host: pc
    check: {supervisor: "worker_{n}"}
    heartbeat: {every: 1m}
    restart: ssh pc 'supervisorctl restart worker_{name}'
  - {name: "mail-{in,out}", group: mail-relay, check: {systemd: "mail-{name}"}}
signals:
  - {name: revenue, stripe: {key_file: k}}
  - {name: queue, command: ./queue}
facts: {queue_lag: duration}
events: [cart_error]
caches: {page: "redis-cli FLUSHDB"}
)"}},
                                                    {}, problems);
        EXPECT_EQ(problems.print(), "");
        return settings;
    }();
    return kSettings;
}

Runbook read(const std::string& text) {
    Problems problems;
    std::optional<Runbook> runbook = read_runbook({"runbook.yaml", text}, company(), problems);
    EXPECT_TRUE(runbook.has_value()) << problems.print();
    return runbook.value_or(Runbook{});
}

Entry entry(const std::string& body) {
    Runbook runbook = read("common_issues:\n  - name: a\n" + body);
    return runbook.entries.empty() ? Entry{} : runbook.entries[0];
}

// With one command that does something, and the given symptoms.
Entry with_symptoms(const std::string& symptoms) {
    return entry("    symptoms: " + symptoms + "\n    auto_resolve: [{restart: }, {verify: up}]\n");
}

TEST(Entry, HasDefaults) {
    const Entry one = with_symptoms("[process_status == \"dead\"]");
    EXPECT_FALSE(one.any);
    EXPECT_EQ(one.hold, Duration::zero());
    EXPECT_EQ(one.risk, Risk::low);
    EXPECT_FALSE(one.risk_given);
    EXPECT_EQ(one.effect, Effect::idempotent);
    EXPECT_EQ(one.autonomy, Autonomy::automatic);
    EXPECT_EQ(one.escalate, EscalateWhen::on_failure);
    EXPECT_FALSE(one.level.has_value());
    EXPECT_FALSE(one.max_per_hour || one.max_per_day || one.retries);
    EXPECT_TRUE(one.enabled);
    EXPECT_FALSE(one.learned);
    EXPECT_FALSE(one.alerts());
}

// Nobody is asked about a low risk: what comes after the steps counts as they do.
TEST(Entry, RisksWhatUndoesAndVerifiesIt) {
    const std::string head = "    symptoms: [up]\n    auto_resolve:\n      - {restart: ";
    const auto risk = [&](const std::string& rest) { return entry(head + rest).risk; };
    EXPECT_EQ(risk("}\n      - {verify: up}\n"), Risk::low);
    EXPECT_EQ(risk(", undo: rm -rf /srv/x}\n      - {verify: up}\n"), Risk::destructive);
    EXPECT_EQ(risk("}\n      - {verify: up}\n    undo: [ls, systemctl stop api]\n"), Risk::high);
    EXPECT_EQ(risk("}\n      - {verify: {command: systemctl stop api}, effect: read}\n"),
              Risk::high);
    EXPECT_EQ(risk("}\n      - {collect: rm -rf /srv/x, effect: read}\n      - {verify: up}\n"),
              Risk::destructive);
    EXPECT_EQ(risk("}\n      - {verify: {command: /opt/smoke-test}}\n"), Risk::low)
        << "what nobody knows is believed to look";
}

TEST(Entry, TakesEveryKey) {
    const Entry one = entry(R"(
    symptoms: [up, latency > 5s]
    any: true
    for: 2m
    risk: high
    effect: once
    autonomy: shadow
    escalate: always
    level: critical
    cooldown: 1h
    max_per_hour: 2
    max_per_day: 9
    retries: 1
    owner: ops
    url: http://wiki/a
    enabled: false
    common_cause: true
    undo: [systemctl start api, {command: "a | b", shell: true}]
    auto_resolve:
      - {command: "/opt/fix {service}", timeout: 5m, as: ops, continue_on_error: true, undo: "/opt/unfix"}
      - alert: "{service} was fixed"
      - {verify: "check {service}", timeout: 90s}
)");
    EXPECT_TRUE(one.any);
    EXPECT_EQ(one.hold, std::chrono::minutes(2));
    EXPECT_EQ(one.risk, Risk::high);
    EXPECT_EQ(one.effect, Effect::once);
    EXPECT_EQ(one.autonomy, Autonomy::shadow);
    EXPECT_EQ(one.escalate, EscalateWhen::always);
    EXPECT_EQ(one.level, Level::critical);
    EXPECT_EQ(one.cooldown, std::chrono::hours(1));
    EXPECT_EQ(one.max_per_hour, 2);
    EXPECT_EQ(one.max_per_day, 9);
    EXPECT_EQ(one.retries, 1);
    EXPECT_EQ(one.owner, "ops");
    EXPECT_EQ(one.url, "http://wiki/a");
    EXPECT_FALSE(one.enabled);
    EXPECT_TRUE(one.common_cause);
    EXPECT_TRUE(one.alerts());
    ASSERT_EQ(one.undo.size(), 2U);
    EXPECT_TRUE(one.undo[1].shell);
    ASSERT_EQ(one.steps.size(), 3U);
    EXPECT_EQ(one.steps[0].timeout, std::chrono::minutes(5));
    EXPECT_EQ(one.steps[0].as_user, "ops");
    EXPECT_TRUE(one.steps[0].continue_on_error);
    EXPECT_EQ(one.steps[0].undo.size(), 1U);
    EXPECT_EQ(one.steps[2].verification.timeout, std::chrono::seconds(90));
}

TEST(Steps, OfEveryKindAreUnderstood) {
    const Entry one = entry(R"(
    symptoms: [group == "worker"]
    auto_resolve:
      - command: "ls 'a b'"
      - wait: 1m30s
      - verify: up
      - alert_if: latency > 1s
      - restart: api
      - restart:
      - restart: "{service}"
      - clear_cache: docker
      - clear_cache: page
      - rotate_logs: nginx
      - http: {method: PUT, url: "http://127.0.0.1/{name}", body: x}
      - alert: done
      - collect: [ps aux, ssh pc 'df -h']
)");
    using Kind = Step::Kind;
    const std::vector<Kind> kinds = {
        Kind::command, Kind::wait,    Kind::verify,      Kind::alert_if,    Kind::restart,
        Kind::restart, Kind::restart, Kind::clear_cache, Kind::clear_cache, Kind::rotate_logs,
        Kind::http,    Kind::alert,   Kind::collect};
    ASSERT_EQ(one.steps.size(), kinds.size());
    for (size_t i = 0; i < kinds.size(); ++i) EXPECT_EQ(one.steps[i].kind, kinds[i]) << i;
    using Words = std::vector<std::string>;
    EXPECT_EQ(one.steps[0].command.words, (Words{"ls", "a b"}));
    EXPECT_EQ(one.steps[1].wait, std::chrono::seconds(90));
    EXPECT_EQ(one.steps[4].service, "api");
    EXPECT_EQ(one.steps[4].command.words, (Words{"systemctl", "restart", "api"}));
    EXPECT_TRUE(one.steps[5].command.restart_target);
    EXPECT_TRUE(one.steps[6].command.restart_target);
    EXPECT_EQ(one.steps[7].command.words, (Words{"docker", "system", "prune", "-f"}));
    EXPECT_EQ(one.steps[7].command.host, "{host}") << "where the target is";
    EXPECT_EQ(one.steps[8].command.words, (Words{"redis-cli", "FLUSHDB"}));
    EXPECT_EQ(one.steps[8].command.host, "") << "as the operator wrote it";
    EXPECT_EQ(one.steps[9].command.words,
              (Words{"logrotate", "--force", "/etc/logrotate.d/nginx"}));
    EXPECT_EQ(one.steps[10].effect, Effect::idempotent);
    EXPECT_EQ(one.steps[10].http_body, "x");
    ASSERT_EQ(one.steps[12].collect.size(), 2U);
    EXPECT_EQ(one.steps[12].collect[1].host, "pc");
    const std::vector<bool> acts = {true, false, false, false, true,  true, true,
                                    true, true,  true,  true,  false, false};
    for (size_t i = 0; i < acts.size(); ++i) EXPECT_EQ(one.steps[i].has_effect(), acts[i]) << i;
}

TEST(Verification, ReadsItsSentences) {
    using Kind = Verification::Kind;
    struct Row {
        std::string text;
        Kind kind;
        std::string_view why;
    };
    const std::vector<Row> rows = {
        {"check worker heartbeat", Kind::heartbeat, "the group has heartbeats"},
        {"check worker_2 heartbeat", Kind::heartbeat, "so has its member"},
        {"check api heartbeat", Kind::checks, "this service has none"},
        {"check heartbeat", Kind::heartbeat, "nobody named, and some have"},
        {"check the disk", Kind::checks, "any other thing"},
        {"curl health endpoint", Kind::http, "the target's own"},
        {"up", Kind::expression, "an expression"},
        {"disk_usage < 90%", Kind::expression, "an expression"},
        {"{command: ls -l}", Kind::command, "a command"},
        {"{expression: up, timeout: 2m}", Kind::expression, "an expression with a limit"},
    };
    for (const Row& row : rows) {
        const Entry one = entry(
            "    symptoms: [up]\n    auto_resolve: [{restart: }, {verify: " + row.text + "}]\n");
        ASSERT_EQ(one.steps.size(), 2U) << row.text;
        EXPECT_EQ(one.steps[1].verification.kind, row.kind) << row.text << ": " << row.why;
    }
}

TEST(EntryHash, FollowsWhatIsMeantAndNotHowItIsWritten) {
    const std::string body =
        "    symptoms: [up, latency > 5s]\n    auto_resolve: [{command: \"ls  a\"}, {verify: "
        "up}]\n";
    const std::string one = entry(body).sha256;
    EXPECT_EQ(one.size(), 64U);
    EXPECT_EQ(one, entry("    # a comment\n    owner: somebody\n" + body).sha256);
    EXPECT_EQ(one, entry("    symptoms:\n      - up\n      - latency  >  5 seconds\n"
                         "    auto_resolve:\n      - command: \"ls  a\"\n      - verify: up\n")
                       .sha256);
    for (const std::string_view more :
         {"    any: true\n", "    risk: high\n", "    autonomy: ask\n", "    for: 1m\n",
          "    retries: 1\n", "    undo: ls\n"}) {
        EXPECT_NE(one, entry(std::string(more) + body).sha256) << more;
    }
    for (const std::string_view other :
         {"{command: \"ls b\"}, {verify: up}", "{command: \"ls a\", timeout: 5s}, {verify: up}",
          "{command: \"ls a\", as: ops}, {verify: up}",
          "{command: \"ssh pc 'ls a'\"}, {verify: up}", "{command: \"ls a\"}, {verify: not up}",
          "{command: \"ls a\", shell: true}, {verify: up}"}) {
        EXPECT_NE(one, entry("    symptoms: [up, latency > 5s]\n    auto_resolve: [" +
                             std::string(other) + "]\n")
                           .sha256)
            << other;
    }
}

TEST(MayMatch, AsksWhetherTheFactsExist) {
    struct Row {
        std::string symptoms;
        std::vector<std::string> targets;  // of all that there are
        std::string_view why;
    };
    const std::vector<Row> rows = {
        {"[disk_usage > 90%]", {"alien", "pc"}, "of hosts only"},
        {"[memory_usage > 90%]", {"alien", "pc", "api", "worker_1", "mail-in"}, "of both"},
        {"[process_status == \"dead\"]", {"api", "worker_1", "mail-in"}, "of services"},
        {"[worker_process_status == \"dead\"]", {"worker_1"}, "of one group"},
        {"[mail_relay_up == false]", {"mail-in"}, "a group's name as a word"},
        {"[revenue_mrr < 10]", {"revenue", "queue"}, "of signals"},
        {"[service == \"api\", memory_usage > 90%]", {"api"}, "by its name"},
        {"[service != \"api\", memory_usage > 90%]",
         {"alien", "pc", "worker_1", "mail-in"},
         "by another's"},
        {"[host == \"pc\", memory_usage > 90%]", {"pc", "worker_1"}, "by its host"},
        {"['service in [\"api\", \"worker_1\"]']", {"api", "worker_1"}, "one of a list"},
        {"['memory_usage > 90% and group == \"worker\"']", {"worker_1"}, "inside an expression"},
        {"['service == \"api\" or swap_usage > 50%']",
         {"alien", "pc", "api", "worker_1", "mail-in", "revenue", "queue"},
         "a choice is not looked into: better asked in vain than never"},
        {"[service == \"api\", disk_usage > 90%]", {"api"}, "its host's disk"},
        {"[queue_lag > 5m]",
         {"alien", "pc", "api", "worker_1", "mail-in", "revenue", "queue"},
         "pushed facts may be of anything"},
        {"['count(crash, 1h) > 3', group == \"worker\"]", {"worker_1"}, "events decide nothing"},
        {"[security_incident]",
         {"alien", "pc", "api", "worker_1", "mail-in", "revenue", "queue"},
         "whoever reports it"},
    };
    for (const Row& row : rows) {
        const Entry one = with_symptoms(row.symptoms);
        for (const std::string target :
             {"alien", "pc", "api", "worker_1", "mail-in", "revenue", "queue"}) {
            const bool wanted =
                std::find(row.targets.begin(), row.targets.end(), target) != row.targets.end();
            EXPECT_EQ(may_match(one, target, company().inventory), wanted)
                << row.symptoms << " on " << target << ": " << row.why;
        }
    }
}

TEST(MayMatch, NamingAGroupsFactMeansThatGroupOnly) {
    const Entry one = entry(
        "    any: true\n    symptoms: ['worker_process_status == \"dead\"', last_heartbeat > 5m]\n"
        "    auto_resolve: [{wait: 1}]\n");
    EXPECT_TRUE(may_match(one, "worker_1", company().inventory));
    EXPECT_FALSE(may_match(one, "api", company().inventory)) << "its heartbeat is not a worker's";
    EXPECT_FALSE(may_match(one, "mail-in", company().inventory)) << "of another group";
}

TEST(MayMatch, AnySymptomIsEnoughWhereTheEntrySaysSo) {
    const Entry one = entry(
        "    any: true\n    symptoms: [disk_usage > 90%, service == \"api\"]\n"
        "    auto_resolve: [{wait: 1}]\n");
    EXPECT_TRUE(may_match(one, "pc", company().inventory));
    EXPECT_TRUE(may_match(one, "api", company().inventory));
    EXPECT_FALSE(may_match(one, "revenue", company().inventory));
}

TEST(CommonCause, IsAHostAParentOrASupervisor) {
    EXPECT_TRUE(with_symptoms("[disk_usage > 90%]").common_cause);
    EXPECT_FALSE(with_symptoms("[process_status == \"dead\"]").common_cause);
    EXPECT_TRUE(entry("    symptoms: [process_status == \"dead\"]\n"
                      "    auto_resolve: [{command: systemctl restart supervisor}, {verify: up}]\n")
                    .common_cause);
    EXPECT_FALSE(entry("    symptoms: [disk_usage > 90%]\n    common_cause: false\n"
                       "    auto_resolve: [{clear_cache: docker}, {verify: disk_usage < 90%}]\n")
                     .common_cause);
}

TEST(Criteria, AreTheFoundersUnlessTheFileSaysOtherwise) {
    const Runbook built_in = read("");
    std::string all;
    for (const Criterion& one : built_in.criteria) {
        all += one.name + ": " + (one.when ? one.when->text() : "-") + ": " +
               std::string(name_of(one.level)) + "\n";
    }
    EXPECT_EQ(all,
              "Revenue drop: drop(revenue_mrr, 1h) > 20%: critical\n"
              "App rejected: review_state in [\"REJECTED\", \"METADATA_REJECTED\", "
              "\"INVALID_BINARY\"]: critical\n"
              "Security incident: security_incident: critical\n"
              "Service down: down_for > 10 minutes: alert\n"
              "Not quite well: degraded_for > 10 minutes: warning\n"
              "Disk nearly full: disk_usage > 95%: warning\n"
              "Worker crash loop: count(crash, 1h) > 3: warning\n"
              "Unknown error pattern: new_error_pattern: log\n"
              "Repair failed or gave up: -: alert\n");
    const Runbook changed = read(R"(
escalation:
  - {name: Disk nearly full, when: disk_usage > 97%, level: alert}
  - {name: Worker crash loop, enabled: false}
  - {name: Repair failed or gave up, level: critical}
  - {name: Carts, when: "count(cart_error, 5m) > 0", level: warning}
)");
    ASSERT_EQ(changed.criteria.size(), 9U);
    EXPECT_EQ(changed.criteria[5].when->text(), "disk_usage > 97%");
    EXPECT_EQ(changed.criteria[5].level, Level::alert);
    EXPECT_EQ(changed.criteria[6].name, "Unknown error pattern");
    EXPECT_EQ(changed.criteria[7].level, Level::critical);
    EXPECT_FALSE(changed.criteria[7].when.has_value());
    EXPECT_EQ(changed.criteria[8].name, "Carts");
}

TEST(TargetNames, KnowWhatTheLanguageMaySay) {
    const TargetNames names(company());
    struct Row {
        std::string_view name;
        std::optional<Type> type;
    };
    const std::vector<Row> rows = {
        {"memory_usage", Type::percentage},
        {"worker_last_heartbeat", Type::duration},
        {"mail_relay_up", Type::boolean},
        {"queue_lag", Type::duration},
        {"revenue_mrr", Type::number},
        {"queue", Type::unknown},
        {"queue_oldest", Type::unknown},
        {"worker_disk_usage", std::nullopt},
        {"worker", std::nullopt},
        {"nobody_up", std::nullopt},
        {"alert", Type::string},
        {"alert_label_severity", Type::string},
        {"alert_source", Type::string},
        {"alert_label_", std::nullopt},
        {"alert_name", std::nullopt},
    };
    for (const Row& row : rows) EXPECT_EQ(names.fact(row.name), row.type) << row.name;
    EXPECT_TRUE(names.event("crash") && names.event("deploy") && names.event("security"));
    EXPECT_TRUE(names.event("cart_error")) << "declared";
    EXPECT_FALSE(names.event("memory_usage"));
    const std::vector<std::string> all = names.all();
    for (const std::string_view name :
         {"worker_process_status", "queue_lag", "cart_error", "crash"}) {
        EXPECT_NE(std::find(all.begin(), all.end(), name), all.end()) << name;
    }
}

TEST(RunbookCases, GiveTypedFacts) {
    const Runbook runbook = read(R"(
common_issues:
  - name: none
    symptoms: [process_status == "dead"]
    auto_resolve: [{restart: }, {verify: up}]
tests:
  - name: a
    given: {service: api, memory_usage: 91.5%, last_heartbeat: 6m, rss: 3GB, up: false, restarts: 2, queue: 7, worker_up: true}
    expect: {entry: none, commands: [systemctl restart api]}
)");
    ASSERT_EQ(runbook.tests.size(), 1U);
    const RunbookTest& test = runbook.tests[0];
    EXPECT_EQ(test.entry, "none") << "an entry may be called so";
    std::string given;
    for (const Fact& fact : test.given) given += fact.name + "=" + fact.value.print() + " ";
    EXPECT_EQ(given,
              "service=\"api\" memory_usage=91.5% last_heartbeat=6m rss=3GB up=false restarts=2 "
              "queue=7 worker_up=true ");
}

}  // namespace
}  // namespace ops

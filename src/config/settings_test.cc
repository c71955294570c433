#include "config/settings.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ops {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::optional<std::string> environment(const std::string& name) {
    if (name == "SECRET") return "s3cret: [x]";
    return std::nullopt;
}

Settings read(const std::vector<ConfigText>& texts) {
    Problems problems;
    std::optional<Settings> settings = read_settings(texts, environment, problems);
    EXPECT_TRUE(settings.has_value()) << problems.print();
    return settings.value_or(Settings{});
}
Settings read(const std::string& text) { return read({{"ops-agent.yaml", text}}); }

std::vector<CheckSettings> checks_of(const Settings& settings, std::string_view target) {
    std::vector<CheckSettings> checks;
    std::copy_if(settings.checks.begin(), settings.checks.end(), std::back_inserter(checks),
                 [target](const CheckSettings& check) { return check.target == target; });
    return checks;
}

TEST(Settings, HaveDefaultsForEverything) {
    const Settings settings = read("agent:\n");
    EXPECT_EQ(settings.agent.name, "ops-agent");
    EXPECT_EQ(settings.agent.mode, Mode::automatic);
    EXPECT_EQ(settings.agent.data_dir, "./var");
    EXPECT_EQ(settings.agent.listen, "127.0.0.1:8321");
    EXPECT_EQ(settings.agent.runbook, "runbook.yaml");
    EXPECT_EQ(settings.limits.attempts, 3);
    EXPECT_EQ(settings.limits.group_share_percent, 50);
    EXPECT_EQ(settings.limits.http_body, 1024 * 1024);
    EXPECT_EQ(settings.limits.llm_tokens, 20'000);
    // This machine is looked after also when nobody wrote it down.
    ASSERT_EQ(settings.inventory.hosts.size(), 1U);
    EXPECT_TRUE(settings.inventory.hosts[0].local);
    EXPECT_EQ(settings.inventory.hosts[0].name, "ops-agent");
    ASSERT_EQ(settings.checks.size(), 2U);
    EXPECT_EQ(settings.checks[0].check["host"].text, "disks");
    EXPECT_EQ(settings.checks[0].interval, seconds(30));
    EXPECT_EQ(settings.checks[1].check["host"].text, "machine");
    EXPECT_EQ(settings.checks[1].interval, seconds(15));
    EXPECT_TRUE(settings.checks[0].host_check && settings.checks[1].host_check);
}

TEST(Settings, AreAllReadFromTheirKeys) {
    const Settings settings = read(R"(
agent:
  name: box
  mode: observe
  data_dir: /var/lib/ops
  listen: "[::1]:0"
  runbook: book.yaml
  time_zone: Europe/Berlin
  password_file: ui.password
  push_token_file: push.token
  uplink: ["1.1.1.1:53", "http://example.com"]
  keep: {raw: 1h, minutes: 2d, hours: 3w, incidents: 4w}
  executor_socket: /run/ops.sock
  prober_socket: /run/look.sock
limits:
  attempts: 2
  backoff_first: 5s
  backoff_most: 1m
  attempts_reset: 2m
  actions_per_hour: 6
  actions_per_day: 12
  group_share: 25%
  group_window: 3m
  mass_failure_least: 4
  mass_failure_share: 60%
  mass_failure_window: 90s
  approval_valid: 20m
  soak: 10s
  soak_checks: 3
  verify_timeout: 2m
  step_timeout: 30s
  inbox: 128
  workers: 2
  output: 4KiB
  http_body: 2MB
  http_timeout: 3s
  http_redirects: 0
  llm_calls: 1
  llm_tokens: 100
  evidence_looks: 2
)");
    EXPECT_EQ(settings.agent.mode, Mode::observe);
    EXPECT_EQ(settings.agent.listen, "[::1]:0");
    EXPECT_EQ(settings.agent.runbook, "book.yaml");
    EXPECT_EQ(settings.agent.time_zone, "Europe/Berlin");
    EXPECT_EQ(settings.agent.push_token_file, "push.token");
    EXPECT_EQ(settings.agent.uplink.size(), 2U);
    EXPECT_EQ(settings.agent.keep_raw, hours(1));
    EXPECT_EQ(settings.agent.keep_minutes, hours(48));
    EXPECT_EQ(settings.agent.keep_hours, hours(3 * 7 * 24));
    EXPECT_EQ(settings.agent.keep_incidents, hours(4 * 7 * 24));
    EXPECT_EQ(settings.agent.executor_socket, "/run/ops.sock");
    EXPECT_EQ(settings.agent.prober_socket, "/run/look.sock");
    const Limits& limits = settings.limits;
    EXPECT_EQ(limits.attempts, 2);
    EXPECT_EQ(limits.backoff_first, seconds(5));
    EXPECT_EQ(limits.backoff_most, minutes(1));
    EXPECT_EQ(limits.attempts_reset, minutes(2));
    EXPECT_EQ(limits.actions_per_hour, 6);
    EXPECT_EQ(limits.actions_per_day, 12);
    EXPECT_EQ(limits.group_share_percent, 25);
    EXPECT_EQ(limits.group_window, minutes(3));
    EXPECT_EQ(limits.mass_failure_least, 4);
    EXPECT_EQ(limits.mass_failure_percent, 60);
    EXPECT_EQ(limits.mass_failure_window, seconds(90));
    EXPECT_EQ(limits.approval_valid, minutes(20));
    EXPECT_EQ(limits.soak, seconds(10));
    EXPECT_EQ(limits.soak_checks, 3);
    EXPECT_EQ(limits.verify_timeout, minutes(2));
    EXPECT_EQ(limits.step_timeout, seconds(30));
    EXPECT_EQ(limits.inbox, 128);
    EXPECT_EQ(limits.workers, 2);
    EXPECT_EQ(limits.output, 4096);
    EXPECT_EQ(limits.http_body, 2'000'000);
    EXPECT_EQ(limits.http_timeout, seconds(3));
    EXPECT_EQ(limits.http_redirects, 0);
    EXPECT_EQ(limits.llm_calls, 1);
    EXPECT_EQ(limits.llm_tokens, 100);
    EXPECT_EQ(limits.evidence_looks, 2);
}

TEST(Settings, GiveEachCheckItsOwnSchedule) {
    const Settings settings = read(R"(
services:
  - name: api
    interval: 20s
    failures: 3
    timeout: 2s
    check:
      - {http: "http://127.0.0.1/{service}", timeout: 7s}
      - {tcp: "127.0.0.1:80", interval: 1m, failures: 1, recoveries: 4}
hosts:
  - {name: pc, ssh: ops@pc, interval: 1m}
signals:
  - {name: signups, command: ./count, every: 10m, timeout: 1m}
)");
    const auto api = checks_of(settings, "api");
    ASSERT_EQ(api.size(), 2U);
    EXPECT_EQ(api[0].interval, seconds(20));
    EXPECT_EQ(api[0].timeout, seconds(7));
    EXPECT_EQ(api[0].failures, 3);
    EXPECT_EQ(api[0].check.members.size(), 1U) << "only what the kind of check must know";
    EXPECT_EQ(api[0].check["http"].text, "http://127.0.0.1/api");
    EXPECT_EQ(api[1].interval, minutes(1));
    EXPECT_EQ(api[1].timeout, seconds(2));
    EXPECT_EQ(api[1].failures, 1);
    EXPECT_EQ(api[1].recoveries, 4);
    const auto pc = checks_of(settings, "pc");
    ASSERT_EQ(pc.size(), 2U);
    EXPECT_EQ(pc[1].interval, minutes(1)) << "given, it counts for both";
    EXPECT_EQ(pc[1].timeout, seconds(10)) << "a new ssh connection takes its time";
    const auto signups = checks_of(settings, "signups");
    ASSERT_EQ(signups.size(), 1U);
    EXPECT_TRUE(signups[0].signal);
    EXPECT_EQ(signups[0].interval, minutes(10));
    EXPECT_EQ(signups[0].timeout, minutes(1));
}

TEST(Settings, TheTimeOfAnHttpAnswerIsALimitUntilATimeoutIsWritten) {
    const Settings settings = read(R"(
limits: {http_timeout: 3s}
services:
  - {name: plain, check: [{http: "http://h/"}, {http: {url: "http://h/"}}, {tcp: "h:1"}]}
  - {name: own, timeout: 2s, check: [{http: "http://h/"}, {tcp: "h:1"}]}
hosts:
  - {name: pc, ssh: ops@pc, check: {http: "http://pc/"}}
)");
    const auto timeout = [&](std::string_view target, size_t index) {
        return checks_of(settings, target).at(index).timeout;
    };
    EXPECT_EQ(timeout("plain", 0), seconds(3));
    EXPECT_EQ(timeout("plain", 1), seconds(3));
    EXPECT_EQ(timeout("plain", 2), seconds(5)) << "no HTTP";
    EXPECT_EQ(timeout("own", 0), seconds(2));
    EXPECT_EQ(timeout("own", 1), seconds(2));
    EXPECT_EQ(timeout("pc", 2), seconds(3));
    const Settings usual = read("services: [{name: web, check: {http: 'http://h/'}}]");
    EXPECT_EQ(checks_of(usual, "web").at(0).timeout, seconds(10));
}

TEST(Settings, ExpandRangesWithTheirPlaceholders) {
    const Settings settings = read(R"(
hosts: [{name: box, local: true}]
services:
  - name: w_{08..10}
    group: w
    host: box
    check: {command: "look {n} {name} {service} {host} {group} {other}"}
    depends_on: ["db_{n}"]
  - {name: "db_{8..10}", check: {systemd: db}}
  - {name: w_extra, group: w, check: {systemd: "{name}"}}
  - {name: w_11, group: w, check: {systemd: "{n}"}}
)");
    const Service* const nine = settings.inventory.find_service("w_09");
    ASSERT_NE(nine, nullptr);
    EXPECT_EQ(nine->own_name, "09");
    EXPECT_EQ(nine->number, 9);
    EXPECT_EQ(nine->depends_on, std::vector<std::string>{"db_9"});
    EXPECT_EQ(checks_of(settings, "w_09")[0].check["command"].text, "look 9 09 w_09 box w {other}");
    // Written one by one, a member's own name is what follows that of its group.
    EXPECT_EQ(settings.inventory.find_service("w_extra")->own_name, "extra");
    EXPECT_EQ(checks_of(settings, "w_extra")[0].check["systemd"].text, "extra");
    EXPECT_EQ(settings.inventory.find_service("w_11")->number, 11);
    EXPECT_EQ(checks_of(settings, "w_11")[0].check["systemd"].text, "11");
    EXPECT_EQ(settings.inventory.members_of("w").size(), 5U);
}

TEST(Settings, MergeFiles) {
    const Settings settings = read(
        {{"ops-agent.yaml", "agent: {name: box}\nservices:\n  - {name: a, check: {systemd: a}}\n"},
         {"conf.d/a.yaml", "agent: {mode: ask}\nservices:\n  - {name: b, check: {systemd: b}}\n"},
         {"conf.d/b.yaml", ""},
         {"conf.d/c.yaml", "limits: {attempts: 1}\n"}});
    EXPECT_EQ(settings.file, "ops-agent.yaml");
    EXPECT_EQ(settings.agent.name, "box");
    EXPECT_EQ(settings.agent.mode, Mode::ask);
    EXPECT_EQ(settings.inventory.services.size(), 2U);
    EXPECT_EQ(settings.limits.attempts, 1);
}

TEST(Settings, OfFilesThatAllAreEmptyAreRefused) {
    for (const std::string text : {"", "# services: later\n", "---\n"}) {
        Problems problems;
        EXPECT_FALSE(read_settings({{"a.yaml", text}, {"b.yaml", ""}}, environment, problems));
        EXPECT_EQ(problems.print(),
                  "a.yaml:1:1: error: is empty, and nothing would be watched: a configuration is a "
                  "map of sections such as 'services:'\n");
    }
}

TEST(Settings, TakeTheEnvironmentAsTextOnly) {
    // What is in a variable can be no YAML: it is filled in after the file was read.
    const Settings settings = read(
        "agent: {time_zone: \"a-${SECRET}-$$-$x\"}\nbrain: {url: \"http://b/\", token: "
        "\"${SECRET}\"}\n");
    EXPECT_EQ(settings.agent.time_zone, "a-s3cret: [x]-$-$x");
    EXPECT_TRUE(settings.brain["token"].from_environment);
    EXPECT_EQ(settings.brain["token"].describe(), "the value from the environment");
}

TEST(Settings, SayOfBrokenTextThatItIsBrokenAndNoMore) {
    for (const std::string& name :
         {std::string("al\0ien", 6), std::string("al\xff\xfeien"), std::string("\"\x01x\"")}) {
        Problems problems;
        (void)read_settings({{"f", "agent: {name: " + name + "}"}}, environment, problems);
        EXPECT_EQ(problems.all().size(), 1U) << problems.print();
    }
}

TEST(Settings, BoundWhatTheRecordsAndTheClockCanTake) {
    Problems problems;
    const std::string name(129, 'w');
    (void)read_settings({{"f", "services: [{name: " + name +
                                   ", check: {tcp: \"a:1\"}, interval: 9223372036854775807ms}]"}},
                        environment, problems);
    EXPECT_EQ(problems.print(),
              "f:1:181: error: 'interval' must be ten years at most\n"
              "f:1:19: error: the name '" +
                  name.substr(0, 61) + "...' is longer than 128 characters\n");
    EXPECT_EQ(read("agent: {name: " + name.substr(1) + "}").agent.name.size(), 128U);
}

TEST(Settings, HashEveryByteRead) {
    const std::string one = read("agent: {name: box}\n").sha256;
    EXPECT_EQ(one, read("agent: {name: box}\n").sha256);
    EXPECT_NE(one, read("agent: {name: box}\n#\n").sha256);
    EXPECT_NE(one,
              read({{"ops-agent.yaml", "agent: {name: box}\n"}, {"conf.d/a.yaml", ""}}).sha256);
}

TEST(Settings, DeclareTheFactsOfSignals) {
    const Settings settings = read(R"(
facts: {queue_lag: duration}
signals:
  - {name: revenue, stripe: {key_file: k}}
  - {name: app-review, app_store: {app_id: "1"}}
  - {name: queue-depth, prometheus: {url: "http://127.0.0.1:9090", query: q}, facts: {oldest: duration}}
events: [cart_error]
)");
    using Fact = std::pair<std::string, std::string>;
    const std::vector<Fact> wanted = {{"queue_lag", "duration"},
                                      {"revenue_mrr", "number"},
                                      {"revenue_hourly", "number"},
                                      {"revenue_subscriptions", "number"},
                                      {"revenue_charges_hourly", "number"},
                                      {"revenue_failed_hourly", "number"},
                                      {"revenue_uncounted", "number"},
                                      {"review_state", "string"},
                                      {"app_review_version", "string"},
                                      {"app_review_submission", "string"},
                                      {"oldest", "duration"},
                                      {"queue_depth", ""}};
    EXPECT_EQ(settings.declared_facts, wanted);
    EXPECT_EQ(settings.events, std::vector<std::string>{"cart_error"});
}

TEST(Settings, SayWhereTheAgentIsInSpiteOfWhatIsWrongElsewhere) {
    struct Row {
        const char* text;
        const char* listen;  // null: cannot be read
        const char* data_dir;
        const char* why;
    };
    const auto rows = std::to_array<Row>({
        {"agent: {listen: \"127.0.0.1:9\", data_dir: /d, mode: sometimes}\nservices: 5\n",
         "127.0.0.1:9", "/d", "wrong values beside them"},
        {"agent:\n  listen: 127.0.0.1:9\n  name \"box\n  data_dir: /d\nhosts:\n  - {name: [}\n",
         "127.0.0.1:9", "/d", "lines that are no YAML"},
        {"agent: {listen: \"127.0.0.1:9\", data_dir: /d, name: \"${UNSET}\"}\n", "127.0.0.1:9",
         "/d", "variables that nobody needs here"},
        {"agent: {listen: \"0.0.0.0:9\", password_file: p}\n", "0.0.0.0:9", "./var", "for others"},
        {"services: [{name: web, chek: {}}]\n", "127.0.0.1:8321", "./var", "by default"},
        {"agent: {listen: nowhere, data_dir: /d}\n", nullptr, nullptr, "no address"},
        {"agent: {listen: \"${UNSET}\"}\n", nullptr, nullptr, "not known"},
        {"agent: {data_dir: [a, b]}\n", nullptr, nullptr, "a list"},
        {"agent: none\n", nullptr, nullptr, "no map"},
        {"a shopping list\n", nullptr, nullptr, "no configuration"},
    });
    for (const Row& row : rows) {
        Problems problems;
        const auto agent = read_whereabouts(
            {{"a.yaml", row.text}}, [](const std::string&) { return std::optional<std::string>(); },
            problems);
        ASSERT_EQ(agent.has_value(), row.listen != nullptr) << row.why << problems.print();
        EXPECT_EQ(problems.has_errors(), !agent.has_value()) << row.why;
        if (!agent) continue;
        EXPECT_EQ(agent->listen, row.listen) << row.why;
        EXPECT_EQ(agent->data_dir, row.data_dir) << row.why;
    }
}

TEST(Settings, ExpandAGroupThatOthersDependOn) {
    const Settings settings = read(R"(
services:
  - {name: "db_{1..2}", group: db, check: {systemd: db}}
  - {name: api, check: {systemd: api}, depends_on: db}
)");
    EXPECT_EQ(settings.inventory.parents_of("api"), (std::vector<std::string>{"db_1", "db_2"}));
}

}  // namespace
}  // namespace ops

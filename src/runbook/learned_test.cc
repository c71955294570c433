#include "runbook/learned.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "runbook/builtin.h"

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
  - {name: web, host: alien, check: {http: "http://127.0.0.1/"}}
  - name: worker_{1..3}
    group: worker
    host: pc
    check: {supervisor: "worker_{n}"}
    restart: ssh pc 'supervisorctl restart worker_{name}'
facts: {queue_depth: number}
caches: {page: "systemctl reload varnish"}
)"}},
                                                    {}, problems);
        EXPECT_EQ(problems.print(), "");
        return settings;
    }();
    return kSettings;
}

const Runbook& own() {
    static const Runbook kRunbook = [] {
        Problems problems;
        std::optional<Runbook> runbook = read_runbook({"runbook.yaml", R"(
common_issues:
  - name: page cache
    symptoms: [service == "web", memory_usage > 90%]
    cooldown: 10m
    risk: high
    undo: ["systemctl start web"]
    auto_resolve:
      - command: "systemctl reload web"
        timeout: 20s
      - clear_cache: page
      - wait: 5
      - verify: "curl health endpoint"
  - name: asked
    symptoms: [service == "api", http_status == 500]
    autonomy: ask
    max_per_day: 2
    auto_resolve:
      - command: "systemctl reload api"
  - name: watched
    symptoms: [service == "api", http_status == 501]
    autonomy: shadow
    auto_resolve:
      - command: "systemctl kill api"
  - name: switched off
    symptoms: [service == "api", http_status == 502]
    enabled: false
    auto_resolve:
      - command: "systemctl stop api"
  - name: wipe
    symptoms: [service == "web", http_status == 503]
    risk: destructive
    auto_resolve:
      - command: "mkfs /dev/web"
)"},
                                                      company(), problems);
        EXPECT_TRUE(runbook.has_value()) << problems.print();
        return runbook.value_or(Runbook{});
    }();
    return kRunbook;
}

std::string entry_text(const std::string& symptoms, const std::string& steps,
                       const std::string& more = "") {
    return "common_issues:\n  - name: taught\n    learned: true\n    autonomy: auto\n" + more +
           "    symptoms: [" + symptoms + "]\n    auto_resolve: [" + steps + "]\n";
}

LearnedEntries read(const std::string& text) {
    return read_learned({"runbook.learned.yaml", text}, own(), company());
}

// Whatever a learned entry comes to on a target, some entry of the operator comes to there, too,
// and as many people must agree to it.
void expect_no_new_power(const Entry& learned) {
    const Inventory& inventory = company().inventory;
    for (const char* const target :
         {"alien", "pc", "api", "web", "worker_1", "worker_2", "worker_3"}) {
        if (!may_match(learned, target, inventory)) continue;
        std::vector<Entry> others;
        for (const Entry& entry : own().entries) {
            if (may_match(entry, target, inventory) && entry.enabled) others.push_back(entry);
        }
        if (auto builtin = find_entry(own(), inventory, kBuiltinRestart, target)) {
            others.push_back(*builtin);
        }
        for (const Step& step : learned.steps) {
            if (step.command.words.empty() && !step.command.restart_target) continue;
            const auto line = fill_in(step.command, target, inventory);
            ASSERT_TRUE(line.ok());
            const bool known = std::any_of(others.begin(), others.end(), [&](const Entry& entry) {
                return entry.risk <= learned.risk && entry.autonomy >= learned.autonomy &&
                       std::any_of(entry.steps.begin(), entry.steps.end(), [&](const Step& one) {
                           const auto theirs = fill_in(one.command, target, inventory);
                           return theirs.ok() && theirs.value().argv == line.value().argv;
                       });
            });
            EXPECT_TRUE(known) << learned.name << " on " << target << ": " << line.value().text;
        }
    }
}

TEST(Learned, TakesOnlyWhatTheOperatorWroteForThatTarget) {
    struct Row {
        const char* why;
        std::string text;
        const char* refused;  // part of the reason; empty: in force
    };
    const std::string on_web = "service == \"web\", queue_depth > 5";
    const std::string on_api = "service == \"api\", queue_depth > 5";
    const Row rows[] = {
        {"a service's own restart", entry_text(on_api, "{restart: api}"), ""},
        {"each member's own restart",
         entry_text("group == \"worker\", cpu_usage > 80%", "{restart: }"), ""},
        {"steps of an entry about the same service",
         entry_text(on_web,
                    "{command: systemctl reload web, timeout: 20s}, {clear_cache: page}, "
                    "{wait: 5}, {verify: check web}"),
         ""},
        {"words that nobody wrote", entry_text(on_web, "{command: systemctl reload web --force}"),
         "has the step 'systemctl reload web --force'"},
        {"the same words as another user",
         entry_text(on_web, "{command: systemctl reload web, timeout: 20s, as: root}"),
         "has the step"},
        {"the same words with another time limit",
         entry_text(on_web, "{command: systemctl reload web, timeout: 2h}"), "has the step"},
        {"the same words through a shell",
         entry_text(on_web, "{command: systemctl reload web, timeout: 20s, shell: true}"),
         "has the step"},
        {"an undo of its own in a step",
         entry_text(on_web, "{command: systemctl reload web, timeout: 20s, undo: reboot}"),
         "has the step"},
        {"a step of another service's entry", entry_text(on_web, "{command: systemctl reload api}"),
         "about 'web' has the step"},
        {"another service's restart", entry_text(on_web, "{restart: api}"), "about 'web'"},
        {"wider than the entry that has the step: it would match api, too",
         entry_text("queue_depth > 5", "{command: systemctl reload web, timeout: 20s}"),
         "has the step"},
        {"a step of an entry that only watches",
         entry_text(on_api, "{command: systemctl kill api}"), "has the step"},
        {"a step of an entry that is off", entry_text(on_api, "{command: systemctl stop api}"),
         "has the step"},
        {"a destructive step", entry_text("service == \"web\"", "{command: mkfs /dev/web}"),
         "never destructive"},
        {"an undo that is not the operator's",
         entry_text(on_web, "{command: systemctl reload web, timeout: 20s}",
                    "    undo: [reboot]\n"),
         "'undo' is not that of the entry"},
        {"evidence that is a command of its own",
         entry_text(on_api, "{collect: [cat /etc/shadow]}, {restart: api}"), "has the step"},
        {"a verification that is a command of its own",
         entry_text(on_api, "{restart: api}, {verify: {command: cat /etc/shadow}}"),
         "has the step"},
        {"words to people", entry_text(on_api, "{restart: api}, {alert: all is well}"),
         "has the step"},
        {"any of its symptoms", entry_text(on_api, "{restart: api}", "    any: true\n"), "'any'"},
        {"nobody is told", entry_text(on_api, "{restart: api}", "    escalate: never\n"),
         "is told"},
        {"it is nothing", entry_text(on_api, "{restart: api}", "    level: none\n"), "is told"},
        {"it repairs nothing", entry_text(on_api, "{verify: check api}"), "repairs nothing"},
        {"a target that is not there", entry_text("service == \"nobody\"", "{restart: api}"),
         "never match"},
    };
    for (const Row& row : rows) {
        const LearnedEntries learned = read(row.text);
        const bool in_force = !learned.entries.empty();
        EXPECT_EQ(in_force, std::string(row.refused).empty())
            << row.why << (learned.refused.empty() ? "" : ": " + learned.refused[0].why);
        if (in_force) expect_no_new_power(learned.entries[0]);
        if (in_force || learned.refused.empty()) continue;
        EXPECT_NE(learned.refused[0].why.find(row.refused), std::string::npos)
            << row.why << ": " << learned.refused[0].why;
    }
}

TEST(Learned, IsMarkedAndSaysItsRungAndHasANameOfItsOwn) {
    const std::string good = entry_text("service == \"api\"", "{restart: api}");
    EXPECT_EQ(read(good).entries.size(), 1u);
    const auto why = [&](const std::string& from, const std::string& to) {
        const LearnedEntries learned = read(replace_all(good, from, to));
        return learned.refused.empty() ? std::string("nothing") : learned.refused[0].why;
    };
    EXPECT_NE(why("    learned: true\n", "").find("not marked"), std::string::npos);
    EXPECT_NE(why("    autonomy: auto\n", "").find("autonomy"), std::string::npos)
        << "left out it would be 'auto'";
    EXPECT_NE(why("taught", "page cache").find("has an entry of this name"), std::string::npos);
    EXPECT_NE(why("taught", "restart the service"), "nothing");
    EXPECT_NE(why("common_issues", "common_issue"), "nothing") << "a file that is wrong as a whole";
    EXPECT_TRUE(read("common_issues: []\n").refused.empty());
}

TEST(Learned, IsNoFreerThanWhatItBorrows) {
    const LearnedEntries on_web =
        read(entry_text("service == \"web\", queue_depth > 5",
                        "{command: systemctl reload web, timeout: 20s}", "    risk: low\n"));
    ASSERT_EQ(on_web.entries.size(), 1u);
    const Entry& web = on_web.entries[0];
    EXPECT_EQ(web.risk, Risk::high) << "the operator says so of the entry";
    EXPECT_EQ(web.cooldown, std::chrono::minutes(10));
    ASSERT_EQ(web.undo.size(), 1u);
    EXPECT_EQ(web.undo[0].text, "systemctl start web");
    EXPECT_EQ(web.retries, 0) << "one try";
    EXPECT_FALSE(web.common_cause);
    const LearnedEntries on_api =
        read(entry_text("service == \"api\"", "{command: systemctl reload api}"));
    ASSERT_EQ(on_api.entries.size(), 1u);
    EXPECT_EQ(on_api.entries[0].autonomy, Autonomy::ask) << "the file says auto";
    EXPECT_EQ(on_api.entries[0].max_per_day, 2);
}

TEST(Learned, IsKnownByAllItSaysButItsRung) {
    const std::string text = entry_text("service == \"api\"", "{restart: api}");
    const auto id = [](const std::string& one) { return learned_id(read(one).entries.at(0)); };
    EXPECT_EQ(id(text), id(replace_all(text, "auto\n", "shadow\n")));
    EXPECT_NE(id(text), id(replace_all(text, "== \"api\"", "== \"api\", queue_depth > 5")));
}

}  // namespace
}  // namespace ops

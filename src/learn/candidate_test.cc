#include "learn/candidate.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/text.h"
#include "learn/learned_file.h"

namespace ops {
namespace {

using std::chrono::hours;
const Time kStart = Time(hours(24 * 365 * 50));

const Settings& company() {
    static const Settings kSettings = [] {
        Problems problems;
        Settings settings = read_settings_leniently({{"ops-agent.yaml", R"(
hosts:
  - {name: alien, local: true}
  - {name: pc, ssh: pc}
services:
  - {name: importer, host: alien, check: {systemd: importer}, restart: systemctl restart importer}
  - {name: web, host: alien, check: {http: "http://127.0.0.1/"}}
  - name: worker_{1..3}
    group: worker
    host: pc
    check: {supervisor: "worker_{n}"}
    restart: ssh pc 'supervisorctl restart worker_{name}'
facts: {queue_depth: number, lag: duration}
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
    undo: ["systemctl start web"]
    auto_resolve:
      - command: "systemctl reload \"web\""
        timeout: 20s
        continue_on_error: true
      - clear_cache: page
      - wait: 5
      - verify: "curl health endpoint"
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

Episode episode(int number, const std::string& target, const std::string& did) {
    Episode one;
    one.incident = "inc-" + std::to_string(number);
    one.target = target;
    const Service* const service = company().inventory.find_service(target);
    one.group = service == nullptr ? "" : service->group;
    one.host = service == nullptr ? target : service->host;
    one.rule = "Queue stuck";
    one.opened_at = kStart + hours(number);
    one.resolved_at = one.opened_at + std::chrono::minutes(10);
    one.facts.set("queue_depth", Value::number(800 + number));
    one.facts.set("memory_usage", Value::percentage(40));
    one.by_person = true;
    one.deeds = deeds_in_note(did, known_deeds(target, own(), company().inventory));
    return one;
}

HealthyFacts good_times() {
    HealthyFacts healthy;
    healthy["queue_depth"] = {0, 90, 1000, {}};
    healthy["memory_usage"] = {20, 60, 1000, {}};
    return healthy;
}

std::string refusal(const std::vector<Episode>& pattern, const HealthyFacts& healthy) {
    const auto made = make_candidate(pattern, healthy, own(), company());
    return made.ok() ? "made: " + made.value().text : made.error().message;
}

TEST(Candidate, IsNoWiderThanWhatWasSeenAndTakesItsStepsOver) {
    const std::vector<Episode> pattern = {
        episode(1, "importer", "systemctl restart importer"),
        episode(2, "importer", "ran systemctl restart importer.")};
    const auto made = make_candidate(pattern, good_times(), own(), company());
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_EQ(made.value().text,
              "  # from inc-1, inc-2\n"
              "  # each time repaired by: systemctl restart importer\n"
              "  # steps of 'restart the service'\n"
              "  - name: \"importer: queue_depth > 400\"\n"
              "    learned: true\n"
              "    autonomy: shadow\n"
              "    risk: low\n"
              "    symptoms:\n"
              "      - \"service == \\\"importer\\\"\"\n"
              "      - \"queue_depth > 400\"\n"
              "    auto_resolve:\n"
              "      - restart: \"importer\"\n"
              "      - verify: \"check importer\"\n");
    EXPECT_EQ(made.value().incidents, (std::vector<std::string>{"inc-1", "inc-2"}));
    EXPECT_EQ(made.value().entry.autonomy, Autonomy::shadow);
    Problems problems;
    EXPECT_TRUE(read_runbook({"l", learned_file({made.value().text})}, company(), problems));
    EXPECT_EQ(problems.print(), "") << "lint finds nothing, not even a warning";
}

TEST(Candidate, TakesOverWaitsVerificationAndUndoOfTheEntryItBorrowsFrom) {
    const std::vector<Episode> pattern = {
        episode(1, "web", "systemctl reload \"web\", then clear the cache page"),
        episode(2, "web", "systemctl reload \"web\"; systemctl reload varnish")};
    const auto made = make_candidate(pattern, good_times(), own(), company());
    ASSERT_TRUE(made.ok()) << made.error().message;
    const Entry& entry = made.value().entry;
    ASSERT_EQ(entry.steps.size(), 4u) << made.value().text;
    EXPECT_EQ(entry.steps[0].timeout, std::chrono::seconds(20));
    EXPECT_TRUE(entry.steps[0].continue_on_error);
    EXPECT_EQ(entry.steps[1].kind, Step::Kind::clear_cache);
    EXPECT_EQ(entry.steps[3].verification.kind, Verification::Kind::http);
    ASSERT_EQ(entry.undo.size(), 1u);
    EXPECT_EQ(entry.undo[0].text, "systemctl start web");
}

TEST(Candidate, NamesThoseOfAGroupThatWereSeenAndTheGroupOnlyWhenAllWere) {
    std::vector<Episode> pattern;
    for (const char* const target : {"worker_1", "worker_3"}) {
        pattern.push_back(
            episode(static_cast<int>(pattern.size()), target, "restart " + std::string(target)));
    }
    auto made = make_candidate(pattern, good_times(), own(), company());
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_EQ(made.value().entry.symptoms[0].text(), "service in [\"worker_1\", \"worker_3\"]");
    EXPECT_FALSE(may_match(made.value().entry, "worker_2", company().inventory));
    pattern.push_back(episode(3, "worker_2", "restart worker_2"));
    made = make_candidate(pattern, good_times(), own(), company());
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_EQ(made.value().entry.symptoms[0].text(), "group == \"worker\"");
}

TEST(Candidate, IsNotMadeOfWhatGoodTimesHaveToo) {
    const std::vector<Episode> pattern = {episode(1, "importer", "restart importer"),
                                          episode(2, "importer", "restart importer")};
    HealthyFacts healthy = good_times();
    healthy["queue_depth"].most = 795;
    EXPECT_NE(refusal(pattern, healthy).find("no fact tells"), std::string::npos)
        << "801 is hardly more than 795";
    healthy["queue_depth"] = {0, 90, 3, {}};
    EXPECT_NE(refusal(pattern, healthy).find("no fact tells"), std::string::npos)
        << "three looks say nothing of good times";
    EXPECT_NE(refusal(pattern, {}).find("no fact tells"), std::string::npos);
}

TEST(Candidate, WritesWordsAndCodesAsTheyAre) {
    std::vector<Episode> pattern = {episode(1, "importer", "restart importer"),
                                    episode(2, "importer", "restart importer")};
    HealthyFacts healthy;
    healthy["http_status"] = {200, 204, 100, {}};
    healthy["process_status"].texts = {"\"running\""};
    for (Episode& one : pattern) {
        one.facts.set("http_status", Value::number(500));
        one.facts.set("process_status", Value::string("fatal"));
    }
    const auto made = make_candidate(pattern, healthy, own(), company());
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_EQ(made.value().entry.name,
              "importer: process_status == \"fatal\" and http_status == 500");
    pattern[1].facts.set("process_status", Value::string("dead"));
    const auto one = make_candidate(pattern, healthy, own(), company());
    ASSERT_TRUE(one.ok());
    EXPECT_EQ(one.value().entry.name, "importer: http_status == 500") << "what all of them had";
}

TEST(Candidate, CountsOnlyWhatAPersonDidAndNoEntryExplained) {
    const Episode good = episode(1, "importer", "restart importer");
    const auto count = [&](const std::function<void(Episode&)>& change) {
        Episode other = episode(2, "importer", "restart importer");
        change(other);
        const std::vector<Episode> past = {other};
        return pattern_of(good, past).size();
    };
    EXPECT_EQ(count([](Episode&) {}), 2u);
    EXPECT_EQ(count([](Episode& e) { e.explained = true; }), 1u);
    EXPECT_EQ(count([](Episode& e) { e.by_person = false; }), 1u);
    EXPECT_EQ(count([](Episode& e) { e.deeds.clear(); }), 1u);
    EXPECT_EQ(count([](Episode& e) { e.rule = "down"; }), 1u);
    EXPECT_EQ(count([](Episode& e) { e.target = "web"; }), 1u);
    EXPECT_EQ(count([](Episode& e) { e.provenance = Provenance::untrusted; }), 1u)
        << "anybody may have written it";
    EXPECT_EQ(count([](Episode& e) { e.provenance = Provenance::outside; }), 1u);
    EXPECT_EQ(count([](Episode& e) { e.signature = {"http_status=500"}; }), 1u);
    Episode untrusted = good;
    untrusted.provenance = Provenance::untrusted;
    EXPECT_TRUE(pattern_of(untrusted, std::vector<Episode>{good}).empty());
}

TEST(Deeds, AreFoundWordForWord) {
    const auto known = known_deeds("importer", own(), company().inventory);
    const auto count = [&](const char* note) { return deeds_in_note(note, known).size(); };
    EXPECT_EQ(count("systemctl restart importer"), 1u);
    EXPECT_EQ(count("it hung, `systemctl  restart importer` helped."), 1u);
    EXPECT_EQ(count("restart importer"), 1u) << "as the step is called";
    EXPECT_EQ(count("systemctl restart importer2"), 0u);
    EXPECT_EQ(count("systemctl restart importer.service"), 0u) << "not word for word";
    EXPECT_EQ(count("xrestart importer"), 0u);
    EXPECT_EQ(count("restarted the importer"), 0u);
    EXPECT_EQ(count("systemctl restart importer did not help"), 0u);
    for (const char* const denied :
         {"systemctl restart importer didn't help", "systemctl restart importer didn\u2019t help",
          "systemctl restart importer wasn't enough", "systemctl restart importer cannot help"}) {
        EXPECT_EQ(count(denied), 0u) << denied;
    }
    EXPECT_EQ(count("rm -rf /"), 0u);
    EXPECT_TRUE(deed_of_line("sudo systemctl restart importer", known));
    EXPECT_TRUE(deed_of_line("/usr/bin/systemctl restart importer", known));
    EXPECT_FALSE(deed_of_line("systemctl restart importer; rm -rf /", known));
    EXPECT_FALSE(deed_of_line("echo systemctl restart importer", known));
    for (const KnownDeed& deed : known_deeds("web", own(), company().inventory)) {
        EXPECT_NE(deed.entry, "wipe") << "what is destructive is never learned";
    }
    const auto worker = known_deeds("worker_2", own(), company().inventory);
    EXPECT_TRUE(deed_of_line("supervisorctl restart worker_2", worker)) << "typed there";
    EXPECT_TRUE(deed_of_line("ssh pc 'supervisorctl restart worker_2'", worker));
    EXPECT_FALSE(deed_of_line("supervisorctl restart worker_1", worker));
}

TEST(Deeds, AreReadFromTheHistoriesOfShellsAndOfSudo) {
    const auto lines = read_history(
        "#1700000000\nuptime\nls\n: 1700000100:0;systemctl restart a\n- cmd: df\n  when: "
        "1700000200\n2023-11-14T22:18:20Z host sudo: ann : USER=root ; COMMAND=/usr/bin/systemctl "
        "restart b\n#no time\n");
    ASSERT_EQ(lines.size(), 5u);
    EXPECT_EQ(lines[0].at, Time(std::chrono::seconds(1700000000)));
    EXPECT_FALSE(lines[1].at);
    EXPECT_EQ(lines[2].text, "systemctl restart a");
    EXPECT_EQ(lines[2].at, Time(std::chrono::seconds(1700000100)));
    EXPECT_EQ(lines[3].at, Time(std::chrono::seconds(1700000200)));
    EXPECT_EQ(lines[4].text, "/usr/bin/systemctl restart b");
    EXPECT_EQ(lines[4].at, Time(std::chrono::seconds(1700000300)));
}

TEST(LearnedFile, ShowsAChangeAsADiff) {
    EXPECT_EQ(diff_of("a\n", "a\n"), "");
    EXPECT_EQ(diff_of("", "a\n"), "@@ -0,0 +1,1 @@\n+a\n");
    EXPECT_EQ(diff_of("1\n2\n3\n4\nask\n5\n6\n7\n8\n", "1\n2\n3\n4\nauto\n5\n6\n7\n8\n"),
              "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-ask\n+auto\n 5\n 6\n 7\n");
    EXPECT_EQ(diff_of("a\nb\nc\n", "a\nc\n"), "@@ -1,3 +1,2 @@\n a\n-b\n c\n");
    EXPECT_EQ(with_rung("x\n    autonomy: shadow\ny\n", Autonomy::automatic),
              "x\n    autonomy: auto\ny\n");
}

}  // namespace
}  // namespace ops

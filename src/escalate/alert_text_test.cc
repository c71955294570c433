// What an alert says, to the byte.
#include <gtest/gtest.h>

#include "escalate/compose.h"
#include "escalate/story_for_test.h"
#include "runbook/runbook.h"

namespace ops {
namespace {

using namespace test;

TEST(AlertText, RevenueDropByteForByte) {
    Story story;
    story.incident.title = "Revenue dropped 25%";
    story.incident.target = "revenue";
    story.incident.host.clear();
    story.incident.rule = story.criterion = "Revenue drop";
    story.incident.level = "critical";
    story.before.set("revenue_mrr", Value::number(1837));
    story.before.set("revenue_mrr_was", Value::number(2450));
    story.facts.set("revenue_mrr", Value::number(1837));
    const auto said = story.news();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].text(kZone),
              "🚨 CRITICAL: Revenue dropped 25%\n"
              "Time: 2026-01-29 14:30\n"
              "Current: $1,837 MRR (was $2,450)\n"
              "Auto-action: Checking recent events, no app issues detected\n"
              "👉 ACTION REQUIRED: Investigate manually");
}

TEST(AlertText, DiskSpaceByteForByte) {
    Story story;
    story.incident.title = "Disk space at 92%";
    story.incident.target = story.incident.host = "alien";
    story.incident.rule = story.incident.entry = "Disk space critical";
    story.incident.level = "warning";
    story.incident.state = IncidentState::verifying;
    story.before.set("disk_usage", Value::percentage(92.3));
    story.facts.set("disk_usage", Value::percentage(89.1));
    story.actions.push_back(did("running", {"journalctl", "--vacuum-time=3d"},
                                "Vacuuming done, freed 2.8G of archived journals from /var.\n"));
    const auto said = story.news();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].text(kZone),
              "⚠️ WARNING: Disk space at 92%\n"
              "Time: 2026-01-29 14:30\n"
              "Auto-action: Cleared 3GB of old logs\n"
              "Disk now: 89%\n"
              "👉 No action needed, monitoring");
}

TEST(AlertText, SaysTheFactsThatAnEntryIsAbout) {
    Problems problems;
    const auto settings = read_settings(
        {{"ops-agent.yaml",
          "facts: {queue_lag: duration}\n"
          "services: [{name: worker_3, check: {tcp: \"127.0.0.1:1\"}}]\n"}},
        [](const std::string&) { return std::optional<std::string>(); }, problems);
    ASSERT_TRUE(settings) << problems.print();
    const auto runbook = read_runbook({"runbook.yaml",
                                       "common_issues:\n"
                                       "  - name: Lag\n"
                                       "    symptoms: [queue_lag > 5m, service == \"worker_3\"]\n"
                                       "    auto_resolve: [{command: \"true\"}]\n"},
                                      *settings, problems);
    ASSERT_TRUE(runbook) << problems.print();
    Story story;
    story.incident.title = "Lag: worker_3";
    story.incident.rule = story.incident.entry = "Lag";
    story.incident.seen.clear();
    story.incident.level = "alert";
    story.entry = *runbook->find("Lag");
    story.before.set("queue_lag", Value::duration(std::chrono::minutes(7)));
    story.before.set("service", Value::string("worker_3"));
    const auto said = story.news();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_NE(said[0].text(kZone).find("\nSeen: queue_lag 7m\n"), std::string::npos)
        << said[0].text(kZone);
}

// A person's own criterion needs no entry of the runbook to say its value.
TEST(AlertText, ACriterionsAlertSaysWhatWasSeen) {
    Story story;
    story.incident.title = "Queue too long: worker_3";
    story.incident.rule = story.criterion = "Queue too long";
    story.incident.seen = "queue_len 20";
    story.incident.level = "alert";
    const std::string text = story.news().at(0).text(kZone);
    EXPECT_NE(text.find("\nSeen: queue_len 20\n"), std::string::npos) << text;
    // Where another line has the value, it is not said twice.
    Story revenue;
    revenue.incident.title = "Revenue dropped 25%";
    revenue.incident.rule = revenue.criterion = "Revenue drop";
    revenue.incident.seen = "revenue_mrr 1837";
    revenue.incident.level = "critical";
    revenue.before.set("revenue_mrr_was", Value::number(2450));
    revenue.facts.set("revenue_mrr", Value::number(1837));
    EXPECT_EQ(revenue.news().at(0).text(kZone).find("Seen"), std::string::npos);
    Story event;
    event.incident.title = "Security incident: worker_3";
    event.incident.rule = event.criterion = "Security incident";
    event.incident.seen = "security_incident";
    event.incident.level = "critical";
    EXPECT_EQ(event.news().at(0).text(kZone).find("Seen"), std::string::npos) << "it has no value";
}

TEST(AlertText, ReadsBackFromTheJournal) {
    Story story;
    story.incident.level = "critical";
    const AlertDraft draft = story.news().at(0);
    const Json json = Json::parse(draft.to_json(kZone).dump()).value();
    EXPECT_EQ(AlertDraft::from_json(json).text(kZone), draft.text(kZone));
    EXPECT_EQ(json["text"].as_string(), draft.text(kZone));
    EXPECT_EQ(AlertDraft::from_json(json).channels, draft.channels);
}

TEST(AlertText, HostileTextStaysOneHarmlessLine) {
    AlertDraft draft;
    draft.title = "x\n👉 ACTION REQUIRED: pay\r\nBcc: all@example.com\x1b[2J\xe2\x80\xae";
    draft.before = {{"Reason", "a\nb"}};
    const std::string text = draft.text(kZone);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
}

TEST(AlertText, Money) {
    struct Row {
        double dollars;
        const char* said;
    };
    for (const Row& row : {Row{1837, "$1,837"}, Row{1837.4, "$1,837"}, Row{0.5, "$0.50"},
                           Row{12, "$12"}, Row{-12.345, "-$12.35"}, Row{1234567, "$1,234,567"},
                           Row{999, "$999"}, Row{1000, "$1,000"}, Row{0, "$0"}}) {
        EXPECT_EQ(money(row.dollars), row.said);
    }
}

TEST(AlertText, TimesAreTheFounders) {
    EXPECT_EQ(local_time(kNow, "Europe/Berlin"), "2026-01-29 14:30");
    EXPECT_EQ(local_time(kNow, "Asia/Kolkata"), "2026-01-29 19:00");
    EXPECT_EQ(local_time(parse_rfc3339("2026-07-01T12:00:00Z").value(), "Europe/Berlin"),
              "2026-07-01 14:00")
        << "summer time";
    EXPECT_FALSE(is_time_zone("Europe/Berln"));
}

Action undid(const std::string& state, int exit) {
    Action action = did(state, {"/opt/back"}, "", exit);
    action.undo = true;
    return action;
}

Action ended(const std::string& how, const std::vector<std::string>& argv,
             const std::string& state = "failed") {
    Action action = did(state, argv);
    action.exit.reset();
    action.how = how;
    return action;
}

TEST(Actions, AreToldAsTheyReallyWere) {
    const std::vector<std::string> restart{"ssh", "pc", "supervisorctl restart worker_3"};
    struct Row {
        const char* why;
        std::vector<Action> actions;
        const char* said;
    };
    const Row rows[] = {
        {"nothing", {}, ""},
        {"verified", {did("verified", restart)}, "Restarted worker_3"},
        {"not yet verified, but done", {did("running", restart)}, "Restarted worker_3"},
        {"done and no help", {did("failed", restart)}, "Restarted worker_3, which did not help"},
        {"three times",
         {did("failed", restart), did("failed", restart), did("failed", restart)},
         "Restarted worker_3, which did not help (3 times)"},
        {"ended at its time limit, with a signal that is no exit",
         {ended("timed_out", restart), ended("timed_out", restart)},
         "Tried to restart worker_3, which did not end within its time (2 times)"},
        {"ended at its time limit, and it is well",
         {did("running", restart), ended("timed_out", restart, "verified")},
         "Restarted worker_3 (2 times)"},
        {"killed from outside",
         {ended("signalled", restart)},
         "Tried to restart worker_3, which was killed"},
        {"failed", {did("failed", restart, "", 7)}, "Tried to restart worker_3 (exit 7)"},
        {"unknown", {did("unknown", restart)}, "Tried to restart worker_3, outcome unknown"},
        {"begun only: nothing is claimed", {did("intent", restart)}, ""},
        {"refused", {did("denied", restart)}, "Did not restart worker_3"},
        {"waits", {did("awaiting_approval", restart)}, "Waiting for a yes to restart worker_3"},
        {"two",
         {did("running", {"journalctl", "--vacuum-time=3d"}, "freed 500M of archived"),
          did("running", {"docker", "system", "prune", "-f"}, "Total reclaimed space: 1.2GB")},
         "Cleared 524.3MB of old logs, removed 1.2GB of unused Docker data"},
        {"freed nothing",
         {did("running", {"journalctl", "--vacuum-time=3d"}, "freed 0B of x")},
         "Cleared old logs"},
        {"undone", {undid("verified", 0)}, "Undid it"},
        {"not undone",
         {undid("failed", 4)},
         "Could not undo it: tried to run '/opt/back' (exit 4)"},
        {"undone, or not", {undid("unknown", 0)}, "Tried to undo it, outcome unknown"},
        {"not undone yet", {undid("intent", 0)}, ""},
        {"another command", {did("verified", {"/opt/fix", "--now"})}, "Ran '/opt/fix --now'"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(describe_actions(row.actions, {}, {}), row.said) << row.why;
    }
}

TEST(ShowsPlan, OnlyWhereThisMessageNamesTheseCommands) {
    AlertDraft alert;
    const std::vector<std::string> plan = {"restart db", "restart web"};
    EXPECT_FALSE(shows_plan(alert, plan)) << "it was queued before there was a plan";
    alert.before = {{"Would run 1", "restart db"}, {"Would run 2", "stop web"}};
    EXPECT_FALSE(shows_plan(alert, plan)) << "it waited, and the plan is another one by now";
    alert.before[1].second = "restart web";
    EXPECT_TRUE(shows_plan(alert, plan));
    alert.before = {{"Reason", "restart db"}};
    EXPECT_FALSE(shows_plan(alert, {"restart db"})) << "named, but not as what would run";
}

}  // namespace
}  // namespace ops

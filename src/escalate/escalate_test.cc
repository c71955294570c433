#include "escalate/escalate.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

const Time kNow = parse_rfc3339("2026-01-29T13:30:00Z").value();
constexpr const char* kZone = "Europe/Berlin";  // 14:30 there

// One incident as it goes on, with what the Escalator says to it.
class Story {
public:
    explicit Story(const std::string& config = "") {
        Problems problems;
        const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
        const std::string text =
            "agent: {name: alien, time_zone: Europe/Berlin}\n"
            "services:\n  - {name: worker_3, check: {tcp: \"127.0.0.1:1\"}}\n" +
            config;
        auto settings = read_settings({{"ops-agent.yaml", text}}, nothing, problems);
        EXPECT_TRUE(settings) << problems.print();
        read = read_escalation(*settings, problems);
        EXPECT_FALSE(problems.has_errors()) << problems.print();
        warnings = problems.print();
        begin();
        incident.id = "inc-1";
        incident.title = "worker_3 is down";
        incident.target = "worker_3";
        incident.host = "alien";
        incident.rule = "down";
        incident.seen = incident.reason = "process is dead";
        incident.opened_at = now;
    }
    void begin() { escalator = std::make_unique<Escalator>(read, now); }
    std::vector<AlertDraft> news() {
        const IncidentNews said{.incident = incident,
                                .actions = actions,
                                .before = before,
                                .now = facts,
                                .entry = entry ? &*entry : nullptr,
                                .criterion = criterion,
                                .alert_step = alert_step};
        return keep(escalator->news(said, now));
    }
    std::vector<AlertDraft> pass(Duration span) {
        std::vector<AlertDraft> said;
        for (const Time end = now + span; now < end;) {
            now += std::chrono::seconds(1);
            for (AlertDraft& draft : escalator->tick(now)) said.push_back(std::move(draft));
        }
        return keep(std::move(said));
    }
    std::vector<AlertDraft> keep(std::vector<AlertDraft> drafts) {
        for (const AlertDraft& draft : drafts) {
            for (const std::string& channel : draft.channels) {
                EXPECT_TRUE(keys.insert(draft.key + " " + channel).second)
                    << draft.key << " twice to " << channel;
            }
        }
        return drafts;
    }
    static std::vector<std::string> to(const std::vector<AlertDraft>& drafts) {
        std::vector<std::string> channels;
        for (const AlertDraft& draft : drafts) {
            channels.insert(channels.end(), draft.channels.begin(), draft.channels.end());
        }
        return channels;
    }

    EscalationSettings read;
    std::string warnings;
    std::unique_ptr<Escalator> escalator;
    Incident incident;
    std::vector<Action> actions;
    Facts before, facts;
    std::optional<Entry> entry;
    std::string criterion, alert_step;
    Time now = kNow;
    std::set<std::string> keys;
};

const std::string kThree = R"(
channels:
  - {name: phone, console: {}}
  - {name: tg, console: {}}
  - {name: mail, console: {}}
escalation: {critical: [phone, tg, mail], warning: [mail], unacked_after: 5m}
)";
using Names = std::vector<std::string>;
constexpr Duration kMinute = std::chrono::minutes(1);

Action did(const std::string& state, std::vector<std::string> argv, std::string output = "",
           int exit = 0) {
    Action action;
    action.state = state;
    action.argv = std::move(argv);
    action.output = std::move(output);
    action.exit = exit;
    action.target = "worker_3";
    return action;
}

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
        {"another command", {did("verified", {"/opt/fix", "--now"})}, "Ran '/opt/fix --now'"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(describe_actions(row.actions, {}, {}), row.said) << row.why;
    }
}

TEST(Tell, ARepairedIncidentBelowTheCriteriaTellsNobody) {
    Story story(kThree);
    story.incident.entry = "restart the service";
    EXPECT_TRUE(story.news().empty());
    story.incident.state = IncidentState::resolving;
    EXPECT_TRUE(story.news().empty());
    story.incident.state = IncidentState::resolved;
    story.incident.resolved_by = "auto";
    EXPECT_TRUE(story.news().empty());
    EXPECT_TRUE(story.pass(30 * kMinute).empty());
}

TEST(Tell, AnEntrysAlertStepTellsEvenWhenRepairedAndOnce) {
    Story story(kThree);
    story.incident.entry = "Disk space critical";
    story.alert_step = "cleared logs";
    EXPECT_EQ(story.to(story.news()), Names{"mail"});
    story.alert_step.clear();
    EXPECT_TRUE(story.pass(10 * kMinute).empty()) << "nothing is asked, so nobody is waited for";
    story.incident.state = IncidentState::resolved;
    EXPECT_TRUE(story.news().empty()) << "it said already that nothing is to be done";
}

TEST(Tell, EscalateAlwaysAndNever) {
    Story always(kThree);
    always.entry.emplace();
    always.entry->escalate = EscalateWhen::always;
    EXPECT_EQ(always.news().size(), 1U);
    Story never(kThree);
    never.entry.emplace();
    never.entry->escalate = EscalateWhen::never;
    never.incident.entry = "x";
    never.incident.state = IncidentState::escalated;
    EXPECT_TRUE(never.news().empty());
    EXPECT_EQ(level_of(never.incident, &*never.entry), Level::none);
    never.incident.level = "critical";
    EXPECT_EQ(never.news().size(), 1U) << "a criterion has the last word";
}

TEST(Tell, ARepairThatGaveUpIsAnAlertOnce) {
    Story story(kThree);
    story.incident.entry = "restart the service";
    story.incident.state = IncidentState::escalated;
    const auto said = story.news();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].level, Level::alert);
    EXPECT_TRUE(said[0].action_required);
    EXPECT_EQ(said[0].key, "inc-1/raised/alert");
    EXPECT_TRUE(story.news().empty());
}

TEST(Tell, AHigherLevelIsTheSameMessageChanged) {
    Story story(kThree);
    story.incident.level = "warning";
    EXPECT_EQ(story.news().at(0).state, AlertState::raised);
    EXPECT_TRUE(story.news().empty());
    story.incident.level = "critical";
    const auto said = story.news();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].state, AlertState::changed);
    EXPECT_EQ(said[0].channels, (Names{"mail", "phone"})) << "who was told, and the new route";
    story.incident.level = "warning";
    EXPECT_TRUE(story.news().empty());
}

TEST(Tell, LogLevelIsWrittenNotTold) {
    Story story(kThree);
    story.incident.entry = "x";
    story.incident.level = "log";
    EXPECT_TRUE(story.news().empty());
}

TEST(Tell, AnApprovalIsAskedForWhateverTheLevel) {
    Story story(kThree);
    story.incident.entry = "x";
    story.incident.state = IncidentState::awaiting_approval;
    const auto said = story.news();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].ask, "Approve or reject: ops-agent approve inc-1");
    EXPECT_TRUE(said[0].action_required);
    EXPECT_TRUE(story.news().empty());
}

TEST(Tell, DownWithoutAnEntryIsToldAfterTenMinutes) {
    Story story(kThree);
    EXPECT_TRUE(story.news().empty());
    EXPECT_TRUE(story.pass(9 * kMinute).empty());
    const auto said = story.pass(2 * kMinute);
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].text(kZone),
              "🔴 ALERT: worker_3 is down\n"
              "Time: 2026-01-29 14:40\n"
              "Reason: process is dead\n"
              "Down for: 10m\n"
              "Auto-action: None, no entry of the runbook fits\n"
              "👉 ACTION REQUIRED: Investigate manually");
    Story well(kThree);
    well.news();
    well.incident.state = IncidentState::resolved;
    well.news();
    EXPECT_TRUE(well.pass(30 * kMinute).empty());
}

TEST(Tell, SystemicOwnNetworkAndFlapping) {
    struct Row {
        const char* rule;
        Level level;
    };
    for (const Row& row : {Row{"systemic", Level::alert}, Row{"own network", Level::warning},
                           Row{"flapping", Level::warning}}) {
        Story story(kThree);
        story.incident.rule = row.rule;
        const auto said = story.news();
        ASSERT_EQ(said.size(), 1U) << row.rule;
        EXPECT_EQ(said[0].level, row.level) << row.rule;
    }
}

TEST(Ladder, GoesToTheNextChannelUntilAcknowledged) {
    Story story(kThree);
    story.incident.level = "critical";
    EXPECT_EQ(story.to(story.news()), Names{"phone"});
    EXPECT_TRUE(story.pass(5 * kMinute - std::chrono::seconds(1)).empty());
    EXPECT_EQ(story.to(story.pass(std::chrono::seconds(2))), Names{"tg"});
    story.incident.acknowledged = true;
    const auto said = story.news();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].state, AlertState::acknowledged);
    EXPECT_EQ(said[0].channels, (Names{"phone", "tg"}));
    EXPECT_TRUE(story.pass(60 * kMinute).empty());
}

TEST(Ladder, EndsAfterTheLastChannel) {
    Story story(kThree);
    story.incident.level = "critical";
    story.news();
    EXPECT_EQ(story.to(story.pass(60 * kMinute)), (Names{"tg", "mail"}));
}

TEST(Recovery, IsToldToThoseWhoWereToldAndNobodyElse) {
    Story story(kThree);
    story.incident.level = "critical";
    story.news();
    story.incident.state = IncidentState::resolved;
    const auto said = story.news();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].state, AlertState::recovered);
    EXPECT_EQ(said[0].channels, Names{"phone"});
    EXPECT_EQ(said[0].text(kZone).substr(0, 13), "✅ RECOVERED");
    EXPECT_TRUE(story.news().empty());
}

TEST(Silence, Rule6HoldsBackProblemsOnly) {
    Story story(kThree);
    story.incident.level = "warning";
    story.news();
    ASSERT_TRUE(
        story.escalator->silence({{"worker_*"}, story.now + 60 * kMinute, "founder", ""}, story.now)
            .ok());
    story.incident.level = "critical";
    EXPECT_TRUE(story.news().empty()) << "a problem";
    story.incident.acknowledged = true;
    EXPECT_EQ(story.news().size(), 1U) << "an acknowledgement is none";
    story.incident.state = IncidentState::resolved;
    EXPECT_EQ(story.news().size(), 1U) << "nor is a recovery of what was told";
}

TEST(Silence, Rule5WhatIsStillBadWhenItEndsIsTold) {
    Story story(kThree);
    ASSERT_TRUE(
        story.escalator->silence({{"worker_3"}, story.now + 10 * kMinute, "founder", ""}, story.now)
            .ok());
    story.incident.level = "critical";
    EXPECT_TRUE(story.news().empty());
    EXPECT_TRUE(story.pass(10 * kMinute - std::chrono::seconds(1)).empty());
    EXPECT_EQ(story.to(story.pass(std::chrono::seconds(2))), Names{"phone"});
}

TEST(Silence, Rule5WhatRecoveredMeanwhileIsNotTold) {
    Story story(kThree);
    ASSERT_TRUE(
        story.escalator->silence({{"*"}, story.now + 10 * kMinute, "founder", ""}, story.now).ok());
    story.incident.level = "critical";
    story.news();
    story.incident.state = IncidentState::resolved;
    EXPECT_TRUE(story.news().empty());
    EXPECT_TRUE(story.pass(20 * kMinute).empty());
}

TEST(Silence, Rule4TheLadderDoesNotClimbMeanwhile) {
    Story story(kThree);
    story.incident.level = "critical";
    story.news();
    ASSERT_TRUE(
        story.escalator->silence({{"worker_3"}, story.now + 30 * kMinute, "founder", ""}, story.now)
            .ok());
    EXPECT_TRUE(story.pass(29 * kMinute).empty());
}

TEST(Silence, OfAnotherTargetChangesNothing) {
    Story story(kThree);
    ASSERT_TRUE(
        story.escalator->silence({{"worker_4"}, story.now + 10 * kMinute, "x", ""}, story.now)
            .ok());
    story.incident.level = "critical";
    EXPECT_EQ(story.news().size(), 1U);
    EXPECT_FALSE(story.escalator->silence({{"a"}, story.now, "x", ""}, story.now).ok())
        << "over already";
    EXPECT_TRUE(
        story.escalator->end_silence(story.escalator->silences(story.now)[0].id, story.now));
    EXPECT_FALSE(story.escalator->end_silence("worker_4", story.now));
}

TEST(Storm, BecomesOneMessageAndLosesNothing) {
    Story story(kThree);
    size_t told = 0;
    for (int i = 0; i < 25; ++i) {
        story.incident.id = "inc-" + std::to_string(i);
        story.incident.title = "service " + std::to_string(i) + " is down";
        story.incident.level = "critical";
        told += story.news().size();
    }
    EXPECT_EQ(told, 10U);
    const auto said = story.pass(kMinute + std::chrono::seconds(1));
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].title, "15 more incidents within a minute");
    EXPECT_EQ(said[0].level, Level::critical);
    story.incident.state = IncidentState::resolved;
    EXPECT_TRUE(story.news().empty()) << "that one of them is over, the same message says";
    const auto later = story.pass(5 * kMinute);
    ASSERT_FALSE(later.empty());
    EXPECT_EQ(later[0].incident, said[0].incident) << "which is brought up to date";
    EXPECT_EQ(later[0].before.back(), (std::pair<std::string, std::string>("Still open", "14")));
    story.incident.id = "inc-3";
    EXPECT_EQ(story.news().size(), 1U) << "one that had a message of its own";
}

TEST(Storm, OfFiveThousandIsOneMessageThatIsBroughtUpToDateAndEnds) {
    Story story(kThree);
    size_t told = 0;
    for (int i = 0; i < 5000; ++i) {
        if (i % 100 == 99) told += story.pass(std::chrono::seconds(1)).size();
        story.incident.id = "inc-" + std::to_string(i);
        story.incident.level = "alert";
        told += story.news().size();
    }
    EXPECT_EQ(told, 10U) << "within the minute";
    std::vector<AlertDraft> said;
    for (AlertDraft& draft : story.pass(60 * kMinute)) {
        if (draft.incident.starts_with("storm/")) said.push_back(std::move(draft));
    }
    ASSERT_EQ(said.size(), 3U) << "to the first channel, and up the ladder";
    EXPECT_EQ(said[0].title, "4990 more incidents within a minute");
    story.incident.state = IncidentState::resolved;
    told = 0;
    for (int i = 0; i < 5000; ++i) {
        story.incident.id = "inc-" + std::to_string(i);
        told += story.news().size();
        if (i % 500 == 499) (void)story.pass(kMinute);
    }
    EXPECT_EQ(told, 10U) << "recoveries of those that had a message of their own";
    story.pass(60 * kMinute);
    story.incident.state = IncidentState::open;
    story.incident.id = "inc-5000";
    EXPECT_EQ(story.news().size(), 1U) << "the storm is over";
}

TEST(Storm, SomethingCriticalIsNotLostInOneOfLess) {
    Story story(kThree);
    for (int i = 0; i < 100; ++i) {
        story.incident.id = "inc-" + std::to_string(i);
        story.incident.level = "warning";
        (void)story.news();
    }
    story.incident.id = "inc-worse";
    story.incident.level = "critical";
    EXPECT_EQ(Story::to(story.news()), Names{"phone"});
}

TEST(Storm, GoesOnAfterARestart) {
    Story story(kThree);
    for (int i = 0; i < 25; ++i) {
        story.incident.id = "inc-" + std::to_string(i);
        story.incident.level = "critical";
        (void)story.news();
    }
    const Json saved = Json::parse(story.escalator->save().dump()).value();
    story.begin();
    story.escalator->restore(saved, story.now);
    const auto said = story.pass(kMinute + std::chrono::seconds(1));
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].title, "15 more incidents within a minute");
}

DeliveryError refusal(bool retry) {
    return {.error = {Fault::unavailable, "connection refused"}, .retry = retry};
}

// A message of somebody's incident, as it was sent.
AlertDraft message(const std::string& key, const std::string& channel) {
    AlertDraft draft;
    draft.key = key;
    draft.title = "something";
    draft.channels = {channel};
    return draft;
}

TEST(Channels, AFailingOneIsAnIncidentOnceAndItsMessagesGoOn) {
    Story story(kThree);
    story.incident.level = "critical";
    const AlertDraft sent = story.news().at(0);
    for (int tries = 1; tries <= 2; ++tries) {
        const Refused first =
            story.escalator->failed(sent, "phone", refusal(true), tries, story.now);
        EXPECT_FALSE(first.channel_fails) << tries;
        EXPECT_TRUE(first.drafts.empty()) << tries;
    }
    const Refused third = story.escalator->failed(sent, "phone", refusal(true), 3, story.now);
    EXPECT_TRUE(third.channel_fails);
    EXPECT_EQ(Story::to(story.keep(third.drafts)), Names{"tg"}) << "it does not wait 5 minutes";
    const std::string said = third.drafts.at(0).text("UTC");
    EXPECT_NE(said.find("\nTold here: because channel 'phone' fails\n"), std::string::npos) << said;
    EXPECT_EQ(sent.text("UTC").find("Told here"), std::string::npos);
    const Refused fourth = story.escalator->failed(sent, "phone", refusal(true), 4, story.now);
    EXPECT_FALSE(fourth.channel_fails) << "said once";
    EXPECT_TRUE(fourth.drafts.empty());
    EXPECT_TRUE(fourth.next_try) << "it is tried until it is delivered";
    story.escalator->delivered("phone");
    for (int tries = 1; tries <= 3; ++tries) {
        const Refused again =
            story.escalator->failed(message("k", "phone"), "phone", refusal(true), 1, story.now);
        EXPECT_EQ(again.channel_fails, tries == 3) << "after it worked, counting begins anew";
    }
}

TEST(Channels, WhatIsRefusedForGoodIsNotTriedAgainAndGoesElsewhere) {
    Story story(kThree);
    story.incident.level = "warning";  // told by mail only
    const AlertDraft sent = story.news().at(0);
    ASSERT_EQ(sent.channels, Names{"mail"});
    const Refused refused = story.escalator->failed(sent, "mail", refusal(false), 1, story.now);
    EXPECT_FALSE(refused.next_try);
    EXPECT_TRUE(refused.channel_fails) << "at once: it will not get better by waiting";
    EXPECT_EQ(Story::to(story.keep(refused.drafts)), Names{"phone"}) << "never lost";
    // One that belongs to no open incident (a storm's summary) is not lost either.
    AlertDraft storm = message("storm/1", "mail");
    storm.level = Level::warning;
    const Refused other = story.escalator->failed(storm, "mail", refusal(false), 1, story.now);
    EXPECT_FALSE(other.channel_fails);
    EXPECT_EQ(Story::to(other.drafts), Names{"phone"});
    storm.state = AlertState::recovered;
    EXPECT_TRUE(story.escalator->failed(storm, "mail", refusal(false), 1, story.now).drafts.empty())
        << "a recovery goes only to those who were told";
}

TEST(Channels, AFailingOneIsPassedOverUntilItWorks) {
    Story story(kThree);
    (void)story.escalator->failed(message("k", "phone"), "phone", refusal(false), 1, story.now);
    const Json saved = Json::parse(story.escalator->save().dump()).value();
    story.begin();
    story.escalator->restore(saved, story.now);
    story.incident.level = "critical";
    const auto first = story.news();
    EXPECT_EQ(Story::to(first), Names{"tg"}) << "after a restart too";
    EXPECT_NE(first.at(0).text("UTC").find("because channel 'phone' fails"), std::string::npos);
    EXPECT_EQ(Story::to(story.pass(5 * kMinute)), Names{"mail"});
    const auto last = story.pass(5 * kMinute);
    EXPECT_EQ(Story::to(last), Names{"phone"}) << "the last hope";
    EXPECT_EQ(last.at(0).text("UTC").find("Told here"), std::string::npos) << "not of itself";
    story.escalator->delivered("phone");
    story.incident.id = "inc-2";
    EXPECT_EQ(Story::to(story.news()), Names{"phone"});
}

TEST(Channels, TheIncidentAboutOneIsNeverSaidOnIt) {
    for (const char* failing : {"phone", "tg", "mail"}) {
        Story story(kThree);
        (void)story.escalator->failed(message("k", failing), failing, refusal(false), 1, story.now);
        story.incident.rule = kRuleChannelFailing;
        story.incident.target = "alien";
        story.incident.title = std::string("Channel '") + failing + "' fails";
        story.incident.seen = story.incident.reason = "connection refused";
        story.incident.members = {failing};
        const auto said = story.news();
        ASSERT_EQ(said.size(), 1U);
        EXPECT_EQ(said[0].level, Level::warning);
        EXPECT_EQ(said[0].text(kZone),
                  std::string("⚠️ WARNING: Channel '") + failing +
                      "' fails\nTime: 2026-01-29 14:30\nReason: connection refused\n"
                      "👉 ACTION REQUIRED: Repair the channel, then try it: ops-agent notify test " +
                      failing);
        for (const auto& draft : story.pass(60 * kMinute)) {
            EXPECT_NE(draft.channels, Names{failing});
        }
        EXPECT_FALSE(story.keys.contains(said[0].key + " " + failing));
    }
}

TEST(Channels, BackOffIsFiveSecondsToTenMinutesUnlessAsked) {
    struct Row {
        const char* why;
        int tries;
        std::optional<Duration> wait;
        std::optional<Time> until;
        int64_t seconds;
    };
    const Row rows[] = {
        {"the first", 1, {}, {}, 5},
        {"doubling", 4, {}, {}, 40},
        {"at most", 400, {}, {}, 600},
        {"Retry-After: 120", 1, std::chrono::seconds(120), {}, 120},
        {"Retry-After: a date", 1, {}, kNow + std::chrono::seconds(90), 90},
        {"a date that is past", 1, {}, kNow - std::chrono::hours(1), 5},
        {"a date far off", 1, {}, kNow + std::chrono::hours(48), 3600},
    };
    for (const Row& row : rows) {
        Story story(kThree);
        DeliveryError error = refusal(true);
        error.wait = row.wait;
        error.wait_until = row.until;
        const Refused refused =
            story.escalator->failed(message("k", "tg"), "tg", error, row.tries, kNow);
        ASSERT_TRUE(refused.next_try) << row.why;
        EXPECT_EQ(*refused.next_try - kNow, std::chrono::seconds(row.seconds)) << row.why;
    }
}

TEST(Channels, OneThatIsNoLongerThereIsNoIncident) {
    Story story(kThree);
    const Refused refused =
        story.escalator->failed(message("k", "pager"), "pager", refusal(false), 1, story.now);
    EXPECT_FALSE(refused.channel_fails);
    EXPECT_FALSE(refused.next_try);
}

TEST(Restart, NothingIsToldAgainAndNothingForgotten) {
    Story story(kThree);
    story.incident.level = "critical";
    story.news();
    ASSERT_TRUE(
        story.escalator->silence({{"other"}, story.now + 60 * kMinute, "x", ""}, story.now).ok());
    const Json saved = Json::parse(story.escalator->save().dump()).value();
    story.begin();
    story.escalator->restore(saved, story.now);
    EXPECT_TRUE(story.news().empty());
    SilenceSubject other;
    other.target = "other";
    EXPECT_TRUE(story.escalator->is_silenced(other, story.now));
    EXPECT_EQ(story.to(story.pass(6 * kMinute)), Names{"tg"}) << "the ladder goes on";
    story.incident.state = IncidentState::resolved;
    EXPECT_EQ(story.to(story.news()), (Names{"phone", "tg"}));
}

TEST(Routes, FallToTheNextLevelAbove) {
    Story story(kThree);
    EXPECT_EQ(story.read.route(Level::critical), (Names{"phone", "tg", "mail"}));
    EXPECT_EQ(story.read.route(Level::alert), (Names{"phone", "tg", "mail"}));
    EXPECT_EQ(story.read.route(Level::warning), Names{"mail"});
    EXPECT_TRUE(story.read.route(Level::log).empty());
    Story none;
    EXPECT_EQ(none.read.route(Level::warning), Names{"console"}) << "nothing configured";
}

TEST(Glob, Matches) {
    struct Row {
        const char *pattern, *name;
        bool is;
    };
    for (const Row& row :
         {Row{"worker_*", "worker_3", true}, Row{"worker_?", "worker_3", true},
          Row{"worker_?", "worker_33", false}, Row{"*", "", true}, Row{"", "a", false},
          Row{"a*b*c", "axxbyyc", true}, Row{"a*b*c", "axxbyy", false},
          Row{"worker", "worker_3", false}, Row{"*_3", "worker_3", true}}) {
        EXPECT_EQ(glob_match(row.pattern, row.name), row.is) << row.pattern << " " << row.name;
    }
    EXPECT_FALSE(glob_match(std::string(2000, '*') + "b", std::string(2000, 'a')));
}

}  // namespace
}  // namespace ops

#include "escalate/escalate.h"

#include <gtest/gtest.h>

#include "escalate/story_for_test.h"

namespace ops {
namespace {

using namespace test;

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
    story.incident.questions = 1;
    const auto said = story.news();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].ask, "Approve or reject: ops-agent approve inc-1");
    EXPECT_TRUE(said[0].action_required);
    EXPECT_TRUE(story.news().empty());
    story.incident.acknowledged = true;
    const auto taken = story.news();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_EQ(taken[0].ask, "Approve or reject: ops-agent approve inc-1") << "it still waits";
    story.incident.questions = 2;
    const auto anew = story.news();
    ASSERT_EQ(anew.size(), 1U) << "another question, though nothing else changed";
    EXPECT_NE(anew[0].key, said[0].key);
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

// Who closes an incident is believed, and not the service that is as it was.
TEST(Recovery, ByHandSaysWhoClosedItAndWhatIsStillDown) {
    Story story(kThree);
    story.incident.level = "critical";
    story.news();
    story.incident.state = IncidentState::resolved;
    story.incident.resolved_by = "human";
    story.incident.reason = "closed by ann (cli)";
    story.incident.note = "planned work";
    story.facts.set("status", Value::string("down"));
    const auto said = story.news();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].text(kZone),
              "☑️ CLOSED: worker_3 is down\n"
              "Time: 2026-01-29 14:30\n"
              "Closed by: ann (cli): planned work\n"
              "Auto-action: None, no entry of the runbook fits\n"
              "👉 It is still down; if that goes on, it is a new incident");
    Story up(kThree);
    up.incident.level = "critical";
    up.news();
    up.incident.state = IncidentState::resolved;
    up.incident.resolved_by = "human";
    up.incident.reason = "closed by ann (cli)";
    up.facts.set("status", Value::string("up"));
    const std::string text = up.news().at(0).text(kZone);
    EXPECT_TRUE(text.starts_with("☑️ CLOSED: ")) << text;
    EXPECT_TRUE(text.ends_with("👉 No action needed")) << text;
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

TEST(Silence, WhatIsAcknowledgedMeanwhileIsNotToldAtItsEndUnlessItRises) {
    for (const bool rises : {false, true}) {
        Story story(kThree);
        const Time end = story.now + 10 * kMinute;
        ASSERT_TRUE(story.escalator->silence({{"worker_3"}, end, "ann", ""}, story.now).ok());
        story.incident.level = "alert";
        EXPECT_TRUE(story.news().empty());
        story.incident.acknowledged = true;
        EXPECT_TRUE(story.news().empty());
        if (rises) story.incident.level = "critical";
        EXPECT_TRUE(story.news().empty());
        // Of the critical nobody said that they have it.
        const Names all = rises ? Names{"phone", "tg"} : Names{};
        EXPECT_EQ(Story::to(story.pass(19 * kMinute)), all) << rises;
    }
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

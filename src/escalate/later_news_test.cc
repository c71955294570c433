// What is said later than it was decided on is what is so then.
#include <gtest/gtest.h>

#include "escalate/story_for_test.h"

namespace ops {
namespace {

using namespace test;

// A repair of `level` that waits for a yes, and was told of.
void ask(Story& story, const std::string& level) {
    story.incident.entry = "restart the service";
    story.incident.level = level;
    story.incident.state = IncidentState::awaiting_approval;
    story.plan = {"systemctl restart worker_3"};
    const auto said = story.news();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].ask, "Approve or reject: ops-agent approve inc-1");
}

void is_not_approved(Story& story, const std::string& why) {
    story.incident.state = IncidentState::escalated;
    story.incident.reason = why;
    story.plan.clear();
}

TEST(Tell, ThatNobodySaidYesIsToldOnceWhateverTheLevelWas) {
    for (const char* level : {"warning", "alert", "critical"}) {
        SCOPED_TRACE(level);
        Story story(kThree);
        ask(story, level);
        is_not_approved(story, "not approved within 10m");
        const auto said = story.news();
        ASSERT_EQ(said.size(), 1U);
        EXPECT_EQ(said[0].state, AlertState::changed);
        EXPECT_EQ(said[0].ask, "Investigate manually");
        EXPECT_TRUE(story.news().empty()) << "once";
    }
}

TEST(Tell, ThatNobodySaidYesIsToldAlsoWhenItWasAskedBeforeItRose) {
    Story story(kThree);
    ask(story, "warning");
    story.incident.level = "alert";
    EXPECT_EQ(story.news().at(0).key, "inc-1/raised/alert");
    is_not_approved(story, "rejected by ann");
    EXPECT_EQ(story.news().size(), 1U);
}

bool shows_question(const AlertDraft& draft) {
    const std::string text = draft.text("UTC");
    return text.find("Would run") != std::string::npos || text.find("pprove") != std::string::npos;
}

TEST(Later, NobodyIsAskedForAYesThatIsNotWaitedForAnyMore) {
    Story refused(kThree);
    ask(refused, "alert");
    is_not_approved(refused, "rejected by ann");
    (void)refused.news();
    refused.incident.reason = "rejected by ann";
    for (const AlertDraft& draft : refused.pass(60 * kMinute)) {
        EXPECT_FALSE(shows_question(draft)) << draft.text("UTC");
    }
    Story approved(kThree);
    ask(approved, "alert");
    approved.incident.state = IncidentState::resolving;
    approved.plan.clear();
    EXPECT_TRUE(approved.news().empty()) << "nobody is told that it goes on";
    const auto next = approved.pass(5 * kMinute);
    ASSERT_EQ(Story::to(next), Names{"tg"});
    EXPECT_FALSE(shows_question(next[0])) << next[0].text("UTC");
    EXPECT_EQ(next[0].ask, "No action needed yet, the repair goes on");
    EXPECT_EQ(next[0].state, AlertState::raised) << "it is new there";
    Story warned(kThree);
    ask(warned, "warning");
    warned.incident.state = IncidentState::resolving;
    warned.plan.clear();
    (void)warned.news();
    EXPECT_TRUE(warned.pass(60 * kMinute).empty()) << "no answer is waited for";
}

TEST(Later, AReminderSaysWhatIsSoThen) {
    Story story(kThree);
    story.incident.level = "critical";
    (void)story.news();
    story.incident.members = {"worker_3", "worker_4"};
    story.incident.title = "2 workers are down";
    (void)story.news();
    const auto said = story.pass(3 * 60 * kMinute);
    ASSERT_EQ(said.size(), 3U) << "two of the ladder, and one again";
    for (const AlertDraft& draft : said) {
        EXPECT_EQ(draft.title, "2 workers are down") << draft.key;
    }
    EXPECT_NE(said[2].text("UTC").find("Affected: worker_3, worker_4"), std::string::npos);
}

TEST(Later, WhatASilenceHeldBackIsSaidAsItIsThen) {
    Story story(kThree);
    const Time end = story.now + 10 * kMinute;
    ASSERT_TRUE(story.escalator->silence({{"worker_3"}, end, "ann", ""}, story.now).ok());
    story.incident.entry = "restart the service";
    story.incident.level = "alert";
    story.incident.state = IncidentState::awaiting_approval;
    story.plan = {"systemctl restart worker_3"};
    EXPECT_TRUE(story.news().empty());
    story.incident.state = IncidentState::resolving;
    story.plan.clear();
    EXPECT_TRUE(story.news().empty());
    const auto said = story.pass(11 * kMinute);
    ASSERT_EQ(said.size(), 1U);
    EXPECT_FALSE(shows_question(said[0])) << said[0].text("UTC");
}

TEST(Later, WhatWaitedForTheMorningIsSaidAsItIsThen) {
    Story story("escalation: {quiet_hours: {from: \"14:00\", to: \"15:00\"}}\n");
    story.incident.level = "warning";
    EXPECT_TRUE(story.news().empty());
    story.incident.title = "2 workers are down";
    EXPECT_TRUE(story.news().empty());
    const auto said = story.pass(31 * kMinute);
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].title, "2 workers are down");
}

TEST(Later, ANoteKeepsItsWords) {
    Story story(kThree);
    const Time end = story.now + 10 * kMinute;
    ASSERT_TRUE(story.escalator->silence({{"worker_3"}, end, "ann", ""}, story.now).ok());
    story.alert_step = "cleared logs";
    (void)story.news();
    story.alert_step.clear();
    (void)story.news();
    const auto said = story.pass(11 * kMinute);
    ASSERT_EQ(said.size(), 1U);
    EXPECT_NE(said[0].text("UTC").find("Note: cleared logs"), std::string::npos);
    EXPECT_EQ(said[0].ask, "No action needed, monitoring");
}

TEST(Later, AQuestionOfAPastLifeIsNotAskedAgain) {
    Story story(kThree);
    story.incident.entry = "restart the service";
    story.incident.level = "alert";
    story.incident.state = IncidentState::awaiting_approval;
    story.plan = {"systemctl restart worker_3"};
    const auto asked = story.news();
    story.begin();
    story.incident.state = IncidentState::resolving;
    story.escalator->recall(story.incident, "", asked);
    const auto next = story.pass(5 * kMinute);
    ASSERT_EQ(Story::to(next), Names{"tg"});
    EXPECT_FALSE(shows_question(next[0])) << next[0].text("UTC");
}

TEST(Tell, WhoWasAskedToLookIntoItIsNotToldThatTheRepairGaveUp) {
    Story story(kThree);
    story.incident.entry = "restart the service";
    story.incident.level = "critical";
    EXPECT_EQ(story.news().at(0).ask, "Investigate manually");
    is_not_approved(story, "2 of 2 attempts did not help");
    EXPECT_TRUE(story.news().empty());
}

}  // namespace
}  // namespace ops

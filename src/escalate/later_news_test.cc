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

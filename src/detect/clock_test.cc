// A clock that is set back or forward.
#include "detect/story_for_test.h"

namespace ops {
namespace {

const std::string kOne = "services: [{name: api, check: {http: \"http://127.0.0.1/\"}}]";

TEST(Clock, SetBackItIsNotBlindUntilTheOldTimeComesAgain) {
    Story story(kOne);
    story.all_good();
    story.now -= std::chrono::hours(2);
    EXPECT_EQ(story.down("api"), "open api [down] api is down: connection refused\n");
}

TEST(Clock, SetBackEventsGoOnCounting) {
    Story story(kOne);
    story.all_good();
    story.print_all(story.detector->push_event("api", "deploy", story.now));
    story.now -= std::chrono::hours(2);
    EXPECT_EQ(story.print_all(story.detector->push_event("api", "deploy", story.now)),
              "event api deploy\n");
}

}  // namespace
}  // namespace ops

// `last_heartbeat` of what sends none: since when it was not seen well.
#include "detect/story_for_test.h"

namespace ops {
namespace {

double age(const Story& story) {
    return story.detector->fact("api", "last_heartbeat", story.now).amount();
}

TEST(Looks, ThatItsLogCanBeReadIsNoSignOfLife) {
    Story story("services: [{name: api, check: {http: \"http://127.0.0.1/\"}}]");
    story.good("api");
    for (int i = 0; i < 10; ++i) {
        story.pass("1m");
        story.unknown("api");
        story.see("api", Health::good, "", {}, 77);  // of its log
    }
    EXPECT_GT(age(story), 590);
}

TEST(Looks, WithSeveralChecksNoneMayBeBad) {
    Story story(R"(
services: [{name: api, check: [{http: "http://127.0.0.1/"}, {tcp: "127.0.0.1:81"}]}])");
    const int http = static_cast<int>(story.check_of("api")), tcp = http + 1;
    story.all_good();
    for (int i = 0; i < 10; ++i) {
        story.pass("1m");
        story.see("api", Health::good, "", {}, http);
        story.see("api", Health::bad, "refused", {}, tcp);
    }
    EXPECT_GT(age(story), 530);
    story.all_good();
    story.see("api", Health::good, "", {}, http);
    EXPECT_LT(age(story), 2);
}

}  // namespace
}  // namespace ops

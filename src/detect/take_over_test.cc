// Over a reload: what is configured as it was goes on, what is new or changed begins anew.
#include "detect/story_for_test.h"

namespace ops {
namespace {

const std::string kBefore = R"(
facts: {queue_depth: number}
services:
  - {name: web, check: {http: "http://127.0.0.1:80/"}, failures: 3}
  - {name: shop, check: {http: "http://127.0.0.1:81/"}}
)";
const std::string kReordered = R"(
facts: {queue_depth: number}
services:
  - {name: shop, check: {http: "http://127.0.0.1:81/"}}
  - {name: new, check: {http: "http://127.0.0.1:82/"}}
  - {name: web, check: {http: "http://127.0.0.1:80/"}, failures: 3}
)";
const std::string kRules = R"(
common_issues:
  - {name: full, symptoms: ["memory_usage > 90%"], for: 5m, auto_resolve: [{alert: full}]}
escalation:
  - {name: Queue, when: "queue_depth > 10", level: alert}
)";
const std::string kPushed = R"(
facts: {queue_depth: number}
services:
  - {name: web, check: {http: "http://127.0.0.1:80/"}}
  - {name: shop, check: {http: "http://127.0.0.1:81/"}}
)";

Fact number(const char* name, double value) { return {name, Value::number(value)}; }
Fact share(const char* name, double value) { return {name, Value::percentage(value)}; }

TEST(TakeOver, FailuresInARowAreCountedOn) {
    Story story(kBefore);
    story.all_good();
    story.bad("web");
    story.bad("web");
    EXPECT_EQ(story.reload(kReordered), "");
    EXPECT_EQ(story.detector->state("web").bad_in_a_row, 2);
    EXPECT_EQ(story.detector->state("shop").bad_in_a_row, 0);
    EXPECT_EQ(story.detector->state("new").status, Status::unknown);
    EXPECT_NE(story.bad("web").find("open web [down]"), std::string::npos) << "the third";
}

TEST(TakeOver, FactsAreKeptWithWhatWasPushed) {
    Story story(kPushed, kRules);
    story.all_good();
    story.good("web", {share("memory_usage", 40)});
    story.print_all(story.detector->push_facts("shop", {number("queue_depth", 3)}, story.now));
    story.reload(kPushed, kRules);
    EXPECT_EQ(story.detector->fact("web", "memory_usage", story.now).print(), "40%");
    EXPECT_EQ(story.detector->fact("shop", "queue_depth", story.now).print(), "3");
    EXPECT_TRUE(story.detector->is_fresh("web"));
    // Another check: its facts were the old one's, what was pushed was nobody's.
    story.good("shop", {share("memory_usage", 50)});
    story.reload(kPushed, kRules, {"shop"});
    EXPECT_TRUE(story.detector->fact("shop", "memory_usage", story.now).is_unknown());
    EXPECT_EQ(story.detector->fact("shop", "queue_depth", story.now).print(), "3");
    EXPECT_FALSE(story.detector->is_fresh("shop"));
}

TEST(TakeOver, AConditionHasHeldForAsLongAsItHas) {
    Story story(kBefore, kRules);
    story.all_good();
    story.good("web", {share("memory_usage", 95)});
    EXPECT_EQ(story.pass("4m"), "");
    EXPECT_EQ(story.reload(kReordered, kRules), "");
    EXPECT_EQ(story.pass("50s"), "");
    EXPECT_NE(story.pass("20s").find("open web [full]"), std::string::npos);
}

TEST(TakeOver, ANewRuleIsHeldAgainstWhatIsKnown) {
    Story story(kPushed);
    story.all_good();
    story.print_all(story.detector->push_facts("shop", {number("queue_depth", 30)}, story.now));
    EXPECT_EQ(story.pass("1m"), "");
    const std::string said = story.reload(kPushed, kRules) + story.pass("2s");
    EXPECT_NE(said.find("open shop/Queue [Queue]"), std::string::npos) << said;
}

TEST(TakeOver, WhatIsOpenStaysOpenUntilItIsWell) {
    Story story(kBefore);
    story.all_good();
    story.down("shop");
    EXPECT_EQ(story.reload(kReordered), "");
    EXPECT_EQ(story.pass("1m"), "");
    EXPECT_EQ(story.good("shop"), "");
    EXPECT_NE(story.good("shop").find("clear shop"), std::string::npos) << "two are wanted";
    // Of one that is looked at in another way nothing is known until it was looked at.
    story.down("shop");
    EXPECT_EQ(story.reload(kBefore, Story::kNoRules, {"shop"}), "");
    EXPECT_EQ(story.pass("1m"), "");
    EXPECT_NE((story.good("shop") + story.pass("1s")).find("clear shop"), std::string::npos);
}

TEST(TakeOver, WhatIsTakenOutEndsWithAWordThatSaysSo) {
    Story story(kPushed, kRules);
    story.all_good();
    story.print_all(story.detector->push_facts("shop", {number("queue_depth", 30)}, story.now));
    story.down("web");
    EXPECT_EQ(story.detector->open_keys(), (std::vector<std::string>{"shop/Queue", "web"}));
    EXPECT_EQ(story.reload(kPushed), "clear shop/Queue: no longer configured\n") << "its rule";
    const std::string only_shop =
        "services: [{name: shop, check: {http: \"http://127.0.0.1:81/\"}}]\n";
    EXPECT_EQ(story.reload(only_shop), "clear web: no longer configured\n");
}

}  // namespace
}  // namespace ops

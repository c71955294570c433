// Incidents that became part of a larger one: nothing is raised of them, and each has its end.
#include "detect/story_for_test.h"

namespace ops {
namespace {

const std::string kFour = R"(
services:
  - {name: "shop_{1..4}", check: {http: "http://127.0.0.1:8{n}/"}}
)";

bool has(const std::string& said, const std::string& part) {
    return said.find(part) != std::string::npos;
}

// One is down and raised; a second makes it half of all.
Story two_of_four() {
    Story story(kFour);
    story.all_good();
    EXPECT_EQ(story.down("shop_3"), "open shop_3 [down] shop_3 is down: connection refused\n");
    EXPECT_TRUE(has(story.down("shop_4"), "fold shop_3 into systemic:fleet"));
    EXPECT_EQ(story.detector->open_keys(), (std::vector<std::string>{"systemic:fleet"}));
    return story;
}

TEST(Folded, EndsWhenItsTargetIsWell) {
    Story story = two_of_four();
    EXPECT_EQ(story.well("shop_3"), "clear shop_3: all checks are good again\n");
    EXPECT_EQ(story.well("shop_4"), "") << "it never was one of its own";
    EXPECT_EQ(story.pass("1s"), "clear systemic:fleet: all of its members are well again\n");
}

TEST(Folded, IsOpenedAgainWhenTheLargerOneIsOverAndItIsNot) {
    Story story = two_of_four();
    story.well("shop_4");
    EXPECT_EQ(story.pass("3m"),
              "clear systemic:fleet: 1 of its members is still bad, each on its own\n"
              "open shop_3 [down] shop_3 is down: connection refused\n");
    EXPECT_EQ(story.detector->open_keys(), (std::vector<std::string>{"shop_3"}));
    EXPECT_EQ(story.well("shop_3"), "clear shop_3: all checks are good again\n");
}

// People know that it was down as one of many. Of it alone they hear when it stays down although it
// may be repaired now.
TEST(Folded, WhatIsLeftIsToldWhenItStaysDownByItself) {
    Story story(kFour, "common_issues: []\n");
    story.all_good();
    story.down("shop_3");
    story.down("shop_4");
    story.pass("20m");
    story.well("shop_4");
    const std::string said = story.pass("1m");
    EXPECT_TRUE(has(said, "open shop_3")) << said;
    const Json saved = Json::parse(story.detector->save().dump()).value();
    story.begin(&saved);
    EXPECT_FALSE(has(said + story.bad("shop_3") + story.pass("8m"), "hit shop_3"));
    EXPECT_TRUE(has(story.pass("3m"), "hit shop_3 [Service down]"));
    EXPECT_FALSE(has(story.pass("30m"), "hit shop_3"));
}

TEST(Folded, WhatIsLeftBehindAParentThatIsDownIsToldInTheSameTime) {
    Story story(R"(
services:
  - {name: db, check: {http: "http://127.0.0.1:80/"}}
  - {name: "shop_{1..4}", group: shop, check: {http: "http://127.0.0.1:8{n}/"}, depends_on: [db]}
)",
                "common_issues: []\n");
    story.all_good();
    story.down("shop_3");
    story.down("shop_4");
    story.pass("5m");
    story.down("db");
    story.pass("3m");
    story.well("shop_4");
    std::string said = story.pass("3m");
    EXPECT_TRUE(has(said, "clear systemic:group shop")) << said;
    story.well("db");
    said = story.bad("shop_3") + story.pass("9m");
    EXPECT_TRUE(has(said, "open shop_3")) << said;
    EXPECT_FALSE(has(said, "hit shop_3")) << said;
    EXPECT_TRUE(has(story.pass("2m"), "hit shop_3 [Service down]"));
}

TEST(Folded, StaysSoOverARestart) {
    Story story = two_of_four();
    const Json saved = Json::parse(story.detector->save().dump()).value();
    story.begin(&saved);
    EXPECT_EQ(story.bad("shop_3") + story.bad("shop_4") + story.pass("30s"), "");
    EXPECT_EQ(story.detector->open_keys(), (std::vector<std::string>{"systemic:fleet"}));
    EXPECT_EQ(story.well("shop_3"), "clear shop_3: all checks are good again\n");
}

// Two of the group fail at once, and later four of the whole host.
const std::string kTwoScopes = R"(
services:
  - {name: "web_{1..3}", group: web, check: {http: "http://127.0.0.1:8{n}/"}}
  - {name: "shop_{1..4}", check: {http: "http://127.0.0.1:9{n}/"}}
)";

TEST(Folded, ASmallerFailureOfManyEndsWithTheLarger) {
    Story story(kTwoScopes);
    story.all_good();
    std::string said;
    for (const char* name : {"web_1", "web_2"}) said += story.down(name) + story.pass("2s");
    EXPECT_TRUE(has(said, "open systemic:group web")) << said;
    for (const char* name : {"shop_1", "shop_2"}) said += story.down(name);
    EXPECT_TRUE(has(said, "fold systemic:group web into systemic:fleet")) << said;
    for (const char* name : {"web_1", "shop_1", "shop_2"}) story.well(name);
    said = story.pass("4m");
    EXPECT_TRUE(has(said, "clear systemic:fleet")) << said;
    EXPECT_TRUE(has(said, "clear systemic:group web")) << said;
    EXPECT_EQ(story.detector->open_keys(), (std::vector<std::string>{"web_2"}));
}

TEST(Folded, TheLargerNamesAlsoWhoFailedLongBefore) {
    Story story(kTwoScopes);
    story.all_good();
    for (const char* name : {"web_1", "web_2"}) story.down(name);
    story.pass("3m");
    std::string said;
    for (const char* name : {"web_3", "shop_1", "shop_2", "shop_3"}) said += story.down(name);
    EXPECT_TRUE(has(said, "open systemic:fleet [systemic] 6 of 7 services failed at once")) << said;
    const auto opened = std::find_if(story.last.begin(), story.last.end(), [](const Change& c) {
        const auto* const open = std::get_if<IncidentOpen>(&c);
        return open != nullptr && open->key == "systemic:fleet";
    });
    ASSERT_NE(opened, story.last.end()) << said;
    EXPECT_EQ(std::get<IncidentOpen>(*opened).members,
              (std::vector<std::string>{"shop_1", "shop_2", "shop_3", "web_1", "web_2", "web_3"}));
}

TEST(Folded, IntoTheLossOfOurNetworkEndsWhenItIsWellToo) {
    Story story(R"(
agent: {uplink: ["192.0.2.1:443"]}
services:
  - {name: api, check: {http: "http://192.0.2.7/"}}
)");
    story.add_uplinks();
    story.all_good();
    story.down("api", "no answer within 5s");
    story.see("uplink:192.0.2.1:443", Health::good, "", {});
    EXPECT_EQ(story.detector->open_keys(), (std::vector<std::string>{"api"}));
    const std::string said = story.down("uplink:192.0.2.1:443", "no answer within 5s");
    EXPECT_TRUE(has(said, "fold api into own network")) << said;
    story.well("uplink:192.0.2.1:443");
    EXPECT_EQ(story.well("api"), "clear api: all checks are good again\n");
}

// The program was killed before it saved its states: only the journal knows, in any order.
TEST(Folded, WhatTheJournalKnowsAsAMemberIsPartOfTheLarger) {
    const IncidentOpen own{"shop_3", "shop_3", "", "down", "shop_3 is down", "refused", {}, {}};
    const IncidentOpen larger{"systemic:fleet", "",        "", "systemic",
                              "2 of 4",         "refused", {}, {"shop_3", "shop_4"}};
    for (const bool own_first : {true, false}) {
        Story story(kFour);
        story.detector->adopt(own_first ? own : larger, story.now);
        story.detector->adopt(own_first ? larger : own, story.now);
        EXPECT_EQ(story.detector->open_keys(), (std::vector<std::string>{"systemic:fleet"}));
        EXPECT_EQ(story.down("shop_3") + story.down("shop_4") + story.pass("2s"), "");
        EXPECT_EQ(story.well("shop_3"), "clear shop_3: all checks are good again\n");
    }
}

// As a program before this one may have saved it.
TEST(Folded, AMemberOfNoIncidentThatIsOpenIsRaised) {
    Story story = two_of_four();
    Json saved = story.detector->save();
    saved.set("open", Json::array());
    story.begin(&saved);
    story.bad("shop_1");
    const std::string said = story.bad("shop_3") + story.pass("10s");
    EXPECT_TRUE(has(said, "open shop_3 [down]")) << said;
}

}  // namespace
}  // namespace ops

// Facts that services push of themselves.
#include "detect/story_for_test.h"

namespace ops {
namespace {

const std::string kCompany = R"(
agent: {name: alien}
hosts: [{name: alien, local: true}]
services:
  - {name: api, host: alien, check: {http: "http://api.sim/"}}
  - {name: build, host: alien, check: {http: "http://build.sim/"}}
signals:
  - {name: app_review, command: "./review"}
)";
const std::string kMemory = R"(
common_issues:
  - name: "API high memory"
    symptoms: [memory_usage > 90%, service == "api"]
    auto_resolve: [{command: "systemctl restart api"}]
escalation:
  - {name: "Founder's own", when: 'app_review == "rejected"', level: critical}
)";

std::string push(Story& story, const std::string& target, const std::string& name, Value value) {
    return story.print_all(
        story.detector->push_facts(target, {{name, std::move(value)}}, story.now));
}

TEST(Pushed, ASignalsFactIsToldOfWhoeverPushesIt) {
    Story story(kCompany, kMemory);
    story.all_good();
    story.pass("2m");
    EXPECT_EQ(push(story, "build", "review_state", Value::string("IN_REVIEW")), "");
    EXPECT_EQ(push(story, "build", "review_state", Value::string("REJECTED")),
              "open build/App rejected [App rejected] App rejected: build: review_state in "
              "[\"REJECTED\", "
              "\"METADATA_REJECTED\", \"INVALID_BINARY\"] (review_state \"REJECTED\")\n"
              "hit build/App rejected [App rejected] critical: review_state in [\"REJECTED\", "
              "\"METADATA_REJECTED\", \"INVALID_BINARY\"] (review_state \"REJECTED\")\n");
    EXPECT_EQ(story.pass("10m"), "") << "once, and of no other service";
    // After a restart nothing is known of it yet, and so nothing of it is over.
    const Json saved = Json::parse(story.detector->save().dump()).value();
    story.begin(&saved);
    story.all_good();
    EXPECT_EQ(story.pass("10m"), "");
    push(story, "build", "review_state", Value::string("APPROVED"));
    EXPECT_EQ(push(story, "build", "review_state", Value::string("APPROVED")) + story.pass("1m"),
              "unhit build/App rejected [App rejected]\nclear build/App rejected: its symptoms are "
              "gone\n");
}

TEST(Pushed, ASignalIsMeantByItsName) {
    Story story(kCompany, R"(
common_issues: []
escalation:
  - {name: Rejected, when: 'service == "app_review" and app_review == "rejected"', level: critical}
)");
    story.all_good();
    story.pass("2m");
    const std::string said = push(story, "app_review", "app_review", Value::string("rejected"));
    EXPECT_NE(said.find("hit app_review/Rejected [Rejected] critical"), std::string::npos) << said;
}

TEST(Pushed, ACriterionOfOnesOwnIsTold) {
    Story story(kCompany, kMemory);
    story.all_good();
    story.pass("2m");
    const std::string said = push(story, "build", "app_review", Value::string("rejected"));
    EXPECT_NE(said.find("hit build/Founder's own [Founder's own] critical"), std::string::npos)
        << said;
}

TEST(Pushed, WhatIsFalseWhenItIsClosedIsNotRaisedAnew) {
    Story story(kCompany, kMemory);
    story.all_good();
    story.pass("2m");
    const std::string said = push(story, "api", "memory_usage", Value::percentage(95));
    EXPECT_NE(said.find("open api [API high memory] Memory at 95% of api"), std::string::npos)
        << said;
    EXPECT_EQ(push(story, "api", "memory_usage", Value::percentage(20)), "") << "one look only";
    story.detector->closed("api", story.now);  // verified by the checks
    EXPECT_EQ(story.good("api") + story.pass("10m"), "") << "20% is not over 90%";
    EXPECT_NE(push(story, "api", "memory_usage", Value::percentage(96)).find("Memory at 96%"),
              std::string::npos);
}

}  // namespace
}  // namespace ops

// What a criterion counts that follows from no failure is told whatever holds its target back.
#include "detect/story_for_test.h"

namespace ops {
namespace {

const std::string kTwo = R"(
services:
  - {name: db, check: {http: "http://127.0.0.1:80/"}}
  - {name: shop, depends_on: [db], check: {http: "http://127.0.0.1:81/"}}
)";
const std::string kCriteria = R"(
common_issues: []
escalation:
  - {name: Intruder, when: "count(intrusion, 10m) >= 1", level: critical}
  - {name: Crashes, when: "count(crash, 10m) >= 1", level: alert}
)";

size_t count(const std::string& said, const std::string& part) {
    size_t found = 0;
    for (size_t at = said.find(part); at != std::string::npos; at = said.find(part, at + 1))
        ++found;
    return found;
}

TEST(Kept, AnEventIsToldThoughTheParentIsDownAndACrashIsNot) {
    Story story(kTwo, kCriteria);
    story.all_good();
    story.down("db");
    story.down("shop");
    std::string said = story.print_all(story.detector->push_event("shop", "crash", story.now));
    EXPECT_EQ(said, "event shop crash\n") << "it follows from its parent's failure";
    said = story.print_all(story.detector->push_event("shop", "intrusion", story.now));
    EXPECT_EQ(count(said, "open shop/Intruder"), 1U) << said;
    story.well("db");
    said = story.bad("shop") + story.pass("1m");
    EXPECT_EQ(count(said, "Intruder"), 0U) << said;
    EXPECT_EQ(count(said, "open shop [down]"), 1U) << said;
}

TEST(Kept, InMaintenanceAnEventIsToldAsItWasWhenThatIsOver) {
    for (const bool killed : {false, true}) {
        Story story(kTwo, kCriteria);
        story.all_good();
        const Time until = story.now + std::chrono::hours(1);
        story.detector->hold("shop", Status::maintenance, until, story.now);
        story.pass("1m");
        story.print_all(story.detector->push_event("shop", "intrusion", story.now));
        story.pass("30m");
        const Json saved = Json::parse(story.detector->save().dump()).value();
        if (killed) story.begin(&saved);
        EXPECT_EQ(story.pass("28m"), "");
        const std::string said = story.pass("2m");
        EXPECT_EQ(count(said, "open shop"), 1U) << said;
        EXPECT_EQ(count(said, "(count(intrusion, 10m) 1)"), 2U) << "as it was\n" << said;
    }
}

}  // namespace
}  // namespace ops

// Witnesses that cannot be asked.
#include "detect/story_for_test.h"

namespace ops {
namespace {

const std::string kOverSsh = R"(
hosts:
  - {name: here, local: true}
  - {name: pc, ssh: pc}
  - {name: old, ssh: old}
services:
  - {name: api, check: {http: "http://10.0.0.1/"}}
)";
const char* const kSilent = "no answer in 5s";

bool has(const std::string& said, const std::string& part) {
    return said.find(part) != std::string::npos;
}

Story all_well() {
    Story story(kOverSsh);
    story.all_good();
    story.unknown("old");
    story.pass("5m");
    story.good("pc");
    story.good("api");
    return story;
}

TEST(Witnesses, OneThatCannotBeAskedJustNowIsAsSilentAsTheRest) {
    Story story = all_well();
    story.bad("api", kSilent);
    story.unknown("pc", "ssh: connect to host pc: timed out");
    story.unknown("old");
    const std::string said = story.bad("api", kSilent);
    EXPECT_TRUE(has(said, "open own network")) << said;
    EXPECT_FALSE(has(said, "open api")) << said;
}

TEST(Witnesses, OneThatCouldNotBeAskedForLongIsNone) {
    Story story = all_well();
    story.unknown("pc");
    story.pass("5m");
    story.bad("api", kSilent);
    story.unknown("pc");
    story.unknown("old");
    EXPECT_EQ(story.bad("api", kSilent), "open api [down] api is down: no answer in 5s\n");
}

TEST(Witnesses, AnSshThatIsRefusedShowsThatTheNetworkWorks) {
    Story story = all_well();
    story.bad("api", kSilent);
    story.unknown("pc", "ssh: connect to host pc port 22: Connection refused");
    story.unknown("old");
    EXPECT_EQ(story.bad("api", kSilent), "open api [down] api is down: no answer in 5s\n");
}

}  // namespace
}  // namespace ops

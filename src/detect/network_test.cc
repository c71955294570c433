// Witnesses that cannot be asked.
#include <algorithm>

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

// One site of nine machines, and one elsewhere.
class Sites : public testing::Test {
protected:
    Sites()
        : story(R"(
services:
  - {name: "web{1..9}", check: {http: "http://web{n}.example/"}}
  - {name: elsewhere, check: {http: "http://10.0.0.1/"}}
)") {
        story.all_good();
        story.pass("1m");
        for (int i = 1; i <= 9; ++i) first += story.bad(web(i), kSilent);
        story.rechecked();
        for (int i = 1; i <= 9; ++i) second += story.bad(web(i), kSilent);
    }
    static std::string web(int i) { return "web" + std::to_string(i); }

    Story story;
    std::string first, second;
};

TEST_F(Sites, EightSilentMachinesAreNotAllOfThem) {
    EXPECT_FALSE(has(first + second, "open own network")) << second;
    const std::vector<std::string> asked = story.rechecked();
    EXPECT_TRUE(std::count(asked.begin(), asked.end(), "elsewhere"))
        << "the ninth is asked when the eight are silent";
    EXPECT_TRUE(has(story.good("elsewhere") + story.pass("1s"), "[systemic] 9 of 10 "));
    for (int round = 0; round < 4; ++round) {
        std::string said = story.pass("15s");
        for (int i = 1; i <= 9; ++i) said += story.bad(web(i), kSilent);
        said += story.good("elsewhere");
        EXPECT_FALSE(has(said, "own network")) << said;
    }
}

TEST_F(Sites, WhenNobodyOfThemAnswersItIsUs) {
    const std::string said = story.bad("elsewhere", kSilent) + story.pass("1s");
    EXPECT_TRUE(has(said, "lost: none of 10 machines answers")) << said;
}

TEST_F(Sites, ItIsUsWhenTheLastOfThemDoesNotAnswerInTime) {
    EXPECT_FALSE(has(story.pass("10s"), "own network"));
    EXPECT_TRUE(has(story.pass("5s"), "lost: none of 10 machines answers"));
}

}  // namespace
}  // namespace ops

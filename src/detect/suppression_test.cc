// The eight rules of suppression that others learned the hard way (docs/detection.md), and our own
// network.
#include "detect/story_for_test.h"

namespace ops {
namespace {

// db <- api <- web: one depends on the next.
const std::string kChain = R"(
services:
  - {name: db, check: {tcp: "127.0.0.1:5432"}}
  - {name: api, check: {http: "http://127.0.0.1:8080/"}, depends_on: [db]}
  - {name: web, check: {http: "http://127.0.0.1:8081/"}, depends_on: [api]}
)";

TEST(Suppression, Rule1SuppressesAlertingOnlyNeverChecking) {
    Story story(kChain);
    story.all_good();
    story.down("db");
    story.show_states = true;
    EXPECT_EQ(story.down("api"),
              "api is down: connection refused\n"
              "suppress api by db\n")
        << "its state goes on being kept and told";
    EXPECT_EQ(story.detector->state("api").status, Status::down);
    EXPECT_EQ(story.detector->state("api").suppressed_by, "db");
    story.rechecked();
    story.good("api");
    EXPECT_EQ(story.good("api"), "api is up\nrelease api\n");
}

TEST(Suppression, Rule2SuppressesCreationOnlyNeverResolution) {
    Story story(kChain);
    story.all_good();
    story.down("api");
    story.good("db");
    ASSERT_EQ(story.detector->open_keys(), (std::vector<std::string>{"api"}));
    story.down("db");
    EXPECT_EQ(story.detector->state("api").suppressed_by, "db");
    story.good("api");
    EXPECT_EQ(story.good("api"), "clear api: all checks are good again\nrelease api\n")
        << "a recovery of what was told is told although its parent is down";
}

TEST(Suppression, Rule3OneHopIsEnoughBecauseChildrenKeepTheirOwnState) {
    Story story(kChain);
    story.all_good();
    EXPECT_EQ(story.down("db"), "open db [down] db is down: connection refused\n");
    EXPECT_EQ(story.down("api"), "suppress api by db\n");
    EXPECT_EQ(story.down("web"), "suppress web by api\n") << "by its own parent, itself suppressed";
    EXPECT_EQ(story.detector->open_keys(), (std::vector<std::string>{"db"}));
}

TEST(Suppression, Rule4TimersDoNotAdvanceWhileSuppressed) {
    Story story(kChain, R"(
escalation:
  - {name: Service down, when: down_for > 10 minutes, level: alert}
)");
    story.all_good();
    story.down("api");
    story.good("db");
    story.pass("6m");
    story.down("db");
    EXPECT_EQ(story.pass("8m").find("hit api"), std::string::npos)
        << "14 minutes down, 6 of them on its own account";
    story.good("db");
    story.good("db");
    story.bad("api");  // asked again, as a release does
    EXPECT_EQ(story.pass("3m").find("hit api"), std::string::npos) << "9 on its own account";
    EXPECT_NE(story.pass("2m").find("hit api [Service down] alert"), std::string::npos);
    EXPECT_GT(story.detector->fact("api", "down_for", story.now).amount(), 19 * 60)
        << "the fact itself tells how long it really was";
}

TEST(Suppression, Rule4HoldTimesDoNotAdvanceWhileSuppressed) {
    Story story(kChain, R"(
common_issues:
  - name: Memory high
    symptoms: [memory_usage > 90%]
    for: 2m
    auto_resolve: [{command: "true"}]
)");
    story.all_good();
    story.good("api", {{"memory_usage", Value::percentage(95)}});
    story.pass("1m");
    story.down("db");
    // Not yet a problem, so nothing is suppressed; but it must not become one either.
    EXPECT_EQ(story.pass("5m").find("open api"), std::string::npos);
}

TEST(Suppression, Rule5WhatIsStillBadWhenSuppressionEndsIsRaisedNow) {
    Story story(kChain);
    story.all_good();
    story.down("db");
    story.down("api");
    story.rechecked();
    EXPECT_EQ(story.good("db"), "");
    EXPECT_EQ(story.good("db"), "clear db: all checks are good again\nrelease api\n");
    EXPECT_EQ(story.rechecked(), (std::vector<std::string>{"api"})) << "asked again at once";
    EXPECT_EQ(story.pass("10s"), "") << "but nothing is raised on old evidence";
    EXPECT_EQ(story.bad("api"), "open api [down] api is down: connection refused\n");
}

TEST(Suppression, Rule5WhatRecoveredMeanwhileIsNotRaised) {
    Story story(kChain);
    story.all_good();
    story.down("db");
    story.down("api");
    story.well("db");
    EXPECT_EQ(story.well("api"), "");
    EXPECT_EQ(story.pass("5m"), "");
}

TEST(Suppression, Rule5MaintenanceThatEndsIsLookedAtAgain) {
    Story story(kChain);
    story.all_good();
    story.print_all(story.detector->hold("db", Status::maintenance,
                                         story.now + std::chrono::minutes(10), story.now));
    EXPECT_EQ(story.down("db"), "suppress db by maintenance\n");
    EXPECT_EQ(story.pass("9m"), "");
    story.rechecked();
    EXPECT_EQ(story.pass("2m"), "release db\n");
    EXPECT_EQ(story.rechecked(), (std::vector<std::string>{"db"}));
    EXPECT_EQ(story.bad("db"), "open db [down] db is down: connection refused\n");
}

TEST(Suppression, Rule6ProblemsOnlyNotFlappingNorStates) {
    Story story(kChain);
    story.all_good();
    story.down("db");
    std::string said;
    for (int i = 0; i < 12; ++i) said += i % 2 == 0 ? story.bad("api") : story.good("api");
    EXPECT_NE(said.find("api flaps\n"), std::string::npos) << said;
    EXPECT_EQ(said.find("open api"), std::string::npos) << said;
}

TEST(Suppression, Rule7FirstProblemsWaitUntilThePictureIsThere) {
    Story story(kChain);
    story.rechecked();
    EXPECT_EQ(story.bad("api"), "");
    EXPECT_EQ(story.rechecked(), (std::vector<std::string>{"db", "api"}));
    EXPECT_EQ(story.bad("api"), "") << "db has not answered yet";
    const std::string said = story.down("db");
    EXPECT_EQ(said.find("open api"), std::string::npos) << said;
    EXPECT_NE(said.find("suppress api by db"), std::string::npos) << said;
    EXPECT_NE(said.find("open db"), std::string::npos) << said;
}

TEST(Suppression, Rule7NobodyWaitsForChecksThatAreNotAbove) {
    Story story(kChain);
    EXPECT_EQ(story.down("db"), "open db [down] db is down: connection refused\n")
        << "right after the start, though api and web have not answered";
}

TEST(Suppression, Rule7AParentThatNeverAnswersIsNotWaitedForForEver) {
    Story story(kChain);
    EXPECT_EQ(story.down("api"), "");
    EXPECT_EQ(story.pass("14s"), "");
    EXPECT_EQ(story.pass("3s"), "open api [down] api is down: connection refused\n");
}

TEST(Suppression, Rule7WhatIsOnlyRememberedRaisesNothing) {
    Story story(kChain);
    story.all_good();
    story.down("db");
    const Json saved = story.detector->save();
    story.detector->closed("db", story.now);
    const Json closed = story.detector->save();
    story.now += std::chrono::minutes(1);
    story.begin(&closed);
    EXPECT_EQ(story.pass("30s"), "") << "db was down when we stopped; is it still?";
    EXPECT_EQ(story.bad("db"), "open db [down] db is down: connection refused\n");
    story.begin(&saved);
    EXPECT_EQ(story.pass("30s"), "");
    EXPECT_EQ(story.well("db"), "clear db: all checks are good again\n");
}

TEST(Suppression, Rule7WhatOnlyTheJournalKnowsAsOpenIsClearedWhenSeenWell) {
    Story story(kChain);
    story.detector->adopt({"db", "db", "pc", "down", "db is down", "connection refused", {}, {}},
                          story.now);
    EXPECT_EQ(story.pass("30s"), "") << "nobody has looked yet";
    EXPECT_EQ(story.good("db"), "clear db: all checks are good again\n");
    story.detector->adopt({"db", "db", "pc", "down", "db is down", "connection refused", {}, {}},
                          story.now);
    EXPECT_EQ(story.down("db"), "") << "it is open already";
}

TEST(Suppression, Rule7KnownDownIsNotToldAgainAfterARestart) {
    Story story(kChain);
    story.all_good();
    story.down("db");
    story.down("api");
    const Json saved = story.detector->save();
    story.now += std::chrono::minutes(1);
    story.begin(&saved);
    std::string said;
    for (int i = 0; i < 3; ++i) said += story.bad("db") + story.bad("api") + story.good("web");
    EXPECT_EQ(said + story.pass("30s"), "");
}

TEST(Suppression, Rule8AChildWaitsForItsParentsVerdict) {
    Story story(kChain);
    story.all_good();
    story.rechecked();
    EXPECT_EQ(story.bad("api"), "");
    EXPECT_EQ(story.rechecked(), (std::vector<std::string>{"db", "api"}))
        << "the parent is asked along with the child's own confirmation";
    EXPECT_EQ(story.bad("api"), "") << "confirmed, but the parent has not answered";
    EXPECT_EQ(story.bad("db"), "") << "nor is one bad answer its verdict";
    EXPECT_EQ(story.bad("db"),
              "open db [down] db is down: connection refused\n"
              "suppress api by db\n");
}

TEST(Suppression, Rule8AParentThatIsWellReleasesTheChildAtOnce) {
    Story story(kChain);
    story.all_good();
    story.down("api");
    EXPECT_EQ(story.good("db"), "open api [down] api is down: connection refused\n");
}

TEST(Suppression, Rule8AParentThatNeverAnswersDoesNotHoldTheChildForEver) {
    Story story(kChain);
    story.all_good();
    story.down("api");
    EXPECT_EQ(story.pass("14s"), "");
    EXPECT_EQ(story.pass("2s"), "open api [down] api is down: connection refused\n");
}

const std::string kRemote = R"(
hosts:
  - {name: here, local: true}
  - {name: far, check: {http: "http://10.0.0.1/"}}
services:
  - {name: on_far, host: far, check: {http: "http://10.0.0.1:81/"}}
  - {name: elsewhere, host: here, check: {http: "http://10.0.0.2/"}}
  - {name: third, host: here, check: {http: "http://10.0.0.3/"}}
  - {name: local, host: here, check: {http: "http://127.0.0.1/"}}
  - {name: "quiet_{1..4}", host: here, check: {http: "http://127.0.0.1:99/"}}
)";

TEST(Suppression, Rule4WhatBeganLateWaitsNoLongerThanItsOwnTime) {
    Story story(kChain, R"(
common_issues:
  - {name: Memory, symptoms: [memory_usage > 90%], for: 2m, auto_resolve: [{alert: "memory"}]}
  - {name: Errors, symptoms: [error_rate > 5], auto_resolve: [{alert: "errors"}]}
)");
    const auto memory = [&story](double percent) {
        return story.good("api", {{"memory_usage", Value::percentage(percent)},
                                  {"error_rate", Value::number(9)}});
    };
    story.all_good();
    story.detector->hold("api", Status::maintenance, story.now + std::chrono::hours(1), story.now);
    memory(10);
    story.pass("59m30s");
    memory(95);
    story.pass("1m");
    std::string said = memory(95);
    for (int i = 0; i < 5; ++i) said += story.pass("30s") + memory(95);
    EXPECT_NE(said.find("update api: memory_usage > 90%"), std::string::npos) << said;
}

TEST(OwnNetwork, EveryRemoteTargetFailingIsOneIncidentOfOurs) {
    Story story(kRemote);
    story.all_good();
    story.rechecked();
    const std::string lost = "no answer in 5s";
    EXPECT_EQ(story.bad("elsewhere", lost), "");
    EXPECT_EQ(story.rechecked(), (std::vector<std::string>{"far", "third", "elsewhere"}))
        << "the others are asked at once";
    story.bad("far", lost);
    EXPECT_EQ(story.bad("elsewhere", lost), "") << "'third' has not answered";
    EXPECT_EQ(story.bad("third", lost), "");
    const std::string said = story.bad("elsewhere", lost);
    EXPECT_EQ(said,
              "open own network [own network] Our own network connection is lost: none of 3 "
              "machines answers\n"
              "suppress elsewhere by own network\n");
    story.down("far", lost);
    story.down("third", lost);
    story.down("on_far", lost);
    EXPECT_EQ(story.pass("5m"), "");
    EXPECT_EQ(story.detector->open_keys(), (std::vector<std::string>{"own network"}));
    EXPECT_EQ(story.down("local", "refused"), "open local [down] local is down: refused\n")
        << "what needs no network is still raised";

    const std::string back = story.good("third");
    EXPECT_NE(back.find("clear own network: our own network works again"), std::string::npos);
    EXPECT_EQ(story.bad("elsewhere", lost),
              "open elsewhere [down] elsewhere is down: no answer in "
              "5s\n")
        << "what is still bad is raised on new evidence";
}

TEST(OwnNetwork, OneRemoteAnswerProvesThatItWorks) {
    Story story(kRemote);
    story.all_good();
    story.down("elsewhere", "no answer in 5s");
    story.bad("far", "no answer in 5s");
    EXPECT_EQ(story.bad("third", "connection refused"), "");
    const std::string said = story.pass("1s");
    EXPECT_NE(said.find("open elsewhere [down]"), std::string::npos)
        << "a refusal comes from the other side: " << said;
}

TEST(OwnNetwork, AnErrorFromTheOtherSideNeedsNoVerdictOnTheNetwork) {
    Story story(kRemote);
    story.all_good();
    story.bad("elsewhere", "HTTP 500", {{"http_status", Value::number(500)}});
    EXPECT_EQ(story.bad("elsewhere", "HTTP 500", {{"http_status", Value::number(500)}}),
              "open elsewhere [down] elsewhere is down: HTTP 500\n");
}

TEST(OwnNetwork, ServicesOfOneMachineAreNoWitnessesForEachOther) {
    Story story(R"(
services:
  - {name: a, check: {http: "http://10.0.0.1:80/"}}
  - {name: b, check: {http: "http://10.0.0.1:81/"}}
)");
    story.all_good();
    EXPECT_EQ(story.down("a", "no answer in 5s"), "open a [down] a is down: no answer in 5s\n");
}

TEST(OwnNetwork, ConfiguredUplinksDecide) {
    const std::string config = R"(
agent: {uplink: ["1.1.1.1:443", "https://example.com/"]}
services:
  - {name: a, check: {http: "http://10.0.0.1/"}}
  - {name: b, check: {http: "http://10.0.0.2/"}}
)";
    // When the network is lost, no name server answers either.
    for (const auto& [lost, by_name] :
         {std::pair(true, Health::bad), std::pair(true, Health::unknown),
          std::pair(false, Health::good)}) {
        Story story(config);
        story.add_uplinks();
        story.all_good();
        story.rechecked();
        story.bad("a", "no answer in 5s");
        EXPECT_EQ(
            story.rechecked(),
            (std::vector<std::string>{"uplink:1.1.1.1:443", "uplink:https://example.com/", "a"}));
        EXPECT_EQ(story.bad("a", "no answer in 5s"), "");
        story.down("uplink:1.1.1.1:443", "no answer in 5s");
        if (lost) {
            std::string said;
            for (int i = 0; i < 2; ++i)
                said += story.see("uplink:https://example.com/", by_name, "no answer in 5s", {});
            EXPECT_NE(said.find("open own network"), std::string::npos) << said;
            EXPECT_NE(said.find("suppress a by own network"), std::string::npos) << said;
            EXPECT_EQ(story.detector->open_keys(), (std::vector<std::string>{"own network"}));
        } else {
            EXPECT_EQ(story.good("uplink:https://example.com/"),
                      "open a [down] a is down: no answer in 5s\n");
        }
    }
}

}  // namespace
}  // namespace ops

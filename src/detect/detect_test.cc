#include "detect/detect.h"

#include "detect/story_for_test.h"

namespace ops {
namespace {

const std::string kOne = R"(
services:
  - {name: api, check: {http: "http://127.0.0.1:8080/health"}}
)";

TEST(Detect, OneFailureIsConfirmedAtOnceAndTheSecondRaises) {
    Story story(kOne);
    story.all_good();
    story.show_rechecks = story.show_states = true;
    EXPECT_EQ(story.bad("api"), "recheck api\n");
    EXPECT_EQ(story.bad("api"),
              "api is down: connection refused\n"
              "open api [down] api is down: connection refused\n");
    EXPECT_EQ(story.bad("api"), "");
}

TEST(Detect, OneFailureAloneIsQuiet) {
    Story story(kOne);
    story.all_good();
    story.show_states = true;
    EXPECT_EQ(story.bad("api"), "");
    EXPECT_EQ(story.good("api"), "");
    EXPECT_EQ(story.pass("5m"), "");
}

TEST(Detect, ACertainDeathNeedsNoThreshold) {
    Story story(kOne);
    story.all_good();
    EXPECT_EQ(story.dead("api"), "open api [down] api is down: process is dead\n");
    EXPECT_TRUE(story.rechecked().empty());
}

TEST(Detect, ItIsWellAgainOnlyAfterTheSecondGoodAnswer) {
    Story story(kOne);
    story.all_good();
    story.down("api");
    story.show_states = true;
    EXPECT_EQ(story.good("api"), "");
    EXPECT_EQ(story.bad("api"), "") << "the row of good answers is broken";
    EXPECT_EQ(story.good("api"), "");
    EXPECT_EQ(story.good("api"), "api is up\nclear api: all checks are good again\n");
}

TEST(Detect, UnknownNeitherRaisesNorHeals) {
    Story story(kOne);
    story.all_good();
    story.show_states = true;
    EXPECT_EQ(story.unknown("api"), "");
    EXPECT_EQ(story.unknown("api"), "api is unknown: ssh failed\n");
    EXPECT_EQ(story.pass("4m"), "");
    EXPECT_EQ(story.pass("2m"), "api is degraded: cannot be checked: ssh failed\n");
    EXPECT_TRUE(story.detector->open_keys().empty());
    EXPECT_EQ(story.good("api"), "api is up\n");

    story.show_states = false;
    story.down("api");
    story.unknown("api");
    story.unknown("api");
    EXPECT_EQ(story.detector->state("api").status, Status::down) << "not seen to be well";
}

TEST(Detect, RemembersHowItWasWhenItWasWell) {
    Story story(kOne);
    story.all_good();
    EXPECT_FALSE(story.detector->when_well("api")) << "it never was bad";
    story.good("api", {{"http_status", Value::number(200)}});
    const Time well = story.now;
    story.pass("15s");
    story.bad("api", "HTTP 500", {{"http_status", Value::number(500)}});
    story.pass("15s");
    story.bad("api", "HTTP 502", {{"http_status", Value::number(502)}});
    const auto was = story.detector->when_well("api");
    ASSERT_TRUE(was);
    EXPECT_EQ(was->first, well) << "the last good look, not the bad one before this";
    ASSERT_NE(was->second.find("http_status"), nullptr);
    EXPECT_EQ(*was->second.find("http_status"), Value::number(200));
    EXPECT_FALSE(story.detector->when_well("nobody"));
}

TEST(Detect, AnswersThatWereOvertakenAreLeftOut) {
    Story story(kOne);
    story.all_good();
    Observation late;
    late.check = story.check_of("api");
    late.target = "api";
    late.at = story.now - std::chrono::seconds(5);
    late.health = Health::bad;
    late.certain = true;
    EXPECT_TRUE(story.detector->observe(late, story.now).empty());
}

TEST(Detect, TheWorstOfSeveralChecksCounts) {
    Story story(R"(
services:
  - name: api
    check:
      - {http: "http://127.0.0.1:8080/health"}
      - {tcp: "127.0.0.1:8081"}
)");
    const int http = static_cast<int>(story.check_of("api"));
    const int tcp = http + 1;
    story.all_good();
    story.see("api", Health::bad, "refused", {}, tcp);
    EXPECT_EQ(story.see("api", Health::bad, "refused", {}, tcp),
              "open api [down] api is down: refused\n");
    story.see("api", Health::good, "", {}, http);
    story.see("api", Health::good, "", {}, http);
    EXPECT_EQ(story.detector->state("api").status, Status::down);
    story.see("api", Health::good, "", {}, tcp);
    EXPECT_EQ(story.see("api", Health::good, "", {}, tcp),
              "clear api: all checks are good again\n");
}

TEST(Detect, WhatWorksButNotWellIsDegradedAndNoIncident) {
    Story story(kOne);
    story.show_states = true;
    story.all_good();
    const auto answer = [&](const std::string& reason) {
        story.now += std::chrono::seconds(1);
        Observation seen;
        seen.check = story.check_of("api");
        seen.target = "api";
        seen.at = story.now;
        seen.health = Health::good;
        seen.degraded = !reason.empty();
        seen.reason = reason;
        return story.print_all(story.detector->observe(seen, story.now));
    };
    EXPECT_EQ(answer("certificate ends in 6d"), "api is degraded: certificate ends in 6d\n");
    EXPECT_EQ(answer("certificate ends in 6d"), "");
    EXPECT_EQ(answer(""), "api is up\n");

    // It is told when it stays; and a failure that comes on top is a failure of its own.
    story.show_states = false;
    EXPECT_EQ(answer("certificate ends in 5d"), "");
    EXPECT_EQ(story.pass("9m"), "");
    EXPECT_EQ(story.pass("2m"),
              "open api/Not quite well [Not quite well] api is not quite well: certificate ends in "
              "5d\nhit api/Not quite well [Not quite well] warning: certificate ends in 5d\n");
    EXPECT_EQ(answer("certificate ends in 5d"), "");
    EXPECT_EQ(story.bad("api"), "");
    EXPECT_EQ(story.bad("api"), "open api [down] api is down: connection refused\n");
}

TEST(Detect, WhatCannotBeCheckedForLongIsToldOnceOfTheHost) {
    Story story(R"(
hosts: [{name: pc, ssh: "root@127.0.0.1"}]
services:
  - {name: db, host: pc, check: {systemd: postgresql}}
  - {name: queue, host: pc, check: {systemd: rabbitmq}}
)");
    story.all_good();
    // One alone is told of itself.
    EXPECT_EQ(story.unknown("db") + story.unknown("db") + story.pass("14m"), "");
    EXPECT_EQ(story.pass("2m"),
              "open db/Not quite well [Not quite well] db cannot be checked: ssh failed\n"
              "hit db/Not quite well [Not quite well] warning: ssh failed\n");
    EXPECT_EQ(story.good("db") + story.good("db"), "");
    EXPECT_EQ(story.pass("1m"),
              "unhit db/Not quite well [Not quite well]\n"
              "clear db/Not quite well: its symptoms are gone\n");
    for (const std::string name : {"pc", "db", "queue"}) {
        EXPECT_EQ(story.unknown(name) + story.unknown(name), "");
    }
    EXPECT_EQ(story.pass("20m"),
              "open pc/Not quite well [Not quite well] pc cannot be checked: ssh failed\n"
              "hit pc/Not quite well [Not quite well] warning: ssh failed\n");
}

TEST(Detect, AHostThatIsDownForLongIsOneIncident) {
    Story story("hosts: [{name: pc, ssh: \"root@127.0.0.1\"}]\n");
    story.all_good();
    EXPECT_NE(story.down("pc").find("open pc [down] pc is down"), std::string::npos);
    const std::string said = story.pass("11m");
    EXPECT_NE(said.find("hit pc [Service down] alert"), std::string::npos) << said;
    EXPECT_EQ(said.find("open "), std::string::npos) << said;
}

TEST(Detect, ClosedByAPersonItIsRaisedAgainOnlyByNewEvidence) {
    Story story(kOne);
    story.all_good();
    story.down("api");
    story.detector->closed("api", story.now);
    EXPECT_EQ(story.pass("1m"), "");
    EXPECT_EQ(story.bad("api"), "open api [down] api is down: connection refused\n");
}

TEST(Detect, ARestartForgetsNothingAndRaisesNothingAnew) {
    Story story(kOne);
    story.all_good();
    story.down("api");
    const Json saved = Json::parse(story.detector->save().dump()).value();
    story.now += std::chrono::minutes(3);
    story.begin(&saved);
    EXPECT_EQ(story.detector->state("api").status, Status::down);
    EXPECT_EQ(story.bad("api"), "");
    EXPECT_EQ(story.pass("1m"), "");
    const Value down_for = story.detector->fact("api", "down_for", story.now);
    EXPECT_GE(down_for.amount(), 240) << "counts from when it went down, not from the restart";
    story.good("api");
    EXPECT_EQ(story.good("api"), "clear api: all checks are good again\n");
}

TEST(Detect, WhatIsNoLongerConfiguredIsClearedAfterARestart) {
    Story story(kOne);
    story.all_good();
    story.down("api");
    const Json saved = story.detector->save();
    Story other(R"(
services:
  - {name: web, check: {http: "http://127.0.0.1:8080/health"}}
)");
    other.detector->restore(saved, other.now);
    EXPECT_EQ(other.pass("1s"), "clear api: no longer configured\n");
}

TEST(Detect, SeveralCrashesSeenInOneLookAreSeveral) {
    Story story(kOne);
    story.good("api", {{"process_status", Value::string("running")}});
    story.dead("api");
    EXPECT_EQ(story.print_all(story.detector->push_event("api", "crash", story.now, 3)),
              "event api crash\nevent api crash\n")
        << "the first of them is known already";
}

TEST(Detect, ACrashIsAnEventOnceHoweverOftenItIsReported) {
    Story story(kOne);
    story.good("api", {{"process_status", Value::string("running")}});
    const std::string said = story.dead("api");
    EXPECT_NE(said.find("event api crash\n"), std::string::npos) << said;
    EXPECT_EQ(story.print_all(story.detector->push_event("api", "crash", story.now)), "");
    story.pass("10s");
    EXPECT_EQ(story.print_all(story.detector->push_event("api", "crash", story.now)),
              "event api crash\n");
    story.good("api", {{"process_status", Value::string("running")}});
    EXPECT_EQ(story.detector->fact("api", "restarts", story.now), Value::number(1));
}

TEST(Detect, WhatWeEndedOurselvesDidNotCrash) {
    const std::vector<Fact> runs{{"process_status", Value::string("running")}};
    const auto crash = [](Story& story) {
        return story.print_all(story.detector->push_event("api", "crash", story.now));
    };
    Story story(kOne);
    story.good("api", runs);
    story.detector->acting("api", story.now);
    story.pass("20s");
    EXPECT_EQ(crash(story), "") << "the check saw another process number after our restart";
    EXPECT_EQ(story.dead("api").find("event api crash"), std::string::npos)
        << "the same happening, told by the process status";
    story.good("api", runs);
    story.pass("20s");
    EXPECT_EQ(crash(story), "event api crash\n") << "the new one crashed by itself";

    Story dead(kOne);
    dead.good("api", runs);
    dead.dead("api");
    dead.detector->acting("api", dead.now);
    dead.good("api", runs);
    dead.pass("20s");
    EXPECT_EQ(crash(dead), "event api crash\n") << "nothing ran that our restart could have ended";

    Story late(kOne);
    late.good("api", runs);
    late.detector->acting("api", late.now);
    late.pass("4m");
    EXPECT_EQ(crash(late), "event api crash\n") << "our action is long over";
}

TEST(Detect, FactsAnswerToAllTheirNames) {
    Story story(R"(
hosts:
  - {name: pc, ssh: pc}
services:
  - {name: "worker_{1..2}", group: worker, host: pc, check: {process: "worker {n}"}}
)");
    story.good("worker_1", {{"process_status", Value::string("running")}});
    story.see("pc", Health::good, "", {{"disk_usage", Value::percentage(42)}});
    const Detector& detector = *story.detector;
    EXPECT_EQ(detector.fact("worker_1", "worker_process_status", story.now),
              Value::string("running"));
    EXPECT_EQ(detector.fact("worker_1", "process_status", story.now), Value::string("running"));
    EXPECT_EQ(detector.fact("worker_1", "service", story.now), Value::string("worker_1"));
    EXPECT_EQ(detector.fact("worker_1", "disk_usage", story.now), Value::percentage(42));
    EXPECT_TRUE(detector.fact("worker_2", "process_status", story.now).is_unknown());
    EXPECT_TRUE(detector.fact("nobody", "up", story.now).is_unknown());
    EXPECT_EQ(detector.fact("worker_1", "up", story.now), Value::boolean(true));
}

TEST(Detect, LastHeartbeatIsTheAgeOfTheLastGoodCheckWhereNoneIsConfigured) {
    Story story(kOne);
    story.now += std::chrono::seconds(90);
    EXPECT_NEAR(story.detector->fact("api", "last_heartbeat", story.now).amount(), 90, 0.1)
        << "from when watching began";
    story.good("api");
    story.now += std::chrono::seconds(30);
    EXPECT_NEAR(story.detector->fact("api", "last_heartbeat", story.now).amount(), 30, 0.1);
    story.bad("api");
    EXPECT_NEAR(story.detector->fact("api", "last_heartbeat", story.now).amount(), 30, 0.1);
}

TEST(Detect, AHeartbeatGrowsOldBetweenObservations) {
    Story story(R"(
services:
  - {name: job, heartbeat: {every: 1m, grace: 5m}}
)");
    story.print_all(story.detector->heartbeat("job", story.now));
    story.now += std::chrono::minutes(7);
    EXPECT_NEAR(story.detector->fact("job", "last_heartbeat", story.now).amount(), 420, 0.1);
    story.see("job", Health::bad, "late", {{"last_heartbeat", Value::seconds(60)}}, 77);
    EXPECT_NEAR(story.detector->fact("job", "last_heartbeat", story.now).amount(), 60, 0.1);
}

TEST(Incidents, NameTheOnlyHostWhereAServiceNamesNone) {
    const auto host_told = [](const std::string& hosts) {
        Story story("agent: {name: alien}\n" + hosts + R"(
services:
  - {name: "web_{1..3}", check: {http: "http://127.0.0.1/"}}
)",
                    R"(
common_issues: []
escalation: [{name: Here, when: host == "alien" and down_for > 5s, level: alert}]
)");
        std::string said = story.down("web_1") + story.pass("1m");
        said += story.down("web_2") + story.down("web_3");
        std::string told = said.find("[Here]") == std::string::npos ? "" : "Here, ";
        for (const Change& change : story.last) {
            const auto* opened = std::get_if<IncidentOpen>(&change);
            if (opened != nullptr) told += opened->rule + " '" + opened->host + "', ";
        }
        return told;
    };
    const std::string here = "Here, down 'alien', systemic 'alien', ";
    EXPECT_EQ(host_told(""), here) << "this machine, which nobody wrote down";
    EXPECT_EQ(host_told("hosts: [{name: alien, local: true}]"), here);
    EXPECT_EQ(host_told("hosts: [{name: alien, local: true}, {name: pc, ssh: pc}]"),
              "down '', systemic '', ")
        << "on which of them nobody said";
}

}  // namespace
}  // namespace ops

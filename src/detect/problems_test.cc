// Symptoms, criteria, flapping, and many at once.
#include "detect/check_track.h"
#include "detect/story_for_test.h"

namespace ops {
namespace {

const std::string kFounders = R"(
agent: {name: alien}
hosts:
  - {name: alien, local: true}
  - {name: pc, ssh: pc}
services:
  - {name: brain-api, host: alien, check: {http: "http://127.0.0.1:8080/health"}, restart: "systemctl restart brain-api"}
  - {name: "worker_{1..7}", group: worker, host: pc, check: {supervisor: "worker_{n}", via: "http://127.0.0.1:9001/RPC2"}, heartbeat: {every: 1m, grace: 5m}, restart: "ssh pc 'supervisorctl restart worker_{name}'"}
  - {name: litellm, host: alien, check: {http: "http://127.0.0.1:4001/health"}}
  - {name: grafana, host: alien, check: {http: "http://127.0.0.1:3000/api/health"}}
  - {name: prometheus, host: alien, check: {http: "http://127.0.0.1:9090/-/healthy"}}
signals:
  - {name: revenue, command: "./revenue", every: 5m}
  - {name: app_review, command: "./review", every: 10m}
)";

const std::string kFoundersRunbook = R"(
common_issues:
  - name: "Worker stopped responding"
    symptoms:
      - worker_process_status == "dead"
      - last_heartbeat > 5 minutes
    auto_resolve:
      - command: "ssh pc 'supervisorctl restart worker_{name}'"
      - wait: 30
      - verify: "check worker heartbeat"
  - name: "Brain API high memory"
    symptoms:
      - memory_usage > 90%
      - service == "brain-api"
    auto_resolve:
      - command: "ssh alien 'systemctl restart brain-api'"
      - wait: 10
      - verify: "curl health endpoint"
  - name: "Disk space critical"
    symptoms:
      - disk_usage > 90%
    auto_resolve:
      - command: "ssh alien 'journalctl --vacuum-time=3d'"
      - command: "ssh alien 'docker system prune -f'"
      - alert_if: disk_usage > 95%
)";

Fact percent(const char* name, double amount) { return {name, Value::percentage(amount)}; }
Fact text(const char* name, const char* value) { return {name, Value::string(value)}; }
bool has(const std::string& said, const std::string& part) {
    return said.find(part) != std::string::npos;
}

TEST(Symptoms, WhatAVerifiedRepairClosedIsNotRaisedByItsLastTrace) {
    Story story(kFounders, R"(
common_issues:
  - {name: Flood, symptoms: [error_rate > 1000], auto_resolve: [{command: "true"}]}
escalation:
  - {name: Error rate, when: error_rate > 1000, level: alert}
)");
    story.all_good();
    EXPECT_TRUE(has(story.good("litellm", {{"error_rate", Value::number(5000)}}), "open litellm"));
    // One look below the threshold does not end it, but the repair was verified meanwhile.
    EXPECT_EQ(story.good("litellm", {{"error_rate", Value::number(0)}}), "");
    story.detector->closed("litellm", story.now);
    EXPECT_EQ(story.good("litellm"), "") << "an answer that does not tell the rate";
    EXPECT_EQ(story.good("litellm", {{"error_rate", Value::number(0)}}) + story.pass("2m"), "");
    EXPECT_TRUE(has(story.good("litellm", {{"error_rate", Value::number(5000)}}), "open litellm"));
}

TEST(Symptoms, TheFoundersDiskEntryRaisesOneIncidentOfTheHost) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    EXPECT_EQ(story.good("alien", {percent("disk_usage", 90)}), "") << "90% is not over 90%";
    EXPECT_EQ(story.good("alien", {percent("disk_usage", 92)}),
              "open alien/Disk space critical [Disk space critical] Disk space at 92%: disk_usage "
              "> 90% (disk_usage 92%)\n");
    EXPECT_EQ(story.detector->state("alien").status, Status::degraded);
    EXPECT_EQ(story.detector->state("brain-api").status, Status::up)
        << "a full disk is not a problem of each service on it";
    EXPECT_EQ(story.good("alien", {percent("disk_usage", 96)}),
              "hit alien/Disk space critical [Disk nearly full] warning: disk_usage > 95% "
              "(disk_usage 96%)\n")
        << "one cause, one incident: the criterion raises the level of the one that is open";
    EXPECT_EQ(story.good("alien", {percent("disk_usage", 97)}), "") << "told once";
    EXPECT_EQ(story.good("alien", {percent("disk_usage", 89)}), "") << "a value goes to and fro";
    EXPECT_EQ(story.good("alien", {percent("disk_usage", 89)}),
              "unhit alien/Disk space critical [Disk nearly full]\n"
              "clear alien/Disk space critical: its symptoms are gone\n");
}

TEST(Symptoms, ADeadWorkerIsOneIncidentWhateverElseMatches) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    story.good("worker_3", {text("process_status", "running")});
    story.print_all(story.detector->heartbeat("worker_3", story.now));
    EXPECT_EQ(story.dead("worker_3"), "event worker_3 crash\n");
    std::string said = story.good("pc");
    for (const char* sibling : {"1", "2", "4", "5", "6", "7"}) {
        said += story.good(std::string("worker_") + sibling);
    }
    EXPECT_EQ(said, "open worker_3 [down] worker_3 is down: process is dead\n");
    EXPECT_FALSE(story.detector->held(story.runbook().entries[0], "worker_3", story.now));
    const std::string later = story.pass("6m");
    EXPECT_TRUE(has(later, "update worker_3: worker_process_status == \"dead\"")) << later;
    EXPECT_FALSE(has(later, "open")) << later;
    EXPECT_TRUE(story.detector->held(story.runbook().entries[0], "worker_3", story.now));
}

TEST(Symptoms, OnlyTheServiceThatIsNamedMatches) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    EXPECT_EQ(story.good("litellm", {percent("memory_usage", 95)}), "");
    EXPECT_EQ(story.good("brain-api", {percent("memory_usage", 95)}),
              "open brain-api [Brain API high memory] Memory at 95% of brain-api: memory_usage > "
              "90% (memory_usage 95%) and service == \"brain-api\" (service \"brain-api\")\n");
}

TEST(Symptoms, MustHoldForTheirTime) {
    Story story(kFounders, R"(
common_issues:
  - name: Memory high
    symptoms: [memory_usage > 90%]
    for: 2m
    auto_resolve: [{command: "true"}]
)");
    story.all_good();
    story.good("brain-api", {percent("memory_usage", 95)});
    EXPECT_EQ(story.pass("1m"), "");
    story.good("brain-api", {percent("memory_usage", 80)});
    story.good("brain-api", {percent("memory_usage", 95)});
    EXPECT_EQ(story.pass("119s"), "") << "counted anew after the gap";
    EXPECT_TRUE(has(story.pass("2s"), "open brain-api [Memory high]"));
    EXPECT_GE(*story.detector->held(story.runbook().entries[0], "brain-api", story.now),
              std::chrono::minutes(2));
}

TEST(Symptoms, AShadowEntryRaisesNothing) {
    Story story(kFounders, R"(
common_issues:
  - name: Memory high
    symptoms: [memory_usage > 90%]
    autonomy: shadow
    auto_resolve: [{command: "true"}]
)");
    story.all_good();
    EXPECT_EQ(story.good("brain-api", {percent("memory_usage", 95)}), "");
    EXPECT_TRUE(story.detector->held(story.runbook().entries[0], "brain-api", story.now))
        << "but is watched";
}

TEST(Criteria, RevenueDrop) {
    struct Row {
        const char* why;
        double was, is;
        const char* said;
    };
    const Row rows[] = {
        {"25% is a drop", 2450, 1837.5,
         "open revenue/Revenue drop [Revenue drop] Revenue dropped 25%: drop(revenue_mrr, 1h) > "
         "20% (drop(revenue_mrr, 1h) 25%)\n"
         "hit revenue/Revenue drop [Revenue drop] critical: drop(revenue_mrr, 1h) > 20% "
         "(drop(revenue_mrr, 1h) 25%)\n"},
        {"exactly 20% is not", 1000, 800, ""},
        {"a rise is not", 1000, 2000, ""},
    };
    for (const Row& row : rows) {
        Story story(kFounders, kFoundersRunbook);
        story.all_good();
        story.history.series["revenue.revenue_mrr"] = {
            {story.now - std::chrono::minutes(65), row.was},
            {story.now - std::chrono::minutes(5), row.was}};
        EXPECT_EQ(story.good("revenue", {{"revenue_mrr", Value::number(row.is)}}), row.said)
            << row.why;
        if (*row.said == '\0') continue;
        for (const Change& change : story.last) {
            const auto* const opened = std::get_if<IncidentOpen>(&change);
            if (opened == nullptr) continue;
            EXPECT_EQ(*opened->facts.find("revenue_mrr"), Value::number(row.is));
            EXPECT_EQ(*opened->facts.find("revenue_mrr_was"), Value::number(row.was));
        }
    }
}

TEST(Criteria, AppRejected) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    EXPECT_EQ(story.good("app_review", {text("review_state", "IN_REVIEW")}), "");
    EXPECT_EQ(story.good("app_review", {text("review_state", "READY_FOR_SALE")}), "");
    const std::string said = story.good("app_review", {text("review_state", "METADATA_REJECTED")});
    EXPECT_TRUE(has(said,
                    "open app_review/App rejected [App rejected] App rejected: "
                    "METADATA_REJECTED"))
        << said;
    EXPECT_TRUE(has(said, "[App rejected] critical")) << said;
}

TEST(Criteria, SecurityIncidentOfTheMachineNeedsNoTarget) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    const std::string said = story.print_all(story.detector->push_event("", "security", story.now));
    EXPECT_TRUE(has(said, "event alien security\nopen alien/Security incident")) << said;
    EXPECT_TRUE(has(said, "[Security incident] critical")) << said;
    EXPECT_FALSE(has(story.pass("10m"), "open")) << "once, not for each service on the machine";
    EXPECT_EQ(story.print_all(story.detector->push_event("", "deploy", story.now)),
              "event alien deploy\n")
        << "another event is none";
}

TEST(Criteria, ServiceDownForMoreThanTenMinutes) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    story.down("grafana");
    EXPECT_EQ(story.pass("10m"), "") << "exactly ten minutes are not more";
    EXPECT_TRUE(has(story.pass("6s"), "hit grafana [Service down] alert: down_for > 10 minutes"));
    EXPECT_EQ(story.pass("10m"), "");
    story.well("grafana");
    story.down("grafana");
    EXPECT_FALSE(has(story.pass("9m"), "hit")) << "counted anew";
}

TEST(Criteria, WorkerCrashLoop) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    story.good("pc");
    const auto crash = [&story] {
        for (int i = 0; i < 20; ++i) {  // often enough, or it would flap as well
            story.good("worker_2", {text("process_status", "running")});
        }
        const std::string said = story.dead("worker_2") + story.good("pc") + story.pass("1m");
        story.good("worker_2", {text("process_status", "running")});
        story.good("worker_2", {text("process_status", "running")});
        return said + story.pass("10m");
    };
    EXPECT_FALSE(has(crash() + crash() + crash(), "Worker crash loop")) << "three are not over 3";
    const std::string said = crash();
    EXPECT_TRUE(has(said, "[Worker crash loop] warning: count(crash, 1h) > 3")) << said;
    EXPECT_FALSE(has(story.pass("9m"), "clear")) << "four within the hour, still";
    const std::string later = story.pass("15m");
    EXPECT_TRUE(has(later, "clear worker_2")) << "the first one is an hour old: " << later;
}

TEST(Criteria, CrashesBeforeARestartOfOursStillCount) {
    Story story(kFounders, kFoundersRunbook);
    for (int i = 4; i > 0; --i) {
        story.history.happened["worker_2.crash"].push_back(story.now -
                                                           std::chrono::minutes(10 * i));
    }
    story.all_good();
    EXPECT_TRUE(has(story.pass("2s"),
                    "open worker_2 [Worker crash loop] worker_2 crashed 4 times "
                    "in 1h"));
}

const std::string kApart = R"(
agent: {name: alien}
hosts: [{name: alien, local: true}]
facts: {queue: number}
limits: {mass_failure_least: 100}
services:
  - {name: shop, host: alien, check: {http: "http://127.0.0.1:1/"}}
  - {name: other, host: alien, check: {http: "http://127.0.0.1:2/"}}
)";
const std::string kApartRules = R"(
common_issues:
  - name: Queue full
    symptoms: [queue > 50, service == "other"]
    auto_resolve: [{command: "true"}]
escalation:
  - {name: Queue, when: "queue > 10", level: warning}
  - {name: Long queue, when: "queue > 100", level: alert}
  - {name: Memory, when: "memory_usage > 80%", level: warning}
  - {name: Slow, when: "latency > 2s", level: warning}
)";

std::string push(Story& story, const std::string& target, double queue) {
    return story.print_all(
        story.detector->push_facts(target, {{"queue", Value::number(queue)}}, story.now));
}

TEST(Criteria, WhatOneSaysIsAnIncidentBesideThatItIsDown) {
    Story story(kApart, kApartRules);
    story.all_good();
    EXPECT_TRUE(has(push(story, "shop", 20), "open shop/Queue [Queue]"));
    const std::string more = push(story, "shop", 200);
    EXPECT_TRUE(has(more, "hit shop/Queue [Long queue] alert")) << "of the same fact: " << more;
    EXPECT_FALSE(has(more, "open"));
    EXPECT_TRUE(has(story.down("shop"), "open shop [down]"));
    story.good("shop");
    const std::string well = story.good("shop");
    EXPECT_TRUE(has(well, "clear shop: all checks are good")) << well;
    EXPECT_FALSE(has(well, "clear shop/Queue")) << well;
    EXPECT_EQ(story.detector->open_keys(), std::vector<std::string>{"shop/Queue"});
}

TEST(Criteria, WhatIsDownIsAskedOnlyWhatItsChecksSee) {
    Story story(kApart, kApartRules);
    story.all_good();
    story.down("shop");
    EXPECT_TRUE(has(push(story, "shop", 20), "open shop/Queue [Queue]"))
        << "a queue is no part of it";
    const std::string memory = story.print_all(story.detector->push_facts(
        "shop", {{"memory_usage", Value::percentage(95)}}, story.now));
    EXPECT_TRUE(has(memory, "hit shop [Memory] warning")) << memory;
}

TEST(Criteria, OneOfItsStateIsOneWithThatItIsDown) {
    Story story(kApart, kApartRules);
    story.all_good();
    const std::string slow = story.good("shop", {{"latency", Value::seconds(3)}});
    EXPECT_TRUE(has(slow, "open shop [Slow]")) << slow;
    const std::string said = story.down("shop");
    EXPECT_FALSE(has(said, "open")) << said;
    EXPECT_TRUE(has(said, "update shop: connection refused")) << said;
}

TEST(Criteria, AnEntryOfTheSameFactIsForItsIncident) {
    Story story(kApart, kApartRules);
    story.all_good();
    EXPECT_TRUE(has(push(story, "other", 20), "open other/Queue [Queue]"));
    const std::string said = push(story, "other", 60);
    EXPECT_FALSE(has(said, "open")) << said;
    EXPECT_EQ(story.detector->open_keys(), std::vector<std::string>{"other/Queue"});
}

TEST(Criteria, ANewErrorPatternIsOnlyLogged) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    const std::string said = story.good("brain-api", {{"new_error_pattern", Value::boolean(true)}});
    EXPECT_TRUE(has(said, "[Unknown error pattern] log")) << said;
    Story quiet(kFounders, kFoundersRunbook);
    quiet.all_good();
    EXPECT_EQ(quiet.good("brain-api", {{"new_error_pattern", Value::boolean(false)}}), "");
}

// A note, and nothing else: it is no state, no mass failure, and it ends by itself.
TEST(Criteria, WhatIsOnlyNotedIsNoTroubleOfItsTarget) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    const auto push = [&](const std::string& target) {
        return story.print_all(story.detector->push_event(target, "new_error_pattern", story.now));
    };
    for (const char* const name : {"worker_1", "worker_2", "worker_3", "worker_4", "worker_5"}) {
        const std::string said = push(name);
        EXPECT_TRUE(has(said, std::string("open ") + name + "/Unknown error pattern"))
            << "after a deploy all of them say something new: " << said;
        EXPECT_EQ(story.detector->state(name).status, Status::up);
    }
    const std::string died = story.dead("worker_1") + story.good("pc") + story.pass("20s");
    EXPECT_TRUE(has(died, "open worker_1 [down]"))
        << "a failure that comes later is an incident of its own: " << died;
    EXPECT_FALSE(has(push("worker_1"), "open")) << "what is open already says more";
    for (int i = 0; i < 2; ++i) story.good("worker_1", {text("process_status", "running")});
    const std::string later = story.pass("11m");
    for (const char* const name : {"worker_1", "worker_2", "worker_5"}) {
        EXPECT_TRUE(has(later, std::string("clear ") + name + "/Unknown error pattern")) << later;
    }
    EXPECT_FALSE(has(later, "open")) << later;
}

TEST(Criteria, ANoteThatAPersonClosedComesBackOnlyWithAnotherEvent) {
    for (const char* const kind : {"new_error_pattern", "security"}) {
        Story story(kFounders, kFoundersRunbook);
        story.all_good();
        story.print_all(story.detector->push_event("brain-api", kind, story.now));
        const std::vector<std::string> open = story.detector->open_keys();
        ASSERT_EQ(open.size(), 1U) << kind;
        story.detector->closed(open[0], story.now);
        story.good("brain-api");
        EXPECT_FALSE(has(story.pass("5m"), "open")) << kind << ": it was seen to";
        EXPECT_TRUE(
            has(story.print_all(story.detector->push_event("brain-api", kind, story.now)), "open"))
            << kind;
    }
}

TEST(Flapping, TheRuleIsIcingas) {
    // Weights from lib/icinga/checkable-flapping.cpp: 0.8 for the oldest of 20 places, 0.02 more
    // for each newer one.
    FlapMeter meter;
    EXPECT_EQ(meter.percent(), 0);
    meter.add(true);
    EXPECT_EQ(meter.percent(), 0) << "the first result is no change";
    meter.add(false);
    EXPECT_NEAR(meter.percent(), 100 * 1.18 / 20, 1e-9);
    meter.add(false);
    EXPECT_NEAR(meter.percent(), 100 * 1.16 / 20, 1e-9) << "it grows old";
    for (int i = 0; i < 18; ++i) meter.add(false);
    EXPECT_NEAR(meter.percent(), 100 * 0.8 / 20, 1e-9);
    meter.add(false);
    EXPECT_EQ(meter.percent(), 0) << "and is forgotten";
    FlapMeter restored;
    for (int i = 0; i < 7; ++i) meter.add(i % 2 == 0);
    restored.restore(meter.save());
    EXPECT_EQ(restored.percent(), meter.percent());
    restored.add(true);
    meter.add(true);
    EXPECT_EQ(restored.percent(), meter.percent());
}

TEST(Flapping, IsOneIncidentWithoutRepeats) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    std::string said;
    for (int i = 0; i < 40; ++i) {
        said += i % 2 == 0 ? story.bad("grafana") : story.good("grafana");
    }
    EXPECT_EQ(said,
              "grafana flaps\n"
              "open grafana [flapping] grafana is flapping: its state changed in 34% of the last "
              "20 checks\n")
        << "never down by the threshold, and yet not well";
    story.detector->closed("grafana", story.now);
    said.clear();
    for (int i = 0; i < 40; ++i) {
        said += i % 4 < 2 ? story.bad("grafana") : story.good("grafana");
    }
    EXPECT_EQ(said, "") << "closed while it flaps, it is not raised anew";
    said.clear();
    for (int i = 0; i < 25; ++i) said += story.good("grafana");
    EXPECT_EQ(said, "grafana flaps no more\n");
    EXPECT_EQ(story.down("grafana"), "open grafana [down] grafana is down: connection refused\n")
        << "and after that everything is as usual";
}

TEST(Flapping, StillDownWhenItEndsIsRaised) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    for (int i = 0; i < 40; ++i) i % 2 == 0 ? story.bad("grafana") : story.good("grafana");
    story.detector->closed("grafana", story.now);
    std::string said;
    for (int i = 0; i < 25; ++i) said += story.bad("grafana");
    EXPECT_EQ(said,
              "grafana flaps no more\n"
              "open grafana [down] grafana is down: connection refused\n");
}

TEST(Flapping, WhatIsDeadIsRaisedEachTime) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    for (int i = 0; i < 40; ++i) i % 2 == 0 ? story.bad("grafana") : story.good("grafana");
    story.detector->closed("grafana", story.now);
    EXPECT_EQ(story.down("grafana"), "") << "it comes and goes";
    for (int i = 0; i < 2; ++i) story.good("grafana");
    EXPECT_TRUE(has(story.dead("grafana"), "open grafana [down]")) << "nobody else starts it";
}

TEST(Systemic, HalfOfAGroupWithinTwoMinutesIsOneIncident) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    story.good("pc");
    std::string said;
    for (const char* worker : {"worker_1", "worker_2", "worker_3"}) {
        story.dead(worker);
        said += story.good("pc") + story.pass("1s");
    }
    EXPECT_TRUE(has(said, "open worker_1 [down]")) << said;
    EXPECT_TRUE(has(said, "open worker_3 [down]")) << said;
    EXPECT_FALSE(has(said, "systemic")) << "3 of 7 are not half";
    story.dead("worker_4");
    said = story.good("pc");
    said += story.pass("1s");
    EXPECT_EQ(said,
              "open systemic:group worker [systemic] 4 of 7 services of group worker failed at "
              "once: worker_1: process is dead, worker_2: process is dead, worker_3: process is "
              "dead, worker_4: process is dead\n"
              "fold worker_1 into systemic:group worker\n"
              "fold worker_2 into systemic:group worker\n"
              "fold worker_3 into systemic:group worker\n");
    story.dead("worker_5");
    said = story.good("pc");
    said += story.pass("1s");
    EXPECT_EQ(said,
              "update systemic:group worker: 5 of 7 services of group worker failed at once\n");
    const auto* const update = std::get_if<IncidentUpdate>(&story.last.back());
    ASSERT_NE(update, nullptr);
    EXPECT_EQ(update->title, "5 of 7 services of group worker failed at once");
    EXPECT_EQ(update->members.size(), 5U);
    EXPECT_EQ(story.detector->suppressed_by("worker_5"), "systemic:group worker");
    const auto& opened = std::find_if(story.last.begin(), story.last.end(), [](const Change& c) {
        const auto* const open = std::get_if<IncidentOpen>(&c);
        return open != nullptr && open->rule == kRuleSystemic;
    });
    ASSERT_NE(opened, story.last.end());
    EXPECT_EQ(std::get<IncidentOpen>(*opened).target, "pc") << "all of them run there";
    EXPECT_EQ(std::get<IncidentOpen>(*opened).members.size(), 4U);
}

TEST(Systemic, TheFirstOfManyWaitsForTheAnswersOfItsSiblings) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    story.good("pc");
    story.rechecked();
    EXPECT_EQ(story.dead("worker_1"), "");
    EXPECT_EQ(story.rechecked(),
              (std::vector<std::string>{"pc", "pc", "worker_2", "worker_3", "worker_4", "worker_5",
                                        "worker_6", "worker_7"}));
    story.good("pc");
    std::string said;
    for (const char* worker : {"worker_2", "worker_3", "worker_4"}) said += story.dead(worker);
    said += story.good("pc");
    EXPECT_EQ(said, "") << "5, 6 and 7 have not answered";
    for (const char* worker : {"worker_5", "worker_6", "worker_7"}) said += story.good(worker);
    EXPECT_TRUE(has(said, "open systemic:group worker")) << said;
    EXPECT_FALSE(has(said, "open worker_")) << said;
}

TEST(Systemic, ASiblingThatDoesNotAnswerIsWaitedForAMomentOnly) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    story.good("pc");
    EXPECT_EQ(story.dead("worker_1"), "");
    EXPECT_EQ(story.good("pc"), "");
    EXPECT_EQ(story.pass("900ms"), "");
    EXPECT_EQ(story.pass("100ms"), "open worker_1 [down] worker_1 is down: process is dead\n");
}

TEST(Systemic, SlowlyOneAfterAnotherIsNotAtOnce) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    story.good("pc");
    std::string said;
    for (const char* worker : {"worker_1", "worker_2", "worker_3", "worker_4", "worker_5"}) {
        story.dead(worker);
        said += story.good("pc") + story.pass("1m");
    }
    EXPECT_FALSE(has(said, "systemic")) << said;
}

TEST(Systemic, AMemberThatFailsAgainCountsFromThen) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    const auto fail = [&story](const char* worker) {
        std::string said = story.dead(worker);
        said += story.good("pc");
        return said + story.pass("1s");
    };
    fail("worker_1");
    story.pass("10s");
    story.well("worker_1");
    story.pass("95s");
    fail("worker_1");
    story.pass("20s");
    std::string said = fail("worker_2");
    said += fail("worker_3");
    EXPECT_FALSE(has(said, "systemic")) << said;
    EXPECT_TRUE(has(fail("worker_4"), "4 of 7 services of group worker"))
        << "its first failure is forgotten, the second is not";
}

TEST(Systemic, TwoTargetsAreNoMass) {
    Story story(R"(
services:
  - {name: a, check: {http: "http://127.0.0.1:80/"}}
  - {name: b, check: {http: "http://127.0.0.1:81/"}}
)");
    story.all_good();
    const std::string said = story.down("a") + story.down("b");
    EXPECT_FALSE(has(said, "systemic")) << said;
}

TEST(Systemic, ClearsWhenAllAreWellAndReleasesThoseThatAreLeft) {
    for (const bool all : {true, false}) {
        Story story(kFounders, kFoundersRunbook);
        story.all_good();
        story.good("pc");
        for (const char* worker : {"worker_1", "worker_2", "worker_3", "worker_4"}) {
            story.dead(worker);
            story.good("pc");
        }
        story.pass("1s");
        ASSERT_EQ(story.detector->open_keys(), (std::vector<std::string>{"systemic:group worker"}));
        for (const char* worker : {"worker_1", "worker_2", "worker_3"}) {
            EXPECT_EQ(story.well(worker), "");
        }
        if (all) {
            story.well("worker_4");
            EXPECT_EQ(story.pass("1s"),
                      "clear systemic:group worker: all of its members are well again\n");
            EXPECT_TRUE(story.detector->open_keys().empty());
        } else {
            EXPECT_EQ(story.pass("1m"), "");
            EXPECT_EQ(story.pass("2m"),
                      "clear systemic:group worker: 1 of its members is still bad, each on its "
                      "own\nopen worker_4 [down] worker_4 is down: process is dead\n");
        }
    }
}

TEST(Systemic, SurvivesARestart) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    story.good("pc");
    for (const char* worker : {"worker_1", "worker_2", "worker_3", "worker_4"}) {
        story.dead(worker);
        story.good("pc");
    }
    story.pass("1s");
    const Json saved = Json::parse(story.detector->save().dump()).value();
    story.begin(&saved);
    for (const char* worker : {"worker_1", "worker_2", "worker_3", "worker_4"}) story.dead(worker);
    EXPECT_EQ(story.pass("30s"), "");
    EXPECT_EQ(story.detector->open_keys(), (std::vector<std::string>{"systemic:group worker"}));
}

TEST(Symptoms, OpenOnesSurviveARestartAndAreNotToldAgain) {
    Story story(kFounders, kFoundersRunbook);
    story.all_good();
    story.good("alien", {percent("disk_usage", 96)});
    const Json saved = Json::parse(story.detector->save().dump()).value();
    story.begin(&saved);
    EXPECT_EQ(story.pass("30s"), "") << "nothing is known yet";
    EXPECT_EQ(story.good("alien", {percent("disk_usage", 96)}), "");
    EXPECT_EQ(story.pass("30s"), "");
    story.good("alien", {percent("disk_usage", 50)});
    EXPECT_TRUE(
        has(story.good("alien", {percent("disk_usage", 50)}), "clear alien/Disk space critical"));
}

}  // namespace
}  // namespace ops

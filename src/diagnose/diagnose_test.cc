#include "diagnose/diagnose.h"

#include <gtest/gtest.h>

#include <map>

#include "runbook/builtin.h"

namespace ops {
namespace {

const std::string kConfig = R"(
hosts:
  - {name: pc, ssh: pc}
services:
  - {name: brain-api, host: pc, check: {http: "http://10.0.0.8/"}, restart: "systemctl restart brain-api"}
  - {name: "worker_{1..3}", group: worker, host: pc, check: {process: "w{n}"}, restart: "supervisorctl restart worker_{name}"}
  - {name: static, host: pc, check: {http: "http://10.0.0.9/"}}
)";

const std::string kRunbook = R"(
common_issues:
  - name: "Worker stopped responding"
    symptoms: [worker_process_status == "dead", last_heartbeat > 5 minutes]
    auto_resolve: [{command: "supervisorctl restart worker_{name}"}]
  - name: "Memory high"
    symptoms: [memory_usage > 90%]
    auto_resolve: [{command: "systemctl restart {service}"}]
  - name: "Brain API high memory"
    symptoms: [memory_usage > 90%, service == "brain-api"]
    auto_resolve: [{command: "systemctl restart brain-api"}]
  - name: "Memory very high"
    symptoms: [memory_usage > 95%]
    for: 2m
    auto_resolve: [{command: "systemctl restart {service}"}]
)";

// Facts by name; no history.
class ListedWorld final : public expr::World {
public:
    explicit ListedWorld(std::map<std::string, Value, std::less<>> facts)
        : facts_(std::move(facts)) {}
    Time now() const override { return Time{std::chrono::hours(500000)}; }
    const Value* fact(std::string_view name) const override {
        const auto known = facts_.find(name);
        return known == facts_.end() ? nullptr : &known->second;
    }
    std::vector<Sample> samples(std::string_view, Time, Time) const override { return {}; }
    std::vector<Time> events(std::string_view, Time, Time) const override { return {}; }

private:
    std::map<std::string, Value, std::less<>> facts_;
};

class Case {
public:
    explicit Case(const std::string& runbook = kRunbook) {
        Problems problems;
        const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
        auto settings = read_settings({{"ops-agent.yaml", kConfig}}, nothing, problems);
        EXPECT_TRUE(settings) << problems.print();
        settings_ = std::move(*settings);
        auto book = read_runbook({"runbook.yaml", runbook}, settings_, problems);
        EXPECT_TRUE(book) << problems.print();
        runbook_ = std::move(*book);
    }
    Diagnosis of(const std::string& target, std::map<std::string, Value, std::less<>> facts) {
        const ListedWorld world(std::move(facts));
        Situation situation{.target = target,
                            .down = down,
                            .systemic = systemic,
                            .world = world,
                            .held =
                                [this](const Entry& entry) {
                                    return held_for >= entry.hold ? std::optional(held_for)
                                                                  : std::nullopt;
                                },
                            .barred =
                                [this](const Entry& entry) {
                                    const auto known = barred.find(entry.name);
                                    return known == barred.end() ? std::string() : known->second;
                                }};
        return diagnose(runbook_, settings_.inventory, situation);
    }
    static std::string name(const Diagnosis& diagnosis) {
        return diagnosis.entry ? diagnosis.entry->name : "";
    }
    static std::string why(const Diagnosis& diagnosis, const std::string& entry) {
        for (const Considered& one : diagnosis.considered) {
            if (one.entry == entry) return one.why;
        }
        return "not considered";
    }
    bool down = false;
    bool systemic = false;
    Duration held_for{0};
    std::map<std::string, std::string> barred;
    Runbook& runbook() { return runbook_; }

private:
    Settings settings_;
    Runbook runbook_;
};

const Value kHigh = Value::percentage(93);

TEST(Diagnose, TellsOfEachEntryWhyItDoesNotMatch) {
    Case c;
    const Diagnosis diagnosis = c.of("worker_1", {{"worker_process_status", Value::string("dead")},
                                                  {"last_heartbeat", Value::seconds(60)}});
    EXPECT_FALSE(diagnosis.entry);
    EXPECT_EQ(c.why(diagnosis, "Worker stopped responding"),
              "last_heartbeat 1m is not > 5 minutes");
    EXPECT_EQ(c.why(diagnosis, "Memory high"),
              "'memory_usage > 90%' is not known: memory_usage was never seen");
    EXPECT_EQ(c.why(diagnosis, "Brain API high memory"), "it is not about 'worker_1'");
}

TEST(Diagnose, AMatchingEntryIsChosenWithItsCause) {
    Case c;
    const Diagnosis diagnosis = c.of("worker_1", {{"worker_process_status", Value::string("dead")},
                                                  {"last_heartbeat", Value::seconds(360)}});
    EXPECT_EQ(c.name(diagnosis), "Worker stopped responding");
    EXPECT_EQ(diagnosis.cause,
              "Worker stopped responding: worker_process_status == \"dead\" and last_heartbeat > "
              "5 minutes");
    ASSERT_FALSE(diagnosis.considered.empty());
    EXPECT_EQ(diagnosis.considered[0].seen,
              (std::vector<std::string>{"worker_process_status == \"dead\"",
                                        "last_heartbeat 6m is > 5 minutes"}));
    EXPECT_EQ(c.why(diagnosis, "Worker stopped responding"), "chosen");
}

TEST(Diagnose, MostSymptomsWin) {
    Case c;
    const Diagnosis diagnosis =
        c.of("brain-api", {{"memory_usage", kHigh}, {"service", Value::string("brain-api")}});
    EXPECT_EQ(c.name(diagnosis), "Brain API high memory");
    EXPECT_EQ(c.why(diagnosis, "Brain API high memory"), "chosen: it has the most symptoms");
    EXPECT_EQ(c.why(diagnosis, "Memory high"), "'Brain API high memory' fits better");
}

TEST(Diagnose, OfEquallyManySymptomsTheOneThatNamesTheServiceWins) {
    Case c(R"(
common_issues:
  - {name: "General", symptoms: [memory_usage > 90%, up], auto_resolve: [{command: "true"}]}
  - {name: "Named", symptoms: [memory_usage > 90%, service == "brain-api"], auto_resolve: [{command: "true"}]}
)");
    const Diagnosis diagnosis = c.of("brain-api", {{"memory_usage", kHigh},
                                                   {"up", Value::boolean(true)},
                                                   {"service", Value::string("brain-api")}});
    EXPECT_EQ(c.name(diagnosis), "Named");
    EXPECT_EQ(c.why(diagnosis, "Named"), "chosen: it names this service");
}

TEST(Diagnose, OtherwiseTheOrderOfTheFileDecides) {
    Case c(R"(
common_issues:
  - {name: "First", symptoms: [memory_usage > 90%], auto_resolve: [{command: "true"}]}
  - {name: "Second", symptoms: [memory_usage > 80%], auto_resolve: [{command: "true"}]}
)");
    const Diagnosis diagnosis = c.of("brain-api", {{"memory_usage", kHigh}});
    EXPECT_EQ(c.name(diagnosis), "First");
    EXPECT_EQ(c.why(diagnosis, "First"), "chosen: it comes first in the file");
}

TEST(Diagnose, AnyCountsAsOneSymptom) {
    Case c(R"(
common_issues:
  - {name: "Any", any: true, symptoms: [memory_usage > 90%, load > 9, up], auto_resolve: [{command: "true"}]}
  - {name: "All", symptoms: [memory_usage > 80%, up], auto_resolve: [{command: "true"}]}
)");
    const Diagnosis diagnosis =
        c.of("brain-api", {{"memory_usage", kHigh}, {"up", Value::boolean(true)}});
    EXPECT_EQ(c.name(diagnosis), "All");
}

TEST(Diagnose, SymptomsMustHaveHeldForTheirTime) {
    Case c;
    const std::map<std::string, Value, std::less<>> facts{{"memory_usage", Value::percentage(97)}};
    c.held_for = std::chrono::seconds(119);
    EXPECT_EQ(c.why(c.of("worker_2", facts), "Memory very high"),
              "its symptoms have not held for 2m yet");
    c.held_for = std::chrono::seconds(120);
    EXPECT_EQ(c.why(c.of("worker_2", facts), "Memory very high"), "'Memory high' fits better");
}

TEST(Diagnose, EntriesThatMayNotRunAreToldAndPassedOver) {
    struct Row {
        const char* why;
        void (*change)(Case&);
        const char* told;
    };
    const Row rows[] = {
        {"disabled", [](Case& c) { c.runbook().entries[2].enabled = false; }, "it is disabled"},
        {"shadow", [](Case& c) { c.runbook().entries[2].autonomy = Autonomy::shadow; },
         "it is a shadow: it is watched, not run"},
        {"cooling down", [](Case& c) { c.barred["Brain API high memory"] = "cooling down for 4m"; },
         "cooling down for 4m"},
    };
    for (const Row& row : rows) {
        Case c;
        row.change(c);
        const Diagnosis diagnosis =
            c.of("brain-api", {{"memory_usage", kHigh}, {"service", Value::string("brain-api")}});
        EXPECT_EQ(c.name(diagnosis), "Memory high") << row.why;
        EXPECT_EQ(c.why(diagnosis, "Brain API high memory"), row.told) << row.why;
    }
}

TEST(Diagnose, ADownServiceNobodyKnowsIsRestarted) {
    Case c;
    c.down = true;
    const Diagnosis diagnosis = c.of("worker_1", {});
    EXPECT_EQ(c.name(diagnosis), kBuiltinRestart);
    EXPECT_EQ(c.why(diagnosis, std::string(kBuiltinRestart)),
              "chosen: it is down and nothing else fits");
}

TEST(Diagnose, TheBuiltinRestartHasItsLimits) {
    struct Row {
        const char* why;
        const char* target;
        void (*change)(Case&);
        const char* told;
    };
    const Row rows[] = {
        {"no command", "static", [](Case& c) { c.down = true; }, "'static' has no restart command"},
        {"not down", "worker_1", [](Case&) {}, "not considered"},
        {"systemic", "worker_1", [](Case& c) { c.down = c.systemic = true; },
         "many fail at once, and it is not an entry for their common cause"},
        {"cooling down", "worker_1",
         [](Case& c) {
             c.down = true;
             c.barred[std::string(kBuiltinRestart)] = "5 actions in the last hour, 5 allowed";
         },
         "5 actions in the last hour, 5 allowed"},
    };
    for (const Row& row : rows) {
        Case c;
        row.change(c);
        const Diagnosis diagnosis = c.of(row.target, {});
        EXPECT_FALSE(diagnosis.entry) << row.why;
        EXPECT_EQ(c.why(diagnosis, std::string(kBuiltinRestart)), row.told) << row.why;
    }
}

TEST(Diagnose, ACertificateIsNoCaseForTheBuiltinRestart) {
    Case c;
    c.down = true;
    const Diagnosis wrong = c.of("worker_1", {{"tls_trusted", Value::boolean(false)}});
    EXPECT_FALSE(wrong.entry);
    EXPECT_EQ(c.why(wrong, std::string(kBuiltinRestart)),
              "its certificate is not valid, and a restart brings no other one");
    EXPECT_EQ(c.name(c.of("worker_1", {{"tls_trusted", Value()}})), kBuiltinRestart);
    EXPECT_EQ(c.name(c.of("worker_1", {{"tls_trusted", Value::boolean(true)}})), kBuiltinRestart);
}

TEST(Diagnose, ACooldownIsNotGoneRoundByTheBuiltinRestart) {
    Case c;
    c.down = true;
    c.barred["Worker stopped responding"] = "cooling down for 4m";
    const Diagnosis diagnosis = c.of("worker_1", {{"worker_process_status", Value::string("dead")},
                                                  {"last_heartbeat", Value::seconds(360)}});
    EXPECT_FALSE(diagnosis.entry);
    EXPECT_EQ(c.why(diagnosis, std::string(kBuiltinRestart)),
              "an entry of the runbook fits, see there");
    EXPECT_NE(diagnosis.cause, "") << "people are told what it is all the same";
    EXPECT_EQ(diagnosis.barred(),
              "entry 'Worker stopped responding' fits, but cooling down for 4m");
    EXPECT_EQ(c.of("static", {}).barred(), "") << "none fits";
}

TEST(Diagnose, AShadowThatFitsDoesNotKeepTheServiceDown) {
    Case c;
    c.down = true;
    c.runbook().entries[0].autonomy = Autonomy::shadow;
    const Diagnosis diagnosis = c.of("worker_1", {{"worker_process_status", Value::string("dead")},
                                                  {"last_heartbeat", Value::seconds(360)}});
    EXPECT_EQ(c.name(diagnosis), kBuiltinRestart);
}

TEST(Diagnose, InASystemicFailureOnlyAnEntryForTheCommonCauseMayRun) {
    Case c;
    c.systemic = true;
    for (Entry& entry : c.runbook().entries) entry.common_cause = false;
    const std::map<std::string, Value, std::less<>> facts{{"memory_usage", kHigh}};
    EXPECT_FALSE(c.of("worker_1", facts).entry);
    c.runbook().entries[1].common_cause = true;
    EXPECT_EQ(c.name(c.of("worker_1", facts)), "Memory high");
}

TEST(Diagnose, WhatWasConsideredGoesIntoTheJournal) {
    Case c;
    const Json json = c.of("worker_1", {{"memory_usage", kHigh}}).considered_json();
    ASSERT_EQ(json.items().size(), 4U);
    EXPECT_EQ(json.items()[1].dump(), R"({"entry":"Memory high","matched":true,"why":"chosen"})");
}

}  // namespace
}  // namespace ops

// What must be true of the detector whatever comes in, and in whatever order.
#include <rapidcheck.h>

#include <ostream>
#include <set>

#include "detect/story_for_test.h"

namespace ops {
namespace {

// Chains, a group, a host behind the network, our own uplink, conditions of both kinds.
const std::string kConfig = R"(
agent: {name: here}
hosts:
  - {name: here, local: true}
  - {name: far, ssh: far}
services:
  - {name: db, check: {tcp: "127.0.0.1:5432"}}
  - {name: api, check: {http: "http://127.0.0.1:8080/"}, depends_on: [db]}
  - {name: web, check: {http: "http://127.0.0.1:8081/"}, depends_on: [api]}
  - {name: "worker_{1..4}", group: worker, host: far, check: {http: "http://10.0.0.8:700{n}/"}}
signals:
  - {name: revenue, command: "./revenue", every: 5m}
)";
const std::string kBook = R"(
common_issues:
  - {name: Memory high, symptoms: [memory_usage > 90%], for: 1m, auto_resolve: [{command: "true"}]}
  - {name: Dead, symptoms: [process_status == "dead"], auto_resolve: [{command: "true"}]}
escalation:
  - {name: Down long, when: down_for > 3 minutes, level: alert}
  - {name: Memory, when: memory_usage > 95%, level: critical}
)";
const std::vector<std::string> kTargets = {"here",     "far",      "db",       "api",     "web",
                                           "worker_1", "worker_2", "worker_3", "worker_4"};

struct Happening {
    enum class What { good, bad, dead, unknown, memory, pass, restart, close, hold };
    What what{};
    std::string target;
    int number = 0;
};

std::ostream& operator<<(std::ostream& out, Happening::What what) {
    constexpr const char* kNames[] = {"good", "bad",     "dead",  "unknown", "memory",
                                      "pass", "restart", "close", "hold"};
    return out << kNames[static_cast<size_t>(what)];
}

Happening any_happening() {
    using enum Happening::What;
    const auto what = *rc::gen::weightedElement<Happening::What>({{8, good},
                                                                  {10, bad},
                                                                  {3, dead},
                                                                  {2, unknown},
                                                                  {4, memory},
                                                                  {6, pass},
                                                                  {2, restart},
                                                                  {1, close},
                                                                  {1, hold}});
    return {what, *rc::gen::elementOf(kTargets), *rc::gen::inRange(1, 40)};
}

// Follows what is said, and holds it against the promises of detect.h.
class Witness {
public:
    void hear(const Changes& changes, const Detector& detector) {
        for (const Change& change : changes) {
            std::visit([this](const auto& one) { on(one); }, change);
        }
        const std::vector<std::string> keys = detector.open_keys();
        RC_ASSERT(open_ == std::set<std::string>(keys.begin(), keys.end()));
    }
    void closed(const std::string& key) { open_.erase(key); }
    const std::set<std::string>& open() const { return open_; }
    const std::set<std::string>& folded() const { return folded_; }

private:
    void on(const IncidentOpen& change) {
        RC_ASSERT(open_.insert(change.key).second);  // once per key until it is cleared
        folded_.erase(change.key);
        if (change.title.empty() || change.reason.empty()) RC_FAIL(print(Change(change)));
    }
    void on(const IncidentClear& change) {
        RC_ASSERT(open_.erase(change.key) + folded_.erase(change.key) == 1U);
    }
    void on(const IncidentFolded& change) {
        RC_ASSERT(open_.erase(change.key) == 1U);
        RC_ASSERT(open_.contains(change.into));
        folded_.insert(change.key);
    }
    void on(const IncidentUpdate& change) { RC_ASSERT(open_.contains(change.key)); }
    void on(const CriterionHit& change) { RC_ASSERT(open_.contains(change.key)); }
    template <class Other>
    void on(const Other&) {}

    std::set<std::string> open_, folded_;
};

class Play {
public:
    Play() : story_(kConfig, kBook) {}

    void happen(const Happening& one) {
        using enum Happening::What;
        story_.last.clear();
        switch (one.what) {
            case good: story_.good(one.target); break;
            case bad: story_.bad(one.target, "no answer within 5s"); break;
            case dead: story_.dead(one.target); break;
            case unknown: story_.unknown(one.target); break;
            case memory:
                story_.good(one.target, {{"memory_usage", Value::percentage(one.number)}});
                break;
            case pass: story_.pass(std::to_string(one.number) + "s"); break;
            case restart: {
                const Json saved = story_.detector->save();
                story_.begin(&saved);
                break;
            }
            case close: close_one(one.number); break;
            case hold:
                story_.print_all(story_.detector->hold(one.target, Status::maintenance,
                                                       story_.now + std::chrono::minutes(2),
                                                       story_.now));
        }
        witness_.hear(story_.last, *story_.detector);
    }
    // Everything answers well, again and again, for long enough.
    void calm_down() {
        for (int i = 0; i < 16; ++i) {
            story_.last.clear();
            for (const std::string& target : kTargets) {
                story_.good(target, {{"memory_usage", Value::percentage(10)},
                                     {"process_status", Value::string("running")}});
            }
            story_.all_good();
            story_.pass("10s");
            witness_.hear(story_.last, *story_.detector);
        }
    }
    Story& story() { return story_; }
    const Witness& witness() const { return witness_; }

private:
    void close_one(int number) {
        const std::vector<std::string> keys = story_.detector->open_keys();
        if (keys.empty()) return;
        const std::string key = keys[static_cast<size_t>(number) % keys.size()];
        story_.detector->closed(key, story_.now);
        witness_.closed(key);
    }

    Story story_;
    Witness witness_;
};

TEST(DetectProperty, OneIncidentPerCauseAndAllEndWhenAllIsWell) {
    EXPECT_TRUE(rc::check([] {
        Play play;
        const int count = *rc::gen::inRange(1, 60);
        for (int i = 0; i < count; ++i) play.happen(any_happening());
        play.calm_down();
        RC_ASSERT(play.witness().open().empty());
        RC_ASSERT(play.witness().folded().empty());
        for (const TargetState& state : play.story().detector->states()) {
            RC_ASSERT(state.suppressed_by.empty());
            RC_ASSERT(state.target == "revenue" || state.status == Status::up);
        }
    }));
}

TEST(DetectProperty, WhatStaysDeadIsOpenInTheEndWhateverHappenedBefore) {
    EXPECT_TRUE(rc::check([] {
        Play play;
        const int count = *rc::gen::inRange(1, 40);
        for (int i = 0; i < count; ++i) play.happen(any_happening());
        play.calm_down();
        play.story().last.clear();
        for (int i = 0; i < 4; ++i) {
            for (const std::string& target : kTargets) {
                if (target != "db") play.story().good(target);
            }
            play.story().dead("db");
            play.story().pass("5s");
        }
        RC_ASSERT(play.story().detector->open_keys() == std::vector<std::string>{"db"});
    }));
}

TEST(DetectProperty, ARestartInBetweenChangesNothingThatIsOpen) {
    EXPECT_TRUE(rc::check([] {
        Play play;
        const int count = *rc::gen::inRange(1, 40);
        for (int i = 0; i < count; ++i) play.happen(any_happening());
        const std::vector<std::string> before = play.story().detector->open_keys();
        const Json saved = play.story().detector->save();
        play.story().begin(&saved);
        RC_ASSERT(play.story().detector->open_keys() == before);
        RC_ASSERT(play.story().detector->save()["open"].dump() == saved["open"].dump());
        play.story().last.clear();
        play.story().pass("5s");
        for (const Change& change : play.story().last) {
            RC_ASSERT(!std::holds_alternative<IncidentOpen>(change));  // nothing was seen yet
        }
    }));
}

}  // namespace
}  // namespace ops

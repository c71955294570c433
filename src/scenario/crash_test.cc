// The power fails directly before and directly after every commit of the journal, at every write
// of the executor's markers, and the executor dies at each of its points: not a sample of them but
// all, one a run. Whatever happens, no step key has two effects, nothing that was begun is lost,
// and the incident ends verified or with people (safety.md 6).
#include <gtest/gtest.h>

#include <functional>
#include <ostream>

#include "base/text.h"
#include "scenario/machine.h"

namespace ops {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct Story {
    const char* name;
    const char* mode;
    const char* steps;  // of the entry
    std::function<void(Machine&)> world;
    std::set<std::string> endings;  // that are true ones, wherever it is cut
    size_t least, most;             // effects, but those that only collect
    int looks = 0;                  // for evidence, beside the repair
};

Exit exit_of(int code) {
    Exit exit;
    exit.code = code;
    exit.took = Duration(300);
    return exit;
}

void PrintTo(const Story& story, std::ostream* out) { *out << story.name; }

// Most are without looks for evidence: beside a repair they end sooner or later, and with them the
// number of commits varies, so that it cannot be said how often a cut must come.
std::string config_of(const Story& story) {
    return std::string("agent: {name: alien, mode: ") + story.mode +
           "}\n"
           "limits: {soak: 6s, verify_timeout: 12s, backoff_first: 4s, step_timeout: 8s,"
           " evidence_looks: " +
           std::to_string(story.looks) +
           "}\n"
           "hosts: [{name: alien, local: true}]\n"
           "channels: [{name: hook, webhook: {url: \"http://hook.sim/\"}}]\n"
           "services:\n"
           "  - name: api\n"
           "    host: alien\n"
           "    interval: 5s\n"
           "    check: {http: \"http://api.sim/health\", timeout: 2s}\n"
           "    restart: \"systemctl restart api\"\n"
           "  - name: cache\n"
           "    host: alien\n"
           "    interval: 5s\n"
           "    check: {http: \"http://cache.sim/health\", timeout: 2s}\n";
}

std::string runbook_of(const Story& story) {
    return std::string(
               "common_issues:\n"
               "  - name: mend api\n"
               "    symptoms: ['service == \"api\"', 'status == \"down\"']\n"
               "    auto_resolve:\n") +
           story.steps;
}

void bring_up(sim::World& world, const std::string& name) {
    world.in(seconds(1),
             [&world, name] { world.set_condition(world.service(name), sim::Condition::up); });
}

const Story kStories[] = {
    {"ARestartThatWorks",
     "auto",
     "      - command: systemctl restart api\n"
     "      - wait: 3\n"
     "      - verify: curl health endpoint\n",
     [](Machine&) {},
     {"auto"},
     1,
     2},
    {"TheSecondAttemptWorks",
     "auto",
     "      - collect: [systemctl status api]\n"
     "      - command: systemctl restart api\n"
     "      - verify: curl health endpoint\n",
     [](Machine& machine) {
         machine.world().on_command("restart", [calls = 0](sim::World& world) mutable {
             if (++calls > 1) bring_up(world, "api");
             return exit_of(calls > 1 ? 0 : 1);
         });
     },
     {"auto", "escalated"},  // one more attempt after an unknown one, and that may be the bad one
     2,
     3},
    {"WhatDoesHarmIsUndone",
     "auto",
     "      - command: drop-cache\n"
     "        effect: once\n"
     "        undo: fill-cache\n"
     "      - verify: curl health endpoint\n",
     [](Machine& machine) {
         machine.world().on_command("drop-cache", [](sim::World& world) {
             bring_up(world, "api");
             world.set_condition(world.service("cache"), sim::Condition::dead);
             return exit_of(0);
         });
         machine.world().on_command("fill-cache", [](sim::World& world) {
             bring_up(world, "cache");
             return exit_of(0);
         });
     },
     // What it harmed is up again by the undo, and that ends what people were told of.
     {"escalated", "self"},
     1,
     2},
    {"WhatAPersonAllowedRunsOnce",
     "ask",
     "      - command: purge-queue\n"
     "        effect: once\n"
     "      - wait: 2\n"
     "      - command: systemctl restart api\n"
     "      - verify: curl health endpoint\n",
     [](Machine&) {},
     {"auto", "escalated"},  // what may have run once is never run again
     1,
     4},
};

struct Cut {
    enum class Where {
        nowhere,
        before_commit,
        after_commit,
        marker,
        executor
    } where = Where::nowhere;
    uint64_t nth = 0;
    std::string point;
    std::string print() const {
        static const char* const kWhere[] = {"not cut", "before commit ", "after commit ",
                                             "after marker ", "executor at "};
        return kWhere[static_cast<int>(where)] + point + " " + std::to_string(nth);
    }
};

class Play {
public:
    Play(const Story& story, const Cut& cut) : story_(story), cut_(cut), machine_(next_seed()) {}

    // Did the cut come?
    bool run() {
        machine_.set_files(config_of(story_), runbook_of(story_));
        machine_.world().host("alien").local = true;
        for (const char* const name : {"api", "cache"})
            machine_.world().service(name).host = "alien";
        story_.world(machine_);
        EXPECT_TRUE(machine_.start_agent().ok());
        machine_.run_until(machine_.now() + seconds(21));
        commits_before_ = commits();
        markers_before_ = machine_.world().power().writes();
        arm();
        machine_.world().set_condition(machine_.world().service("api"), sim::Condition::dead);
        const Time end = machine_.now() + minutes(15);
        bool fired = false;
        while (machine_.now() < end && !is_over()) {
            machine_.run_until(machine_.now() + seconds(1));
            if (machine_.agent() == nullptr) {
                fired = true;
                const Result<> started = machine_.start_agent();
                EXPECT_TRUE(started.ok()) << started.error().message << where();
            }
            say_yes();
        }
        if (cut_.where == Cut::Where::executor) fired = machine_.executor_was_killed();
        judge(fired);
        return fired;
    }

    std::string ending() {
        const std::optional<Incident> incident = about_api();
        if (!incident) return "lost";
        return incident->is_open() ? std::string(name_of(incident->state)) : incident->resolved_by;
    }
    uint64_t commits_of_run() { return commits() - commits_before_; }
    size_t looks() {
        const auto asked = machine_.agent()->store().events({.kind = "evidence.asked"});
        return asked.ok() ? asked.value().size() : 0;
    }
    uint64_t markers_of_run() { return machine_.world().power().writes() - markers_before_; }

private:
    // What of the unsynced survives a cut is thrown by dice of this seed.
    static uint64_t next_seed() {
        static uint64_t seed = 1000;
        return ++seed;
    }
    uint64_t commits() { return machine_.disk().count(sim::DiskOperation::sync); }
    std::string where() const { return std::string(", ") + story_.name + ", " + cut_.print(); }

    void arm() {
        switch (cut_.where) {
            case Cut::Where::nowhere: return;
            case Cut::Where::before_commit:
                return machine_.disk().fail_at(cut_.nth, sim::DiskFault::power_cut,
                                               sim::DiskOperation::sync);
            case Cut::Where::after_commit:
                return machine_.disk().fail_at(cut_.nth, sim::DiskFault::power_cut_after,
                                               sim::DiskOperation::sync);
            case Cut::Where::marker: return machine_.world().power().cut_after(cut_.nth);
            case Cut::Where::executor:
                return machine_.kill_executor_at(cut_.point, static_cast<int>(cut_.nth));
        }
    }

    std::vector<Incident> incidents() {
        if (machine_.agent() == nullptr) return {};
        const auto all = machine_.agent()->store().incidents({});
        return all.ok() ? all.value() : std::vector<Incident>{};
    }

    std::optional<Incident> about_api() {
        for (const Incident& incident : incidents()) {
            if (incident.target == "api") return incident;
        }
        return std::nullopt;
    }

    bool is_over() {
        const std::optional<Incident> incident = about_api();
        return incident && (!incident->is_open() || incident->state == IncidentState::escalated);
    }

    void say_yes() {
        const std::optional<Incident> incident = about_api();
        if (!incident || incident->state != IncidentState::awaiting_approval) return;
        // Refused when the power went meanwhile: then it is asked for again.
        (void)machine_.ask("POST", "/api/v1/incidents/" + incident->id + "/approve",
                           Json::object({{"by", "founder"}}));
    }

    void judge(bool fired) {
        machine_.run_until(machine_.now() + seconds(5));
        if (machine_.agent() == nullptr) {  // the cut came with the very last commits
            EXPECT_TRUE(machine_.start_agent().ok());
            machine_.run_until(machine_.now() + minutes(2));
        }
        machine_.check_at_rest();
        for (const std::string& broken : machine_.violations()) ADD_FAILURE() << broken << where();
        const std::optional<Incident> incident = about_api();
        ASSERT_TRUE(incident.has_value()) << "the incident is lost" << where();
        EXPECT_TRUE(story_.endings.contains(ending()))
            << ending() << ": " << incident->reason << where();
        size_t effects = 0;
        for (const sim::Effect& effect : machine_.world().ledger()) {
            for (const char* const meant : {"restart api", "-cache", "-queue"})
                effects += effect.command.find(meant) != std::string::npos;
        }
        // Cut between the marker and the command: nobody knows, and with `once` people are told.
        EXPECT_GE(effects, fired && ending() == "escalated" ? 0U : story_.least) << where();
        EXPECT_LE(effects, story_.most) << where();
        ActionQuery all;
        all.limit = 1000;
        const auto actions = machine_.agent()->store().actions(all);
        ASSERT_TRUE(actions.ok());
        for (const Action& action : actions.value()) {
            EXPECT_NE(action.state, "intent") << join(action.argv, " ") << where();
            EXPECT_NE(action.state, "running") << join(action.argv, " ") << where();
        }
    }

    const Story& story_;
    const Cut cut_;
    Machine machine_;
    uint64_t commits_before_ = 0, markers_before_ = 0;
};

class Crash : public testing::TestWithParam<Story> {
protected:
    // Every one there is: until it no longer comes, and it comes as often as in a run without it.
    void all(Cut::Where where, uint64_t least) {
        for (uint64_t nth = where == Cut::Where::marker ? 0 : 1;; ++nth) {
            Play play(GetParam(), {where, nth, ""});
            const bool fired = play.run();
            if (HasFailure()) return;
            if (fired) continue;
            if (GetParam().looks > 0) least = 10;  // it varies
            EXPECT_GT(nth, least) << "it did not come as often as in the run without it";
            return;
        }
    }
};

TEST_P(Crash, DirectlyBeforeAndAfterEveryCommit) {
    Play calm(GetParam(), {});
    EXPECT_FALSE(calm.run());
    const std::set<std::string>& endings = GetParam().endings;
    EXPECT_EQ(calm.ending(), endings.contains("auto") ? "auto" : *endings.begin());
    EXPECT_EQ(calm.looks() > 0, GetParam().looks > 0);
    const uint64_t commits = calm.commits_of_run();
    ASSERT_GT(commits, 10U);
    all(Cut::Where::before_commit, commits - 1);
    all(Cut::Where::after_commit, commits - 1);
}

TEST_P(Crash, AtEveryWriteOfAMarker) {
    Play calm(GetParam(), {});
    EXPECT_FALSE(calm.run());
    ASSERT_GT(calm.markers_of_run(), 2U);
    all(Cut::Where::marker, calm.markers_of_run() - 1);
}

TEST_P(Crash, OfTheExecutorAtEachOfItsPoints) {
    for (const char* const point : {"checked", "approved", "seen", "started", "ran", "outcome"}) {
        uint64_t nth = 1;
        for (;; ++nth) {
            Play play(GetParam(), {Cut::Where::executor, nth, point});
            const bool fired = play.run();
            if (HasFailure()) return;
            if (!fired) break;
        }
        const bool must = std::string(point) != "approved" || std::string(GetParam().mode) == "ask";
        EXPECT_EQ(nth > 1, must) << point;
    }
}

// The same with all looks that there may be: wherever it is cut, a look is never a second effect
// and never keeps a repair from its end.
INSTANTIATE_TEST_SUITE_P(WithLooks, Crash, testing::ValuesIn([] {
                             std::vector<Story> some{kStories[0], kStories[3]};
                             for (Story& story : some) story.looks = 4;
                             return some;
                         }()),
                         [](const auto& one) { return std::string(one.param.name); });

INSTANTIATE_TEST_SUITE_P(Of, Crash, testing::ValuesIn(kStories),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace ops

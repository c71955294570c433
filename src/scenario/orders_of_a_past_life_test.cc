// What an agent ordered may end when that agent is gone and the next one decides already: it
// touches nothing that is gone, and its answer, which nobody waits for any more, reaches nobody.
#include <gtest/gtest.h>

#include <vector>

#include "agent/ops_agent.h"
#include "sim/sim_vfs.h"
#include "sim/world.h"

namespace ops {
namespace {

constexpr const char* kConfig = "/etc/ops-agent/ops-agent.yaml";

// Keeps what it is given; what it keeps at the end is under way still.
class HeldWorkers final : public Workers {
public:
    bool submit(std::function<void()> job) override {
        jobs.push_back(std::move(job));
        return true;
    }
    void run_all() {
        for (const auto& job : std::exchange(jobs, {})) job();
    }
    std::vector<std::function<void()>> jobs;
};

class NoExecutor final : public Executors {
public:
    Result<TicketReply> execute(const Ticket&) override { return count(); }
    Result<Seen> look(const Look&) override { return count(); }
    Result<uint64_t> next_epoch(uint64_t) override { return Error{Fault::unavailable, "none"}; }
    Result<> set_paused(bool, const std::string&) override { return {}; }
    int asked = 0;

private:
    Error count() {
        ++asked;
        return {Fault::timeout, "no answer"};
    }
};

class NoLog final : public Log {
public:
    void line(Severity, std::string_view) override {}
};

std::optional<std::string> no_environment(const std::string&) { return std::nullopt; }

class PastLife : public testing::Test {
protected:
    void SetUp() override {
        (void)world_.files().replace(kConfig, R"(
agent: {name: alien, mode: auto}
hosts: [{name: alien, local: true}]
services: [{name: web, host: alien, check: {http: "http://web.sim/"}, restart: "restart web"}]
channels: [{name: hook, webhook: {url: "http://hook.sim/"}}]
escalation: {dead_man: {url: "http://watcher.sim/", every: 1m}}
ai: {provider: openai, base_url: "http://model.sim/v1", model: m}
brain: {url: "http://brain.sim"}
)");
        (void)world_.files().replace("/etc/ops-agent/runbook.yaml", "common_issues: []\n");
        world_.host("alien").local = true;
        world_.service("web").host = "alien";
        world_.set_condition(world_.service("web"), sim::Condition::dead);
        world_.deliver_probes_to([this](ProbeEvent event) {
            if (agent_) agent_->handle({Input(std::move(event))});
        });
        Problems problems;
        auto loaded = load(world_.files(), kConfig, no_environment, problems);
        ASSERT_TRUE(loaded) << problems.print();
        auto agent = OpsAgent::start({.clock = world_.clock(),
                                      .random = world_.random(),
                                      .files = world_.files(),
                                      .processes = world_.processes(),
                                      .probes = world_.probes(),
                                      .workers = workers_,
                                      .http = world_.http(),
                                      .mail = world_.mail(),
                                      .executors = executors_,
                                      .log = log_,
                                      .post = [this](Input) { ++answers_; },
                                      .reply = [](uint64_t, WebReply) {}},
                                     {.config_file = kConfig,
                                      .environment = no_environment,
                                      .store = {.vfs = disk_.name()},
                                      .version = "test",
                                      .access = {},
                                      .press_key = "key"},
                                     std::move(loaded));
        ASSERT_TRUE(agent.ok()) << agent.error().message;
        agent_ = std::move(agent).value();
    }

    void live(Duration span) {
        const Time end = world_.now() + span;
        for (Time next = world_.now(); next <= end; next += std::chrono::seconds(1)) {
            while (world_.step(next)) {
            }
            agent_->tick();
        }
    }

    sim::World world_{1};
    sim::SimDisk disk_{"past-life", 1};
    HeldWorkers workers_;
    NoExecutor executors_;
    NoLog log_;
    int answers_ = 0;
    std::unique_ptr<OpsAgent> agent_;
};

TEST_F(PastLife, WhatItOrderedEndsWithoutIt) {
    live(std::chrono::minutes(2));
    const size_t jobs = workers_.jobs.size();
    ASSERT_GE(jobs, 4u);  // a ticket, a message, a sign of life, a look at what is below it
    agent_.reset();
    workers_.run_all();
    EXPECT_GE(executors_.asked, 2);
    EXPECT_FALSE(world_.sent.empty());
    EXPECT_EQ(answers_, 0);
}

TEST_F(PastLife, WhileItLivesItIsAnswered) {
    live(std::chrono::minutes(2));
    const size_t jobs = workers_.jobs.size();
    workers_.run_all();
    EXPECT_EQ(answers_, static_cast<int>(jobs));
}

}  // namespace
}  // namespace ops

// Machine: the agent, its executor and its disk inside a simulated world, with a switch for the
// power of each. What runner.h drives by a script and seeds.h by chance.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/emergency.h"
#include "agent/ops_agent.h"
#include "resolve/executor.h"
#include "sim/sim_vfs.h"
#include "sim/world.h"

namespace ops {

class Machine {
public:
    explicit Machine(uint64_t seed);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    sim::World& world() { return world_; }
    sim::SimDisk& disk() { return disk_; }
    OpsAgent* agent() { return agent_.get(); }  // null while it is down
    Time now() const { return world_.now(); }

    void set_files(const std::string& config, const std::string& runbook);
    Result<> start_agent();
    // kill -9: the process is gone, what the kernel has is kept.
    void kill_agent();
    // Everything not synced is gone, and the executor with it.
    void cut_power();
    void kill_executor();
    // The executor dies when it reaches this point for the n-th time: "seen", "started", "ran",
    // "outcome" ...
    void kill_executor_at(std::string point, int nth);
    bool executor_can_be_reached = true;
    bool executor_was_killed() const { return !kill_point_.empty() && kill_countdown_ == 0; }

    // The agent does nothing for so long, whatever comes in meanwhile.
    void stall(Duration span) { next_tick_ = stalled_until_ = now() + span; }
    // Lets time pass. False when the machine has lost its power or its agent has given up (see
    // `why_down`).
    void run_until(Time until);
    // Asks the agent as the HTTP API does; the reply's body.
    Result<Json> ask(const std::string& method, const std::string& path, const Json& body = {});

    const std::string& why_down() const { return why_down_; }
    const std::vector<std::string>& log_lines() const { return log_lines_; }
    std::vector<std::string> journal_lines();  // of a running agent
    // Stops the agent cleanly; what its data folder then holds, by "var/NAME".
    std::map<std::string, std::string> switch_off();
    // Broken invariants of safety.md 6, each told once; empty is what must be.
    const std::vector<std::string>& violations() const { return violations_; }
    // Everything that is to hold when nothing is under way any more (I4, I8).
    void check_at_rest();
    // When the journal cannot be written the agent ends; a supervisor starts it again after this.
    bool restarts_by_itself = true;

private:
    class MachineLog;
    class MachineAlertLog;
    class DirectExecutors;
    void deliver(Input input);
    bool is_dead();
    void cannot_write(const std::string& reason);
    std::optional<std::vector<std::string>> argv_in_journal(const std::string& step_key);
    void check_ledger();
    void tick_if_due();
    Result<> open_executor();

    sim::World world_;
    sim::SimDisk disk_;
    std::unique_ptr<MachineLog> log_;
    std::unique_ptr<LogSink> alert_log_;
    std::unique_ptr<Emergency> emergency_;
    EscalationSettings escalation_;  // of the configuration that was last in force
    std::unique_ptr<RuleFiles> rules_;
    std::unique_ptr<Executor> executor_;
    std::unique_ptr<DirectExecutors> executors_;
    std::unique_ptr<OpsAgent> agent_;
    int generation_ = 0;  // of the agent: what was meant for an older one is dropped
    Time next_tick_{};
    Time stalled_until_{};
    std::vector<Input> held_;  // that came while it was stalled
    std::optional<Time> start_again_at_;
    std::string why_down_;
    std::string kill_point_;
    int kill_countdown_ = 0;
    std::vector<std::string> log_lines_;
    std::vector<std::string> violations_;
    size_t ledger_checked_ = 0;
    std::map<std::string, int> effects_by_key_;
    std::optional<Time> paused_since_;
    std::map<uint64_t, WebReply> replies_;
    uint64_t last_connection_ = 0;
};

}  // namespace ops

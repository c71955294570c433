// Executor: the only thing in the program that causes an effect. Takes tickets, believes nothing in
// them, runs each step key at most once whatever crashes (docs/formats/executor.md).
//
//     check everything -> SEEN marker (O_EXCL, synced) -> run -> OUTCOME (synced) -> reply
//
// A marker that cannot be written means nothing is run. Safe to call from many threads: deciding is
// one at a time under a lock, running is not. No network, no model, no clock of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/clock.h"
#include "io/files.h"
#include "io/processes.h"
#include "resolve/limiter.h"
#include "resolve/policy.h"
#include "resolve/rules.h"
#include "resolve/ticket.h"

namespace ops {

struct ExecutorConfig {
    std::string folder;       // for markers; made when it is not there
    std::string data_folder;  // where the `pause` file is looked for
    std::vector<std::string>
        own_paths;  // absolute: what self-protection guards beside the built-in list
    // systemd-run --wait --pipe --collect: the step outlives us in a unit of its own. For the
    // system service only.
    bool transient_units = false;
    // For diagnostics that this very program runs: where it is, and its configuration; absolute.
    // Empty: it is found as any other program, and finds its configuration itself.
    std::string own_program, config_file;
    // Called at every transition, for the simulator and the kill -9 tests: "checked", "approved",
    // "seen", "started", "ran", "outcome".
    std::function<void(std::string_view point)> at_point;
};

class Executor final : public Executors {
public:
    // Reads the markers: the highest epoch and what was spent of budgets. Fault::corrupt or
    // unavailable when they cannot be read: then there is no executor, and so no action. All
    // references must outlive it.
    static Result<std::unique_ptr<Executor>> open(Files& files, Processes& processes, Clock& clock,
                                                  RuleSource& rules, ExecutorConfig config);
    ~Executor() override;

    Result<TicketReply> execute(const Ticket& ticket) override;
    Result<Seen> look(const Look& look) override;
    Result<uint64_t> next_epoch(uint64_t known) override;
    Result<> set_paused(bool paused, const std::string& by) override;

    // Takes no more tickets; returns when what runs has ended and its outcome is on disk.
    void drain();

private:
    struct State;
    explicit Executor(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ops

// ProberClient: Processes as the core has them. A program runs in the prober, by its identity; the
// core itself starts none.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "io/own_child.h"
#include "io/processes.h"

namespace ops {

class ProberClient final : public Processes {
public:
    // `child`: of a `run` without services of systemd; started when the first program is to run, so
    // that who has none needs no prober. Null: somebody else looks after it.
    ProberClient(std::string socket_path, std::unique_ptr<KeptChild> child);

    // Fault::denied when it is none of the configuration, unavailable when there is no prober.
    Result<Exit> run(const Command& command) override;
    std::optional<ProcessIdentity> identify(int pid) override;
    std::string boot_id() override;

    // Whoever waits for a program gets an Error now, and so does every later run: for a stop of
    // ours.
    void end_all();

private:
    const std::string socket_path_;
    const std::unique_ptr<KeptChild> child_;
    std::mutex mutex_;
    bool ended_ = false;
    std::set<int> waiting_;  // descriptors of connections
};

}  // namespace ops

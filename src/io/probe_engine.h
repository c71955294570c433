// ProbeEngine: the real Probes. One thread with epoll asks over the network, keeps the schedule and
// watches processes; tens of thousands of asks may be in flight. What blocks runs beside it: names
// on 4 threads (answers kept 30 s), commands on 16, looks at this machine on 4, looks at disks on 2
// of their own, because a dead network disk holds a thread for ever. When a queue is full the ask
// is answered at once with an Error that names the limit.
//
// Promises: a hanging target delays no other; a literal address never touches DNS; every ask is
// answered within its time limit (commands: plus the 2 s that SIGKILL waits for).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "io/clock.h"
#include "io/probes.h"

namespace ops {

class ProbeEngine : public Probes {
public:
    // `deliver` is called on the engine's thread with what happened, at most a few milliseconds
    // late: it must only hand it on (Inbox::push_batch). Nothing is delivered after the destructor
    // has returned, which waits for commands in flight (PosixProcesses::end_all ends them).
    using Deliver = std::function<void(std::vector<ProbeEvent>)>;
    static Result<std::unique_ptr<ProbeEngine>> start(Clock& clock, Processes& processes,
                                                      Deliver deliver);
    ~ProbeEngine() override;
    ProbeEngine(const ProbeEngine&) = delete;
    ProbeEngine& operator=(const ProbeEngine&) = delete;

    void start(Ask ask) override;
    void schedule(std::vector<Scheduled> all) override;
    void replace_question(uint32_t check, Question question) override;
    void watch_process(uint32_t check, ProcessIdentity process) override;

    class Loop;

private:
    explicit ProbeEngine(std::unique_ptr<Loop> loop);
    std::unique_ptr<Loop> loop_;
};

}  // namespace ops

// ProcessCheck: a check whose service is a process. It asks once how much memory the machine has,
// so that a process's share of it can be told.
#pragma once

#include <optional>

#include "monitor/check_kind.h"
#include "monitor/process_facts.h"

namespace ops {

class ProcessCheck : public Check {
public:
    Judged judge(const Reply& reply) final;

protected:
    ProcessCheck(const CheckRequest& request);

    // `reply` is never the one about the machine's memory.
    virtual Judged judge_look(const Reply& reply) = 0;

    Duration timeout() const { return timeout_; }
    ProcessMemory& memory() { return memory_; }

    // Judges and measures the processes seen, and watches the oldest when it is on this machine.
    Judged judge_seen(const Reply& reply, const std::vector<ProcessSeen>& seen,
                      const ProcessWish& wish);
    // Has this process watched from now on, pid 0 for none; says nothing when that is so already.
    void watch(ProcessIdentity process, Judged& judged);
    // The check could not be made.
    Judged unknown(const Reply& reply, std::string reason);

private:
    Duration timeout_;
    ProcessMemory memory_;
    bool asked_memory_ = false;
    ProcessIdentity watched_;
    std::optional<Reply> waiting_;  // for the answer about the machine's memory
};

// A process that is neither up nor down while it starts or stops; bad when that takes too long.
class Patience {
public:
    explicit Patience(Duration limit) : limit_(limit) {}
    // `transient`: it starts or stops at `at`. True when it has been so for longer than the limit.
    bool is_exhausted(bool transient, Time at);
    Duration lasted(Time at) const { return since_ ? at - *since_ : Duration{}; }

private:
    Duration limit_;
    std::optional<Time> since_;
};

const LocalAnswer* local_answer(const Reply& reply);  // null when it is another

}  // namespace ops

// Speaks to an executor process over its UNIX socket, and starts one as a child of `run` in
// development.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "resolve/ticket.h"

namespace ops {

class ExecutorClient final : public Executors {
public:
    // `answer_within` is beyond the step's own time limit, which a ticket does not say: an hour by
    // default.
    explicit ExecutorClient(std::string socket_path,
                            Duration answer_within = std::chrono::hours(1));
    Result<TicketReply> execute(const Ticket& ticket) override;
    Result<Seen> look(const Look& look) override;
    Result<> set_paused(bool paused, const std::string& by) override;

private:
    std::string socket_path_;
    Duration answer_within_;
};

// The executor of a `run` without a configured socket: this same program started again with the
// verb `executor`. It ends when we do, but not before what it runs has ended and is on disk.
class ExecutorChild {
public:
    // Makes the socket in `folder` and starts the program. Fault::unavailable when it cannot.
    static Result<std::unique_ptr<ExecutorChild>> start(const std::string& program,
                                                        const std::string& config_file,
                                                        const std::string& folder);
    ~ExecutorChild();  // lets go; the child drains by itself
    const std::string& socket_path() const;
    int pid() const;
    // Has it ended? Then start another; its look() knows what this one did.
    bool has_ended();

private:
    struct State;
    explicit ExecutorChild(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ops

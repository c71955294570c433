// Speaks to an executor process over its UNIX socket.
#pragma once

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
    Result<uint64_t> next_epoch(uint64_t known) override;
    Result<> set_paused(bool paused, const std::string& by) override;

private:
    std::string socket_path_;
    Duration answer_within_;
};

}  // namespace ops

// Emergency: the one message that needs no disk. Without a journal, or when it cannot even begin (a
// port that is taken, a disk that is read-only), the agent does nothing (safety.md 2), and somebody
// must know; so it is sent at once, by whoever runs the agent, past the outbox.
//
// Told to each channel of the level critical once per outage: one that failed is tried again each
// time the agent could not start. When the journal can be written again, those who were told are
// told.
#pragma once

#include <set>
#include <string>

#include "escalate/channel.h"
#include "escalate/escalate.h"
#include "io/log.h"

namespace ops {

class Emergency {
public:
    Emergency(ChannelPorts ports, Log& log) : ports_(ports), log_(log) {}
    enum class Trouble { journal, start };  // what cannot be done: to write it, or even to begin
    void tell(const std::string& reason, const EscalationSettings& escalation, Time now,
              Trouble trouble = Trouble::journal);
    void over(const EscalationSettings& escalation, Time now);

private:
    bool send(const AlertDraft& alert, const std::string& channel,
              const EscalationSettings& escalation);

    ChannelPorts ports_;
    Log& log_;
    std::set<std::string> told_;          // channels
    std::string key_;                     // of this outage; empty: there is none
    Trouble trouble_ = Trouble::journal;  // that was told
    std::string reason_;                  // that was logged
};

}  // namespace ops

// Ports: the agent's whole outside, real (agent/daemon.h) or simulated (scenario/).
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "escalate/channel.h"
#include "io/clock.h"
#include "io/files.h"
#include "io/http.h"
#include "io/log.h"
#include "io/mail.h"
#include "io/probes.h"
#include "io/processes.h"
#include "io/random.h"
#include "io/workers.h"
#include "llm/llm.h"
#include "model/memory.h"
#include "resolve/repair.h"
#include "resolve/ticket.h"
#include "web/messages.h"

namespace ops {

// --- what arrives in the inbox of the one thread that decides ---

struct RepairAnswer {  // of the executor, or of an outside HTTP step
    std::string incident;
    RepairInput input;
};
struct ModelReplied {  // every try of one question
    std::string incident;
    std::vector<Try> tries;
};
struct DiagnosticReplied {
    std::string incident, diagnostic;
    Result<TicketReply> reply;
    bool at_opening = false;  // not asked for by an investigation
};
struct BrainAnswered {  // of an outside Brain, to a question
    std::string incident;
    Result<std::vector<Memory>> found;
};
struct BrainTold {  // of a memory of ours
    std::string memory;
    Result<std::string> id;  // there
};
struct AlertDelivered {
    AlertDraft alert;
    std::string channel;
    int tries = 1;  // of this message on this channel, with this one
    DeliveryResult result;
};
struct SignSent {       // of life, to whoever misses it
    std::string error;  // empty: it was taken
};
struct CandidateReplayed {  // a learned entry, on what is on record
    std::string id;
    Result<Json> result;
};
struct PressesHeard {  // on a channel that was listened to
    std::string channel;
    Result<Heard> result;
};
struct SelfChecked {         // what the agent stands on
    std::string executor;    // why it does not answer; empty: it does
    uint64_t epoch = 0;      // that it gave us, when we had none of it
    Result<DiskSpace> disk;  // of its own records
};
struct ReloadWanted {
    uint64_t connection = 0;  // who asked over HTTP; 0: a signal
};
using Input = std::variant<ProbeEvent, RepairAnswer, ModelReplied, DiagnosticReplied, BrainAnswered,
                           BrainTold, AlertDelivered, PressesHeard, CandidateReplayed, SelfChecked,
                           SignSent, WebRequest, ReloadWanted>;

struct Ports {
    Clock& clock;
    Random& random;
    Files& files;
    Processes& processes;
    Probes& probes;
    Workers& workers;
    Http& http;
    Mail& mail;
    Executors& executors;
    Log& log;
    std::function<void(Input)> post;  // from any thread: the answer to what was ordered, never lost
    std::function<void(uint64_t, WebReply)> reply;  // to a WebRequest's connection
    std::function<void(std::string)> publish = {};  // an event that is on the disk, to who listens
};

}  // namespace ops

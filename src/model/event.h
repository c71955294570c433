// Event: one line of the journal, the truth of the program. Everything else (incidents, actions,
// what the pages show) is a fold over events and can be rebuilt from them (model/incident.h).
//
// The kinds, and what the body of each holds: docs/formats/events.md.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/time.h"

namespace ops {

struct Event {
    uint64_t seq = 0;  // given by the journal, from 1 without gaps
    Time at{};
    std::string kind;
    std::string incident;  // id, or empty
    std::string target;    // service, host or signal, or empty
    Json body = Json::object();
    std::string hash;  // given by the journal: chains this event to the one before
};

}  // namespace ops

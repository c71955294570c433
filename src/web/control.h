// Control: what the HTTP API may ask of the agent, which implements it. Every call is made on the
// deciding thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace ops {

// Something to look at: health, services, service, incidents, incident, actions, alerts,
// predictions, eval, events, runbook, candidates, report, silences, maintenance, brain/search,
// brain/memories, brain/health.
struct View {
    std::string what;
    std::string name;                            // of the one service or incident
    std::map<std::string, std::string> filters;  // state, service, limit, cursor, since
};

// Something a person decides: pause, resume, ack, resolve, approve, reject, silence, unsilence,
// maintenance, end-maintenance, reload, remember, promote, demote.
struct Deed {
    std::string what;
    std::string id;     // incident, action, candidate or silence, or the name to silence
    std::string by;     // the name that is claimed
    std::string user;   // of the machine, whose process asked: the command line sends it; or empty
    std::string via;    // what was shown to be let in: "token" or "password"
    std::string shown;  // to an approver: hash of the words; empty: not said
    std::string note;
    Duration span{};                 // of a silence or a window
    std::vector<std::string> names;  // matchers of a silence, targets of a window; beside `id`
    Json body;                       // of a memory to add
};

// Something pushed to us by a service or another program.
struct Push {
    enum class Kind { heartbeat, facts, event, alerts };
    Kind kind = Kind::heartbeat;
    std::string name;    // service, the event's kind, or which monitor the alerts come from
    std::string signal;  // of a heartbeat: "", "start", "fail", or an exit status
    Json body;
};

class Control {
public:
    virtual ~Control() = default;
    virtual Result<Json> look(const View& view) = 0;
    virtual Result<Json> act(const Deed& deed) = 0;
    virtual Result<Json> push(const Push& push) = 0;  // what to answer beside that it was taken
    virtual std::string metrics() = 0;                // Prometheus text format 0.0.4
    virtual bool is_ready() = 0;
};

}  // namespace ops

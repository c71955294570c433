// Words for people: what the agent's JSON says, as one would tell it at 3 a.m. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace ops {

// "ssh pc: supervisorctl restart worker_3" instead of ssh with all its options.
std::string short_command(const std::vector<std::string>& argv);
// "needs a yes", "repaired", "closed", "recovered", or the state as it is.
std::string state_words(const Json& incident);
// Why its repair may not go on, and for how long at the most.
std::string wait_words(const Json& incident, Time now);
// What a yes came to: another must say it too, or what it waits for nevertheless.
std::string approved_words(const std::string& id, const Json& reply, Time now);
// "running" while the command runs, "ended, being verified" until it is known whether it helped,
// else the state as it is.
std::string action_state_words(const Json& action);
// " (ann: new cables)": of a silence or a window of maintenance. Empty when nobody is named.
std::string by_whom_and_why(const Json& order);
// One event of an incident's timeline: "did: systemctl restart api (attempt 1)". Empty for what
// says nothing that another event does not say better.
std::string event_words(const Json& event);
// "e3 log app", "e7 unit_log of api", "systemctl status api": a piece of evidence and where it is
// from.
std::string evidence_title(const Json& evidence);
// "told hook", "waits for phone: HTTP 503", "mail refused it".
std::string delivery_words(const Json& alert);

}  // namespace ops

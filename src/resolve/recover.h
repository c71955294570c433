// Recover: what to do about an action of which the journal has the intent and no outcome. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/incident.h"
#include "resolve/ticket.h"
#include "runbook/runbook.h"

namespace ops {

// What looking showed.
enum class Found { never_seen, outcome, seen_unknown, still_running };
std::string_view name_of(Found found);
Found found_of(const Seen& seen);

enum class RecoverAct {
    run,        // the same attempt, the same step key
    run_again,  // a read: under the next sub or attempt, it does no harm
    use_outcome,
    wait,                  // it runs: look again
    verify_else_retry,     // good -> verified; else the next attempt, and that is the last
    verify_else_escalate,  // good -> verified after unknown; else never again
    ask_again,             // nothing happened, and the approval no longer stands
};
std::string_view name_of(RecoverAct act);

// safety.md, section 2, as a table. `approval_stands`: needed none, or it is still good.
RecoverAct recover(Found found, Effect effect, bool approval_stands);

// The step keys to look up at start, before any new event is accepted: intents without outcome,
// oldest first. Those of `http` steps are not among them: nobody but the core saw them, so they are
// seen_unknown.
struct Unsettled {
    std::string step_key;
    std::string incident;
    bool http = false;
};
std::vector<Unsettled> unsettled(const std::vector<Action>& actions);

}  // namespace ops

// Incident, Action and Alert: what people see of the journal, each a fold over its events.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "model/event.h"

namespace ops {

enum class IncidentState {
    open,
    awaiting_approval,
    resolving,
    verifying,
    escalated,
    acknowledged,
    resolved
};
std::string_view name_of(IncidentState state);
std::optional<IncidentState> parse_incident_state(std::string_view text);

struct Incident {
    std::string id;
    std::string title;
    std::string target;  // service, host, signal; `service` in the API
    std::string host;
    std::string rule;  // "down", a runbook entry's name, a criterion's name, or "systemic"
    IncidentState state = IncidentState::open;
    std::string level = "none";
    std::string seen;    // when it was opened: never changes
    std::string reason;  // the newest word on it
    Time opened_at{};
    std::optional<Time> resolved_at;
    std::string entry;      // runbook entry that is or was applied
    bool proposed = false;  // by a model: only with a person's yes
    std::string cause;
    std::string supposed;  // what a model thinks it comes from: text that nothing depends on
    int attempts = 0;
    std::string resolved_by;  // auto, human, self, or empty
    bool acknowledged = false;
    std::string acknowledged_by;      // who has it
    std::string waits;                // why its repair may not go on now, or empty
    std::optional<Time> waits_until;  // at the latest; nothing: nobody knows
    int questions = 0;                // that waited for a yes
    std::string note;
    std::vector<std::string> members;  // of a systemic incident
    std::vector<std::string> told;     // channels
    double cost_usd = 0;
    int64_t tokens = 0;
    uint64_t last_seq = 0;

    bool is_open() const { return state != IncidentState::resolved; }
    Json to_json() const;  // the shape of product.md 6
};

struct Action {
    std::string id;  // the step key
    std::string incident, entry, target;
    int step = 0;
    int attempt = 0;
    std::vector<std::string> argv;
    std::string state;  // as in product.md 6
    std::string reason;
    Time started_at{};
    std::optional<Time> ended_at;
    std::optional<int> exit;  // its own: what was ended from outside has none, and `how`
    std::string how;          // "timed_out" or "signalled" when it did not end by itself
    std::string output;
    std::string approved_by;
    std::string argv_sha256;
    std::string effect;
    bool undo = false;
    bool harmed = false;                      // failed because something else got worse
    std::vector<std::string> harmed_targets;  // what that was
    bool was_unknown = false;                 // for a while nobody knew what had become of it
    Json intent;                              // body of action.intent, for recovery

    Json to_json() const;
};

// Folds one event in. False when the event does not concern it. Starts from a default-constructed
// value.
bool apply(const Event& event, Incident& incident);
bool apply(const Event& event, Action& action);

}  // namespace ops

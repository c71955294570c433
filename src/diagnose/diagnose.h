// Diagnose: which runbook entry explains a problem, and why each of the others does not. Pure.
//
// Among several entries that match, the choice is always the same:
//   1. an entry that may run now before one that is disabled, a shadow or cooling down (they are
//   told, never chosen);
//   2. the one with most symptoms (`any:` counts as one): it knows most about the case;
//   3. one that names the service, host or group before one that does not;
//   4. the order of the file.
// When nothing matches and the service is down and has a `restart:` command, the built-in entry
// "restart the service" (runbook/builtin.h) is chosen. Without one there is no entry: a person is
// told.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "expr/expr.h"
#include "model/inventory.h"
#include "runbook/runbook.h"

namespace ops {

// What is known of the target now; the agent fills it from the Detector.
struct Situation {
    std::string target;
    bool down = false;      // a check says so, not only a symptom
    bool systemic = false;  // part of a larger failure: only entries for a common cause may run
    const expr::World& world;
    // For how long the entry's symptoms have held; nothing when they do not, or not yet for its
    // `for:`.
    std::function<std::optional<Duration>(const Entry&)> held;
    // Why the entry may not run now ("cooling down for 4m", "3 runs in the last hour, 3 allowed"),
    // or empty.
    std::function<std::string(const Entry&)> barred;
};

struct Considered {
    std::string entry;
    bool matched = false;
    std::string why;  // "disk_usage 42% is not > 90%", "memory_usage was never seen", "chosen: most
                      // symptoms"
    // How near it came, for diagnose/causes.h; not in the journal.
    std::string text{};               // what it would be called as a cause
    std::vector<std::string> seen{};  // of its symptoms that hold: "memory_usage 95% is > 90%"
    size_t symptoms = 0;
    size_t holding = 0;
    bool is_near = false;  // one symptom lacks, or only the time that they must hold
};

struct Diagnosis {
    std::optional<Entry> entry;  // nothing: no entry, a person must look
    std::string cause;           // one sentence for people
    std::vector<Considered> considered;
    Json considered_json() const;  // for incident.diagnosed
    // "entry 'Prune' fits, but it is cooling down (cooldown)", of the first such one, or empty.
    std::string barred() const;
};

Diagnosis diagnose(const Runbook& runbook, const Inventory& inventory, const Situation& situation);

}  // namespace ops

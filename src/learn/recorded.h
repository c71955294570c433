// Recorded: what is on record of a span of time, as far as certain runbooks ask for it. Read once,
// each series in one go, and a plain value after that.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/settings.h"
#include "expr/expr.h"
#include "model/fact.h"
#include "record/history.h"
#include "record/store.h"
#include "runbook/runbook.h"

namespace ops {

enum class RecordedEnd { verified, by_a_person, by_itself, open };
std::string_view name_of(RecordedEnd end);  // "verified", "closed by a person" ...

struct RecordedIncident {
    std::string id, target, rule;
    std::vector<std::string> members;  // of a systemic one
    Time opened_at{}, ended_at{};      // one that is open ends with the record
    Json facts;                        // of the target at the opening, bare (Facts::to_plain_json)
    std::string ran;                   // the entry of which a step was begun, or empty
    RecordedEnd end = RecordedEnd::open;

    bool concerns(std::string_view name) const;
};

struct Recorded {
    template <class What>
    using At = std::vector<std::pair<Time, What>>;     // oldest first
    using Name = std::pair<std::string, std::string>;  // target, and fact or kind of event
    struct Span {
        Time from{}, to{};
    };

    Time from{}, to{};
    Time exact_from{};          // before it, numbers are means of a minute
    std::vector<Span> watched;  // when the agent ran, within from..to
    std::string own_machine;    // where events are that name no target
    std::map<Name, std::vector<Sample>, std::less<>> samples;
    std::map<Name, At<Value>, std::less<>> changes;  // from before `from`, too
    std::map<Name, std::vector<Time>, std::less<>> events;
    std::map<std::string, At<std::string>, std::less<>> statuses;  // from before `from`, too
    std::vector<RecordedIncident> incidents;                       // oldest first
};

// Of the last `span` before the newest thing on record. Reads what the symptoms of the enabled and
// disabled entries read, and the windows' reach before `from`.
Result<Recorded> load_recorded(Store& store, History& history, const Settings& settings,
                               const std::vector<const Runbook*>& runbooks, Duration span);

}  // namespace ops

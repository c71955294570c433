// Replay: what a runbook would have done on recorded history (docs/replay.md): on which incidents
// each entry would have fired, and on how many days on which all was well. Pure.
//
//     const Recorded recorded = TRY(load_recorded(store, history, settings, {&now, &changed},
//     span)); const ReplayReport report = replay(recorded, changed, settings.inventory);
//
// Symptoms are evaluated with the language's own evaluator, at each moment at which a fact they
// read changed on record, and as time goes on once a minute (of windows longer than half an hour
// every thirtieth of the window, at most an hour). Within Recorded::exact_from facts are as they
// came; before it numbers are means of a minute.
//
// What is not on record is unknown, and is told: it counts neither as a match nor as a good day.
// The same records always give the same report.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "learn/recorded.h"
#include "model/inventory.h"
#include "runbook/runbook.h"

namespace ops {

// An entry would have begun to act.
struct Firing {
    std::string target;
    Time at{};
    std::string incident;               // during it, or empty
    bool on_healthy_day = false;        // the target had no incident on this day (UTC)
    std::vector<std::string> symptoms;  // those that held
};

struct EntryReplay {
    std::string entry;
    bool acts = true;                             // it is enabled and no shadow
    std::vector<Firing> firings;                  // oldest first
    std::vector<std::string> fired_on_incidents;  // ids, oldest first, each once
    std::vector<std::string> unjudged_incidents;  // what it reads of them was not on record
    size_t judged_incidents = 0;                  // on targets that it may match
    size_t other_incidents = 0;  // recorded ones on any target, fired on or not, but unjudged ones
    // Days of single targets that it may match.
    size_t healthy_days = 0;        // without an incident, and known for most of the day
    size_t healthy_days_fired = 0;  // of these: each is a false alarm
    size_t unjudged_days = 0;
    size_t held_back = 0;  // times that `cooldown` or `max_per_...` would have kept it from acting
    std::vector<std::string> not_recorded;  // facts that were missing, sorted
};

// Of the recorded incidents that are not among `own`, the share on which the entry would have
// fired: 0 to 1. 0 when there are none. Incidents that could not be judged count as fired on:
// what is not known must not earn anything.
double share_of_other_incidents(const EntryReplay& entry, const Recorded& recorded,
                                const std::set<std::string>& own);

struct IncidentReplay {
    std::string id, target;
    Time opened_at{};
    std::string ran;  // the entry that ran then, or empty
    RecordedEnd end = RecordedEnd::open;
    std::string would_run;  // the entry that would be chosen, or empty: a person
    std::string why;        // of no entry: what was missing
    bool is_same() const { return ran == would_run; }
};

struct ReplayReport {
    std::vector<EntryReplay> entries;       // in the runbook's order
    std::vector<IncidentReplay> incidents;  // oldest first
};

ReplayReport replay(const Recorded& recorded, const Runbook& runbook, const Inventory& inventory);
// One entry alone, which need not be in a runbook: a candidate.
EntryReplay replay_entry(const Recorded& recorded, const Entry& entry, const Inventory& inventory);

// What a change of the runbook makes better or worse.
struct ReplayFinding {
    enum class Kind { worse, better, note } kind = Kind::note;
    std::string text;
};
struct ReplayComparison {
    std::vector<ReplayFinding> findings;  // worse ones first
    bool is_worse() const;
};
// Worse is: an incident whose repair was verified, and that the runbook in force would repair in
// the same way, is repaired by other steps or not at all; or an entry that acts fires on a healthy
// day of a target on which the one of its name in force does not.
ReplayComparison compare(const ReplayReport& in_force, const Runbook& runbook_in_force,
                         const ReplayReport& changed, const Runbook& runbook_changed);

Json to_json(const ReplayReport& report);
Json to_json(const ReplayComparison& comparison);

}  // namespace ops

// Case: one open incident as the agent works on it: the incident and its actions folded from the
// journal, and what is only known while the program runs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/outside_case.h"
#include "diagnose/diagnose.h"
#include "diagnose/investigation.h"
#include "model/cause.h"
#include "model/fact.h"
#include "model/incident.h"
#include "model/memory.h"
#include "resolve/repair.h"

namespace ops {

// A learned entry in shadow that matched: what it would have run.
struct Shadow {
    std::string id, entry;
    std::vector<std::string> commands;
};

// What is collected when an incident opens (agent_evidence.cc).
struct Gathering {
    std::vector<EvidenceItem> items;  // as people see them, with their ids
    std::vector<std::string> looked;  // diagnostics that were asked for
    std::optional<Time> looks_until;  // some are under way: an investigation waits so long
    int waiting = 0;                  // of them, those without an answer yet
    bool is_queued = false, is_over = false;
    bool then_investigate = false;
};

struct Case {
    Incident incident;
    std::string key;                     // of the cause, as the detector names it
    std::vector<Action> actions;         // oldest first
    Facts before;                        // of the target when it opened
    std::vector<std::string> signature;  // what was unusual then (learn/signature.h)
    std::vector<std::string> log_signs;  // which errors its logs told of then (LogBook::signs_of)
    // Memories that are like it, best first, those of an outside Brain last. Text of provenance
    // outside or untrusted is quarantined for people only.
    std::vector<Recalled> similar;
    bool memories_judged = false;        // once an incident
    std::optional<OutsideCase> outside;  // it is about an alert of another monitor
    std::unique_ptr<Repair> repair;
    Gathering gathering;
    std::unique_ptr<Investigation> investigation;
    bool is_investigated = false;          // once an incident
    std::optional<Time> look_again;        // when the investigation wants to be asked again
    std::optional<Prediction> prediction;  // to be checked then
    std::optional<Entry> entry;            // that is or was applied
    std::optional<Time> wake;              // when the repair wants to be asked again
    std::optional<Time> again_at;          // when a repair may be tried once more
    bool waits_for_resume = false;  // refused by the kill switch: asked again when that is off
    bool is_put_off = false;        // until nothing holds its target back
    std::vector<Shadow> shadows;
    std::string criterion;          // that gave the level
    std::string alert_step;         // text of an `alert` step that told people
    std::vector<std::string> plan;  // what waits, or waited last, for a yes: a command each
    std::string event_text;         // what the event that it is about said, the newest
    int events = 0;                 // how many of them there were
    int acknowledgements = 0;       // so far
    std::string barred;             // why nothing is done: told once
    bool diagnosed = false;
    std::optional<Diagnosis> diagnosis;  // the newest
    std::vector<Cause> causes;           // best first
    Time causes_at{};                    // when they were last looked for
    int renewals = 0;                    // of the causes, in the journal
    bool is_ending = false;              // its repair has ended, and that is not taken in yet
    bool cleared = false;                // seen to be well again while a repair was under way
    bool unwatched = false;              // no longer configured: nobody knows how it is
    bool is_folded = false;              // it is part of a larger one
};

// Folds an event of this incident into the case.
void fold(const Event& event, Case& the_case);
// Only what it said, who acknowledged, and whether it is part of a larger one: what the records
// keep of neither incident nor actions.
void fold_words(const Event& event, Case& the_case);
// Every command that a yes to this action.awaiting allows, as people read it.
std::vector<std::string> plan_of(const Event& awaiting);
// Did one of its actions make something else worse? Then that its target is well does not end it.
bool did_harm(const Case& the_case);
// What that was.
std::vector<std::string> harmed_by(const Case& the_case);
// The newest action that waits for a yes, or null.
const Action* awaiting_action(const Case& the_case);

}  // namespace ops

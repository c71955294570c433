// Candidate: a runbook entry made from what people did again and again (docs/learning.md).
//
// Where incidents that look alike repeat, no entry explained them, and people repaired them each
// time with the same steps that the operator has written elsewhere, an entry is written: who it is
// about is no wider than what was seen, its symptoms are what the incidents have in common and good
// times have not, its steps are taken over, and it begins in shadow. Pure.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "config/settings.h"
#include "learn/deeds.h"
#include "model/fact.h"
#include "model/memory.h"
#include "runbook/learned.h"

namespace ops {

// One incident that is over, as it is learned from.
struct Episode {
    std::string incident, target, group, host, rule;
    Time opened_at{}, resolved_at{};
    std::vector<std::string> signature;  // sorted (learn/signature.h)
    Facts facts;                         // when it opened
    bool explained = false;              // an entry of the runbook, or a learned one, matched
    bool by_person = false;              // a person repaired it, or said yes to a model's proposal
    std::vector<KnownDeed> deeds;        // what did it
    Provenance provenance = Provenance::person;  // of what is known of it
};

// What one fact was in good times.
struct Healthy {
    double least = 0, most = 0;
    size_t samples = 0;
    std::set<std::string> texts;  // of one that is no quantity: as it prints
};
using HealthyFacts = std::map<std::string, Healthy, std::less<>>;

// Same rule, same target or group, and mostly the same things unusual.
bool is_alike(const Episode& a, const Episode& b);
// Those of `past` that count with the newest one towards a candidate, oldest first; empty when it
// does not count itself.
std::vector<Episode> pattern_of(const Episode& newest, std::span<const Episode> past);

struct Candidate {
    Entry entry;       // as read back from `text` and derived
    std::string text;  // its block of runbook.learned.yaml
    std::vector<std::string> incidents;
};
// Fault::denied says why nothing can be learned: no fact tells the pattern from good times, the
// steps may not be lent ...
Result<Candidate> make_candidate(std::span<const Episode> pattern, const HealthyFacts& healthy,
                                 const Runbook& own, const Settings& settings);

// Would its symptoms hold on these facts of this target?
bool would_match(const Entry& entry, const Episode& episode);

}  // namespace ops

// Causes: what an incident may come from, found without a model and ranked: the runbook's entries
// that fit or nearly do, what failed first above it, what was changed just before, what it was the
// last time. Pure; how each is found and how sure it is, is told in docs/diagnosis.md.
//
// A cause is for people and for the words that a model begins with. It never makes an action: which
// entry is applied is decided in diagnose.h, before and without this.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "diagnose/change_risk.h"
#include "diagnose/diagnose.h"
#include "diagnose/happenings.h"
#include "diagnose/track_record.h"
#include "model/cause.h"
#include "model/inventory.h"
#include "model/memory.h"

namespace ops {

// All that is folded from events for causes. Give it every event in its order; it may be saved at
// any event and go on from there.
struct CauseRecord {
    Happenings happenings;
    ChangeRisk risk;
    TrackRecord track;

    void apply(const Event& event, const Inventory& inventory);
    Json to_json() const;
    void restore(const Json& saved);
};

struct CauseQuestion {
    std::string incident;
    std::string target;  // empty: of a systemic incident without one
    Time opened{};
    const std::vector<std::string>& members;  // of a systemic incident
    const Diagnosis& diagnosis;
    const Inventory& inventory;
    const CauseRecord& record;
    const std::vector<Recalled>& similar;  // nearest first
};

// Best first, at most kMostCauses. An entry of the runbook that was chosen is always the first; the
// others follow by confidence times how well they fit (nearness in time, share of symptoms). The
// order in which anything is handed in does not matter.
inline constexpr size_t kMostCauses = 8;
std::vector<Cause> rank_causes(const CauseQuestion& question);

// Within these, what was before may be a cause.
inline constexpr Duration kUpstreamWindow = std::chrono::hours(1);
inline constexpr Duration kChangeWindow = std::chrono::hours(1);
inline constexpr Duration kNearChange = std::chrono::minutes(10);  // counted apart from later ones
inline constexpr Duration kSiblingWindow = std::chrono::minutes(1);
// Two checks see the same failure so far apart.
inline constexpr Duration kSameTime = std::chrono::seconds(15);

}  // namespace ops

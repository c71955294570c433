// A wall clock that is set. All times here are the wall clock's, so that they compare with those of
// observations and of the records; when it is set, those that a span is measured from go with it.
#include "detect/core.h"

namespace ops {
namespace {

struct Move {
    Duration by;
    void operator()(Time& at) const {
        if (at != Time{}) at = add_saturating(at, by);
    }
    void operator()(std::optional<Time>& at) const {
        if (at) (*this)(*at);
    }
};

}  // namespace

// Not those of events, nor since when people see a status: these are on record as the clock showed
// them.
void Detector::Core::shift_clock(Duration by) {
    const Move move{by};
    for (Target& target : targets_) {
        for (Time* at :
             {&target.last_good, &target.down_since, &target.degraded_since, &target.bad_since,
              &target.suppressed_since, &target.evidence_after, &target.waiting_since}) {
            move(*at);
        }
        for (auto* at : {&target.last_beat, &target.acted_at, &target.excused_at}) move(*at);
        for (Instance& instance : target.instances) {
            for (Time* at : {&instance.holds_since, &instance.evaluated_at, &instance.seen_at}) {
                move(*at);
            }
        }
    }
    for (CheckTrack& track : tracks_) {
        for (Time* at :
             {&track.last_at, &track.first_bad_at, &track.first_unknown_at, &track.asked_at}) {
            move(*at);
        }
    }
    move(network_worked_at_);
    move(machines_asked_at_);
    for (auto& [key, open] : open_) {
        move(open.told_at);
        move(open.changed_at);
    }
    for (MassScope& scope : scopes_) {
        for (auto& [at, member] : scope.newest) move(at);
        for (auto& [member, at] : scope.failing) move(at);
    }
}

}  // namespace ops

// What goes on over a reload. The two configurations name the same things in another order, so all
// that is known by an index is found again by its name, and checks by their number.
#include <algorithm>

#include "detect/core.h"

namespace ops {
namespace {

bool is_same(const Condition& one, const Condition& other) {
    const auto alike = [](const Condition::Part& a, const Condition::Part& b) {
        return a->text() == b->text();
    };
    return one.name() == other.name() && (one.entry == nullptr) == (other.entry == nullptr) &&
           one.any == other.any && one.hold == other.hold &&
           std::equal(one.parts.begin(), one.parts.end(), other.parts.begin(), other.parts.end(),
                      alike);
}

// Nobody is asked for these again.
Facts only_pushed(const WhatIsKnown& known) {
    Facts kept;
    // A crash while nobody looked is seen by it.
    if (const Value* const status = known.facts.find("process_status")) {
        kept.set("process_status", *status);
    }
    if (known.pushed == nullptr) return kept;
    for (const std::string& name : *known.pushed) {
        if (const Value* const value = known.facts.find(name)) kept.set(name, *value);
    }
    return kept;
}

}  // namespace

uint32_t Detector::Core::same_target(const Core& before, uint32_t target) const {
    if (target == kNone) return kNone;
    const uint32_t found = find(before.targets_[target].name);
    return found != kNone && targets_[found].kind == before.targets_[target].kind ? found : kNone;
}

void Detector::Core::take_tracks(const Core& before, std::span<const uint32_t> checks) {
    for (const uint32_t check : checks) {
        const uint32_t was =
            check < before.track_of_check_.size() ? before.track_of_check_[check] : kNone;
        if (was == kNone) continue;
        const CheckTrack& known = before.tracks_[was];
        const uint32_t target = same_target(before, known.target);
        if (known.target != kNone && target == kNone) continue;
        uint32_t index = check < track_of_check_.size() ? track_of_check_[check] : kNone;
        if (index == kNone) index = make_track(check, target, nullptr);  // a log: it has spoken
        CheckTrack& track = tracks_[index];
        CheckTrack taken = known;
        taken.target = track.target;
        taken.failures = track.failures;
        taken.recoveries = track.recoveries;
        taken.can_recheck = track.can_recheck;
        taken.heartbeat = track.heartbeat;
        taken.address = std::move(track.address);
        track = std::move(taken);
    }
}

// Is all that looked at it still there? What is looked at beside that does not matter.
bool Detector::Core::goes_on_as_before(const Core& before, const Target& was) const {
    return std::all_of(was.tracks.begin(), was.tracks.end(), [&](uint32_t at) {
        const uint32_t check = before.tracks_[at].check;
        const uint32_t index = check < track_of_check_.size() ? track_of_check_[check] : kNone;
        return index != kNone && tracks_[index].target != kNone &&
               targets_[tracks_[index].target].name == was.name;
    });
}

void Detector::Core::take_target(Target& was, uint32_t index, bool goes_on) {
    Target& target = targets_[index];
    if (!goes_on) {
        // What the check that is gone told last would stay for ever.
        was.facts = only_pushed(was);
        if (was.down) was.reason = "not checked yet";
        to_review_.insert(index);
    }
    static_cast<WhatIsKnown&>(target) = std::move(static_cast<WhatIsKnown&>(was));
    target.down = std::any_of(target.tracks.begin(), target.tracks.end(),
                              [this](uint32_t at) { return tracks_[at].verdict == Verdict::bad; });
    for (const Fact& fact : target.facts.all()) {
        if (target.kind == Target::Kind::signal) signal_of_fact_.emplace(fact.name, index);
        if (is_only_a_signals(fact.name)) adopt(index, fact.name);
    }
}

void Detector::Core::take_instances(const Core& before, const Target& was, uint32_t index,
                                    const std::vector<uint32_t>& same, Time now) {
    Target& target = targets_[index];
    const auto was_active = [&](const std::string& name) {
        return std::any_of(was.instances.begin(), was.instances.end(), [&](const Instance& one) {
            return one.active && before.conditions_[one.condition].name() == name;
        });
    };
    for (uint32_t place = 0; place < target.instances.size(); ++place) {
        const uint32_t condition = target.instances[place].condition;
        const auto known =
            std::find_if(was.instances.begin(), was.instances.end(),
                         [&](const Instance& one) { return one.condition == same[condition]; });
        if (known != was.instances.end()) {
            take_instance(index, place, *known);
        } else if (!conditions_[condition].timed || was_active(conditions_[condition].name())) {
            // No fact need change for it to hold; those that time changes are looked at in turn.
            evaluate(index, place, Evidence::none, now);
            Instance& instance = target.instances[place];
            if (!instance.holds || !reads_pushed(target, conditions_[condition])) continue;
            instance.seen_at = now + Duration(1);  // nobody can be asked: it is as it was told
        }
    }
}

void Detector::Core::take_instance(uint32_t index, uint32_t place, const Instance& was) {
    Instance& instance = targets_[index].instances[place];
    const uint32_t condition = instance.condition;
    instance = was;
    instance.condition = condition;
    instance.settled = false;  // it may rest on another target, which changed
    const bool is_pending = (instance.holds && !instance.active) ||
                            (instance.active && (!instance.holds || conditions_[condition].timed));
    if (is_pending) pending_.emplace(index, place);
}

void Detector::Core::take_open(const OpenIncident& was, const Core& before,
                               const std::set<uint32_t>& begun_anew) {
    OpenIncident open = was;
    open.target = same_target(before, was.target);
    open.scope = kNone;
    for (uint32_t i = 0; i < scopes_.size(); ++i) {
        if (was.scope != kNone && scopes_[i].name == before.scopes_[was.scope].name) open.scope = i;
    }
    if (open.target != kNone) {
        const Target& target = targets_[open.target];
        const auto is_gone = [&](const std::string& source) {
            const auto is_it = [&](const Condition& one) { return one.name() == source; };
            const auto& known = before.conditions_;
            if (std::none_of(known.begin(), known.end(), is_it)) return false;  // no condition's
            return std::none_of(
                target.instances.begin(), target.instances.end(),
                [&](const Instance& one) { return is_it(conditions_[one.condition]); });
        };
        std::erase_if(open.sources, is_gone);
        if (open.sources.empty()) open.target = kNone;  // cleared by tick()
        if (open.target != kNone) to_review_.insert(open.target);
    }
    // What it rests on begins anew: it is over when that is seen to be well.
    const auto begins_anew = [&](uint32_t target) {
        return target != kNone && begun_anew.contains(target);
    };
    open.adopted =
        open.adopted || begins_anew(open.target) ||
        std::any_of(open.members.begin(), open.members.end(),
                    [&](const std::string& member) { return begins_anew(find(member)); });
    open_.emplace(open.key, std::move(open));
}

void Detector::Core::take_scopes(const Core& before) {
    for (MassScope& scope : scopes_) {
        const auto was = std::find_if(before.scopes_.begin(), before.scopes_.end(),
                                      [&](const MassScope& one) { return one.name == scope.name; });
        if (was == before.scopes_.end()) continue;
        for (const auto& [at, member] : was->newest) {
            const uint32_t same = same_target(before, member);
            const auto failing = was->failing.find(member);
            if (same == kNone || failing == was->failing.end() || failing->second != at) continue;
            scope.newest.emplace_back(at, same);
            scope.failing.emplace(same, at);
        }
    }
}

void Detector::Core::take_over(Core& before, std::span<const uint32_t> checks, Time now) {
    began_ = before.began_;
    events_from_ = before.events_from_;
    network_lost_ = before.network_lost_;
    network_worked_at_ = before.network_worked_at_;
    take_tracks(before, checks);
    std::vector<uint32_t> same(conditions_.size(), kNone);
    for (uint32_t i = 0; i < conditions_.size(); ++i) {
        const auto known =
            std::find_if(before.conditions_.begin(), before.conditions_.end(),
                         [&](const Condition& one) { return is_same(one, conditions_[i]); });
        if (known == before.conditions_.end()) continue;
        same[i] = static_cast<uint32_t>(known - before.conditions_.begin());
    }
    std::set<uint32_t> begun_anew;
    for (uint32_t i = 0; i < before.targets_.size(); ++i) {
        const uint32_t index = same_target(before, i);
        if (index == kNone) continue;
        const bool goes_on = goes_on_as_before(before, before.targets_[i]);
        if (!goes_on) begun_anew.insert(index);
        take_target(before.targets_[i], index, goes_on);
    }
    // Only now, as a condition may read what is another's.
    for (uint32_t i = 0; i < before.targets_.size(); ++i) {
        const uint32_t index = same_target(before, i);
        if (index != kNone) take_instances(before, before.targets_[i], index, same, now);
    }
    for (const auto& [key, open] : before.open_) take_open(open, before, begun_anew);
    take_scopes(before);
    for (const uint32_t one : before.to_review_) to_review_.insert(same_target(before, one));
    for (const uint32_t one : before.awaiting_siblings_) {
        awaiting_siblings_.insert(same_target(before, one));
    }
    to_review_.erase(kNone);
    awaiting_siblings_.erase(kNone);
    for (Target& target : targets_) {  // of none that is open, nothing would ever release it
        if (!open_.contains(target.systemic.text())) target.systemic.clear();
    }
}

}  // namespace ops

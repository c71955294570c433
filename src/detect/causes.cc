// May a problem be raised, or is its cause above it? One hop is enough, because each target keeps
// its own state whatever is suppressed: a grandchild sees its parent down, and that one sees its
// own.
#include <algorithm>

#include "detect/core.h"

namespace ops {
namespace {

// An ask that was not answered in this time is asked again.
constexpr Duration kAskAgain = std::chrono::seconds(5);
// Of the machines that are asked over the network, how many are asked at a first failure.
constexpr size_t kWitnesses = 8;

}  // namespace

void Detector::Core::ask(CheckTrack& track, Time now, Changes& out) {
    if (!track.can_recheck && !track.heartbeat) return;
    if (track.asked_at != Time{} && now - track.asked_at < kAskAgain) return;
    track.asked_at = now;
    out.push_back(Recheck{track.check});
}

// At the first bad answer, so that the verdict is there when the failure is confirmed: the parents,
// and what tells the loss of our own network.
void Detector::Core::ask_around(const CheckTrack& track, Time now, Changes& out) {
    if (track.target == kNone) return;
    for (const uint32_t parent : targets_[track.target].parents) {
        if (targets_[parent].local_host || targets_[parent].down) continue;
        for (const uint32_t at : targets_[parent].tracks) ask(tracks_[at], now, out);
    }
    if (track.address.empty() || track.reached || network_lost_) return;
    ask_network(targets_[track.target], now, now, out);
}

// One that could not be asked for long is no witness. One that cannot be asked just now is as
// silent as one that does not answer: no name is found, and no ssh, when the network is lost.
bool Detector::Core::is_blind(const CheckTrack& witness, Time since) const {
    return witness.last == Health::unknown && witness.unknown_row > 0 &&
           since - witness.first_unknown_at > settings_.limits.mass_failure_window;
}

std::vector<uint32_t> Detector::Core::witnesses_for(const Target& child, Time since) const {
    std::set<std::string> own;
    for (const uint32_t at : child.tracks) own.insert(tracks_[at].address);
    std::vector<uint32_t> found;
    for (const uint32_t at : machines_) {
        if (found.size() == kWitnesses) break;
        if (!own.contains(tracks_[at].address) && !is_blind(tracks_[at], since)) {
            found.push_back(at);
        }
    }
    return found;
}

// A few first. When all of them are silent everybody else: they may be of one place that is cut
// off. It is rare, for of thousands somebody has answered meanwhile.
void Detector::Core::ask_network(const Target& child, Time since, Time now, Changes& out) {
    for (const uint32_t at : uplinks_) ask(tracks_[at], now, out);
    if (!uplinks_.empty()) return;
    const std::vector<uint32_t> witnesses = witnesses_for(child, since);
    bool open = witnesses.size() < kWitnesses;
    for (const uint32_t at : witnesses) {
        if (tracks_[at].last_at >= since && since < now) continue;
        open = true;
        ask(tracks_[at], now, out);
    }
    if (open || machines_asked_at_ >= since) return;
    machines_asked_at_ = now;
    unheard_.clear();
    for (const uint32_t at : machines_) {
        if (tracks_[at].last_at >= since) continue;
        unheard_.insert(at);
        ask(tracks_[at], now, out);
    }
}

// When the first failure behind the target's present state was seen; Time{}: its checks are good.
Time Detector::Core::first_bad_of(uint32_t index) const {
    Time first{};
    for (const uint32_t at : targets_[index].tracks) {
        const CheckTrack& track = tracks_[at];
        if (track.bad_row == 0) continue;
        if (first == Time{} || track.first_bad_at < first) first = track.first_bad_at;
    }
    return first;
}

bool Detector::Core::uses_network(const Target& target) const {
    bool any = false;
    for (const uint32_t at : target.tracks) {
        const CheckTrack& track = tracks_[at];
        if (track.verdict != Verdict::bad) continue;
        if (track.address.empty() || track.reached) return false;
        any = true;
    }
    return any;
}

Verdict Detector::Core::uplink_verdict(Time since) const {
    bool all_bad = true, any = false, open = false;
    for (const uint32_t at : uplinks_) {
        const CheckTrack& uplink = tracks_[at];
        if (uplink.last_at >= since && uplink.last == Health::good) return Verdict::good;
        if (is_blind(uplink, since)) continue;
        const bool is_silent = uplink.verdict == Verdict::bad ||
                               (uplink.verdict == Verdict::unknown && uplink.unknown_row > 0);
        all_bad = all_bad && is_silent;
        any = true;
        open = open || (uplink.can_recheck && (uplink.last_at < since || uplink.is_doubtful()));
    }
    if (any && all_bad) return Verdict::bad;
    return open ? Verdict::unknown : Verdict::good;
}

// Is our own network lost (bad), does it work (good), or is somebody still to answer (unknown)?
// Any machine's answer shows that it works, here as in watch_network().
Verdict Detector::Core::network_verdict(uint32_t index, bool patient) const {
    const Target& child = targets_[index];
    const Time since = first_bad_of(index);
    if (!uplinks_.empty()) return uplink_verdict(since);
    if (network_worked_at_ >= since) return Verdict::good;
    const std::vector<uint32_t> witnesses = witnesses_for(child, since);
    if (witnesses.empty()) return Verdict::good;
    const bool open = std::any_of(witnesses.begin(), witnesses.end(), [&](uint32_t at) {
        return !tracks_[at].answered || tracks_[at].last_at < since;
    });
    if (open) return Verdict::unknown;
    const bool all_asked = machines_asked_at_ >= since && unheard_.empty();
    if (witnesses.size() == kWitnesses && !all_asked && patient) return Verdict::unknown;
    return Verdict::bad;
}

// Is the parent's verdict still to come? All of a service's checks must have answered since; of a
// host any good answer shows that it is there.
bool Detector::Core::await_parent(uint32_t index, Time since, Time now, Changes& out) {
    const Target& parent = targets_[index];
    if (parent.local_host) return false;
    bool open = false;
    bool alive = false;
    for (const uint32_t at : parent.tracks) {
        CheckTrack& track = tracks_[at];
        if (!track.can_recheck) continue;
        if (track.last_at < since) ask(track, now, out);
        if (track.is_doubtful()) return true;
        open = open || track.last_at < since;
        alive = alive || (track.last_at >= since && track.last == Health::good);
    }
    return open && !(alive && parent.kind == Target::Kind::host);
}

Detector::Core::Above Detector::Core::cause_above(uint32_t index, Time now, Changes& out) {
    Target& target = targets_[index];
    if (target.held_as) return {std::string(name_of(*target.held_as)), false};
    if (network_lost_ && uses_network(target)) return {std::string(kRuleOwnNetwork), false};
    for (const uint32_t parent : target.parents) {
        if (targets_[parent].down) return {targets_[parent].name, false};
    }
    if (!target.down) return {};
    // A child waits for its parents' verdict, even when both are looked at equally often: or the
    // first to be looked at would be blamed.
    if (target.waiting_since == Time{}) target.waiting_since = now;
    const bool patient = now - target.waiting_since < options_.parent_patience;
    const Time since = first_bad_of(index);
    for (const uint32_t parent : target.parents) {
        if (patient && await_parent(parent, since, now, out)) return {"", true};
    }
    if (!uses_network(target)) return {};
    const Verdict network = network_verdict(index, patient);
    if (network == Verdict::unknown && patient) {
        ask_network(target, since, now, out);
        return {"", true};
    }
    if (network == Verdict::bad) {
        lose_network(now, out);
        return {std::string(kRuleOwnNetwork), false};
    }
    return {};
}

void Detector::Core::set_suppressed(uint32_t index, const std::string& by, Time now, Changes& out) {
    Target& target = targets_[index];
    if (target.suppressed_by == by) return;
    const bool ends = by.empty();
    if (ends) {
        // Timers stood still meanwhile: down_for and `for:` go on from where they were.
        const Duration held = now - target.suppressed_since;
        target.held_back += held;
        for (Instance& instance : target.instances) {
            if (!instance.holds || instance.active) continue;
            instance.holds_since += now - std::max(target.suppressed_since, instance.holds_since);
        }
    } else if (target.suppressed_by.empty()) {
        target.suppressed_since = now;
    }
    target.suppressed = !ends;
    target.suppressed_by = by;
    out.push_back(Suppressed{target.name, by});
    // Still bad? It is asked again at once, and raised if the answer says so.
    if (ends && target.ailing) recheck_later(index, now, out);
}

// Silence that goes on brings no answer by itself: after what held it back, or after a person
// closed its incident, it is asked for.
void Detector::Core::ask_heartbeat(uint32_t index, Time now, Changes& out) {
    for (const uint32_t at : targets_[index].tracks) {
        CheckTrack& track = tracks_[at];
        const bool is_old = track.last_at <= targets_[index].evidence_after;
        if (track.heartbeat && track.verdict == Verdict::bad && is_old) ask(track, now, out);
    }
}

void Detector::Core::recheck_later(uint32_t index, Time now, Changes& out) {
    Target& target = targets_[index];
    target.evidence_after = now;
    target.waiting_since = Time{};
    for (const uint32_t at : target.tracks) ask(tracks_[at], now, out);
    // Of what was pushed nobody can be asked: it is as it was told.
    for (Instance& instance : target.instances) {
        if (instance.holds && reads_pushed(target, conditions_[instance.condition])) {
            instance.seen_at = now + Duration(1);
        }
    }
}

bool Detector::Core::reads_pushed(const Target& target, const Condition& condition) const {
    return target.pushed &&
           std::any_of(condition.reads.begin(), condition.reads.end(),
                       [&](const std::string& read) {
                           return target.pushed->contains(std::string(own_name(target, read)));
                       });
}

void Detector::Core::lose_network(Time now, Changes& out) {
    if (network_lost_) return;
    network_lost_ = true;
    OpenIncident lost;
    lost.key = kRuleOwnNetwork;
    lost.rule = kRuleOwnNetwork;
    const size_t asked = uplinks_.empty() ? machines_.size() : uplinks_.size();
    lost.reason = "none of " + std::to_string(asked) +
                  (uplinks_.empty() ? " machines answers" : " uplink targets answers");
    lost.told_at = now;
    IncidentOpen opened;
    opened.key = lost.key;
    opened.target = targets_[own_machine_].name;
    opened.host = opened.target;
    opened.rule = kRuleOwnNetwork;
    opened.title = "Our own network connection is lost";
    opened.reason = lost.reason;
    out.push_back(std::move(opened));
    open_.emplace(lost.key, lost);
    // What was raised just before, before anybody knew, is the same cause.
    for (auto& [key, open] : open_) {
        const uint32_t index = open.target;
        const bool same = index != kNone && open.folded.empty() && uses_network(targets_[index]) &&
                          now - targets_[index].bad_since <= settings_.limits.mass_failure_window;
        if (!same) continue;
        out.push_back(IncidentFolded{key, std::string(kRuleOwnNetwork)});
        open.folded = std::string(kRuleOwnNetwork);
    }
    for (uint32_t i = 0; i < targets_.size(); ++i) {
        if (targets_[i].down && uses_network(targets_[i])) to_review_.insert(i);
    }
}

void Detector::Core::watch_network(const CheckTrack& track, Time now, Changes& out) {
    const bool is_uplink = track.target == kNone;
    if (!network_lost_) {
        const bool all_bad =
            is_uplink && std::all_of(uplinks_.begin(), uplinks_.end(), [this](uint32_t at) {
                return tracks_[at].answered && tracks_[at].verdict == Verdict::bad;
            });
        if (all_bad) lose_network(now, out);
        return;
    }
    const bool works = uplinks_.empty() ? !track.address.empty() && track.reached
                                        : is_uplink && track.last == Health::good;
    if (!works) return;
    network_lost_ = false;
    const auto open = open_.find(kRuleOwnNetwork);
    if (open != open_.end()) {
        out.push_back(IncidentClear{open->first, "our own network works again"});
        open_.erase(open);
    }
    review_pending(now, out);  // ends the suppression of each, and asks it again
}

}  // namespace ops

// What comes in: answers of checks, pushed facts and events, the clock.
#include <algorithm>
#include <array>
#include <limits>

#include "base/prefetch.h"
#include "detect/core.h"

namespace ops {
namespace {

constexpr size_t kEventsKept = 256;  // of one kind on one target
// Two tellings of one happening: the check that saw it and the supervisor that reported it.
constexpr Duration kSameEvent = std::chrono::seconds(1);
// From the intent of an action to the look that shows what became of the process.
constexpr Duration kOurDoing = std::chrono::minutes(3);

bool is_dead(std::string_view process_status) {
    return process_status == "dead" || process_status == "fatal";
}

// Not what is later than it: the clock was set back.
bool is_same_moment(Time before, Time at) { return at >= before && at - before < kSameEvent; }

// Is this the end of the process that ran when we acted?
bool is_our_doing(Target& target, Time at) {
    if (target.excused_at && is_same_moment(*target.excused_at, at)) return true;
    if (!target.acted_at || at < *target.acted_at) return false;
    const bool in_time = at - *target.acted_at <= kOurDoing;
    target.acted_at.reset();
    if (in_time) target.excused_at = at;
    return in_time;
}

}  // namespace

Detector::Core::Core(const Settings& settings, const Runbook& runbook, const HistorySource* history,
                     Time now, DetectOptions options)
    : settings_(settings),
      runbook_(runbook),
      history_(history),
      options_(options),
      began_(now),
      events_from_(now) {
    make_targets();
    make_tracks();
    make_scopes();
    make_conditions();
}

// As the language spells it: no '-' or '.' in a name.
const std::string& Detector::Core::prefix_of(const std::string& group) {
    std::string prefix = group.empty() ? "" : group + "_";
    std::replace_if(
        prefix.begin(), prefix.end(), [](char c) { return c == '-' || c == '.'; }, '_');
    return *prefixes_.insert(std::move(prefix)).first;
}

void Detector::Core::make_targets() {
    const Inventory& inventory = settings_.inventory;
    targets_.reserve(inventory.hosts.size() + inventory.services.size() + inventory.signals.size() +
                     1);
    static const std::string kNothing;
    const auto add = [this](Target::Kind kind, const std::string& name, const std::string& host,
                            const std::string& group) -> Target& {
        names_.emplace(name, static_cast<uint32_t>(targets_.size()));
        Target& target = targets_.emplace_back(kind, name, host, group, prefix_of(group));
        target.since = target.last_good = began_;
        target.evidence_after = began_ - Duration(1);
        unsettled_.insert(static_cast<uint32_t>(targets_.size() - 1));
        return target;
    };
    for (const Host& host : inventory.hosts) {
        Target& target = add(Target::Kind::host, host.name, host.name, kNothing);
        target.local_host = host.local;
        if (host.local && own_machine_ == kNone) own_machine_ = find(host.name);
    }
    for (const Service& service : inventory.services) {
        Target& target = add(Target::Kind::service, service.name, service.host, service.group);
        target.own_heartbeat = service.heartbeat.has_value();
        if (target.own_heartbeat) target.reason = "no heartbeat yet";
    }
    for (const std::string& signal : inventory.signals) {
        add(Target::Kind::signal, signal, kNothing, kNothing);
    }
    if (own_machine_ == kNone) {
        // Events that name no target still need a place to be seen.
        if (find(settings_.agent.name) == kNone) {
            add(Target::Kind::host, settings_.agent.name, kNothing, kNothing).local_host = true;
        }
        own_machine_ = find(settings_.agent.name);
    }
    for (uint32_t i = 0; i < targets_.size(); ++i) {
        for (const std::string& name : inventory.parents_of(targets_[i].name)) {
            const uint32_t parent = find(name);
            if (parent == kNone || parent == i) continue;
            targets_[i].parents.push_back(parent);
            targets_[parent].children.push_back(i);
        }
    }
}

uint32_t Detector::Core::make_track(uint32_t check, uint32_t target, const CheckSettings* given) {
    const auto index = static_cast<uint32_t>(tracks_.size());
    CheckTrack& track = tracks_.emplace_back();
    track.check = check;
    track.target = target;
    if (given != nullptr) {
        track.failures = std::max(given->failures, 1);
        track.recoveries = std::max(given->recoveries, 1);
        track.can_recheck = true;
        track.address = remote_address(*given, settings_.inventory);
    }
    if (check >= track_of_check_.size()) track_of_check_.resize(check + 1, kNone);
    track_of_check_[check] = index;
    if (target != kNone) targets_[target].tracks.push_back(index);
    return index;
}

void Detector::Core::make_tracks() {
    tracks_.reserve(settings_.checks.size());
    const auto count = static_cast<uint32_t>(settings_.checks.size());
    for (uint32_t i = 0; i < count; ++i) {
        const CheckSettings& given = settings_.checks[i];
        const uint32_t check = options_.checks.empty() ? i : options_.checks[i];
        const bool is_uplink = given.target.starts_with(kUplinkPrefix);
        const uint32_t target = is_uplink ? kNone : find(given.target);
        if (target == kNone && !is_uplink) continue;
        const uint32_t index = make_track(check, target, &given);
        const std::string& address = tracks_[index].address.text();
        if (is_uplink) {
            uplinks_.push_back(index);
        } else if (!address.empty() && addresses_.insert(address).second) {
            machines_.push_back(index);
        }
    }
    // From the beginning, so that what is remembered of it has its place.
    uint32_t next = 0;
    for (const Service& service : settings_.inventory.services) {
        if (!service.heartbeat) continue;
        const uint32_t check =
            options_.heartbeats.empty() ? count + next : options_.heartbeats[next];
        tracks_[make_track(check, find(service.name), nullptr)].heartbeat = true;
        ++next;
    }
    options_.checks = options_.heartbeats = {};  // whose they are may let them go now
}

void Detector::Core::expect(uint32_t check, int step) const {
    const uint32_t index = check < track_of_check_.size() ? track_of_check_[check] : kNone;
    if (index == kNone) return;
    const CheckTrack& track = tracks_[index];
    if (step == 0) return prefetch(&track);
    if (track.target == kNone) return;
    const Target& target = targets_[track.target];
    if (step == 1) return prefetch(&target);
    target.facts.expect();
    prefetch(target.instances.data(), target.instances.size());
    prefetch(target.tracks.data());
    prefetch(target.scopes.data());
}

Changes Detector::Core::observe(const Observation& seen, Time now) {
    Changes out;
    uint32_t index = seen.check < track_of_check_.size() ? track_of_check_[seen.check] : kNone;
    if (index == kNone) {  // a heartbeat, a log or another source that is numbered after the checks
        const bool is_uplink = seen.target.starts_with(kUplinkPrefix);
        const uint32_t target = is_uplink ? kNone : find(seen.target);
        if (target == kNone && !is_uplink) return out;
        index = make_track(seen.check, target, nullptr);
        if (is_uplink) uplinks_.push_back(index);
    }
    CheckTrack& track = tracks_[index];
    // Overtaken by a newer answer; one of the future is from before the clock was set back.
    if (seen.at < track.last_at && track.last_at <= now) return out;
    const bool confirm = track.take(seen);
    unheard_.erase(index);
    if (!track.address.empty() && track.reached) network_worked_at_ = seen.at;
    if (seen.health == Health::bad && track.bad_row == 1) ask_around(track, now, out);
    if (confirm) ask(track, now, out);
    watch_network(track, now, out);
    if (track.target != kNone) {
        // From before the clock was set back: what is seen now is newer.
        Time& after = targets_[track.target].evidence_after;
        if (after > now) after = seen.at - Duration(1);
        take_facts(seen, track, out);
        take_flapping(track.target, out);
        review(track.target, now, out);
        review_children(track.target, now, out);
        const std::vector<uint32_t> waiting(awaiting_siblings_.begin(), awaiting_siblings_.end());
        for (const uint32_t one : waiting) review(one, now, out);
    } else {
        review_pending(now, out);  // an uplink's answer is what others wait for
    }
    return out;
}

void Detector::Core::take_facts(const Observation& seen, const CheckTrack& track, Changes& out) {
    const uint32_t index = track.target;
    Target& target = targets_[index];
    if (seen.health == Health::bad && (!target.well || target.well->at < target.last_good)) {
        target.well = std::make_unique<Target::Well>(Target::Well{target.last_good, target.facts});
    }
    take_process_status(seen, index, out);
    std::vector<std::string_view> changed, names;
    changed.reserve(seen.facts.size() + 4);
    names.reserve(seen.facts.size() + 4);
    for (const Fact& fact : seen.facts) {
        if (fact.name == "last_heartbeat" && fact.value.type() == Type::duration) {
            // An age at that moment; kept as the moment, so that it goes on growing.
            const Duration age{static_cast<int64_t>(fact.value.amount() * 1000.0)};
            if (target.own_heartbeat) target.last_beat = seen.at - age;
            continue;
        }
        if (fact.name == "up" || fact.name == "status" || fact.name == "down_for") continue;
        set_fact(target, fact, seen.at, changed);
        names.push_back(fact.name);
        if (target.kind == Target::Kind::signal) signal_of_fact_.emplace(fact.name, index);
    }
    take_looks(seen, track);
    constexpr auto kFollow =
        std::to_array<std::string_view>({"up", "status", "down_for", "last_heartbeat"});
    names.insert(names.end(), kFollow.begin(), kFollow.end());
    changed.insert(changed.end(), kFollow.begin(), kFollow.end());
    refresh_down(index, seen.at);  // conditions may read it
    evaluate_reading(index, changed, names, seen.at);
}

// When it was last seen well, which is `last_heartbeat` of what sends none: on record is when that
// age begins to grow, and when it ends. With several checks none may be bad. That its log can be
// read says nothing.
void Detector::Core::take_looks(const Observation& seen, const CheckTrack& track) {
    Target& target = targets_[track.target];
    const auto is_look = [](const CheckTrack& one) { return one.can_recheck || one.heartbeat; };
    if (!is_look(track)) return;
    bool any_bad = false, any_good = false;
    for (const uint32_t at : target.tracks) {
        if (!is_look(tracks_[at])) continue;
        any_bad = any_bad || tracks_[at].last == Health::bad;
        any_good = any_good || tracks_[at].last == Health::good;
    }
    if (seen.health == Health::good && !any_bad) {
        target.last_good = std::max(target.last_good, seen.at);
        if (target.own_heartbeat || target.looks == Target::Looks::good) return;
        target.looks = Target::Looks::good;
        return note_fact(target, "last_heartbeat", Value::boolean(true), seen.at);
    }
    if (target.own_heartbeat || target.looks == Target::Looks::bad) return;
    if (!any_bad && any_good) return;
    target.looks = Target::Looks::bad;
    note_fact(target, "last_heartbeat", Value::duration(seen.at - target.last_good), seen.at);
}

// A process that ran and is dead has crashed; one that was dead and runs was started again.
void Detector::Core::take_process_status(const Observation& seen, uint32_t index, Changes& out) {
    for (const Fact& fact : seen.facts) {
        if (fact.name != "process_status" || fact.value.type() != Type::string) continue;
        const Value* const before = targets_[index].facts.find("process_status");
        if (before == nullptr || before->type() != Type::string) return;
        const std::string& was = before->text();
        const std::string& is = fact.value.text();
        if ((was == "running" || was == "starting") && is_dead(is)) {
            note_event(index, "crash", seen.at, out);
        } else if (is == "running" && was != "running" && was != "unknown" && was != "starting") {
            ++targets_[index].restarts;
            note_fact(targets_[index], "restarts", Value::number(targets_[index].restarts),
                      seen.at);
            note_event(index, "restart", seen.at, out);
        }
    }
}

void Detector::Core::acting(uint32_t index, Time now) {
    Target& target = targets_[index];
    const Value* const status = target.facts.find("process_status");
    target.excused_at.reset();
    target.acted_at.reset();
    if (status != nullptr && status->type() == Type::string && !is_dead(status->text())) {
        target.acted_at = now;
    }
}

bool Detector::Core::note_event(uint32_t index, std::string_view kind, Time at, Changes& out) {
    Target& target = targets_[index];
    if (kind == "crash" && is_our_doing(target, at)) return false;
    const std::vector<Time>& times = target.events.of(kind);
    if (!times.empty() && is_same_moment(times.back(), at)) return false;
    add_event(index, kind, at, out);
    return true;
}

void Detector::Core::add_event(uint32_t index, std::string_view kind, Time at, Changes& out) {
    Target& target = targets_[index];
    std::vector<Time>& times = target.events.of(kind);
    if (times.size() >= kEventsKept) times.erase(times.begin());
    times.push_back(at);
    unsettle(index);
    out.push_back(TargetEvent{target.name, std::string(kind), at});
}

void Detector::Core::take_flapping(uint32_t index, Changes& out) {
    Target& target = targets_[index];
    double most = 0;
    for (const uint32_t track : target.tracks) {
        most = std::max(most, tracks_[track].flapping.percent());
    }
    target.flap_percent = most;
    const bool flaps = most > (target.flapping ? options_.flapping_low : options_.flapping_high);
    if (flaps == target.flapping) return;
    target.flapping = flaps;
    target.raised_while_flapping = false;
    out.push_back(FlappingChanged{target.name, flaps, most});
}

Changes Detector::Core::push_facts(uint32_t index, const std::vector<Fact>& facts, Time now) {
    Changes out;
    Target& target = targets_[index];
    if (!target.pushed) target.pushed = std::make_unique<std::set<std::string>>();
    std::vector<std::string_view> changed, names;
    for (const Fact& fact : facts) {
        target.pushed->insert(fact.name);
        set_fact(target, fact, now, changed);
        names.push_back(fact.name);
        if (target.kind == Target::Kind::signal) signal_of_fact_.emplace(fact.name, index);
    }
    evaluate_reading(index, changed, names, now);
    review(index, now, out);
    return out;
}

Changes Detector::Core::push_event(uint32_t index, std::string_view kind, Time now, size_t times) {
    Changes out;
    // The first may be told already, or be our doing; those that the same look saw beside it are
    // not.
    const bool is_new = note_event(index, kind, now, out);
    for (size_t i = 1; i < times; ++i) add_event(index, kind, now, out);
    if (!is_new && times < 2) return out;
    std::vector<std::string_view> names{kind};
    if (kind == "security") names.push_back("security_incident");
    evaluate_reading(index, names, names, now);
    review(index, now, out);
    return out;
}

Changes Detector::Core::heartbeat(uint32_t index, Time now) {
    Changes out;
    targets_[index].last_beat = now;
    const std::vector<std::string_view> names{"last_heartbeat"};
    evaluate_reading(index, names, names, now);
    review(index, now, out);
    return out;
}

Changes Detector::Core::hold(uint32_t index, std::optional<Status> status,
                             std::optional<Time> until, Time now) {
    Changes out;
    Target& target = targets_[index];
    const bool ends = target.held_as && !status;
    target.held_as = status;
    target.held_until = until;
    unsettled_.insert(index);
    if (ends) recheck_later(index, now, out);
    review(index, now, out);
    return out;
}

void Detector::Core::closed(std::string_view key, Time now) {
    const auto found = open_.find(key);
    if (found == open_.end()) return;
    const OpenIncident open = std::move(found->second);
    open_.erase(found);
    for (uint32_t i = 0; i < targets_.size(); ++i) {
        Target& target = targets_[i];
        const bool member = !target.systemic.empty() && target.systemic == key;
        if (i != open.target && !member) continue;
        if (member) target.systemic.clear();
        target.evidence_after = now;
        for (Instance& instance : target.instances) {
            const std::string& name = conditions_[instance.condition].name();
            if (!open.sources.contains(name) && !member) continue;
            instance.told = false;
            if (conditions_[instance.condition].counts_only) target.counted_until = now;
            // Whoever closed it waited for no second look; what is false now is not raised anew.
            instance.active = instance.active && instance.holds;
        }
        to_review_.insert(i);
    }
    if (key == kRuleOwnNetwork) network_lost_ = false;
}

// Has every check of it answered since the start, or, of what is only told to us, has it been told?
bool Detector::Core::is_fresh(uint32_t index) const {
    const Target& target = targets_[index];
    if (target.tracks.empty()) return target.pushed != nullptr;
    return std::all_of(target.tracks.begin(), target.tracks.end(),
                       [this](uint32_t at) { return tracks_[at].answered; });
}

bool Detector::Core::is_seen_well(uint32_t index) const {
    const std::vector<uint32_t>& tracks = targets_[index].tracks;
    return is_fresh(index) && std::none_of(tracks.begin(), tracks.end(), [this](uint32_t at) {
               return tracks_[at].is_doubtful();
           });
}

Changes Detector::Core::tick(Time now) {
    Changes out;
    const std::vector<uint32_t> unsettled(unsettled_.begin(), unsettled_.end());
    for (const uint32_t index : unsettled) {
        const Target& target = targets_[index];
        if (target.held_as && target.held_until && now >= *target.held_until) {
            for (Change& change : hold(index, std::nullopt, std::nullopt, now)) {
                out.push_back(std::move(change));
            }
        }
        if (target.status == Status::unknown) to_review_.insert(index);
        if (target.status != Status::unknown && !target.held_until) unsettled_.erase(index);
    }
    for (auto open = open_.begin();
         open != open_.end();) {  // named by the configuration before this one
        const bool gone = open->second.target == kNone && open->second.scope == kNone &&
                          open->first != kRuleOwnNetwork;
        if (gone) {
            out.push_back(IncidentClear{open->first, "no longer configured",
                                        open->second.rule != kRuleSystemic});
            release_members(open->first, now);  // of a scope that is too small now
        }
        open = gone ? open_.erase(open) : std::next(open);
    }
    evaluate_in_turn(now);
    review_pending(now, out);
    review_systemic(now, out);
    return out;
}

void Detector::Core::review_pending(Time now, Changes& out) {
    const std::vector<uint32_t> pending(to_review_.begin(), to_review_.end());
    for (const uint32_t index : pending) review(index, now, out);
}

TargetState Detector::Core::state_of(uint32_t index) const {
    const Target& target = targets_[index];
    TargetState state;
    state.target = target.name;
    state.status = target.status;
    state.since = target.since;
    state.reason = target.reason;
    state.flapping = target.flapping;
    state.suppressed_by = target.suppressed_by;
    state.good_in_a_row = target.tracks.empty() ? 0 : std::numeric_limits<int>::max();
    for (const uint32_t at : target.tracks) {
        const CheckTrack& track = tracks_[at];
        state.bad_in_a_row = std::max(state.bad_in_a_row, track.bad_row);
        state.good_in_a_row = std::min(state.good_in_a_row, track.good_row);
        state.last_seen = std::max(state.last_seen, track.last_at);
    }
    return state;
}

}  // namespace ops

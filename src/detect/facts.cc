// What is known of one target: what its checks saw, what was pushed, and what follows from both at
// a given moment.
#include <algorithm>
#include <array>

#include "detect/core.h"
#include "series/series.h"

namespace ops {
namespace {

constexpr auto kEventFacts = std::to_array<EventFact>({
    {"security_incident", "security", std::chrono::hours(1)},
    {"security_incident", "security_incident", std::chrono::hours(1)},
    {"new_error_pattern", "new_error_pattern", std::chrono::minutes(10)},
});

// What follows from the looks and may be looked back on. The rest of it never changes.
constexpr auto kLookedBack = std::to_array<std::string_view>(
    {"up", "status", "down_for", "degraded_for", "restarts", "last_heartbeat"});

// Events of one service; any other kind that happens to the whole machine counts for what runs on
// it too.
bool is_of_one_service(std::string_view kind) {
    constexpr auto kOwn = std::to_array<std::string_view>(
        {"crash", "restart", "new_error_pattern", "security", "security_incident"});
    return std::find(kOwn.begin(), kOwn.end(), kind) != kOwn.end();
}

Duration age(Time now, Time since) { return std::max(now - since, Duration{0}); }

}  // namespace

std::span<const EventFact> event_facts() { return kEventFacts; }

uint32_t Detector::Core::find(std::string_view name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? kNone : found->second;
}

std::string_view Detector::Core::own_name(const Target& target, std::string_view name) const {
    const bool prefixed = !target.prefix.empty() && name.size() > target.prefix.size() &&
                          name.starts_with(target.prefix);
    return prefixed ? name.substr(target.prefix.size()) : name;
}

// Numbers are on record as samples, and only what they are numbers of is noted.
void Detector::Core::note_fact(const Target& target, std::string_view fact, Value value, Time at) {
    constexpr size_t kMostNoted = 65'536;
    if (noted_.size() >= kMostNoted) {
        ++noted_lost_;
        return;
    }
    noted_.push_back({target.name, std::string(fact), std::move(value), at});
}

bool Detector::Core::set_fact(Target& target, const Fact& fact, Time at,
                              std::vector<std::string_view>& changed) {
    const Value* const before = target.facts.find(fact.name);
    if (target.seen_at) {
        const auto asked = target.seen_at->find(fact.name);
        if (asked != target.seen_at->end()) asked->second = at;
    }
    if (before != nullptr && *before == fact.value) return false;
    const bool is_in_samples =
        before != nullptr && fact.value.is_quantity() && before->type() == fact.value.type();
    if (!is_in_samples) note_fact(target, fact.name, fact.value, at);
    target.facts.set(fact.name, fact.value);
    if (before == nullptr && is_only_a_signals(fact.name)) {
        adopt(static_cast<uint32_t>(&target - targets_.data()), fact.name);
    }
    changed.push_back(fact.name);
    return true;
}

const Value* Detector::Core::derived(uint32_t index, std::string_view name, Time now,
                                     bool for_timers,
                                     std::vector<std::unique_ptr<Value>>& made) const {
    const Target& target = targets_[index];
    const auto make = [&made](Value value) {
        made.push_back(std::make_unique<Value>(std::move(value)));
        return made.back().get();
    };
    const bool watched = !target.tracks.empty() || target.own_heartbeat;
    if (name == "service" && target.kind != Target::Kind::host) {
        return make(Value::string(target.name));
    }
    if (name == "host") {
        const std::string host = settings_.inventory.host_of(target.name);
        return host.empty() ? nullptr : make(Value::string(host));
    }
    if (name == "group" && !target.group.empty()) return make(Value::string(target.group));
    const bool known = target.status != Status::unknown || target.down;
    if (name == "status") {
        // While an answer is taken in, `down` is newer than the status that follows from it.
        const Status before = target.status == Status::down ? Status::up : target.status;
        const Status status = target.down && !target.held_as ? Status::down : before;
        return make(Value::string(std::string(name_of(status))));
    }
    if (name == "up") return known ? make(Value::boolean(!target.down)) : nullptr;
    if (name == "down_for") {
        if (!known) return nullptr;
        if (!target.down) return make(Value::duration(Duration{0}));
        Duration down = age(now, target.down_since);
        if (for_timers) {
            down -= target.held_back;
            if (target.suppressed) down -= age(now, target.suppressed_since);
        }
        return make(Value::duration(std::max(down, Duration{0})));
    }
    if (name == "degraded_for") {
        if (target.status == Status::unknown && !target.down) return nullptr;
        return make(Value::duration(
            target.degraded_since == Time{} ? Duration{0} : age(now, target.degraded_since)));
    }
    if (name == "last_heartbeat" && target.kind == Target::Kind::service && watched) {
        const Time since =
            target.own_heartbeat ? target.last_beat.value_or(began_) : target.last_good;
        return make(Value::duration(age(now, since)));
    }
    if (name == "restarts" && target.facts.find(name) == nullptr &&
        target.facts.find("process_status") != nullptr) {
        return make(Value::number(target.restarts));
    }
    return nullptr;
}

const Value* Detector::Core::fact(uint32_t index, std::string_view asked, Time now, bool for_timers,
                                  std::vector<std::unique_ptr<Value>>& made) const {
    const Target& target = targets_[index];
    const std::string_view name = own_name(target, asked);
    if (const Value* const value = derived(index, name, now, for_timers, made)) return value;
    const uint32_t owner = owner_of(index, name);
    if (owner != kNone) return targets_[owner].facts.find(name);
    if (target.kind == Target::Kind::signal) return nullptr;
    bool is_event_fact = false;
    for (const EventFact& known : kEventFacts) {
        if (known.fact != name) continue;
        is_event_fact = true;
        if (events(index, known.kind, now - known.holds, now).empty()) continue;
        made.push_back(std::make_unique<Value>(Value::boolean(true)));
        return made.back().get();
    }
    if (!is_event_fact) return nullptr;
    made.push_back(std::make_unique<Value>(Value::boolean(false)));
    return made.back().get();
}

// Whose observed fact a name means: the target's own, its host's, or a signal's.
uint32_t Detector::Core::owner_of(uint32_t index, std::string_view name) const {
    const Target& target = targets_[index];
    if (target.facts.find(name) != nullptr) return index;
    const FactKind* const kind = find_fact_kind(name);
    if (target.kind == Target::Kind::service && kind != nullptr && kind->scope == Scope::host) {
        const uint32_t host = find(target.host);
        if (host != kNone && targets_[host].facts.find(name) != nullptr) return host;
    }
    const auto signal = signal_of_fact_.find(name);
    return signal == signal_of_fact_.end() ? kNone : signal->second;
}

std::vector<Time> Detector::Core::events(uint32_t index, std::string_view asked, Time from,
                                         Time to) const {
    const Target& target = targets_[index];
    const std::string_view kind = own_name(target, asked);
    std::vector<Time> times;
    if (const std::vector<Time>* const known = target.events.find(kind)) {
        for (const Time at : *known) {
            if (at > from && at <= to) times.push_back(at);
        }
    }
    // age() wants only the newest, from the beginning of time: no need to read the record for it.
    const bool newest_only = from == Time{} && !times.empty();
    if (history_ != nullptr && from < events_from_ && !newest_only) {
        const std::vector<Time> older = older_events(index, kind, from, std::min(to, events_from_));
        times.insert(times.begin(), older.begin(), older.end());
    }
    if (own_machine_ != kNone && index != own_machine_ && !is_of_one_service(kind)) {
        const std::vector<Time> shared = events(own_machine_, kind, from, to);
        times.insert(times.end(), shared.begin(), shared.end());
        std::sort(times.begin(), times.end());
    }
    return times;
}

// What is on record of before our time. It changes no more, and a criterion asks for it every
// second: it is read once.
std::vector<Time> Detector::Core::older_events(uint32_t index, std::string_view kind, Time from,
                                               Time to) const {
    auto known = older_.find(kind);
    if (known == older_.end())
        known = older_.emplace(std::string(kind), OlderEvents{from, {}, {}}).first;
    OlderEvents& older = known->second;
    if (from < older.from) older = {from, {}, {}};  // a longer window: all are read again
    older.asked.resize(targets_.size());
    if (!older.asked[index]) {
        older.asked[index] = true;
        std::vector<Time> read =
            history_->events(targets_[index].name, kind, older.from, events_from_);
        if (!read.empty()) older.times.insert_or_assign(index, std::move(read));
    }
    std::vector<Time> times;
    const auto found = older.times.find(index);
    if (found == older.times.end()) return times;
    for (const Time at : found->second) {
        if (at > from && at <= to) times.push_back(at);
    }
    return times;
}

// When its value was last seen: that is followed from the first question on. Until then it is taken
// for as new as the target's newest answer; of what is pushed that says nothing.
Time Detector::Core::seen_at(const Target& target, const std::string& name) const {
    if (!target.seen_at) {
        target.seen_at = std::make_unique<std::map<std::string, Time, std::less<>>>();
    }
    const auto [asked, is_new] = target.seen_at->emplace(name, Time{});
    if (!is_new || (target.pushed && target.pushed->contains(name))) return asked->second;
    for (const uint32_t track : target.tracks) {
        asked->second = std::max(asked->second, tracks_[track].last_at);
    }
    return asked->second;
}

// With a group's prefix, too: "worker_down_for".
void Detector::Core::note_looked_back(std::string_view name) {
    for (const std::string_view known : kLookedBack) {
        if (name.ends_with(known)) looked_back_.insert(known);
    }
}

// Its value for the record, where it follows from the looks. A status that is not known yet is
// none, so that a start is no change.
std::optional<Value> Detector::Core::looked_back(uint32_t index, std::string_view name,
                                                 Time now) const {
    if (std::find(kLookedBack.begin(), kLookedBack.end(), name) == kLookedBack.end()) return {};
    const Target& target = targets_[index];
    if (name == "status" && target.status == Status::unknown && !target.down) return {};
    std::vector<std::unique_ptr<Value>> made;
    const Value* const value = derived(index, name, now, false, made);
    return value == nullptr ? std::nullopt : std::optional(*value);
}

std::vector<Fact> Detector::Core::follows(const Observation& seen, Time now) const {
    std::vector<Fact> facts;
    const uint32_t track =
        seen.check < track_of_check_.size() ? track_of_check_[seen.check] : kNone;
    if (track == kNone || tracks_[track].target == kNone) return facts;
    const uint32_t index = tracks_[track].target;
    const Target& target = targets_[index];
    for (const std::string_view name : looked_back_) {
        if (name == "up") continue;
        if (auto value = looked_back(index, name, now)) {
            facts.push_back({std::string(name), std::move(*value)});
        }
    }
    const bool says_up = std::any_of(seen.facts.begin(), seen.facts.end(),
                                     [](const Fact& fact) { return fact.name == "up"; });
    if (target.tracks.size() < 2 || !says_up) return facts;
    const bool any_bad = std::any_of(target.tracks.begin(), target.tracks.end(),
                                     [&](uint32_t at) { return tracks_[at].last == Health::bad; });
    facts.push_back({"up", Value::boolean(!any_bad)});
    return facts;
}

std::vector<Sample> Detector::Core::samples(uint32_t index, std::string_view asked, Time from,
                                            Time to) const {
    const std::string_view name = own_name(targets_[index], asked);
    uint32_t owner = owner_of(index, name);
    if (owner == kNone) owner = index;
    const Target& target = targets_[owner];
    std::vector<Sample> samples;
    if (history_ != nullptr) samples = history_->samples(target.name, name, from, to);
    // The newest observation may not be on record yet. What follows from it moves with time.
    const Value* const observed = target.facts.find(name);
    std::optional<Value> value;
    if (observed != nullptr) {
        value = *observed;
    } else if (name != "up") {
        value = looked_back(owner, name, to);
    }
    const std::optional<double> amount = value ? series::sample_value(*value) : std::nullopt;
    if (!amount) return samples;
    const Time at = observed != nullptr ? seen_at(target, std::string(name)) : to;
    const bool newer = samples.empty() || samples.back().at < at;
    if (at > from && at <= to && newer) samples.push_back({at, *amount});
    return samples;
}

Facts Detector::Core::all_facts(uint32_t index, Time now) const {
    Facts all = targets_[index].facts;
    constexpr auto kDerived =
        std::to_array<std::string_view>({"status", "up", "down_for", "last_heartbeat", "restarts"});
    std::vector<std::unique_ptr<Value>> made;
    for (const std::string_view name : kDerived) {
        if (const Value* const value = derived(index, name, now, false, made)) {
            all.set(name, *value);
        }
    }
    return all;
}

}  // namespace ops

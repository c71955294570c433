// What is wrong with a target now, held against the incidents that are open for it.
#include <algorithm>
#include <array>

#include "detect/core.h"

namespace ops {
namespace {

constexpr Duration kUpdateEvery = std::chrono::minutes(1);  // of an incident's reason
// Of what goes up and down: from when on it is no longer that.
constexpr Duration kStaysAway = std::chrono::minutes(5);

bool shares_a_fact(const Condition& one, const Condition& other) {
    std::vector<std::string> both;
    std::set_intersection(one.reads.begin(), one.reads.end(), other.reads.begin(),
                          other.reads.end(), std::back_inserter(both));
    return std::any_of(both.begin(), both.end(), [](const std::string& name) {
        return name != "service" && name != "host" && name != "group";
    });
}

}  // namespace

void Detector::Core::refresh_down(uint32_t index, Time now) {
    Target& target = targets_[index];
    const bool bad = std::any_of(target.tracks.begin(), target.tracks.end(), [this](uint32_t at) {
        return tracks_[at].verdict == Verdict::bad;
    });
    if (bad == target.down) return;
    target.down = bad;
    target.down_since = now;
    target.held_back = Duration{0};
    target.waiting_since = Time{};
    if (target.suppressed) target.suppressed_since = now;
}

const CheckTrack* Detector::Core::track_of(uint32_t index, Verdict verdict, bool degraded) const {
    for (const uint32_t at : targets_[index].tracks) {
        const CheckTrack& track = tracks_[at];
        if (track.verdict == verdict && (track.degraded || !degraded)) return &track;
    }
    return nullptr;
}

// What its checks alone say against it while none finds it down; empty when there is nothing, or
// not for long enough.
std::string Detector::Core::not_quite_well(uint32_t index, Time now) const {
    const Target& target = targets_[index];
    if (target.down) return "";
    const CheckTrack* const blind = track_of(index, Verdict::unknown);
    if (blind != nullptr) {
        const bool long_enough = now - blind->first_unknown_at >= options_.unknown_patience;
        return long_enough ? blind->reason.text() : "";
    }
    const CheckTrack* const weak = track_of(index, Verdict::good, true);
    return weak == nullptr ? "" : weak->reason.text();
}

// Then it is said of the host.
bool Detector::Core::is_host_blind(const Target& target) const {
    const uint32_t host = target.kind == Target::Kind::service ? find(target.host) : kNone;
    return host != kNone && track_of(host, Verdict::unknown) != nullptr;
}

void Detector::Core::refresh_status(uint32_t index, Time now, Changes& out) {
    refresh_down(index, now);
    Target& target = targets_[index];
    const std::string unwell = not_quite_well(index, now);
    const CheckTrack* const blind = track_of(index, Verdict::unknown);
    Status status = Status::unknown;
    std::string reason = target.reason;
    if (target.down) {
        status = Status::down;
        reason = track_of(index, Verdict::bad)->reason;
    } else if (blind != nullptr) {
        status = unwell.empty() ? Status::unknown : Status::degraded;
        reason = (unwell.empty() ? "" : "cannot be checked: ") + blind->reason.text();
    } else if (target.degraded) {
        status = Status::degraded;
    } else if (!unwell.empty()) {
        status = Status::degraded;
        reason = unwell;
    } else if (track_of(index, Verdict::good) != nullptr) {
        status = Status::up;
        reason.clear();
    }
    if (unwell.empty() || (blind != nullptr && is_host_blind(target))) {
        target.degraded_since = Time{};
    } else if (target.degraded_since == Time{}) {
        target.degraded_since = now;
    }
    if (target.held_as) status = *target.held_as;
    const bool changed = status != target.status;
    target.reason = std::move(reason);
    if (!changed) return;
    target.status = status;
    if (status == Status::unknown) unsettled_.insert(index);
    target.since = now;
    out.push_back(TargetChanged{target.name, status, target.reason, now});
}

std::vector<Detector::Core::Source> Detector::Core::sources_of(uint32_t index) {
    Target& target = targets_[index];
    std::vector<Source> sources;
    if (target.down) sources.push_back({std::string(kRuleDown), nullptr});
    if (target.flapping) sources.push_back({std::string(kRuleFlapping), nullptr});
    for (Instance& instance : target.instances) {
        const Condition& condition = conditions_[instance.condition];
        const bool shadow =
            condition.entry != nullptr && condition.entry->autonomy == Autonomy::shadow;
        if (instance.active && !shadow) sources.push_back({condition.name(), &instance});
    }
    return sources;
}

// A criterion whose level pages nobody, or that says what the checks say of a target which they
// find well: its incident is a note, and the target is well.
bool Detector::Core::is_only_noted(const Source& source) const {
    if (source.instance == nullptr) return false;
    const Criterion* const criterion = conditions_[source.instance->condition].criterion;
    const bool of_degraded = conditions_[source.instance->condition].of_degraded;
    return criterion != nullptr && (criterion->level <= Level::log || of_degraded);
}

bool Detector::Core::is_of_events(const Source& source) const {
    return source.instance != nullptr && conditions_[source.instance->condition].of_events;
}

// A service's key is its name; what only a criterion says of it, and all of a host or signal, also
// has "name/condition".
std::vector<std::string> Detector::Core::keys_of(uint32_t index) const {
    std::vector<std::string> keys;
    if (open_.empty()) return keys;  // mostly, and the name lies far away
    const std::string& name = targets_[index].name;
    if (open_.contains(name)) keys.push_back(name);
    const std::string prefix = name + "/";
    for (auto place = open_.lower_bound(prefix);
         place != open_.end() && place->first.starts_with(prefix); ++place) {
        keys.push_back(place->first);
    }
    return keys;
}

// An open incident about a fact that this condition reads, too: the disk that is nearly full.
std::string Detector::Core::key_of_same_matter(uint32_t index, const Condition& condition) const {
    for (const std::string& key : keys_of(index)) {
        const OpenIncident& open = open_.find(key)->second;
        if (!open.folded.empty()) continue;
        for (const Condition& other : conditions_) {
            if (open.sources.contains(other.name()) && shares_a_fact(condition, other)) return key;
        }
    }
    return "";
}

// That it is down for long, slow, or has crashed again is no other cause than that it is down.
bool Detector::Core::is_of_its_state(uint32_t index, const Condition& condition) const {
    constexpr auto kOfState = std::to_array<std::string_view>(
        {"service", "host", "group", "status", "up", "down_for", "process_status", "last_heartbeat",
         "restarts", "crash", "exit_code", "http_status", "processes"});
    const Target& target = targets_[index];
    if (target.kind == Target::Kind::signal) return false;
    return std::all_of(condition.reads.begin(), condition.reads.end(), [&](const auto& read) {
        const std::string_view name = own_name(target, read);
        return name.starts_with("latency") ||
               std::find(kOfState.begin(), kOfState.end(), name) != kOfState.end();
    });
}

// What its checks do not see: a signal's facts, such as revenue, and those that the configuration
// declares. That it is down says nothing of them.
bool Detector::Core::is_another_matter(uint32_t index, const Condition& condition) const {
    const auto is_unseen = [&](const std::string& read) {
        const FactKind* const kind = find_fact_kind(own_name(targets_[index], read));
        return kind == nullptr || kind->scope == Scope::signal;
    };
    return std::any_of(condition.parts.begin(), condition.parts.end(), [&](const auto& part) {
        const std::vector<std::string> before = part->history_facts();
        return std::any_of(part.facts.begin(), part.facts.end(), is_unseen) ||
               std::any_of(before.begin(), before.end(), is_unseen);
    });
}

std::string Detector::Core::key_of(uint32_t index, const Source& source) const {
    const Target& target = targets_[index];
    if (source.instance == nullptr) return target.name;
    const Condition& condition = conditions_[source.instance->condition];
    std::string apart = target.name + "/" + source.name;
    const auto own = open_.find(target.name);
    const bool is_alone = own == open_.end() || !own->second.folded.empty();
    if (target.kind == Target::Kind::service && condition.criterion == nullptr) {
        const std::string same =
            is_alone && !target.down ? key_of_same_matter(index, condition) : "";
        return same.empty() ? target.name : same;
    }
    // What a criterion says has an incident of its own, so that a failure that comes later is seen
    // as the new thing that it is, and neither stands in the other's way; where one is open already
    // that it may be part of, it says more about that.
    if (open_.contains(apart) || (is_only_noted(source) && is_alone)) return apart;
    if (is_only_noted(source) || is_of_its_state(index, condition)) return target.name;
    const bool is_event = is_of_events(source);
    if (target.kind == Target::Kind::service && !is_event && (!is_alone || target.down)) {
        const std::string same = key_of_same_matter(index, condition);
        if (!same.empty()) return same;
        return is_another_matter(index, condition) ? apart : target.name;
    }
    const std::string same = is_event ? "" : key_of_same_matter(index, condition);
    return same.empty() ? apart : same;
}

// What was counted for an incident that is over is no reason for the next one: that needs one event
// more. (Of what is raised because nothing happened, there is none that was counted.)
bool Detector::Core::was_counted(uint32_t index, const Instance& instance, Time now) const {
    const Condition& condition = conditions_[instance.condition];
    const Time until = targets_[index].counted_until;
    if (!condition.counts_only || until == Time{}) return false;
    bool any_before = false, any_since = false;
    const auto count = [&](std::string_view kind, Duration window) {
        any_since = any_since || !events(index, kind, until, now).empty();
        const Time from = std::min(now - window, until);
        any_before = any_before || !events(index, kind, from, until).empty();
    };
    for (const Condition::Part& part : condition.parts) {
        for (const std::string& kind : part->events()) count(kind, part->longest_window());
        for (const EventFact& known : event_facts()) {
            const bool reads = std::any_of(
                part.facts.begin(), part.facts.end(),
                [&](const auto& f) { return own_name(targets_[index], f) == known.fact; });
            if (reads) count(known.kind, known.holds);
        }
    }
    return any_before && !any_since;
}

// Something seen bad after the moment from which evidence counts.
bool Detector::Core::has_evidence(uint32_t index, const Source& source, Time now) const {
    const Target& target = targets_[index];
    if (source.instance != nullptr && source.instance->kept) return true;
    if (source.instance != nullptr && was_counted(index, *source.instance, now)) return false;
    // What was active goes on for a while after it is gone, and is no reason to raise anything.
    if (source.instance != nullptr &&
        (!source.instance->holds || source.instance->seen_at <= target.evidence_after)) {
        return false;
    }
    if (is_of_events(source)) return true;  // that it happened is all there is to see
    bool any_track = false;
    for (const uint32_t at : target.tracks) {
        const CheckTrack& track = tracks_[at];
        any_track = true;
        if (track.last_at <= target.evidence_after) continue;
        if (!target.down || (track.verdict == Verdict::bad && track.last == Health::bad)) {
            return true;
        }
    }
    return !any_track;
}

// Is it down because its process is gone?
bool Detector::Core::is_certain(const Target& target) const {
    return std::any_of(target.tracks.begin(), target.tracks.end(), [this](uint32_t at) {
        return tracks_[at].verdict == Verdict::bad && tracks_[at].certain;
    });
}

std::string Detector::Core::reason_of(uint32_t index, const Source& source, Time now) const {
    const Target& target = targets_[index];
    if (source.instance != nullptr) {
        const Time then = source.instance->kept ? source.instance->seen_at : now;
        const Condition& condition = conditions_[source.instance->condition];
        std::string unwell = condition.of_degraded ? not_quite_well(index, now) : "";
        if (!unwell.empty()) return unwell;
        return explain(index, condition, then);
    }
    if (source.name == kRuleFlapping) {
        return "its state changed in " +
               std::to_string(static_cast<int>(target.flap_percent + 0.5)) +
               "% of the last 20 checks";
    }
    return target.reason;
}

void Detector::Core::hit(uint32_t index, const Source& source, const std::string& key, Time now,
                         Changes& out) {
    if (source.instance == nullptr || source.instance->told) return;
    const Condition& condition = conditions_[source.instance->condition];
    if (condition.criterion == nullptr) return;
    out.push_back(CriterionHit{key, condition.criterion->name, condition.criterion->level,
                               targets_[index].name, reason_of(index, source, now)});
    source.instance->told = true;
    source.instance->kept = false;
}

void Detector::Core::attach(uint32_t index, const Source& source, OpenIncident& open, Time now,
                            Changes& out) {
    const bool is_new = open.sources.insert(source.name).second;
    const bool is_criterion =
        source.instance != nullptr && conditions_[source.instance->condition].criterion != nullptr;
    const bool is_lead = open.rule == source.name || source.name == kRuleDown;
    if (is_new && !is_criterion && !is_lead) {
        out.push_back(IncidentUpdate{open.key, reason_of(index, source, now), "", {}});
    } else if (source.name == kRuleDown && (is_new || now - open.told_at >= kUpdateEvery)) {
        IncidentUpdate update{open.key, reason_of(index, source, now), "", {}};
        open.told_at = now;
        // What was open for less is about a target that is down now; of one that comes and goes
        // that is said when it stays away.
        const bool stays_away = now - targets_[index].down_since >= kStaysAway;
        if (open.rule != kRuleDown && (open.rule != kRuleFlapping || stays_away)) {
            update.rule = kRuleDown;
            // That it crashed for the fifth time says more.
            const auto counts = [&](const Condition& one) {
                return one.counts_only && one.name() == open.rule;
            };
            if (std::none_of(conditions_.begin(), conditions_.end(), counts)) {
                update.title = title_of(index, source, now);
            }
        }
        const bool is_news = update.reason != open.reason || !update.rule.empty();
        open.reason = update.reason;
        if (is_news) out.push_back(std::move(update));
    }
    hit(index, source, open.key, now, out);
}

void Detector::Core::raise(uint32_t index, const Source& source, const std::string& key, Time now,
                           Changes& out) {
    Target& target = targets_[index];
    OpenIncident open;
    open.key = key;
    open.target = index;
    open.rule = source.name;
    open.reason = reason_of(index, source, now);
    open.sources.insert(source.name);
    open.told_at = now;
    IncidentOpen opened;
    opened.key = key;
    opened.target = target.name;
    opened.host = settings_.inventory.host_of(target.name);
    opened.rule = source.name;
    opened.title = title_of(index, source, now);
    opened.reason = open.reason;
    opened.facts = facts_at_opening(index, source, now);
    out.push_back(std::move(opened));
    open_.insert_or_assign(key, std::move(open));
    hit(index, source, key, now, out);
}

// The target's facts, and for each fact a window was put over what it was when the window began:
// "was $2,450".
Facts Detector::Core::facts_at_opening(uint32_t index, const Source& source, Time now) const {
    Facts facts = all_facts(index, now);
    if (source.instance == nullptr) return facts;
    for (const Condition::Part& part : conditions_[source.instance->condition].parts) {
        const Time start = now - part->longest_window();
        for (const std::string& name : part->history_facts()) {
            const uint32_t owner = owner_of(index, own_name(targets_[index], name));
            const Value* const value =
                owner == kNone ? nullptr
                               : targets_[owner].facts.find(own_name(targets_[index], name));
            if (value == nullptr || !value->is_quantity()) continue;
            const Time from = start - series::reach_before(part->longest_window());
            const std::vector<Sample> samples = this->samples(index, name, from, now);
            if (samples.empty()) continue;
            Sample was = samples.front();
            for (const Sample& sample : samples) {
                if (sample.at <= start) was = sample;
            }
            facts.set(name, *value);
            facts.set(name + "_was", Value::quantity(value->type(), was.value));
        }
    }
    return facts;
}

// What is well again is told whenever it is seen, whatever is suppressed.
void Detector::Core::clear_gone(uint32_t index, const std::vector<Source>& sources, Changes& out) {
    for (const std::string& key : keys_of(index)) {
        const OpenIncident& open = open_.find(key)->second;
        const bool goes_on = std::any_of(
            sources.begin(), sources.end(),
            [&open](const Source& source) { return open.sources.contains(source.name); });
        // One that is taken up again may be about less than that it is down now, and is no better.
        const bool is_down = targets_[index].down && key == targets_[index].name;
        if (goes_on || (open.adopted && (is_down || !is_seen_well(index)))) continue;
        const bool was_down = open.sources.contains(std::string(kRuleDown));
        out.push_back(
            IncidentClear{key, was_down ? "all checks are good again" : "its symptoms are gone"});
        open_.erase(key);
    }
}

void Detector::Core::say_cleared(uint32_t index, Changes& out) {
    for (Instance& instance : targets_[index].instances) {
        if (instance.active || !instance.told) continue;
        instance.told = false;
        const Condition& condition = conditions_[instance.condition];
        const std::string key = key_of(index, {condition.name(), &instance});
        if (open_.contains(key)) out.push_back(CriterionCleared{key, condition.name()});
    }
}

// What happened is no other's fault, and waits for nobody: neither for a parent nor for siblings.
// While the target is paused or in maintenance it is kept, and told afterwards.
void Detector::Core::review_events(uint32_t index, const std::vector<Source>& sources, Time now,
                                   Changes& out) {
    for (const Source& source : sources) {
        if (!is_of_events(source) || source.instance->told) continue;
        if (!has_evidence(index, source, now)) continue;
        if (targets_[index].held_as) {
            source.instance->kept = true;
            continue;
        }
        const std::string key = key_of(index, source);
        const auto open = open_.find(key);
        if (open == open_.end() || !open->second.folded.empty()) {
            raise(index, source, key, now, out);
        } else {
            attach(index, source, open->second, now, out);
        }
    }
}

void Detector::Core::review(uint32_t index, Time now, Changes& out) {
    Target& target = targets_[index];
    refresh_down(index,
                 now);  // it may be reviewed for another's sake in the middle of its own answer
    const std::vector<Source> sources = sources_of(index);
    const auto ails = [this](const Source& source) { return !is_only_noted(source); };
    const auto first = std::find_if(sources.begin(), sources.end(), ails);
    const auto ailments = std::count_if(first, sources.end(), ails);
    target.ailing = ailments > 0;
    target.degraded = ailments > (target.down ? 1 : 0);
    if (!target.down && target.degraded && target.degraded_by != first->name) {
        target.degraded_by = first->name;
        target.reason = reason_of(index, *first, now);
    } else if (!target.degraded || target.down) {
        target.degraded_by.clear();
    }
    refresh_status(index, now, out);
    say_cleared(index, out);
    clear_gone(index, sources, out);
    if (!target.ailing) {
        target.bad_since = Time{};
        no_longer_failing(index);
        awaiting_siblings_.erase(index);
    } else if (target.bad_since == Time{}) {
        target.bad_since = now;
    }
    if (sources.empty()) {
        set_suppressed(index, "", now, out);
        to_review_.erase(index);
        return;
    }
    to_review_.insert(index);  // until it is well: causes above it come and go
    const Above above = cause_above(index, now, out);
    if (!above.wait) set_suppressed(index, above.by, now, out);
    review_events(index, sources, now, out);
    // Escalation stands still while the cause is elsewhere, so nothing is attached either.
    if (!above.by.empty()) return;
    ask_heartbeat(index, now, out);
    for (const Source& source : sources) {
        if (is_of_events(source)) continue;
        const std::string key = key_of(index, source);
        const auto open = open_.find(key);
        const bool is_open = open != open_.end() && open->second.folded.empty();
        if (!has_evidence(index, source, now)) continue;
        if (is_open) {
            attach(index, source, open->second, now, out);
            continue;
        }
        if (is_only_noted(source)) {
            // What is merely written down waits for nobody, and is no part of a mass failure.
            if (!above.wait) raise(index, source, key, now, out);
            continue;
        }
        // A member of a mass failure went bad when it joined, not anew at each look at it.
        const bool is_new = target.kind == Target::Kind::service && target.systemic.empty();
        if (is_new) note_failing(index, now);
        const bool gathering = await_siblings(index, now, out);
        if (above.wait || gathering) continue;
        // Nobody is called again for what comes and goes, but what is dead does not come back by
        // itself: it is raised each time, and the budgets of repairs say when it is enough.
        const bool is_dead = source.name == kRuleDown && is_certain(target);
        const bool comes_and_goes = target.flapping && key == target.name;
        if (comes_and_goes && target.raised_while_flapping && !is_dead) continue;
        if (join_systemic(index, now, out)) return;
        raise(index, source, key, now, out);
        if (comes_and_goes) target.raised_while_flapping = true;
    }
}

void Detector::Core::review_children(uint32_t index, Time now, Changes& out) {
    for (const uint32_t child : targets_[index].children) {
        if (to_review_.contains(child)) review(child, now, out);
    }
}

}  // namespace ops

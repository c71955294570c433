// What survives a restart: states since when, verdicts, what is open, what holds, recent events. By
// name, because the numbers of checks and conditions change with the configuration.
#include <algorithm>

#include "detect/core.h"

namespace ops {
namespace {

Json time_json(Time at) { return Json(int64_t{at.time_since_epoch().count()}); }
Time time_of(const Json& json) { return Time{Duration{json.as_int()}}; }
Json set_json(const std::set<std::string>& names) {
    return Json::of_strings({names.begin(), names.end()});
}

Json save_track(const CheckTrack& track) {
    Json json = Json::object({{"verdict", static_cast<int>(track.verdict)}});
    if (track.verdict == Verdict::bad || track.verdict == Verdict::unknown) {
        json.set("reason", track.reason.text());
        json.set("bad", track.bad_row);
        json.set("first_bad", time_json(track.first_bad_at));
        json.set("first_unknown", time_json(track.first_unknown_at));
    }
    if (track.flapping.percent() > 0) json.set("flap", track.flapping.save());
    return json;
}

void restore_track(const Json& saved, CheckTrack& track) {
    track.verdict = static_cast<Verdict>(std::clamp<int64_t>(saved["verdict"].as_int(), 0, 3));
    track.reason = saved["reason"].as_string();
    track.bad_row = static_cast<int>(saved["bad"].as_int());
    track.first_bad_at = time_of(saved["first_bad"]);
    track.first_unknown_at = time_of(saved["first_unknown"]);
    if (track.verdict == Verdict::unknown) track.unknown_row = track.failures;
    track.flapping.restore(saved["flap"]);
}

Json save_events(const Target& target) {
    Json events = Json::object();
    for (const auto& [kind, times] : target.events.kinds()) {
        Json list = Json::array();
        for (const Time at : times) list.push(time_json(at));
        events.set(kind, std::move(list));
    }
    return events;
}

Json save_open(const OpenIncident& open, const std::string& target, const std::string& scope) {
    return Json::object({
        {"key", open.key},
        {"target", target},
        {"scope", scope},
        {"rule", open.rule},
        {"reason", open.reason},
        {"sources", set_json(open.sources)},
        {"members", set_json(open.members)},
        {"changed", time_json(open.changed_at)},
        {"folded", open.folded.text()},
    });
}

void save_times(const Target& target, Json& json) {
    const std::pair<std::string_view, Time> times[] = {
        {"since", target.since},
        {"good", target.last_good},
        {"down_since", target.down_since},
        {"degraded_since", target.degraded_since},
        {"bad_since", target.bad_since},
        {"counted_until", target.counted_until},
        {"suppressed", target.suppressed ? target.suppressed_since : Time{}}};
    for (const auto& [name, at] : times) {
        if (at != Time{}) json.set(name, time_json(at));
    }
    if (target.last_beat) json.set("beat", time_json(*target.last_beat));
}

void restore_target(const Json& saved, Target& target) {
    target.status = parse_status(saved["status"].as_string()).value_or(Status::unknown);
    target.since = time_of(saved["since"]);
    target.reason = saved["reason"].as_string();
    if (saved.has("good")) target.last_good = time_of(saved["good"]);
    target.down_since = time_of(saved["down_since"]);
    target.degraded_since = time_of(saved["degraded_since"]);
    target.bad_since = time_of(saved["bad_since"]);
    target.counted_until = time_of(saved["counted_until"]);
    if (saved.has("beat")) target.last_beat = time_of(saved["beat"]);
    target.restarts = static_cast<int>(saved["restarts"].as_int());
    target.flapping = saved["flapping"].as_bool();
    target.raised_while_flapping = saved["flap_raised"].as_bool();
    target.suppressed_by = saved["by"].as_string();
    target.suppressed = !target.suppressed_by.empty();
    target.suppressed_since = time_of(saved["suppressed"]);
    target.held_back = Duration{saved["held_back"].as_int()};
    target.systemic = saved["systemic"].as_string();
    target.held_as = parse_status(saved["held_as"].as_string());
    if (saved.has("held_until")) target.held_until = time_of(saved["held_until"]);
    for (const auto& [kind, times] : saved["events"].members()) {
        for (const Json& at : times.items()) target.events.of(kind).push_back(time_of(at));
    }
    // Not what was observed, but needed to tell a crash that happened while we were away.
    const std::string process = saved["process"].as_string();
    if (!process.empty()) target.facts.set("process_status", Value::string(process));
}

}  // namespace

Json Detector::Core::save_target(const Target& target) const {
    Json json = Json::object({{"name", target.name}, {"status", name_of(target.status)}});
    save_times(target, json);
    if (!target.reason.empty()) json.set("reason", target.reason.text());
    if (target.restarts != 0) json.set("restarts", target.restarts);
    if (target.flapping) json.set("flapping", true);
    if (target.raised_while_flapping) json.set("flap_raised", true);
    if (target.suppressed) json.set("by", target.suppressed_by.text());
    if (target.held_back.count() != 0) json.set("held_back", int64_t{target.held_back.count()});
    if (!target.systemic.empty()) json.set("systemic", target.systemic.text());
    if (target.held_as) json.set("held_as", name_of(*target.held_as));
    if (target.held_until) json.set("held_until", time_json(*target.held_until));
    if (!target.events.kinds().empty()) json.set("events", save_events(target));
    const Value* const process = target.facts.find("process_status");
    if (process != nullptr && process->type() == Type::string) json.set("process", process->text());
    Json tracks = Json::array();
    for (const uint32_t at : target.tracks) {
        if (tracks_[at].heartbeat) {
            json.set("heartbeat", save_track(tracks_[at]));
        } else {
            tracks.push(save_track(tracks_[at]));
        }
    }
    json.set("checks", std::move(tracks));
    Json holding = Json::array();
    for (const Instance& instance : target.instances) {
        if (!instance.holds && !instance.active) continue;
        Json one = Json::object({{"name", conditions_[instance.condition].name()},
                                 {"since", time_json(instance.holds_since)},
                                 {"holds", instance.holds},
                                 {"active", instance.active},
                                 {"told", instance.told}});
        if (instance.kept) one.set("kept", time_json(instance.seen_at));
        holding.push(std::move(one));
    }
    if (!holding.items().empty()) json.set("holding", std::move(holding));
    return json;
}

std::string Detector::Core::save_text(std::optional<Time> now) const {
    Json open = Json::array();
    for (const auto& [key, incident] : open_) {
        open.push(save_open(incident,
                            incident.target == kNone ? "" : targets_[incident.target].name,
                            incident.scope == kNone ? "" : scopes_[incident.scope].name));
    }
    Json all = Json::object({{"version", 1},
                             {"events_from", time_json(events_from_)},
                             {"network_lost", network_lost_},
                             {"open", std::move(open)}});
    if (now) all.set("saved_at", time_json(*now));
    // One target after another: as one value ten thousand would fill many times the memory.
    std::string text = all.dump();
    text.pop_back();
    text += ",\"targets\":[";
    text.reserve(text.size() + targets_.size() * 160);
    for (const Target& target : targets_) {
        if (&target != &targets_.front()) text += ',';
        text += save_target(target).dump();
    }
    return text += "]}";
}

void Detector::Core::restore_instances(const Json& saved, uint32_t index) {
    Target& target = targets_[index];
    for (const Json& one : saved.items()) {
        adopt(index, one["name"].as_string());
        for (uint32_t place = 0; place < target.instances.size(); ++place) {
            Instance& instance = target.instances[place];
            if (conditions_[instance.condition].name() != one["name"].as_string()) continue;
            instance.holds = one["holds"].as_bool();
            instance.active = one["active"].as_bool();
            instance.told = one["told"].as_bool();
            instance.holds_since = time_of(one["since"]);
            instance.kept = one.has("kept");
            instance.seen_at = time_of(one["kept"]);
            // Facts are gone with the process: it is not looked at again before they are there.
            if (conditions_[instance.condition].timed) pending_.emplace(index, place);
        }
    }
}

// A crash came between the journal's line and the next save().
void Detector::Core::adopt(const IncidentOpen& known, Time now) {
    if (open_.contains(known.key)) return;
    OpenIncident open;
    open.key = known.key;
    open.rule = known.rule;
    open.reason = known.reason;
    open.adopted = true;
    open.told_at = open.changed_at = now;
    open.members.insert(known.members.begin(), known.members.end());
    if (known.rule == kRuleOwnNetwork) network_lost_ = true;
    if (known.rule == kRuleSystemic) {
        for (uint32_t i = 0; i < scopes_.size(); ++i) {
            if ("systemic:" + scopes_[i].name == known.key) open.scope = i;
        }
        for (const std::string& name : known.members) {
            const uint32_t member = find(name);
            if (member == kNone) continue;
            targets_[member].systemic = known.key;
            fold_own(member);
            to_review_.insert(member);
        }
    } else if (known.rule != kRuleOwnNetwork) {
        open.target = find(known.target);
        open.sources.insert(known.rule);
        if (open.target != kNone) to_review_.insert(open.target);
    }
    const uint32_t target = open.target;
    open_.emplace(open.key, std::move(open));
    if (target != kNone && !targets_[target].systemic.empty()) fold_own(target);
}

void Detector::Core::restore(const Json& saved, Time now) {
    if (saved["version"].as_int() != 1) return;
    if (saved.has("events_from")) events_from_ = time_of(saved["events_from"]);
    older_.clear();
    network_lost_ = saved["network_lost"].as_bool();
    // Silence while nobody listened is not the service's: the time we were away does not count.
    const Duration away = saved.has("saved_at")
                              ? std::max(now - time_of(saved["saved_at"]), Duration{0})
                              : Duration{0};
    for (const Json& one : saved["targets"].items()) {
        const uint32_t index = find(one["name"].as_string());
        if (index == kNone) continue;
        Target& target = targets_[index];
        restore_target(one, target);
        unsettled_.insert(index);
        target.last_good = std::min(target.last_good + away, now);
        if (target.last_beat) target.last_beat = std::min(*target.last_beat + away, now);
        const Json::Array& tracks = one["checks"].items();
        size_t next = 0;
        for (const uint32_t at : target.tracks) {
            if (tracks_[at].heartbeat) {
                restore_track(one["heartbeat"], tracks_[at]);
            } else if (next < tracks.size()) {
                restore_track(tracks[next++], tracks_[at]);
            }
        }
        restore_instances(one["holding"], index);
        target.down = std::any_of(target.tracks.begin(), target.tracks.end(), [this](uint32_t at) {
            return tracks_[at].verdict == Verdict::bad;
        });
        if (target.down || !one["holding"].items().empty()) to_review_.insert(index);
    }
    for (const Json& one : saved["open"].items()) {
        OpenIncident open;
        open.key = one["key"].as_string();
        open.target = find(one["target"].as_string());
        open.rule = one["rule"].as_string();
        open.reason = one["reason"].as_string();
        for (const std::string& name : one["sources"].strings()) open.sources.insert(name);
        for (const std::string& name : one["members"].strings()) open.members.insert(name);
        open.told_at = now;
        open.changed_at = time_of(one["changed"]);
        open.folded = one["folded"].as_string();
        for (uint32_t i = 0; i < scopes_.size(); ++i) {
            if (scopes_[i].name == one["scope"].as_string()) open.scope = i;
        }
        if (open.target != kNone) to_review_.insert(open.target);
        open_.emplace(open.key, std::move(open));
    }
    for (Target& target : targets_) {  // of none that is open, nothing would ever release it
        if (!open_.contains(target.systemic.text())) target.systemic.clear();
    }
}

}  // namespace ops

#include "learn/replay.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "diagnose/diagnose.h"
#include "learn/replay_track.h"
#include "learn/replay_world.h"

namespace ops {
namespace {

using namespace std::chrono_literals;

// Symptoms may hold before a check has failed often enough to be believed.
constexpr Duration kLead = 5min;

std::vector<std::string> all_targets(const Inventory& inventory) {
    std::vector<std::string> names;
    for (const Host& host : inventory.hosts) names.push_back(host.name);
    for (const Service& service : inventory.services) names.push_back(service.name);
    names.insert(names.end(), inventory.signals.begin(), inventory.signals.end());
    return names;
}

// The worlds and tracks of one replay, made when they are asked for.
class Replayer {
public:
    Replayer(const Recorded& recorded, const Inventory& inventory)
        : recorded_(recorded), inventory_(inventory) {
        for (const RecordedIncident& incident : recorded.incidents) {
            const int64_t last = day_of(incident.ended_at);
            std::vector<std::string> names = incident.members;
            names.push_back(incident.target);
            for (const std::string& name : names) {
                for (int64_t day = day_of(incident.opened_at); day <= last; ++day) {
                    bad_days_.emplace(name, day);
                }
            }
        }
        for (const auto& [name, samples] : recorded.samples) on_record_.insert(name.second);
        for (const auto& [name, changes] : recorded.changes) on_record_.insert(name.second);
        // These come from the status.
        if (!recorded.statuses.empty()) on_record_.insert({"status", "up", "down_for"});
    }

    EntryReplay replay(const Entry& entry);
    IncidentReplay replay(const RecordedIncident& incident, const Runbook& runbook);

private:
    struct Judged {
        EntryTrack track;
        bool concerned = false;
    };

    RecordedWorld& world_of(const std::string& target) {
        std::unique_ptr<RecordedWorld>& world = worlds_[target];
        if (!world) world = std::make_unique<RecordedWorld>(recorded_, inventory_, target);
        return *world;
    }
    const Judged& judged(const Entry& entry, const std::string& target) {
        const auto [place, is_new] = judged_.try_emplace({&entry, target});
        if (is_new && may_match(entry, target, inventory_)) {
            RecordedWorld& world = world_of(target);
            place->second.concerned =
                world.concerns(reads_of(entry), counts_events(entry), on_record_);
            place->second.track = track(entry, recorded_, world);
        }
        return place->second;
    }

    void add_firings(const Entry& entry, const std::string& target, EntryReplay& out);
    void hold_back(const Entry& entry, EntryReplay& out) const;
    void add_incidents(const Entry& entry, const std::vector<std::string>& targets,
                       EntryReplay& out);
    void add_days(const std::string& target, const EntryTrack& track, EntryReplay& out) const;
    std::optional<bool> at_opening(const Entry& entry, const RecordedIncident& incident,
                                   std::vector<std::string>& symptoms);
    Diagnosis diagnose_at(Time at, bool is_opening, const RecordedIncident& incident,
                          const Runbook& runbook);
    const RecordedIncident* incident_of(const Entry& entry, const std::string& target,
                                        const EntryTrack::Held& held) const;

    const Recorded& recorded_;
    const Inventory& inventory_;
    std::set<std::pair<std::string, int64_t>> bad_days_;
    std::set<std::string, std::less<>> on_record_ = {"service", "host", "group"};  // facts
    std::map<std::string, std::unique_ptr<RecordedWorld>> worlds_;
    std::map<std::pair<const Entry*, std::string>, Judged> judged_;
};

// A service has one incident at a time, whatever is wrong with it; a host or a signal has one for
// each thing that is.
const RecordedIncident* Replayer::incident_of(const Entry& entry, const std::string& target,
                                              const EntryTrack::Held& held) const {
    const bool is_service = inventory_.find_service(target) != nullptr;
    for (const RecordedIncident& incident : recorded_.incidents) {
        if (!incident.concerns(target)) continue;
        if (held.to <= incident.opened_at - kLead || held.from > incident.ended_at) continue;
        const bool began_together =
            held.from >= incident.opened_at - kLead && held.from <= incident.opened_at + kLead;
        if (is_service || incident.rule == entry.name || began_together) return &incident;
    }
    return nullptr;
}

void Replayer::add_firings(const Entry& entry, const std::string& target, EntryReplay& out) {
    for (const EntryTrack::Held& held : judged(entry, target).track.held) {
        const RecordedIncident* const incident = incident_of(entry, target, held);
        Firing firing{target, held.from, "", false, held.symptoms};
        if (incident != nullptr) firing.incident = incident->id;
        firing.on_healthy_day = !bad_days_.contains({target, day_of(held.from)});
        out.firings.push_back(std::move(firing));
    }
}

// The limits that an entry sets itself. Those of the agent are not asked: what is wrong with an
// entry must not hide behind them.
void Replayer::hold_back(const Entry& entry, EntryReplay& out) const {
    std::vector<Firing> allowed;
    for (Firing& firing : out.firings) {
        int in_hour = 0, in_day = 0;
        bool cooling = false;
        for (const Firing& before : allowed) {
            if (before.target != firing.target) continue;
            if (firing.at - before.at < 1h) ++in_hour;
            if (firing.at - before.at < 24h) ++in_day;
            cooling = cooling || firing.at - before.at < entry.cooldown;
        }
        const bool is_over = (entry.max_per_hour && in_hour >= *entry.max_per_hour) ||
                             (entry.max_per_day && in_day >= *entry.max_per_day);
        if (cooling || is_over) {
            ++out.held_back;
        } else {
            allowed.push_back(std::move(firing));
        }
    }
    out.firings = std::move(allowed);
}

// At its opening an incident noted the facts as they were: nothing is more exact.
std::optional<bool> Replayer::at_opening(const Entry& entry, const RecordedIncident& incident,
                                         std::vector<std::string>& symptoms) {
    RecordedWorld& world = world_of(incident.target);
    world.move_to(incident.opened_at, &incident.facts);
    const std::optional<bool> holds = judge(entry, world);
    if (holds.value_or(false)) symptoms = holding(entry, world);
    world.move_to(incident.opened_at);
    return holds;
}

void Replayer::add_incidents(const Entry& entry, const std::vector<std::string>& targets,
                             EntryReplay& out) {
    std::set<std::string> fired;
    for (const Firing& firing : out.firings) {
        if (!firing.incident.empty()) fired.insert(firing.incident);
    }
    for (const RecordedIncident& incident : recorded_.incidents) {
        const bool is_about =
            std::any_of(targets.begin(), targets.end(),
                        [&](const std::string& target) { return incident.concerns(target); });
        if (!is_about) continue;
        const bool is_own =
            std::find(targets.begin(), targets.end(), incident.target) != targets.end();
        std::vector<std::string> symptoms;
        std::optional<bool> holds;
        if (is_own) holds = at_opening(entry, incident, symptoms);
        const bool seen_at_opening = holds.value_or(false) && entry.hold == Duration{0};
        if (seen_at_opening && fired.insert(incident.id).second) {
            out.firings.push_back(
                {incident.target, incident.opened_at, incident.id, false, std::move(symptoms)});
        }
        if (!fired.contains(incident.id) && !holds) {
            out.unjudged_incidents.push_back(incident.id);
            continue;
        }
        ++out.judged_incidents;
        if (fired.contains(incident.id)) out.fired_on_incidents.push_back(incident.id);
    }
}

void Replayer::add_days(const std::string& target, const EntryTrack& track,
                        EntryReplay& out) const {
    std::set<int64_t> fired;
    for (const Firing& firing : out.firings) {
        if (firing.target == target) fired.insert(day_of(firing.at));
    }
    for (const auto& [day, spans] : track.days) {
        if (bad_days_.contains({target, day})) continue;
        const auto& [known, unknown] = spans;
        if (known < unknown && !fired.contains(day)) {
            ++out.unjudged_days;
            continue;
        }
        ++out.healthy_days;
        if (fired.contains(day)) ++out.healthy_days_fired;
    }
}

EntryReplay Replayer::replay(const Entry& entry) {
    EntryReplay out;
    out.entry = entry.name;
    out.acts = entry.enabled && entry.autonomy != Autonomy::shadow;
    std::vector<std::string> targets;
    for (const std::string& target : all_targets(inventory_)) {
        if (may_match(entry, target, inventory_)) targets.push_back(target);
    }
    // Of targets that never told a fact of their own that it reads, it does not speak; unless none
    // did: then it cannot be judged at all.
    const auto stranger = [&](const std::string& target) {
        return !judged(entry, target).concerned;
    };
    if (!std::all_of(targets.begin(), targets.end(), stranger)) {
        targets.erase(std::remove_if(targets.begin(), targets.end(), stranger), targets.end());
    }
    std::set<std::string> missing;
    for (const std::string& target : targets) {
        add_firings(entry, target, out);
        const std::set<std::string>& more = judged(entry, target).track.missing;
        missing.insert(more.begin(), more.end());
    }
    std::stable_sort(out.firings.begin(), out.firings.end(),
                     [](const Firing& a, const Firing& b) { return a.at < b.at; });
    hold_back(entry, out);
    add_incidents(entry, targets, out);
    for (const std::string& target : targets) add_days(target, judged(entry, target).track, out);
    std::stable_sort(out.firings.begin(), out.firings.end(),
                     [](const Firing& a, const Firing& b) { return a.at < b.at; });
    out.not_recorded.assign(missing.begin(), missing.end());
    out.other_incidents = recorded_.incidents.size() - out.unjudged_incidents.size();
    return out;
}

Diagnosis Replayer::diagnose_at(Time at, bool is_opening, const RecordedIncident& incident,
                                const Runbook& runbook) {
    // Tracks first: making one moves the world.
    for (const Entry& entry : runbook.entries) (void)judged(entry, incident.target);
    RecordedWorld& world = world_of(incident.target);
    const Json* const facts = is_opening ? &incident.facts : nullptr;
    const auto held = [&](const Entry& entry) -> std::optional<Duration> {
        if (const EntryTrack::Held* const found = judged(entry, incident.target).track.at(at)) {
            return at - found->since;
        }
        if (is_opening && entry.hold == Duration{0}) return Duration{0};
        return std::nullopt;
    };
    world.move_to(at, facts);
    const bool noted_down = incident.facts["status"].as_string() == "down";
    const Situation situation{incident.target,
                              is_opening ? noted_down : world.status() == "down",
                              !incident.members.empty(),
                              world,
                              held,
                              [](const Entry&) { return std::string(); }};
    Diagnosis diagnosis = diagnose(runbook, inventory_, situation);
    world.move_to(at);
    return diagnosis;
}

IncidentReplay Replayer::replay(const RecordedIncident& incident, const Runbook& runbook) {
    IncidentReplay out{
        incident.id, incident.target, incident.opened_at, incident.ran, incident.end, "", ""};
    if (!inventory_.has_target(incident.target)) {
        out.why = "no longer configured";
        return out;
    }
    // It is looked at when it opens, and again whenever symptoms begin to hold while it lasts.
    std::set<Time> moments;
    const bool is_service = inventory_.find_service(incident.target) != nullptr;
    for (const Entry& entry : runbook.entries) {
        if (!is_service) break;  // what else is wrong with a host is another incident
        for (const EntryTrack::Held& held : judged(entry, incident.target).track.held) {
            if (held.from > incident.opened_at && held.from < incident.ended_at) {
                moments.insert(held.from);
            }
        }
    }
    Diagnosis diagnosis = diagnose_at(incident.opened_at, true, incident, runbook);
    for (auto at = moments.begin(); !diagnosis.entry && at != moments.end(); ++at) {
        Diagnosis later = diagnose_at(*at, false, incident, runbook);
        if (later.entry) diagnosis = std::move(later);
    }
    if (diagnosis.entry) {
        out.would_run = diagnosis.entry->name;
        return out;
    }
    for (const Considered& one : diagnosis.considered) {
        const bool is_unknown = one.why.find("was never seen") != std::string::npos ||
                                one.why.find("were never seen") != std::string::npos;
        if (is_unknown && out.why.empty()) out.why = one.why;
    }
    return out;
}

}  // namespace

ReplayReport replay(const Recorded& recorded, const Runbook& runbook, const Inventory& inventory) {
    Replayer replayer(recorded, inventory);
    ReplayReport report;
    for (const Entry& entry : runbook.entries) {
        if (!entry.symptoms.empty()) report.entries.push_back(replayer.replay(entry));
    }
    for (const RecordedIncident& incident : recorded.incidents) {
        report.incidents.push_back(replayer.replay(incident, runbook));
    }
    return report;
}

EntryReplay replay_entry(const Recorded& recorded, const Entry& entry, const Inventory& inventory) {
    return Replayer(recorded, inventory).replay(entry);
}

double share_of_other_incidents(const EntryReplay& entry, const Recorded& recorded,
                                const std::set<std::string>& own) {
    size_t others = 0;
    for (const RecordedIncident& incident : recorded.incidents) {
        if (!own.contains(incident.id)) ++others;
    }
    size_t matched = 0;
    for (const auto* list : {&entry.fired_on_incidents, &entry.unjudged_incidents}) {
        for (const std::string& id : *list) {
            if (!own.contains(id)) ++matched;
        }
    }
    return others == 0 ? 0 : static_cast<double>(matched) / static_cast<double>(others);
}

}  // namespace ops

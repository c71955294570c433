// What a change of the runbook makes better or worse, and reports as JSON.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "learn/replay.h"
#include "runbook/builtin.h"

namespace ops {
namespace {

using Kind = ReplayFinding::Kind;

// What would be done, whatever the entry is called.
std::vector<std::string> steps_of(const Runbook& runbook, const std::string& name) {
    const Entry* const entry = runbook.find(name);
    if (entry == nullptr) return {name};  // the built-in one
    std::vector<std::string> steps;
    for (const Step& step : entry->steps) steps.push_back(step.text);
    return steps;
}

std::string named(const std::string& entry) {
    return entry.empty() ? "a person" : "'" + entry + "'";
}

void compare_incident(const IncidentReplay& before, const Runbook& old_runbook,
                      const IncidentReplay& after, const Runbook& new_runbook,
                      std::vector<ReplayFinding>& out) {
    if (before.would_run == after.would_run) return;
    const std::string where = after.id + " (" + after.target + ")";
    const bool was_right = before.end == RecordedEnd::verified && !before.ran.empty() &&
                           before.would_run == before.ran;
    const bool is_right =
        after.end == RecordedEnd::verified && !after.ran.empty() && after.would_run == after.ran;
    const bool same_steps =
        !after.would_run.empty() && !before.would_run.empty() &&
        steps_of(old_runbook, before.would_run) == steps_of(new_runbook, after.would_run);
    if (same_steps) {
        out.push_back({Kind::note, where + ": the same steps, now of '" + after.would_run + "'"});
    } else if (was_right) {
        out.push_back(
            {Kind::worse, where + ": '" + before.ran + "' repaired it, verified; now " +
                              (after.would_run.empty() ? std::string("nothing matches")
                                                       : "'" + after.would_run + "' takes over") +
                              (after.why.empty() ? "" : " (" + after.why + ")")});
    } else if (is_right) {
        out.push_back({Kind::better,
                       where + ": '" + after.ran + "', which repaired it then, is chosen again"});
    } else {
        const bool is_new_help = before.would_run.empty() && after.end != RecordedEnd::verified;
        out.push_back({is_new_help ? Kind::better : Kind::note,
                       where + ": " + named(before.would_run) + " before, now " +
                           named(after.would_run) + "; then it was " +
                           std::string(name_of(after.end))});
    }
}

// Targets and days (UTC) of false alarms.
std::set<std::string> false_days(const EntryReplay& entry) {
    std::set<std::string> days;
    for (const Firing& firing : entry.firings) {
        if (!firing.on_healthy_day || !firing.incident.empty()) continue;
        days.insert(firing.target + " on " + format_rfc3339(firing.at).substr(0, 10));
    }
    return days;
}

std::string listed(const std::vector<std::string>& names) {
    constexpr size_t kMost = 3;
    std::string text;
    for (size_t i = 0; i < names.size() && i < kMost; ++i) text += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > kMost) text += " and " + std::to_string(names.size() - kMost) + " more";
    return text;
}

void compare_days(const EntryReplay* before, const EntryReplay* after,
                  std::vector<ReplayFinding>& out) {
    const std::string& name = after != nullptr ? after->entry : before->entry;
    const auto days_of = [](const EntryReplay* entry) {
        return entry != nullptr && entry->acts ? false_days(*entry) : std::set<std::string>();
    };
    const std::set<std::string> old_days = days_of(before), new_days = days_of(after);
    std::vector<std::string> more, less;
    std::set_difference(new_days.begin(), new_days.end(), old_days.begin(), old_days.end(),
                        std::back_inserter(more));
    std::set_difference(old_days.begin(), old_days.end(), new_days.begin(), new_days.end(),
                        std::back_inserter(less));
    if (!more.empty()) {
        out.push_back({Kind::worse, "'" + name + "' would act on healthy days: " + listed(more)});
    }
    if (!less.empty()) {
        out.push_back(
            {Kind::better, "'" + name + "' no longer acts on healthy days: " + listed(less)});
    }
}

const EntryReplay* find(const ReplayReport& report, const std::string& name) {
    const auto found = std::find_if(report.entries.begin(), report.entries.end(),
                                    [&](const EntryReplay& one) { return one.entry == name; });
    return found == report.entries.end() ? nullptr : &*found;
}

std::string_view name_of(Kind kind) {
    return kind == Kind::worse ? "worse" : kind == Kind::better ? "better" : "note";
}

}  // namespace

bool ReplayComparison::is_worse() const {
    return std::any_of(findings.begin(), findings.end(),
                       [](const ReplayFinding& one) { return one.kind == Kind::worse; });
}

ReplayComparison compare(const ReplayReport& in_force, const Runbook& runbook_in_force,
                         const ReplayReport& changed, const Runbook& runbook_changed) {
    ReplayComparison comparison;
    std::vector<ReplayFinding>& out = comparison.findings;
    for (const Entry& entry : runbook_changed.entries) {
        const Entry* const before = runbook_in_force.find(entry.name);
        if (before == nullptr) out.push_back({Kind::note, "'" + entry.name + "' is new"});
        if (before != nullptr && before->sha256 != entry.sha256) {
            out.push_back({Kind::note, "'" + entry.name + "' is changed"});
        }
    }
    for (const Entry& entry : runbook_in_force.entries) {
        if (runbook_changed.find(entry.name) != nullptr) continue;
        out.push_back({Kind::note, "'" + entry.name + "' is removed"});
    }
    for (size_t i = 0; i < changed.incidents.size() && i < in_force.incidents.size(); ++i) {
        compare_incident(in_force.incidents[i], runbook_in_force, changed.incidents[i],
                         runbook_changed, out);
    }
    for (const EntryReplay& after : changed.entries) {
        compare_days(find(in_force, after.entry), &after, out);
    }
    for (const EntryReplay& before : in_force.entries) {
        if (find(changed, before.entry) == nullptr) compare_days(&before, nullptr, out);
    }
    std::stable_sort(out.begin(), out.end(), [](const ReplayFinding& a, const ReplayFinding& b) {
        const auto rank = [](Kind kind) {
            return kind == Kind::worse ? 0 : kind == Kind::better ? 1 : 2;
        };
        return rank(a.kind) < rank(b.kind);
    });
    return comparison;
}

Json to_json(const ReplayReport& report) {
    Json entries = Json::array();
    for (const EntryReplay& entry : report.entries) {
        Json firings = Json::array();
        for (const Firing& firing : entry.firings) {
            firings.push(Json::object({{"target", firing.target},
                                       {"at", format_rfc3339(firing.at)},
                                       {"incident", firing.incident},
                                       {"healthy_day", firing.on_healthy_day},
                                       {"symptoms", Json::of_strings(firing.symptoms)}}));
        }
        const auto count = [](size_t number) { return Json(static_cast<int64_t>(number)); };
        entries.push(Json::object({
            {"entry", entry.entry},
            {"acts", entry.acts},
            {"incidents", Json::of_strings(entry.fired_on_incidents)},
            {"incidents_judged", count(entry.judged_incidents)},
            {"incidents_not_judged", Json::of_strings(entry.unjudged_incidents)},
            {"healthy_days", count(entry.healthy_days)},
            {"healthy_days_fired", count(entry.healthy_days_fired)},
            {"days_not_judged", count(entry.unjudged_days)},
            {"held_back", count(entry.held_back)},
            {"not_recorded", Json::of_strings(entry.not_recorded)},
            {"firings", std::move(firings)},
        }));
    }
    Json incidents = Json::array();
    for (const IncidentReplay& one : report.incidents) {
        incidents.push(Json::object({{"id", one.id},
                                     {"target", one.target},
                                     {"opened_at", format_rfc3339(one.opened_at)},
                                     {"ran", one.ran},
                                     {"end", name_of(one.end)},
                                     {"would_run", one.would_run},
                                     {"why", one.why}}));
    }
    return Json::object({{"entries", std::move(entries)}, {"incidents", std::move(incidents)}});
}

Json to_json(const ReplayComparison& comparison) {
    Json findings = Json::array();
    for (const ReplayFinding& one : comparison.findings) {
        findings.push(Json::object({{"kind", name_of(one.kind)}, {"text", one.text}}));
    }
    return Json::object({{"worse", comparison.is_worse()}, {"findings", std::move(findings)}});
}

}  // namespace ops

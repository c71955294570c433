#include "diagnose/change_risk.h"

#include <algorithm>

#include "diagnose/around.h"

namespace ops {
namespace {

constexpr size_t kMostKinds = 64;
constexpr size_t kMostTargets = 1000;  // with incidents: those of others are not counted
constexpr size_t kMostRecent = 200;
constexpr Duration kLeastSpan = std::chrono::hours(24);  // of watching, for a rate

}  // namespace

// That an incident begins around `target` within kWindow, at any time.
double ChangeRisk::chance(const std::string& target, Time now, const Inventory& inventory) const {
    double incidents = 0;
    for (const auto& [name, count] : incidents_) {
        if (rests_on(inventory, name, target)) incidents += count;
    }
    const Duration span = std::max(kLeastSpan, now - since_.value_or(now));
    const double windows = static_cast<double>(span.count()) / kWindow.count();
    return std::min(1.0, incidents / windows);
}

void ChangeRisk::apply(const Event& event, const Inventory& inventory) {
    if (!since_) since_ = event.at;
    while (!recent_.empty() && event.at - recent_.front().at > kWindow) recent_.pop_front();
    if (const std::optional<ChangeMade> change = change_of(event)) {
        if (kinds_.size() >= kMostKinds && !kinds_.contains(change->kind)) return;
        Seen& seen = kinds_[change->kind];
        ++seen.changes;
        seen.expected += chance(change->target, event.at, inventory);
        recent_.push_back({change->kind, change->target, change->incident, event.at, false});
        if (recent_.size() > kMostRecent) recent_.pop_front();
        return;
    }
    if (event.kind != "incident.opened" || event.target.empty()) return;
    if (incidents_.size() < kMostTargets || incidents_.contains(event.target)) {
        ++incidents_[event.target];
    }
    for (Recent& one : recent_) {
        if (one.is_followed || !rests_on(inventory, event.target, one.target)) continue;
        one.is_followed = true;
        ++kinds_[one.kind].followed;
    }
}

ChangeRisk::Seen ChangeRisk::of(std::string_view kind) const {
    const auto place = kinds_.find(kind);
    return place == kinds_.end() ? Seen() : place->second;
}

Json ChangeRisk::to_json() const {
    Json::Object kinds, incidents;
    for (const auto& [kind, seen] : kinds_) {
        kinds.emplace_back(kind, Json::object({{"changes", seen.changes},
                                               {"followed", seen.followed},
                                               {"expected", seen.expected}}));
    }
    for (const auto& [target, count] : incidents_) incidents.emplace_back(target, count);
    Json recent = Json::array();
    for (const Recent& one : recent_) {
        recent.push(Json::object({{"kind", one.kind},
                                  {"target", one.target},
                                  {"incident", one.incident},
                                  {"at", one.at.time_since_epoch().count()},
                                  {"followed", one.is_followed}}));
    }
    return Json::object({{"kinds", Json::of_members(std::move(kinds))},
                         {"incidents", Json::of_members(std::move(incidents))},
                         {"since", since_ ? Json(since_->time_since_epoch().count()) : Json()},
                         {"recent", recent}});
}

void ChangeRisk::restore(const Json& saved) {
    *this = ChangeRisk();
    for (const auto& [kind, seen] : saved["kinds"].members()) {
        kinds_[kind] = {static_cast<int>(seen["changes"].as_int()),
                        static_cast<int>(seen["followed"].as_int()), seen["expected"].as_number()};
    }
    for (const auto& [target, count] : saved["incidents"].members()) {
        incidents_[target] = static_cast<int>(count.as_int());
    }
    if (saved["since"].is_number()) since_ = Time{Duration(saved["since"].as_int())};
    for (const Json& one : saved["recent"].items()) {
        recent_.push_back({one["kind"].as_string(), one["target"].as_string(),
                           one["incident"].as_string(), Time{Duration(one["at"].as_int())},
                           one["followed"].as_bool()});
    }
}

}  // namespace ops

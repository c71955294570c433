// Windows of maintenance: checks go on, nothing is raised, repaired or told of what is in one. What
// is still bad at its end is looked at anew, and told then.
#include <algorithm>

#include "agent/ops_agent.h"

namespace ops {

// Until when a target is in a window now; nothing: it is in none. A window of a host or a group is
// one of all its services.
std::optional<Time> OpsAgent::maintenance_until(const std::string& target, Time now) const {
    const Service* service = loaded_->settings.inventory.find_service(target);
    std::optional<Time> latest;
    for (size_t i = 0; i < open_windows_.size(); ++i) {
        const std::optional<Time>& until = open_windows_[i];
        const MaintenanceWindow& window = loaded_->escalation.maintenance[i];
        if (!until || *until <= now) continue;
        const bool covers =
            window.covers(target) ||
            (service != nullptr && ((!service->host.empty() && window.covers(service->host)) ||
                                    (!service->group.empty() && window.covers(service->group))));
        if (covers && (!latest || *until > *latest)) latest = until;
    }
    return latest;
}

void OpsAgent::keep_windows(Time now) {
    const auto& windows = loaded_->escalation.maintenance;
    if (windows.empty() && in_maintenance_.empty()) return;
    // Windows begin and end with a minute.
    const auto minute = std::chrono::floor<std::chrono::minutes>(now);
    if (minute == windows_seen_at_ && open_windows_.size() == windows.size()) return;
    windows_seen_at_ = minute;
    std::vector<std::optional<Time>> open;
    for (const MaintenanceWindow& window : windows) open.push_back(window.open_until(now));
    open_windows_ = std::move(open);
    std::map<std::string, Time> held;
    for (const TargetState& state : detector_->states()) {
        if (const auto until = maintenance_until(state.target, now)) held[state.target] = *until;
    }
    const std::map<std::string, Time> before = std::exchange(in_maintenance_, held);
    if (before == held) return;
    states_changed_ = true;
    escalator_->set_maintenance(held);
    for (const auto& [target, until] : held) {
        const auto known = before.find(target);
        if (known != before.end() && known->second == until) continue;
        detect(detector_->hold(target, Status::maintenance, until, now));
        note("maintenance.began", nullptr, target,
             Json::object({{"until", format_rfc3339(until)}}));
    }
    for (const auto& [target, until] : before) {
        if (held.contains(target)) continue;
        detect(detector_->hold(target, std::nullopt, std::nullopt, now));
        note("maintenance.ended", nullptr, target, Json::object());
    }
}

}  // namespace ops

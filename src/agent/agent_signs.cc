// Other monitors that live: their Watchdog comes. One that is missed is an incident.
#include "agent/ops_agent.h"
#include "base/text.h"

namespace ops {
namespace {

constexpr std::string_view kWhat = "watchdog/";
constexpr size_t kMostWho = 120;

// "alertmanager (cluster=eu)", "ops-agent pc".
std::string sender_of(const OutsideAlert& alert) {
    const auto agent = alert.labels.find("agent");
    if (agent != alert.labels.end()) {
        return clip_end("ops-agent " + harmless_line(agent->second), kMostWho);
    }
    std::string more;
    for (const auto& [name, value] : alert.labels) {
        if (name == "alertname" || name == "severity") continue;
        more += (more.empty() ? "" : ", ") + name + "=" + value;
    }
    std::string who(name_of(alert.source));
    if (!more.empty()) who += " (" + clip_end(harmless_line(more), kMostWho) + ")";
    return who;
}

}  // namespace

void OpsAgent::take_sign(const OutsideAlert& alert) {
    const Time now = ports_.clock.now();
    const auto agent = alert.labels.find("agent");
    if (agent != alert.labels.end() && agent->second == loaded_->settings.agent.name) return;
    if (!alert.firing) return signs_.ended(alert.identity, now);
    signs_.heard(alert.identity, sender_of(alert), now);
    self_is_well(std::string(kWhat) + alert.identity, "it sends again");
}

void OpsAgent::keep_signs(Time now) {
    if (!watching_) return;
    // Whoever resolves it by hand does not wait for that monitor any more.
    for (const std::string& id : signs_.silent()) {
        if (find_by_key("self/" + std::string(kWhat) + id) == nullptr) signs_.forget(id);
    }
    for (const auto& one : signs_.become_silent(now, loaded_->escalation.monitor_silent_after)) {
        self_fails(std::string(kWhat) + one.id, one.who + " no longer sends", one.reason,
                   Level::warning);
        states_changed_ = true;
    }
}

}  // namespace ops

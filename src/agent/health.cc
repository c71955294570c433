#include "agent/health.h"

#include "agent/load.h"
#include "escalate/silence.h"
#include "resolve/kill_switch.h"

namespace ops {
namespace {

Json or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

Json target_json(const Detector& detector, const Inventory& inventory, const TargetState& state,
                 Time now) {
    const Service* service = inventory.find_service(state.target);
    Json json = Json::object({{"name", state.target}});
    json.set("group", service == nullptr || service->group.empty() ? Json() : Json(service->group));
    json.set("host", or_null(service == nullptr ? "" : inventory.host_of(state.target)));
    json.set("status", name_of(state.status));
    json.set("since", state.since == Time{} ? Json() : Json(format_rfc3339(state.since)));
    json.set("reason", state.reason);
    json.set("facts", detector.facts(state.target, now).to_plain_json());
    if (state.flapping) json.set("flapping", true);
    if (!state.suppressed_by.empty()) json.set("suppressed_by", state.suppressed_by);
    return json;
}

std::string_view overall_status(const std::vector<TargetState>& states,
                                const Inventory& inventory) {
    bool is_well = true, all_down = true;
    for (const TargetState& state : states) {
        const bool is_down = state.status == Status::down;
        if (is_down || state.status == Status::degraded) is_well = false;
        const bool counts = inventory.services.empty() || inventory.find_service(state.target);
        if (counts && !is_down) all_down = false;
    }
    if (is_well) return "ok";
    return all_down ? "down" : "degraded";
}

Json health_json(const Detector& detector, const Settings& settings, Time now,
                 const HealthContext& context) {
    Json services = Json::array(), hosts = Json::array();
    const std::vector<TargetState> states = detector.states();
    for (const TargetState& state : states) {
        const bool is_host = settings.inventory.find_host(state.target) != nullptr;
        (is_host ? hosts : services).push(target_json(detector, settings.inventory, state, now));
    }
    return Json::object({{"status", overall_status(states, settings.inventory)},
                         {"at", format_rfc3339(now)},
                         {"agent", settings.agent.name},
                         {"mode", name_of(settings.agent.mode)},
                         {"paused", context.paused},
                         {"services", services},
                         {"hosts", hosts},
                         {"silences", context.silences},
                         {"maintenance", context.maintenance},
                         {"open_incidents", static_cast<int64_t>(context.open_incidents)}});
}

Json saved_silences(const Json& states, Time now) {
    Json list = Json::array();
    for (const Silence& silence : read_silences(states["escalator"]["silences"])) {
        if (now < silence.until) list.push(silence.to_json());
    }
    return list;
}

Result<Json> last_health(Store& store, const Loaded& loaded, Files& files, Time now) {
    const std::optional<std::string> states = TRY(store.state("states"));
    if (!states) return Error{Fault::not_found, "no states were saved there"};
    const Json all = TRY(Json::parse(*states).during("read saved states"));
    const Json& saved = all["detector"];
    const Time at = saved.has("saved_at") ? Time{Duration{saved["saved_at"].as_int()}} : now;
    Detector detector(loaded.settings, loaded.runbook, nullptr, at);
    detector.restore(saved, at);
    return health_json(detector, loaded.settings, at,
                       {.paused = read_kill_switch(files, loaded.data_dir).on,
                        .open_incidents = detector.open_keys().size(),
                        .silences = saved_silences(all, now)});
}

}  // namespace ops

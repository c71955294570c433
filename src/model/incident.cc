#include "model/incident.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace ops {
namespace {

constexpr std::array<std::pair<IncidentState, std::string_view>, 7> kStates{{
    {IncidentState::open, "open"},
    {IncidentState::awaiting_approval, "awaiting_approval"},
    {IncidentState::resolving, "resolving"},
    {IncidentState::verifying, "verifying"},
    {IncidentState::escalated, "escalated"},
    {IncidentState::acknowledged, "acknowledged"},
    {IncidentState::resolved, "resolved"},
}};

Json or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json time_json(const std::optional<Time>& at) { return at ? Json(format_rfc3339(*at)) : Json(); }

// Sets `field` to the member when the event has it: an event that says nothing of it changes
// nothing.
void take(const Json& body, std::string_view key, std::string& field) {
    if (body[key].is_string()) field = body[key].as_string();
}
void take_unless_empty(const Json& body, std::string_view key, std::string& field) {
    const std::string text = body[key].as_string();
    if (!text.empty()) field = text;
}

void add_once(std::vector<std::string>& list, const std::string& item) {
    if (!item.empty() && std::find(list.begin(), list.end(), item) == list.end()) {
        list.push_back(item);
    }
}

void open_incident(const Event& event, Incident& incident) {
    incident.id = event.incident;
    incident.target = event.target;
    incident.opened_at = event.at;
    take(event.body, "title", incident.title);
    take(event.body, "host", incident.host);
    take(event.body, "rule", incident.rule);
    take_unless_empty(event.body, "level", incident.level);
    take(event.body, "reason", incident.seen);
    incident.reason = incident.seen;
    incident.members = event.body["members"].strings();
}

// What it is called now: it grew worse, or is a systemic one, which others joined.
void note(const Event& event, Incident& incident) {
    take_unless_empty(event.body, "text", incident.note);
    take_unless_empty(event.body, "title", incident.title);
    take_unless_empty(event.body, "rule", incident.rule);
    std::set<std::string> known(incident.members.begin(), incident.members.end());
    for (const std::string& member : event.body["members"].strings()) {
        if (known.insert(member).second) incident.members.push_back(member);
    }
}

void end_wait(Incident& incident) {
    incident.waits.clear();
    incident.waits_until.reset();
}

void change_state(const Event& event, Incident& incident) {
    const auto state = parse_incident_state(event.body["state"].as_string());
    if (!state) return;
    const bool asks = *state == IncidentState::awaiting_approval;
    if (asks && incident.state != *state) ++incident.questions;
    incident.state = *state;
    if (*state == IncidentState::open && incident.acknowledged) {
        incident.state = IncidentState::acknowledged;
    }
    take_unless_empty(event.body, "reason", incident.reason);
    end_wait(incident);
    take(event.body, "waits", incident.waits);
    const Result<Time> until = parse_rfc3339(event.body["waits_until"].as_string());
    if (until.ok()) incident.waits_until = until.value();
    if (*state == IncidentState::resolved) {
        if (!incident.resolved_at) incident.resolved_at = event.at;
    } else {  // a resolved incident that is opened again has not been resolved
        incident.resolved_at.reset();
        incident.resolved_by.clear();
    }
}

void resolve_incident(const Event& event, Incident& incident) {
    incident.state = IncidentState::resolved;
    incident.resolved_at = event.at;
    end_wait(incident);
    take(event.body, "by", incident.resolved_by);
    take_unless_empty(event.body, "reason", incident.reason);
    take_unless_empty(event.body, "note", incident.note);
}

void acknowledge(const Event& event, Incident& incident) {
    incident.acknowledged = true;
    take(event.body, "by", incident.acknowledged_by);
    // A repair that is under way goes on, and its state says more than "seen".
    if (incident.state == IncidentState::open || incident.state == IncidentState::escalated) {
        incident.state = IncidentState::acknowledged;
    }
}

void note_intent(const Event& event, Incident& incident) {
    const int attempt = static_cast<int>(event.body["attempt"].as_int());
    incident.attempts = std::max(incident.attempts, attempt);
    end_wait(incident);
    if (!event.body["undo"].as_bool()) take_unless_empty(event.body, "entry", incident.entry);
}

void describe_action(const Event& event, Action& action) {
    const Json& body = event.body;
    action.id = body["action"].as_string();
    action.incident = event.incident;
    action.target = event.target;
    take(body, "entry", action.entry);
    if (body.has("step")) action.step = static_cast<int>(body["step"].as_int());
    if (body.has("attempt")) action.attempt = static_cast<int>(body["attempt"].as_int());
    if (body.has("argv")) action.argv = body["argv"].strings();
    take(body, "argv_sha256", action.argv_sha256);
    take(body, "effect", action.effect);
    take(body, "reason", action.reason);
    action.started_at = event.at;
}

void begin_action(const Event& event, Action& action) {
    describe_action(event, action);
    action.state = "intent";
    action.reason.clear();
    action.exit.reset();
    action.how.clear();
    action.undo = event.body["undo"].as_bool();
    action.intent = event.body;
    action.ended_at.reset();
}

void end_action(const Event& event, Action& action) {
    const Json& body = event.body;
    action.state = "running";  // done, and not yet verified
    action.ended_at = event.at;
    take(body, "output", action.output);
    const std::string how = body["how"].as_string();
    const bool by_itself = how.empty() || how == "exit" || how == "exited";
    // Else the code is the signal that ended it.
    if (by_itself && body["code"].is_number())
        action.exit = static_cast<int>(body["code"].as_int());
    if (!by_itself) action.how = action.reason = how;
}

void judge_action(const Event& event, std::string_view state, Action& action) {
    action.state = state;
    take_unless_empty(event.body, "reason", action.reason);
    if (event.body["harmed"].as_bool()) action.harmed = true;
    if (event.body.has("harmed_targets")) {
        action.harmed_targets = event.body["harmed_targets"].strings();
    }
    if (state == "unknown") action.was_unknown = true;
    if (!action.ended_at) action.ended_at = event.at;
}

}  // namespace

std::string_view name_of(IncidentState state) {
    for (const auto& [known, name] : kStates) {
        if (known == state) return name;
    }
    return "open";
}

std::optional<IncidentState> parse_incident_state(std::string_view text) {
    for (const auto& [state, name] : kStates) {
        if (name == text) return state;
    }
    return std::nullopt;
}

Json Incident::to_json() const {
    Json json = Json::object({
        {"id", id},
        {"title", title},
        {"service", target},
        {"host", or_null(host)},
        {"state", name_of(state)},
        {"level", level},
        {"opened_at", format_rfc3339(opened_at)},
        {"resolved_at", time_json(resolved_at)},
        {"entry", or_null(entry)},
        {"attempts", attempts},
        {"resolved_by", or_null(resolved_by)},
        {"told", Json::of_strings(told)},
        {"cost_usd", cost_usd},
        {"tokens", tokens},
        {"rule", rule},
        {"seen", seen},
        {"reason", reason},
        {"cause", or_null(cause)},
        {"acknowledged", acknowledged},
        {"acknowledged_by", or_null(acknowledged_by)},
        {"waits_for", or_null(waits)},
        {"waits_until", time_json(waits_until)},
        {"note", or_null(note)},
        {"supposed", or_null(supposed)},
        {"members", Json::of_strings(members)},
    });
    return json;
}

Json Action::to_json() const {
    return Json::object({
        {"id", id},
        {"incident", incident},
        {"entry", entry},
        {"step", step},
        {"target", target},
        {"argv", Json::of_strings(argv)},
        {"state", state},
        {"started_at", format_rfc3339(started_at)},
        {"ended_at", time_json(ended_at)},
        {"exit", exit ? Json(*exit) : Json()},
        {"output", output},
        {"approved_by", or_null(approved_by)},
        {"attempt", attempt},
        {"argv_sha256", or_null(argv_sha256)},
        {"effect", or_null(effect)},
        {"reason", or_null(reason)},
        {"undo", undo},
    });
}

bool apply(const Event& event, Incident& incident) {
    if (event.incident.empty()) return false;
    if (incident.id.empty()) {
        if (event.kind != "incident.opened") return false;
        open_incident(event, incident);
    } else if (event.incident != incident.id) {
        return false;
    } else if (event.kind == "incident.diagnosed") {
        take(event.body, "entry", incident.entry);
        take(event.body, "cause", incident.cause);
        incident.proposed = event.body["proposed"].as_bool();
    } else if (event.kind == "incident.investigated") {
        take_unless_empty(event.body, "cause", incident.supposed);
    } else if (event.kind == "incident.state") {
        change_state(event, incident);
    } else if (event.kind == "incident.level") {
        take_unless_empty(event.body, "level", incident.level);
    } else if (event.kind == "incident.noted") {
        note(event, incident);
    } else if (event.kind == "incident.acknowledged") {
        acknowledge(event, incident);
    } else if (event.kind == "incident.resolved") {
        resolve_incident(event, incident);
    } else if (event.kind == "action.intent") {
        note_intent(event, incident);
    } else if (event.kind == "alert.sent") {
        add_once(incident.told, event.body["channel"].as_string());
    }
    // What a model was paid for stands in whatever event its answer came with.
    incident.cost_usd += event.body["cost_usd"].as_number();
    incident.tokens += event.body["tokens"].as_int();
    incident.last_seq = event.seq;
    return true;
}

bool apply(const Event& event, Action& action) {
    const std::string id = event.body["action"].as_string();
    if (!event.kind.starts_with("action.") || id.empty()) return false;
    if (!action.id.empty() && action.id != id) return false;
    const std::string_view what = std::string_view(event.kind).substr(sizeof("action.") - 1);
    // One that is folded from its middle (its beginning was not there) still knows whose it is.
    if (action.id.empty()) describe_action(event, action);
    if (what == "denied") {
        describe_action(event, action);
        judge_action(event, "denied", action);
    } else if (what == "awaiting") {
        describe_action(event, action);
        action.state = "awaiting_approval";
        action.approved_by.clear();  // a yes to an earlier question is none to this one
    } else if (what == "approved") {
        const std::string by = event.body["by"].as_string();
        if (!by.empty()) action.approved_by += (action.approved_by.empty() ? "" : ", ") + by;
    } else if (what == "rejected") {
        judge_action(event, "denied", action);
        if (event.body["reason"].as_string().empty()) {
            action.reason = "rejected by " + event.body["by"].as_string();
        }
    } else if (what == "intent") {
        begin_action(event, action);
    } else if (what == "outcome") {
        end_action(event, action);
    } else if (what == "unknown" || what == "verified" || what == "failed" || what == "undone") {
        judge_action(event, what, action);
    }
    return true;
}

}  // namespace ops

// What people and services ask of the running agent, over HTTP and the command line.
#include <algorithm>
#include <set>

#include "agent/asking.h"
#include "agent/health.h"
#include "agent/ops_agent.h"
#include "agent/pushed_facts.h"
#include "agent/views.h"
#include "base/text.h"
#include "base/units.h"
#include "model/unknown_target.h"

namespace ops {
namespace {

// The journal takes 1 MiB, and redacting makes a text longer.
constexpr size_t kLongestEvent = size_t{64} * 1024;

// One line of Prometheus' text format; label values are escaped as its documentation says.
std::string metric(std::string_view name, std::string_view label, std::string_view of,
                   double value) {
    std::string out(name);
    if (!label.empty()) {
        std::string escaped = replace_all(std::string(of), "\\", "\\\\");
        escaped = replace_all(std::move(escaped), "\"", "\\\"");
        out +=
            "{" + std::string(label) + "=\"" + replace_all(std::move(escaped), "\n", "\\n") + "\"}";
    }
    return out + " " + format_number(value, 6) + "\n";
}

std::string header(std::string_view name, std::string_view type, std::string_view help) {
    return "# HELP " + std::string(name) + " " + std::string(help) + "\n# TYPE " +
           std::string(name) + " " + std::string(type) + "\n";
}

// As the journal has it: "ann", or "ann (root)" when another user's process claims the name.
std::string who(const Deed& deed) {
    const bool same = deed.user.empty() || to_lower(deed.user) == to_lower(deed.by);
    return same ? deed.by : deed.by + " (" + deed.user + ")";
}

// What a recorded name holds of its bearer: "ann" and "root" of "ann (root)".
std::set<std::string> names_in(std::string_view recorded) {
    const size_t open = recorded.rfind(" (");
    if (open == std::string_view::npos || !recorded.ends_with(')')) return {to_lower(recorded)};
    return {to_lower(recorded.substr(0, open)),
            to_lower(recorded.substr(open + 2, recorded.size() - open - 3))};
}

// Two people are needed, and one of them is not two by giving another name, nor by being another
// user.
bool has_said_yes(const Action& action, const Deed& deed) {
    const std::set<std::string> asking = names_in(who(deed));
    for (const std::string_view known : split(action.approved_by, ',')) {
        for (const std::string& name : names_in(trim(known))) {
            if (asking.contains(name)) return true;
        }
    }
    return false;
}

// What it waits for next may be something else than a yes: the answer says itself whether another
// is needed.
Result<int64_t> yeses_needed(Store& store, const std::string& incident) {
    for (const Event& event : TRY(store.events({.incident = incident,
                              .kind_prefix = "action.awaiting",
                              .order = EventQuery::Order::newest_first,
                              .limit = 1}))) {
        return event.body["needed"].as_int(1);
    }
    return 1;
}
int64_t count_yeses(const std::vector<Action>& actions, const std::string& id) {
    const auto action = std::find_if(actions.begin(), actions.end(),
                                     [&id](const Action& one) { return one.id == id; });
    if (action == actions.end() || action->approved_by.empty()) return 0;
    return std::count(action->approved_by.begin(), action->approved_by.end(), ',') + 1;
}

}  // namespace

// --- look ---

Result<Json> OpsAgent::look(const View& view) {
    if (view.what == "health") return health_json();
    if (view.what == "services") {
        const Json health = health_json();
        return Json::object({{"services", health["services"]}, {"hosts", health["hosts"]}});
    }
    if (view.what == "service") {
        const Inventory& inventory = loaded_->settings.inventory;
        if (!inventory.has_target(view.name)) {
            return Error{Fault::not_found, no_target(inventory, view.name)};
        }
        Json service = target_json(detector_->state(view.name));
        flush_samples();  // what is seen stands in its history, too
        TRY(add_history(service, *history_, *store_, view.name, ports_.clock.now()));
        return service;
    }
    if (view.what == "eval") {
        return eval_json(filter_of(view, "expr"), filter_of(view, "service"), *detector_,
                         loaded_->settings, ports_.clock.now());
    }
    if (view.what == "predictions") {
        return predictions_json(*detector_, loaded_->settings, ports_.clock.now());
    }
    if (view.what == "runbook") {
        Json entries = Json::array();
        for (const Entry& entry : loaded_->runbook.entries) {
            Json symptoms = Json::array();
            for (const auto& symptom : entry.symptoms) symptoms.push(symptom.text());
            Json steps = Json::array();
            for (const Step& step : entry.steps) steps.push(step.text);
            entries.push(Json::object({{"name", entry.name},
                                       {"symptoms", symptoms},
                                       {"steps", steps},
                                       {"risk", name_of(entry.risk)},
                                       {"effect", name_of(entry.effect)},
                                       {"autonomy", name_of(entry.autonomy)},
                                       {"enabled", entry.enabled},
                                       {"sha256", entry.sha256}}));
        }
        return Json::object({{"entries", entries}});
    }
    if (view.what.starts_with("brain/")) return search_memories(view);
    if (view.what == "candidates") return learned_json();
    if (view.what == "maintenance") {
        return Json::object({{"windows", maintenance_json(Windows::also_next)}});
    }
    if (view.what == "silences") return Json::object({{"silences", silences_json()}});
    if (view.what == "press") return look_at_link(view);
    Result<Json> seen = look_at_records(*store_, view, loaded_->settings, ports_.clock.now());
    if (!seen.ok()) return seen;
    Json json = std::move(seen).value();
    if (view.what == "report") add_quiet(json);
    // What was typed since it opened, as far as we may look: for the note of whoever repaired it.
    const Case* open = view.what == "incident" ? find_case(json["id"].as_string()) : nullptr;
    if (open != nullptr) json.set("typed", Json::of_strings(typed_since(open->incident)));
    return json;
}

Json OpsAgent::target_json(const TargetState& state) const {
    return ops::target_json(*detector_, loaded_->settings.inventory, state, ports_.clock.now());
}

Json OpsAgent::health_json() const {
    return ops::health_json(*detector_, loaded_->settings, ports_.clock.now(),
                            {.paused = read_kill_switch(ports_.files, loaded_->data_dir).on,
                             .open_incidents = cases_.size(),
                             .silences = silences_json(),
                             .maintenance = maintenance_json(Windows::open)});
}

// --- act ---

Result<Json> OpsAgent::act(const Deed& deed) {
    if (deed.what == "pause" || deed.what == "resume") {
        return set_paused(deed.what == "pause", deed);
    }
    if (deed.what == "silence") return add_silence(deed, who(deed));
    if (deed.what == "maintenance") return order_maintenance(deed, who(deed));
    if (deed.what == "end-maintenance") return end_maintenance(deed, who(deed));
    if (deed.what == "unsilence") return end_silence(deed, who(deed));
    if (deed.what == "promote" || deed.what == "demote") return move_candidate(deed, who(deed));
    if (deed.what == "reload") {
        TRY(reload());
        return Json::object({{"reloaded", true}});
    }
    if (deed.what == "remember") return add_memory(deed);
    if (deed.what == "press/knock") return press_by_knock(deed);
    if (deed.what == "press/link") return press_by_link(deed);
    return act_on_case(deed);
}

Result<Json> OpsAgent::set_paused(bool paused, const Deed& deed) {
    const std::string by = who(deed);
    const Time now = ports_.clock.now();
    TRY(set_kill_switch(ports_.files, loaded_->data_dir, paused, by, now));
    note(paused ? "agent.paused" : "agent.resumed", nullptr, "",
         Json::object({{"by", by}, {"via", deed.via}}));
    ports_.log.line(Severity::warning, std::string(paused ? "paused by " : "resumed by ") + by);
    if (!paused) ask_again_after_pause();
    return Json::object({{"paused", paused}});
}

namespace {

// A larger failure, closed, would be many incidents, each repaired at once.
Error goes_on(const std::string& id, const std::string& down) {
    return {Fault::denied, "still down: " + down + "; it ends when they are well. `ops-agent ack " +
                               id + "` ends the messages"};
}

}  // namespace

Result<Json> OpsAgent::act_on_case(const Deed& deed) {
    const std::optional<Incident> named = TRY(store_->incident(deed.id));
    if (!named)
        return Error{Fault::not_found, "no incident '" + printable(deed.id, Lines::flatten) + "'"};
    Case* the_case = find_case(named->id);
    if (the_case == nullptr)
        return Error{Fault::denied, "incident '" + named->id + "' is closed already"};
    const std::string id = named->id, target = named->target;
    if (deed.what == "ack") {
        note("incident.acknowledged", the_case, target,
             Json::object({{"by", who(deed)}, {"via", deed.via}, {"note", deed.note}}));
        feed(*the_case, RepairTime{});  // what has not begun is left to this person
        escalate(*the_case);
    } else if (deed.what == "resolve") {
        if (the_case->repair && the_case->incident.state == IncidentState::resolving &&
            !the_case->repair->is_resting() && !the_case->repair->is_held()) {
            return Error{Fault::denied,
                         "a repair is under way; pause first, or wait for it to end"};
        }
        const std::string down = join(down_of(named->members), ", ");
        if (named->rule == kRuleSystemic && !down.empty()) return goes_on(id, down);
        const std::string closed = "closed by " + who(deed) + " (" + deed.via + ")";
        withdraw_repair(*the_case, closed);
        // What ran and is not waited for any more: nobody will say that it helped.
        std::vector<std::string> unseen;
        for (const Action& action : the_case->actions) {
            if (action.state == "running") unseen.push_back(action.id);
        }
        for (const std::string& action : unseen) {
            note(
                "action.unknown", the_case, target,
                Json::object({{"action", action}, {"reason", closed + " before it was verified"}}));
        }
        resolve_case(*the_case, "human", closed, deed.note);
        return Json::object({{"id", id}, {"state", "resolved"}});
    } else if (deed.what == "approve" || deed.what == "reject") {
        const Action* action = awaiting_action(*the_case);
        const std::string waits = the_case->incident.waits;
        if (action == nullptr || !the_case->repair || !waits.empty()) {
            return Error{Fault::denied, "incident '" + id + "' waits for no approval" +
                                            (waits.empty() ? "" : "; it waits: " + waits)};
        }
        const std::string asked = action->id, shown = action->argv_sha256;
        if (deed.what == "approve") {
            if (!deed.shown.empty() && deed.shown != shown) {
                return Error{Fault::denied,
                             "the commands are not those that were shown any more; look again"};
            }
            if (has_said_yes(*action, deed)) {
                return Error{Fault::denied, "'" + (deed.user.empty() ? deed.by : deed.user) +
                                                "' has said yes already; another person must"};
            }
            const int64_t needed = TRY(yeses_needed(*store_, id));
            feed(*the_case, RepairApproved{who(deed), shown, deed.via});
            Json reply = the_case->incident.to_json();
            reply.set("needed", needed);
            reply.set("yeses", count_yeses(the_case->actions, asked));
            return reply;
        } else {
            feed(*the_case, RepairRejected{who(deed), deed.via});
        }
    } else {
        return Error{Fault::invalid, "nothing to do is called '" + deed.what + "'"};
    }
    return the_case->incident.to_json();
}

// --- push ---

Result<Json> OpsAgent::push(const Push& push) {
    if (push.kind == Push::Kind::alerts) TRY(push_alerts(push));
    if (push.kind == Push::Kind::event) TRY(push_event(push));
    if (push.kind != Push::Kind::heartbeat && push.kind != Push::Kind::facts) return Json::object();
    const Inventory& inventory = loaded_->settings.inventory;
    if (inventory.find_service(push.name) == nullptr) {
        if (!inventory.has_target(push.name))
            return Error{Fault::not_found, no_target(inventory, push.name)};
        return Error{Fault::not_found,
                     "'" + push.name +
                         "' is a host or a signal: heartbeats and facts are pushed to a service"};
    }
    if (push.kind == Push::Kind::facts) return push_facts(push);
    TRY(push_heartbeat(push));
    return Json::object();
}

Result<> OpsAgent::push_event(const Push& push) {
    const Time now = ports_.clock.now();
    const Inventory& inventory = loaded_->settings.inventory;
    const std::string target = push.body["service"].as_string();
    if (push.body.has("service") && !push.body["service"].is_string()) {
        return Error{Fault::invalid, "body: 'service' is the name of a service"};
    }
    if (!is_safe_word(push.name)) return Error{Fault::invalid, "event kinds are words like deploy"};
    if (!target.empty() && !inventory.has_target(target)) {
        return Error{Fault::not_found, no_target(inventory, target)};
    }
    if (push.body.dump().size() > kLongestEvent) {
        return Error{Fault::invalid, "body: an event is 64 KiB at most"};
    }
    note("event.outside", nullptr, target,
         Json::object({{"kind", push.name}, {"body", push.body}}));
    (void)history_->add_event(target, push.name, now);  // for trends; the journal has it
    if (push.name == "security") {
        push_security(target, "", push.body["text"].as_string());
    } else {
        detect(detector_->push_event(target, push.name, now));
    }
    return {};
}

// All of them or none. A name that nobody declared is kept, for people to see it; no rule can ask
// for it, so whoever sends it is told.
Result<Json> OpsAgent::push_facts(const Push& push) {
    const Time now = ports_.clock.now();
    const Json& facts = push.body["facts"];
    if (!facts.is_object() || facts.members().empty()) {
        return Error{Fault::invalid, "body: expected {\"facts\": {NAME: VALUE}}"};
    }
    Observation seen;
    seen.target = push.name;
    seen.at = now;
    const TargetNames names(loaded_->settings);
    Json taken = Json::array(), undeclared = Json::array();
    for (const auto& [name, value] : facts.members()) {
        const Result<Value> read = read_pushed_fact(name, value, loaded_->settings);
        if (!read.ok()) return read.error();
        seen.facts.push_back({name, read.value()});
        taken.push(name);
        if (!names.fact(name)) undeclared.push(name);
    }
    if (!detector_->has_room_for(push.name, seen.facts)) {
        return Error{Fault::denied, "'" + push.name + "' would have more than " +
                                        std::to_string(Detector::kMostFacts) +
                                        " facts; none of these was taken"};
    }
    keep_samples(seen);
    detect(detector_->push_facts(push.name, seen.facts, now));
    return Json::object({{"taken", taken}, {"undeclared", undeclared}});
}

Result<> OpsAgent::push_heartbeat(const Push& push) {
    const Time now = ports_.clock.now();
    const std::optional<Beat> beat = parse_beat(push.signal);
    if (push.signal == "log")
        return {};  // Healthchecks: noted by the sender, says nothing of health
    if (!beat) return Error{Fault::invalid, "no heartbeat signal '" + push.signal + "'"};
    Beat told = *beat;
    told.body = push.body;
    if (!heartbeats_->beat(push.name, now, told)) {
        return Error{Fault::denied, "service '" + push.name +
                                        "' has no heartbeat: {every, grace} in the configuration"};
    }
    last_beat_[push.name] = now;
    detect(detector_->heartbeat(push.name, now));
    if (const auto seen = heartbeats_->evaluate(push.name, now)) observe(*seen, {});
    return {};
}

// --- the rest ---

bool OpsAgent::is_ready() { return watching_ && !failure_; }

std::string OpsAgent::late_metrics() const {
    const std::string name = "ops_agent_check_late_seconds";
    std::string out = header(name, "histogram", "How late checks began against their schedule.");
    uint64_t count = 0;
    for (size_t i = 0; i < late_.size(); ++i) {
        count += late_[i];
        const std::string limit =
            i < kLateSteps.size() ? format_number(kLateSteps[i] / 1000.0, 3) : "+Inf";
        out += metric(name + "_bucket", "le", limit, static_cast<double>(count));
    }
    out += metric(name + "_sum", "", "", static_cast<double>(late_ms_) / 1000.0);
    return out + metric(name + "_count", "", "", static_cast<double>(count));
}

std::string OpsAgent::metrics() {
    std::string out = header("ops_agent_info", "gauge", "Version of this agent.");
    out += metric("ops_agent_info", "version", options_.version, 1);
    out += header("ops_agent_checks_total", "counter", "Replies of checks since the start.");
    out += metric("ops_agent_checks_total", "", "", static_cast<double>(checks_done_));
    out += late_metrics();
    out += header("ops_agent_actions_total", "counter", "Actions begun since the start.");
    out += metric("ops_agent_actions_total", "", "", static_cast<double>(actions_done_));
    out += header("ops_agent_alerts_sent_total", "counter", "Messages delivered since the start.");
    out += metric("ops_agent_alerts_sent_total", "", "", static_cast<double>(alerts_sent_));
    out += header("ops_agent_open_incidents", "gauge", "Incidents that are not resolved.");
    out += metric("ops_agent_open_incidents", "", "", static_cast<double>(cases_.size()));
    out += header("ops_agent_paused", "gauge", "1 while the kill switch is on.");
    out += metric("ops_agent_paused", "", "",
                  read_kill_switch(ports_.files, loaded_->data_dir).on ? 1 : 0);
    const std::vector<TargetState> states = detector_->states();
    out +=
        header("ops_target_up", "gauge", "1 when the target is up, 0 when it is down or degraded.");
    for (const TargetState& state : states) {
        if (state.status == Status::unknown) continue;
        out += metric("ops_target_up", "target", state.target, state.status == Status::up ? 1 : 0);
    }
    const Time now = ports_.clock.now();
    out += header("ops_target_latency_seconds", "gauge", "Newest latency of the target's check.");
    for (const TargetState& state : states) {
        const Value latency = detector_->fact(state.target, "latency", now);
        if (latency.is_quantity()) {
            out += metric("ops_target_latency_seconds", "target", state.target, latency.amount());
        }
    }
    return out;
}

}  // namespace ops

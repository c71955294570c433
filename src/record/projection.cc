#include "record/projection.h"

#include <algorithm>
#include <chrono>

#include "model/incident.h"

namespace ops {
namespace {

int64_t millis(Time at) { return at.time_since_epoch().count(); }
Time time_of(int64_t ms) { return Time(Duration(ms)); }

Json millis_or_null(const std::optional<Time>& at) { return at ? Json(millis(*at)) : Json(); }
std::optional<Time> read_time(const Json& json) {
    if (!json.is_number()) return std::nullopt;
    return time_of(json.as_int());
}

// Everything of an incident, to be read back the same; Incident::to_json is for other people.
std::string write_incident(const Incident& incident) {
    return Json::object({{"id", incident.id},
                         {"title", incident.title},
                         {"target", incident.target},
                         {"host", incident.host},
                         {"rule", incident.rule},
                         {"state", name_of(incident.state)},
                         {"level", incident.level},
                         {"seen", incident.seen},
                         {"reason", incident.reason},
                         {"opened_at", millis(incident.opened_at)},
                         {"resolved_at", millis_or_null(incident.resolved_at)},
                         {"entry", incident.entry},
                         {"proposed", incident.proposed},
                         {"cause", incident.cause},
                         {"supposed", incident.supposed},
                         {"attempts", incident.attempts},
                         {"resolved_by", incident.resolved_by},
                         {"acknowledged", incident.acknowledged},
                         {"acknowledged_by", incident.acknowledged_by},
                         {"waits", incident.waits},
                         {"waits_until", millis_or_null(incident.waits_until)},
                         {"questions", incident.questions},
                         {"note", incident.note},
                         {"members", Json::of_strings(incident.members)},
                         {"told", Json::of_strings(incident.told)},
                         {"cost_usd", incident.cost_usd},
                         {"tokens", incident.tokens},
                         {"last_seq", incident.last_seq}})
        .dump();
}

// Without `intent` and `output`, which may be large and stand in the events already.
std::string write_action(const Action& action) {
    Json json = Json::object({{"id", action.id},
                              {"incident", action.incident},
                              {"entry", action.entry},
                              {"target", action.target},
                              {"step", action.step},
                              {"attempt", action.attempt},
                              {"argv", Json::of_strings(action.argv)},
                              {"state", action.state},
                              {"reason", action.reason},
                              {"started_at", millis(action.started_at)},
                              {"ended_at", millis_or_null(action.ended_at)},
                              {"exit", action.exit ? Json(*action.exit) : Json()},
                              {"approved_by", action.approved_by},
                              {"argv_sha256", action.argv_sha256},
                              {"effect", action.effect},
                              {"undo", action.undo},
                              {"harmed", action.harmed},
                              {"harmed_targets", Json::of_strings(action.harmed_targets)}});
    if (!action.how.empty()) json.set("how", action.how);
    if (action.was_unknown) json.set("was_unknown", true);
    return json.dump();
}

// Where an action stands, for what is asked about it: not begun, intent without outcome, outcome
// without verdict, finished.
int progress_of(const Action& action) {
    if (action.state == "intent") return 1;
    if (action.state == "running") return 2;
    return action.state == "awaiting_approval" ? 0 : 3;
}

// When the event says that it is tried again; for ever put off when it does not.
int64_t next_try(const Json& body) {
    const Result<Time> at = parse_rfc3339(body["next_try"].as_string());
    return at.ok() ? millis(at.value()) : kNeverTriedAgain;
}

bool begins_action(std::string_view kind) {
    return kind == "action.intent" || kind == "action.awaiting" || kind == "action.denied";
}

}  // namespace

Result<Incident> read_incident(std::string_view body) {
    const Json json = TRY(Json::parse(body).during("read a recorded incident"));
    Incident incident;
    incident.id = json["id"].as_string();
    incident.title = json["title"].as_string();
    incident.target = json["target"].as_string();
    incident.host = json["host"].as_string();
    incident.rule = json["rule"].as_string();
    incident.state = parse_incident_state(json["state"].as_string()).value_or(IncidentState::open);
    incident.level = json["level"].as_string();
    incident.seen = json["seen"].as_string();
    incident.reason = json["reason"].as_string();
    incident.opened_at = time_of(json["opened_at"].as_int());
    incident.resolved_at = read_time(json["resolved_at"]);
    incident.entry = json["entry"].as_string();
    incident.proposed = json["proposed"].as_bool();
    incident.cause = json["cause"].as_string();
    incident.supposed = json["supposed"].as_string();
    incident.attempts = static_cast<int>(json["attempts"].as_int());
    incident.resolved_by = json["resolved_by"].as_string();
    incident.acknowledged = json["acknowledged"].as_bool();
    incident.acknowledged_by = json["acknowledged_by"].as_string();
    incident.waits = json["waits"].as_string();
    incident.waits_until = read_time(json["waits_until"]);
    incident.questions = static_cast<int>(json["questions"].as_int());
    incident.note = json["note"].as_string();
    incident.members = json["members"].strings();
    incident.told = json["told"].strings();
    incident.cost_usd = json["cost_usd"].as_number();
    incident.tokens = json["tokens"].as_int();
    incident.last_seq = static_cast<uint64_t>(json["last_seq"].as_int());
    return incident;
}

Result<Action> read_action(std::string_view body) {
    const Json json = TRY(Json::parse(body).during("read a recorded action"));
    Action action;
    action.id = json["id"].as_string();
    action.incident = json["incident"].as_string();
    action.entry = json["entry"].as_string();
    action.target = json["target"].as_string();
    action.step = static_cast<int>(json["step"].as_int());
    action.attempt = static_cast<int>(json["attempt"].as_int());
    action.argv = json["argv"].strings();
    action.state = json["state"].as_string();
    action.reason = json["reason"].as_string();
    action.started_at = time_of(json["started_at"].as_int());
    action.ended_at = read_time(json["ended_at"]);
    if (json["exit"].is_number()) action.exit = static_cast<int>(json["exit"].as_int());
    action.how = json["how"].as_string();
    action.approved_by = json["approved_by"].as_string();
    action.argv_sha256 = json["argv_sha256"].as_string();
    action.effect = json["effect"].as_string();
    action.undo = json["undo"].as_bool();
    action.harmed = json["harmed"].as_bool();
    action.harmed_targets = json["harmed_targets"].strings();
    action.was_unknown = json["was_unknown"].as_bool();
    return action;
}

Result<Projections> Projections::open(Database& database, Database& where_pruned) {
    Projections projections(database);
    Statement ids = TRY(where_pruned.prepare("SELECT id FROM pruned_id"));
    while (TRY(ids.step())) projections.cut_off_.insert(ids.text(0));
    return projections;
}

Result<> Projections::apply(const Event& event) {
    if (!event.incident.empty()) TRY(apply_to_incident(event));
    if (event.kind.starts_with("action.")) TRY(apply_to_action(event));
    if (event.kind.starts_with("alert.")) TRY(apply_to_alert(event));
    return {};
}

Result<> Projections::clear() {
    return database_->execute(
        "DELETE FROM incident; DELETE FROM action; DELETE FROM alert; DELETE FROM delivery;");
}

Result<> Projections::cut_off(const std::string& id, int64_t last_seq) {
    cut_off_.insert(id);
    return TRY(database_->prepare("INSERT OR REPLACE INTO pruned_id (id, last_seq) VALUES (?, ?)"))
        .bind(id)
        .bind(last_seq)
        .run();
}

Result<> Projections::forget_cut_off(int64_t through) {
    TRY(TRY(database_->prepare("DELETE FROM pruned_id WHERE last_seq <= ?")).bind(through).run());
    *this = TRY(open(*database_, *database_));
    return {};
}

Result<bool> Projections::is_cut_off(const std::string& id, uint64_t seq) {
    if (!cut_off_.contains(id)) return false;
    TRY(TRY(database_->prepare("UPDATE pruned_id SET last_seq = max(last_seq, ?) WHERE id = ?"))
            .bind(static_cast<int64_t>(seq))
            .bind(id)
            .run());
    return true;
}

Result<> Projections::apply_to_incident(const Event& event) {
    if (TRY(is_cut_off("incident " + event.incident, event.seq))) return {};
    Incident incident;
    {
        Statement row = TRY(database_->prepare("SELECT body FROM incident WHERE id = ?"));
        row.bind(event.incident);
        if (TRY(row.step())) incident = TRY(read_incident(row.view(0)));
    }
    if (!ops::apply(event, incident)) return {};
    const std::string body = write_incident(incident);
    return TRY(database_->prepare("INSERT OR REPLACE INTO incident (id, opened_at, state, target, "
                                  "last_seq, body) VALUES (?, ?, ?, ?, ?, ?)"))
        .bind(incident.id)
        .bind(millis(incident.opened_at))
        .bind(name_of(incident.state))
        .bind_or_null(incident.target)
        .bind(static_cast<int64_t>(incident.last_seq))
        .bind(body)
        .run();
}

Result<> Projections::apply_to_action(const Event& event) {
    const std::string id = event.body["action"].as_string();
    if (id.empty() || TRY(is_cut_off("action " + id, event.seq))) return {};
    Action action;
    int64_t intent_seq = 0;
    int64_t outcome_seq = 0;
    {
        Statement row = TRY(
            database_->prepare("SELECT body, intent_seq, outcome_seq FROM action WHERE id = ?"));
        row.bind(id);
        if (TRY(row.step())) {
            action = TRY(read_action(row.view(0)));
            intent_seq = row.integer(1);
            outcome_seq = row.integer(2);
        } else if (!begins_action(event.kind)) {
            return {};
        }
    }
    if (!ops::apply(event, action)) return {};
    const auto seq = static_cast<int64_t>(event.seq);
    if (event.kind == "action.intent") intent_seq = seq;
    if (event.kind == "action.outcome") outcome_seq = seq;
    const std::string body = write_action(action);
    return TRY(database_->prepare("INSERT OR REPLACE INTO action (id, incident, target, "
                                  "started_at, state, progress, intent_seq, outcome_seq, "
                                  "last_seq, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))
        .bind(id)
        .bind_or_null(action.incident)
        .bind_or_null(action.target)
        .bind(millis(action.started_at))
        .bind(action.state)
        .bind(int64_t{progress_of(action)})
        .bind(intent_seq)
        .bind(outcome_seq)
        .bind(seq)
        .bind(body)
        .run();
}

Result<> Projections::apply_to_alert(const Event& event) {
    const std::string key = event.body["key"].as_string();
    if (key.empty() || TRY(is_cut_off("alert " + key, event.seq))) return {};
    if (event.kind == "alert.queued") return queue_alert(event, key);
    if (event.kind == "alert.sent" || event.kind == "alert.failed") {
        return note_delivery(event, key);
    }
    return {};
}

// A pair of key and channel is queued once, ever: a crash between deciding to tell and remembering
// it must not tell twice.
Result<> Projections::queue_alert(const Event& event, const std::string& key) {
    const auto seq = static_cast<int64_t>(event.seq);
    TRY(TRY(database_->prepare("INSERT INTO alert (key, seq, at, incident, last_seq) "
                               "VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
                               "seq = excluded.seq, last_seq = excluded.last_seq"))
            .bind(key)
            .bind(seq)
            .bind(millis(event.at))
            .bind_or_null(event.incident)
            .bind(seq)
            .run());
    for (const std::string& channel : event.body["channels"].strings()) {
        TRY(TRY(database_->prepare("INSERT OR IGNORE INTO delivery (key, channel, seq, queued_at, "
                                   "sent_at, attempts, next_try, error) "
                                   "VALUES (?, ?, ?, ?, NULL, 0, ?, '')"))
                .bind(key)
                .bind(channel)
                .bind(seq)
                .bind(millis(event.at))
                .bind(millis(event.at))
                .run());
    }
    return {};
}

Result<> Projections::note_delivery(const Event& event, const std::string& key) {
    const std::string channel = event.body["channel"].as_string();
    TRY(TRY(database_->prepare("UPDATE alert SET last_seq = ? WHERE key = ?"))
            .bind(static_cast<int64_t>(event.seq))
            .bind(key)
            .run());
    if (event.kind == "alert.sent") {
        return TRY(database_->prepare("UPDATE delivery SET sent_at = ? WHERE key = ? AND "
                                      "channel = ? AND sent_at IS NULL"))
            .bind(millis(event.at))
            .bind(key)
            .bind(channel)
            .run();
    }
    int64_t failures = 0;
    {
        Statement row = TRY(database_->prepare(
            "SELECT attempts FROM delivery WHERE key = ? AND channel = ? AND sent_at IS NULL"));
        row.bind(key).bind(channel);
        if (!TRY(row.step())) return {};
        failures = row.integer(0) + 1;
    }
    const std::string error = event.body["error"].as_string();
    return TRY(database_->prepare("UPDATE delivery SET attempts = ?, next_try = ?, error = ? "
                                  "WHERE key = ? AND channel = ?"))
        .bind(failures)
        .bind(next_try(event.body))
        .bind(error)
        .bind(key)
        .bind(channel)
        .run();
}

}  // namespace ops

// What is asked of a Store.

#include <algorithm>
#include <charconv>
#include <span>
#include <variant>

#include "base/text.h"
#include "record/database.h"
#include "record/projection.h"
#include "record/store.h"
#include "record/store_state.h"

namespace ops {
namespace {

using Argument = std::variant<int64_t, std::string>;

// Puts "WHERE a AND b" together with its arguments, in order.
class Conditions {
public:
    void add(std::string_view condition, std::vector<Argument> arguments = {}) {
        sql_ += sql_.empty() ? " WHERE " : " AND ";
        sql_ += condition;
        arguments_.insert(arguments_.end(), arguments.begin(), arguments.end());
    }
    void add_unless_empty(std::string_view condition, const std::string& argument) {
        if (!argument.empty()) add(condition, {argument});
    }
    const std::string& sql() const { return sql_; }
    void bind_to(Statement& statement) const {
        for (const Argument& argument : arguments_) {
            if (const auto* number = std::get_if<int64_t>(&argument)) {
                statement.bind(*number);
            } else {
                statement.bind(std::string_view(std::get<std::string>(argument)));
            }
        }
    }

private:
    std::string sql_;
    std::vector<Argument> arguments_;
};

int64_t as_limit(size_t limit) { return static_cast<int64_t>(std::min<size_t>(limit, 1'000'000)); }

// The text just beyond all that begin with `prefix`.
std::string end_of_prefix(std::string prefix) {
    while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
    if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
    return prefix;
}

// "1770000000000.inc-x": where a page of incidents ended.
Result<std::pair<int64_t, std::string>> parse_cursor(std::string_view cursor) {
    const size_t dot = cursor.find('.');
    int64_t at = 0;
    const char* const end = cursor.data() + std::min(dot, cursor.size());
    const auto [stopped, fault] = std::from_chars(cursor.data(), end, at);
    if (dot == std::string_view::npos || fault != std::errc() || stopped != end) {
        return Error{Fault::invalid, "cursor '" + clip_end(cursor, 64) + "' is not one of ours"};
    }
    return std::pair(at, std::string(cursor.substr(dot + 1)));
}

Result<Json> body_of_event(Database& database, int64_t seq) {
    Statement row = TRY(database.prepare("SELECT body FROM event WHERE seq = ?"));
    row.bind(seq);
    if (!TRY(row.step())) return Json::object();
    return Json::parse(row.view(0)).during("event " + std::to_string(seq));
}

// The ids that begin so; two are enough to know that one is not.
Result<std::optional<std::string>> find_id(Database& database, const std::string& table,
                                           const std::string& beginning) {
    if (beginning.empty()) return std::optional<std::string>();
    Statement rows = TRY(database.prepare("SELECT id FROM " + table +
                                          " WHERE id >= ? AND id < ? ORDER BY id LIMIT 2"));
    const std::string end = end_of_prefix(beginning);
    rows.bind(beginning).bind(end);
    if (!TRY(rows.step())) return std::optional<std::string>();
    const std::string found = rows.text(0);
    if (found == beginning || !TRY(rows.step())) return std::optional<std::string>(found);
    return Error{Fault::invalid, "'" + beginning + "' is the beginning of several: '" + found +
                                     "', '" + rows.text(0) + "' ..."};
}

Result<std::optional<std::string>> find_id(Database& database, const std::string& table,
                                           const std::string& id, const std::string& kind) {
    auto found = TRY(find_id(database, table, id));
    if (!found && !id.empty() && !id.starts_with(kind)) {
        found = TRY(find_id(database, table, kind + id));
    }
    return found;
}

Result<Action> read_whole_action(Database& database, const Statement& row) {
    Action action = TRY(read_action(row.view(0)));
    const int64_t intent_seq = row.integer(1);
    const int64_t outcome_seq = row.integer(2);
    if (intent_seq > 0) action.intent = TRY(body_of_event(database, intent_seq));
    if (outcome_seq > 0) {
        action.output = TRY(body_of_event(database, outcome_seq))["output"].as_string();
    }
    return action;
}

Result<> add_deliveries(Database& database, StoredAlert& alert) {
    Statement rows = TRY(database.prepare(
        "SELECT channel, sent_at, attempts, error, next_try FROM delivery WHERE key = ? "
        "ORDER BY channel"));
    rows.bind(alert.key);
    while (TRY(rows.step())) {
        const bool given_up = rows.integer(4) == kNeverTriedAgain;
        auto& list = !rows.is_null(1) ? alert.sent : given_up ? alert.given_up : alert.waiting;
        list.push_back(rows.text(0));
        alert.attempts += static_cast<int>(rows.integer(2));
        if (!rows.view(3).empty()) alert.error = rows.text(3);
    }
    return {};
}

}  // namespace

Result<std::vector<Event>> Store::events(const EventQuery& query) {
    Conditions where;
    where.add_unless_empty("incident = ?", query.incident);
    where.add_unless_empty("target = ?", query.target);
    where.add_unless_empty("kind = ?", query.kind);
    if (!query.kind_prefix.empty()) {
        where.add("kind >= ? AND kind < ?", {query.kind_prefix, end_of_prefix(query.kind_prefix)});
    }
    if (query.from_seq > 0) where.add("seq >= ?", {static_cast<int64_t>(query.from_seq)});
    if (query.since) where.add("at >= ?", {to_millis(*query.since)});
    const bool newest = query.order == EventQuery::Order::newest_first;
    Statement rows = TRY(state_->database->prepare(std::string("SELECT ") + kEventColumns +
                                                   " FROM event" + where.sql() + " ORDER BY seq" +
                                                   (newest ? " DESC" : "") + " LIMIT ?"));
    where.bind_to(rows);
    rows.bind(as_limit(query.limit));
    std::vector<Event> events;
    while (TRY(rows.step())) events.push_back(TRY(read_event(rows)));
    return events;
}

Result<std::vector<Incident>> Store::incidents(const IncidentQuery& query) {
    Conditions where;
    if (!query.states.empty()) {
        std::string marks;
        std::vector<Argument> names;
        for (const IncidentState state : query.states) {
            marks += marks.empty() ? "?" : ", ?";
            names.emplace_back(std::string(name_of(state)));
        }
        where.add("state IN (" + marks + ")", std::move(names));
    }
    where.add_unless_empty("target = ?", query.target);
    if (query.since) where.add("opened_at >= ?", {to_millis(*query.since)});
    if (!query.cursor.empty()) {
        const auto [at, id] = TRY(parse_cursor(query.cursor));
        where.add("(opened_at, id) < (?, ?)", {at, id});
    }
    Statement rows = TRY(state_->database->prepare("SELECT body FROM incident" + where.sql() +
                                                   " ORDER BY opened_at DESC, id DESC LIMIT ?"));
    where.bind_to(rows);
    rows.bind(as_limit(query.limit));
    std::vector<Incident> incidents;
    while (TRY(rows.step())) incidents.push_back(TRY(read_incident(rows.view(0))));
    return incidents;
}

Result<std::optional<Incident>> Store::incident(std::string_view id) {
    const auto found =
        TRY(find_id(*state_->database, "incident", std::string(id), std::string("inc-")));
    if (!found) return std::optional<Incident>();
    Statement row = TRY(state_->database->prepare("SELECT body FROM incident WHERE id = ?"));
    row.bind(*found);
    if (!TRY(row.step())) return std::optional<Incident>();
    return std::optional<Incident>(TRY(read_incident(row.view(0))));
}

Result<std::vector<Action>> Store::actions(const ActionQuery& query) {
    Conditions where;
    where.add_unless_empty("incident = ?", query.incident);
    where.add_unless_empty("target = ?", query.target);
    if (query.since) where.add("started_at >= ?", {to_millis(*query.since)});
    switch (query.only) {
        case ActionQuery::Only::all: break;
        case ActionQuery::Only::awaiting: where.add("progress = 0"); break;
        case ActionQuery::Only::unsettled: where.add("progress = 1"); break;
        case ActionQuery::Only::unverified: where.add("progress = 2"); break;
    }
    Statement rows = TRY(
        state_->database->prepare("SELECT body, intent_seq, outcome_seq FROM action" + where.sql() +
                                  " ORDER BY started_at DESC, last_seq DESC LIMIT ?"));
    where.bind_to(rows);
    rows.bind(as_limit(query.limit));
    std::vector<Action> actions;
    while (TRY(rows.step())) {
        actions.push_back(TRY(read_whole_action(*state_->database, rows)));
    }
    return actions;
}

Result<std::optional<Action>> Store::action(std::string_view id) {
    const auto found = TRY(find_id(*state_->database, "action", std::string(id)));
    if (!found) return std::optional<Action>();
    Statement row = TRY(
        state_->database->prepare("SELECT body, intent_seq, outcome_seq FROM action WHERE id = ?"));
    row.bind(*found);
    if (!TRY(row.step())) return std::optional<Action>();
    return std::optional<Action>(TRY(read_whole_action(*state_->database, row)));
}

Result<std::vector<StoredAlert>> Store::alerts(const AlertQuery& query) {
    Conditions where;
    where.add_unless_empty("incident = ?", query.incident);
    where.add_unless_empty(
        "EXISTS (SELECT 1 FROM event WHERE event.seq = alert.seq AND event.target = ?)",
        query.target);
    if (query.since) where.add("at >= ?", {to_millis(*query.since)});
    Statement rows = TRY(state_->database->prepare("SELECT key, seq, at FROM alert" + where.sql() +
                                                   " ORDER BY at DESC, seq DESC LIMIT ?"));
    where.bind_to(rows);
    rows.bind(as_limit(query.limit));
    std::vector<StoredAlert> alerts;
    while (TRY(rows.step())) {
        StoredAlert alert;
        alert.key = rows.text(0);
        alert.at = from_millis(rows.integer(2));
        Statement event = TRY(
            state_->database->prepare("SELECT body, incident, target FROM event WHERE seq = ?"));
        event.bind(rows.integer(1));
        if (TRY(event.step())) {
            alert.alert = TRY(Json::parse(event.view(0)));
            alert.incident = event.text(1);
            alert.target = event.text(2);
        }
        TRY(add_deliveries(*state_->database, alert));
        alerts.push_back(std::move(alert));
    }
    return alerts;
}

Result<std::vector<OutboxRow>> Store::outbox_due(Time now, size_t limit) {
    Statement rows = TRY(state_->database->prepare(
        "SELECT delivery.key, channel, queued_at, attempts, next_try, body, event.incident, "
        "event.target FROM delivery JOIN event ON event.seq = delivery.seq "
        "WHERE sent_at IS NULL AND next_try < ?2 AND (next_try <= ?1 OR attempts = 0 "
        "OR next_try > ?3) AND NOT EXISTS ("
        "SELECT 1 FROM alert JOIN delivery AS earlier ON earlier.key = alert.key "
        "AND earlier.channel = delivery.channel WHERE alert.incident = event.incident "
        "AND earlier.sent_at IS NULL AND earlier.next_try < ?2 AND earlier.seq < delivery.seq) "
        "ORDER BY next_try, delivery.seq LIMIT ?4"));
    rows.bind(to_millis(now))
        .bind(kNeverTriedAgain)
        .bind(to_millis(add_saturating(now, kMostPutOff)))
        .bind(as_limit(limit));
    std::vector<OutboxRow> due;
    while (TRY(rows.step())) {
        due.push_back({.key = rows.text(0),
                       .channel = rows.text(1),
                       .incident = rows.text(6),
                       .target = rows.text(7),
                       .alert = TRY(Json::parse(rows.view(5))),
                       .queued_at = from_millis(rows.integer(2)),
                       .attempts = static_cast<int>(rows.integer(3)),
                       .next_try = from_millis(rows.integer(4))});
    }
    return due;
}

std::string cursor_after(const Incident& incident) {
    return std::to_string(to_millis(incident.opened_at)) + "." + incident.id;
}

}  // namespace ops

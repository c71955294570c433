#include "agent/views.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "agent/health.h"
#include "agent/report.h"
#include "base/text.h"
#include "base/units.h"
#include "learn/ladder_view.h"
#include "model/unknown_target.h"

namespace ops {

Json event_json(const Event& event) {
    return Json::object({{"seq", event.seq},
                         {"at", format_rfc3339(event.at)},
                         {"kind", event.kind},
                         {"incident", event.incident.empty() ? Json() : Json(event.incident)},
                         {"target", event.target},
                         {"body", event.body}});
}

std::string filter_of(const View& view, const std::string& key) {
    const auto found = view.filters.find(key);
    return found == view.filters.end() ? "" : found->second;
}

Result<size_t> limit_of(const View& view, size_t otherwise, size_t most) {
    const std::string text = filter_of(view, "limit");
    if (text.empty()) return otherwise;
    size_t limit = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (problem != std::errc() || end != text.data() + text.size() || limit == 0 || limit > most) {
        return Error{Fault::invalid, "limit '" + printable(text, Lines::flatten) +
                                         "' is no number from 1 to " + std::to_string(most)};
    }
    return limit;
}

namespace {

constexpr size_t kMostListed = 9999;

// "7d" before now, or a date-time.
Result<std::optional<Time>> since_of(const View& view, Time now) {
    const std::string text = filter_of(view, "since");
    if (text.empty()) return std::optional<Time>();
    const Result<Duration> span = parse_duration(text);
    if (span.ok()) return std::optional<Time>(now - span.value());
    const Result<Time> at = parse_rfc3339(text);
    if (at.ok()) return std::optional<Time>(at.value());
    return Error{Fault::invalid, "since '" + printable(text, Lines::flatten) +
                                     "' is neither a duration like 7d nor a date-time"};
}

Result<Json> incidents(Store& store, const View& view, Time now) {
    IncidentQuery query;
    const std::string state = filter_of(view, "state");
    for (const std::string_view name : split(state, ',')) {
        if (state.empty()) break;
        const auto one = parse_incident_state(name);
        if (!one)
            return Error{Fault::invalid,
                         "no incident state '" + printable(name, Lines::flatten) + "'"};
        query.states.push_back(*one);
    }
    query.target = filter_of(view, "service");
    query.cursor = filter_of(view, "cursor");
    query.since = TRY(since_of(view, now));
    query.limit =
        TRY(limit_of(view, 100, kMostListed)) + 1;  // one more tells whether there is a next page
    std::vector<Incident> found = TRY(store.incidents(query));
    Json next;
    if (found.size() == query.limit) {
        found.pop_back();
        next = cursor_after(found.back());
    }
    Json list = Json::array();
    for (const Incident& incident : found) list.push(incident.to_json());
    return Json::object({{"incidents", list}, {"next", next}});
}

// Of a `collect:` step what it printed; of all else what was collected, or why it was not.
Json evidence_json(const Event& event) {
    Json one = event.body;
    one.set("at", format_rfc3339(event.at));
    one.set("target", event.target);
    return one;
}

Result<Json> incident(Store& store, const View& view) {
    const std::optional<Incident> found = TRY(store.incident(view.name));
    if (!found)
        return Error{Fault::not_found,
                     "no incident '" + printable(view.name, Lines::flatten) + "'"};
    Json json = found->to_json();
    EventQuery query;
    query.incident = found->id;
    query.limit = 5000;
    Json timeline = Json::array(), evidence = Json::array(), similar = Json::array();
    Json diagnosis;
    for (const Event& event : TRY(store.events(query))) {
        timeline.push(event_json(event));
        if (event.kind == "incident.diagnosed") diagnosis = event.body;
        if (event.kind == "incident.evidence" || event.kind == "evidence.collected" ||
            event.kind == "evidence.skipped") {
            evidence.push(evidence_json(event));
        }
        if (event.kind == "memory.recalled") {
            for (const Json& one : event.body["similar"].items()) similar.push(one);
        }
        if (event.kind == "incident.opened") json.set("facts", event.body["facts"]);
    }
    Json actions = Json::array();
    ActionQuery action_query;
    action_query.incident = found->id;
    std::vector<Action> all = TRY(store.actions(action_query));
    std::reverse(all.begin(), all.end());
    for (const Action& action : all) actions.push(action.to_json());
    json.set("diagnosis", diagnosis);
    json.set("evidence", evidence);
    json.set("similar", similar);
    json.set("actions", actions);
    json.set("timeline", timeline);
    return json;
}

// What came after the one that was seen last, at most a thousand.
Result<Json> events_after(Store& store, const View& view) {
    const std::string after = filter_of(view, "after");
    if (after.empty() || after.size() > 18 ||
        after.find_first_not_of("0123456789") != std::string::npos) {
        return Error{Fault::invalid,
                     "event '" + printable(clip_end(after, 40), Lines::flatten) + "' is no number"};
    }
    EventQuery query;
    query.from_seq = std::stoull(after) + 1;
    Json list = Json::array();
    const std::vector<Event> events = TRY(store.events(query));
    for (const Event& event : events) list.push(event_json(event));
    return Json::object({{"events", list}, {"more", events.size() == query.limit}});
}

Result<Json> actions(Store& store, const View& view, Time now) {
    ActionQuery query;
    query.incident = filter_of(view, "incident");
    query.target = filter_of(view, "service");
    query.since = TRY(since_of(view, now));
    query.limit = TRY(limit_of(view, 100, kMostListed));
    Json list = Json::array();
    for (const Action& action : TRY(store.actions(query))) list.push(action.to_json());
    return Json::object({{"actions", list}});
}

Result<Json> alerts(Store& store, const View& view, Time now) {
    AlertQuery query;
    query.incident = filter_of(view, "incident");
    query.target = filter_of(view, "service");
    query.since = TRY(since_of(view, now));
    query.limit = TRY(limit_of(view, 100, kMostListed));
    Json list = Json::array();
    for (const StoredAlert& alert : TRY(store.alerts(query))) {
        list.push(
            Json::object({{"key", alert.key},
                          {"incident", alert.incident.empty() ? Json() : Json(alert.incident)},
                          {"at", format_rfc3339(alert.at)},
                          {"level", alert.alert["level"]},
                          {"state", alert.alert["state"]},
                          {"title", alert.alert["title"]},
                          {"text", alert.alert["text"]},
                          {"sent", Json::of_strings(alert.sent)},
                          {"waiting", Json::of_strings(alert.waiting)},
                          {"given_up", Json::of_strings(alert.given_up)},
                          {"error", alert.error.empty() ? Json() : Json(alert.error)}}));
    }
    return Json::object({{"alerts", list}});
}

Result<Json> saved_states(Store& store) {
    const std::optional<std::string> states = TRY(store.state("states"));
    if (!states) return Json();
    return Json::parse(*states).during("read saved states");
}

// Over the last week, when no other time is asked for.
Result<Json> report(Store& store, const View& view, Time now) {
    const std::optional<Time> since = TRY(since_of(view, now));
    Json json = TRY(report_since(store, since.value_or(now - std::chrono::hours(24 * 7)), now));
    const Json saved = TRY(saved_states(store));
    json.set("silences", saved_silences(saved, now)).set("maintenance", Json::array());
    return json;
}

// Without the agent nothing says how many other incidents one would match.
Result<Json> candidates(Store& store) {
    EventQuery query;
    query.kind_prefix = "learned.";
    query.limit = 100'000;
    Ladder ladder;
    for (const Event& event : TRY(store.events(query))) ladder.apply(event);
    return candidates_json(ladder);
}

Result<Json> silences(Store& store, Time now) {
    return Json::object({{"silences", saved_silences(TRY(saved_states(store)), now)}});
}

// Who misspells a name must not read that nothing happened. What was taken out of the configuration
// is still known by its records.
Result<> check_service(Store& store, const View& view, const Settings& settings) {
    const std::string name = filter_of(view, "service");
    if (name.empty() || settings.inventory.has_target(name) || name == settings.agent.name) {
        return {};
    }
    if (!TRY(store.incidents({.target = name, .limit = 1})).empty()) return {};
    if (!TRY(store.actions({.target = name, .limit = 1})).empty()) return {};
    return Error{Fault::invalid, no_target(settings.inventory, name)};
}

}  // namespace

Result<Json> look_at_records(Store& store, const View& view, const Settings& settings, Time now) {
    if (view.what == "incidents" || view.what == "actions" || view.what == "alerts") {
        TRY(check_service(store, view, settings));
    }
    if (view.what == "silences") return silences(store, now);
    if (view.what == "incidents") return incidents(store, view, now);
    if (view.what == "incident") return incident(store, view);
    if (view.what == "events") return events_after(store, view);
    if (view.what == "actions") return actions(store, view, now);
    if (view.what == "alerts") return alerts(store, view, now);
    if (view.what == "report") return report(store, view, now);
    if (view.what == "candidates") return candidates(store);
    return Error{Fault::not_found, "nothing to look at is called '" + view.what + "'"};
}

}  // namespace ops

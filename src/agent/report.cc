#include "agent/report.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "escalate/escalate.h"

namespace ops {
namespace {

constexpr size_t kMostRows = 10'000;
constexpr size_t kMostNamed = 20;  // of each kind
// What was opened earlier may have ended in this time.
constexpr Duration kLongBefore = std::chrono::hours(24 * 90);

// Rows by their name in the order of how often, then of the name; `more` says how many are left
// out.
struct Tally {
    struct Row {
        int64_t times = 0;
        Json row;
    };
    std::map<std::string, Row> rows;

    Row& count(const std::string& name) {
        Row& row = rows[name];
        ++row.times;
        return row;
    }
    Json list() const {
        std::vector<const Row*> all;
        for (const auto& [name, row] : rows) all.push_back(&row);
        std::stable_sort(all.begin(), all.end(),
                         [](const Row* a, const Row* b) { return a->times > b->times; });
        Json list = Json::array();
        for (const Row* row : all) {
            if (list.items().size() == kMostNamed) break;
            Json one = row->row;
            one.set("times", row->times);
            list.push(std::move(one));
        }
        return list;
    }
};

// What was learned, and which learned entry came to which rung.
Result<Json> learned_since(Store& store, Time since) {
    Json news = Json::array();
    for (const char* const kind : {"learned.candidate", "learned.moved"}) {
        EventQuery query;
        query.kind_prefix = kind;
        query.since = since;
        for (const Event& event : TRY(store.events(query))) {
            const bool is_new = event.kind == "learned.candidate";
            news.push(Json::object({{"at", format_rfc3339(event.at)},
                                    {"entry", event.body["entry"]},
                                    {"to", is_new ? Json("shadow") : event.body["to"]},
                                    {"why", is_new ? Json("new") : event.body["why"]}}));
        }
    }
    return news;
}

Result<std::string> what_was_done(Store& store, const Incident& incident) {
    ActionQuery query;
    query.incident = incident.id;
    std::vector<Action> actions = TRY(store.actions(query));
    std::reverse(actions.begin(), actions.end());
    return describe_actions(actions, {}, {});
}

struct Counts {
    std::map<std::string, int64_t> by_outcome, by_target;
    std::vector<int64_t> repair_ms;
    int64_t total = 0;
    Tally repaired;
    Json open = Json::array();
    int64_t open_count = 0;
};

Result<> count_incident(Store& store, const Incident& incident, Counts& counts) {
    ++counts.total;
    ++counts.by_target[incident.target];
    if (incident.is_open()) return {};
    ++counts.by_outcome[incident.resolved_by];
    if (incident.resolved_by != "auto" || !incident.resolved_at) return {};
    counts.repair_ms.push_back((*incident.resolved_at - incident.opened_at).count());
    Tally::Row& row = counts.repaired.count(incident.title);
    // The newest stands for all of its title; they come newest first.
    if (row.times > 1) return {};
    row.row =
        Json::object({{"title", incident.title}, {"did", TRY(what_was_done(store, incident))}});
    return {};
}

Result<Counts> count_incidents(Store& store, Time since) {
    Counts counts;
    IncidentQuery query;
    query.since = since - kLongBefore;
    query.limit = kMostRows;
    for (const Incident& incident : TRY(store.incidents(query))) {
        const bool is_of_it =
            incident.opened_at >= since || (incident.resolved_at && *incident.resolved_at >= since);
        if (is_of_it) TRY(count_incident(store, incident, counts));
    }
    IncidentQuery open;
    open.states = {IncidentState::open,      IncidentState::awaiting_approval,
                   IncidentState::resolving, IncidentState::verifying,
                   IncidentState::escalated, IncidentState::acknowledged};
    open.limit = kMostRows;
    for (const Incident& incident : TRY(store.incidents(open))) {
        ++counts.open_count;
        if (counts.open.items().size() == kMostNamed) continue;
        counts.open.push(Json::object({{"title", incident.title},
                                       {"id", incident.id},
                                       {"level", incident.level},
                                       {"opened_at", format_rfc3339(incident.opened_at)},
                                       {"acknowledged", incident.acknowledged}}));
    }
    return counts;
}

// Messages to people, by their titles; those that say that something is over are counted only.
Result<Json> told_since(Store& store, Time since, int64_t& count) {
    AlertQuery query;
    query.since = since;
    query.limit = kMostRows;
    Tally told;
    for (const StoredAlert& alert : TRY(store.alerts(query))) {
        const std::string state = alert.alert["state"].as_string();
        if (state == name_of(AlertState::test) || state == name_of(AlertState::digest)) continue;
        ++count;
        if (state != name_of(AlertState::raised) && state != name_of(AlertState::changed)) continue;
        Tally::Row& row = told.count(alert.alert["title"].as_string());
        if (row.times == 1) {
            row.row =
                Json::object({{"title", alert.alert["title"]}, {"level", alert.alert["level"]}});
        }
    }
    return told.list();
}

// Does a refusal name a limit?
bool is_of_budget(std::string_view reason) {
    constexpr auto kLimits = std::to_array<std::string_view>(
        {"_per_hour", "_per_day", "group_share", "cooldown", "attempts", " are spent)"});
    return std::any_of(kLimits.begin(), kLimits.end(),
                       [&](std::string_view limit) { return reason.find(limit) != reason.npos; });
}

Result<Json> trouble_since(Store& store, Time since) {
    Tally channels, budgets;
    EventQuery query;
    query.since = since;
    query.limit = kMostRows;
    query.kind_prefix = "alert.failed";
    for (const Event& event : TRY(store.events(query))) {
        Tally::Row& row = channels.count(event.body["channel"].as_string());
        row.row =
            Json::object({{"channel", event.body["channel"]}, {"error", event.body["error"]}});
    }
    for (const char* const kind : {"action.denied", "incident.investigated"}) {
        query.kind_prefix = kind;
        for (const Event& event : TRY(store.events(query))) {
            const std::string reason = event.body["reason"].as_string();
            if (!is_of_budget(reason)) continue;
            Tally::Row& row = budgets.count(event.target + ": " + reason);
            row.row = Json::object({{"target", event.target}, {"reason", reason}});
        }
    }
    return Json::object({{"channels", channels.list()}, {"budgets", budgets.list()}});
}

Json most_of(const std::map<std::string, int64_t>& by_target) {
    std::vector<std::pair<int64_t, std::string>> worst;
    for (const auto& [target, count] : by_target) {
        if (!target.empty()) worst.emplace_back(-count, target);  // a systemic one is of no target
    }
    std::sort(worst.begin(), worst.end());
    Json top = Json::array();
    for (size_t i = 0; i < std::min<size_t>(worst.size(), 10); ++i) {
        top.push(Json::object({{"target", worst[i].second}, {"incidents", -worst[i].first}}));
    }
    return top;
}

}  // namespace

Result<Json> report_since(Store& store, Time since, Time now) {
    Counts counts = TRY(count_incidents(store, since));
    std::vector<int64_t>& repair_ms = counts.repair_ms;
    std::sort(repair_ms.begin(), repair_ms.end());
    int64_t told_count = 0;
    const Json told = TRY(told_since(store, since, told_count));
    return Json::object(
        {{"since", format_rfc3339(since)},
         {"until", format_rfc3339(now)},
         {"incidents", counts.total},
         {"repaired", counts.by_outcome["auto"]},
         {"recovered_by_themselves", counts.by_outcome["self"]},
         {"closed_by_people", counts.by_outcome["human"]},
         {"open", counts.open_count},
         {"alerts", told_count},
         {"median_repair_seconds",
          repair_ms.empty() ? Json()
                            : Json(static_cast<double>(repair_ms[repair_ms.size() / 2]) / 1000)},
         {"most_incidents", most_of(counts.by_target)},
         {"learned", TRY(learned_since(store, since))},
         {"repaired_what", counts.repaired.list()},
         {"told_what", told},
         {"open_what", counts.open},
         {"trouble", TRY(trouble_since(store, since))}});
}

}  // namespace ops

// Windows of maintenance, of the configuration and those that a person opens: checks go on, nothing
// is raised, repaired or told of what is in one. What is still bad at its end is looked at anew,
// and told then.
#include <algorithm>

#include "agent/ops_agent.h"
#include "agent/views.h"
#include "base/id.h"
#include "base/text.h"
#include "escalate/hours_settings.h"

namespace ops {
namespace {

using std::literals::operator""sv;

constexpr size_t kMostOrdered = 100;

bool covers(const MaintenanceWindow& window, const std::string& target, const Service* service) {
    return window.covers(target) ||
           (service != nullptr && ((!service->host.empty() && window.covers(service->host)) ||
                                   (!service->group.empty() && window.covers(service->group))));
}

Json window_json(const MaintenanceWindow& window, Time from, Time until, Time now) {
    return Json::object({{"id", Json()},
                         {"name", window.name},
                         {"names", Json::of_strings(window.targets)},
                         {"from", format_rfc3339(from)},
                         {"until", format_rfc3339(until)},
                         {"open", from <= now},
                         {"source", "configuration"},
                         {"by", ""},
                         {"reason", ""}});
}

}  // namespace

// In the order of the configuration, and of being opened.
std::vector<OpsAgent::OpenWindow> OpsAgent::open_windows(Time now) const {
    std::vector<OpenWindow> open;
    for (size_t i = 0; i < open_windows_.size(); ++i) {
        const std::optional<Time>& until = open_windows_[i];
        if (until && now < *until) {
            open.push_back({&loaded_->escalation.maintenance[i], nullptr, *until});
        }
    }
    for (const OrderedWindow& order : ordered_windows_) {
        if (now < order.window.until) open.push_back({&order.window, &order, order.window.until});
    }
    return open;
}

// The one that a target is in longest; a window of a host or a group is one of all its services.
std::optional<OpsAgent::OpenWindow> OpsAgent::window_of(const std::string& target,
                                                        const std::vector<OpenWindow>& open) const {
    const Service* service = loaded_->settings.inventory.find_service(target);
    std::optional<OpenWindow> latest;
    for (const OpenWindow& one : open) {
        if (latest && one.until <= latest->until) continue;
        if (covers(*one.window, target, service)) latest = one;
    }
    return latest;
}

// Of the configuration's; an opening that a person ended is over.
std::optional<Time> OpsAgent::open_until(const MaintenanceWindow& window, Time now) const {
    const std::optional<Time> until = window.open_until(now);
    const auto ended = ended_openings_.find(window.name);
    const bool is_over = until && ended != ended_openings_.end() && *until <= ended->second;
    return is_over ? std::nullopt : until;
}

bool OpsAgent::is_in_maintenance(const std::string& target) const {
    const auto known = in_maintenance_.find(target);
    return known != in_maintenance_.end() && ports_.clock.now() < known->second;
}

// Windows of the configuration begin and end with a minute. `deed`: what ended one early, if
// anything did.
void OpsAgent::keep_windows(Time now, const Json& deed) {
    const auto& windows = loaded_->escalation.maintenance;
    const bool any_over = std::erase_if(ordered_windows_, [now](const OrderedWindow& order) {
                              return order.window.until <= now;
                          }) > 0;
    if (windows.empty() && ordered_windows_.empty() && in_maintenance_.empty()) return;
    const auto minute = std::chrono::floor<std::chrono::minutes>(now);
    if (minute == windows_seen_at_ && open_windows_.size() == windows.size() && !any_over) return;
    std::vector<std::optional<Time>> times;
    for (const MaintenanceWindow& window : windows) times.push_back(open_until(window, now));
    open_windows_ = std::move(times);
    const std::vector<OpenWindow> open = open_windows(now);
    std::map<std::string, Time> held;
    for (const TargetState& state : detector_->states()) {
        if (const auto window = window_of(state.target, open)) held[state.target] = window->until;
    }
    // Until the past is settled nobody looks; that nothing is told holds already.
    escalator_->set_maintenance(held);
    if (!watching_) return;
    windows_seen_at_ = minute;
    const std::map<std::string, Time> before = std::exchange(in_maintenance_, held);
    if (before == held) return;
    save_soon();
    for (const auto& [target, until] : held) {
        const auto known = before.find(target);
        if (known != before.end() && known->second == until) continue;
        detect(detector_->hold(target, Status::maintenance, until, now));
        note_began(target, *window_of(target, open));
    }
    for (const auto& [target, until] : before) {
        if (held.contains(target)) continue;
        detect(detector_->hold(target, std::nullopt, std::nullopt, now));
        note("maintenance.ended", nullptr, target, deed);
        repairs_go_on(target, now);
    }
}

void OpsAgent::note_began(const std::string& target, const OpenWindow& window) {
    Json body = Json::object({{"until", format_rfc3339(window.until)},
                              {"window", window.order ? window.order->id : window.window->name}});
    if (window.order != nullptr) {
        body.set("by", window.order->by);
        body.set("via", window.order->via);
        body.set("reason", window.order->reason);
    }
    note("maintenance.began", nullptr, target, std::move(body));
}

// What was put off while something held the target back. A question that ran out meanwhile, when
// nobody could be expected to answer, is asked anew.
void OpsAgent::repairs_go_on(const std::string& target, Time at) {
    for (auto& [id, the_case] : cases_) {
        if (the_case.incident.target != target) continue;
        if (!std::exchange(the_case.is_put_off, false)) continue;
        if (!the_case.repair) {
            the_case.again_at = at;
        } else if (!the_case.repair->is_asking()) {
            the_case.wake = at;
            the_case.repair->look_around_again();
        } else {
            withdraw_repair(the_case, "the question ran out while '" + target + "' was held back");
            note("incident.state", &the_case, target,
                 Json::object({{"state", "open"}, {"reason", "it is asked anew"}}));
            // Not in this turn, in which the one that was withdrawn ends.
            the_case.again_at = at + std::chrono::seconds(1);
        }
    }
}

// --- windows that a person opens or ends ---

// What was opened before a restart and not ended, and ended before its time; the journal has it.
Result<> OpsAgent::restore_windows(const Json& saved) {
    for (const auto& [target, until] : saved.members()) {
        const Result<Time> at = parse_rfc3339(until.as_string());
        if (at.ok()) in_maintenance_[target] = at.value();
    }
    const Time now = ports_.clock.now();
    for (const char* const kind : {"maintenance.ordered", "maintenance.recalled"}) {
        EventQuery query;
        query.kind_prefix = kind;
        // One of the configuration that is open only once may be longer than a week.
        if (kind == "maintenance.ordered"sv) query.since = now - kLongestWindow;
        query.limit = 100'000;
        for (const Event& event : TRY(store_->events(query))) {
            const std::string id = event.body["id"].as_string();
            std::erase_if(ordered_windows_, [&](const auto& one) { return one.id == id; });
            const Result<Time> until = parse_rfc3339(event.body["until"].as_string());
            if (!until.ok() || until.value() <= now) continue;
            if (event.kind == "maintenance.recalled") ended_openings_[id] = until.value();
            if (event.kind != "maintenance.ordered") continue;
            OrderedWindow order;
            order.id = id;
            order.by = event.body["by"].as_string();
            order.via = event.body["via"].as_string();
            order.reason = event.body["reason"].as_string();
            order.window.targets = event.body["names"].strings();
            order.window.from = event.at;
            order.window.until = until.value();
            ordered_windows_.push_back(std::move(order));
        }
    }
    return {};
}

Result<Json> OpsAgent::order_maintenance(const Deed& deed, const std::string& by) {
    OrderedWindow order;
    order.window.targets = deed.names;
    if (!deed.id.empty()) order.window.targets.push_back(deed.id);
    if (order.window.targets.empty()) {
        return Error{Fault::invalid,
                     "maintenance of what? The name of a service, host or group, or a pattern"};
    }
    if (order.window.targets.size() > kMostMatchers) {
        return Error{Fault::invalid, "a window has " + std::to_string(kMostMatchers) +
                                         " names at most; a pattern like worker_* is one"};
    }
    for (const std::string& name : order.window.targets) {
        TRY(check_window_target(name, loaded_->settings.inventory));
    }
    if (deed.span <= Duration{} || deed.span > kLongestWindow) {
        return Error{Fault::invalid, "maintenance for how long? A duration like 2h, at most 7d"};
    }
    if (ordered_windows_.size() >= kMostOrdered) {
        return Error{Fault::denied, "there are 100 windows of maintenance already"};
    }
    const Time now = ports_.clock.now();
    order.id = make_id("mnt", now, ports_.random.next());
    order.by = by;
    order.via = deed.via;
    order.reason = reason_of(deed);
    order.window.from = now;
    order.window.until = now + deed.span;
    Json json = window_json(order.window, now, order.window.until, now);
    note("maintenance.ordered", nullptr, "",
         Json::object({{"id", order.id},
                       {"names", Json::of_strings(order.window.targets)},
                       {"until", format_rfc3339(order.window.until)},
                       {"by", by},
                       {"via", order.via},
                       {"reason", order.reason}}));
    json.set("id", order.id).set("source", "person").set("by", by).set("reason", order.reason);
    ordered_windows_.push_back(std::move(order));
    windows_seen_at_ = {};
    keep_windows(now, Json::object());
    return json;
}

Result<Json> OpsAgent::end_maintenance(const Deed& deed, const std::string& by) {
    const auto known = std::find_if(ordered_windows_.begin(), ordered_windows_.end(),
                                    [&](const OrderedWindow& one) { return one.id == deed.id; });
    if (known == ordered_windows_.end()) return end_opening(deed, by);
    ordered_windows_.erase(known);
    Json body = Json::object({{"id", deed.id}, {"by", by}, {"via", deed.via}});
    body.set("reason", reason_of(deed));
    note("maintenance.recalled", nullptr, "", body);
    windows_seen_at_ = {};
    keep_windows(ports_.clock.now(), body);
    return Json::object({{"ended", deed.id}});
}

// One opening of a window of the configuration, known by its name; the next comes at its time.
Result<Json> OpsAgent::end_opening(const Deed& deed, const std::string& by) {
    const Time now = ports_.clock.now();
    const std::string shown = "'" + printable(deed.id, Lines::flatten) + "'";
    std::optional<Time> until;
    bool is_known = false;
    for (const MaintenanceWindow& window : loaded_->escalation.maintenance) {
        if (window.name.empty() || window.name != deed.id) continue;
        is_known = true;
        const std::optional<Time> open = open_until(window, now);
        if (open && (!until || *until < *open)) until = open;
    }
    if (!is_known) return Error{Fault::not_found, "no window of maintenance " + shown};
    if (!until) return Error{Fault::denied, "the window " + shown + " is not open"};
    ended_openings_[deed.id] = *until;
    Json body = Json::object({{"id", deed.id}, {"by", by}, {"via", deed.via}});
    body.set("until", format_rfc3339(*until)).set("reason", reason_of(deed));
    note("maintenance.recalled", nullptr, "", body);
    windows_seen_at_ = {};
    keep_windows(now, body);
    return Json::object({{"ended", deed.id}});
}

// The windows that are open, and of the configuration's also the next that come, by their begin.
Json OpsAgent::maintenance_json(Windows which) const {
    const Time now = ports_.clock.now();
    std::vector<Json> all;
    for (const OpenWindow& open : open_windows(now)) {
        const MaintenanceWindow& window = *open.window;
        const Time from = window.cron ? open.until - window.lasts : window.from;
        Json json = window_json(window, from, open.until, now);
        if (open.order != nullptr) {
            json.set("id", open.order->id).set("source", "person");
            json.set("by", open.order->by).set("reason", open.order->reason);
        }
        all.push_back(std::move(json));
    }
    if (which == Windows::also_next) {
        for (const MaintenanceWindow& window : loaded_->escalation.maintenance) {
            const std::optional<Time> from = window.next_opening(now);
            if (!from) continue;
            const Time until = window.cron ? *from + window.lasts : window.until;
            all.push_back(window_json(window, *from, until, now));
        }
    }
    std::stable_sort(all.begin(), all.end(), [](const Json& a, const Json& b) {
        return a["from"].as_string() < b["from"].as_string();
    });
    Json list = Json::array();
    for (Json& one : all) list.push(std::move(one));
    return list;
}

}  // namespace ops

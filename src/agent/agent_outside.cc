// Alerts of other monitors as incidents of ours (docs/alerts-from-others.md): opened once however
// often they are sent, over when their sender says so or sends them no more.
#include <algorithm>

#include "agent/ops_agent.h"
#include "base/counted.h"
#include "base/text.h"
#include "base/units.h"
#include "runbook/alert_facts.h"

namespace ops {
namespace {

constexpr std::string_view kKeyPrefix = "alert/";
constexpr size_t kMostTitle = 200;
constexpr size_t kMostOpen = 2000;
constexpr size_t kRoomAgain = 1800;
constexpr Duration kGraceAfterStart = std::chrono::minutes(5);  // for what is sent every minute
constexpr Duration kTimeToEnd = std::chrono::minutes(10);       // of an alert that was repaired
constexpr Duration kAskAgain = std::chrono::seconds(30);

Level level_of_severity(const OutsideAlert& alert) {
    const auto found = alert.labels.find("severity");
    const std::string severity = found == alert.labels.end() ? "" : to_lower(found->second);
    if (severity == "critical") return Level::critical;
    if (severity == "alert" || severity == "error" || severity == "high" || severity == "page") {
        return Level::alert;
    }
    if (severity == "info" || severity == "none") return Level::log;
    return Level::warning;
}

// "db1:9100" is db1, "[::1]:80" is ::1.
std::string without_port(const std::string& instance) {
    if (instance.starts_with('[')) {
        const size_t end = instance.find(']');
        return end == std::string::npos ? instance : instance.substr(1, end - 1);
    }
    const size_t colon = instance.rfind(':');
    const bool is_port = colon != std::string::npos && colon + 1 < instance.size() &&
                         instance.find(':') == colon &&
                         instance.find_first_not_of("0123456789", colon + 1) == std::string::npos;
    return is_port ? instance.substr(0, colon) : instance;
}

struct AlertPlace {
    std::string target, host;
};

// Who of the inventory is meant: the first label that names one, to the letter.
AlertPlace place_of(const OutsideAlert& alert, const Settings& settings) {
    const Inventory& inventory = settings.inventory;
    for (const char* const label :
         {"service", "name", "job", "host", "hostname", "instance", "monitor"}) {
        const auto found = alert.labels.find(label);
        if (found == alert.labels.end()) continue;
        for (const std::string& name : {found->second, without_port(found->second)}) {
            if (const Service* service = inventory.find_service(name)) {
                return {service->name, inventory.host_of(name)};
            }
            if (const Host* host = inventory.find_host(name)) return {host->name, host->name};
        }
    }
    return {settings.agent.name, ""};
}

std::string what_it_says(const OutsideAlert& alert) {
    std::string text = alert.description.empty() ? alert.summary : alert.description;
    if (text.empty()) {
        for (const auto& [name, value] : alert.labels) {
            if (name == "alertname") continue;
            text += (text.empty() ? "" : ", ") + name + "=" + value;
        }
    }
    std::string line = std::string(name_of(alert.source)) +
                       " says: " + (text.empty() ? "it fires" : harmless_line(text));
    const bool is_link =
        alert.runbook_url.starts_with("https://") || alert.runbook_url.starts_with("http://");
    if (is_link) line += "; runbook: " + harmless_line(alert.runbook_url);
    return line;
}

// What we ourselves told an Alertmanager, come back.
bool is_our_own(const OutsideAlert& alert, const std::string& agent) {
    const auto ours = alert.labels.find("agent");
    return ours != alert.labels.end() && ours->second == agent && alert.labels.contains("incident");
}

std::string key_of(const OutsideAlert& alert) {
    return std::string(kKeyPrefix).append(name_of(alert.source)).append("/").append(alert.identity);
}

}  // namespace

Result<> OpsAgent::push_alerts(const Push& push) {
    const std::optional<AlertSource> source = parse_alert_source(push.name);
    if (!source) return Error{Fault::not_found, "nobody sends alerts as '" + push.name + "'"};
    const OutsideAlerts read = TRY(read_outside_alerts(*source, push.body, ports_.clock.now()));
    if (!read.said.empty()) {
        ports_.log.line(Severity::info, push.name + " says: " + harmless_line(read.said));
    }
    if (read.dropped_labels > 0) {
        ports_.log.line(Severity::info, counted(read.dropped_labels, "label") + " of " + push.name +
                                            " cannot be matched on: no names");
    }
    note_truncated(push.name, read.truncated);
    for (const OutsideAlert& alert : read.alerts) take_alert(alert);
    return {};
}

// How many the sender left out is told when it changes, and not with each time it sends.
void OpsAgent::note_truncated(const std::string& source, int64_t truncated) {
    int64_t& known = alerts_truncated_[source];
    if (truncated > 0 && truncated != known) {
        note("alerts.truncated", nullptr, "",
             Json::object({{"source", source}, {"truncated", truncated}}));
        ports_.log.line(Severity::warning, source + " left out " + std::to_string(truncated) +
                                               " alerts (max_alerts): they are not known here");
    }
    known = truncated;
}

void OpsAgent::take_alert(const OutsideAlert& alert) {
    if (alert.is_sign_of_life) return take_sign(alert);
    Case* const known = find_by_key(key_of(alert));
    if (!alert.firing) {
        if (known != nullptr) end_alert(*known, std::string(name_of(alert.source)) + " says so");
        return;
    }
    if (alert.is_only_seen || is_our_own(alert, loaded_->settings.agent.name)) return;
    if (known == nullptr) return open_alert(alert);
    if (!known->outside) return;
    known->outside->ends_at = alert.ends_at;
    known->outside->ended = false;
    known->cleared = false;
}

void OpsAgent::open_alert(const OutsideAlert& alert) {
    const auto open =
        static_cast<size_t>(std::count_if(cases_.begin(), cases_.end(), [](const auto& one) {
            return one.second.outside.has_value();
        }));
    if (open >= kMostOpen) {
        return self_fails(
            "outside-alerts", "Too many alerts from other monitors",
            std::to_string(kMostOpen) + " are open, what fires beyond is not taken up",
            Level::warning);
    }
    const AlertPlace place = place_of(alert, loaded_->settings);
    const std::string name = harmless_line(alert.name), summary = harmless_line(alert.summary);
    const std::string title = clip_end(summary.empty() ? name : name + ": " + summary, kMostTitle);
    const Json told = alert_json(alert);
    const Facts facts = detector_->facts(place.target, ports_.clock.now());
    const std::string key = key_of(alert);
    Case& the_case = open_case(key, place.target,
                               Json::object({{"title", title},
                                             {"host", place.host},
                                             {"rule", kRuleOutsideAlert},
                                             {"level", name_of(level_of_severity(alert))},
                                             {"reason", what_it_says(alert)},
                                             {"key", key},
                                             {"facts", facts.to_event_json()},
                                             {"members", Json::array()},
                                             {"alert", told}}));
    the_case.before = facts;
    the_case.outside = OutsideCase::from_json(told);
    the_case.outside->ends_at = alert.ends_at;
    if (loaded_->settings.inventory.has_target(place.target)) want_evidence(the_case);
    if (watching_) diagnose(the_case);
    escalate(the_case);
}

// A repair that is under way is for the verifier to judge; one that rests has nothing left to do.
void OpsAgent::end_alert(Case& the_case, const std::string& reason) {
    if (!the_case.outside) return;
    the_case.outside->ended = true;
    the_case.cleared = true;
    const bool is_repaired = the_case.outside->repaired_until.has_value();
    if (the_case.repair) {
        if (!watching_ || !the_case.repair->is_resting()) return;
        withdraw_repair(the_case, "the alert is over");
    } else if (did_harm(the_case)) {
        return;  // people were told to look at what a repair did, and that is not over
    }
    resolve_case(the_case, is_repaired ? "auto" : "self", "the alert is over: " + reason, "");
}

// Our checks say that it is well. Other monitors need minutes to see it: until then nothing more is
// done, and if they never do a person must look.
bool OpsAgent::wait_for_alert(Case& the_case, const std::string& reason) {
    if (!the_case.outside || the_case.outside->ended) return false;
    const Time until = ports_.clock.now() + kTimeToEnd;
    the_case.outside->repaired_until = until;
    note("incident.repaired", &the_case, the_case.incident.target,
         Json::object({{"reason", reason}, {"until", format_rfc3339(until)}}));
    return true;
}

void OpsAgent::keep_alerts(Time now) {
    if (!watching_) return;
    std::vector<std::string> due;
    size_t open = 0;
    for (const auto& [id, the_case] : cases_) {
        if (!the_case.outside) continue;
        ++open;
        const OutsideCase& alert = *the_case.outside;
        const bool rests = the_case.repair && the_case.repair->is_resting();
        const bool is_late = alert.ends_at && *alert.ends_at <= now && !alert.ended;
        const bool is_waiting = alert.repaired_until && *alert.repaired_until <= now;
        if (is_late || is_waiting || rests) due.push_back(id);
    }
    for (const std::string& id : due) {
        if (Case* const the_case = find_case(id)) keep_alert(*the_case, now);
    }
    if (open < kRoomAgain) self_is_well("outside-alerts", "there is room again");
}

void OpsAgent::keep_alert(Case& the_case, Time now) {
    OutsideCase& alert = *the_case.outside;
    if (alert.ends_at && *alert.ends_at <= now && !alert.ended) {
        return end_alert(the_case, alert.source + " sends it no more");
    }
    if (alert.ended) return end_alert(the_case, alert.source + " says so");
    if (alert.repaired_until) {
        const bool is_known =
            the_case.incident.acknowledged || the_case.incident.state == IncidentState::escalated;
        if (is_known || *alert.repaired_until > now) return;
        note("incident.state", &the_case, the_case.incident.target,
             Json::object({{"state", "escalated"},
                           {"reason", "repaired, and well by our own checks, but " + alert.source +
                                          " says after " + format_duration_short(kTimeToEnd) +
                                          " that it still fires"}}));
        return gave_up(the_case);
    }
    // What somebody else repaired meanwhile is not repaired once more.
    const Incident& incident = the_case.incident;
    if (the_case.repair && !the_case.repair->has_acted() &&
        limiter_.acted_on(incident.target, incident.id, alert.repair_began, now)) {
        withdraw_repair(the_case, "'" + incident.target + "' is being repaired already");
        the_case.again_at = now + kAskAgain;
    }
}

// Why an entry may not be used for the incident of an alert now.
std::optional<BudgetAnswer> OpsAgent::barred_for_alert(const Case& the_case, const Entry& entry,
                                                       Time now) const {
    using enum BudgetAnswer::Verdict;
    const Incident& incident = the_case.incident;
    if (!reads_alert(entry)) {
        return BudgetAnswer{
            spent, "it says nothing of the alert: what it sees has an incident of its own", {}};
    }
    const std::string by = detector_->suppressed_by(incident.target);
    if (!by.empty()) return BudgetAnswer{wait, "held back by " + by, now + kAskAgain};
    if (limiter_.acted_on(incident.target, incident.id, now - kTimeToEnd, now)) {
        return BudgetAnswer{
            wait, "'" + incident.target + "' was repaired a moment ago: the alert may yet end",
            now + kAskAgain};
    }
    return barred(entry, incident.target);
}

// For how long: as long as the alert, since its other facts are looked at now only. Nothing when
// that is not enough for the entry's `for:`.
std::optional<Duration> OpsAgent::held_for_alert(const Case& the_case, const Entry& entry,
                                                 Time now) const {
    const Duration held = now - the_case.incident.opened_at;
    return held >= entry.hold ? std::optional(held) : std::nullopt;
}

Result<> OpsAgent::take_up_alert(Case& the_case, const Json& opened) {
    if (!opened.has("alert")) return {};
    const Time now = ports_.clock.now();
    the_case.outside = OutsideCase::from_json(opened["alert"]);
    OutsideCase& alert = *the_case.outside;
    alert.repair_began = now;
    // It was not heard while nobody listened.
    if (alert.expires) alert.ends_at = now + kGraceAfterStart;
    EventQuery query;
    query.incident = the_case.incident.id;
    query.kind_prefix = "incident.repaired";
    query.order = EventQuery::Order::newest_first;
    query.limit = 1;
    for (const Event& event : TRY(store_->events(query))) {
        const Result<Time> until = parse_rfc3339(event.body["until"].as_string());
        if (until.ok()) alert.repaired_until = until.value();
    }
    return {};
}

}  // namespace ops

#include "monitor/outside_alerts.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/text.h"

namespace ops {
namespace {

constexpr Duration kResolveTimeout = std::chrono::minutes(5);  // Alertmanager's resolve_timeout
constexpr size_t kIdentityDigits = 32;
constexpr size_t kMostNameBytes = 200;

constexpr auto kSources = std::to_array<std::pair<AlertSource, std::string_view>>({
    {AlertSource::alertmanager, "alertmanager"},
    {AlertSource::prometheus, "prometheus"},
    {AlertSource::grafana, "grafana"},
    {AlertSource::uptime_kuma, "uptime-kuma"},
});

Error wrong(std::string_view place, std::string_view what) {
    return {Fault::invalid, std::string(place).append(": ").append(what)};
}

std::string place_of(std::string_view list, size_t index) {
    return std::string(list).append("[").append(std::to_string(index)).append("]");
}

// Of the sender's own spelling: a label whose name we cannot say still tells two alerts apart.
std::string identity_of(AlertSource source, const std::map<std::string, std::string>& labels) {
    Sha256 sum;
    const auto add = [&sum](std::string_view text) {
        sum.add(std::to_string(text.size()));
        sum.add(":");
        sum.add(text);
    };
    add(name_of(source));
    for (const auto& [name, value] : labels) {
        add(name);
        add(value);
    }
    return sum.hex().substr(0, kIdentityDigits);
}

// A member that is an object of texts; nothing is an empty one.
Result<std::map<std::string, std::string>> texts_of(const Json& json, const std::string& place) {
    std::map<std::string, std::string> texts;
    if (json.is_null()) return texts;
    if (!json.is_object()) return wrong(place, "expected an object of texts");
    for (const auto& [name, value] : json.members()) {
        if (!value.is_string()) {
            const std::string shown = printable(clip_end(name, 60), Lines::flatten);
            return wrong(place, "'" + shown + "' is not a text");
        }
        texts[name] = value.as_string();
    }
    return texts;
}

// Nothing for a time that is not set: absent, empty, or the year 1 of Go's zero time.
Result<std::optional<Time>> time_of(const Json& json, const std::string& place) {
    if (json.is_null()) return std::optional<Time>();
    const std::string text = json.as_string();
    if (json.is_string() && (text.empty() || text.starts_with("0001-"))) {
        return std::optional<Time>();
    }
    const Result<Time> read = parse_rfc3339(text);
    if (json.is_string() && read.ok()) return std::optional<Time>(read.value());
    return wrong(place, "expected a time like 2026-01-29T14:30:00Z, not " +
                            printable(clip_end(json.dump(), 60), Lines::flatten));
}

std::string text_in(const std::map<std::string, std::string>& texts, const std::string& name) {
    const auto found = texts.find(name);
    return found == texts.end() ? "" : clip_end(found->second, kMostAnnotationBytes);
}

bool has(const std::map<std::string, std::string>& labels, const char* name,
         std::string_view value) {
    const auto found = labels.find(name);
    return found != labels.end() && found->second == value;
}

void keep_labels(const std::map<std::string, std::string>& sent, OutsideAlert& alert,
                 OutsideAlerts& out) {
    for (const auto& [name, value] : sent) {
        if (!is_label_name(name) || alert.labels.size() >= kMostLabels) {
            ++out.dropped_labels;
            continue;
        }
        alert.labels[name] = clip_end(value, kMostLabelBytes);
    }
}

// What the four have in common: labels, annotations, startsAt.
Result<OutsideAlert> read_one(const Json& json, AlertSource source, const std::string& place,
                              OutsideAlerts& out) {
    if (!json.is_object()) return wrong(place, "expected an alert, an object with 'labels'");
    const auto labels = TRY(texts_of(json["labels"], place + ".labels"));
    const auto annotations = TRY(texts_of(json["annotations"], place + ".annotations"));
    const bool has_any = std::any_of(labels.begin(), labels.end(),
                                     [](const auto& label) { return !label.second.empty(); });
    if (!has_any) return wrong(place, "has neither an alertname nor any other label");
    OutsideAlert alert;
    alert.source = source;
    alert.identity = identity_of(source, labels);
    // Grafana's test fires once and for ever.
    alert.is_only_seen =
        has(labels, "alertname", "TestAlert") && has(labels, "instance", "Grafana");
    alert.is_sign_of_life = has(labels, "alertname", "Watchdog") && has(labels, "severity", "none");
    keep_labels(labels, alert, out);
    const auto name = labels.find("alertname");
    alert.name = name == labels.end() || name->second.empty()
                     ? "alert"
                     : clip_end(name->second, kMostNameBytes);
    alert.summary = text_in(annotations, "summary");
    alert.description = text_in(annotations, "description");
    alert.runbook_url = text_in(annotations, "runbook_url");
    alert.starts_at = TRY(time_of(json["startsAt"], place + ".startsAt"));
    alert.ends_at = TRY(time_of(json["endsAt"], place + ".endsAt"));
    return alert;
}

Result<> check_count(size_t count, std::string_view place) {
    if (count <= kMostOutsideAlerts) return {};
    return wrong(place, std::to_string(count) + " alerts, at most " +
                            std::to_string(kMostOutsideAlerts) + " are taken at once");
}

// Alertmanager's and Grafana's webhooks differ in what they add, not in what is read here.
Result<OutsideAlerts> read_webhook(const Json& body, AlertSource source) {
    const std::string who(name_of(source));
    if (!body.is_object()) return wrong("body", "expected the object of a webhook of " + who);
    const Json& list = body["alerts"];
    if (!list.is_array()) {
        return wrong("body",
                     body.has("alerts")
                         ? "'alerts' is not a list"
                         : "no 'alerts': this is no webhook of " + who +
                               (source == AlertSource::grafana ? "'s unified alerting" : ""));
    }
    TRY(check_count(list.items().size(), "alerts"));
    OutsideAlerts out;
    out.truncated = std::max<int64_t>(body["truncatedAlerts"].as_int(), 0);
    for (size_t i = 0; i < list.items().size(); ++i) {
        const Json& json = list.items()[i];
        const std::string place = place_of("alerts", i);
        OutsideAlert alert = TRY(read_one(json, source, place, out));
        const std::string status = json["status"].as_string();
        if (status != "firing" && status != "resolved") {
            return wrong(place, "status is firing or resolved, not " +
                                    printable(clip_end(json["status"].dump(), 60), Lines::flatten));
        }
        alert.firing = status == "firing";
        // Its end is told in a webhook of its own; this one says until when its sender believes it.
        if (alert.firing) alert.ends_at.reset();
        out.alerts.push_back(std::move(alert));
    }
    return out;
}

void add_tags(const Json& tags, OutsideAlert& alert, OutsideAlerts& out) {
    for (const Json& tag : tags.items()) {
        const std::string name = tag["name"].as_string();
        if (alert.labels.contains(name)) continue;
        if (!is_label_name(name) || alert.labels.size() >= kMostLabels) {
            ++out.dropped_labels;
            continue;
        }
        alert.labels[name] = clip_end(tag["value"].as_string(), kMostLabelBytes);
    }
}

// A number or a text, as a text.
std::string id_in(const Json& json) {
    if (json.is_string()) return json.as_string();
    return json.is_number() ? json.dump() : "";
}

}  // namespace

std::string_view name_of(AlertSource source) {
    return std::find_if(kSources.begin(), kSources.end(),
                        [source](const auto& one) { return one.first == source; })
        ->second;
}

std::optional<AlertSource> parse_alert_source(std::string_view text) {
    for (const auto& [source, name] : kSources) {
        if (name == text) return source;
    }
    return std::nullopt;
}

bool is_label_name(std::string_view name) {
    constexpr size_t kMost = 64;
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !name.empty() && name.size() <= kMost && is_letter(name[0]) &&
           std::all_of(name.begin(), name.end(),
                       [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

Result<OutsideAlerts> read_alertmanager(const Json& body) {
    return read_webhook(body, AlertSource::alertmanager);
}

Result<OutsideAlerts> read_grafana(const Json& body) {
    return read_webhook(body, AlertSource::grafana);
}

Result<OutsideAlerts> read_prometheus(const Json& body, Time now) {
    if (!body.is_array()) return wrong("body", "expected a list of alerts");
    TRY(check_count(body.items().size(), "body"));
    OutsideAlerts out;
    for (size_t i = 0; i < body.items().size(); ++i) {
        OutsideAlert alert =
            TRY(read_one(body.items()[i], AlertSource::prometheus, place_of("alerts", i), out));
        if (!alert.ends_at) alert.ends_at = add_saturating(now, kResolveTimeout);
        alert.firing = *alert.ends_at > now;
        out.alerts.push_back(std::move(alert));
    }
    return out;
}

// "[MONITOR][URL] server certificate www.example will be expired in 3 days". That it is over nobody
// says; with other numbers it is the same.
static OutsideAlert kuma_notice(const std::string& text) {
    OutsideAlert alert;
    alert.source = AlertSource::uptime_kuma;
    alert.name = "Notice";
    alert.firing = true;
    alert.labels["alertname"] = alert.name;
    const size_t end = text.find(']');
    if (text.starts_with('[') && end != std::string::npos) {
        alert.labels["monitor"] = clip_end(text.substr(1, end - 1), kMostLabelBytes);
    }
    std::string without_numbers = text;
    std::erase_if(without_numbers, [](char c) { return c >= '0' && c <= '9'; });
    alert.identity = identity_of(alert.source, {{"notice", without_numbers}});
    alert.summary = text;
    return alert;
}

// {"heartbeat": {"status": 0 down | 1 up | 2 pending | 3 maintenance, "msg"}, "monitor": {"id",
// "name", "url", ...}, "msg"}; in a test, and in a warning about a certificate, both are null.
Result<OutsideAlerts> read_uptime_kuma(const Json& body) {
    constexpr int64_t kDown = 0, kUp = 1, kMaintenance = 3;
    if (!body.is_object()) return wrong("body", "expected the object of a webhook of uptime-kuma");
    OutsideAlerts out;
    const Json& heartbeat = body["heartbeat"];
    const Json& monitor = body["monitor"];
    if (heartbeat.is_null()) {
        if (!body["msg"].is_string()) {
            return wrong("body", "no 'heartbeat' and no 'msg': this is no webhook of uptime-kuma");
        }
        const std::string text = clip_end(body["msg"].as_string(), kMostAnnotationBytes);
        if (text.ends_with("Testing")) {  // "NAME Testing"
            out.said = text;
        } else {
            out.alerts.push_back(kuma_notice(text));
        }
        return out;
    }
    if (!heartbeat.is_object()) return wrong("heartbeat", "expected an object with 'status'");
    if (!heartbeat["status"].is_number()) return wrong("heartbeat", "no 'status' (0, 1, 2 or 3)");
    const int64_t status = heartbeat["status"].as_int(-1);
    if (status < kDown || status > kMaintenance) {
        return wrong("heartbeat",
                     "status is 0, 1, 2 or 3, not " + clip_end(heartbeat["status"].dump(), 60));
    }
    std::string id = id_in(monitor["id"]);
    if (id.empty()) id = id_in(heartbeat["monitorID"]);
    const std::string name = monitor["name"].as_string();
    if (id.empty() && name.empty()) return wrong("monitor", "has neither an id nor a name");
    if (status != kDown && status != kUp) return out;  // says nothing of how the service is

    OutsideAlert alert;
    alert.source = AlertSource::uptime_kuma;
    // A monitor may be given another name while it is down.
    alert.identity = identity_of(
        alert.source, id.empty() ? std::map<std::string, std::string>{{"monitor", name}}
                                 : std::map<std::string, std::string>{{"monitor_id", id}});
    alert.name = "MonitorDown";
    alert.firing = status == kDown;
    alert.labels["alertname"] = alert.name;
    alert.labels["monitor"] = clip_end(name, kMostLabelBytes);
    alert.labels["monitor_id"] = clip_end(id, kMostLabelBytes);
    for (const char* const member : {"type", "url", "hostname"}) {
        const std::string value = monitor[member].as_string();
        if (!value.empty()) alert.labels[member] = clip_end(value, kMostLabelBytes);
    }
    add_tags(monitor["tags"], alert, out);
    alert.summary = clip_end((name.empty() ? "monitor " + id : name) + " is down", kMostNameBytes);
    alert.description = clip_end(heartbeat["msg"].as_string(), kMostAnnotationBytes);
    out.alerts.push_back(std::move(alert));
    return out;
}

Result<OutsideAlerts> read_outside_alerts(AlertSource source, const Json& body, Time now) {
    switch (source) {
        case AlertSource::alertmanager: return read_alertmanager(body);
        case AlertSource::prometheus: return read_prometheus(body, now);
        case AlertSource::grafana: return read_grafana(body);
        case AlertSource::uptime_kuma: return read_uptime_kuma(body);
    }
    return Error{Fault::invalid, "no such source of alerts"};
}

}  // namespace ops

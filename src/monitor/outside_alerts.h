// Alerts of other monitors, as they are posted to us: Alertmanager's webhook (version 4), what
// Prometheus sends to an Alertmanager (POST /api/v2/alerts), Grafana's webhook, Uptime Kuma's
// (docs/alerts-from-others.md). Pure: a body in, a list of alerts out.
//
// Promises: any JSON is either read or refused with a sentence that names the place
// ("alerts[3]: ..."); what is not known is passed over; at most kMostOutsideAlerts come out, each
// with at most kMostLabels labels whose names the language can say. Texts are as they were sent,
// shortened: whoever shows them makes them harmless.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace ops {

inline constexpr size_t kMostOutsideAlerts = 5000;  // in one request
inline constexpr size_t kMostLabels = 64;           // of one alert, and so of annotations
inline constexpr size_t kMostLabelBytes = 512;      // of a value
inline constexpr size_t kMostAnnotationBytes = 2000;

enum class AlertSource { alertmanager, prometheus, grafana, uptime_kuma };
std::string_view name_of(AlertSource source);  // "alertmanager", "uptime-kuma"
std::optional<AlertSource> parse_alert_source(std::string_view text);

struct OutsideAlert {
    AlertSource source = AlertSource::alertmanager;
    // Of the source and all labels as they were sent: the same alert again has the same.
    std::string identity;
    std::string name;  // alertname; "alert" where only other labels are given
    bool firing = false;
    bool is_only_seen = false;     // a test: it fires, and nothing is wrong
    bool is_sign_of_life = false;  // Watchdog: something is wrong when it does not fire
    std::map<std::string, std::string> labels;  // with alertname
    std::string summary, description, runbook_url;
    std::optional<Time> starts_at;
    std::optional<Time> ends_at;  // of a firing one: when it is over unless it is sent again
};

struct OutsideAlerts {
    std::vector<OutsideAlert> alerts;
    int64_t truncated = 0;      // left out by the sender (max_alerts)
    size_t dropped_labels = 0;  // with names that cannot be said, or too many
    std::string said;           // what a test said; may be empty
};

Result<OutsideAlerts> read_alertmanager(const Json& body);
// An alert without `endsAt` is over five minutes after `now`, as in Alertmanager.
Result<OutsideAlerts> read_prometheus(const Json& body, Time now);
Result<OutsideAlerts> read_grafana(const Json& body);
Result<OutsideAlerts> read_uptime_kuma(const Json& body);
Result<OutsideAlerts> read_outside_alerts(AlertSource source, const Json& body, Time now);

// [a-zA-Z_][a-zA-Z0-9_]*, at most 64 bytes: then `alert_label_NAME` is a name of the language.
bool is_label_name(std::string_view name);

}  // namespace ops

// alertmanager: what Alertmanager itself sends to a webhook (version 4), so that whatever takes its
// messages takes ours. An alert of that world is known by its labels, which stay the same from
// firing to resolved; when the severity changes, the one with the old is resolved with the same
// message. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
#include <algorithm>
#include <array>

#include "base/text.h"
#include "escalate/channel_kinds.h"

namespace ops {
namespace {

constexpr std::string_view kNotYet = "0001-01-01T00:00:00Z";  // as Alertmanager writes no time

// Of labels in the order of their names: FNV-1a over names and values with a byte 255 behind each,
// as Prometheus does.
std::string fingerprint(const Json& labels) {
    uint64_t hash = 14695981039346656037ULL;
    const auto add = [&hash](unsigned char byte) {
        hash ^= byte;
        hash *= 1099511628211ULL;
    };
    for (const auto& [name, value] : labels.members()) {
        for (const std::string& text : {name, value.as_string()}) {
            for (const char c : text) add(static_cast<unsigned char>(c));
            add(255);
        }
    }
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[hash >> shift & 15U];
    return text;
}

// In the order of their names.
Json labels_of(const Outgoing& out) {
    const AlertDraft& alert = out.delivery.alert;
    return Json::object({
        {"agent", out.delivery.agent},
        {"alertname", printable(alert.title, Lines::flatten)},
        {"incident", alert.incident.empty() ? alert.key : alert.incident},
        {"severity", name_of(alert.level)},
    });
}

Json annotations_of(const AlertLines& lines) {
    Json annotations = Json::object({{"summary", lines.headline}});
    std::string description;
    for (const auto& [name, value] : lines.rows) description += name + ": " + value + "\n";
    description += lines.ask;
    annotations.set("description", description);
    return annotations;
}

struct Stretch {
    std::string from, to;
};
Json one(const Json& labels, const Json& annotations, const Stretch& times,
         const std::string& generator) {
    return Json::object({{"status", times.to == kNotYet ? "firing" : "resolved"},
                         {"labels", labels},
                         {"annotations", annotations},
                         {"startsAt", times.from},
                         {"endsAt", times.to},
                         {"generatorURL", generator},
                         {"fingerprint", fingerprint(labels)}});
}

std::string quoted(const std::string& text) {
    return "\"" + replace_all(replace_all(text, "\\", "\\\\"), "\"", "\\\"") + "\"";
}

// Of the alerts in a message, the labels that all have.
Json common(const Json& labels, const Json& other) {
    Json same = Json::object();
    for (const auto& [name, value] : labels.members()) {
        if (other.is_null() || other[name] == value) same.set(name, value);
    }
    return same;
}

}  // namespace

std::span<const ChannelSetting> alertmanager_settings() {
    using enum ChannelSetting::Form;
    static constexpr auto kSettings = std::to_array<ChannelSetting>({
        {.name = "url",
         .help = "of whoever takes Alertmanager's webhook",
         .form = url,
         .required = true},
        {.name = "token", .help = "sent as a bearer token", .form = secret},
        {.name = "external_url", .help = "where people reach this agent", .form = url},
    });
    return kSettings;
}

DeliveryResult deliver_alertmanager(const Outgoing& out) {
    const Result<std::string> token = out.secret("token");
    if (!token.ok()) return not_delivered(token.error());
    const AlertDraft& alert = out.delivery.alert;
    const Json known = out.delivery.previous ? out.delivery.previous->reference : Json();
    const std::string at = format_rfc3339(alert.at);
    const std::string began = known["starts_at"].as_string(at);
    const bool is_over = is_end(alert.state) || alert.state == AlertState::test;
    const std::string external = out.channel.text("external_url");
    const std::string generator =
        external.empty() || alert.incident.empty() ? "" : external + "/incidents/" + alert.incident;
    const Json labels = labels_of(out);
    const Json annotations = annotations_of(alert.lines(out.delivery.time_zone));
    const Json& before = known["labels"];
    const bool has_changed = before.is_object() && before != labels;
    Json alerts = Json::array();
    alerts.push(one(labels, annotations, {began, is_over ? at : std::string(kNotYet)}, generator));
    if (has_changed) alerts.push(one(before, Json::object(), {began, at}, generator));
    const Json group = Json::object({{"incident", labels["incident"]}});
    const Json body = Json::object({
        {"receiver", out.channel.name},
        {"status", is_over ? "resolved" : "firing"},
        {"alerts", std::move(alerts)},
        {"groupLabels", group},
        {"commonLabels", common(labels, has_changed ? before : Json())},
        {"commonAnnotations", has_changed ? Json::object() : annotations},
        {"externalURL", external},
        {"version", "4"},
        {"groupKey", "{}:{incident=" + quoted(labels["incident"].as_string()) + "}"},
        {"truncatedAlerts", 0},
    });
    HttpRequest request = json_request(out, "POST", out.channel.text("url"), body);
    if (!token.value().empty()) {
        request.headers.emplace_back("Authorization", "Bearer " + token.value());
    }
    ChannelAnswer answer = ask(out, request);
    if (answer.failed) return *std::move(answer.failed);
    return delivered(words_of(answer.reply, answer.body),
                     Json::object({{"starts_at", began}, {"labels", labels}}));
}

}  // namespace ops

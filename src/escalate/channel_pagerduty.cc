// pagerduty: Events API v2. One incident of ours is one alert of theirs, known by its key.
// https://developer.pagerduty.com/docs/send-alert-event
#include <array>

#include "base/text.h"
#include "escalate/channel_kinds.h"
#include "escalate/render.h"

namespace ops {
namespace {

constexpr size_t kMostSummary = 1024;
constexpr size_t kMostKey = 255;

std::string_view severity_of(Level level) {
    switch (level) {
        case Level::critical: return "critical";
        case Level::alert: return "error";
        case Level::warning: return "warning";
        default: return "info";
    }
}

std::string_view action_of(AlertState state) {
    switch (state) {
        case AlertState::acknowledged: return "acknowledge";
        case AlertState::recovered:
        case AlertState::closed: return "resolve";
        default: return "trigger";
    }
}

Json links(const std::vector<AlertAction>& actions) {
    Json list = Json::array();
    for (const AlertAction& action : actions) {
        if (action.url.empty() || action.calls) continue;
        list.push(Json::object({{"href", action.url}, {"text", shortened(action.label, 100)}}));
    }
    return list;
}

Json event(const Outgoing& out, const std::string& key, std::string_view action) {
    const AlertDraft& alert = out.delivery.alert;
    const std::string subject = alert.incident.empty() ? alert.key : alert.incident;
    Json body = Json::object({{"routing_key", key},
                              {"event_action", action},
                              {"dedup_key", shortened(subject, kMostKey)}});
    if (action != "trigger") return body;
    const AlertLines lines = alert.lines(out.delivery.time_zone);
    Json details = Json::object();
    for (const auto& [name, value] : lines.rows) details.set(name, value);
    if (!lines.ask.empty()) details.set("Asked of you", lines.ask);
    body.set("payload", Json::object({
                            {"summary", shortened(lines.headline, kMostSummary)},
                            {"source", shortened(out.delivery.agent, kMostKey)},
                            {"severity", severity_of(alert.level)},
                            {"timestamp", format_rfc3339(alert.at)},
                            {"custom_details", std::move(details)},
                        }));
    body.set("client", "ops-agent");
    Json urls = links(out.delivery.actions);
    if (!urls.items().empty()) body.set("links", std::move(urls));
    return body;
}

}  // namespace

std::span<const ChannelSetting> pagerduty_settings() {
    using enum ChannelSetting::Form;
    static constexpr auto kSettings = std::to_array<ChannelSetting>({
        {.name = "routing_key",
         .help = "of an integration \"Events API v2\" of a service",
         .form = secret,
         .required = true},
        {.name = "url",
         .help = "the server; in the EU https://events.eu.pagerduty.com",
         .form = url,
         .otherwise = "https://events.pagerduty.com"},
    });
    return kSettings;
}

DeliveryResult deliver_pagerduty(const Outgoing& out) {
    const Result<std::string> key = out.secret("routing_key");
    if (!key.ok()) return not_delivered(key.error());
    const std::string url = out.channel.text("url") + "/v2/enqueue";
    const AlertDraft& alert = out.delivery.alert;
    const std::string_view action = action_of(alert.state);
    ChannelAnswer answer =
        ask(out, json_request(out, "POST", url, event(out, key.value(), action)));
    if (answer.failed) return *std::move(answer.failed);
    const std::string words = words_of(answer.reply, answer.body);
    if (alert.state != AlertState::test) return delivered(words);
    // A test must leave nothing open that somebody would be called for.
    answer = ask(out, json_request(out, "POST", url, event(out, key.value(), "resolve")));
    if (answer.failed) return delivered(words + "; resolve it by hand, as that was not taken");
    return delivered(words + "; and resolved again");
}

}  // namespace ops

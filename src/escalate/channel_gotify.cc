// gotify: a push message by a server of one's own. https://gotify.net/api-docs
#include <array>

#include "escalate/channel_kinds.h"
#include "escalate/render.h"

namespace ops {
namespace {

constexpr size_t kMostTitle = 250;
constexpr size_t kMostMessage = 8192;  // ours; Gotify names none

// From 8 on the app makes itself heard whatever else is set, from 4 on it makes a sound.
int priority_of(const AlertDraft& alert) {
    if (alert.state == AlertState::acknowledged || alert.state == AlertState::answered) return 1;
    if (is_end(alert.state) || alert.state == AlertState::test) return 4;
    switch (alert.level) {
        case Level::critical: return 10;
        case Level::alert: return 8;
        case Level::warning: return 5;
        default: return 1;
    }
}

}  // namespace

std::span<const ChannelSetting> gotify_settings() {
    using enum ChannelSetting::Form;
    static constexpr auto kSettings = std::to_array<ChannelSetting>({
        {.name = "url", .help = "the server", .form = url, .required = true},
        {.name = "token", .help = "of an application", .form = secret, .required = true},
        kLinksSetting,
    });
    return kSettings;
}

DeliveryResult deliver_gotify(const Outgoing& out) {
    const Result<std::string> token = out.secret("token");
    if (!token.ok()) return not_delivered(token.error());
    const AlertDraft& alert = out.delivery.alert;
    const AlertLines lines = alert.lines(out.delivery.time_zone);
    // Text, and not Markdown: so nothing in it means anything.
    Json extras =
        Json::object({{"client::display", Json::object({{"contentType", "text/plain"}})}});
    for (const AlertAction& action : out.delivery.actions) {
        if (action.url.empty() || action.calls) continue;
        extras.set("client::notification",
                   Json::object({{"click", Json::object({{"url", action.url}})}}));
        break;
    }
    const Json body = Json::object({
        {"title", shortened(lines.sign + " " + lines.headline, kMostTitle)},
        {"message", render(lines, kPlainMarkup, kMostMessage, Headline::left_out)},
        {"priority", priority_of(alert)},
        {"extras", std::move(extras)},
    });
    HttpRequest request = json_request(out, "POST", out.channel.text("url") + "/message", body);
    request.headers.emplace_back("X-Gotify-Key", token.value());
    ChannelAnswer answer = ask(out, request);
    if (answer.failed) return *std::move(answer.failed);
    return delivered("taken as message " + answer.body["id"].dump());
}

}  // namespace ops

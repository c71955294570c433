// pushover: a push message; one that is critical is repeated by Pushover until somebody sees it,
// and called off when the incident is over. https://pushover.net/api
#include <array>

#include "base/text.h"
#include "escalate/channel_kinds.h"
#include "escalate/render.h"

namespace ops {
namespace {

constexpr size_t kMostTitle = 250;
constexpr size_t kMostMessage = 1024;
constexpr size_t kMostUrlTitle = 100;

int priority_of(const AlertDraft& alert) {
    if (alert.state == AlertState::acknowledged || alert.state == AlertState::answered) return -1;
    if (is_end(alert.state) || alert.state == AlertState::test) return 0;
    switch (alert.level) {
        case Level::critical: return 2;
        case Level::alert: return 1;
        case Level::warning: return 0;
        default: return -1;
    }
}

// What the last message keeps calling about. Best effort: it ends by itself after `expire`.
std::string call_off(const Outgoing& out, const std::string& token) {
    if (!is_quiet(out.delivery.alert) || !out.delivery.previous) return "";
    const std::string receipt = out.delivery.previous->reference["receipt"].as_string();
    if (receipt.empty()) return "";
    const ChannelAnswer answer = ask(out, json_request(out, "POST",
                                                       out.channel.text("url") + "/1/receipts/" +
                                                           as_path_part(receipt) + "/cancel.json",
                                                       Json::object({{"token", token}})));
    return answer.failed ? "; the call before it goes on until it expires"
                         : "; the call before it was called off";
}

}  // namespace

std::span<const ChannelSetting> pushover_settings() {
    using enum ChannelSetting::Form;
    static constexpr auto kSettings = std::to_array<ChannelSetting>({
        {.name = "token", .help = "of an application", .form = secret, .required = true},
        {.name = "user", .help = "key of a user or group", .form = secret, .required = true},
        {.name = "device", .help = "only this one"},
        {.name = "sound", .help = "instead of the user's own"},
        {.name = "retry",
         .help = "a critical message is repeated so often",
         .form = duration,
         .otherwise = "1m"},
        {.name = "expire", .help = "and so long, 3h at most", .form = duration, .otherwise = "1h"},
        {.name = "url", .help = "the server", .form = url, .otherwise = "https://api.pushover.net"},
        kLinksSetting,
    });
    return kSettings;
}

void check_pushover(const ChannelSettings& channel, Fields& fields, Problems& problems) {
    if (channel.duration("retry") < std::chrono::seconds(30)) {
        problems.error(fields.place_of("retry"), "Pushover repeats every 30s at most");
    }
    if (channel.duration("expire") > std::chrono::hours(3)) {
        problems.error(fields.place_of("expire"), "Pushover repeats for 3h at most");
    }
}

DeliveryResult deliver_pushover(const Outgoing& out) {
    const Result<std::string> token = out.secret("token");
    if (!token.ok()) return not_delivered(token.error());
    const Result<std::string> user = out.secret("user");
    if (!user.ok()) return not_delivered(user.error());
    const AlertDraft& alert = out.delivery.alert;
    const AlertLines lines = alert.lines(out.delivery.time_zone);
    const int priority = priority_of(alert);
    Json body = Json::object({
        {"token", token.value()},
        {"user", user.value()},
        {"title", shortened(lines.sign + " " + lines.headline, kMostTitle)},
        {"message", render(lines, kPlainMarkup, kMostMessage, Headline::left_out)},
        {"priority", priority},
        {"timestamp", int64_t{alert.at.time_since_epoch().count() / 1000}},
    });
    const auto seconds = [&](const char* setting) {
        return int64_t{out.channel.duration(setting).count() / 1000};
    };
    if (priority == 2) body.set("retry", seconds("retry")).set("expire", seconds("expire"));
    for (const char* name : {"device", "sound"}) {
        if (out.channel.has(name)) body.set(name, out.channel.text(name));
    }
    for (const AlertAction& action : out.delivery.actions) {
        if (action.url.empty() || action.calls || action.url.size() > 512) continue;
        body.set("url", action.url).set("url_title", shortened(action.label, kMostUrlTitle));
        break;
    }
    const std::string before = call_off(out, token.value());
    ChannelAnswer answer =
        ask(out, json_request(out, "POST", out.channel.text("url") + "/1/messages.json", body));
    if (answer.failed) return *std::move(answer.failed);
    const std::string receipt = answer.body["receipt"].as_string();
    const std::string words = "taken as request " + answer.body["request"].as_string() + before;
    if (receipt.empty()) return delivered(words);
    return delivered(words, Json::object({{"receipt", receipt}}));
}

}  // namespace ops

// ntfy: its JSON form, in which no header has to carry text from outside.
// https://docs.ntfy.sh/publish/
#include <array>

#include "base/text.h"
#include "escalate/base64.h"
#include "escalate/channel_kinds.h"
#include "escalate/render.h"

namespace ops {
namespace {

constexpr size_t kMostMessage = 4096;  // bytes; more would become an attached file
constexpr size_t kMostTitle = 250;
constexpr size_t kMostActions = 3;

// A tag with a name of an emoji stands before the title on the phone.
struct Look {
    int priority;
    std::string_view emoji;
};
Look look_of(const AlertDraft& alert) {
    switch (alert.state) {
        case AlertState::recovered: return {3, "white_check_mark"};
        case AlertState::acknowledged: return {2, "eyes"};
        case AlertState::test: return {3, "bell"};
        default: break;
    }
    switch (alert.level) {
        case Level::critical: return {5, "rotating_light"};
        case Level::alert: return {4, "red_circle"};
        case Level::warning: return {3, "warning"};
        default: return {2, "information_source"};
    }
}

Json buttons(const std::vector<AlertAction>& actions) {
    Json list = Json::array();
    for (const AlertAction& action : actions) {
        if (action.url.empty() || list.items().size() == kMostActions) continue;
        Json button = Json::object({{"action", action.calls ? "http" : "view"},
                                    {"label", shortened(action.label, 60)},
                                    {"url", action.url}});
        if (action.calls) button.set("method", "POST").set("clear", true);
        list.push(std::move(button));
    }
    return list;
}

}  // namespace

std::span<const ChannelSetting> ntfy_settings() {
    using enum ChannelSetting::Form;
    static constexpr auto kSettings = std::to_array<ChannelSetting>({
        {.name = "topic", .help = "whoever knows its name can read it", .required = true},
        {.name = "url", .help = "the server", .form = url, .otherwise = "https://ntfy.sh"},
        {.name = "token", .help = "an access token", .form = secret},
        {.name = "user", .help = "instead of a token"},
        {.name = "password", .help = "of that user", .form = secret},
    });
    return kSettings;
}

void check_ntfy(const ChannelSettings& channel, Fields& fields, Problems& problems) {
    const std::string topic = channel.text("topic");
    const bool is_name =
        topic.size() <= 64 && topic.find_first_not_of(
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
                                  "xyz0123456789_-") == std::string::npos;
    if (!is_name) {
        problems.error(fields.place_of("topic"),
                       "a topic is at most 64 letters, digits, '-' and '_'");
    }
    const bool has_password = channel.has("password") || channel.has("password_file");
    if (channel.has("user") != has_password) {
        problems.error(fields.place_of("user"), "'user' and 'password_file' belong together");
    }
    if (channel.has("user") && (channel.has("token") || channel.has("token_file"))) {
        problems.error(fields.place_of("user"), "'token_file' or 'user', not both");
    }
}

DeliveryResult deliver_ntfy(const Outgoing& out) {
    const Result<std::string> token = out.secret("token");
    if (!token.ok()) return not_delivered(token.error());
    const Result<std::string> password = out.secret("password");
    if (!password.ok()) return not_delivered(password.error());
    const AlertDraft& alert = out.delivery.alert;
    const AlertLines lines = alert.lines(out.delivery.time_zone);
    const Look look = look_of(alert);
    Json body = Json::object({
        {"topic", out.channel.text("topic")},
        {"title", shortened(lines.headline, kMostTitle)},
        {"message", render(lines, kPlainMarkup, kMostMessage, Headline::left_out)},
        {"priority", look.priority},
        {"tags", Json::of_strings({std::string(look.emoji), out.delivery.agent})},
    });
    Json actions = buttons(out.delivery.actions);
    if (!actions.items().empty()) body.set("actions", std::move(actions));
    HttpRequest request = json_request(out, "POST", out.channel.text("url") + "/", body);
    if (!token.value().empty()) {
        request.headers.emplace_back("Authorization", "Bearer " + token.value());
    } else if (out.channel.has("user")) {
        const std::string both = out.channel.text("user") + ":" + password.value();
        out.secrets.push_back(base64(both));
        request.headers.emplace_back("Authorization", "Basic " + base64(both));
    }
    ChannelAnswer answer = ask(out, request);
    if (answer.failed) return *std::move(answer.failed);
    return delivered("taken by " + out.channel.text("url") + " as message " +
                     answer.body["id"].as_string());
}

}  // namespace ops

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
        case AlertState::closed: return {3, "ballot_box_with_check"};
        case AlertState::acknowledged: return {2, "eyes"};
        case AlertState::answered: return {2, "speech_balloon"};
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

// `key`: of an access token that a phone may write answers with, or empty.
Json buttons(const std::vector<AlertAction>& actions, const std::string& key) {
    Json list = Json::array();
    for (const AlertAction& action : actions) {
        if (action.url.empty() || list.items().size() == kMostActions) continue;
        Json button = Json::object({{"action", action.calls ? "http" : "view"},
                                    {"label", shortened(action.label, 60)},
                                    {"url", action.url}});
        if (action.calls) button.set("method", "POST").set("clear", true);
        if (!action.token.empty()) button.set("body", action.token);
        if (action.calls && !key.empty()) {
            button.set("headers", Json::object({{"Authorization", "Bearer " + key}}));
        }
        list.push(std::move(button));
    }
    return list;
}

bool is_topic(const std::string& name) {
    return name.size() <= 64 && name.find_first_not_of(
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
                                    "xyz0123456789_-") == std::string::npos;
}

// With the credentials that the settings name.
Result<> sign(const Outgoing& out, HttpRequest& request) {
    const std::string token = TRY(out.secret("token"));
    if (!token.empty()) {
        request.headers.emplace_back("Authorization", "Bearer " + token);
    } else if (out.channel.has("user")) {
        const std::string both = out.channel.text("user") + ":" + TRY(out.secret("password"));
        out.secrets.push_back(base64(both));
        request.headers.emplace_back("Authorization", "Basic " + base64(both));
    }
    return {};
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
        {.name = "answers",
         .help = "another topic, through which the buttons answer; none: no buttons"},
        {.name = "answers_token",
         .help = "an access token that may only write to it; every phone gets it",
         .form = secret},
    });
    return kSettings;
}

void check_ntfy(const ChannelSettings& channel, Fields& fields, Problems& problems) {
    for (const char* name : {"topic", "answers"}) {
        if (is_topic(channel.text(name))) continue;
        problems.error(fields.place_of(name), "a topic is at most 64 letters, digits, '-' and '_'");
    }
    if (channel.has("answers") && channel.text("answers") == channel.text("topic")) {
        problems.error(fields.place_of("answers"), "'answers' is another topic than 'topic'");
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
    const Result<std::string> key = out.secret("answers_token");
    if (!key.ok()) return not_delivered(key.error());
    const AlertDraft& alert = out.delivery.alert;
    const AlertLines lines = alert.lines(out.delivery.time_zone);
    const Look look = look_of(alert);
    const std::string text = render(lines, kPlainMarkup, kMostMessage, Headline::left_out);
    Json body = Json::object({
        {"topic", out.channel.text("topic")},
        {"title", shortened(lines.headline, kMostTitle)},
        {"message", text},
        {"priority", look.priority},
        {"tags", Json::of_strings({std::string(look.emoji), out.delivery.agent})},
    });
    std::vector<AlertAction> actions = actions_beside(out, text, kPlainMarkup);
    for (AlertAction& action : actions) {
        if (action.token.empty() || !out.channel.has("answers")) continue;
        action.url = out.channel.text("url") + "/" + out.channel.text("answers");
        action.calls = true;
    }
    Json pressed = buttons(actions, key.value());
    if (!pressed.items().empty()) body.set("actions", std::move(pressed));
    HttpRequest request = json_request(out, "POST", out.channel.text("url") + "/", body);
    if (const Result<> signed_ = sign(out, request); !signed_.ok()) {
        return not_delivered(signed_.error());
    }
    ChannelAnswer answer = ask(out, request);
    if (answer.failed) return *std::move(answer.failed);
    return delivered("taken by " + out.channel.text("url") + " as message " +
                     answer.body["id"].as_string());
}

// --- answers: https://docs.ntfy.sh/subscribe/api/#poll-for-messages ---

PressedBy ntfy_pressed_by(const ChannelSettings& channel) {
    return channel.has("answers") ? PressedBy::relay : PressedBy::nothing;
}

// `cursor` is the id of the newest message that was read. Asked without waiting, as an open answer
// has no end: one JSON object a line.
Result<Heard> listen_at_ntfy(const Outgoing& out, const std::string& cursor, Duration) {
    HttpRequest request;
    request.url = out.channel.text("url") + "/" + out.channel.text("answers") +
                  "/json?poll=1&since=" + (cursor.empty() ? "10m" : as_path_part(cursor));
    request.time_limit = out.channel.timeout;
    request.headers = {{"User-Agent", "ops-agent"}};
    TRY(sign(out, request));
    ChannelAnswer answer = ask(out, request);
    if (answer.failed) return answer.failed->failed->error;
    Heard heard;
    heard.cursor = cursor;
    for (const std::string_view line : split(answer.reply.body, '\n')) {
        const Result<Json> message = Json::parse(line);
        if (!message.ok() || message.value()["event"].as_string() != "message") continue;
        if (message.value()["id"].is_string()) heard.cursor = message.value()["id"].as_string();
        heard.presses.push_back({message.value()["message"].as_string(), "", ""});
        if (heard.presses.size() == kMostHeard) break;
    }
    return heard;
}

}  // namespace ops

// telegram: a bot's message in a chat. News of an incident is a message of its own, in reply to the
// first; that it was acknowledged or is over changes the message that is there.
// https://core.telegram.org/bots/api#sendmessage
#include <array>

#include "base/text.h"
#include "escalate/channel_kinds.h"
#include "escalate/render.h"

namespace ops {
namespace {

// Telegram counts UTF-16 units after the markup is taken off; bytes with markup are never fewer.
constexpr size_t kMostText = 4096;
constexpr size_t kMostButtonData = 64;
constexpr size_t kMostWords = 200;  // of an answer to a press

bool is_number(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text.size() < 18 &&
           text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The token stands in the path, so it must not be able to change where that leads.
bool is_token(std::string_view token) {
    const size_t colon = token.find(':');
    if (colon == 0 || colon == std::string_view::npos) return false;
    for (const char c : token.substr(colon + 1)) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && (c < '0' || c > '9') && c != '_' && c != '-') return false;
    }
    return token.substr(0, colon).find_first_not_of("0123456789") == std::string_view::npos;
}

Json chat(const ChannelSettings& channel) {
    const std::string id = channel.text("chat_id");
    if (!is_number(id)) return id;
    const Result<Json> number = Json::parse(id);
    return number.ok() ? number.value() : Json(id);
}

Json keyboard(const std::vector<AlertAction>& actions) {
    constexpr size_t kInRow = 3;
    Json rows = Json::array(), row = Json::array();
    for (const AlertAction& action : actions) {
        Json button = Json::object({{"text", shortened(action.label, 60)}});
        if (action.token.empty()) {
            button.set("url", action.url);
        } else if (action.token.size() <= kMostButtonData) {
            button.set("callback_data", action.token);
        } else {
            continue;
        }
        row.push(std::move(button));
        if (row.items().size() < kInRow) continue;
        rows.push(std::move(row));
        row = Json::array();
    }
    if (!row.items().empty()) rows.push(std::move(row));
    return rows;
}

Json message(const Outgoing& out) {
    const AlertLines lines = out.delivery.alert.lines(out.delivery.time_zone);
    const std::string text = render(lines, kTelegramMarkup, kMostText, Headline::shown);
    Json body = Json::object({
        {"chat_id", chat(out.channel)},
        {"text", text},
        {"parse_mode", "HTML"},
        {"link_preview_options", Json::object({{"is_disabled", true}})},
    });
    Json rows = keyboard(actions_beside(out, text, kTelegramMarkup));
    if (!rows.items().empty()) {
        body.set("reply_markup", Json::object({{"inline_keyboard", std::move(rows)}}));
    }
    return body;
}

// Where the bot's methods are.
Result<std::string> bot_url(const Outgoing& out) {
    const std::string token = TRY(out.secret("token"));
    if (is_token(token)) return out.channel.text("url") + "/bot" + token;
    return Error{Fault::invalid, "the secret is no token of a bot, such as 123:abc"};
}

DeliveryResult edit(const Outgoing& out, const std::string& base, const Json& id) {
    Json body = message(out);
    body.set("message_id", id);
    ChannelAnswer answer = ask(out, json_request(out, "POST", base + "/editMessageText", body));
    const std::string words = answer.body["description"].as_string();
    const bool is_same = words.find("message is not modified") != std::string::npos;
    if (answer.failed && !is_same) return *std::move(answer.failed);
    return delivered("message " + id.dump() + " was changed");
}

}  // namespace

std::span<const ChannelSetting> telegram_settings() {
    using enum ChannelSetting::Form;
    static constexpr auto kSettings = std::to_array<ChannelSetting>({
        {.name = "token", .help = "of the bot, from @BotFather", .form = secret, .required = true},
        {.name = "chat_id", .help = "a number, or @name of a channel", .required = true},
        {.name = "thread_id", .help = "a topic of a group", .form = number},
        {.name = "allowed",
         .help = "who may press the buttons: ID or NAME=ID of Telegram's users; none: no buttons",
         .form = list},
        kEditsSetting,
        {.name = "url", .help = "the server", .form = url, .otherwise = "https://api.telegram.org"},
    });
    return kSettings;
}

void check_telegram(const ChannelSettings& channel, Fields& fields, Problems& problems) {
    check_allowed(channel, fields, problems);
    const std::string id = channel.text("chat_id");
    if (id.empty() || is_number(id) || (id.starts_with('@') && is_safe_word(id.substr(1)))) return;
    problems.error(fields.place_of("chat_id"), "'chat_id' is a number, or @name of a channel");
}

DeliveryResult deliver_telegram(const Outgoing& out) {
    const Result<std::string> url = bot_url(out);
    if (!url.ok()) return not_delivered(url.error());
    const std::string& base = url.value();
    KnownMessages known = change_messages(
        out, [&](const Json& reference) { return edit(out, base, reference["message_id"]); });
    if (known.changed) return *std::move(known.changed);
    Json body = message(out);
    if (out.channel.has("thread_id")) {
        body.set("message_thread_id", out.channel.number("thread_id"));
    }
    const bool is_quiet_here = is_quiet(out.delivery.alert) && out.channel.flag("edits");
    if (out.delivery.alert.level < Level::warning || is_quiet_here) {
        body.set("disable_notification", true);
    }
    if (!known.thread.is_null()) {
        body.set("reply_parameters", Json::object({{"message_id", known.thread["message_id"]},
                                                   {"allow_sending_without_reply", true}}));
    }
    ChannelAnswer answer = ask(out, json_request(out, "POST", base + "/sendMessage", body));
    if (answer.failed) {
        const Json& moved = answer.body["parameters"]["migrate_to_chat_id"];
        if (moved.is_number()) {
            answer.failed->failed->error.message +=
                "; the group has become a supergroup: chat_id: " + moved.dump();
        }
        return *std::move(answer.failed);
    }
    const Json& id = answer.body["result"]["message_id"];
    if (!id.is_number()) return delivered(words_of(answer.reply, answer.body));
    return delivered("message " + id.dump() + " in chat " + out.channel.text("chat_id"),
                     known.reference(Json::object({{"message_id", id}})));
}

// --- answers: https://core.telegram.org/bots/api#getupdates and #answercallbackquery ---

PressedBy telegram_pressed_by(const ChannelSettings& channel) {
    return channel.has("allowed") ? PressedBy::token : PressedBy::nothing;
}

// `cursor` is the offset: what is before it is not told again, to nobody.
Result<Heard> listen_at_telegram(const Outgoing& out, const std::string& cursor,
                                 Duration patience) {
    const std::string base = TRY(bot_url(out));
    Json body = Json::object({{"timeout", int64_t{patience.count() / 1000}},
                              {"limit", static_cast<int64_t>(kMostHeard)},
                              {"allowed_updates", Json::of_strings({"callback_query"})}});
    const Result<Json> offset = Json::parse(cursor);
    if (offset.ok() && offset.value().is_number()) body.set("offset", offset.value());
    HttpRequest request = json_request(out, "POST", base + "/getUpdates", body);
    request.time_limit += patience;
    ChannelAnswer answer = ask(out, request);
    if (answer.failed) return answer.failed->failed->error;
    Heard heard;
    heard.cursor = cursor;
    for (const Json& update : answer.body["result"].items()) {
        if (heard.presses.size() == kMostHeard) break;
        heard.cursor = std::to_string(update["update_id"].as_int() + 1);
        const Json& press = update["callback_query"];
        if (!press["data"].is_string()) continue;
        const Json& person = press["from"]["id"];
        heard.presses.push_back({press["data"].as_string(), person.is_number() ? person.dump() : "",
                                 press["id"].as_string()});
    }
    return heard;
}

// Without it the button looks busy for a minute.
Result<> respond_at_telegram(const Outgoing& out, const SeenPress& press,
                             const std::string& words) {
    const Json body = Json::object(
        {{"callback_query_id", press.reply_to}, {"text", shortened(words, kMostWords)}});
    ChannelAnswer answer =
        ask(out, json_request(out, "POST", TRY(bot_url(out)) + "/answerCallbackQuery", body));
    if (answer.failed) return answer.failed->failed->error;
    return {};
}

}  // namespace ops

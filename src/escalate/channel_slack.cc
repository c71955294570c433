// slack: an incoming webhook, which can only send; or a bot, whose message changes with its
// incident. https://docs.slack.dev/reference/methods/chat.postMessage
#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/text.h"
#include "escalate/channel_kinds.h"
#include "escalate/render.h"

namespace ops {
namespace {

constexpr size_t kMostSection = 2800;  // of 3000 characters
constexpr size_t kMostText = 1000;
constexpr size_t kMostButtons = 5;

// What Slack refuses with HTTP 200, and may take the next time.
constexpr auto kPassing = std::to_array<std::string_view>(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable",
     "request_timeout", "message_limit_exceeded", "team_added_to_org"});

constexpr Duration kClocksDiffer = std::chrono::minutes(5);  // as Slack says

Json buttons(const std::vector<AlertAction>& actions) {
    Json list = Json::array();
    for (const AlertAction& action : actions) {
        if (list.items().size() == kMostButtons) break;
        Json button = Json::object({{"type", "button"},
                                    {"text", Json::object({{"type", "plain_text"},
                                                           {"text", shortened(action.label, 75)}})},
                                    {"action_id", shortened(action.id, 255)}});
        if (action.token.empty()) {
            button.set("url", action.url);
        } else {
            button.set("value", action.token);
        }
        if (action.style == AlertAction::Style::good) button.set("style", "primary");
        if (action.style == AlertAction::Style::danger) button.set("style", "danger");
        list.push(std::move(button));
    }
    return list;
}

// The headline is the message's own text, as that is what a phone shows; the rest stands below it
// beside a coloured line.
Json message(const Outgoing& out) {
    const AlertLines lines = out.delivery.alert.lines(out.delivery.time_zone);
    const std::string text = render(lines, kSlackMarkup, kMostSection, Headline::left_out);
    Json blocks = Json::array();
    blocks.push(Json::object(
        {{"type", "section"},
         {"text", Json::object({{"type", "mrkdwn"}, {"text", text}, {"verbatim", true}})}}));
    Json row = buttons(actions_beside(out, text, kSlackMarkup));
    if (!row.items().empty()) {
        blocks.push(Json::object({{"type", "actions"}, {"elements", std::move(row)}}));
    }
    Json attachment = Json::object({{"color", "#" + std::string(colour_of(out.delivery.alert))},
                                    {"fallback", escaped(lines.headline, kSlackMarkup, kMostText)},
                                    {"blocks", std::move(blocks)}});
    return Json::object({
        {"text", escaped(lines.sign + " " + lines.headline, kSlackMarkup, kMostText)},
        {"attachments", Json(Json::Array{std::move(attachment)})},
    });
}

// Of the web API: HTTP 200 says nothing yet.
ChannelAnswer ask_slack(const Outgoing& out, const std::string& token, const char* method,
                        const Json& body) {
    HttpRequest request = json_request(out, "POST", out.channel.text("url") + "/" + method, body);
    request.headers[0].second = "application/json; charset=utf-8";
    request.headers.emplace_back("Authorization", "Bearer " + token);
    ChannelAnswer answer = ask(out, request);
    if (answer.failed || answer.body["ok"].as_bool()) return answer;
    const std::string error = answer.body["error"].as_string();
    const bool passes = std::find(kPassing.begin(), kPassing.end(), error) != kPassing.end();
    answer.failed = refused(passes ? Fault::unavailable : Fault::denied, answer.reply, answer.body);
    return answer;
}

DeliveryResult by_bot(const Outgoing& out, const std::string& token) {
    Json body = message(out);
    body.set("parse", "none");
    KnownMessages known = change_messages(out, [&](const Json& reference) {
        Json change = body;
        change.set("channel", reference["channel"]).set("ts", reference["ts"]);
        ChannelAnswer answer = ask_slack(out, token, "chat.update", change);
        if (answer.failed) return *std::move(answer.failed);
        return delivered("message " + reference["ts"].as_string() + " was changed");
    });
    if (known.changed) return *std::move(known.changed);
    body.set("channel", out.channel.text("channel"));
    body.set("unfurl_links", false).set("unfurl_media", false);
    // Of the first message: Slack knows no threads of answers.
    if (!known.thread.is_null()) {
        body.set("thread_ts", known.thread["ts"]).set("reply_broadcast", true);
    }
    ChannelAnswer answer = ask_slack(out, token, "chat.postMessage", body);
    if (answer.failed) return *std::move(answer.failed);
    const Json &channel = answer.body["channel"], &ts = answer.body["ts"];
    return delivered("message " + ts.as_string() + " in " + channel.as_string(),
                     known.reference(Json::object({{"channel", channel}, {"ts", ts}})));
}

DeliveryResult by_webhook(const Outgoing& out, const std::string& url) {
    if (!url.starts_with("https://") && !url.starts_with("http://")) {
        return not_delivered({Fault::invalid, "the secret is no URL of a webhook"});
    }
    ChannelAnswer answer = ask(out, json_request(out, "POST", url, message(out)));
    if (answer.failed) return *std::move(answer.failed);
    return delivered("Slack says: " + answer.reply.body);
}

}  // namespace

std::span<const ChannelSetting> slack_settings() {
    using enum ChannelSetting::Form;
    static constexpr auto kSettings = std::to_array<ChannelSetting>({
        {.name = "webhook_url", .help = "of an incoming webhook; or:", .form = secret},
        {.name = "token", .help = "of a bot with chat:write", .form = secret},
        {.name = "channel", .help = "where the bot writes: an id, or #name"},
        {.name = "allowed",
         .help = "who may press the buttons: ID or NAME=ID of Slack's users; none: no buttons",
         .form = list},
        {.name = "signing_secret",
         .help = "of the app: proves that a press is Slack's",
         .form = secret},
        kEditsSetting,
        {.name = "url", .help = "the web API", .form = url, .otherwise = "https://slack.com/api"},
    });
    return kSettings;
}

void check_slack(const ChannelSettings& channel, Fields& fields, Problems& problems) {
    const auto has = [&](const std::string& name) {
        return channel.has(name) || channel.has(name + "_file") || fields.has(name + "_file") ||
               fields.has_misspelt(name + "_file");
    };
    const bool webhook = has("webhook_url"), bot = has("token");
    check_allowed(channel, fields, problems);
    if (channel.has("allowed") && (webhook || !has("signing_secret"))) {
        problems.error(fields.place_of("allowed"),
                       "'allowed' is for a bot, and needs "
                       "'signing_secret_file'");
    }
    if (webhook == bot) {
        problems.error(fields.place_of(""), webhook ? "'webhook_url_file' or 'token_file', not both"
                                                    : "'slack' needs 'webhook_url_file', or "
                                                      "'token_file' and 'channel'");
    } else if (bot && !channel.has("channel")) {
        problems.error(fields.place_of("token_file"), "a bot needs 'channel' too");
    } else if (webhook && channel.has("channel")) {
        problems.error(fields.place_of("channel"),
                       "a webhook has its channel already; 'channel' is for a bot");
    }
}

DeliveryResult deliver_slack(const Outgoing& out) {
    const Result<std::string> url = out.secret("webhook_url");
    if (!url.ok()) return not_delivered(url.error());
    if (!url.value().empty()) return by_webhook(out, url.value());
    const Result<std::string> token = out.secret("token");
    if (!token.ok()) return not_delivered(token.error());
    return by_bot(out, token.value());
}

// --- answers: https://docs.slack.dev/authentication/verifying-requests-from-slack and
// https://docs.slack.dev/reference/interaction-payloads/block_actions-payload ---

PressedBy slack_pressed_by(const ChannelSettings& channel) {
    return channel.has("allowed") ? PressedBy::token : PressedBy::nothing;
}

Result<Heard> hear_slack(const Outgoing& out, const Knock& knock, Time now) {
    const std::string secret = TRY(out.secret("signing_secret"));
    if (secret.empty()) return Error{Fault::denied, "the channel has no 'signing_secret'"};
    TRY(check_slack_signature(secret, knock, now));
    const std::optional<std::string> payload = form_field(knock.body, "payload");
    const Result<Json> json = payload ? Json::parse(*payload) : Result<Json>(Json());
    if (!json.ok() || json.value()["type"].as_string() != "block_actions") {
        return Error{Fault::invalid, "the body is no press: 'payload' of type block_actions"};
    }
    Heard heard;
    for (const Json& action : json.value()["actions"].items()) {
        if (heard.presses.size() == kMostHeard) break;
        heard.presses.push_back({action["value"].as_string(),
                                 json.value()["user"]["id"].as_string(),
                                 json.value()["response_url"].as_string()});
    }
    return heard;
}

// Seen by who pressed, and by nobody else.
Result<> respond_at_slack(const Outgoing& out, const SeenPress& press, const std::string& words) {
    const std::string own = out.channel.text("url");
    const bool is_of_slack = press.reply_to.starts_with("https://hooks.slack.com/") ||
                             press.reply_to.starts_with(own.substr(0, own.rfind('/')) + "/");
    if (!is_of_slack) return Error{Fault::invalid, "the address to answer at is not Slack's"};
    const Json body = Json::object({{"response_type", "ephemeral"},
                                    {"replace_original", false},
                                    {"text", escaped(words, kSlackMarkup, kMostText)}});
    const ChannelAnswer answer = ask(out, json_request(out, "POST", press.reply_to, body));
    if (answer.failed) return answer.failed->failed->error;
    return {};
}

Result<> check_slack_signature(const std::string& secret, const Knock& knock, Time now) {
    const bool is_number = !knock.timestamp.empty() && knock.timestamp.size() <= 11 &&
                           knock.timestamp.find_first_not_of("0123456789") == std::string::npos;
    if (!is_number) return Error{Fault::denied, "no time of Slack's is on the request"};
    const Time sent{std::chrono::seconds(std::stoll(knock.timestamp))};
    if (now - sent > kClocksDiffer || sent - now > kClocksDiffer) {
        return Error{Fault::denied, "the request is not of now: it may be a repetition"};
    }
    const std::string wanted =
        "v0=" + hmac_sha256_hex(secret, "v0:" + knock.timestamp + ":" + knock.body);
    if (equal_constant_time(wanted, knock.signature)) return {};
    return Error{Fault::denied, "the signature is not Slack's"};
}

}  // namespace ops

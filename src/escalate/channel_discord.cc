// discord: a webhook of a channel. Nobody is mentioned, whatever stands in the text.
// https://discord.com/developers/docs/resources/webhook#execute-webhook
#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "escalate/channel_kinds.h"
#include "escalate/render.h"

namespace ops {
namespace {

constexpr size_t kMostContent = 2000;
constexpr size_t kMostDescription = 4096;

// A webhook that belongs to no application has buttons that open something, and no others.
Json buttons(const std::vector<AlertAction>& actions) {
    constexpr size_t kMost = 5;
    Json list = Json::array();
    for (const AlertAction& action : actions) {
        if (action.url.empty() || action.calls || list.items().size() == kMost) continue;
        list.push(Json::object({{"type", 2},
                                {"style", 5},
                                {"label", shortened(action.label, 80)},
                                {"url", action.url}}));
    }
    return list;
}

Json message(const Outgoing& out) {
    const AlertDraft& alert = out.delivery.alert;
    const AlertLines lines = alert.lines(out.delivery.time_zone);
    const std::string_view hex = colour_of(alert);
    int colour = 0;
    (void)std::from_chars(hex.data(), hex.data() + hex.size(), colour, 16);
    const Json embed = Json::object({
        {"description", render(lines, kDiscordMarkup, kMostDescription, Headline::left_out)},
        {"color", colour},
        {"timestamp", format_rfc3339(alert.at)},
        {"footer", Json::object({{"text", shortened(out.delivery.agent, 200)}})},
    });
    Json body = Json::object({
        {"content", escaped(lines.sign + " " + lines.headline, kDiscordMarkup, kMostContent)},
        {"embeds", Json(Json::Array{embed})},
        {"allowed_mentions", Json::object({{"parse", Json::array()}})},
    });
    Json row = buttons(out.delivery.actions);
    if (!row.items().empty()) {
        body.set("components",
                 Json(Json::Array{Json::object({{"type", 1}, {"components", std::move(row)}})}));
    }
    return body;
}

// Before the query, which names a thread when there is one.
std::string with_path(const std::string& url, const std::string& path) {
    const size_t query = std::min(url.find('?'), url.size());
    return url.substr(0, query) + path + url.substr(query);
}

}  // namespace

std::span<const ChannelSetting> discord_settings() {
    using enum ChannelSetting::Form;
    static constexpr auto kSettings = std::to_array<ChannelSetting>({
        {.name = "webhook_url",
         .help = "of the channel: Edit channel, Integrations, Webhooks",
         .form = secret,
         .required = true},
        kEditsSetting,
        kLinksSetting,
    });
    return kSettings;
}

DeliveryResult deliver_discord(const Outgoing& out) {
    const Result<std::string> url = out.secret("webhook_url");
    if (!url.ok()) return not_delivered(url.error());
    if (!url.value().starts_with("https://") && !url.value().starts_with("http://")) {
        return not_delivered({Fault::invalid, "the secret is no URL of a webhook"});
    }
    const Json body = message(out);
    KnownMessages known = change_messages(out, [&](const Json& reference) {
        const std::string id = reference["id"].as_string();
        const std::string there = with_path(url.value(), "/messages/" + as_path_part(id));
        ChannelAnswer answer = ask(out, json_request(out, "PATCH", there, body));
        if (answer.failed) return *std::move(answer.failed);
        return delivered("message " + id + " was changed");
    });
    if (known.changed) return *std::move(known.changed);
    const char* more = url.value().find('?') == std::string::npos ? "?wait=true" : "&wait=true";
    ChannelAnswer answer = ask(out, json_request(out, "POST", url.value() + more, body));
    if (answer.failed) return *std::move(answer.failed);
    const std::string id = answer.body["id"].as_string();
    if (id.empty()) return delivered(words_of(answer.reply, answer.body));
    return delivered("message " + id, known.reference(Json::object({{"id", id}})));
}

}  // namespace ops

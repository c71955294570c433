// matrix: a message in a room. The transaction's id follows from the message, so one that was sent
// twice is there once.
// https://spec.matrix.org/latest/client-server-api/#sending-events-to-a-room
#include <array>

#include "base/hash.h"
#include "base/text.h"
#include "escalate/channel_kinds.h"
#include "escalate/render.h"

namespace ops {
namespace {

constexpr size_t kMostText = 12'000;  // of 65,536 bytes an event; it is there up to four times

Json content(const Outgoing& out) {
    const AlertLines lines = out.delivery.alert.lines(out.delivery.time_zone);
    return Json::object({
        {"msgtype", "m.text"},
        {"body", render(lines, kPlainMarkup, kMostText, Headline::shown)},
        {"format", "org.matrix.custom.html"},
        {"formatted_body", render(lines, kHtmlMarkup, kMostText, Headline::shown)},
        // Nobody: with this, clients no longer look for @room and names in the text.
        {"m.mentions", Json::object()},
    });
}

// As spec: what older clients show, and what replaces the message.
Json replacement(const Json& content, const std::string& event) {
    Json body = content;
    body.set("body", "* " + content["body"].as_string());
    body.set("formatted_body", "* " + content["formatted_body"].as_string());
    body.set("m.new_content", content);
    body.set("m.relates_to", Json::object({{"rel_type", "m.replace"}, {"event_id", event}}));
    return body;
}

}  // namespace

std::span<const ChannelSetting> matrix_settings() {
    using enum ChannelSetting::Form;
    static constexpr auto kSettings = std::to_array<ChannelSetting>({
        {.name = "url", .help = "the homeserver", .form = url, .required = true},
        {.name = "room", .help = "its id: !abc:example.org", .required = true},
        {.name = "token",
         .help = "an access token of the account that writes",
         .form = secret,
         .required = true},
        kEditsSetting,
    });
    return kSettings;
}

void check_matrix(const ChannelSettings& channel, Fields& fields, Problems& problems) {
    const std::string room = channel.text("room");
    if (room.empty() || (room.starts_with('!') && room.size() <= 255)) return;
    problems.error(fields.place_of("room"),
                   "'room' is the id of a room, such as !abc:example.org, and not its name");
}

DeliveryResult deliver_matrix(const Outgoing& out) {
    const Result<std::string> token = out.secret("token");
    if (!token.ok()) return not_delivered(token.error());
    const std::string known =
        out.delivery.previous ? out.delivery.previous->reference["event_id"].as_string() : "";
    const bool edits = is_quiet(out.delivery.alert) && !known.empty() && out.channel.flag("edits");
    Json body = content(out);
    if (edits) {
        body = replacement(body, known);
    } else if (!known.empty()) {
        body.set("m.relates_to",
                 Json::object({{"m.in_reply_to", Json::object({{"event_id", known}})}}));
    }
    const std::string transaction =
        sha256_hex(out.channel.name + "\n" + out.delivery.alert.key).substr(0, 32);
    HttpRequest request = json_request(out, "PUT",
                                       out.channel.text("url") + "/_matrix/client/v3/rooms/" +
                                           as_path_part(out.channel.text("room")) +
                                           "/send/m.room.message/" + transaction,
                                       body);
    request.headers.emplace_back("Authorization", "Bearer " + token.value());
    ChannelAnswer answer = ask(out, request);
    if (answer.failed) return *std::move(answer.failed);
    if (edits) return delivered("message " + known + " was changed");
    const std::string id = answer.body["event_id"].as_string();
    if (id.empty()) return delivered(words_of(answer.reply, answer.body));
    return delivered("message " + id, Json::object({{"event_id", id}}));
}

}  // namespace ops

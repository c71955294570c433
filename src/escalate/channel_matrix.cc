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

// `what` is not the same of two requests for one message.
ChannelAnswer put(const Outgoing& out, const std::string& token, const std::string& what,
                  const Json& body) {
    const std::string transaction = sha256_hex(out.channel.name + "\n" + what).substr(0, 32);
    HttpRequest request = json_request(out, "PUT",
                                       out.channel.text("url") + "/_matrix/client/v3/rooms/" +
                                           as_path_part(out.channel.text("room")) +
                                           "/send/m.room.message/" + transaction,
                                       body);
    request.headers.emplace_back("Authorization", "Bearer " + token);
    return ask(out, request);
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
    const std::string& key = out.delivery.alert.key;
    Json body = content(out);
    KnownMessages known = change_messages(out, [&](const Json& reference) {
        const std::string id = reference["event_id"].as_string();
        ChannelAnswer answer = put(out, token.value(), key + "\n" + id, replacement(body, id));
        if (answer.failed) return *std::move(answer.failed);
        return delivered("message " + id + " was changed");
    });
    if (known.changed) return *std::move(known.changed);
    if (!known.thread.is_null()) {
        const Json to = Json::object({{"event_id", known.thread["event_id"]}});
        body.set("m.relates_to", Json::object({{"m.in_reply_to", to}}));
    }
    ChannelAnswer answer = put(out, token.value(), key, body);
    if (answer.failed) return *std::move(answer.failed);
    const std::string id = answer.body["event_id"].as_string();
    if (id.empty()) return delivered(words_of(answer.reply, answer.body));
    return delivered("message " + id, known.reference(Json::object({{"event_id", id}})));
}

}  // namespace ops

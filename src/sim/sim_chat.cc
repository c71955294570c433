#include "sim/sim_chat.h"

#include <algorithm>

#include "base/text.h"

namespace ops::sim {
namespace {

bool ends_with(const std::string& url, std::string_view end) {
    return std::string_view(url).substr(0, url.find('?')).ends_with(end);
}

HttpReply said(const std::string& body) {
    HttpReply reply;
    reply.status = 200;
    reply.body = body;
    return reply;
}

HttpReply updates(const World& world, const Json& asked) {
    Json result = Json::array();
    for (const Json& update : world.updates) {
        if (update["update_id"].as_int() >= asked["offset"].as_int()) result.push(update);
    }
    return said(Json::object({{"ok", true}, {"result", std::move(result)}}).dump());
}

// "id" counts from 1; `since` is an id, or a span such as 10m, which is all there is.
HttpReply relayed(const World& world, const std::string& url) {
    const std::string since = url.substr(url.find("since=") + 6);
    const bool is_id = since.find_first_not_of("0123456789") == std::string::npos;
    std::string lines;
    for (size_t i = is_id ? std::stoul(since) : 0; i < world.relayed.size(); ++i) {
        lines += Json::object({{"id", std::to_string(i + 1)},
                               {"event", "message"},
                               {"message", world.relayed[i]}})
                     .dump() +
                 "\n";
    }
    return said(lines);
}

// What the button of this label carries, as each of the two spells it.
std::optional<std::string> token_of(const Json& message, const std::string& label) {
    for (const Json& row : message["reply_markup"]["inline_keyboard"].items()) {
        for (const Json& button : row.items()) {
            if (button["text"].as_string() == label) return button["callback_data"].as_string();
        }
    }
    for (const Json& button : message["actions"].items()) {
        if (button["label"].as_string() == label) return button["body"].as_string();
    }
    return std::nullopt;
}

}  // namespace

std::optional<HttpReply> chat_reply(World& world, const HttpRequest& request) {
    const Result<Json> body = Json::parse(request.body);
    const Json asked = body.ok() ? body.value() : Json();
    if (ends_with(request.url, "/getUpdates")) return updates(world, asked);
    if (ends_with(request.url, "/answerCallbackQuery")) {
        world.toasts.push_back(asked["text"].as_string());
        return said(R"({"ok":true,"result":true})");
    }
    if (ends_with(request.url, "/json")) return relayed(world, request.url);
    return std::nullopt;
}

HttpReply sent_reply(const World& world, const HttpRequest& request) {
    if (!ends_with(request.url, "/sendMessage")) return said("");
    return said(
        Json::object(
            {{"ok", true},
             {"result", Json::object({{"message_id", static_cast<int64_t>(world.sent.size())}})}})
            .dump());
}

bool press_button(World& world, const std::string& where, const std::string& label,
                  const std::string& person, size_t nth) {
    std::vector<const World::Sent*> messages;
    for (const World::Sent& sent : world.sent) {
        if (sent.where.find(where) != std::string::npos) messages.push_back(&sent);
    }
    if (messages.empty() || nth > messages.size()) return false;
    const World::Sent& meant = *messages[nth == 0 ? messages.size() - 1 : nth - 1];
    const Result<Json> message = Json::parse(meant.text);
    const auto token = message.ok() ? token_of(message.value(), label) : std::nullopt;
    if (!token) return false;
    if (meant.where.find("/bot") == std::string::npos) {
        world.relayed.push_back(*token);
        return true;
    }
    const auto number = static_cast<int64_t>(world.updates.size() + 1);
    const Result<Json> id = Json::parse(person);
    world.updates.push_back(Json::object(
        {{"update_id", number},
         {"callback_query",
          Json::object({{"id", "press-" + std::to_string(number)},
                        {"from", Json::object({{"id", id.ok() ? id.value() : Json(person)},
                                               {"first_name", "somebody"}})},
                        {"data", *token}})}}));
    return true;
}

}  // namespace ops::sim

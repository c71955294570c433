// Chats of the simulated world whose messages have buttons: Telegram's bot API and ntfy's topics,
// as far as a press needs them.
#pragma once

#include <optional>
#include <string>

#include "io/http.h"
#include "sim/world.h"

namespace ops::sim {

// What the chat answers to what only asks; nothing: it is no such request. A message that is sent
// gets its number in world.sent, from 1.
std::optional<HttpReply> chat_reply(World& world, const HttpRequest& request);
HttpReply sent_reply(const World& world, const HttpRequest& request);

// Somebody presses the button of this label in the newest message to `where` (a part of its URL),
// or in the n-th. False: there is no such button.
bool press_button(World& world, const std::string& where, const std::string& label,
                  const std::string& person, size_t nth);

}  // namespace ops::sim

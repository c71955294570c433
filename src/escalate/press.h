// Press: a person's answer to a message by one tap: a button of a chat, of a push message, a link
// in a mail. What a button carries is a token that only we can make (HMAC-SHA-256, RFC 2104):
// nothing is kept of the buttons that are out.
//
// A token is good for ten minutes, on the channel it was sent to, for one press; that of an
// approval only while exactly the commands that were shown are waiting. Once is the caller's to
// keep. Pure: time is an argument.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "escalate/channel.h"
#include "model/incident.h"

namespace ops {

enum class PressKind { acknowledge, silence_1h, silence_4h, approve, reject, show, pause, resume };
std::string_view name_of(PressKind kind);   // "approve", as in the journal
std::string_view label_of(PressKind kind);  // "Approve", as on the button

inline constexpr Duration kPressValid = std::chrono::minutes(10);

struct Press {
    PressKind kind = PressKind::acknowledge;
    std::string incident;
    std::string shown;    // of an approval or a rejection: hash of the commands that were shown
    std::string channel;  // that the button was sent to
    Time made{};
};

// At most 64 bytes of letters, digits, '-' and '.', as Telegram's callback_data can hold them.
std::string press_token(const Press& press, std::string_view key);

// What a token says, before it is known to be true; nothing when it is none of ours by its form.
struct PressClaim {
    Press press;       // `shown` holds its first characters only
    std::string seal;  // names this one token; the journal has it when it was used
};
std::optional<PressClaim> read_press(std::string_view token, std::string_view channel);
// Whether we made it, for these commands and this channel. Denied: we did not, or other commands
// are waiting. Timeout: we did, longer ago than it is good.
Result<> judge_press(const PressClaim& claim, std::string_view shown, std::string_view key,
                     Time now);

// What can be pressed about an incident as it is; the most important first, as some channels have
// room for three.
std::vector<PressKind> presses_for(const Incident& incident, bool is_paused);

// Who pressed, as the channel's `allowed` names them ("ann=42" or "42"); nothing when it does not.
std::optional<std::string> allowed_person(const ChannelSettings& channel, std::string_view id);

}  // namespace ops

#include <algorithm>
#include <array>

#include "base/text.h"
#include "escalate/channel_kinds.h"

namespace ops {
namespace {

constexpr ChannelKind later(std::string_view name, std::string_view help) {
    return {name, help, "", false, nullptr, nullptr};
}

// The list is the list: a kind is one file and one row.
constexpr auto kKinds = std::to_array<ChannelKind>({
    {"console", "one line where the program's own log goes (the journal under systemd)", "", true,
     read_console, deliver_console},
    {"command", "a program: the text on its standard input, everything as JSON in $OPS_ALERT",
     "run", true, read_command, deliver_command},
    {"webhook", "JSON by HTTP POST, signed with HMAC-SHA256 in X-Ops-Signature", "url secret_file",
     true, read_webhook, deliver_webhook, SendsBy::http},
    {"email", "a mail by SMTP, one thread an incident",
     "to from smtp user password_file require_tls", true, read_email, deliver_email, SendsBy::mail},
    later("ntfy", "push messages by ntfy"),
    later("telegram", "a Telegram chat"),
    later("slack", "a Slack channel"),
    later("discord", "a Discord channel"),
    later("matrix", "a Matrix room"),
    later("pagerduty", "PagerDuty events"),
    later("pushover", "push messages by Pushover"),
    later("gotify", "push messages by Gotify"),
    later("teams", "a Microsoft Teams channel"),
    later("sms", "text messages by Twilio"),
});

}  // namespace

std::span<const ChannelKind> channel_kinds() { return kKinds; }

DeliveryResult delivered(std::string answer) {
    DeliveryResult result;
    result.delivered = Delivered{clip_end(printable(answer, Lines::flatten), 200)};
    return result;
}

DeliveryResult not_delivered(Error error) {
    const bool retry = error.fault == Fault::timeout || error.fault == Fault::unavailable;
    error.message = clip_end(printable(error.message, Lines::flatten), 500);
    DeliveryResult result;
    result.failed = DeliveryError{std::move(error), retry, {}, {}};
    return result;
}

DeliveryResult Sender::deliver(const ChannelSettings& channel, const Delivery& delivery) {
    for (const ChannelKind& kind : kKinds) {
        if (kind.name != channel.kind || kind.deliver == nullptr) continue;
        return kind.deliver({channel, delivery, ports_});
    }
    return not_delivered({Fault::invalid, "channel '" + channel.name + "' is of the kind '" +
                                              channel.kind +
                                              "', which this version does not have"});
}

Result<> Sender::prepare(const ChannelSettings& channel) {
    for (const ChannelKind& kind : kKinds) {
        if (kind.name != channel.kind) continue;
        if (kind.by == SendsBy::http) return ports_.http.prepare();
        if (kind.by == SendsBy::mail) return ports_.mail.prepare();
    }
    return {};
}

Duration retry_delay(int tries, std::optional<Duration> asked) {
    constexpr Duration kFirst = std::chrono::seconds(5);
    constexpr Duration kMost = std::chrono::minutes(10);
    constexpr Duration kMostAsked = std::chrono::hours(1);
    if (asked) return std::clamp(*asked, kFirst, kMostAsked);
    Duration delay = kFirst;
    for (int i = 1; i < tries && delay < kMost; ++i) delay *= 2;
    return std::min(delay, kMost);
}

}  // namespace ops

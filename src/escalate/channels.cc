#include <algorithm>
#include <array>

#include "base/text.h"
#include "escalate/channel_kinds.h"
#include "record/store.h"

namespace ops {
namespace {

constexpr ChannelKind later(std::string_view name, std::string_view help) { return {name, help}; }

// The list is the list: a kind is one file and one row.
constexpr auto kKinds = std::to_array<ChannelKind>({
    {"console", "one line where the program's own log goes (the journal under systemd)", nullptr,
     deliver_console},
    {"command", "a program: the text on its standard input, everything as JSON in $OPS_ALERT",
     command_settings, deliver_command, SendsBy::program, check_command},
    {"webhook", "JSON by HTTP POST, signed with HMAC-SHA256 in X-Ops-Signature", webhook_settings,
     deliver_webhook, SendsBy::http},
    {"email", "a mail by SMTP, one thread an incident", email_settings, deliver_email,
     SendsBy::mail, check_email, pressed_by_link},
    {"ntfy", "push messages by ntfy.sh or a server of your own", ntfy_settings, deliver_ntfy,
     SendsBy::http, check_ntfy, ntfy_pressed_by, listen_at_ntfy, std::chrono::seconds(6)},
    {"telegram", "a Telegram chat, by a bot; its message changes with the incident",
     telegram_settings, deliver_telegram, SendsBy::http, check_telegram, telegram_pressed_by,
     listen_at_telegram, Duration{}, nullptr, respond_at_telegram},
    {"slack", "a Slack channel, by an incoming webhook or by a bot that changes its message",
     slack_settings, deliver_slack, SendsBy::http, check_slack, slack_pressed_by, nullptr,
     Duration{}, hear_slack, respond_at_slack},
    {"discord", "a Discord channel, by a webhook; its message changes with the incident",
     discord_settings, deliver_discord, SendsBy::http, nullptr, pressed_by_link},
    {"matrix", "a Matrix room; its message changes with the incident", matrix_settings,
     deliver_matrix, SendsBy::http, check_matrix},
    {"pagerduty", "PagerDuty's Events API v2: trigger, acknowledge, resolve", pagerduty_settings,
     deliver_pagerduty, SendsBy::http},
    {"pushover", "push messages by Pushover; critical ones repeat until they are seen",
     pushover_settings, deliver_pushover, SendsBy::http, check_pushover, pressed_by_link},
    {"gotify", "push messages by a Gotify server", gotify_settings, deliver_gotify, SendsBy::http,
     nullptr, pressed_by_link},
    {"alertmanager", "the webhook (version 4) that Alertmanager itself sends",
     alertmanager_settings, deliver_alertmanager, SendsBy::http},
    {"apprise", "whatever Apprise knows, by its program", apprise_settings, deliver_apprise,
     SendsBy::program},
    later("teams", "a Microsoft Teams channel"),
    later("sms", "text messages by Twilio"),
});

// The other side may send back what it was sent.
void hide(std::string& text, const std::vector<std::string>& secrets) {
    for (const std::string& secret : secrets) text = replace_all(text, secret, "***");
}

}  // namespace

std::span<const ChannelKind> channel_kinds() { return kKinds; }

const ChannelKind* find_channel_kind(std::string_view name) {
    for (const ChannelKind& kind : kKinds) {
        if (kind.name == name) return &kind;
    }
    return nullptr;
}

std::span<const ChannelSetting> ChannelKind::settings() const {
    return table == nullptr ? std::span<const ChannelSetting>() : table();
}

DeliveryResult delivered(std::string answer, Json reference) {
    DeliveryResult result;
    result.delivered =
        Delivered{clip_end(printable(answer, Lines::flatten), 200), std::move(reference)};
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
    const ChannelKind* kind = find_channel_kind(channel.kind);
    if (kind == nullptr || !kind->is_available()) {
        return not_delivered({Fault::invalid, "channel '" + channel.name + "' is of the kind '" +
                                                  channel.kind +
                                                  "', which this version does not have"});
    }
    std::vector<std::string> secrets;
    DeliveryResult result = kind->deliver({channel, delivery, ports_, secrets});
    if (result.delivered) hide(result.delivered->answer, secrets);
    if (result.failed) hide(result.failed->error.message, secrets);
    return result;
}

Result<> Sender::prepare(const ChannelSettings& channel) {
    const ChannelKind* kind = find_channel_kind(channel.kind);
    if (kind == nullptr) return {};
    if (kind->by == SendsBy::http) return ports_.http.prepare();
    if (kind->by == SendsBy::mail) return ports_.mail.prepare();
    if (kind->by == SendsBy::program) return find_program(channel, ports_.files);
    return {};
}

// --- answers ---

namespace {

// Asks what has nothing to deliver; what comes back shows no secret.
template <typename Result, typename Asking>
Result asked_of(ChannelPorts& ports, const ChannelSettings& channel, const Asking& asking) {
    const Delivery nothing;
    std::vector<std::string> secrets;
    Result result =
        asking(*find_channel_kind(channel.kind), Outgoing{channel, nothing, ports, secrets});
    if (result.ok()) return result;
    Error error = result.error();
    error.message = clip_end(printable(error.message, Lines::flatten), 500);
    hide(error.message, secrets);
    return error;
}

}  // namespace

PressedBy pressed_by(const ChannelSettings& channel) {
    const ChannelKind* kind = find_channel_kind(channel.kind);
    if (kind == nullptr || kind->pressed_by == nullptr) return PressedBy::nothing;
    return kind->pressed_by(channel);
}

PressedBy pressed_by_link(const ChannelSettings& channel) {
    return channel.flag("links") ? PressedBy::link : PressedBy::nothing;
}

Result<Heard> Sender::listen(const ChannelSettings& channel, const std::string& cursor,
                             Duration patience) {
    return asked_of<Result<Heard>>(ports_, channel,
                                   [&](const ChannelKind& kind, const Outgoing& out) {
                                       return kind.listen(out, cursor, patience);
                                   });
}

Result<Heard> Sender::hear(const ChannelSettings& channel, const Knock& knock, Time now) {
    return asked_of<Result<Heard>>(
        ports_, channel,
        [&](const ChannelKind& kind, const Outgoing& out) { return kind.hear(out, knock, now); });
}

Result<ChannelSettings> Sender::with_secrets(const ChannelSettings& channel) {
    using Known = Result<ChannelSettings>;
    return asked_of<Known>(ports_, channel,
                           [&](const ChannelKind& kind, const Outgoing& out) -> Known {
                               ChannelSettings read = channel;
                               for (const ChannelSetting& setting : kind.settings()) {
                                   if (setting.form != ChannelSetting::Form::secret) continue;
                                   const std::string name(setting.name);
                                   read.values[name] = {TRY(out.secret(name))};
                                   read.values.erase(name + "_file");
                               }
                               return read;
                           });
}

Result<> Sender::respond(const ChannelSettings& channel, const SeenPress& press,
                         const std::string& words) {
    return asked_of<Result<>>(ports_, channel, [&](const ChannelKind& kind, const Outgoing& out) {
        return kind.respond(out, press, words);
    });
}

Duration retry_delay(int tries, std::optional<Duration> asked) {
    constexpr Duration kFirst = std::chrono::seconds(5);
    constexpr Duration kMost = std::chrono::minutes(10);
    if (asked) return std::clamp(*asked, kFirst, kMostPutOff);
    Duration delay = kFirst;
    for (int i = 1; i < tries && delay < kMost; ++i) delay *= 2;
    return std::min(delay, kMost);
}

}  // namespace ops

// What the kinds of channels share: the one function of each kind (a file each, channel_*.cc), and
// how HTTP is asked. Only for the .cc files of this room.
#pragma once

#include <functional>

#include "config/fields.h"
#include "escalate/channel.h"

namespace ops {

struct Markup;

struct Outgoing {
    const ChannelSettings& channel;
    const Delivery& delivery;
    ChannelPorts& ports;
    std::vector<std::string>& secrets;  // that were read, so that no answer shows one

    // The secret of this setting, from the environment or its file; empty when it has none.
    // An Error when there is one that cannot be read or is no single line.
    Result<std::string> secret(std::string_view setting) const;
};

// The rows below a kind's key, as its table says.
void read_channel_settings(const ChannelKind& kind, const Node& node, ChannelSettings& channel,
                           Problems& problems);

DeliveryResult deliver_console(const Outgoing& out);
DeliveryResult deliver_command(const Outgoing& out);
DeliveryResult deliver_webhook(const Outgoing& out);
DeliveryResult deliver_email(const Outgoing& out);
DeliveryResult deliver_ntfy(const Outgoing& out);
DeliveryResult deliver_telegram(const Outgoing& out);
DeliveryResult deliver_slack(const Outgoing& out);
DeliveryResult deliver_discord(const Outgoing& out);
DeliveryResult deliver_matrix(const Outgoing& out);
DeliveryResult deliver_pagerduty(const Outgoing& out);
DeliveryResult deliver_pushover(const Outgoing& out);
DeliveryResult deliver_gotify(const Outgoing& out);
DeliveryResult deliver_alertmanager(const Outgoing& out);
DeliveryResult deliver_apprise(const Outgoing& out);

std::span<const ChannelSetting> command_settings();
std::span<const ChannelSetting> webhook_settings();
std::span<const ChannelSetting> email_settings();
std::span<const ChannelSetting> ntfy_settings();
std::span<const ChannelSetting> telegram_settings();
std::span<const ChannelSetting> slack_settings();
std::span<const ChannelSetting> discord_settings();
std::span<const ChannelSetting> matrix_settings();
std::span<const ChannelSetting> pagerduty_settings();
std::span<const ChannelSetting> pushover_settings();
std::span<const ChannelSetting> gotify_settings();
std::span<const ChannelSetting> alertmanager_settings();
std::span<const ChannelSetting> apprise_settings();

void check_command(const ChannelSettings& channel, Fields& fields, Problems& problems);
void check_email(const ChannelSettings& channel, Fields& fields, Problems& problems);
void check_ntfy(const ChannelSettings& channel, Fields& fields, Problems& problems);
void check_telegram(const ChannelSettings& channel, Fields& fields, Problems& problems);
void check_slack(const ChannelSettings& channel, Fields& fields, Problems& problems);
void check_matrix(const ChannelSettings& channel, Fields& fields, Problems& problems);
void check_pushover(const ChannelSettings& channel, Fields& fields, Problems& problems);

// Answers: see ChannelKind.
PressedBy pressed_by_link(const ChannelSettings& channel);
PressedBy ntfy_pressed_by(const ChannelSettings& channel);
PressedBy telegram_pressed_by(const ChannelSettings& channel);
PressedBy slack_pressed_by(const ChannelSettings& channel);
Result<Heard> listen_at_ntfy(const Outgoing& out, const std::string& cursor, Duration patience);
Result<Heard> listen_at_telegram(const Outgoing& out, const std::string& cursor, Duration patience);
Result<> respond_at_telegram(const Outgoing& out, const SeenPress& press, const std::string& words);
Result<Heard> hear_slack(const Outgoing& out, const Knock& knock, Time now);
// Whether a request is Slack's, and of the last five minutes.
Result<> check_slack_signature(const std::string& secret, const Knock& knock, Time now);
Result<> respond_at_slack(const Outgoing& out, const SeenPress& press, const std::string& words);
inline constexpr size_t kMostHeard = 100;
// The setting `allowed`: each is ID or NAME=ID, and an id is one word.
void check_allowed(const ChannelSettings& channel, Fields& fields, Problems& problems);
// The settings `edits` and `links`, alike wherever they are.
inline constexpr ChannelSetting kEditsSetting{
    .name = "edits",
    .help = "what is acknowledged or over changes its message; false: is a new one",
    .form = ChannelSetting::Form::flag,
    .otherwise = "true"};
inline constexpr ChannelSetting kLinksSetting{
    .name = "links",
    .help =
        "links to acknowledge, silence, approve: whoever has the message has them; needs "
        "agent.public_url",
    .form = ChannelSetting::Form::flag,
    .otherwise = "false"};

DeliveryResult delivered(std::string answer, Json reference = {});
// Whether trying again may help follows from the fault.
DeliveryResult not_delivered(Error error);

// The whole message, headers and body, CRLF lines (channel_email.cc).
std::string compose_mail(const ChannelSettings& channel, const Delivery& delivery);

// Whether the program that a channel needs is there (channel_program.cc).
Result<> find_program(const ChannelSettings& channel, Files& files);

// --- HTTP (channel_http.cc) ---

HttpRequest json_request(const Outgoing& out, std::string_view method, std::string url,
                         const Json& body);
// A reply of 2xx, or what it means that there is none.
struct ChannelAnswer {
    HttpReply reply;
    Json body;                             // null unless the reply is JSON
    std::optional<DeliveryResult> failed;  // not taken, as the status says it
};
ChannelAnswer ask(const Outgoing& out, const HttpRequest& request);
// "HTTP 400: chat not found": with the words of the other side, wherever it writes them.
std::string words_of(const HttpReply& reply, const Json& body);
// Not taken, although the status may say otherwise. With what the reply asked for as a pause.
DeliveryResult refused(Fault fault, const HttpReply& reply, const Json& body);
std::string as_path_part(std::string_view text);  // for one part of a path
// Of application/x-www-form-urlencoded, decoded; nothing when it is not there or damaged.
std::optional<std::string> form_field(std::string_view form, std::string_view name);
// Something else is to be said loudly; a message that is changed makes no sound.
bool is_quiet(const AlertDraft& alert);
// What was told of this incident before, as far as it can be changed.
struct KnownMessages {
    std::optional<DeliveryResult> changed;  // nothing: it is to be sent as a new one
    Json thread;  // reference of the first, to answer to; null: there is none
    // For Delivered: of the message that is now the newest.
    Json reference(Json newest) const;
};
// What makes no sound changes the newest message, and what ends an incident the first one as well,
// which would go on looking open. Messages that are gone are not spoken of again.
KnownMessages change_messages(const Outgoing& out,
                              const std::function<DeliveryResult(const Json& reference)>& edit);
// What can be answered to this text: nobody says yes to a command that it has no room for. (A link
// leads to a page that shows all of them.)
std::vector<AlertAction> actions_beside(const Outgoing& out, std::string_view text,
                                        const Markup& markup);
// The line beside a message: red, yellow, grey, or green when it is over; RRGGBB.
std::string_view colour_of(const AlertDraft& alert);

}  // namespace ops

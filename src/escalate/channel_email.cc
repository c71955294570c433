// email: one message by SMTP, as text and as HTML. RFC 5322; header text that is not plain ASCII as
// RFC 2047 says; both bodies in base64, so that no line of them can be taken for anything else.
// Messages of one incident form one thread, all of one agent have a List-Id to sort them by.
#include <array>

#include "base/hash.h"
#include "base/text.h"
#include "escalate/base64.h"
#include "escalate/channel_kinds.h"
#include "escalate/render.h"

namespace ops {
namespace {

bool is_plain(std::string_view text) {
    for (const char c : text) {
        if (c < ' ' || c > '~') return false;
    }
    return text.find("=?") == std::string_view::npos;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Words of at most 75 characters, none of which splits a character; folded, so that no line grows
// long.
std::string encode_header(std::string_view text) {
    constexpr size_t kPlainLine = 60;
    if (is_plain(text) && text.size() <= kPlainLine) return std::string(text);
    constexpr size_t kBytes = 42;  // 56 base64 digits and 12 characters around them
    std::string encoded;
    while (!text.empty()) {
        size_t end = std::min(kBytes, text.size());
        while (end < text.size() && end > 0 && is_continuation(text[end])) --end;
        if (end == 0) end = std::min(kBytes, text.size());
        if (!encoded.empty()) encoded += "\r\n ";
        encoded += "=?UTF-8?B?" + base64(text.substr(0, end)) + "?=";
        text.remove_prefix(end);
    }
    return encoded;
}

std::string rfc5322_date(Time at) {
    constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::string utc = format_rfc3339(at);  // 2026-01-29T14:30:00.123Z
    const unsigned month = static_cast<unsigned>(date.month());
    return std::string(kDays[std::chrono::weekday{day}.c_encoding()]) + ", " + utc.substr(8, 2) +
           " " + kMonths[month - 1] + " " + utc.substr(0, 4) + " " + utc.substr(11, 8) + " +0000";
}

std::string domain_of(const std::string& address) {
    const size_t at = address.rfind('@');
    return at == std::string::npos ? "ops-agent" : address.substr(at + 1);
}

std::string message_id(std::string_view what, const std::string& from) {
    return "<" + sha256_hex(what).substr(0, 32) + "@" + domain_of(from) + ">";
}

// RFC 2919: a name that no other list has, made of letters that need no quoting.
std::string list_id(const std::string& agent, const std::string& from) {
    std::string name;
    for (const char c : to_lower(agent)) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        name += is_letter || c == '-' ? c : '-';
    }
    return "<" + name.substr(0, 60) + ".ops-agent." + domain_of(from) + ">";
}

// Styles stand at each element, as mail programs leave out a style sheet.
std::string html_of(const AlertLines& lines, const std::vector<AlertAction>& actions) {
    constexpr size_t kMost = 8192;
    const auto safe = [](std::string_view text) { return escaped(text, kHtmlMarkup, kMost); };
    std::string html =
        "<!DOCTYPE html>\r\n<html><body style=\"font-family: sans-serif\">\r\n"
        "<p style=\"font-size: 120%\"><strong>" +
        safe(lines.sign + " " + lines.headline) + "</strong></p>\r\n<table>\r\n";
    for (const auto& [name, value] : lines.rows) {
        html += "<tr><td style=\"color: #666; padding-right: 1em; vertical-align: top\">" +
                safe(name) + "</td><td>" + safe(value) + "</td></tr>\r\n";
    }
    html += "</table>\r\n";
    if (!lines.ask.empty()) html += "<p><strong>" + safe(lines.ask) + "</strong></p>\r\n";
    for (const AlertAction& action : actions) {
        if (action.url.empty() || action.calls) continue;
        html += "<p><a href=\"" + safe(action.url) + "\">" + safe(action.label) + "</a></p>\r\n";
    }
    return html + "</body></html>\r\n";
}

std::string part(std::string_view type, const std::string& boundary, std::string_view text) {
    std::string part = "--" + boundary + "\r\nContent-Type: " + std::string(type) +
                       "; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    const std::string body = base64(text);
    for (size_t i = 0; i < body.size(); i += 76) part += body.substr(i, 76) + "\r\n";
    return part;
}

// Strict enough that an address can never end its header or its SMTP line.
bool is_address(std::string_view text) {
    const size_t at = text.find('@');
    if (at == 0 || at == std::string_view::npos || at + 1 == text.size() || text.size() > 254) {
        return false;
    }
    for (const char c : text) {
        if (c <= ' ' || c > '~' || c == '<' || c == '>' || c == ',' || c == ';' || c == '"') {
            return false;
        }
    }
    return text.find('@', at + 1) == std::string_view::npos;
}

void check_address(const std::string& address, const Place& place, Problems& problems) {
    if (address.empty() || is_address(address)) return;
    problems.error(place, "'" + printable(address, Lines::flatten) + "' is not a mail address");
}

}  // namespace

std::span<const ChannelSetting> email_settings() {
    using enum ChannelSetting::Form;
    static constexpr auto kSettings = std::to_array<ChannelSetting>({
        {.name = "to", .help = "one address or a list", .form = list, .required = true},
        {.name = "from", .help = "the address it comes from", .required = true},
        {.name = "smtp",
         .help = "smtp://host:port (STARTTLS when the server has it) or smtps://host:port",
         .otherwise = "smtp://127.0.0.1:25"},
        {.name = "user", .help = "to sign in with"},
        {.name = "password", .help = "of that user; sent over TLS only", .form = secret},
        {.name = "require_tls",
         .help = "nothing is sent without TLS and a certificate that holds",
         .form = flag,
         .otherwise = "false"},
        kLinksSetting,
    });
    return kSettings;
}

void check_email(const ChannelSettings& channel, Fields& fields, Problems& problems) {
    for (const std::string& to : channel.list("to")) {
        check_address(to, fields.place_of("to"), problems);
    }
    check_address(channel.text("from"), fields.place_of("from"), problems);
    const std::string smtp = channel.text("smtp");
    if (!smtp.starts_with("smtp://") && !smtp.starts_with("smtps://")) {
        problems.error(fields.place_of("smtp"), "'smtp' begins with smtp:// or smtps://");
    }
}

std::string compose_mail(const ChannelSettings& channel, const Delivery& delivery) {
    const AlertDraft& alert = delivery.alert;
    std::string text = alert.text(delivery.time_zone);
    const std::string from = channel.text("from");
    const std::string root = message_id(alert.incident.empty() ? alert.key : alert.incident, from);
    const bool first = alert.state == AlertState::raised || alert.incident.empty();
    std::string mail = "Date: " + rfc5322_date(alert.at) + "\r\n";
    mail += "From: " + from + "\r\n";
    mail += "To: " + join(channel.list("to"), ",\r\n ");
    // The level and the title: what a phone shows. The same for all of one incident but for the
    // first words.
    const std::string headline = printable(text.substr(0, text.find('\n')), Lines::flatten);
    mail += "\r\nSubject: " + encode_header(headline + " [" + delivery.agent + "]") + "\r\n";
    mail += "Message-ID: " + (first ? root : message_id(alert.key, from)) + "\r\n";
    if (!first) mail += "In-Reply-To: " + root + "\r\nReferences: " + root + "\r\n";
    mail += "List-Id: " + list_id(delivery.agent, from) + "\r\n";
    mail += "Auto-Submitted: auto-generated\r\n";
    if (alert.level == Level::critical) mail += "Importance: high\r\n";
    // No line of base64 begins with "--", so nothing in the text can end its part.
    const std::string boundary = "ops-" + sha256_hex("boundary " + alert.key).substr(0, 24);
    mail += "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"" + boundary +
            "\"\r\n\r\n";
    for (const AlertAction& action : delivery.actions) {
        if (!action.url.empty() && !action.calls) text += "\n" + action.label + ": " + action.url;
    }
    mail += part("text/plain", boundary, replace_all(text, "\n", "\r\n") + "\r\n");
    mail += part("text/html", boundary, html_of(alert.lines(delivery.time_zone), delivery.actions));
    return mail + "--" + boundary + "--\r\n";
}

DeliveryResult deliver_email(const Outgoing& out) {
    const ChannelSettings& channel = out.channel;
    const Result<std::string> password = out.secret("password");
    if (!password.ok()) return not_delivered(password.error());
    MailMessage message;
    message.smtp_url = channel.text("smtp");
    message.require_tls = channel.flag("require_tls");
    message.user = channel.text("user");
    message.password = password.value();
    message.from = channel.text("from");
    message.to = channel.list("to");
    message.text = compose_mail(channel, out.delivery);
    message.time_limit = channel.timeout;
    const Result<MailTaken> sent = out.ports.mail.send(message);
    if (!sent.ok()) return not_delivered(sent.error());
    const std::vector<std::string>& refused = sent.value().refused;
    return delivered("accepted by " + message.smtp_url +
                     (refused.empty() ? "" : ", but not for " + join(refused, ", ")));
}

}  // namespace ops

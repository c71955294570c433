// email: one message by SMTP. RFC 5322; header text that is not plain ASCII as RFC 2047 says; the
// body in base64, so that no line of it can be taken for anything else. Messages of one incident
// form one thread.
#include <array>

#include "base/hash.h"
#include "base/text.h"
#include "config/fields.h"
#include "escalate/channel_kinds.h"
#include "io/secret.h"

namespace ops {
namespace {

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](size_t at) {
            return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
        };
        const unsigned all = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
        text += kDigits[all >> 18U & 63U];
        text += kDigits[all >> 12U & 63U];
        text += i + 1 < bytes.size() ? kDigits[all >> 6U & 63U] : '=';
        text += i + 2 < bytes.size() ? kDigits[all & 63U] : '=';
    }
    return text;
}

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

std::string message_id(std::string_view what, const std::string& from) {
    const size_t at = from.rfind('@');
    const std::string domain = at == std::string::npos ? "ops-agent" : from.substr(at + 1);
    return "<" + sha256_hex(what).substr(0, 32) + "@" + domain + ">";
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

void read_email(const Node& node, ChannelSettings& channel, Problems& problems) {
    Fields fields(node, "'email'", problems);
    channel.to = fields.texts("to");
    if (channel.to.empty() && node.is_map()) {
        problems.error(node.place, "'email' needs 'to'");
    }
    for (const std::string& to : channel.to) check_address(to, fields.place_of("to"), problems);
    channel.from = fields.required_text("from");
    check_address(channel.from, fields.place_of("from"), problems);
    channel.smtp = fields.text("smtp", "smtp://127.0.0.1:25");
    if (!channel.smtp.starts_with("smtp://") && !channel.smtp.starts_with("smtps://")) {
        problems.error(fields.place_of("smtp"), "'smtp' begins with smtp:// or smtps://");
    }
    channel.user = fields.text("user");
    channel.password_file = fields.text("password_file");
    channel.require_tls = fields.boolean("require_tls", false);
    fields.done();
}

std::string compose_mail(const ChannelSettings& channel, const Delivery& delivery) {
    const AlertDraft& alert = delivery.alert;
    const std::string text = alert.text(delivery.time_zone);
    const std::string root =
        message_id(alert.incident.empty() ? alert.key : alert.incident, channel.from);
    const bool first = alert.state == AlertState::raised || alert.incident.empty();
    std::string mail = "Date: " + rfc5322_date(alert.at) + "\r\n";
    mail += "From: " + channel.from + "\r\n";
    mail += "To: ";
    for (size_t i = 0; i < channel.to.size(); ++i) {
        mail += (i == 0 ? "" : ",\r\n ") + channel.to[i];
    }
    // The level and the title: what a phone shows. The same for all of one incident but for the
    // first words.
    const std::string headline = printable(text.substr(0, text.find('\n')), Lines::flatten);
    mail += "\r\nSubject: " + encode_header(headline + " [" + delivery.agent + "]") + "\r\n";
    mail += "Message-ID: " + (first ? root : message_id(alert.key, channel.from)) + "\r\n";
    if (!first) mail += "In-Reply-To: " + root + "\r\nReferences: " + root + "\r\n";
    mail += "Auto-Submitted: auto-generated\r\n";
    if (alert.level == Level::critical) mail += "Importance: high\r\n";
    mail += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n";
    mail += "Content-Transfer-Encoding: base64\r\n\r\n";
    const std::string body = base64(replace_all(text, "\n", "\r\n") + "\r\n");
    for (size_t i = 0; i < body.size(); i += 76) mail += body.substr(i, 76) + "\r\n";
    return mail;
}

DeliveryResult deliver_email(const Outgoing& out) {
    const ChannelSettings& channel = out.channel;
    const Result<std::string> password = read_secret(out.ports.files, channel.password_file);
    if (!password.ok()) return not_delivered(password.error());
    MailMessage message;
    message.smtp_url = channel.smtp;
    message.require_tls = channel.require_tls;
    message.user = channel.user;
    message.password = password.value();
    message.from = channel.from;
    message.to = channel.to;
    message.text = compose_mail(channel, out.delivery);
    message.time_limit = channel.timeout;
    const Result<MailTaken> sent = out.ports.mail.send(message);
    if (!sent.ok()) return not_delivered(sent.error());
    const std::vector<std::string>& refused = sent.value().refused;
    return delivered("accepted by " + channel.smtp +
                     (refused.empty() ? "" : ", but not for " + join(refused, ", ")));
}

}  // namespace ops

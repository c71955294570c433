// How channels ask by HTTP, and what an answer means: which errors are final, and how long the
// other side wants to be left alone.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "escalate/channel_kinds.h"
#include "escalate/compose.h"
#include "escalate/render.h"

namespace ops {
namespace {

// Where services write in words why they refuse: Telegram, Gotify, ntfy and Matrix, Discord and
// PagerDuty.
constexpr auto kWordsAt = std::to_array<std::string_view>(
    {"description", "errorDescription", "error", "message", "detail"});

std::string words_in(const Json& body) {
    std::string words;
    for (const std::string_view key : kWordsAt) {
        if (!body[key].is_string()) continue;
        words = body[key].as_string();
        break;
    }
    const std::string more = join(body["errors"].strings(), ", ");  // PagerDuty, Pushover
    if (words.empty() || more.empty()) return words + more;
    return words + ": " + more;
}

// Seconds as Discord (also a fraction) and Telegram say them, milliseconds as Matrix does.
std::optional<Duration> wait_in(const Json& body) {
    constexpr double kMost = 1e6;
    for (const Json* seconds : {&body["retry_after"], &body["parameters"]["retry_after"]}) {
        if (!seconds->is_number() || !(seconds->as_number() >= 0)) continue;
        const double given = std::min(seconds->as_number(), kMost);
        return Duration{static_cast<int64_t>(std::ceil(given * 1000))};
    }
    const Json& ms = body["retry_after_ms"];
    if (!ms.is_number() || !(ms.as_number() >= 0)) return std::nullopt;
    return Duration{static_cast<int64_t>(std::min(ms.as_number(), kMost * 1000))};
}

}  // namespace

HttpRequest json_request(const Outgoing& out, std::string_view method, std::string url,
                         const Json& body) {
    HttpRequest request;
    request.method = method;
    request.url = std::move(url);
    request.body = body.dump();
    request.time_limit = out.channel.timeout;
    request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "ops-agent"}};
    return request;
}

std::string words_of(const HttpReply& reply, const Json& body) {
    std::string words = "HTTP " + std::to_string(reply.status);
    std::string said = words_in(body);
    if (said.empty() && body.is_null()) {
        const std::string_view text = trim(reply.body);
        // A page for a browser says nothing in a line.
        if (!text.starts_with('<')) said = text.substr(0, text.find('\n'));
    }
    said = clip_end(printable(said, Lines::flatten), 200);
    return said.empty() ? words : words + ": " + said;
}

DeliveryResult refused(Fault fault, const HttpReply& reply, const Json& body) {
    DeliveryResult result = not_delivered({fault, words_of(reply, body)});
    const RetryAfter asked = retry_after(reply);
    result.failed->wait = asked.wait;
    result.failed->wait_until = asked.until;
    if (!asked.wait && !asked.until) result.failed->wait = wait_in(body);
    return result;
}

ChannelAnswer ask(const Outgoing& out, const HttpRequest& request) {
    ChannelAnswer answer;
    Result<HttpReply> sent = out.ports.http.send(request);
    if (!sent.ok()) {
        answer.failed = not_delivered(sent.error());
        return answer;
    }
    answer.reply = std::move(sent.value());
    if (Result<Json> body = Json::parse(answer.reply.body); body.ok()) {
        answer.body = std::move(body.value());
    }
    const int status = answer.reply.status;
    if (status >= 200 && status < 300) return answer;
    const bool later = status == 408 || status == 425 || status == 429 || status >= 500;
    answer.failed = refused(later ? Fault::unavailable : Fault::denied, answer.reply, answer.body);
    return answer;
}

std::string as_path_part(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (is_letter || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~') {
            encoded += c;
        } else {
            encoded += '%';
            encoded += kDigits[byte >> 4U];
            encoded += kDigits[byte & 15U];
        }
    }
    return encoded;
}

std::optional<std::string> form_field(std::string_view form, std::string_view name) {
    for (const std::string_view pair : split(form, '&')) {
        if (pair.substr(0, pair.find('=')) != name || pair.size() == name.size()) continue;
        const std::string_view coded = pair.substr(name.size() + 1);
        std::string text;
        for (size_t i = 0; i < coded.size(); ++i) {
            if (coded[i] != '%') {
                text += coded[i] == '+' ? ' ' : coded[i];
                continue;
            }
            constexpr std::string_view kDigits = "0123456789abcdef";
            const std::string digits = to_lower(coded.substr(i + 1, 2));
            if (digits.size() != 2) return std::nullopt;
            const size_t high = kDigits.find(digits[0]), low = kDigits.find(digits[1]);
            if (high == std::string_view::npos || low == std::string_view::npos) {
                return std::nullopt;
            }
            text += static_cast<char>(high * 16 + low);
            i += 2;
        }
        return text;
    }
    return std::nullopt;
}

bool is_quiet(const AlertDraft& alert) {
    return is_end(alert.state) || alert.state == AlertState::acknowledged ||
           alert.state == AlertState::answered;
}

Json KnownMessages::reference(Json newest) const {
    if (!thread.is_null()) newest.set("first", thread);
    return newest;
}

KnownMessages change_messages(const Outgoing& out,
                              const std::function<DeliveryResult(const Json& reference)>& edit) {
    KnownMessages known;
    if (!out.delivery.previous) return known;
    const Json& newest = out.delivery.previous->reference;
    const Json& first = newest["first"];
    known.thread = first.is_null() ? newest : first;
    if (!is_quiet(out.delivery.alert) || !out.channel.flag("edits")) return known;
    const bool ends = out.delivery.alert.state != AlertState::answered;
    for (const Json* one : {&first, &newest}) {
        if (one->is_null() || (one == &first && !ends)) continue;
        DeliveryResult result = edit(*one);
        // Somebody has deleted it, or it is too old.
        if (result.failed && result.failed->error.fault == Fault::denied) continue;
        const bool failed = result.failed.has_value();
        known.changed = std::move(result);
        if (failed) return known;
    }
    if (!known.changed) known.thread = Json();
    return known;
}

std::vector<AlertAction> actions_beside(const Outgoing& out, std::string_view text,
                                        const Markup& markup) {
    constexpr size_t kAny = 100'000;
    std::vector<AlertAction> actions = out.delivery.actions;
    for (const auto& [name, command] : out.delivery.alert.lines(out.delivery.time_zone).rows) {
        if (!name.starts_with(kPlanRow)) continue;
        const std::string row = std::string(markup.strong) + escaped(name + ":", markup, kAny) +
                                std::string(markup.strong_end) + " " +
                                escaped(command, markup, kAny);
        if (text.find(row) != std::string_view::npos) continue;
        std::erase_if(actions, [](const AlertAction& one) {
            return one.id == "approve" && !one.token.empty();
        });
    }
    return actions;
}

std::string_view colour_of(const AlertDraft& alert) {
    switch (alert.state) {
        case AlertState::recovered:
        case AlertState::closed: return "2eb886";
        case AlertState::acknowledged: return "daa038";
        case AlertState::test: return "dddddd";
        default: break;
    }
    if (alert.level == Level::warning) return "daa038";
    return alert.level <= Level::log ? "dddddd" : "a30200";
}

}  // namespace ops

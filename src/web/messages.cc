#include "web/messages.h"

#include "base/text.h"

namespace ops {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

enum class Plus { literal, space };

std::optional<std::string> decode(std::string_view text, Plus plus) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus == Plus::space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            if (i + 2 >= text.size()) return std::nullopt;
            const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

std::string_view title_of(int status) {
    switch (status) {
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 409: return "Conflict";
        case 413: return "Content Too Large";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 503: return "Service Unavailable";
        default: return "Internal Server Error";
    }
}

}  // namespace

std::string WebRequest::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return "";
}

std::optional<std::string> WebRequest::parameter(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) return value;
    }
    return std::nullopt;
}

std::string stream_event(uint64_t number, std::string_view kind, const Json& data) {
    return "id: " + std::to_string(number) + "\nevent: " + std::string(kind) +
           "\ndata: " + data.dump() + "\n\n";  // dump() is one line
}

WebReply problem(int status, std::string_view detail) {
    Json body = Json::object({{"type", "about:blank"},
                              {"title", title_of(status)},
                              {"status", status},
                              {"detail", detail}});
    return {status, "application/problem+json", body.dump()};
}

WebReply json_reply(const Json& json, int status) {
    return {status, "application/json", json.dump()};
}

std::optional<RequestTarget> parse_target(std::string_view target) {
    const size_t question = target.find('?');
    RequestTarget out;
    const auto path = decode(target.substr(0, question), Plus::literal);
    if (!path || path->empty() || path->front() != '/') return std::nullopt;
    out.path = *path;
    if (question == std::string_view::npos) return out;
    for (const std::string_view pair : split(target.substr(question + 1), '&')) {
        if (pair.empty()) continue;
        const size_t equals = pair.find('=');
        const auto key = decode(pair.substr(0, equals), Plus::space);
        const auto value = equals == std::string_view::npos
                               ? std::optional<std::string>("")
                               : decode(pair.substr(equals + 1), Plus::space);
        if (!key || !value) return std::nullopt;
        out.query.emplace_back(*key, *value);
    }
    return out;
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (is_safe_word("a" + std::string(1, c))) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += "0123456789ABCDEF"[byte >> 4];
            out += "0123456789ABCDEF"[byte & 15];
        }
    }
    return out;
}

}  // namespace ops

#include "io/url.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace ops {

static constexpr size_t kMaxText = 8000;

static Error bad(std::string_view text, const std::string& why) {
    return {Fault::invalid, "url '" + clip_end(text, 200) + "': " + why};
}

static bool is_allowed(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte < 0x7f;
}

std::string ascii_of_url(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string ascii;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            ascii += c;
        } else {
            ascii.append("%").append(1, kHex[byte >> 4U]).append(1, kHex[byte & 15U]);
        }
    }
    return ascii;
}

static bool takes(std::string_view& text, std::string_view prefix) {
    if (to_lower(text.substr(0, prefix.size())) != prefix) return false;
    text.remove_prefix(prefix.size());
    return true;
}

Result<Url> Url::parse(std::string_view text) {
    text = text.substr(0, text.find('#'));
    if (text.size() > kMaxText) return bad(text, "over 8000 bytes");
    if (!std::all_of(text.begin(), text.end(), is_allowed)) {
        return bad(text, "holds a blank or a character that must be written as %XX");
    }
    Url url;
    url.text_ = text;
    std::string_view rest = text;
    if (takes(rest, "http://")) {
        url.scheme_ = Scheme::http;
        url.port_ = 80;
    } else if (takes(rest, "https://")) {
        url.scheme_ = Scheme::https;
        url.port_ = 443;
    } else if (takes(rest, "unix://")) {
        url.scheme_ = Scheme::unix_socket;
        const size_t begin = text.size() - rest.size();
        const size_t end = std::min(text.find(":/", begin), text.size());
        if (end == begin || text[begin] != '/') {
            return bad(text, "expected unix:///path/to.sock:/request/path");
        }
        // sockaddr_un has room for 107 characters.
        if (end - begin > 107) return bad(text, "the path of the socket is over 107 bytes");
        url.host_at_ = static_cast<uint16_t>(begin);
        url.host_size_ = static_cast<uint16_t>(end - begin);
        url.target_at_ = static_cast<uint16_t>(std::min(end + 1, text.size()));
        return url;
    } else {
        return bad(text, "expected http://, https:// or unix://");
    }
    const size_t begin = text.size() - rest.size();
    const size_t end = std::min(text.find_first_of("/?", begin), text.size());
    url.target_at_ = static_cast<uint16_t>(end);
    TRY(url.parse_authority(begin, end));
    return url;
}

Result<> Url::parse_authority(size_t begin, size_t end) {
    const std::string_view all =
        part(static_cast<uint16_t>(begin), static_cast<uint16_t>(end - begin));
    if (all.find('@') != std::string_view::npos) {
        return bad("", "user and password do not belong here, send them in a header");
    }
    size_t host_end = all.size();
    size_t after = 0;
    host_at_ = static_cast<uint16_t>(begin);
    if (!all.empty() && all[0] == '[') {
        host_end = all.find(']');
        if (host_end == std::string_view::npos) return bad(text_, "'[' is not closed");
        after = host_end + 1;
        host_at_ = static_cast<uint16_t>(begin + 1);
        host_size_ = static_cast<uint16_t>(host_end - 1);
    } else {
        host_end = std::min(all.find(':'), all.size());
        after = host_end;
        host_size_ = static_cast<uint16_t>(host_end);
    }
    if (host_size_ == 0) return bad(text_, "no host");
    if (host_size_ > 253) return bad(text_, "the host is over 253 bytes");
    if (after == all.size()) return {};
    const std::string_view digits = all.substr(after + 1);
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port_);
    if (all[after] != ':' || error != std::errc() || stop != digits.data() + digits.size() ||
        port_ == 0) {
        return bad(text_, "the port must be a number from 1 to 65535");
    }
    return {};
}

void Url::append_request_target(std::string& text) const {
    const std::string_view target = std::string_view(text_).substr(target_at_);
    if (target.empty() || target[0] != '/') text += '/';
    text += target;
}

void Url::append_authority(std::string& text) const {
    if (scheme_ == Scheme::unix_socket) {
        text += "localhost";
        return;
    }
    const bool is_ipv6 = host().find(':') != std::string_view::npos;
    if (is_ipv6) text += '[';
    text += host();
    if (is_ipv6) text += ']';
    const uint16_t usual = scheme_ == Scheme::https ? 443 : 80;
    if (port_ != usual) text.append(":").append(std::to_string(port_));
}

std::optional<Url> Url::follow(std::string_view written) const {
    const std::string ascii = ascii_of_url(trim(written));
    const std::string_view location = ascii;
    if (location.empty()) return std::nullopt;
    const std::string_view all = text_;
    std::string absolute;
    if (location.substr(0, 2) == "//") {
        if (scheme_ == Scheme::unix_socket) return std::nullopt;
        absolute = (scheme_ == Scheme::https ? "https:" : "http:") + std::string(location);
    } else if (location[0] == '/') {
        absolute = std::string(all.substr(0, target_at_)) + std::string(location);
    } else if (location.find("://") < location.find_first_of("/?#")) {
        absolute = location;
    } else {
        // Relative to the folder of what was asked, whose query does not count.
        const std::string_view path = all.substr(0, std::min(all.find('?'), all.size()));
        const size_t slash = path.rfind('/');
        const bool has_path = slash != std::string_view::npos && slash >= target_at_;
        absolute = std::string(has_path && location[0] != '?' ? path.substr(0, slash + 1) : path);
        if (!has_path) absolute += '/';
        absolute += location;
    }
    Result<Url> url = parse(absolute);
    if (!url.ok()) return std::nullopt;
    const Url& to = url.value();
    if (to_lower(to.host()) != to_lower(host())) return std::nullopt;
    const bool is_socket = scheme_ == Scheme::unix_socket;
    if (is_socket != (to.scheme_ == Scheme::unix_socket)) return std::nullopt;
    if (scheme_ == Scheme::https && to.scheme_ != Scheme::https) return std::nullopt;
    return std::move(url).value();
}

}  // namespace ops

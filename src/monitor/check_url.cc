#include "monitor/check_url.h"

#include <charconv>

#include "io/url.h"

namespace ops {
namespace {

Error bad(std::string_view text, std::string_view wrong) {
    return Error{Fault::invalid, std::string("'").append(text).append("' ").append(wrong)};
}

bool has_space_or_control(std::string_view text) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return true;
    }
    return false;
}

Result<uint16_t> parse_port(std::string_view whole, std::string_view text) {
    int port = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || port < 1 ||
        port > 65535) {
        return bad(whole, "has no port from 1 to 65535 after the ':'");
    }
    return static_cast<uint16_t>(port);
}

bool is_host_name(std::string_view host) {
    if (host.empty() || host.front() == '-') return false;
    for (const char c : host) {
        const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
        if (!fine) return false;
    }
    return true;
}

bool is_ipv6(std::string_view host) {
    for (const char c : host) {
        const bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
                          (c >= 'A' && c <= 'F') || c == ':' || c == '.' || c == '%';
        if (!fine) return false;
    }
    return host.find(':') != std::string_view::npos;
}

// host, host:port, [v6], [v6]:port. `whole` is for messages. Port 0: none given.
Result<HostPort> parse_authority(std::string_view whole, std::string_view text) {
    HostPort found;
    std::string_view rest;
    if (text.starts_with('[')) {
        const size_t end = text.find(']');
        if (end == std::string_view::npos) return bad(whole, "has a '[' without ']'");
        found.host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
        if (!is_ipv6(found.host)) return bad(whole, "has no IPv6 address between the brackets");
    } else {
        const size_t colon = text.find(':');
        found.host = text.substr(0, colon);
        if (colon != std::string_view::npos) rest = text.substr(colon);
        if (found.host.empty()) return bad(whole, "names no host");
        if (!is_host_name(found.host)) return bad(whole, "has a host with characters no host has");
    }
    if (rest.empty()) return found;
    if (rest.front() != ':') return bad(whole, "has something else than a port after the host");
    found.port = TRY(parse_port(whole, rest.substr(1)));
    return found;
}

Result<CheckUrl> parse_unix(std::string_view text) {
    CheckUrl url;
    url.scheme = "unix";
    std::string_view rest = text.substr(std::string_view("unix://").size());
    const size_t colon = rest.find(':');
    url.host = rest.substr(0, colon);
    if (url.host.empty() || url.host.front() != '/') {
        return bad(text, "names no socket, write unix:///path/to.sock:/request/path");
    }
    if (url.host.size() > 107) return bad(text, "has a longer path than a socket may have");
    if (colon != std::string_view::npos) {
        url.path = ascii_of_url(rest.substr(colon + 1));
        if (url.path.empty() || url.path.front() != '/') {
            return bad(text, "has a request path that does not begin with '/'");
        }
    }
    return url;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// As parse_check_url() promises, but for what only the asking finds wrong.
Result<CheckUrl> parse_parts(std::string_view text) {
    if (has_space_or_control(text)) return bad(text, "has a space or control character in it");
    if (text.starts_with("unix://")) return parse_unix(text);
    CheckUrl url;
    const size_t scheme_end = text.find("://");
    url.scheme = scheme_end == std::string_view::npos ? "" : text.substr(0, scheme_end);
    if (url.scheme != "http" && url.scheme != "https") {
        return bad(text,
                   "is no URL that can be asked, it begins with http://, https:// or unix://");
    }
    std::string_view rest = text.substr(scheme_end + 3);
    rest = rest.substr(0, rest.find('#'));
    const size_t path_start = rest.find_first_of("/?");
    std::string_view authority = rest.substr(0, path_start);
    if (path_start != std::string_view::npos) {
        url.path = ascii_of_url(rest.substr(path_start));
        if (url.path.front() == '?') url.path.insert(0, "/");
    }
    if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
        const std::string_view user = authority.substr(0, at);
        const size_t colon = user.find(':');
        url.user = percent_decode(user.substr(0, colon));
        if (colon != std::string_view::npos) url.password = percent_decode(user.substr(colon + 1));
        authority.remove_prefix(at + 1);
    }
    const HostPort found = TRY(parse_authority(text, authority));
    url.host = found.host;
    url.port_given = found.port != 0;
    url.port = found.port != 0 ? found.port : url.scheme == "https" ? 443 : 80;
    return url;
}

}  // namespace

bool CheckUrl::is_loopback() const {
    return scheme == "unix" || host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string CheckUrl::print() const {
    if (scheme == "unix") return "unix://" + host + ":" + path;
    const bool v6 = host.find(':') != std::string::npos;
    std::string text = scheme + "://" + (v6 ? "[" + host + "]" : host);
    if (port_given) text += ":" + std::to_string(port);
    return text + path;
}

Result<CheckUrl> parse_check_url(std::string_view text) {
    CheckUrl url = TRY(parse_parts(text));
    // What is taken here and refused when it is asked would be down for ever.
    TRY(Url::parse(url.print()));
    return url;
}

Result<HostPort> parse_host_port(std::string_view text) {
    if (has_space_or_control(text)) return bad(text, "has a space or control character in it");
    HostPort found = TRY(parse_authority(text, text));
    if (found.port == 0) return bad(text, "names no port, write host:port");
    return found;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                                c == '~';
        const auto byte = static_cast<unsigned char>(c);
        if (unreserved) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += kHex[byte >> 4];
            encoded += kHex[byte & 15];
        }
    }
    return encoded;
}

std::string percent_decode(std::string_view text) {
    std::string decoded;
    for (size_t i = 0; i < text.size(); ++i) {
        const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (text[i] == '%' && high >= 0 && low >= 0) {
            decoded += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

std::string basic_authorization(std::string_view user, std::string_view password) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::string plain = std::string(user).append(":").append(password);
    std::string encoded;
    for (size_t i = 0; i < plain.size(); i += 3) {
        uint32_t bits = 0;
        for (size_t j = 0; j < 3; ++j) {
            const char c = i + j < plain.size() ? plain[i + j] : '\0';
            bits = bits << 8 | static_cast<unsigned char>(c);
        }
        for (size_t j = 0; j < 4; ++j) {
            const size_t digit = bits >> (18 - 6 * j) & 63;
            encoded += i + j <= plain.size() ? kDigits[digit] : '=';
        }
    }
    return "Basic " + encoded;
}

}  // namespace ops

// URLs of checks: checked when the configuration is read, so a typing error has a place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ops {

struct CheckUrl {
    std::string scheme;  // http, https or unix
    std::string user, password;
    std::string host;   // without brackets; of unix: the socket's path
    uint16_t port = 0;  // given or the scheme's own; 0 of unix
    bool port_given = false;
    std::string path = "/";  // with query, without fragment

    bool is_loopback() const;  // 127.0.0.0/8, ::1, localhost, or a socket
    // As io::HttpAsk takes it, without user and password.
    std::string print() const;
};
// http(s)://[user[:password]@]host[:port][/path?query], unix:///path/to.sock[:/request/path].
Result<CheckUrl> parse_check_url(std::string_view text);

struct HostPort {
    std::string host;
    uint16_t port = 0;
};
Result<HostPort> parse_host_port(std::string_view text);  // "host:22", "[::1]:22"

std::string percent_encode(std::string_view text);  // all but unreserved characters
std::string percent_decode(std::string_view text);
// The value of an Authorization header.
std::string basic_authorization(std::string_view user, std::string_view password);

}  // namespace ops

// What goes between the HTTP server and the one thread that decides: plain requests and replies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace ops {

struct WebRequest {
    uint64_t connection = 0;  // where the reply goes: Server::reply
    std::string method;
    std::string path;                                          // decoded, without the query
    std::vector<std::pair<std::string, std::string>> query;    // decoded
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;                                          // at most 1 MiB
    bool from_loopback = false;
    std::string local_address;  // that it came in at, as a Host says it: "192.0.2.7", "[::1]"
    std::string proof;          // of who asks, set by answer(): "token" or "password", or empty

    std::string header(std::string_view name) const;  // "" when absent
    std::optional<std::string> parameter(std::string_view name) const;
};

struct WebReply {
    int status = 200;
    std::string type = "application/json";
    std::string body;
    bool stays_open =
        false;  // `body` is the beginning; what Server::publish() tells comes after it
    std::vector<std::pair<std::string, std::string>> headers{};  // beside those that all have
};

// One event of a text/event-stream: its number (Last-Event-ID), its kind, and the rest as JSON.
std::string stream_event(uint64_t number, std::string_view kind, const Json& data);

// RFC 9457: {"type":"about:blank","title":...,"status":...,"detail":...}
WebReply problem(int status, std::string_view detail);
WebReply json_reply(const Json& json, int status = 200);

// "/a%20b?x=1&y=2" in its parts; nothing when an escape is broken.
struct RequestTarget {
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;
};
std::optional<RequestTarget> parse_target(std::string_view target);

// For a path or a query: all but letters, digits and "._-" as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace ops

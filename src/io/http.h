// Http: one request and its whole reply, blocking; for channels and other outside services (libcurl
// inside). Checks do not go through here: io/probes.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace ops {

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    Duration time_limit = std::chrono::seconds(10);  // of all of it
    // Ended earlier when not one byte came for so long, in whole seconds; zero: never.
    Duration stall_limit{};
};

struct HttpReply {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;                                          // at most 1 MiB
    // The first header of this name (in lower case), or nothing.
    std::optional<std::string_view> header(std::string_view name) const;
};

// What the other side asked for with Retry-After (RFC 9110, 10.2.3): a span, or a moment of its
// clock. Of several the last counts.
struct RetryAfter {
    std::optional<Duration> wait{};
    std::optional<Time> until{};
};
RetryAfter retry_after(const HttpReply& reply);

class Http {
public:
    virtual ~Http() = default;
    // Any complete reply is ok, whatever its status. Redirects are not followed.
    // Fault::unavailable: nothing reached the other side. Fault::timeout: something may have, and
    // the whole answer did not come.
    virtual Result<HttpReply> send(const HttpRequest& request) = 0;
    // Whether anything can be sent at all; for the start.
    virtual Result<> prepare() { return {}; }
};

}  // namespace ops

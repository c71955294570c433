// Http: one request and its whole reply, blocking; for channels and other outside services (libcurl
// inside). Checks do not go through here: io/probes.h.
#pragma once

#include <string>
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
    Duration time_limit = std::chrono::seconds(10);
};

struct HttpReply {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;                                          // at most 1 MiB
};

class Http {
public:
    virtual ~Http() = default;
    // Any complete reply is ok, whatever its status. Redirects are not followed.
    virtual Result<HttpReply> send(const HttpRequest& request) = 0;
    // Whether anything can be sent at all; for the start.
    virtual Result<> prepare() { return {}; }
};

}  // namespace ops

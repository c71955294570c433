// Server: HTTP/1.1 on one thread (Boost.Beast inside). It reads a request, hands it on, and writes
// the reply when it comes; it decides nothing.
//
// Bounds: 256 connections, 16 KiB of headers, 1 MiB of body, 10 s for a request to arrive, 30 s
// between requests; 32 connections that stay open for events, each dropped when it is 1 MiB behind.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "web/messages.h"

namespace ops {

class Server {
public:
    // `deliver` is called on the server's thread; false means "cannot take it now" and is answered
    // with 503.
    using Deliver = std::function<bool(WebRequest)>;
    static Result<std::unique_ptr<Server>> start(const std::string& listen, Deliver deliver);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // From any thread. A connection that is gone meanwhile is no error.
    void reply(uint64_t connection, WebReply reply);
    // To every connection whose reply stays open (WebReply::stays_open). From any thread.
    void publish(std::string text);
    uint16_t port() const;  // the one listened on; useful after asking for port 0

private:
    class Loop;
    explicit Server(std::unique_ptr<Loop> loop);
    std::unique_ptr<Loop> loop_;
};

}  // namespace ops

// Mail: hands one finished message (RFC 5322 text) to an SMTP server, blocking (libcurl inside).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace ops {

struct MailMessage {
    std::string smtp_url;  // smtp://host:25, smtps://host:465
    bool require_tls = false;
    std::string user, password;  // empty: no authentication
    std::string from;            // envelope
    std::vector<std::string> to;
    std::string text;  // headers and body, CRLF lines
    Duration time_limit = std::chrono::seconds(20);
};

// A receiver whom the server would not have, with its words: "a@example.com: 550 no such user".
struct MailTaken {
    std::vector<std::string> refused;
};

class Mail {
public:
    virtual ~Mail() = default;
    // Taken for one receiver at least. An error tells by its fault whether the other side wants it
    // later (4xx: unavailable) or never (5xx: denied). TLS is used when the server has it; when
    // that was asked for or a password is to be sent, nothing is sent without it, nor to somebody
    // else.
    virtual Result<MailTaken> send(const MailMessage& message) = 0;
    // Whether anything can be sent at all; for the start.
    virtual Result<> prepare() { return {}; }
};

}  // namespace ops

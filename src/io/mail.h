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

class Mail {
public:
    virtual ~Mail() = default;
    virtual Result<> send(const MailMessage& message) = 0;
};

}  // namespace ops

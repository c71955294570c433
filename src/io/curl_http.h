// CurlHttp and CurlMail: the outside services by libcurl, blocking, on workers. Safe to use from
// many threads. Debian's libcurl.so.4 is loaded by prepare() or the first send; without network
// channels never, since it is most of what the program would hold in memory.
//
// Authorities are those of the system, or of the file that SSL_CERT_FILE names, as for checks.
// Redirects are not followed, no proxy is taken from the environment, bodies end at 1 MiB.
// Link-local and metadata addresses (169.254.0.0/16, fe80::/10, fd00:ec2::254) are refused after
// the name is resolved, so that a name cannot lead there either, unless allowed.
#pragma once

#include "io/http.h"
#include "io/mail.h"

namespace ops {

enum class LinkLocal { refused, allowed };

class CurlHttp : public Http {
public:
    explicit CurlHttp(LinkLocal link_local = LinkLocal::refused);
    Result<HttpReply> send(const HttpRequest& request) override;
    Result<> prepare() override;

private:
    LinkLocal link_local_;
};

class CurlMail : public Mail {
public:
    explicit CurlMail(LinkLocal link_local = LinkLocal::refused);
    Result<MailTaken> send(const MailMessage& message) override;
    Result<> prepare() override;

private:
    LinkLocal link_local_;
};

}  // namespace ops

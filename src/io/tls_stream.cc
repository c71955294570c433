#include "io/tls_stream.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <ctime>

#include "base/units.h"
#include "io/system_error.h"

namespace ops {

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

ssl_ctx_st* TlsContext::get() {
    if (context_ != nullptr) return context_;
    context_ = SSL_CTX_new(TLS_client_method());
    if (context_ == nullptr) return nullptr;
    // The folder of authorities is read lazily by OpenSSL, one file per issuer met.
    SSL_CTX_set_default_verify_paths(context_);
    SSL_CTX_set_options(context_, SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context_;
}

static bool is_address(const std::string& host) {
    std::array<unsigned char, 16> bytes{};
    return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

TlsStream::TlsStream(TlsContext& context, int fd, const std::string& host) : host_(host) {
    ssl_ctx_st* shared = context.get();
    if (shared != nullptr) stream_ = SSL_new(shared);
    if (stream_ == nullptr) return;
    SSL_set_fd(stream_, fd);
    SSL_set_verify(stream_, SSL_VERIFY_NONE, nullptr);  // looked at in verify()
    if (is_address(host)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(stream_), host.c_str());
    } else {
        // SSL_set_tlsext_host_name is this with a cast that we do not allow.
        SSL_ctrl(stream_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(host.c_str()));
        SSL_set_hostflags(stream_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        SSL_set1_host(stream_, host.c_str());
    }
    SSL_set_connect_state(stream_);
}

TlsStream::~TlsStream() { SSL_free(stream_); }

static std::string lower_first(std::string text) {
    if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    }
    return text;
}

TlsStream::State TlsStream::judge(int result) {
    if (result == 1) return State::done;
    const int number = errno;
    switch (SSL_get_error(stream_, result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE: return State::blocked;
        case SSL_ERROR_ZERO_RETURN:
            failure_ = "the other side closed the connection";
            return State::closed;
        case SSL_ERROR_SYSCALL:
            failure_ = number == 0 ? "the other side closed the connection" : system_words(number);
            return number == 0 ? State::closed : State::failed;
        default: break;
    }
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    failure_ = reason != nullptr ? lower_first(reason) : "tls failed";
    return State::failed;
}

TlsStream::State TlsStream::handshake() {
    if (stream_ == nullptr) {
        failure_ = "openssl could not be set up";
        return State::failed;
    }
    ERR_clear_error();
    errno = 0;
    return judge(SSL_do_handshake(stream_));
}

TlsStream::State TlsStream::write(std::string_view bytes, size_t& wrote) {
    ERR_clear_error();
    errno = 0;
    wrote = 0;
    return judge(SSL_write_ex(stream_, bytes.data(), bytes.size(), &wrote));
}

TlsStream::State TlsStream::read(char* into, size_t size, size_t& got) {
    ERR_clear_error();
    errno = 0;
    got = 0;
    return judge(SSL_read_ex(stream_, into, size, &got));
}

std::string TlsStream::failure() const { return failure_; }

std::optional<Time> TlsStream::certificate_expires() const {
    const X509* certificate = stream_ == nullptr ? nullptr : SSL_get0_peer_certificate(stream_);
    if (certificate == nullptr) return std::nullopt;
    std::tm parts{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return std::nullopt;
    return Time(std::chrono::seconds(::timegm(&parts)));
}

Result<> TlsStream::verify(Time now) const {
    const long verdict = SSL_get_verify_result(stream_);
    if (verdict == X509_V_OK) return {};
    const std::optional<Time> end = certificate_expires();
    if (verdict == X509_V_ERR_CERT_HAS_EXPIRED && end && *end < now) {
        return Error{Fault::denied, "the certificate of '" + host_ + "' expired " +
                                        format_duration_short(now - *end) + " ago"};
    }
    if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        return Error{Fault::denied, "the certificate is not for '" + host_ + "'"};
    }
    return Error{Fault::denied, "the certificate of '" + host_ + "' is not trusted: " +
                                    lower_first(X509_verify_cert_error_string(verdict))};
}

}  // namespace ops

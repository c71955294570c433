#include "io/tls_stream.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/text.h"
#include "base/units.h"
#include "io/late_library.h"
#include "io/system_error.h"

namespace ops {

namespace {

// OpenSSL, loaded when the first TLS connection is made: it held 3.7 MB of each process, and 0.4 MB
// of that could not be shared. Its functions keep their names; libssl brings libcrypto along.
struct OpenSsl : LateLibrary {
    OpenSsl() : LateLibrary("libssl.so.3") {}

    Late<decltype(::ASN1_TIME_to_tm)> ASN1_TIME_to_tm{*this, "ASN1_TIME_to_tm"};
    Late<decltype(::ERR_clear_error)> ERR_clear_error{*this, "ERR_clear_error"};
    Late<decltype(::ERR_peek_error)> ERR_peek_error{*this, "ERR_peek_error"};
    Late<decltype(::ERR_reason_error_string)> ERR_reason_error_string{*this,
                                                                      "ERR_reason_error_string"};
    Late<decltype(::SSL_CTX_ctrl)> SSL_CTX_ctrl{*this, "SSL_CTX_ctrl"};
    Late<decltype(::OPENSSL_sk_num)> OPENSSL_sk_num{*this, "OPENSSL_sk_num"};
    Late<decltype(::SSL_CTX_get_cert_store)> SSL_CTX_get_cert_store{*this,
                                                                    "SSL_CTX_get_cert_store"};
    Late<decltype(::SSL_CTX_free)> SSL_CTX_free{*this, "SSL_CTX_free"};
    Late<decltype(::SSL_CTX_new)> SSL_CTX_new{*this, "SSL_CTX_new"};
    Late<decltype(::SSL_CTX_set_default_verify_paths)> SSL_CTX_set_default_verify_paths{
        *this, "SSL_CTX_set_default_verify_paths"};
    Late<decltype(::SSL_CTX_set_options)> SSL_CTX_set_options{*this, "SSL_CTX_set_options"};
    Late<decltype(::SSL_ctrl)> SSL_ctrl{*this, "SSL_ctrl"};
    Late<decltype(::SSL_do_handshake)> SSL_do_handshake{*this, "SSL_do_handshake"};
    Late<decltype(::SSL_free)> SSL_free{*this, "SSL_free"};
    Late<decltype(::SSL_get0_param)> SSL_get0_param{*this, "SSL_get0_param"};
    Late<decltype(::SSL_get0_peer_certificate)> SSL_get0_peer_certificate{
        *this, "SSL_get0_peer_certificate"};
    Late<decltype(::SSL_get_error)> SSL_get_error{*this, "SSL_get_error"};
    Late<decltype(::SSL_get_SSL_CTX)> SSL_get_SSL_CTX{*this, "SSL_get_SSL_CTX"};
    Late<decltype(::SSL_get_verify_result)> SSL_get_verify_result{*this, "SSL_get_verify_result"};
    Late<decltype(::SSL_new)> SSL_new{*this, "SSL_new"};
    Late<decltype(::SSL_read_ex)> SSL_read_ex{*this, "SSL_read_ex"};
    Late<decltype(::SSL_set1_host)> SSL_set1_host{*this, "SSL_set1_host"};
    Late<decltype(::SSL_set_connect_state)> SSL_set_connect_state{*this, "SSL_set_connect_state"};
    Late<decltype(::SSL_set_fd)> SSL_set_fd{*this, "SSL_set_fd"};
    Late<decltype(::SSL_set_hostflags)> SSL_set_hostflags{*this, "SSL_set_hostflags"};
    Late<decltype(::SSL_set_verify)> SSL_set_verify{*this, "SSL_set_verify"};
    Late<decltype(::SSL_write_ex)> SSL_write_ex{*this, "SSL_write_ex"};
    Late<decltype(::TLS_client_method)> TLS_client_method{*this, "TLS_client_method"};
    Late<decltype(::X509_STORE_get0_objects)> X509_STORE_get0_objects{*this,
                                                                      "X509_STORE_get0_objects"};
    Late<decltype(::X509_VERIFY_PARAM_set1_ip_asc)> X509_VERIFY_PARAM_set1_ip_asc{
        *this, "X509_VERIFY_PARAM_set1_ip_asc"};
    Late<decltype(::X509_get_default_cert_dir)> X509_get_default_cert_dir{
        *this, "X509_get_default_cert_dir"};
    Late<decltype(::X509_get0_notAfter)> X509_get0_notAfter{*this, "X509_get0_notAfter"};
    Late<decltype(::X509_verify_cert_error_string)> X509_verify_cert_error_string{
        *this, "X509_verify_cert_error_string"};
};

const OpenSsl& openssl() { return late_library<OpenSsl>(); }

}  // namespace

TlsContext::~TlsContext() {
    if (context_ != nullptr) openssl().SSL_CTX_free(context_);
}

ssl_ctx_st* TlsContext::get() {
    if (context_ != nullptr) return context_;
    if (!openssl().is_loaded().ok()) return nullptr;
    context_ = openssl().SSL_CTX_new(openssl().TLS_client_method());
    if (context_ == nullptr) return nullptr;
    // The folder of authorities is read lazily by OpenSSL, one file per issuer met.
    openssl().SSL_CTX_set_default_verify_paths(context_);
    openssl().SSL_CTX_set_options(context_, SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
    // Two that are macros of this call: SSL_CTX_set_session_cache_mode and SSL_CTX_set_mode.
    openssl().SSL_CTX_ctrl(context_, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, nullptr);
    openssl().SSL_CTX_ctrl(context_, SSL_CTRL_MODE,
                           SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                               SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
                           nullptr);
    return context_;
}

// Whom does this machine trust? Nobody, when there was no file of authorities to load and their
// folder, out of which OpenSSL takes one when it meets it, is empty or not there.
static bool trusts_nobody(const ssl_st* stream) {
    X509_STORE* const store = openssl().SSL_CTX_get_cert_store(openssl().SSL_get_SSL_CTX(stream));
    // sk_X509_OBJECT_num is this with a cast that we do not allow.
    const auto* loaded =
        reinterpret_cast<const OPENSSL_STACK*>(openssl().X509_STORE_get0_objects(store));
    if (openssl().OPENSSL_sk_num(loaded) > 0) return false;
    const char* named = std::getenv("SSL_CERT_DIR");
    const std::string folders = named != nullptr ? named : openssl().X509_get_default_cert_dir();
    const std::vector<std::string_view> all = split(folders, ':');
    return std::all_of(all.begin(), all.end(), [](std::string_view folder) {
        std::error_code none;
        return std::filesystem::is_empty(folder, none) || none;
    });
}

static bool is_address(const std::string& host) {
    std::array<unsigned char, 16> bytes{};
    return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

TlsStream::TlsStream(TlsContext& context, int fd, const std::string& host) : host_(host) {
    ssl_ctx_st* shared = context.get();
    if (shared != nullptr) stream_ = openssl().SSL_new(shared);
    if (stream_ == nullptr) return;
    openssl().SSL_set_fd(stream_, fd);
    openssl().SSL_set_verify(stream_, SSL_VERIFY_NONE, nullptr);  // looked at in verify()
    if (is_address(host)) {
        openssl().X509_VERIFY_PARAM_set1_ip_asc(openssl().SSL_get0_param(stream_), host.c_str());
    } else {
        // SSL_set_tlsext_host_name is this with a cast that we do not allow.
        openssl().SSL_ctrl(stream_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                           const_cast<char*>(host.c_str()));
        openssl().SSL_set_hostflags(stream_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        openssl().SSL_set1_host(stream_, host.c_str());
    }
    openssl().SSL_set_connect_state(stream_);
}

TlsStream::~TlsStream() {
    if (stream_ != nullptr) openssl().SSL_free(stream_);
}

static std::string lower_first(std::string text) {
    if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    }
    return text;
}

TlsStream::State TlsStream::judge(int result) {
    if (result == 1) return State::done;
    const int number = errno;
    switch (openssl().SSL_get_error(stream_, result)) {
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
    const char* reason = openssl().ERR_reason_error_string(openssl().ERR_peek_error());
    failure_ = reason != nullptr ? lower_first(reason) : "tls failed";
    return State::failed;
}

TlsStream::State TlsStream::handshake() {
    if (stream_ == nullptr) {
        const Result<>& loaded = openssl().is_loaded();
        failure_ = loaded.ok() ? "openssl could not be set up" : loaded.error().message;
        return State::failed;
    }
    openssl().ERR_clear_error();
    errno = 0;
    return judge(openssl().SSL_do_handshake(stream_));
}

TlsStream::State TlsStream::write(std::string_view bytes, size_t& wrote) {
    openssl().ERR_clear_error();
    errno = 0;
    wrote = 0;
    return judge(openssl().SSL_write_ex(stream_, bytes.data(), bytes.size(), &wrote));
}

TlsStream::State TlsStream::read(char* into, size_t size, size_t& got) {
    openssl().ERR_clear_error();
    errno = 0;
    got = 0;
    return judge(openssl().SSL_read_ex(stream_, into, size, &got));
}

std::string TlsStream::failure() const { return failure_; }

std::optional<Time> TlsStream::certificate_expires() const {
    const X509* certificate =
        stream_ == nullptr ? nullptr : openssl().SSL_get0_peer_certificate(stream_);
    if (certificate == nullptr) return std::nullopt;
    std::tm parts{};
    if (openssl().ASN1_TIME_to_tm(openssl().X509_get0_notAfter(certificate), &parts) != 1)
        return std::nullopt;
    return Time(std::chrono::seconds(::timegm(&parts)));
}

Result<> TlsStream::verify(Time now) const {
    const long verdict = openssl().SSL_get_verify_result(stream_);
    if (verdict == X509_V_OK) return {};
    const std::optional<Time> end = certificate_expires();
    if (verdict == X509_V_ERR_CERT_HAS_EXPIRED && end && *end < now) {
        return Error{Fault::corrupt, "the certificate of '" + host_ + "' expired " +
                                         format_duration_short(now - *end) + " ago"};
    }
    if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        return Error{Fault::corrupt, "the certificate is not for '" + host_ + "'"};
    }
    if (trusts_nobody(stream_)) {
        return Error{Fault::denied, "the certificate of '" + host_ +
                                        "' cannot be judged: this machine has no certificates of "
                                        "authorities (package ca-certificates)"};
    }
    return Error{Fault::corrupt, "the certificate of '" + host_ + "' is not trusted: " +
                                     lower_first(openssl().X509_verify_cert_error_string(verdict))};
}

}  // namespace ops

#include "io/tls_look.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <memory>
#include <optional>

#include "base/text.h"
#include "base/units.h"
#include "io/descriptor.h"
#include "io/late_library.h"
#include "io/name_look.h"
#include "io/real_clock.h"
#include "io/socket_address.h"
#include "io/system_error.h"
#include "io/tls_stream.h"

namespace ops {
namespace {

constexpr size_t kMostCertificates = 6;
constexpr size_t kMostNames = 20;
constexpr size_t kMostName = 256;

// What only a look at a certificate needs of OpenSSL (the rest: io/tls_stream.cc).
struct Certificates : LateLibrary {
    Certificates() : LateLibrary("libssl.so.3") {}

    Late<decltype(::ASN1_STRING_get0_data)> ASN1_STRING_get0_data{*this, "ASN1_STRING_get0_data"};
    Late<decltype(::ASN1_STRING_length)> ASN1_STRING_length{*this, "ASN1_STRING_length"};
    Late<decltype(::ASN1_TIME_to_tm)> ASN1_TIME_to_tm{*this, "ASN1_TIME_to_tm"};
    Late<decltype(::BIO_ctrl)> BIO_ctrl{*this, "BIO_ctrl"};
    Late<decltype(::BIO_free)> BIO_free{*this, "BIO_free"};
    Late<decltype(::BIO_new)> BIO_new{*this, "BIO_new"};
    Late<decltype(::BIO_s_mem)> BIO_s_mem{*this, "BIO_s_mem"};
    Late<decltype(::GENERAL_NAMES_free)> GENERAL_NAMES_free{*this, "GENERAL_NAMES_free"};
    Late<decltype(::OPENSSL_sk_num)> OPENSSL_sk_num{*this, "OPENSSL_sk_num"};
    Late<decltype(::OPENSSL_sk_value)> OPENSSL_sk_value{*this, "OPENSSL_sk_value"};
    Late<decltype(::SSL_CIPHER_get_name)> SSL_CIPHER_get_name{*this, "SSL_CIPHER_get_name"};
    Late<decltype(::SSL_get_current_cipher)> SSL_get_current_cipher{*this,
                                                                    "SSL_get_current_cipher"};
    Late<decltype(::SSL_get_peer_cert_chain)> SSL_get_peer_cert_chain{*this,
                                                                      "SSL_get_peer_cert_chain"};
    Late<decltype(::SSL_get_version)> SSL_get_version{*this, "SSL_get_version"};
    Late<decltype(::X509_NAME_print_ex)> X509_NAME_print_ex{*this, "X509_NAME_print_ex"};
    Late<decltype(::X509_get0_notAfter)> X509_get0_notAfter{*this, "X509_get0_notAfter"};
    Late<decltype(::X509_get0_notBefore)> X509_get0_notBefore{*this, "X509_get0_notBefore"};
    Late<decltype(::X509_get_ext_d2i)> X509_get_ext_d2i{*this, "X509_get_ext_d2i"};
    Late<decltype(::X509_get_issuer_name)> X509_get_issuer_name{*this, "X509_get_issuer_name"};
    Late<decltype(::X509_get_subject_name)> X509_get_subject_name{*this, "X509_get_subject_name"};
};
const Certificates& openssl() { return late_library<Certificates>(); }

// One printable line: whoever made the certificate wrote what he liked.
std::string shown(std::string_view text) {
    return clip_end(printable(text.substr(0, 4 * kMostName), Lines::flatten), kMostName);
}

std::string name_of(const X509_NAME* name) {
    const std::unique_ptr<BIO, decltype(::BIO_free)*> out(openssl().BIO_new(openssl().BIO_s_mem()),
                                                          openssl().BIO_free);
    if (!out) return "";
    openssl().X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE);
    char* bytes = nullptr;
    const long size = openssl().BIO_ctrl(out.get(), BIO_CTRL_INFO, 0, static_cast<void*>(&bytes));
    if (bytes == nullptr || size <= 0) return "";
    return shown({bytes, static_cast<size_t>(size)});
}

Time time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (openssl().ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return Time(std::chrono::seconds(::timegm(&parts)));
}

std::string_view bytes_of(const ASN1_STRING* text) {
    const int size = openssl().ASN1_STRING_length(text);
    if (size <= 0) return {};
    return {reinterpret_cast<const char*>(openssl().ASN1_STRING_get0_data(text)),
            static_cast<size_t>(size)};
}

std::string address_of(std::string_view bytes) {
    std::optional<SocketAddress> address;
    if (bytes.size() == 4) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        bytes.copy(reinterpret_cast<char*>(&v4.sin_addr), 4);
        address = SocketAddress::of(reinterpret_cast<const sockaddr&>(v4), 0);
    } else if (bytes.size() == 16) {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        bytes.copy(reinterpret_cast<char*>(&v6.sin6_addr), 16);
        address = SocketAddress::of(reinterpret_cast<const sockaddr&>(v6), 0);
    }
    return address ? address->print_host() : "";
}

std::vector<std::string> names_of(const X509* certificate) {
    std::vector<std::string> names;
    auto* const all = static_cast<GENERAL_NAMES*>(
        openssl().X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    if (all == nullptr) return names;
    const auto* const list = reinterpret_cast<const OPENSSL_STACK*>(all);
    const int count = openssl().OPENSSL_sk_num(list);
    for (int i = 0; i < count && names.size() < kMostNames; ++i) {
        const auto* const one =
            static_cast<const GENERAL_NAME*>(openssl().OPENSSL_sk_value(list, i));
        std::string name;
        if (one->type == GEN_DNS) name = shown(bytes_of(one->d.dNSName));
        if (one->type == GEN_IPADD) name = address_of(bytes_of(one->d.iPAddress));
        if (!name.empty()) names.push_back(std::move(name));
    }
    openssl().GENERAL_NAMES_free(all);
    return names;
}

void read_certificates(const SSL* stream, TlsSeen& seen) {
    const auto* const chain =
        reinterpret_cast<const OPENSSL_STACK*>(openssl().SSL_get_peer_cert_chain(stream));
    const int count = chain == nullptr ? 0 : openssl().OPENSSL_sk_num(chain);
    for (int i = 0; i < count && seen.chain.size() < kMostCertificates; ++i) {
        const auto* const one = static_cast<const X509*>(openssl().OPENSSL_sk_value(chain, i));
        seen.chain.push_back({name_of(openssl().X509_get_subject_name(one)),
                              name_of(openssl().X509_get_issuer_name(one)), names_of(one),
                              time_of(openssl().X509_get0_notBefore(one)),
                              time_of(openssl().X509_get0_notAfter(one))});
    }
    seen.protocol = openssl().SSL_get_version(stream);
    if (const SSL_CIPHER* const cipher = openssl().SSL_get_current_cipher(stream)) {
        seen.cipher = openssl().SSL_CIPHER_get_name(cipher);
    }
}

// One look, with an end in time.
class TlsLook {
public:
    TlsLook(TlsSeen& seen, Duration patience)
        : seen_(seen), until_(clock_.steady() + patience), patience_(patience) {}

    // Each of the addresses, until one takes the connection.
    Descriptor connect(const std::vector<std::string>& addresses) {
        const Duration began = clock_.steady();
        for (const std::string& one : addresses) {
            const auto address = SocketAddress::literal(one, seen_.port);
            if (!address) continue;
            Descriptor socket = try_one(*address);
            seen_.connect = clock_.steady() - began;
            if (!socket.is_open()) continue;
            seen_.error.clear();
            seen_.address = address->print();
            return socket;
        }
        return Descriptor();
    }

    bool shake_hands(TlsStream& stream, int fd) {
        const Duration began = clock_.steady();
        const std::string doing = "tls handshake with " + seen_.address + ": ";
        while (true) {
            const TlsStream::State state = stream.handshake();
            seen_.handshake = clock_.steady() - began;
            if (state == TlsStream::State::done) return true;
            if (state != TlsStream::State::blocked) {
                seen_.error = doing + stream.failure();
                return false;
            }
            // Which of the two it waits for is not told; a socket that can be written to at once is
            // the rule, so only what comes is waited for, in short turns.
            if (!wait(fd, POLLIN, std::chrono::milliseconds(50)) && is_over()) {
                seen_.error = doing + too_late();
                return false;
            }
        }
    }

    Duration left() const { return std::max(until_ - clock_.steady(), Duration::zero()); }

private:
    Descriptor try_one(const SocketAddress& address) {
        const std::string doing = "connect to " + address.print() + ": ";
        Descriptor socket(
            ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        int fault = 0;
        if (!socket.is_open() || ::connect(socket.get(), address.get(), address.size()) != 0) {
            fault = errno;
        }
        if (fault == EINPROGRESS) {
            if (!wait(socket.get(), POLLOUT, left())) {
                seen_.error = doing + too_late();
                return Descriptor();
            }
            socklen_t size = sizeof fault;
            if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &fault, &size) != 0) fault = errno;
        }
        if (fault == 0) return socket;
        seen_.error = doing + system_words(fault);
        return Descriptor();
    }

    bool wait(int fd, short events, Duration at_most) const {
        pollfd one{fd, events, 0};
        return ::poll(&one, 1, static_cast<int>(std::min(at_most, left()).count())) > 0;
    }
    bool is_over() const { return left() == Duration::zero(); }
    std::string too_late() const { return "no answer within " + format_duration_short(patience_); }

    mutable RealClock clock_;  // has no state
    TlsSeen& seen_;
    Duration until_, patience_;
};

}  // namespace

TlsSeen look_at_tls(const std::string& host, uint16_t port, Duration patience, Time now) {
    TlsSeen seen;
    seen.host = host;
    seen.port = port;
    TlsLook look(seen, patience);
    std::vector<std::string> addresses{host};
    if (!SocketAddress::literal(host, port)) {
        NameSeen name = look_up_name(host, patience);
        seen.error = name.error;
        addresses = std::move(name.addresses);
    }
    const Descriptor socket = look.connect(addresses);
    if (!socket.is_open()) return seen;
    TlsContext context;
    TlsStream stream(context, socket.get(), host);
    if (!look.shake_hands(stream, socket.get())) return seen;
    const Result<> verdict = stream.verify(now);
    if (!verdict.ok()) seen.distrust = verdict.error().message;
    if (openssl().is_loaded().ok()) read_certificates(stream.get(), seen);
    return seen;
}

}  // namespace ops

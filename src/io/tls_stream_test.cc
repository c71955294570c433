// Https asks against a real TLS server on the loopback, with certificates made here.
#include "io/tls_stream.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <csignal>
#include <memory>

#include "base/assert.h"
#include "io/inbox.h"
#include "io/posix_processes.h"
#include "io/probe_engine.h"
#include "io/real_clock.h"
#include "io/test_server.h"
#include "io/tls_look.h"

namespace ops {
namespace {

using namespace std::chrono_literals;

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Certificate = std::unique_ptr<X509, void (*)(X509*)>;

constexpr long kDay = 24 * 3600;

// For 'localhost' and 127.0.0.1, signed by itself, an authority too; ends so many seconds from now.
Certificate make_certificate(EVP_PKEY* key, long ends_in) {
    Certificate made(X509_new(), X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -30 * kDay);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), ends_in);
    X509_set_version(made.get(), 2);
    X509_set_pubkey(made.get(), key);
    X509_NAME* name = X509_get_subject_name(made.get());
    const unsigned char text[] = "ops test";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(made.get(), name);
    for (const auto& [id, value] : {std::pair{NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"},
                                    std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
        ASSERT(extension != nullptr);
        X509_add_ext(made.get(), extension, -1);
        X509_EXTENSION_free(extension);
    }
    ASSERT(X509_sign(made.get(), key, EVP_sha256()) > 0);
    return made;
}

class TlsTest : public testing::Test {
protected:
    TlsTest() : key_(EVP_EC_gen("P-256"), EVP_PKEY_free) {}
    ~TlsTest() override {
        ::unsetenv("SSL_CERT_FILE");
        ::unsetenv("SSL_CERT_DIR");
        if (!trusted_.empty()) ::unlink(trusted_.c_str());
    }

    // A server with this certificate that answers one line.
    std::unique_ptr<TestServer> serve(const Certificate& certificate) {
        context_.reset(SSL_CTX_new(TLS_server_method()));
        SSL_CTX_use_certificate(context_.get(), certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), key_.get());
        return std::make_unique<TestServer>([this](int fd) {
            const std::unique_ptr<SSL, void (*)(SSL*)> stream(SSL_new(context_.get()), SSL_free);
            SSL_set_fd(stream.get(), fd);
            // A client that refuses the certificate is gone when OpenSSL writes to it.
            std::signal(SIGPIPE, SIG_IGN);
            if (SSL_accept(stream.get()) != 1) return;
            const char* name = SSL_get_servername(stream.get(), TLSEXT_NAMETYPE_host_name);
            server_name_ = name == nullptr ? "" : name;
            std::array<char, 4096> request{};
            if (SSL_read(stream.get(), request.data(), static_cast<int>(request.size())) <= 0)
                return;
            ++requests_;
            const std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
            SSL_write(stream.get(), reply.data(), static_cast<int>(reply.size()));
            SSL_shutdown(stream.get());
        });
    }
    void trust(const Certificate& certificate) {
        trusted_ = testing::TempDir() + "ops-ca-" + std::to_string(::getpid()) + ".pem";
        const std::unique_ptr<BIO, void (*)(BIO*)> file(BIO_new_file(trusted_.c_str(), "w"),
                                                        BIO_free_all);
        PEM_write_bio_X509(file.get(), certificate.get());
        ::setenv("SSL_CERT_FILE", trusted_.c_str(), 1);
    }
    Reply ask(const std::string& url, bool verify = true) {
        auto engine = ProbeEngine::start(clock_, processes_, [this](std::vector<ProbeEvent> batch) {
            (void)inbox_.push_batch(std::move(batch));
        });
        HttpAsk question;
        question.url = url;
        question.verify_tls = verify;
        engine.value()->start({.check = 1, .question = question, .time_limit = 10s});
        std::vector<ProbeEvent> events = inbox_.take_all(20s);
        ASSERT(events.size() == 1);
        return std::get<Reply>(std::move(events[0]));
    }
    static std::string told(const Reply& got) {
        return got.answer.ok() ? std::get<HttpAnswer>(got.answer.value()).body
                               : got.answer.error().message;
    }
    static std::string port(const TestServer& server) { return std::to_string(server.port()); }

    struct FreeContext {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    RealClock clock_;
    PosixProcesses processes_;
    Inbox<ProbeEvent> inbox_{100};
    Key key_;
    std::unique_ptr<SSL_CTX, FreeContext> context_;
    std::string trusted_, server_name_;
    std::atomic<int> requests_ = 0;
};

TEST_F(TlsTest, AcceptsATrustedCertificateOfTheRightHost) {
    const Certificate good = make_certificate(key_.get(), 100 * kDay);
    trust(good);
    const auto server = serve(good);
    const Reply by_name = ask("https://localhost:" + port(*server) + "/");
    EXPECT_EQ(told(by_name), "secret");
    EXPECT_EQ(server_name_, "localhost");
    ASSERT_TRUE(by_name.certificate_expires.has_value());
    const auto left = *by_name.certificate_expires - clock_.now();
    EXPECT_NEAR(static_cast<double>(left.count()), 100.0 * kDay * 1000, 3600e3);
    EXPECT_EQ(std::get<HttpAnswer>(by_name.answer.value()).certificate_expires,
              by_name.certificate_expires);
    EXPECT_EQ(told(ask("https://127.0.0.1:" + port(*server) + "/")), "secret") << "by its address";
    EXPECT_EQ(server_name_, "") << "an address is no server name";
}

// That says nothing of the service, and a restart of it would not bring them.
TEST_F(TlsTest, WithoutAuthoritiesNothingIsSaidOfACertificate) {
    const Certificate good = make_certificate(key_.get(), 100 * kDay);
    const auto server = serve(good);
    ::setenv("SSL_CERT_FILE", "/no/such/file.pem", 1);
    ::setenv("SSL_CERT_DIR", "/no/such/folder", 1);
    const Reply got = ask("https://localhost:" + port(*server) + "/");
    EXPECT_EQ(told(got),
              "the certificate of 'localhost' cannot be judged: this machine has no certificates "
              "of authorities (package ca-certificates)");
    EXPECT_EQ(got.answer.error().fault, Fault::denied);
}

TEST_F(TlsTest, RefusesAndSaysWhy) {
    const Certificate good = make_certificate(key_.get(), 100 * kDay);
    trust(make_certificate(key_.get(), 50 * kDay));  // another one
    {
        const auto server = serve(good);
        const Reply got = ask("https://localhost:" + port(*server) + "/");
        EXPECT_NE(told(got).find("the certificate of 'localhost' is not trusted: self"),
                  std::string::npos)
            << told(got);
        EXPECT_EQ(got.answer.error().fault, Fault::corrupt);
        EXPECT_EQ(told(ask("https://localhost:" + port(*server) + "/", false)), "secret")
            << "unless the check says not to verify";
    }
    trust(good);
    {
        const auto server = serve(good);
        EXPECT_EQ(told(ask("https://127.0.0.2:" + port(*server) + "/")).find("connect to"), 0U);
        EXPECT_EQ(requests_, 1) << "only the one that was not verified was sent";
    }
    const Certificate old = make_certificate(key_.get(), -3 * kDay);
    trust(old);
    const auto server = serve(old);
    const Reply got = ask("https://localhost:" + port(*server) + "/");
    EXPECT_EQ(told(got), "the certificate of 'localhost' expired 3d ago");
    ASSERT_TRUE(got.certificate_expires.has_value()) << "its end is told although it failed";
    EXPECT_LT(*got.certificate_expires, clock_.now());
    EXPECT_EQ(requests_, 1);
}

TEST_F(TlsTest, SaysThatTheOtherSideSpeaksNoTls) {
    TestServer plain([](int fd) {
        std::array<char, 4096> hello{};
        (void)!::recv(fd, hello.data(), hello.size(), 0);
        TestServer::send_all(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    const std::string message = told(ask("https://127.0.0.1:" + port(plain) + "/"));
    EXPECT_EQ(message.find("tls handshake with 127.0.0.1:" + port(plain) + ": "), 0U) << message;
    EXPECT_NE(message.find("wrong version number"), std::string::npos) << message;
}

// The look of an incident (io/tls_look.h), at the same servers.
TEST_F(TlsTest, IsLookedAtCloser) {
    const Certificate good = make_certificate(key_.get(), 100 * kDay);
    {
        const auto server = serve(good);
        const TlsSeen seen = look_at_tls("localhost", server->port(), 5s, clock_.now());
        EXPECT_EQ(seen.error, "");
        EXPECT_EQ(seen.distrust.find("the certificate of 'localhost' is not trusted: self"), 0U)
            << seen.distrust;
        EXPECT_EQ(seen.address, "127.0.0.1:" + port(*server));
        EXPECT_EQ(seen.protocol, "TLSv1.3");
        EXPECT_NE(seen.cipher, "");
        ASSERT_EQ(seen.chain.size(), 1U);
        EXPECT_EQ(seen.chain[0].subject, "CN = ops test");
        EXPECT_EQ(seen.chain[0].issuer, "CN = ops test");
        EXPECT_EQ(seen.chain[0].names, (std::vector<std::string>{"localhost", "127.0.0.1"}));
        const auto left = seen.chain[0].ends - clock_.now();
        EXPECT_NEAR(static_cast<double>(left.count()), 100.0 * kDay * 1000, 3600e3);
        EXPECT_LT(seen.chain[0].begins, clock_.now());
        EXPECT_EQ(requests_, 0) << "nothing is asked of it";
    }
    trust(good);
    const auto server = serve(good);
    EXPECT_EQ(look_at_tls("127.0.0.1", server->port(), 5s, clock_.now()).distrust, "");
}

TEST_F(TlsTest, IsLookedAtWhateverIsThere) {
    const Certificate old = make_certificate(key_.get(), -3 * kDay);
    trust(old);
    {
        const auto server = serve(old);
        EXPECT_EQ(look_at_tls("localhost", server->port(), 5s, clock_.now()).distrust,
                  "the certificate of 'localhost' expired 3d ago");
    }
    uint16_t gone = 0;
    {
        TestServer silent([](int fd) {
            std::array<char, 4096> hello{};
            while (::recv(fd, hello.data(), hello.size(), 0) > 0) {
            }
        });
        const TlsSeen seen = look_at_tls("127.0.0.1", silent.port(), 200ms, clock_.now());
        EXPECT_EQ(seen.error,
                  "tls handshake with 127.0.0.1:" + port(silent) + ": no answer within 200ms");
        EXPECT_TRUE(seen.chain.empty());
        gone = silent.port();
    }
    EXPECT_EQ(look_at_tls("127.0.0.1", gone, 5s, clock_.now()).error,
              "connect to 127.0.0.1:" + std::to_string(gone) + ": connection refused");
    const TlsSeen nowhere = look_at_tls("api.invalid", 443, 5s, clock_.now());
    EXPECT_NE(nowhere.error, "") << "a name that is none";
    EXPECT_EQ(nowhere.address, "");
}

}  // namespace
}  // namespace ops

#include "io/curl_http.h"

#include <gtest/gtest.h>

#include "io/socket_address.h"
#include "io/test_server.h"

namespace ops {
namespace {

using namespace std::chrono_literals;

TEST(CurlHttp, SendsAndReceives) {
    std::string seen;
    TestServer server([&](int fd) {
        seen = TestServer::read_request(fd);
        TestServer::send_all(fd,
                             "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nX-A: b\r\n"
                             "Content-Length: 2\r\n\r\nno");
    });
    CurlHttp http;
    HttpRequest request;
    request.method = "POST";
    request.url = server.url("/hook");
    request.headers = {{"X-Token", "t"}};
    request.body = "{}";
    const Result<HttpReply> reply = http.send(request);
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    EXPECT_EQ(reply.value().status, 302) << "redirects are not followed";
    EXPECT_EQ(reply.value().body, "no");
    EXPECT_EQ(reply.value().headers[1], (std::pair<std::string, std::string>("x-a", "b")));
    EXPECT_EQ(seen.substr(0, 20), "POST /hook HTTP/1.1\r");
    EXPECT_NE(seen.find("X-Token: t\r\n"), std::string::npos);
    EXPECT_EQ(seen.find("Content-Type"), std::string::npos);
    EXPECT_EQ(server.accepted(), 1);
}

TEST(CurlHttp, TellsWhatWentWrong) {
    struct Row {
        HttpRequest request;
        Fault fault;
        const char *part, *why;
    };
    const TestServer silent(nullptr);
    TestServer large(TestServer::say("HTTP/1.1 200 OK\r\n\r\n" + std::string(1'100'000, 'x')));
    TestServer splits(TestServer::say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"));
    TestServer rubbish(TestServer::say("SSH-2.0-OpenSSH_9.2p1\r\n"));
    TestServer closes([](int fd) { (void)TestServer::read_request(fd); });
    uint16_t free_port = 0;
    { free_port = TestServer(nullptr).port(); }
    const auto to = [](const std::string& url) {
        HttpRequest request;
        request.url = url;
        return request;
    };
    HttpRequest slow = to(silent.url("/secret-token"));
    slow.time_limit = 50ms;
    HttpRequest evil = to(large.url());
    evil.headers = {{"A", "b\r\nX: y"}};
    const Row rows[] = {
        {slow, Fault::timeout, "127.0.0.1", "no answer"},
        {to(large.url()), Fault::timeout, "over 1 MiB", "too large"},
        {to(splits.url()), Fault::timeout, "127.0.0.1", "cut"},
        {to(closes.url()), Fault::timeout, "127.0.0.1", "closed without a word"},
        {to(rubbish.url()), Fault::timeout, "127.0.0.1", "no HTTP, but it may have been heard"},
        {to("http://127.0.0.1:" + std::to_string(free_port) + "/"), Fault::unavailable, "onnect",
         "refused"},
        {to("file:///etc/passwd"), Fault::invalid, "", "only http and https"},
        {evil, Fault::invalid, "line break", "a split header"},
        {to("http://169.254.169.254/latest/"), Fault::denied, "169.254.169.254", "metadata"},
        {to("http://[::ffff:169.254.1.1]/"), Fault::denied, "link-local", "mapped"},
        {to("http://[fe80::1]/"), Fault::denied, "link-local", "IPv6"},
        {to("http://[fd00:ec2::254]/"), Fault::denied, "fd00:ec2::254", "metadata over IPv6"},
    };
    CurlHttp http;
    for (const Row& row : rows) {
        const Result<HttpReply> reply = http.send(row.request);
        ASSERT_FALSE(reply.ok()) << row.why;
        EXPECT_EQ(reply.error().fault, row.fault) << row.why << ": " << reply.error().message;
        EXPECT_NE(reply.error().message.find(row.part), std::string::npos)
            << row.why << ": " << reply.error().message;
        EXPECT_EQ(reply.error().message.find("secret"), std::string::npos) << "a path was told";
    }
}

TEST(CurlMail, HandsAMessageOver) {
    std::string heard;
    TestServer server([&](int fd) {
        TestServer::send_all(fd, "220 test\r\n");
        std::string buffer(4096, '\0');
        bool in_text = false;
        while (true) {
            const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
            if (got <= 0) return;
            const std::string part = buffer.substr(0, static_cast<size_t>(got));
            heard += part;
            if (in_text && heard.find("\r\n.\r\n") == std::string::npos) continue;
            const bool wants_text = part.substr(0, 4) == "DATA";
            in_text = wants_text || (in_text && heard.find("\r\n.\r\n") == std::string::npos);
            TestServer::send_all(fd, wants_text ? "354 go on\r\n" : "250 ok\r\n");
        }
    });
    MailMessage message;
    message.smtp_url = "smtp://127.0.0.1:" + std::to_string(server.port());
    message.from = "ops@example.com";
    message.to = {"founder@example.com", "second@example.com"};
    message.text = "Subject: hello\r\n\r\n.dot\r\nbye\r\n";
    const Result<MailTaken> sent = CurlMail().send(message);
    ASSERT_TRUE(sent.ok()) << sent.error().message;
    for (const char* part :
         {"MAIL FROM:<ops@example.com>", "RCPT TO:<founder@example.com>",
          "RCPT TO:<second@example.com>", "Subject: hello\r\n\r\n..dot\r\nbye"}) {
        EXPECT_NE(heard.find(part), std::string::npos) << part << "\n" << heard;
    }
    message.to = {"a@b\r\nDATA"};
    EXPECT_EQ(CurlMail().send(message).error().fault, Fault::invalid);
    message.to = {"a@b"};
    message.require_tls = true;
    EXPECT_FALSE(CurlMail().send(message).ok()) << "the server offers no tls";
}

// One connection: `answers` to each command in turn, beginning with the greeting.
TestServer::Serve mail_server(std::vector<std::string> answers) {
    return [answers](int fd) {
        std::string buffer(4096, '\0');
        for (const std::string& answer : answers) {
            TestServer::send_all(fd, answer + "\r\n");
            if (::recv(fd, buffer.data(), buffer.size(), 0) <= 0) return;
        }
    };
}

TEST(CurlMail, KnowsLaterFromNever) {
    struct Row {
        std::vector<std::string> answers;
        Fault fault;
        const char *part, *why;
    };
    const std::string hi = "220 hi", ok = "250 ok";
    const Row rows[] = {
        {{"421 busy"}, Fault::unavailable, "421 busy", "at the greeting"},
        {{"554 no mail here"}, Fault::denied, "554 no mail here", "at the greeting, for good"},
        {{hi, ok, ok, "451 grey", "451 grey"}, Fault::unavailable, "a@x: 451 grey", "greylisting"},
        {{hi, ok, ok, "550 who?", "550 who?"}, Fault::denied, "b@x: 550 who?", "nobody known"},
        {{hi, ok, ok, "550 who?", "451 grey"}, Fault::unavailable, "451 grey", "one may later"},
        {{hi, ok, ok, ok, ok, "354 go on", "554 spam"}, Fault::denied, "554 spam", "the text"},
        {{hi, ok, ok, ok, ok, "354 go on", "452-the\r\n452 disk"},
         Fault::unavailable,
         "452 disk",
         "of two lines the last"},
        {{hi, ok, ok, ok, ok, "354 go on"}, Fault::timeout, "127.0.0.1", "cut in the middle"},
        {{hi, ok, "502 what", "221 bye"}, Fault::denied, "502 what", "not what is said to QUIT"},
    };
    for (const Row& row : rows) {
        TestServer server(mail_server(row.answers));
        MailMessage message;
        message.smtp_url = "smtp://127.0.0.1:" + std::to_string(server.port());
        message.from = "ops@x";
        message.to = {"a@x", "b@x"};
        message.text = "Subject: hello\r\n\r\n";
        const Result<MailTaken> sent = CurlMail().send(message);
        ASSERT_FALSE(sent.ok()) << row.why;
        EXPECT_EQ(sent.error().fault, row.fault) << row.why << ": " << sent.error().message;
        EXPECT_NE(sent.error().message.find(row.part), std::string::npos)
            << row.why << ": " << sent.error().message;
    }
}

TEST(CurlMail, OneReceiverIsEnough) {
    TestServer server(mail_server(
        {"220 hi", "250 ok", "250 ok", "550 who?", "250 ok", "354 go on", "250 ok", "221 bye"}));
    MailMessage message;
    message.smtp_url = "smtp://127.0.0.1:" + std::to_string(server.port());
    message.from = "ops@x";
    message.to = {"a@x", "b@x"};
    message.text = "Subject: hello\r\n\r\n";
    const Result<MailTaken> sent = CurlMail().send(message);
    ASSERT_TRUE(sent.ok()) << sent.error().message;
    EXPECT_EQ(sent.value().refused, std::vector<std::string>{"a@x: 550 who?"});
}

TEST(SocketAddress, KnowsLinkLocal) {
    struct Row {
        const char* text;
        bool is_link_local;
    };
    for (const Row& row : {Row{"127.0.0.1", false}, Row{"169.254.0.1", true},
                           Row{"169.253.0.1", false}, Row{"::1", false}, Row{"fe80::1", true},
                           Row{"febf::1", true}, Row{"fec0::1", false}, Row{"fd00:ec2::254", true},
                           Row{"fd00:ec2::253", false}, Row{"::ffff:169.254.9.9", true}}) {
        const auto address = SocketAddress::literal(row.text, 80);
        ASSERT_TRUE(address.has_value()) << row.text;
        EXPECT_EQ(address->is_link_local(), row.is_link_local) << row.text;
    }
    for (const char* name : {"", "localhost", "127.1", "1.2.3.4.5", "0x7f000001", "[::1]"}) {
        EXPECT_FALSE(SocketAddress::literal(name, 80).has_value()) << name;
    }
}

}  // namespace
}  // namespace ops

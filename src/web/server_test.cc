// Real sockets on loopback: what a client sees, and what a bad one cannot do.
#include "web/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string_view>
#include <vector>

namespace ops {
namespace {

int connected_to(uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    return fd;
}

// Sends bytes, closes its half, and reads until the server closes.
std::string talk(uint16_t port, const std::string& bytes) {
    const int fd = connected_to(port);
    size_t sent = 0;
    while (sent < bytes.size()) {
        const ssize_t n = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) break;  // the server may refuse before it has read all
        sent += static_cast<size_t>(n);
    }
    std::string got;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
        got.append(buffer, static_cast<size_t>(n));
    }
    ::close(fd);
    return got;
}

// A connection on which nothing is ever asked.
class Silent {
public:
    explicit Silent(uint16_t port) : fd_(connected_to(port)) {}
    ~Silent() { ::close(fd_); }

private:
    int fd_;
};

// A connection that stays open.
class Listener {
public:
    explicit Listener(uint16_t port,
                      std::string_view asked = "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        : fd_(connected_to(port)) {
        says(asked);
    }
    void says(std::string_view text) {
        EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    ~Listener() { ::close(fd_); }
    // Reads until this came, or until the other side ends.
    bool hears(std::string_view text) {
        char buffer[4096];
        while (heard_.find(text) == std::string::npos) {
            const ssize_t n = ::recv(fd_, buffer, sizeof(buffer), 0);
            if (n <= 0) return false;
            heard_.append(buffer, static_cast<size_t>(n));
        }
        return true;
    }

private:
    int fd_;
    std::string heard_;
};

// Answers every request with what it heard.
class Echo {
public:
    Echo() {
        auto started = Server::start("127.0.0.1:0", [this](WebRequest request) {
            if (request.path == "/busy") return false;
            if (request.path == "/stream") {
                server_->reply(request.connection, {200, "text/event-stream", ": hello\n\n", true});
                return true;
            }
            server_->reply(
                request.connection,
                {200, "text/plain", request.method + " " + request.path + " " + request.body});
            return true;
        });
        EXPECT_TRUE(started.ok());
        server_ = std::move(started).value();
    }
    std::string ask(const std::string& bytes) { return talk(server_->port(), bytes); }
    Server& server() { return *server_; }

private:
    std::unique_ptr<Server> server_;
};

TEST(Server, AnswersAndKeepsTheConnection) {
    Echo echo;
    const std::string got = echo.ask(
        "GET /one HTTP/1.1\r\nHost: x\r\n\r\n"
        "POST /two HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
    EXPECT_NE(got.find("GET /one "), std::string::npos) << got;
    EXPECT_NE(got.find("POST /two hi"), std::string::npos) << got;
}

// The body is sent only when it is wanted.
TEST(Server, SaysThatABodyIsWanted) {
    Echo echo;
    Listener asks(echo.server().port(),
                  "POST /two HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n"
                  "Connection: close\r\n\r\n");
    ASSERT_TRUE(asks.hears("HTTP/1.1 100 Continue\r\n\r\n"));
    asks.says("hi");
    EXPECT_TRUE(asks.hears("POST /two hi"));
    const std::string refused = echo.ask(
        "POST /big HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        "Content-Length: 2000000\r\n\r\n");
    EXPECT_EQ(refused.find("100 Continue"), std::string::npos) << refused;
    EXPECT_NE(refused.find(" 413 "), std::string::npos) << refused;
    const std::string old = echo.ask(
        "POST /two HTTP/1.0\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_EQ(old.find("100 Continue"), std::string::npos) << old;
    EXPECT_NE(old.find("POST /two hi"), std::string::npos) << old;
}

TEST(Server, HeadHasNoBody) {
    Echo echo;
    const std::string got = echo.ask("HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_NE(got.find("200 OK"), std::string::npos) << got;
    EXPECT_EQ(got.find("HEAD /x"), std::string::npos) << got;
}

TEST(Server, RefusesWhatIsTooMuchOrNoHttp) {
    Echo echo;
    EXPECT_NE(echo.ask("GET /busy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").find("503"),
              std::string::npos);
    EXPECT_NE(echo.ask("GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").find("400"),
              std::string::npos);
    EXPECT_NE(
        echo.ask("POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n").find("413"),
        std::string::npos);
    EXPECT_NE(echo.ask("POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" +
                       std::string(3'000'000, 'a'))
                  .find("413"),
              std::string::npos)
        << "whoever sends all of it still reads why";
    EXPECT_NE(
        echo.ask("GET / HTTP/1.1\r\nX: " + std::string(400'000, 'a') + "\r\n\r\n").find(" 431 "),
        std::string::npos);
    EXPECT_NE(echo.ask("\x16\x03\x01 this is no HTTP\r\n\r\n").find(" 400 "), std::string::npos);
    EXPECT_EQ(echo.ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").substr(0, 15),
              "HTTP/1.1 200 OK");
}

TEST(Server, WhoOnlyHoldsConnectionsKeepsNobodyOut) {
    Echo echo;
    Listener stream(echo.server().port());
    ASSERT_TRUE(stream.hears(": hello\n\n"));
    std::vector<std::unique_ptr<Silent>> silent;
    for (int i = 0; i < 600; ++i) silent.push_back(std::make_unique<Silent>(echo.server().port()));
    const std::string request = "GET /now HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    EXPECT_NE(echo.ask(request).find("200 OK"), std::string::npos);
    echo.server().publish("data: 1\n\n");
    EXPECT_TRUE(stream.hears("data: 1\n\n")) << "streams are not idle";
}

TEST(Server, TellsThoseWhoStayWhatIsPublished) {
    Echo echo;
    Listener one(echo.server().port());
    ASSERT_TRUE(one.hears("text/event-stream")) << "a stream";
    ASSERT_TRUE(one.hears(": hello\n\n")) << "with its beginning";
    {
        Listener two(echo.server().port());
        ASSERT_TRUE(two.hears(": hello\n\n"));
        echo.server().publish("data: 1\n\n");
        EXPECT_TRUE(one.hears("data: 1\n\n"));
        EXPECT_TRUE(two.hears("data: 1\n\n"));
    }
    echo.server().publish("data: 2\n\n");
    EXPECT_TRUE(one.hears("data: 2\n\n")) << "whoever has gone is no trouble to others";
    const std::string much(600'000, 'x');
    Listener slow(echo.server().port());
    ASSERT_TRUE(slow.hears(": hello\n\n"));
    for (int i = 0; i < 40; ++i) echo.server().publish(much);
    EXPECT_FALSE(slow.hears("never said")) << "whoever does not read is cut off";
}

TEST(Server, KeepsFewStreamsOpen) {
    Echo echo;
    std::vector<std::unique_ptr<Listener>> all;
    for (int i = 0; i < 32; ++i) {
        all.push_back(std::make_unique<Listener>(echo.server().port()));
        ASSERT_TRUE(all.back()->hears(": hello\n\n"));
    }
    Listener more(echo.server().port());
    EXPECT_TRUE(more.hears("503"));
}

TEST(Server, NamesABadListenAddress) {
    for (const char* bad : {"8321", "nowhere:1", "127.0.0.1:99999", "127.0.0.1:"}) {
        const auto started = Server::start(bad, [](WebRequest) { return true; });
        ASSERT_FALSE(started.ok()) << bad;
        EXPECT_NE(started.error().message.find(bad), std::string::npos);
    }
}

TEST(Server, SaysThatThePortIsTaken) {
    const auto deliver = [](WebRequest) { return true; };
    const auto first = Server::start("127.0.0.1:0", deliver);
    ASSERT_TRUE(first.ok());
    const std::string taken = "127.0.0.1:" + std::to_string(first.value()->port());
    const auto second = Server::start(taken, deliver);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().message, "listen on '" + taken +
                                          "': another program listens there, perhaps another "
                                          "ops-agent: stop it, or change agent: listen");
}

}  // namespace
}  // namespace ops

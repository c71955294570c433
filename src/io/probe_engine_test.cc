#include "io/probe_engine.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cstdlib>
#include <filesystem>

#include <algorithm>
#include <csignal>
#include <future>
#include <map>
#include <set>

#include "io/probe_engine_for_test.h"
#include "io/test_server.h"
#include "io/wire.h"

namespace ops {
namespace {

TEST_F(ProbeEngineTest, AsksAndTakesTheAnswer) {
    std::string seen;
    TestServer server([&](int fd) {
        seen = TestServer::read_request(fd);
        TestServer::send_all(fd, reply("200 OK\r\nX-Kind: One", "hello"));
    });
    HttpAsk asked = http(server.url("/a/b?c=d#e"));
    asked.headers = {{"X-Token", "t"}, {"user-agent", "mine"}};
    const HttpAnswer answer = get(asked);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello");
    EXPECT_FALSE(answer.body_cut);
    EXPECT_EQ(answer.final_url, server.url("/a/b?c=d"));
    ASSERT_GE(answer.headers.size(), 1U);
    EXPECT_EQ(answer.headers[0], (std::pair<std::string, std::string>("x-kind", "One")));
    EXPECT_EQ(seen, "GET /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                        "\r\nAccept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n"
                        "X-Token: t\r\nuser-agent: mine\r\n\r\n");
}

// As /run/supervisor.sock is for an agent that is not root: a socket that we may not open.
TEST(ProbeEngineRights, ASocketThatMayNotBeOpenedIsNotAnswered) {
    char folder[] = "/tmp/ops-probe-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    const std::string path = std::string(folder) + "/s.sock";
    const Descriptor server = listen_at(path).value();
    ASSERT_EQ(::chmod(folder, 0755), 0);
    ASSERT_EQ(::chmod(path.c_str(), 0), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) ::_exit(1);
        RealClock clock;
        PosixProcesses processes;
        Inbox<ProbeEvent> inbox(10);
        auto engine = ProbeEngine::start(clock, processes, [&](std::vector<ProbeEvent> batch) {
            (void)inbox.push_batch(std::move(batch));
        });
        HttpAsk asked;
        asked.url = "unix://" + path + ":/RPC2";
        engine.value()->start({.check = 7, .question = asked, .time_limit = 10s});
        const auto got = inbox.take_all(20s);
        const auto& answer = std::get<Reply>(got.at(0)).answer;
        const bool right = !answer.ok() && answer.error().fault == Fault::denied &&
                           answer.error().message == "connect to '" + path + "': permission denied";
        ::_exit(right ? 0 : 2);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    std::filesystem::remove_all(folder);
}

TEST_F(ProbeEngineTest, TellsWhyThereIsNoAnswer) {
    struct Row {
        TestServer::Serve serve;
        Fault fault;
        const char *part, *why;
    };
    const Row rows[] = {
        {[](int) {}, Fault::unavailable, "", "closed at once (perhaps by a reset)"},
        {[](int fd) { (void)TestServer::read_request(fd); }, Fault::unavailable,
         "closed the connection without a reply", "read and closed"},
        {TestServer::say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), Fault::unavailable,
         "closed the connection in the middle of the reply", "cut"},
        {TestServer::say("SSH-2.0-OpenSSH_9.2p1\r\n"), Fault::unavailable, "not a good http reply",
         "another protocol"},
        {TestServer::say("HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n"), Fault::unavailable,
         "not a good http reply", "rubbish for a length"},
        {TestServer::say("HTTP/1.1 200 OK\r\n" + std::string(70'000, 'x') + ": y\r\n\r\n"),
         Fault::unavailable, "header of the reply is over 64 KiB", "endless header"},
    };
    for (const Row& row : rows) {
        TestServer server(row.serve);
        const Error error = fails(http(server.url()));
        EXPECT_EQ(error.fault, row.fault) << row.why;
        EXPECT_NE(error.message.find(row.part), std::string::npos)
            << row.why << ": " << error.message;
        EXPECT_NE(error.message.find("127.0.0.1:"), std::string::npos) << error.message;
    }
}

TEST_F(ProbeEngineTest, FollowsALocationThatIsWrittenWithUmlauts) {
    std::string seen;
    TestServer server([&](int fd) {
        seen = TestServer::read_request(fd);
        const bool first = seen.find("GET / ") == 0;
        TestServer::send_all(
            fd, first ? reply("302 Found\r\nLocation: /f\xc3\xbcr", "") : reply("200 OK", "hello"));
    });
    EXPECT_EQ(get(http(server.url())).status, 200);
    EXPECT_EQ(seen.find("GET /f%C3%BCr HTTP/1.1"), 0U) << seen;
}

TEST_F(ProbeEngineTest, RefusesQuestionsThatMakeNoSense) {
    struct Row {
        Question question;
        const char* part;
    };
    HttpAsk splits = http("http://127.0.0.1/");
    splits.headers = {{"A", "b\r\nEvil: yes"}};
    HttpAsk bad_method = http("http://127.0.0.1/");
    bad_method.method = "GET / HTTP/1.1\r\nX";
    const Row rows[] = {
        {http("ftp://127.0.0.1/"), "expected http://"},
        {http("http://"), "no host"},
        {http("http://h:99999/"), "port"},
        {http("http://me:pw@h/"), "user and password"},
        {http("http://h/a b"), "blank"},
        {http("unix://run/x.sock:/"), "unix:///path"},
        {splits, "line break"},
        {bad_method, "http method"},
        {TcpAsk{}, "host and a port"},
    };
    for (const Row& row : rows) {
        const Error error = fails(row.question);
        EXPECT_EQ(error.fault, Fault::invalid) << row.part;
        EXPECT_NE(error.message.find(row.part), std::string::npos) << error.message;
        EXPECT_EQ(error.message.find("pw"), std::string::npos) << "a password was told";
    }
}

TEST_F(ProbeEngineTest, SaysARefusedConnectionAtOnce) {
    uint16_t port = 0;
    { port = TestServer(nullptr).port(); }
    const Error error = fails(http("http://127.0.0.1:" + std::to_string(port) + "/"));
    EXPECT_EQ(error.message,
              "connect to 127.0.0.1:" + std::to_string(port) + ": connection refused");
    EXPECT_EQ(error.fault, Fault::unavailable);
    // A name with two addresses (::1 and 127.0.0.1) tries the other one.
    TestServer server(TestServer::say(reply("200 OK", "x")));
    EXPECT_EQ(get(http("http://localhost:" + std::to_string(server.port()) + "/")).status, 200);
}

TEST_F(ProbeEngineTest, EndsWhatTakesTooLong) {
    const TestServer silent(nullptr);
    const Error error = fails(http(silent.url()), 60ms);
    EXPECT_EQ(error.fault, Fault::timeout);
    EXPECT_NE(error.message.find("nothing came in 60ms"), std::string::npos) << error.message;
    std::promise<void> gate;
    std::shared_future<void> open = gate.get_future().share();
    TestServer slow([open](int fd) {
        TestServer::send_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        open.wait();
    });
    const Error half = fails(http(slow.url()), 60ms);
    gate.set_value();
    EXPECT_EQ(half.fault, Fault::timeout);
    EXPECT_NE(half.message.find("began but did not end in 60ms"), std::string::npos)
        << half.message;
}

TEST_F(ProbeEngineTest, TheHeadOfAnEndlessAnswerIsAnAnswer) {
    std::promise<void> gate;
    std::shared_future<void> open = gate.get_future().share();
    TestServer server([open](int fd) {
        (void)TestServer::read_request(fd);
        TestServer::send_all(fd,
                             "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8"
                             "\r\nCache-Control: no-cache\r\n\r\ndata: one\n\n");
        open.wait();
    });
    const Reply got = ask(http(server.url()), 500ms);
    gate.set_value();
    ASSERT_TRUE(got.answer.ok()) << got.answer.error().message;
    const HttpAnswer& answer = std::get<HttpAnswer>(got.answer.value());
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "data: one\n\n");
    EXPECT_TRUE(answer.body_cut);
    EXPECT_EQ(answer.phases.total, answer.phases.first_byte) << "its latency is that of its head";
}

TEST_F(ProbeEngineTest, KeepsTheBodyWithinItsLimit) {
    TestServer server(TestServer::say(reply("200 OK", std::string(500'000, 'x'))));
    HttpAsk asked = http(server.url());
    EXPECT_EQ(get(asked).body.size(), 500'000U);
    asked.max_body = 1000;
    const HttpAnswer cut = get(asked);
    EXPECT_EQ(cut.body, std::string(1000, 'x'));
    EXPECT_TRUE(cut.body_cut);
    asked.want_body = false;
    EXPECT_EQ(get(asked).body, "");
}

TEST_F(ProbeEngineTest, FollowsRedirectsToTheSameHostOnly) {
    TestServer other(TestServer::say(reply("200 OK", "other")));
    TestServer server([&](int fd) {
        const std::string request = TestServer::read_request(fd);
        std::string answer = reply("200 OK", request.substr(0, request.find(' ', 5)));
        const auto redirect = [&](const char* from, const std::string& to) {
            if (request.find(std::string(" ") + from + " ") == std::string::npos) return;
            answer = reply("302 Found\r\nLocation: " + to, "moved");
        };
        redirect("/relative", "there");
        redirect("/rooted", "/there");
        redirect("/whole", "http://127.0.0.1:" + std::to_string(other.port()) + "/");
        redirect("/foreign", "http://127.0.0.2:" + std::to_string(other.port()) + "/");
        redirect("/loop", "/loop");
        TestServer::send_all(fd, answer);
    });
    struct Row {
        const char* path;
        int status;
        const char *body, *why;
    };
    const Row rows[] = {
        {"/relative", 200, "GET /there", "relative to the folder"},
        {"/rooted", 200, "GET /there", "on the same host"},
        {"/whole", 200, "other", "same host, another port"},
        {"/foreign", 302, "moved", "another host: returned as it is"},
        {"/loop", 302, "moved", "no more than max_redirects"},
    };
    for (const Row& row : rows) {
        const HttpAnswer answer = get(http(server.url(row.path)));
        EXPECT_EQ(answer.status, row.status) << row.why;
        EXPECT_EQ(answer.body, row.body) << row.why;
    }
    HttpAsk post = http(server.url("/rooted"));
    post.method = "POST";
    post.body = "x";
    EXPECT_EQ(get(post).body, "GET /there") << "a POST that is redirected goes on as GET";
}

TEST_F(ProbeEngineTest, AsksOverUnixSockets) {
    const std::string path = testing::TempDir() + "ops-" + std::to_string(::getpid()) + ".sock";
    const Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener.get(), 5), 0);
    std::string seen;
    std::thread server([&] {
        const Descriptor client(::accept(listener.get(), nullptr, nullptr));
        seen = TestServer::read_request(client.get());
        TestServer::send_all(client.get(), reply("200 OK", "by socket"));
    });
    EXPECT_EQ(get(http("unix://" + path + ":/v1/info")).body, "by socket");
    server.join();
    EXPECT_EQ(seen.substr(0, 40), "GET /v1/info HTTP/1.1\r\nHost: localhost\r\n");
    ::unlink(path.c_str());
    const Error error = fails(http("unix://" + path + ":/"));
    EXPECT_EQ(error.message, "connect to '" + path + "': no such file or directory");
}

TEST_F(ProbeEngineTest, ConnectsToPorts) {
    TestServer banner([](int fd) { TestServer::send_all(fd, "220 mail ready\r\n"); });
    const auto bytes = [this](const TcpAsk& asked) {
        const Reply got = ask(asked);
        return got.answer.ok() ? std::get<TcpAnswer>(got.answer.value()).bytes
                               : "error: " + got.answer.error().message;
    };
    EXPECT_EQ(bytes({.host = "127.0.0.1", .port = banner.port(), .send = "", .read_up_to = 3}),
              "220");
    EXPECT_EQ(bytes({.host = "localhost", .port = banner.port(), .send = "", .read_up_to = 0}), "");
    EXPECT_EQ(bytes({.host = "127.0.0.1", .port = banner.port(), .send = "", .read_up_to = 99}),
              "220 mail ready\r\n")
        << "what came before the end";
    TestServer echo([](int fd) { TestServer::send_all(fd, TestServer::read_request(fd)); });
    EXPECT_EQ(
        bytes({.host = "127.0.0.1", .port = echo.port(), .send = "PING\r\n\r\n", .read_up_to = 8}),
        "PING\r\n\r\n");
    TestServer closes([](int) {});
    EXPECT_NE(bytes({.host = "127.0.0.1", .port = closes.port(), .send = "", .read_up_to = 1})
                  .find("closed without a byte"),
              std::string::npos);
}

TEST_F(ProbeEngineTest, SaysThatANameIsUnknown) {
    const Error error = fails(http("http://no-such-host.invalid/"), 15s);
    EXPECT_NE(error.message.find("no-such-host.invalid"), std::string::npos) << error.message;
}

TEST_F(ProbeEngineTest, RunsCommandsAndLooksWithoutWaitingForAHangingOne) {
    const auto command = [](const std::string& script) {
        CommandAsk asked;
        asked.command.argv = {"sh", "-c", script};
        return asked;
    };
    for (uint32_t i = 0; i < 10; ++i) {
        engine_->start({.check = 100 + i, .question = command("sleep 1000"), .time_limit = 800ms});
    }
    Reply got = ask(command("echo 42; exit 2"));
    ASSERT_EQ(got.check, 7U) << "it waited for a hanging one";
    EXPECT_EQ(std::get<Exit>(got.answer.value()).output, "42\n");
    EXPECT_EQ(std::get<Exit>(got.answer.value()).code, 2);
    got = ask(LocalAsk{});
    ASSERT_EQ(got.check, 7U) << "a look waited for a hanging command";
    EXPECT_GT(std::get<LocalAnswer>(got.answer.value()).machine->memory_total, 0);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(std::get<Exit>(next_reply().answer.value()).print(),
                  "no end in 800ms, ended by SIGTERM");
    }
}

}  // namespace
}  // namespace ops

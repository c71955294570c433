#include "io/spare_sockets.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <future>

#include "io/socket_address.h"
#include "io/test_server.h"

namespace ops {
namespace {

// Asks once and waits until the other side has said all it says.
std::string ask(int socket, const TestServer& server) {
    const auto address = SocketAddress::literal("127.0.0.1", server.port());
    (void)::connect(socket, address->get(), address->size());
    pollfd wait{socket, POLLOUT, 0};
    EXPECT_EQ(::poll(&wait, 1, 10'000), 1);
    TestServer::send_all(socket, "\r\n\r\n");
    std::string text;
    std::array<char, 64> buffer{};
    wait.events = POLLIN;
    while (text.empty() && ::poll(&wait, 1, 10'000) == 1) {
        const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
        if (got <= 0) break;
        text.append(buffer.data(), static_cast<size_t>(got));
    }
    return text;
}

void wait_for_end(int socket) {
    pollfd wait{socket, POLLRDHUP, 0};
    EXPECT_EQ(::poll(&wait, 1, 10'000), 1);
}

TEST(SpareSockets, OneWhoseOtherSideClosedIsConnectedAnew) {
    const TestServer server(TestServer::say("hello"));
    SpareSockets spare;
    Descriptor socket = spare.take(AF_INET);
    const int first = socket.get();
    EXPECT_EQ(ask(first, server), "hello");
    wait_for_end(first);
    spare.give(std::move(socket), AF_INET);

    const Descriptor other_family = spare.take(AF_INET6);
    EXPECT_NE(other_family.get(), first);
    const Descriptor again = spare.take(AF_INET);
    EXPECT_EQ(again.get(), first);
    EXPECT_EQ(ask(again.get(), server), "hello");
    EXPECT_EQ(server.accepted(), 2);
}

TEST(SpareSockets, AnOtherSideThatStaysHearsAnOrdinaryEnd) {
    std::promise<int> heard;
    const TestServer server([&](int fd) {
        (void)TestServer::read_request(fd);
        TestServer::send_all(fd, "hello");
        char more = 0;
        const ssize_t got = ::recv(fd, &more, 1, 0);
        heard.set_value(got == 0 ? 0 : errno);
    });
    SpareSockets spare;
    Descriptor socket = spare.take(AF_INET);
    EXPECT_EQ(ask(socket.get(), server), "hello");
    spare.give(std::move(socket), AF_INET);
    EXPECT_EQ(heard.get_future().get(), 0) << "not a reset";
}

}  // namespace
}  // namespace ops

#include "io/listening.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "io/descriptor.h"

namespace ops {
namespace {

constexpr const char* kHead =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n";

TEST(Listening, ReadsWhatTheKernelWrites) {
    struct Row {
        const char* why;
        const char* local;
        const char* state;
        int port;
        bool is_local, is_public;
    };
    const Row rows[] = {
        {"loopback", "0100007F:1F90", "0A", 8080, true, false},
        {"another address of loopback", "3500007F:0035", "0A", 53, true, false},
        {"everything", "00000000:0016", "0A", 22, true, true},
        {"one address of a card", "0A44A8C0:0050", "0A", 80, false, true},
        {"::1 alone", "00000000000000000000000001000000:0050", "0A", 80, false, false},
        {"::", "00000000000000000000000000000000:0050", "0A", 80, true, true},
        {"127.0.0.1 as IPv6 says it", "0000000000000000FFFF00000100007F:0050", "0A", 80, true,
         false},
        {"a connection, not a listener", "0100007F:1F90", "01", 0, false, false},
        {"no address", "0100007F", "0A", 0, false, false},
        {"no port", "0100007F:", "0A", 0, false, false},
        {"a port that is none", "0100007F:FFFFF", "0A", 0, false, false},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        const auto ports = parse_listening(
            std::string(kHead) + "   0: " + row.local + " 00000000:0000 " + row.state +
            " 00000000:00000000 00:00000000 00000000   108        0 12345 1 000 100 0 0 10 0\n");
        ASSERT_EQ(ports.size(), row.port > 0 ? 1u : 0u);
        if (row.port == 0) continue;
        EXPECT_EQ(ports[0].port, row.port);
        EXPECT_EQ(ports[0].is_local, row.is_local);
        EXPECT_EQ(ports[0].is_public, row.is_public);
        EXPECT_EQ(ports[0].inode, 12345u);
        EXPECT_EQ(ports[0].uid, 108);
    }
    EXPECT_TRUE(parse_listening("").empty());
    EXPECT_TRUE(parse_listening("0A 0A 0A\n\n:").empty());
}

TEST(Listening, FindsItsOwnListenerAndItsName) {
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(socket.get(), 1), 0);
    ASSERT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    const auto ports = listening_ports();
    const auto mine = std::find_if(ports.begin(), ports.end(), [&](const ListeningPort& port) {
        return port.port == ntohs(address.sin_port);
    });
    ASSERT_NE(mine, ports.end());
    EXPECT_EQ(mine->program, "io_test");
    EXPECT_TRUE(mine->is_local);
    EXPECT_FALSE(mine->is_public);
}

}  // namespace
}  // namespace ops

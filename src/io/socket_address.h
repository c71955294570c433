// SocketAddress: where to connect to: IPv4, IPv6 or a UNIX socket. 32 bytes, but for the last.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

namespace ops {

class SocketAddress {
public:
    // Of "127.0.0.1" or "::1"; nothing when it is a name.
    static std::optional<SocketAddress> literal(std::string_view host, uint16_t port);
    // Of what getaddrinfo told; nothing when it is neither IPv4 nor IPv6.
    static std::optional<SocketAddress> of(const sockaddr& address, uint16_t port);

    int family() const { return address_.sin6_family; }
    void set_port(uint16_t port);
    const sockaddr* get() const;
    socklen_t size() const;
    std::string print() const;       // "127.0.0.1:80", "[::1]:80"
    std::string print_host() const;  // "127.0.0.1", "::1"

    // 169.254.0.0/16, fe80::/10 and fd00:ec2::254, mapped addresses too: clouds tell secrets there.
    bool is_link_local() const;

private:
    sockaddr_in6
        address_{};  // or a sockaddr_in, which is smaller and has its family at the same place
};

}  // namespace ops

#include "io/socket_address.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace ops {

static sockaddr_in as_v4(const sockaddr_in6& address) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return v4;
}

std::optional<SocketAddress> SocketAddress::literal(std::string_view host, uint16_t port) {
    if (host.empty() || host.size() > 45) return std::nullopt;
    const std::string text(host);
    SocketAddress made;
    sockaddr_in v4{};
    if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        std::memcpy(&made.address_, &v4, sizeof v4);
    } else if (::inet_pton(AF_INET6, text.c_str(), &made.address_.sin6_addr) == 1) {
        made.address_.sin6_family = AF_INET6;
    } else {
        return std::nullopt;
    }
    made.set_port(port);
    return made;
}

std::optional<SocketAddress> SocketAddress::of(const sockaddr& address, uint16_t port) {
    SocketAddress made;
    if (address.sa_family == AF_INET) {
        std::memcpy(&made.address_, &address, sizeof(sockaddr_in));
    } else if (address.sa_family == AF_INET6) {
        std::memcpy(&made.address_, &address, sizeof(sockaddr_in6));
    } else {
        return std::nullopt;
    }
    made.set_port(port);
    return made;
}

// The port of both kinds is at the same place, which the two structures promise each other.
void SocketAddress::set_port(uint16_t port) { address_.sin6_port = htons(port); }

const sockaddr* SocketAddress::get() const { return reinterpret_cast<const sockaddr*>(&address_); }

socklen_t SocketAddress::size() const {
    return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

std::string SocketAddress::print_host() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (family() == AF_INET) {
        const sockaddr_in v4 = as_v4(address_);
        ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    } else {
        ::inet_ntop(AF_INET6, &address_.sin6_addr, text.data(), text.size());
    }
    return text.data();
}

std::string SocketAddress::print() const {
    const std::string host = family() == AF_INET ? print_host() : "[" + print_host() + "]";
    return host + ":" + std::to_string(ntohs(address_.sin6_port));
}

bool SocketAddress::is_link_local() const {
    if (family() == AF_INET) {
        return (ntohl(as_v4(address_).sin_addr.s_addr) >> 16U) == 0xA9FEU;
    }
    const unsigned char* bytes = address_.sin6_addr.s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address_.sin6_addr)) return bytes[12] == 169 && bytes[13] == 254;
    static constexpr std::array<unsigned char, 16> kMetadata = {
        0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x54};
    if (std::memcmp(bytes, kMetadata.data(), kMetadata.size()) == 0) return true;
    return bytes[0] == 0xfe && (bytes[1] & 0xC0U) == 0x80U;
}

}  // namespace ops

#include "io/spare_sockets.h"

#include <sys/socket.h>

#include <utility>

namespace ops {

std::vector<Descriptor>& SpareSockets::spare(int family) {
    return family == AF_INET ? ipv4_ : ipv6_;
}

Descriptor SpareSockets::take(int family) {
    std::vector<Descriptor>& known = spare(family);
    if (known.empty()) {
        return Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    }
    Descriptor one = std::move(known.back());
    known.pop_back();
    return one;
}

void SpareSockets::give(Descriptor used, int family) {
    char more = 0;
    const bool other_side_closed = ::recv(used.get(), &more, 1, 0) == 0;
    std::vector<Descriptor>& known = spare(family);
    if (!other_side_closed || known.size() == kMost) return;
    sockaddr nowhere{};
    nowhere.sa_family = AF_UNSPEC;
    if (::connect(used.get(), &nowhere, sizeof nowhere) == 0) known.push_back(std::move(used));
}

}  // namespace ops

// SpareSockets: TCP sockets whose connection is over, to be connected again.
//
// To make a socket and to close it takes a fifth of what the kernel does for a check; a used one
// goes back to its beginning with a connect(2) to AF_UNSPEC. That ends the connection with a reset,
// so it is done only when the other side has closed: it hears no more, and is rid of the connection
// at once instead of keeping it for a minute in TIME_WAIT. (HAProxy ends its checks with a reset
// too, unless told to `linger`.)
#pragma once

#include <vector>

#include "io/descriptor.h"

namespace ops {

class SpareSockets {
public:
    // A socket of AF_INET or AF_INET6 that does not block and is not connected; when it is not
    // open, errno says why.
    Descriptor take(int family);
    // Ends the connection of a socket that take() gave. Not one that epoll was told of.
    void give(Descriptor used, int family);

private:
    static constexpr size_t kMost = 128;  // of a family, kept open
    std::vector<Descriptor>& spare(int family);

    std::vector<Descriptor> ipv4_, ipv6_;
};

}  // namespace ops

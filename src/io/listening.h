// The TCP ports on which this machine listens, from /proc/net/tcp and tcp6, and whose they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ops {

struct ListeningPort {
    int port = 0;
    bool is_local = false;     // reached at 127.0.0.1: bound to it, or to everything
    bool is_public = false;    // bound to an address other than loopback's
    uint64_t inode = 0;        // of the socket
    std::string program = {};  // its name (comm), empty where it may not be seen
    int64_t uid = -1;          // of who opened it, which everybody may see
};

// The listening sockets of one such file, in its order; lines that cannot be read are left out.
std::vector<ListeningPort> parse_listening(std::string_view proc_net_tcp);

// One for each port, in the order of the ports. To see the programs of other users takes root.
std::vector<ListeningPort> listening_ports();

}  // namespace ops

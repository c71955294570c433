// look_up_name: what a name resolves to at this moment, for somebody who wants to know why a check
// cannot reach it. Asked as every program of this machine asks (getaddrinfo), with nothing kept
// from before; beside it, who was asked.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace ops {

struct NameSeen {
    std::string name;
    std::vector<std::string> addresses;  // as they would be tried, at most 8
    std::string error;                   // in words; empty: it resolved
    Duration took{};
    bool in_hosts_file = false;
    std::string order;                      // of nsswitch.conf: "files dns"
    std::vector<std::string> name_servers;  // of resolv.conf, at most 8
};

// Returns after `patience` at the latest, then with the words "no answer within 5s".
NameSeen look_up_name(const std::string& name, Duration patience);

// "files dns" of the line "hosts:"; empty without one.
std::string order_in(std::string_view nsswitch);
std::vector<std::string> name_servers_in(std::string_view resolv_conf);
bool is_in_hosts_file(std::string_view hosts, std::string_view name);

}  // namespace ops

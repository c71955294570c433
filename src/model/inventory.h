// What there is to look after: hosts and services, as the configuration names them.
// Names of hosts, services and signals share one space, so a target is one name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace ops {

struct Host {
    std::string name;
    bool local = false;
    std::string ssh;                 // OpenSSH destination when not local
    std::vector<std::string> disks;  // mount points; empty: every real file system
    std::vector<std::string> depends_on;
};

struct Heartbeat {
    Duration every{};
    Duration grace{};
};

struct Service {
    std::string name;      // worker_3
    std::string own_name;  // 3: the service's own part of the name, {name} in commands
    std::string group;     // worker, or empty
    int number = 0;        // {n}: the number in a {1..7} range, 0 without one
    std::string host;      // empty: no host named
    std::string restart;   // command, or empty
    // Who starts it and under which name (a unit, a program), when a check says so.
    enum class Keeper : uint8_t { unknown, systemd, supervisord };
    Keeper keeper = Keeper::unknown;
    std::string kept_as;
    std::vector<std::string> depends_on;
    std::optional<Heartbeat> heartbeat;
};

class Inventory {
public:
    std::vector<Host> hosts;
    std::vector<Service> services;
    std::vector<std::string> signals;

    const Host* find_host(std::string_view name) const;
    const Service* find_service(std::string_view name) const;
    std::vector<const Service*> members_of(std::string_view group) const;
    bool has_target(std::string_view name) const;
    // Where a target runs, as people and scripts are told: of a service that names no host, the
    // only one there is. Empty where nobody said on which of several, and of a signal.
    std::string host_of(std::string_view target) const;
    // What must be well for this target to be: its depends_on, then its host. Names only.
    std::vector<std::string> parents_of(std::string_view target) const;
    // Builds the name index; required after filling or changing the lists, before any look-up.
    void index();

private:
    std::vector<uint32_t> host_index_, service_index_;  // places in the lists, sorted by name
};

}  // namespace ops

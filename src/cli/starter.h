// The starter configuration that `init` writes from what it found on this machine. Pure: found
// things in, YAML out.
#pragma once

#include <string>
#include <vector>

namespace ops {

struct FoundPort {
    int port = 0;
    std::string program;  // "nginx", or empty
    bool speaks_http = false;
};
struct FoundMachine {
    std::string host_name;
    std::vector<std::string> units;             // running systemd services, without ".service"
    std::vector<std::string> programs;          // of supervisord, as "group:name" or "name"
    std::vector<std::string> stopped_programs;  // not running, and not for a failure of theirs
    std::string supervisor_url;                 // empty: no supervisord answers
    std::vector<FoundPort> ports;               // listening on loopback or everywhere
    std::string auth_log;  // where sshd and sudo write, as a row of `logs:` names it; or empty
};

std::string starter_config(const FoundMachine& machine);
std::string starter_runbook(const FoundMachine& machine);

// What the commands print: `systemctl list-units`, `supervisorctl status`. Lines that cannot be
// read are left out.
std::vector<std::string> units_of(const std::string& list_units);
struct SupervisedPrograms {
    std::vector<std::string> running, stopped;  // those that are meant to run, and the others
};
SupervisedPrograms programs_of(const std::string& supervisor_status);

}  // namespace ops

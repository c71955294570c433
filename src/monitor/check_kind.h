// What a kind of check is made from, and what the kinds share.
//
// A kind's file has one function that returns its row of the table (name, help, settings, make), so
// the settings stand beside the code that reads them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/checks.h"

namespace ops {

// One `check:` map, on its way to becoming a Check. `make` reads the subject and the settings; what
// it leaves over is an unknown key.
struct CheckRequest {
    const CheckKind& kind;
    const CheckSettings& settings;
    uint32_t index;
    const Settings& all;
    Problems& problems;
    const SecretReader& secrets;
    const Node& subject;  // the value of `http:`, or of `url:` when `http:` holds a map
    Fields& fields;       // the map that the settings stand in

    // The subject as text; notes an error when it is missing, empty or no scalar.
    std::string subject_text();
    // The host that must be asked over ssh; null when the target is on this machine.
    const Host* remote_host() const;
    const Host* host() const;  // null when none is named
    // The content of the file named by `key`, "" without one; notes what went wrong.
    std::string secret(std::string_view key);
    // The same of an outside service's key: when it cannot be read that is a warning. The signal
    // has no values then, and whatever else is watched goes on.
    std::string outside_key(std::string_view key);
    // `as`: the user that a program runs as. Warns where the prober is a service of its own, which
    // may not become anybody.
    std::string user();
    void error(const Place& place, std::string message);
    // About a value that the message may show: not when it came from the environment.
    void error_about(const Node& value, std::string message);
};

// An Observation of this reply with nothing in it yet.
Observation observe(const Check& check, const Reply& reply);

void add_fact(Observation& observation, std::string_view name, Value value);
// A reason or evidence from outside: printable and capped.
std::string shown(std::string_view hostile);           // one line, 200 bytes
std::string shown_evidence(std::string_view hostile);  // lines kept, the last 4 KiB

// The rows; see check_kinds().
CheckKind http_check_kind();
CheckKind tcp_check_kind();
CheckKind supervisor_check_kind();
CheckKind systemd_check_kind();
CheckKind pidfile_check_kind();
CheckKind process_check_kind();
CheckKind command_check_kind();
CheckKind prometheus_check_kind();
CheckKind disks_check_kind();
CheckKind machine_check_kind();
CheckKind log_check_kind();
CheckKind stripe_check_kind();
CheckKind app_store_check_kind();
CheckKind sql_check_kind();
CheckKind access_check_kind();

// Of a question over the network: it could not be asked, for a reason on our own side
// (io/net_flight.h), or is none that can be. That says nothing of what was to be looked at.
inline bool is_unseen(const Error& error) {
    return error.fault == Fault::denied || error.fault == Fault::invalid;
}

}  // namespace ops

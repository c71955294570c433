// Diagnostics: the commands that may be run to look closer at a problem. They read and change
// nothing; the operator need not write them, and a model may choose among them by id, never words.
//
// Each becomes an entry with one `collect` step (diagnostic_entry), made by core and executor alike
// from the same configuration, so that a ticket for one is checked like any other's. What a
// diagnostic prints is untrusted text.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runbook/runbook.h"

namespace ops {

struct Diagnostic {
    std::string_view id;
    std::string_view help;  // for people, and for a model that chooses
    // "": any target with a host. "unit", "program": a service that has one. Asked on the agent's
    // own machine, as a check is: "name", "tls": a target whose checks ask for one (Asked);
    // "dependencies": a service that depends on something.
    std::string_view needs;
    std::string_view command;  // {unit}, {program}: of the service; {target}
};
std::span<const Diagnostic> diagnostics();

// As often may one be run on one target for one incident: the first look, and looks after
// something changed.
inline constexpr int kDiagnosticRuns = 3;
inline constexpr std::string_view kDiagnosticPrefix = "diagnostic ";
// The program of those that the agent's own program runs; the executor knows where that is.
inline constexpr std::string_view kOwnProgram = "ops-agent";

// What the checks of a target ask for, as far as whoever offers diagnostics knows. The inventory
// does not: `inspect` looks it up when it is run, and says so where there is nothing.
struct Asked {
    bool by_name = false;  // at a name that has to be looked up
    bool over_tls = false;
};

// The ids that can be run on this target, in the catalogue's order.
std::vector<std::string> diagnostics_for(std::string_view target, const Inventory& inventory,
                                         Asked asked = {});
// Nothing when there is no such diagnostic, or not for this target. What is Asked is not looked at.
std::optional<Entry> diagnostic_entry(std::string_view id, std::string_view target,
                                      const Inventory& inventory);

// The systemd unit or supervisord program behind a service, as its check or its restart command
// names it; empty when neither does.
std::string unit_of(const Service& service);
std::string program_of(const Service& service);

}  // namespace ops

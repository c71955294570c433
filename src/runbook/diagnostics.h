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
    std::string_view
        needs;  // "": any target with a host; "unit", "program": a service that has one
    std::string_view command;  // {unit}, {program}: of the service
};
std::span<const Diagnostic> diagnostics();

// As often may one be run on one target for one incident: the first look, and looks after
// something changed.
inline constexpr int kDiagnosticRuns = 3;
inline constexpr std::string_view kDiagnosticPrefix = "diagnostic ";

// The ids that can be run on this target, in the catalogue's order; none for a signal.
std::vector<std::string> diagnostics_for(std::string_view target, const Inventory& inventory);
// Nothing when there is no such diagnostic, or not for this target.
std::optional<Entry> diagnostic_entry(std::string_view id, std::string_view target,
                                      const Inventory& inventory);

// The systemd unit or supervisord program behind a service, as its check or its restart command
// names it; empty when neither does.
std::string unit_of(const Service& service);
std::string program_of(const Service& service);

}  // namespace ops

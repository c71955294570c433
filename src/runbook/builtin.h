// The entry every service with a `restart:` command has without writing it. Core and executor make
// it from the same configuration by this one function, so its hash in a ticket is checked like any
// other's.
#pragma once

#include <optional>
#include <string_view>

#include "runbook/runbook.h"

namespace ops {

inline constexpr std::string_view kBuiltinRestart = "restart the service";

// Requires: service.restart is not empty. Risk low; the effect is what its command's is.
Entry builtin_restart(const Service& service);

// A diagnostic of this name (diagnostics.h), else the runbook's entry, else the built-in one for
// this target; nothing when there is none.
std::optional<Entry> find_entry(const Runbook& runbook, const Inventory& inventory,
                                std::string_view name, std::string_view target);

}  // namespace ops

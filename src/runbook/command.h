// A command from its text: words, the host that it goes to, and all that is wrong with it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "runbook/runbook.h"

namespace ops {

struct CommandIssue {
    size_t offset;  // in the text
    std::string message;
    bool is_warning = false;
};
enum class Shell { no, yes };

// `inventory` null: host names are taken as they stand.
CommandText parse_command(std::string_view text, Shell shell, const Inventory* inventory,
                          std::vector<CommandIssue>& issues);
// The same, with places; the node must be a scalar.
CommandText parse_command(const Node& node, Shell shell, const Settings& settings,
                          Problems& problems);

// The restart command of a service with its own values filled in, so that another target may run
// it. Requires: service.restart is not empty.
CommandText restart_command(const Service& service);

}  // namespace ops

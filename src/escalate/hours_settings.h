// Hours as the configuration has them: `quiet_hours:` and `maintenance:`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/fields.h"
#include "config/settings.h"
#include "escalate/hours.h"

namespace ops {

// "time_zone" names one that this machine knows, or nothing.
void check_zone(const Fields& fields, const std::string& zone, Problems& problems);
// Is anything called so, or matches it? A window of a host or a group is one of all its services.
Result<> check_window_target(const std::string& pattern, const Inventory& inventory);
// {from: "22:00", to: "07:00", time_zone: Europe/Berlin}; nothing when it is absent or wrong.
std::optional<QuietHours> read_quiet_hours(const Node& node, const std::string& time_zone,
                                           Problems& problems);
std::vector<MaintenanceWindow> read_maintenance(const Node& node, const Settings& settings,
                                                Problems& problems);

}  // namespace ops

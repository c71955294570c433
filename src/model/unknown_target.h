// What is said of a name that nothing in the inventory has.
#pragma once

#include <string>
#include <string_view>

#include "model/inventory.h"

namespace ops {

// "no service, host or signal 'worke_1' in the configuration (did you mean 'worker_1'?)"
std::string no_target(const Inventory& inventory, std::string_view name);

}  // namespace ops

// One unit of systemd, over D-Bus.
#pragma once

#include <string>

#include "base/result.h"
#include "io/probes.h"

namespace ops {

// "nginx" means "nginx.service". A unit that does not exist is an answer (load_state "not-found");
// no systemd on this machine is an Error. At most 3 s.
Result<UnitSeen> look_at_unit(const std::string& name);

}  // namespace ops

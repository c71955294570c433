// What people see of learned entries: the list of `runbook candidates` and of the API, and the file
// that the ladder stands for. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "learn/ladder.h"

namespace ops {

// runbook.learned.yaml as the journal has it; `id` on another rung than it is.
std::string learned_file_of(const Ladder& ladder, std::string_view id = "", Rung rung = Rung::out);

Json candidates_json(const Ladder& ladder);

}  // namespace ops

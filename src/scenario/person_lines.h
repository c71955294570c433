// The lines of a scenario in which a person decides.
#pragma once

#include <string>
#include <vector>

#include "scenario/learned_lines.h"

namespace ops {

bool is_persons_line(const std::vector<std::string>& words);

// approve|reject|ack|resolve NAME [by PERSON [as USER]] [note TEXT] [says TEXT], promote|demote
// PART; behind `refused` the agent is not to take it. TEXT is part of its answer. `incident`: the
// id of the newest about NAME, or empty. What is not so, or "".
std::string let_decide(const AskAgent& ask, const std::vector<std::string>& words,
                       const std::string& incident);

}  // namespace ops

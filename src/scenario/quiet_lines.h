// The lines of a scenario by which a person has less told.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "scenario/learned_lines.h"

namespace ops {

// silence MATCHER... DURATION | unsilence MATCHER...
// maintenance NAME... DURATION | maintenance end NAME...
bool is_quiet_line(const std::vector<std::string>& words);
Result<> have_less_told(const AskAgent& ask, const std::vector<std::string>& words);

}  // namespace ops

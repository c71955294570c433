// The lines of a scenario about what was learned.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace ops {

// Asks the agent as the HTTP API does: method, path, body.
using AskAgent = std::function<Result<Json>(const std::string&, const std::string&, const Json&)>;

// promote PART | demote PART: of the newest learned entry whose name holds this.
Result<Json> move_learned(const AskAgent& ask, const std::vector<std::string>& words);

// expect learned PART RUNG [right N] [verified N] [wrong N] [failed N]: what is not so, or "". PART
// "nothing" and RUNG "yet": there is no learned entry.
Result<std::string> compare_learned(const AskAgent& ask, const std::vector<std::string>& words);

}  // namespace ops

// What lines of a scenario say of those outside who answer: language models and channels.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "scenario/script.h"
#include "sim/world.h"

namespace ops {

Result<int> number_of(const std::string& word);
Result<double> percent_of(std::string word);  // 80% or 80

// model answers, and the text indented below | model looks DIAGNOSTIC |
// model refuses|rambles|breaks-off|truncates|garbles|says-nothing. Nothing: it cannot be
// understood.
std::optional<sim::World::ModelAnswer> said_by_model(const ScriptLine& line);

// channel WHERE ok | WHERE fails|hangs|refuses N | WHERE busy N for RETRY-AFTER |
// WHERE answers STATUS N [for RETRY-AFTER]
std::optional<sim::World::SendFailure> failure_of_channel(const ScriptLine& line);

}  // namespace ops

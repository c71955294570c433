// What goes to the record of each look, and what the windows of the language read of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/history.h"
#include "series/series.h"

namespace ops {

// What one look saw, until it is in the history.
struct PendingLook {
    std::string target;
    Time at;
    size_t samples;  // how many of the agent's pending samples are its own
};
struct PendingSample {
    uint32_t fact;  // index in the agent's names of facts
    double value;
};

// A day is read as it came, so that no peak is flattened and no reset of a counter is lost; of
// longer spans some thousand summaries are.
Result<std::vector<Sample>> recorded_samples(History& history, std::string_view target,
                                             std::string_view fact, Time from, Time to);

}  // namespace ops

// What the windows of the language read of the record.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/history.h"
#include "series/series.h"

namespace ops {

// A day is read as it came, so that no peak is flattened and no reset of a counter is lost; of
// longer spans some thousand summaries are.
Result<std::vector<Sample>> recorded_samples(History& history, std::string_view target,
                                             std::string_view fact, Time from, Time to);

}  // namespace ops

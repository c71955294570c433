// Schedule: when each check is asked for the first time; from then on it comes round by itself.
//
// The first one starts at once and the others follow a few milliseconds apart (those that run a
// program, ssh above all, a quarter of a second apart), as long as the interval allows; else evenly
// over it. So the first picture is there soon, and neither start nor reload is a burst. The order
// is by a hash of target and kind: the services of one machine do not follow one another, and the
// same configuration always gives the same plan.
#pragma once

#include <vector>

#include "io/probes.h"
#include "monitor/checks.h"

namespace ops {

inline constexpr Duration kGapBetweenAsks = std::chrono::milliseconds(20);
inline constexpr Duration kGapBetweenCommands = std::chrono::milliseconds(250);

std::vector<Scheduled> plan_schedule(const CheckList& list);

}  // namespace ops

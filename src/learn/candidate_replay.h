// A learned entry on what is on record: on which incidents it would have fired, on which of others,
// and on how many days on which all was well. What its autonomy depends on (ladder.h), and what
// people see of it.
#pragma once

#include <set>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "learn/recorded.h"
#include "learn/replay.h"

namespace ops {

inline constexpr Duration kReplaySpan = std::chrono::hours(24 * 30);

// Body of learned.replayed, without the id: {share_of_others, from, to, incidents, others,
// fired_on[], healthy_days, healthy_days_fired, unjudged_incidents, unjudged_days,
// not_recorded[]}. `own`: the incidents that it was made from. Blocking, for a worker: it opens
// the records of `data_dir` for itself, and reads them as far as the entry asks for them.
Result<Json> replay_candidate(const std::string& data_dir, const StoreOptions& options,
                              const Settings& settings, const Entry& entry,
                              const std::set<std::string>& own);

// "on 3 of 4 incidents, 0 of 120 healthy days; 2 incidents and 1 day not judged"
std::string replay_words(const Json& replayed);

}  // namespace ops

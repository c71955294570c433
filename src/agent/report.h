// What happened over a time, from the journal: `ops-agent report` and the digest are two faces of
// it.
#pragma once

#include "base/json.h"
#include "record/store.h"

namespace ops {

// Counts, and at most some of each kind by name: `repaired_what` (title, times, did), `told_what`
// (title, level, times), `open_what`, `trouble` (of channels, of budgets). Digests and tests are no
// messages. `silences` and `maintenance` are the caller's to add.
Result<Json> report_since(Store& store, Time since, Time now);

}  // namespace ops

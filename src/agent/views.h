// What people and scripts look at, as the JSON of product.md 6, read from the journal's
// projections. Used by the running agent and by the command line on a data folder without one.
#pragma once

#include "base/json.h"
#include "config/settings.h"
#include "record/store.h"
#include "web/control.h"

namespace ops {

// What a person gave as the reason of a deed: one harmless line.
std::string reason_of(const Deed& deed);

// One event of the journal, as a timeline or a stream shows it.
Json event_json(const Event& event);

// What was asked with ?KEY=, or nothing.
std::string filter_of(const View& view, const std::string& key);
// ?limit=N, from 1 to `most`; else Fault::invalid.
Result<size_t> limit_of(const View& view, size_t otherwise, size_t most);

// incidents, incident (with timeline, evidence, diagnosis, actions), actions, alerts, report,
// silences. Fault::not_found for another `what` or a name that is not there; Fault::invalid names
// the filter that cannot be read.
Result<Json> look_at_records(Store& store, const View& view, const Settings& settings, Time now);

}  // namespace ops

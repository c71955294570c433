// The health of all targets as the JSON of product.md 6: of the running agent, and, from what it
// saved last, of one that does not run.
#pragma once

#include "base/json.h"
#include "config/settings.h"
#include "detect/detect.h"
#include "io/files.h"
#include "record/store.h"

namespace ops {

struct HealthContext {
    bool paused = false;
    size_t open_incidents = 0;
    Json silences = Json::array();
    Json maintenance = Json::array();  // windows that are open
};

Json target_json(const Detector& detector, const Inventory& inventory, const TargetState& state,
                 Time now);
// "ok", "degraded" or "down". Down is when all services are: the host that the agent runs on is up
// as long as anybody can be told.
std::string_view overall_status(const std::vector<TargetState>& states, const Inventory& inventory);
Json health_json(const Detector& detector, const Settings& settings, Time now,
                 const HealthContext& context);

// Of what the agent saved last, those that are not over.
Json saved_silences(const Json& states, Time now);

// As it was when the agent saved its states last; `at` is that time. Facts are not saved, so there
// are none. Fault::not_found when nothing was ever saved there.
struct Loaded;
Result<Json> last_health(Store& store, const Loaded& loaded, Files& files, Time now);

}  // namespace ops

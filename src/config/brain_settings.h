// `brain:` of the configuration: how long memories are kept, and an outside Brain beside the
// embedded one. Every key is described in docs/configuration.md.
#pragma once

#include <string>

#include "base/time.h"
#include "config/yaml.h"

namespace ops {

struct BrainSettings {
    std::string url;                // of an outside Brain; empty: none
    std::string token, token_file;  // as written: relative to the configuration
    Duration timeout = std::chrono::seconds(10);
    Duration keep = std::chrono::hours(24 * 180);  // a memory that is of no use
};

// A missing node is the defaults. Mistakes are noted with their places.
BrainSettings read_brain_settings(const Node& node, Problems& problems);

}  // namespace ops

// `learn:` of the configuration: what may be looked at to see what people did, and how often it
// must repeat. Every key is described in docs/configuration.md.
#pragma once

#include <string>
#include <vector>

namespace ops {

struct LearnSettings {
    int repeats = 2;                         // of a pattern, before an entry is written
    bool journal = false;                    // what sudo writes to the logs that are watched
    std::vector<std::string> shell_history;  // files, as written: relative to the configuration
};

}  // namespace ops

// The daemon: real ports around an OpsAgent, signals, and the executor as a process of its own.
#pragma once

#include <string>

#include "config/settings.h"

namespace ops {

struct DaemonOptions {
    std::string config_file;
    Environment environment;
    std::string version;
    std::string program;  // path of this very program, for the executor
    bool debug = false;
};

// Runs until SIGTERM or SIGINT; SIGHUP reloads. The exit code: 0 after a clean stop, 1 when it
// could not go on, 2 when the configuration has errors (they are printed).
int run_daemon(const DaemonOptions& options);

}  // namespace ops

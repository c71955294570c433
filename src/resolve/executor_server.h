// The executor as a process of its own, behind a UNIX socket (docs/formats/executor.md).
//
// One request a connection, 16 at once (io/line_server.h).
#pragma once

#include <optional>
#include <string>

#include "config/settings.h"
#include "resolve/executor.h"

namespace ops {

struct RunExecutor {
    std::string config_file;
    std::string socket_path;  // of a system service
    int listening_fd = -1;    // of a child of `run`
    int life_fd = -1;
    std::optional<unsigned> allowed_uid;
    bool transient_units = false;
};
// The verb `ops-agent executor`. Returns the exit code.
int run_executor(const RunExecutor& options, const Environment& environment);

}  // namespace ops

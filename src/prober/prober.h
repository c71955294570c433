// The prober: a process that runs the programs which look and tell (docs/formats/prober.md), so
// that the core, which speaks to the network, need not be able to run any. It takes the identity of
// a program of the configuration (prober/programs.h), and for a channel the alert it is told. It
// has no privilege.
#pragma once

#include <optional>
#include <string>

#include "config/settings.h"

namespace ops {

// As the process behind the socket; what the core calls `run`. 24 at once, more wait: 16 that look
// (the probe engine's limit) and some that tell.
inline constexpr int kProberConnections = 24;

struct RunProber {
    std::string config_file;
    std::string socket_path;  // of a system service
    int listening_fd = -1;    // of a child of `run`
    int life_fd = -1;
    std::optional<unsigned> allowed_uid;
};
// The verb `ops-agent prober`. Returns the exit code.
int run_prober(const RunProber& options, const Environment& environment);

}  // namespace ops

// The executor as a process of its own, behind a UNIX socket (docs/formats/executor.md).
//
// One request a connection: a line of JSON in, a line of JSON out, 1 MiB each at most. Mode 0600;
// SO_PEERCRED must say our own user, root, or the configured one. At most 16 connections at once,
// more wait in the backlog.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "resolve/executor.h"

namespace ops {

inline constexpr int kExecutorConnections = 16;

struct ExecutorServerConfig {
    std::string socket_path;
    int listening_fd = -1;  // given by the parent instead of a path
    int life_fd = -1;       // a pipe from the parent: its end means that we drain and go
    int signal_fd = -1;     // a signalfd: so does a signal
    std::optional<unsigned> allowed_uid;  // besides our own and root
};

class ExecutorServer {
public:
    static Result<std::unique_ptr<ExecutorServer>> open(Executors& executor,
                                                        ExecutorServerConfig config);
    ~ExecutorServer();  // after serve() has returned
    // Serves until stop(), or until life_fd or signal_fd say so. Returns when what runs has ended.
    void serve();
    void stop();  // from any thread

private:
    struct State;
    explicit ExecutorServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

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

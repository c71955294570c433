// LineServer: answers requests over a UNIX socket, one a connection: a line of JSON in, a line of
// JSON out (io/wire.h), `{"ok": ...}` or `{"error": {"fault", "message"}}`. What the executor and
// the prober are made from.
//
// SO_PEERCRED must say our own user, root, or the configured one. A fixed number is served at once,
// more wait in the backlog. A request is 1 MiB at most and there within 5 s, or it is none.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace ops {

struct LineServerConfig {
    std::string name;  // "executor": in messages
    std::string socket_path;
    int listening_fd = -1;  // given by the parent instead of a path
    int life_fd = -1;       // a pipe from the parent: its end means that we finish and go
    // Besides our own and root. The socket is given to him; where we may not do that, to our group.
    std::optional<unsigned> allowed_uid;
    int connections = 16;  // at once
};

class LineServer {
public:
    using Answer = std::function<Result<Json>(const Json& request)>;  // called from many threads

    // SIGTERM and SIGINT are held back from now on, so call it before any thread is started.
    static Result<std::unique_ptr<LineServer>> open(LineServerConfig config);
    ~LineServer();  // after serve() has returned
    // Until stop(), SIGTERM, SIGINT, or the end of life_fd. `ending` is called then; returns when
    // every request that was taken is answered.
    void serve(
        Answer answer, const std::function<void()>& ending = [] {});
    void stop();  // from any thread

private:
    struct State;
    explicit LineServer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ops

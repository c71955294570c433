// Signals: SIGTERM, SIGINT and SIGHUP as calls from a thread of its own, so that no code of ours
// runs in a handler.
#pragma once

#include <functional>
#include <memory>

namespace ops {

enum class ProcessSignal { stop, reload };

class Signals {
public:
    // Blocks them for every thread started from now on; make it before all other threads.
    explicit Signals(std::function<void(ProcessSignal)> on_signal);
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

private:
    struct State;
    std::unique_ptr<State> state_;
};

// sd_notify(3): "READY=1", "STOPPING=1", "STATUS=..."; nothing happens where no systemd started us.
void notify_service_manager(const char* state);

}  // namespace ops

// Signals: SIGTERM, SIGINT and SIGHUP as calls from a thread of its own, so that no code of ours
// runs in a handler.
#pragma once

#include <functional>
#include <memory>

#include "base/time.h"

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

// systemd's watchdog (WatchdogSec= of the unit, sd_watchdog_enabled(3)): a program that says
// nothing for so long is ended and started again. Without one it does nothing.
class ServiceWatchdog {
public:
    ServiceWatchdog();  // reads the environment
    // From the thread that must not hang, as often as it likes; told three times a period.
    void alive(Duration steady_now);

private:
    Duration every_{};  // zero: nobody watches
    Duration next_{};
};

}  // namespace ops

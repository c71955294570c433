#include "io/signals.h"

#include <systemd/sd-daemon.h>

#include <atomic>
#include <csignal>
#include <ctime>
#include <thread>
#include <utility>

namespace ops {

struct Signals::State {
    std::function<void(ProcessSignal)> on_signal;
    sigset_t watched{};
    std::atomic<bool> ending{false};
    std::thread thread;

    void watch() {
        while (!ending) {
            const timespec patience{0, 200'000'000};
            const int number = sigtimedwait(&watched, nullptr, &patience);
            if (number == SIGHUP) on_signal(ProcessSignal::reload);
            if (number == SIGTERM || number == SIGINT) on_signal(ProcessSignal::stop);
        }
    }
};

Signals::Signals(std::function<void(ProcessSignal)> on_signal) : state_(std::make_unique<State>()) {
    state_->on_signal = std::move(on_signal);
    sigemptyset(&state_->watched);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&state_->watched, number);
    pthread_sigmask(SIG_BLOCK, &state_->watched, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    state_->thread = std::thread([state = state_.get()] { state->watch(); });
}

Signals::~Signals() {
    state_->ending = true;
    state_->thread.join();
}

void notify_service_manager(const char* state) {
    (void)sd_notify(0, state);  // 0: not under systemd, which is fine
}

}  // namespace ops

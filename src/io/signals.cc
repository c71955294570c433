#include "io/signals.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <thread>
#include <utility>

#include "io/descriptor.h"

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

// The protocol of sd_notify(3): one datagram to the socket that the environment names, of the file
// system or ('@') without a file.
void notify_service_manager(const char* state) {
    const char* const named = std::getenv("NOTIFY_SOCKET");
    if (named == nullptr) return;  // not under systemd, which is fine
    const std::string_view path = named;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() < 2 || path.size() >= sizeof address.sun_path) return;
    path.copy(address.sun_path, path.size());
    if (path.front() == '@') address.sun_path[0] = '\0';
    const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return;
    const std::string_view text = state;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    (void)::sendto(socket.get(), text.data(), text.size(), MSG_NOSIGNAL,
                   reinterpret_cast<const sockaddr*>(&address), size);  // nobody there: as above
}

ServiceWatchdog::ServiceWatchdog() {
    const auto number = [](const char* name) -> int64_t {
        const char* const text = std::getenv(name);
        int64_t value = 0;
        if (text == nullptr) return 0;
        const std::string_view digits = text;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return error == std::errc() && end == digits.data() + digits.size() ? value : 0;
    };
    const int64_t pid = number("WATCHDOG_PID"), period = number("WATCHDOG_USEC");
    if (period <= 0 || (pid != 0 && pid != ::getpid())) return;  // or it is meant for another
    every_ = std::max(Duration(period / 1000 / 3), Duration(1));
}

void ServiceWatchdog::alive(Duration steady_now) {
    if (every_ == Duration{} || steady_now < next_) return;
    next_ = steady_now + every_;
    notify_service_manager("WATCHDOG=1");
}

}  // namespace ops

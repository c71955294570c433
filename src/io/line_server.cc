#include "io/line_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <thread>
#include <utility>
#include <vector>

#include "io/descriptor.h"
#include "io/real_clock.h"
#include "io/system_error.h"
#include "io/wire.h"

namespace ops {
namespace {

// A request is there at once or it is not meant well.
constexpr Duration kRequestTime = std::chrono::seconds(5);

Result<Descriptor> take_over(int fd) {
    Descriptor listening(fd);
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        return system_error("use the socket given by the parent", errno);
    }
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return listening;
}

// Who may connect; that he may ask, SO_PEERCRED says at each request.
Result<> let_in(const std::string& path, unsigned uid) {
    const bool given = ::geteuid() == 0 ? ::chown(path.c_str(), uid, static_cast<gid_t>(-1)) == 0
                                        : ::chmod(path.c_str(), 0660) == 0;
    if (!given) return system_error("give '" + path + "' to its user", errno);
    return {};
}

Descriptor signals_to_a_descriptor() {
    sigset_t signals{};
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    // Before any thread is there, so that all of them leave these signals to the descriptor.
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    // Whoever reloads the core may well send it to all of us; we read changed files by ourselves.
    ::signal(SIGHUP, SIG_IGN);
    return Descriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

}  // namespace

struct LineServer::State {
    LineServerConfig config;
    RealClock clock;
    Descriptor listening, stopping, signals;
    Answer answer;

    bool is_welcome(int fd) const;
    void handle(Descriptor fd);
    void work();
};

bool LineServer::State::is_welcome(int fd) const {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == ::geteuid() || peer.uid == 0 || peer.uid == config.allowed_uid;
}

void LineServer::State::handle(Descriptor fd) {
    const auto reply = [&](const Result<Json>& result) {
        const Json frame = result.ok() ? Json::object({{"ok", result.value()}})
                                       : Json::object({{"error", error_to_json(result.error())}});
        // Best effort: an executor has what it did on disk, and whoever asked can look it up.
        (void)write_line(fd.get(), frame.dump(), clock, clock.steady() + kRequestTime);
    };
    if (!is_welcome(fd.get())) {
        return reply(Error{Fault::denied, "this user may not use the " + config.name});
    }
    const Result<std::string> line = read_line(fd.get(), clock, clock.steady() + kRequestTime);
    if (!line.ok()) return reply(Error{Fault::invalid, "request: " + line.error().message});
    const Result<Json> request = Json::parse(line.value());
    if (!request.ok()) return reply(Error{Fault::invalid, "request: not JSON"});
    reply(answer(request.value()));
}

void LineServer::State::work() {
    while (true) {
        std::array<pollfd, 2> fds{{{stopping.get(), POLLIN, 0}, {listening.get(), POLLIN, 0}}};
        if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
        if (fds[0].revents != 0) return;
        Descriptor fd(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (fd.is_open()) handle(std::move(fd));
    }
}

LineServer::LineServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineServer::~LineServer() = default;

Result<std::unique_ptr<LineServer>> LineServer::open(LineServerConfig config) {
    auto state = std::make_unique<State>();
    state->signals = signals_to_a_descriptor();
    if (config.life_fd >= 0) ::fcntl(config.life_fd, F_SETFD, FD_CLOEXEC);
    if (config.listening_fd >= 0) {
        state->listening = TRY(take_over(config.listening_fd));
    } else {
        state->listening = TRY(listen_at(config.socket_path));
        if (config.allowed_uid) TRY(let_in(config.socket_path, *config.allowed_uid));
    }
    state->stopping = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!state->stopping.is_open()) return system_error("make an eventfd", errno);
    state->config = std::move(config);
    return std::unique_ptr<LineServer>(new LineServer(std::move(state)));
}

void LineServer::stop() { ::eventfd_write(state_->stopping.get(), 1); }

void LineServer::serve(Answer answer, const std::function<void()>& ending) {
    state_->answer = std::move(answer);
    std::vector<std::jthread> threads;
    for (int i = 0; i < state_->config.connections; ++i) {
        threads.emplace_back([this] { state_->work(); });
    }
    std::array<pollfd, 3> fds{{{state_->stopping.get(), POLLIN, 0},
                               {state_->config.life_fd, POLLIN, 0},
                               {state_->signals.get(), POLLIN, 0}}};
    while (::poll(fds.data(), fds.size(), -1) < 0 && errno == EINTR) {
    }
    stop();
    ending();
    // The threads are joined here: each answers what it took.
}

}  // namespace ops

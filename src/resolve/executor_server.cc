#include "resolve/executor_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "io/descriptor.h"
#include "io/free_memory.h"
#include "io/posix_files.h"
#include "io/posix_processes.h"
#include "io/real_clock.h"
#include "io/stderr_log.h"
#include "io/system_error.h"
#include "resolve/wire.h"

namespace ops {
namespace {

// A request is there at once or it is not meant well.
constexpr Duration kRequestTime = std::chrono::seconds(5);

Result<Json> answer(Executors& executor, const Json& request) {
    const std::string what = request["do"].as_string();
    if (what == "execute") {
        const Ticket ticket = TRY(Ticket::from_json(request["ticket"]));
        return TRY(executor.execute(ticket)).to_json();
    }
    if (what == "look") {
        const int64_t epoch = request["epoch"].as_int(-1);
        if (epoch < 0) return Error{Fault::invalid, "look: no epoch"};
        return TRY(executor.look({request["step_key"].as_string(), static_cast<uint64_t>(epoch)}))
            .to_json();
    }
    if (what == "pause") {
        if (!request["paused"].is_bool()) return Error{Fault::invalid, "pause: on or off"};
        TRY(executor.set_paused(request["paused"].as_bool(), request["by"].as_string()));
        return Json::object();
    }
    return Error{Fault::invalid, "a request that is not known"};
}

}  // namespace

struct ExecutorServer::State {
    Executors& executor;
    ExecutorServerConfig config;
    RealClock clock;
    Descriptor listening, stopping;

    bool is_welcome(int fd) const;
    void handle(Descriptor fd);
    void work();
};

bool ExecutorServer::State::is_welcome(int fd) const {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == ::geteuid() || peer.uid == 0 || peer.uid == config.allowed_uid;
}

void ExecutorServer::State::handle(Descriptor fd) {
    const auto reply = [&](const Result<Json>& result) {
        const Json frame = result.ok() ? Json::object({{"ok", result.value()}})
                                       : Json::object({{"error", error_to_json(result.error())}});
        // Best effort: what was done is on disk, and whoever asked can look it up.
        (void)write_line(fd.get(), frame.dump(), clock, clock.steady() + kRequestTime);
    };
    if (!is_welcome(fd.get())) {
        return reply(Error{Fault::denied, "this user may not use the executor"});
    }
    const Result<std::string> line = read_line(fd.get(), clock, clock.steady() + kRequestTime);
    if (!line.ok()) return reply(Error{Fault::invalid, "request: " + line.error().message});
    Result<Json> request = Json::parse(line.value());
    if (!request.ok()) return reply(Error{Fault::invalid, "request: not JSON"});
    reply(answer(executor, request.value()));
}

void ExecutorServer::State::work() {
    while (true) {
        std::array<pollfd, 2> fds{{{stopping.get(), POLLIN, 0}, {listening.get(), POLLIN, 0}}};
        if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
        if (fds[0].revents != 0) return;
        Descriptor fd(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (fd.is_open()) handle(std::move(fd));
    }
}

ExecutorServer::ExecutorServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
ExecutorServer::~ExecutorServer() = default;

Result<std::unique_ptr<ExecutorServer>> ExecutorServer::open(Executors& executor,
                                                             ExecutorServerConfig config) {
    Descriptor listening;
    if (config.listening_fd >= 0) {
        listening = Descriptor(config.listening_fd);
        const int flags = ::fcntl(listening.get(), F_GETFL);
        if (flags < 0 || ::fcntl(listening.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
            return system_error("use the socket given by the parent", errno);
        }
        ::fcntl(listening.get(), F_SETFD, FD_CLOEXEC);
    } else {
        listening = TRY(listen_at(config.socket_path));
        if (config.allowed_uid &&
            ::chown(config.socket_path.c_str(), *config.allowed_uid, static_cast<gid_t>(-1)) != 0) {
            return system_error("give '" + config.socket_path + "' to its user", errno);
        }
    }
    Descriptor stopping(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!stopping.is_open()) return system_error("make an eventfd", errno);
    return std::unique_ptr<ExecutorServer>(new ExecutorServer(std::unique_ptr<State>(
        new State{executor, std::move(config), {}, std::move(listening), std::move(stopping)})));
}

void ExecutorServer::stop() { ::eventfd_write(state_->stopping.get(), 1); }

void ExecutorServer::serve() {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kExecutorConnections; ++i) {
        threads.emplace_back([this] { state_->work(); });
    }
    const ExecutorServerConfig& config = state_->config;
    std::array<pollfd, 3> fds{{{state_->stopping.get(), POLLIN, 0},
                               {config.life_fd, POLLIN, 0},
                               {config.signal_fd, POLLIN, 0}}};
    while (::poll(fds.data(), fds.size(), -1) < 0 && errno == EINTR) {
    }
    stop();
    // The threads are joined here: each ends what it runs and writes it down.
}

int run_executor(const RunExecutor& options, const Environment& environment) {
    RealClock clock;
    StderrLog log(clock, Severity::info);
    sigset_t signals{};
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    // Before any thread is there, so that all of them leave these signals to the descriptor.
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    const Descriptor signal_fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (options.life_fd >= 0) ::fcntl(options.life_fd, F_SETFD, FD_CLOEXEC);

    PosixFiles files;
    PosixProcesses processes;
    std::string data_folder;
    {
        RuleFiles first_look(files, options.config_file, environment);
        const Result<std::optional<Rules>> rules = first_look.read_if_changed();
        if (!rules.ok() || !rules.value()) {
            log.line(Severity::error, "executor: " + rules.error().message);
            return 2;
        }
        data_folder = absolute_data_folder(options.config_file, rules.value()->settings);
    }
    RuleFiles source(files, options.config_file, environment);
    ExecutorConfig config;
    config.folder = data_folder + "/executor";
    config.data_folder = data_folder;
    config.own_paths = {std::filesystem::absolute(options.config_file).lexically_normal()};
    config.transient_units = options.transient_units;
    const auto executor = Executor::open(files, processes, clock, source, config);
    if (!executor.ok()) {
        log.line(Severity::error, "executor: " + executor.error().message);
        return 1;
    }
    const auto server = ExecutorServer::open(
        *executor.value(), {options.socket_path, options.listening_fd, options.life_fd,
                            signal_fd.get(), options.allowed_uid});
    if (!server.ok()) {
        log.line(Severity::error, "executor: " + server.error().message);
        return 1;
    }
    give_back_free_memory();
    server.value()->serve();
    executor.value()->drain();
    return 0;
}

}  // namespace ops

#include "resolve/executor_client.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "io/descriptor.h"
#include "io/posix_files.h"
#include "io/real_clock.h"
#include "io/system_error.h"
#include "resolve/wire.h"

extern char** environ;

namespace ops {
namespace {

constexpr Duration kAskTime = std::chrono::seconds(10);

// What was not wholly sent did not happen; after that, silence says nothing about what did.
Result<Json> ask(const std::string& socket_path, const Json& request, Duration answer_within) {
    RealClock clock;
    const Descriptor fd = TRY(connect_to(socket_path));
    TRY(write_line(fd.get(), request.dump(), clock, clock.steady() + kAskTime));
    const Result<std::string> line = read_line(fd.get(), clock, clock.steady() + answer_within);
    if (!line.ok()) return Error{Fault::timeout, "no answer: " + line.error().message};
    const Result<Json> reply = Json::parse(line.value());
    if (!reply.ok()) return Error{Fault::timeout, "the executor's answer is not JSON"};
    if (reply.value().has("ok")) return reply.value()["ok"];
    return error_from_json(reply.value()["error"]);
}

// Above the numbers that the child will have them under.
Descriptor above(Descriptor fd) { return Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 16)); }

constexpr int kListeningFd = 3;
constexpr int kLifeFd = 4;

Result<pid_t> spawn(const std::string& program, std::vector<std::string> words, int listening,
                    int life) {
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, listening, kListeningFd);
    posix_spawn_file_actions_adddup2(&actions, life, kLifeFd);
    posix_spawn_file_actions_addclosefrom_np(&actions, kLifeFd + 1);
    sigset_t none{}, all{};
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    // A session of its own: the terminal's Ctrl-C is for us, and we tell the child by letting go of
    // the pipe.
    posix_spawnattr_setflags(
        &attributes,
        static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t pid = 0;
    const int failed =
        ::posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return system_error("start the executor '" + program + "'", failed);
    return pid;
}

}  // namespace

ExecutorClient::ExecutorClient(std::string socket_path, Duration answer_within)
    : socket_path_(std::move(socket_path)), answer_within_(answer_within) {}

Result<TicketReply> ExecutorClient::execute(const Ticket& ticket) {
    const Json request = Json::object({{"do", "execute"}, {"ticket", ticket.to_json()}});
    Result<TicketReply> reply =
        TicketReply::from_json(TRY(ask(socket_path_, request, answer_within_)));
    if (!reply.ok()) return Error{Fault::timeout, "executor: " + reply.error().message};
    if (reply.value().step_key != step_key(ticket)) {
        return Error{Fault::timeout, "the executor answered about another step"};
    }
    return reply;
}

Result<Seen> ExecutorClient::look(const Look& look) {
    const Json request =
        Json::object({{"do", "look"}, {"step_key", look.step_key}, {"epoch", look.epoch}});
    return Seen::from_json(TRY(ask(socket_path_, request, kAskTime)));
}

Result<> ExecutorClient::set_paused(bool paused, const std::string& by) {
    const Json request = Json::object({{"do", "pause"}, {"paused", paused}, {"by", by}});
    TRY(ask(socket_path_, request, kAskTime));
    return {};
}

struct ExecutorChild::State {
    std::string socket_path;
    Descriptor life;  // our end of the pipe: the child drains when it closes
    pid_t pid = 0;
    bool ended = false;
};

ExecutorChild::ExecutorChild(std::unique_ptr<State> state) : state_(std::move(state)) {}
ExecutorChild::~ExecutorChild() { (void)has_ended(); }  // reaps it when it can be

Result<std::unique_ptr<ExecutorChild>> ExecutorChild::start(const std::string& program,
                                                            const std::string& config_file,
                                                            const std::string& folder) {
    PosixFiles files;
    TRY(files.make_folder(folder));
    auto state = std::make_unique<State>();
    state->socket_path = folder + "/executor.sock";
    const Descriptor listening = above(TRY(listen_at(state->socket_path)));
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("make a pipe", errno);
    const Descriptor theirs = above(Descriptor(ends[0]));
    state->life = Descriptor(ends[1]);
    std::vector<std::string> words{program,          "executor",
                                   "--config",       config_file,
                                   "--listening-fd", std::to_string(kListeningFd),
                                   "--life-fd",      std::to_string(kLifeFd)};
    state->pid = TRY(spawn(program, std::move(words), listening.get(), theirs.get()));
    return std::unique_ptr<ExecutorChild>(new ExecutorChild(std::move(state)));
}

const std::string& ExecutorChild::socket_path() const { return state_->socket_path; }
int ExecutorChild::pid() const { return state_->pid; }

bool ExecutorChild::has_ended() {
    if (!state_->ended) state_->ended = ::waitpid(state_->pid, nullptr, WNOHANG) != 0;
    return state_->ended;
}

}  // namespace ops

#include "io/posix_processes.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>

#include "base/text.h"
#include "io/clipped_output.h"
#include "io/descriptor.h"
#include "io/proc.h"
#include "io/program_path.h"
#include "io/system_error.h"

namespace ops {

using namespace std::chrono_literals;

static constexpr Duration kOutputGrace = 200ms;  // for a grandchild that holds the output
static constexpr Duration kKillGrace = 5s;       // a process in an uninterruptible wait may not die

static Duration monotonic() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::chrono::duration_cast<Duration>(std::chrono::seconds(now.tv_sec) +
                                                std::chrono::nanoseconds(now.tv_nsec));
}

namespace {

struct Account {
    std::string name, home;
    uid_t uid = 0;
    gid_t gid = 0;
};

// Everything posix_spawn needs, made before anything is started.
struct Launch {
    std::string program;
    std::vector<std::string> argv, environment;
};

struct Pipe {
    Descriptor read, write;
};

}  // namespace

static std::optional<Account> find_account(const char* name, uid_t uid) {
    std::array<char, 8192> buffer;
    passwd entry{};
    passwd* found = nullptr;
    if (name != nullptr) {
        getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found);
    } else {
        getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
    }
    if (found == nullptr) return std::nullopt;
    return Account{found->pw_name, found->pw_dir, found->pw_uid, found->pw_gid};
}

static Result<> check_words(const Command& command) {
    if (command.argv.empty() || command.argv[0].empty()) {
        return Error{Fault::invalid, "run: the command is empty"};
    }
    for (const std::string& word : command.argv) {
        if (word.find('\0') != std::string::npos) {
            return Error{Fault::invalid, "run '" + command.argv[0] + "': a word holds a NUL byte"};
        }
    }
    for (const auto& [name, value] : command.environment) {
        if (name.empty() || name.find('=') != std::string::npos ||
            (name + value).find('\0') != std::string::npos) {
            return Error{Fault::invalid, "run '" + command.argv[0] + "': environment name '" +
                                             name + "' cannot be passed on"};
        }
    }
    return {};
}

// posix_spawn cannot change the user: setpriv (util-linux, on every Debian) does it between.
static Result<Launch> prepare(const Command& command) {
    TRY(check_words(command));
    Launch launch;
    launch.program = TRY(find_program(command.argv[0]));
    launch.argv = command.argv;
    std::optional<Account> account;
    if (!command.as_user.empty()) {
        account = find_account(command.as_user.c_str(), 0);
        const std::string doing = "run '" + command.argv[0] + "' as '" + command.as_user + "'";
        if (!account) return Error{Fault::not_found, doing + ": no such user"};
        if (account->uid != ::geteuid()) {
            if (::geteuid() != 0) {
                const std::optional<Account> we = find_account(nullptr, ::geteuid());
                return Error{Fault::denied, doing + ": only root may do that, and this is '" +
                                                (we ? we->name : std::to_string(::geteuid())) +
                                                "'"};
            }
            launch.argv[0] = launch.program;
            launch.program = TRY(find_program("setpriv").during(doing));
            const std::vector<std::string> prefix = {"setpriv", "--reuid=" + account->name,
                                                     "--regid=" + std::to_string(account->gid),
                                                     "--init-groups", "--"};
            launch.argv.insert(launch.argv.begin(), prefix.begin(), prefix.end());
        }
    } else {
        account = find_account(nullptr, ::geteuid());
    }
    std::map<std::string, std::string> environment = {
        {"PATH", kProgramPath}, {"LANG", "C.UTF-8"}, {"HOME", account ? account->home : "/"}};
    if (!command.as_user.empty()) {
        environment["USER"] = environment["LOGNAME"] = account->name;
    }
    for (const auto& [name, value] : command.environment) environment[name] = value;
    for (const auto& [name, value] : environment) launch.environment.push_back(name + "=" + value);
    return launch;
}

// Above 2, also when we were started without standard descriptors: the child's dup2 must not
// overwrite one that it still needs.
static Descriptor move_up(int fd) {
    if (fd > 2) return Descriptor(fd);
    const int above = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    ::close(fd);
    return Descriptor(above);
}

static Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("make a pipe", errno);
    return Pipe{move_up(ends[0]), move_up(ends[1])};
}

static std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> list;
    for (std::string& word : words) list.push_back(word.data());
    list.push_back(nullptr);
    return list;
}

// Requires: `in` is the read end of standard input or closed, for none; `errors` may be closed,
// then it goes where the output goes.
static Result<pid_t> spawn(Launch& launch, const Descriptor& in, const Descriptor& out,
                           const Descriptor& errors) {
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    if (in.is_open()) {
        posix_spawn_file_actions_adddup2(&actions, in.get(), 0);
    } else {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    }
    posix_spawn_file_actions_adddup2(&actions, out.get(), 1);
    posix_spawn_file_actions_adddup2(&actions, errors.is_open() ? errors.get() : out.get(), 2);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    sigset_t none{}, all{};
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    // A session of its own is also a process group of its own, and it has no terminal to ask on.
    posix_spawnattr_setflags(
        &attributes,
        static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    std::vector<char*> argv = pointers(launch.argv);
    std::vector<char*> environment = pointers(launch.environment);
    pid_t pid = 0;
    const int failed = ::posix_spawn(&pid, launch.program.c_str(), &actions, &attributes,
                                     argv.data(), environment.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return system_error("run '" + launch.program + "'", failed);
    return pid;
}

// Writes without the SIGPIPE that a program which does not read its input would send us.
static ssize_t write_quietly(int fd, std::string_view bytes) {
    sigset_t pipe{}, before{};
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    const int number = errno;
    if (wrote < 0 && number == EPIPE && sigismember(&before, SIGPIPE) == 0) {
        const timespec now{};
        sigtimedwait(&pipe, nullptr, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = number;
    return wrote;
}

namespace {

// One running program, from its start until it is reaped. Until then the kernel cannot give its id,
// or that of its group, to anybody else: signals go out only before.
class Run {
public:
    // Our ends of its standard streams.
    struct Streams {
        Descriptor in, out, errors;
    };

    Run(const Command& command, std::string_view input, pid_t pid, Streams streams, int ending,
        Duration term_grace)
        : command_(command),
          input_(input),
          pid_(pid),
          in_(std::move(streams.in)),
          out_(std::move(streams.out)),
          err_(std::move(streams.errors)),
          pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
          ending_(ending),
          term_grace_(term_grace),
          began_(monotonic()),
          next_(began_ + command.time_limit),
          output_(command.output_limit),
          errors_(command.output_limit) {
        for (const Descriptor* fd : {&in_, &out_, &err_}) {
            if (fd->is_open()) ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
        }
    }

    Exit wait() {
        while (!is_over()) {
            poll_once();
            // Without a pidfd (no descriptors left) the poll above ends every 20 ms instead.
            if (!gone_ && !pidfd_.is_open() && has_ended()) note_end();
            if (monotonic() >= next_) go_on();
        }
        if (how_ != Exit::How::exited) ::kill(-pid_, SIGKILL);  // whoever of the group is left
        return finish();
    }
    // Not even SIGKILL ended it (an uninterruptible wait): it is still to be reaped.
    bool is_left() const { return given_up_; }

private:
    bool is_over() const { return (gone_ && !out_.is_open() && !err_.is_open()) || given_up_; }

    bool has_ended() const {
        siginfo_t info{};
        return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
               info.si_pid != 0;
    }

    void poll_once() {
        std::array<pollfd, 5> fds = {{{gone_ ? -1 : pidfd_.get(), POLLIN, 0},
                                      {out_.get(), POLLIN, 0},
                                      {in_.get(), POLLOUT, 0},
                                      {stopping_ ? -1 : ending_, POLLIN, 0},
                                      {err_.get(), POLLIN, 0}}};
        Duration wait = std::clamp(next_ - monotonic(), Duration(0), Duration(1h));
        if (!gone_ && !pidfd_.is_open()) wait = std::min(wait, Duration(20));
        if (::poll(fds.data(), fds.size(), static_cast<int>(wait.count())) <= 0) return;
        if (fds[1].revents != 0) read_some(out_, output_);
        if (fds[4].revents != 0) read_some(err_, errors_);
        if (fds[2].revents != 0) write_input();
        if (fds[3].revents != 0) {
            stopping_ = true;
            next_ = std::min(next_, monotonic());
        }
        if (fds[0].revents != 0) note_end();
    }

    void note_end() {
        gone_ = true;
        in_.reset();
        if (stage_ == Stage::running) next_ = monotonic() + kOutputGrace;
    }

    static void read_some(Descriptor& from, ClippedOutput& into) {
        std::array<char, 64 * 1024> buffer;
        const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
        if (got > 0) {
            into.append({buffer.data(), static_cast<size_t>(got)});
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            from.reset();
        }
    }

    void stop_reading() {
        out_.reset();
        err_.reset();
    }

    void write_input() {
        const ssize_t wrote = write_quietly(in_.get(), input_.substr(written_));
        if (wrote > 0) written_ += static_cast<size_t>(wrote);
        const bool refused = wrote < 0 && errno != EAGAIN && errno != EINTR;
        if (refused || written_ == input_.size()) in_.reset();
    }

    // The moment next_ has come: what happens depends on how far we are.
    void go_on() {
        if (stage_ == Stage::running && gone_) {
            stop_reading();  // a grandchild holds it
            return;
        }
        switch (stage_) {
            case Stage::running:
                how_ = stopping_ ? Exit::How::signalled : Exit::How::timed_out;
                signal_ = SIGTERM;
                ::kill(-pid_, SIGTERM);
                stage_ = Stage::asked;
                next_ = monotonic() + term_grace_;
                break;
            case Stage::asked:
                if (!gone_) signal_ = SIGKILL;
                ::kill(-pid_, SIGKILL);
                stage_ = Stage::killed;
                next_ = monotonic() + (gone_ ? kOutputGrace : kKillGrace);
                break;
            case Stage::killed:
                given_up_ = !gone_;
                stop_reading();
                break;
        }
    }

    Exit finish() {
        Exit exit;
        exit.took = monotonic() - began_;
        exit.time_limit = command_.time_limit;
        exit.output_bytes = output_.total();
        exit.output = output_.text();
        exit.output_sha256 = output_.sha256_hex();
        exit.errors = errors_.text();
        int status = 0;
        pid_t reaped = 0;
        do {
            reaped = ::waitpid(pid_, &status, given_up_ ? WNOHANG : 0);
        } while (reaped < 0 && errno == EINTR);
        exit.how = how_;
        if (how_ != Exit::How::exited) {
            exit.code = signal_;
        } else if (WIFSIGNALED(status)) {
            exit.how = Exit::How::signalled;
            exit.code = WTERMSIG(status);
        } else {
            exit.code = WEXITSTATUS(status);
        }
        return exit;
    }

    enum class Stage { running, asked, killed };
    const Command& command_;
    const std::string_view input_;
    const pid_t pid_;
    Descriptor in_, out_, err_, pidfd_;
    const int ending_;
    const Duration term_grace_;
    const Duration began_;
    Duration next_;  // when go_on() is called
    ClippedOutput output_, errors_;
    size_t written_ = 0;
    Stage stage_ = Stage::running;
    Exit::How how_ = Exit::How::exited;
    int signal_ = 0;
    bool gone_ = false, stopping_ = false, given_up_ = false;
};

}  // namespace

PosixProcesses::PosixProcesses(Duration term_grace)
    : term_grace_(term_grace), ending_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    // Who started us may have left SIGCHLD ignored; then the kernel would reap our programs, and
    // their exit would be lost.
    struct sigaction action {};
    if (::sigaction(SIGCHLD, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
        ::signal(SIGCHLD, SIG_DFL);
    }
}

PosixProcesses::~PosixProcesses() {
    if (ending_ >= 0) ::close(ending_);
}

void PosixProcesses::end_all() { ::eventfd_write(ending_, 1); }

Result<Exit> PosixProcesses::run(const Command& command) {
    pollfd ending = {ending_, POLLIN, 0};
    if (::poll(&ending, 1, 0) > 0) return Error{Fault::unavailable, "run: we are stopping"};
    Launch launch = TRY(prepare(command));
    const std::string input = TRY(whole_input(command));
    Pipe in, errors, out = TRY(make_pipe());
    if (!input.empty()) in = TRY(make_pipe());
    if (command.errors_apart) errors = TRY(make_pipe());
    const pid_t pid = TRY(spawn(launch, in.read, out.write, errors.write));
    in.read.reset();
    out.write.reset();
    errors.write.reset();
    if (command.on_start) {
        if (const auto identity = identify(pid)) command.on_start(*identity);
    }
    Run run(command, input, pid, {std::move(in.write), std::move(out.read), std::move(errors.read)},
            ending_, term_grace_);
    Exit exit = run.wait();
    const std::lock_guard lock(mutex_);
    if (run.is_left()) left_.push_back(pid);
    std::erase_if(left_, [](pid_t one) { return ::waitpid(one, nullptr, WNOHANG) != 0; });
    return exit;
}

std::optional<ProcessIdentity> identify_process(int pid) {
    if (pid <= 0) return std::nullopt;
    const std::optional<ProcStat> stat = read_proc_stat(pid);
    // A zombie is a process that has died and whose parent has not looked yet.
    if (!stat || stat->state == 'Z' || stat->state == 'X') return std::nullopt;
    return ProcessIdentity{pid, stat->start_ticks};
}

std::string this_boot() {
    const Result<std::string> text = read_proc("/proc/sys/kernel/random/boot_id", 64);
    return text.ok() ? std::string(trim(text.value())) : "";
}

}  // namespace ops

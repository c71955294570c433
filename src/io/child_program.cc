#include "io/child_program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "io/system_error.h"

extern char** environ;

namespace ops {

static constexpr int kFirstGiven = 3;

// Above the numbers that the child will have them under, or one dup2 would overwrite the next.
static Descriptor copy_above(int fd, size_t given) {
    return Descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, kFirstGiven + static_cast<int>(given) + 1));
}

static Result<pid_t> spawn(std::vector<std::string>& words, const std::vector<Descriptor>& given) {
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    int number = kFirstGiven;
    for (const Descriptor& fd : given) {
        posix_spawn_file_actions_adddup2(&actions, fd.get(), number++);
    }
    posix_spawn_file_actions_addclosefrom_np(&actions, number);
    sigset_t none{}, all{};
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(
        &attributes,
        static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t pid = 0;
    const int failed =
        ::posix_spawn(&pid, words[0].c_str(), &actions, &attributes, argv.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return system_error("start '" + words[0] + "'", failed);
    return pid;
}

Result<std::unique_ptr<ChildProgram>> ChildProgram::start(std::vector<std::string> argv,
                                                          const std::vector<int>& descriptors) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("make a pipe", errno);
    const Descriptor theirs(ends[0]);
    Descriptor ours(ends[1]);
    std::vector<Descriptor> given;
    for (const int fd : descriptors) given.push_back(copy_above(fd, descriptors.size()));
    given.push_back(copy_above(theirs.get(), descriptors.size()));
    for (const Descriptor& fd : given) {
        if (!fd.is_open()) return system_error("start '" + argv[0] + "'", errno);
    }
    const std::string life = std::to_string(kFirstGiven + static_cast<int>(descriptors.size()));
    for (std::string& word : argv) {
        if (word == "{life}") word = life;
    }
    const pid_t pid = TRY(spawn(argv, given));
    return std::unique_ptr<ChildProgram>(new ChildProgram(pid, std::move(ours)));
}

ChildProgram::~ChildProgram() { (void)has_ended(); }  // reaped when it can be, else by init

bool ChildProgram::has_ended() {
    if (!ended_) ended_ = ::waitpid(pid_, nullptr, WNOHANG) != 0;
    return ended_;
}

}  // namespace ops

#include "io/posix_processes.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "base/hash.h"
#include "base/text.h"
#include "io/clipped_output.h"
#include "io/proc.h"
#include "io/worker_pool.h"

namespace ops {
namespace {

using namespace std::chrono_literals;

Command shell(const std::string& script, Duration time_limit = 20s) {
    Command command;
    command.argv = {"sh", "-c", script};
    command.time_limit = time_limit;
    return command;
}

Exit must_run(PosixProcesses& processes, const Command& command) {
    Result<Exit> exit = processes.run(command);
    EXPECT_TRUE(exit.ok()) << (exit.ok() ? "" : exit.error().message);
    return exit.ok() ? std::move(exit).value() : Exit{};
}

size_t open_descriptors() {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
    size_t count = 0;
    while (::readdir(folder.get()) != nullptr) ++count;
    return count;
}

TEST(PosixProcesses, TellsWhoWasStartedWhileItRuns) {
    PosixProcesses processes;
    Command command = shell("read line; echo $$");
    command.input = "go\n";
    std::optional<ProcessIdentity> told;
    command.on_start = [&](const ProcessIdentity& identity) { told = identity; };
    const Exit exit = must_run(processes, command);
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(std::to_string(told->pid) + "\n", exit.output);
    EXPECT_GT(told->start_ticks, 0U);
    EXPECT_EQ(processes.identify(told->pid), std::nullopt) << "it has ended";
}

TEST(PosixProcesses, TellsHowAProgramEnded) {
    struct Row {
        const char *script, *print, *output, *why;
    };
    const Row rows[] = {
        {"echo hello", "exit 0", "hello\n", "plain success"},
        {"echo oops >&2; exit 3", "exit 3", "oops\n", "standard error is captured too"},
        {"printf a; printf b >&2; printf c", "exit 0", "abc", "both streams in the order written"},
        {"kill -9 $$", "killed by signal 9 (SIGKILL)", "", "a signal is not an exit code"},
        {"exec /nonexistent/program 2>/dev/null", "exit 127", "", "the shell's own words"},
        {"echo $PATH", "exit 0", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
         "the fixed PATH"},
        {"env | grep -vE '^(PATH|LANG|HOME|PWD|SHLVL|_|OLDPWD)='", "exit 1", "",
         "nothing of our own environment"},
        {"ls /proc/self/fd | tr '\\n' ' '", "exit 0", "0 1 2 3 ",
         "no descriptors but ls's own of the folder"},
        {"read x; echo got:$x", "exit 0", "got:\n", "standard input is empty"},
        {"test $(ps -o pgid= -p $$) = $$ && test $(ps -o sid= -p $$) = $$", "exit 0", "",
         "leader of its own group and session"},
    };
    PosixProcesses processes;
    for (const Row& row : rows) {
        const Exit exit = must_run(processes, shell(row.script));
        EXPECT_EQ(exit.print(), row.print) << row.why;
        EXPECT_EQ(exit.output, row.output) << row.why;
        EXPECT_EQ(exit.output_sha256, sha256_hex(row.output)) << row.why;
    }
}

TEST(PosixProcesses, RefusesWhatItCannotStart) {
    struct Row {
        std::vector<std::string> argv;
        const char* as_user;
        Fault fault;
        const char *part, *why;
    };
    const Row rows[] = {
        {{}, "", Fault::invalid, "empty", "no words"},
        {{"no-such-program-here"}, "", Fault::not_found, "no such program in", "not on PATH"},
        {{"/nonexistent/tool"}, "", Fault::not_found, "/nonexistent/tool", "absolute and missing"},
        {{"bin/tool"}, "", Fault::invalid, "absolute path", "relative"},
        {{"/etc/passwd"}, "", Fault::denied, "permission denied", "not executable"},
        {{"true", std::string("a\0b", 3)}, "", Fault::invalid, "NUL", "would be cut silently"},
        {{"true"}, "no-such-user-x", Fault::not_found, "no such user", "unknown user"},
    };
    PosixProcesses processes;
    for (const Row& row : rows) {
        Command command;
        command.argv = row.argv;
        command.as_user = row.as_user;
        const Result<Exit> exit = processes.run(command);
        ASSERT_FALSE(exit.ok()) << row.why;
        EXPECT_EQ(exit.error().fault, row.fault) << row.why << ": " << exit.error().message;
        EXPECT_NE(exit.error().message.find(row.part), std::string::npos)
            << row.why << ": " << exit.error().message;
    }
}

TEST(PosixProcesses, KeepsStandardErrorApartWhereItIsAskedFor) {
    PosixProcesses processes;
    Command command = shell("echo one; echo two >&2; head -c 3000 /dev/zero | tr '\\0' x >&2");
    EXPECT_EQ(must_run(processes, command).output.size(), 8U + 3000U);
    command.errors_apart = true;
    command.output_limit = 1000;
    const Exit exit = must_run(processes, command);
    EXPECT_EQ(exit.output, "one\n");
    EXPECT_EQ(exit.output_bytes, 4U);
    EXPECT_EQ(exit.errors.substr(0, 6), "two\nxx");
    EXPECT_LE(exit.errors.size(), 1000U);
}

// Of data that the core hands to the prober only this reaches a program's input.
TEST(PosixProcesses, ASecretIsAWordInTheInput) {
    PosixProcesses processes;
    Command command = shell("cat");
    command.input = "login = \"Basic " + std::string(kSecretMark) + "\"\n";
    command.secret = "dTpw+/8=";
    EXPECT_EQ(must_run(processes, command).output, "login = \"Basic dTpw+/8=\"\n");
    for (const char* bad : {"a b", "x\"\nurl = y", "$(id)", "\n"}) {
        command.secret = bad;
        const Result<Exit> exit = processes.run(command);
        ASSERT_FALSE(exit.ok()) << bad;
        EXPECT_EQ(exit.error().fault, Fault::invalid);
    }
}

TEST(PosixProcesses, RunsAsAnotherUserOnlyForRoot) {
    PosixProcesses processes;
    Command command = shell("id -un; id -Gn; echo $HOME $USER; echo $0 \"$1\"");
    command.argv.insert(command.argv.end(), {"zero", "a b;c"});
    command.as_user = "nobody";
    const Result<Exit> exit = processes.run(command);
    if (::geteuid() == 0) {
        ASSERT_TRUE(exit.ok());
        EXPECT_EQ(exit.value().output, "nobody\nnogroup\n/nonexistent nobody\nzero a b;c\n");
    } else {
        ASSERT_FALSE(exit.ok());
        EXPECT_EQ(exit.error().fault, Fault::denied);
    }
}

TEST(PosixProcesses, KillsTheWholeGroupAtTheLimit) {
    PosixProcesses processes;
    const Exit exit = must_run(processes, shell("sleep 1000 & echo $!; sleep 1000", 150ms));
    EXPECT_EQ(exit.how, Exit::How::timed_out);
    EXPECT_EQ(exit.print(), "no end in 150ms, ended by SIGTERM");
    const int grandchild = std::stoi(exit.output);
    // It has its signal; on a busy machine it may need a moment to die of it.
    bool lives = true;
    for (int i = 0; i < 1'000'000 && lives; ++i) {
        lives = processes.identify(grandchild).has_value();
        std::this_thread::yield();
    }
    EXPECT_FALSE(lives);
}

TEST(PosixProcesses, KillsWhatIgnoresTheTermination) {
    PosixProcesses processes(50ms);
    const Exit exit =
        must_run(processes, shell("trap '' TERM; echo ready; while :; do sleep 0.01; done", 100ms));
    EXPECT_EQ(exit.print(), "no end in 100ms, killed");
    EXPECT_EQ(exit.output.substr(0, 6), "ready\n");
}

TEST(PosixProcesses, DoesNotWaitForAGrandchildThatKeepsTheOutput) {
    PosixProcesses processes;
    const Exit exit = must_run(processes, shell("sleep 1000 & echo $!; exit 4"));
    EXPECT_EQ(exit.print(), "exit 4");
    EXPECT_LT(exit.took, 10s);
    const int grandchild = std::stoi(exit.output);
    // What a good command leaves running (a service it started) is left alone.
    EXPECT_TRUE(processes.identify(grandchild).has_value());
    ::kill(grandchild, SIGKILL);
}

TEST(PosixProcesses, PassesInputOfAnySize) {
    PosixProcesses processes;
    Command command = shell("wc -c");
    command.input = std::string(300'000, 'x');
    EXPECT_EQ(must_run(processes, command).output, "300000\n");
    // A program that does not read it must not end us by SIGPIPE.
    command = shell("exec 0<&-; exit 5");
    command.input = std::string(3'000'000, 'x');
    EXPECT_EQ(must_run(processes, command).code, 5);
}

TEST(PosixProcesses, ClipsTheOutputButDigestsAllOfIt) {
    PosixProcesses processes;
    Command command = shell("seq 1 100000");
    command.output_limit = 1000;
    const Exit exit = must_run(processes, command);
    std::string all;
    for (int i = 1; i <= 100000; ++i) all += std::to_string(i) + "\n";
    EXPECT_EQ(exit.output_bytes, all.size());
    EXPECT_EQ(exit.output_sha256, sha256_hex(all));
    EXPECT_LE(exit.output.size(), 1000U);
    EXPECT_EQ(exit.output.substr(0, 6), "1\n2\n3\n");
    EXPECT_EQ(exit.output.substr(exit.output.size() - 14), "\n99999\n100000\n");
    EXPECT_NE(exit.output.find("bytes left out"), std::string::npos);
}

TEST(PosixProcesses, LeaksNoDescriptorAndNoZombie) {
    PosixProcesses processes;
    (void)must_run(processes, shell("true"));
    const size_t before = open_descriptors();
    for (int i = 0; i < 200; ++i) {
        Command command;
        command.argv = {"/bin/true"};
        command.input = i % 2 == 0 ? "x" : "";
        EXPECT_TRUE(must_run(processes, command).good());
    }
    EXPECT_EQ(open_descriptors(), before);
    const std::string states =
        must_run(processes, shell("ps -o stat= --ppid " + std::to_string(::getpid()))).output;
    EXPECT_EQ(states.find('Z'), std::string::npos) << states;
}

TEST(PosixProcesses, RunsOnManyThreadsAtOnce) {
    PosixProcesses processes;
    std::vector<std::thread> threads;
    std::vector<std::string> outputs(8);
    for (size_t i = 0; i < outputs.size(); ++i) {
        threads.emplace_back([&, i] {
            for (int round = 0; round < 5; ++round) {
                outputs[i] = must_run(processes, shell("echo " + std::to_string(i))).output;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (size_t i = 0; i < outputs.size(); ++i) EXPECT_EQ(outputs[i], std::to_string(i) + "\n");
}

TEST(PosixProcesses, EndsAllInFlightWhenWeStop) {
    PosixProcesses processes;
    Exit exit;
    const std::string folder = testing::TempDir() + "ops-end-" + std::to_string(::getpid());
    std::thread thread(
        [&] { exit = must_run(processes, shell("mkdir " + folder + "; sleep 1000", 1h)); });
    while (::rmdir(folder.c_str()) != 0) std::this_thread::yield();  // until it runs
    processes.end_all();
    const Result<Exit> later = processes.run(shell("true"));
    thread.join();
    ASSERT_FALSE(later.ok());
    EXPECT_EQ(later.error().fault, Fault::unavailable);
    EXPECT_EQ(exit.print(), "killed by signal 15 (SIGTERM)");
}

TEST(PosixProcesses, KnowsAProcessByItsStart) {
    PosixProcesses processes;
    const std::optional<ProcessIdentity> self = processes.identify(::getpid());
    ASSERT_TRUE(self.has_value());
    EXPECT_EQ(self, processes.identify(::getpid()));
    EXPECT_GT(self->start_ticks, 0U);
    EXPECT_FALSE(processes.identify(0).has_value());
    EXPECT_FALSE(processes.identify(-1).has_value());
    EXPECT_FALSE(processes.identify(0x7ffffff0).has_value());
    EXPECT_EQ(processes.boot_id().size(), 36U);
}

TEST(ProcStat, SurvivesHostileProgramNames) {
    const std::string rest =
        " S 1 7 7 0 -1 4194560 1 0 0 0 11 12 0 0 20 0 1 0 4321 1000 55 1844 1 1 0";
    for (const char* name : {"sh", "a b", "x) R 9 9", "((", ")", ""}) {
        const std::optional<ProcStat> stat =
            parse_proc_stat(std::string("7 (") + name + ")" + rest);
        ASSERT_TRUE(stat.has_value()) << name;
        EXPECT_EQ(stat->state, 'S') << name;
        EXPECT_EQ(stat->start_ticks, 4321U) << name;
        EXPECT_EQ(stat->rss_pages, 55) << name;
    }
    for (const char* bad : {"", "7", "7 (sh)", "7 (sh) S", "7 (sh) S x y z"}) {
        EXPECT_FALSE(parse_proc_stat(bad).has_value()) << bad;
    }
}

TEST(ClippedOutput, KeepsHeadAndTailForEveryWayOfCutting) {
    const std::string all = [] {
        std::string text;
        for (int i = 0; i < 500; ++i) text += "zeile " + std::to_string(i) + " ä\n";
        return text;
    }();
    for (const size_t limit : {size_t{0}, size_t{10}, size_t{97}, size_t{200}, all.size() - 1,
                               all.size(), all.size() + 1}) {
        std::string first;
        for (const size_t piece : {size_t{1}, size_t{7}, size_t{1000}, all.size()}) {
            ClippedOutput output(limit);
            for (size_t at = 0; at < all.size(); at += piece) output.append(all.substr(at, piece));
            const std::string text = output.text();
            EXPECT_LE(text.size(), limit);
            EXPECT_TRUE(limit < all.size() || text == all);
            if (first.empty()) first = text;
            EXPECT_EQ(text, first) << "limit " << limit << ", pieces of " << piece;
            EXPECT_EQ(output.sha256_hex(), sha256_hex(all));
            EXPECT_EQ(printable(text, Lines::keep), text) << "a UTF-8 sequence was cut";
        }
    }
}

TEST(WorkerPool, RunsInOrderOnOneThreadAndRefusesBeyondTheQueue) {
    std::mutex gate;
    std::vector<int> seen;
    gate.lock();
    {
        WorkerPool pool(1, 2);
        // One runs (or is about to) and two wait; more are refused.
        EXPECT_TRUE(pool.submit([&] {
            const std::lock_guard hold(gate);
            seen.push_back(0);
        }));
        int taken = 1;
        for (int i = 1; i < 10; ++i) taken += pool.submit([&, i] { seen.push_back(i); }) ? 1 : 0;
        EXPECT_EQ(taken, 3);
        gate.unlock();
        std::promise<void> done;
        while (!pool.submit([&] { done.set_value(); })) std::this_thread::yield();
        done.get_future().wait();
        EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
        EXPECT_EQ(seen.size(), static_cast<size_t>(taken));
    }
}

TEST(WorkerPool, LeavesAHangingJobBehind) {
    const auto gate = std::make_shared<std::promise<void>>();
    const auto ended = std::make_shared<std::promise<void>>();
    std::promise<void> begun;
    {
        WorkerPool pool(2, 4);
        EXPECT_TRUE(pool.submit([gate, ended, &begun] {
            begun.set_value();
            gate->get_future().wait();
            ended->set_value();
        }));
        begun.get_future().wait();
        pool.abandon_after(1ms);
        EXPECT_FALSE(pool.submit([] {}));
    }
    gate->set_value();
    ended->get_future().wait();  // it touched nothing that was gone (ASan says so)
}

}  // namespace
}  // namespace ops

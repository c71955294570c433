// The scripts for other machines, run by a real shell on this one: what ssh would hand to `sh -s`
// is handed to it here, and what it prints is judged.
#include "monitor/remote.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "io/posix_processes.h"
#include "io/wire.h"
#include "monitor/check_for_test.h"

namespace ops {
namespace {

using namespace test;

Judged run_here(Made& made, PosixProcesses& processes) {
    Command command = std::get<CommandAsk>(made->ask().question).command;
    EXPECT_EQ(command.argv.back(), "sh -s");
    command.argv = {"/bin/sh", "-s"};
    auto exit = processes.run(command);
    if (!exit.ok()) return made->judge(failure(exit.error().fault, exit.error().message));
    return made->judge(reply(std::move(exit).value()));
}

class RemoteScripts : public testing::Test {
protected:
    void SetUp() override {
        char pattern[] = "/tmp/ops-monitor-XXXXXX";
        folder_ = mkdtemp(pattern);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& name, const std::string& text) {
        std::ofstream(folder_ + "/" + name) << text;
        return folder_ + "/" + name;
    }

    std::string folder_;
    PosixProcesses processes_;
};

TEST_F(RemoteScripts, ReadTheMachine) {
    Made made = make("{machine: }", "pc");
    const Judged judged = run_here(made, processes_);
    EXPECT_EQ(print(judged), "good");
    for (const char* name :
         {"memory_usage", "load", "uptime", "processors", "swap_usage", "clock_skew"}) {
        EXPECT_NE(fact(judged, name), "-") << name;
    }
    EXPECT_NE(fact(judged, "processors"), "0");
    EXPECT_NE(fact(judged, "memory_usage"), "0%");
}

TEST_F(RemoteScripts, ReadTheDisks) {
    Made made = make("{disks: [/]}", "pc");
    const Judged judged = run_here(made, processes_);
    EXPECT_NE(judged.observation.health, Health::unknown) << print(judged);
    EXPECT_EQ(fact(judged, "disk_mount"), "\"/\"");
    EXPECT_NE(fact(judged, "disk_free"), "0B");
    Made absent = make("{disks: [/, /no/such/mount]}", "pc");
    EXPECT_NE(print(run_here(absent, processes_)).find("nothing is mounted on /no/such/mount"),
              std::string::npos);
}

TEST_F(RemoteScripts, FindTheProcessOfAPidfile) {
    const auto judge = [&](const std::string& path) {
        Made made = make("{pidfile: \"" + path + "\"}", "pc");
        return print(run_here(made, processes_));
    };
    const std::string mine = std::to_string(getpid());
    EXPECT_EQ(judge(write("good.pid", mine + "\n")), "good");
    EXPECT_EQ(judge(write("it's \\\"odd\\\" $(x).pid", mine)).substr(0, 3), "bad");
    EXPECT_EQ(judge(write("it's $(x).pid", mine)), "good") << "nothing in the name is run";
    EXPECT_EQ(judge(folder_ + "/none.pid"), "bad: no pidfile '" + folder_ + "/none.pid'");
    EXPECT_EQ(judge(write("empty.pid", "")),
              "bad: pidfile '" + folder_ + "/empty.pid' holds no process id");
    EXPECT_EQ(judge(write("word.pid", "starting\n")),
              "bad: pidfile '" + folder_ + "/word.pid' holds no process id");
    EXPECT_EQ(judge(write("negative.pid", "-1\n")),
              "bad: pidfile '" + folder_ + "/negative.pid' holds no process id");
    // Higher than any the kernel gives.
    EXPECT_EQ(judge(write("gone.pid", "99999999\n")),
              "bad certain: process of pidfile '" + folder_ + "/gone.pid' is not running");
}

TEST_F(RemoteScripts, FindProcessesByTheirCommandLine) {
    Made made = make("{process: monitor_test}", "pc");
    const Judged judged = run_here(made, processes_);
    EXPECT_EQ(print(judged), "good");
    EXPECT_NE(fact(judged, "memory_usage"), "-");
    Made absent = make("{process: 'no such (process)? here [xyz]{40}'}", "pc");
    EXPECT_EQ(print(run_here(absent, processes_)).substr(0, 11), "bad certain");
}

TEST_F(RemoteScripts, SeeTheEndOfALongCommandLine) {
    const std::string mark = "1000." + std::to_string(::getpid());
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::execl("/bin/sleep", "sleep", std::string(100'000, '0').c_str(), mark.c_str(), nullptr);
        ::_exit(1);
    }
    std::string said;
    for (int i = 0; i < 100 && said != "good"; ++i) {  // until the child has become the program
        Made made = make("{process: '00 " + mark + "$'}", "pc");
        said = print(run_here(made, processes_));
    }
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    EXPECT_EQ(said, "good");
}

// Whether there is a systemd here or not, it is not told as dead when it cannot be asked.
TEST_F(RemoteScripts, AskSystemd) {
    Made made = make("{systemd: no-such-unit-at-all}", "pc");
    const std::string said = print(run_here(made, processes_));
    EXPECT_TRUE(said == "unknown: ssh ops@pc: systemctl cannot be asked there" ||
                said == "bad: there is no unit 'no-such-unit-at-all.service'")
        << said;
}

TEST_F(RemoteScripts, AskSupervisordWhoseSocketMayNotBeOpened) {
    const std::string socket = folder_ + "/s.sock";
    const Descriptor server = listen_at(socket).value();
    std::filesystem::permissions(folder_, std::filesystem::perms(0755));
    std::filesystem::permissions(socket, std::filesystem::perms::none);
    Made made = make("{supervisor: w, via: 'unix://" + socket + "'}", "pc");
    Command command = std::get<CommandAsk>(made->ask().question).command;
    command.argv = {"/bin/sh", "-s"};
    if (::geteuid() == 0) command.as_user = "nobody";
    const Judged judged = made->judge(reply(processes_.run(command).value()));
    if (print(judged) == "unknown: ssh ops@pc: there is no curl there") GTEST_SKIP();
    EXPECT_EQ(print(judged), "unknown: ssh ops@pc: supervisord's socket unix://" + socket +
                                 ":/RPC2 may not be opened there");
    std::filesystem::permissions(folder_, std::filesystem::perms(0700));
    if (::geteuid() != 0) return;
    EXPECT_EQ(print(made->judge(reply(processes_.run(command).value()))).substr(0, 8), "unknown:")
        << "nor may its folder be entered";
}

TEST_F(RemoteScripts, AskSupervisordWhereNobodyListens) {
    Made made = make("{supervisor: w, via: 'unix://" + folder_ + "/none.sock'}", "pc");
    const std::string said = print(run_here(made, processes_));
    EXPECT_TRUE(said == "unknown: ssh ops@pc: there is no curl there" ||
                said.starts_with("bad: supervisord at unix://" + folder_ +
                                 "/none.sock:/RPC2: connection refused"))
        << said;
}

}  // namespace
}  // namespace ops

// PosixProcesses: runs programs with posix_spawn (a fork of a large process stalls it for tens of
// milliseconds).
//
// A program gets its own session and process group, PATH=/usr/local/sbin:...:/bin, LANG=C.UTF-8,
// HOME from the password file, what Command adds, and no descriptor but 0, 1 and 2. At the time
// limit its whole group gets SIGTERM, and SIGKILL 2 s later. A grandchild that keeps the output
// open after the program ended is waited for 200 ms, then its output is left unread. Safe to use
// from many threads at once.
#pragma once

#include <mutex>

#include "io/processes.h"

namespace ops {

// What Processes tells of this machine without running anything.
std::optional<ProcessIdentity> identify_process(int pid);
std::string this_boot();

class PosixProcesses : public Processes {
public:
    // `term_grace` lies between SIGTERM and SIGKILL.
    explicit PosixProcesses(Duration term_grace = std::chrono::seconds(2));
    ~PosixProcesses() override;
    PosixProcesses(const PosixProcesses&) = delete;
    PosixProcesses& operator=(const PosixProcesses&) = delete;

    Result<Exit> run(const Command& command) override;
    std::optional<ProcessIdentity> identify(int pid) override { return identify_process(pid); }
    std::string boot_id() override { return this_boot(); }

    // Every program in flight is ended now (SIGTERM, SIGKILL 2 s later) and every later run is
    // refused: for a stop of ours that must not wait for a check's command.
    void end_all();

private:
    const Duration term_grace_;
    const int ending_;  // an eventfd that every run watches
    std::mutex mutex_;
    std::vector<int> left_;  // pids that SIGKILL did not end in time; reaped by a later run
};

}  // namespace ops

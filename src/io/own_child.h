// OwnChild: this same program, started again with another verb (`executor`, `prober`) to serve a
// UNIX socket, for a `run` without services of systemd. It ends when we do, however we end, in its
// own time: an executor first finishes what it runs.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/result.h"
#include "io/child_program.h"

namespace ops {

class OwnChild {
public:
    // Makes the socket, not its folder, and starts the program. Fault::unavailable when it cannot.
    static Result<std::unique_ptr<OwnChild>> start(const std::string& program,
                                                   const std::string& verb,
                                                   const std::string& config_file,
                                                   const std::string& socket_path);

    const std::string& socket_path() const { return socket_path_; }
    int pid() const { return program_->pid(); }
    bool has_ended() { return program_->has_ended(); }
    // False when its socket was taken away, or another one stands in its place: it lives, and
    // nobody can speak to it.
    bool can_be_reached() const;

private:
    OwnChild(std::string socket_path, uint64_t socket_inode, std::unique_ptr<ChildProgram> program)
        : socket_path_(std::move(socket_path)),
          socket_inode_(socket_inode),
          program_(std::move(program)) {}
    const std::string socket_path_;
    const uint64_t socket_inode_;
    const std::unique_ptr<ChildProgram> program_;
};

// One such child, started when it is first needed and again when it has died or lost its socket.
// From any thread.
//
// The folder of its socket is the data folder, and one that was moved, emptied or unmounted is made
// by nobody: a child that began anew there would know of no pause and of nothing that was done.
class KeptChild {
public:
    // When the folder is not the one any more that it was when this was made: a child that keeps no
    // records may listen `elsewhere`, in a folder of its own, as it does when it cannot be started
    // in this one (a disk that is full or read-only).
    enum class Lost { refuse, elsewhere };
    KeptChild(std::string program, std::string verb, std::string config_file,
              std::string socket_path, Lost lost);
    ~KeptChild();
    Result<std::string> ensure();  // the path of its socket

private:
    Result<std::unique_ptr<OwnChild>> start_in_place() const;
    Result<std::unique_ptr<OwnChild>> start_elsewhere();

    std::mutex mutex_;
    const std::string program_, verb_, config_file_, socket_path_;
    const Lost lost_;
    const std::pair<uint64_t, uint64_t> folder_;  // device and inode
    std::string elsewhere_;                       // the folder; empty: not made
    std::unique_ptr<OwnChild> child_;
};

}  // namespace ops

// Processes: runs programs and looks at running ones. Blocking: for the executor and for workers.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace ops {

// Who a process is: the id alone is reused by the kernel, with the start time it is not.
struct ProcessIdentity {
    int pid = 0;
    uint64_t start_ticks = 0;
    bool operator==(const ProcessIdentity&) const = default;
};

struct Command {
    std::vector<std::string> argv;  // argv[0]: absolute, or found on the fixed PATH
    std::string input;              // standard input
    // A word of base64 that stands in the input for kSecretMark, and is no part of what the
    // operator wrote: the prober, which may not read it, gets it from whoever may.
    std::string secret;
    std::string as_user;                             // empty: as we are
    std::map<std::string, std::string> environment;  // added to the fixed one
    // Input and environment are what somebody is told (an alert), not part of what the operator
    // wrote.
    bool tells = false;
    bool errors_apart = false;  // standard error in Exit::errors, not in the output
    Duration time_limit = std::chrono::seconds(60);
    // Of standard output and error together (apart: of each), head and tail kept.
    size_t output_limit = 64 * 1024;
    // Called once, right after it was started, unless it has ended already: to write down who it
    // is.
    std::function<void(const ProcessIdentity&)> on_start;
};

struct Exit {
    enum class How { exited, signalled, timed_out };
    How how = How::exited;
    int code = 0;        // exit status, or signal number
    std::string output;  // standard output and error in the order written, clipped to the limit
    std::string errors;  // standard error alone, of Command::errors_apart
    size_t output_bytes = 0;    // before clipping
    std::string output_sha256;  // of all of it
    Duration took{};
    Duration time_limit{};  // that was set; for a time-out `code` is the signal that ended it
    bool good() const { return how == How::exited && code == 0; }
    std::string print() const;  // "exit 1", "killed by signal 9 (SIGKILL)", "no end in 60s, killed"
};

inline constexpr std::string_view kSecretMark = "@OPS_AGENT_SECRET@";
// The input with the secret in it; an error when that is anything but a word of base64, which no
// shell and no file takes for more than a word.
Result<std::string> whole_input(const Command& command);

class Processes {
public:
    virtual ~Processes() = default;
    // The program in its own process group, the fixed environment, no inherited descriptors; the
    // whole group is killed at the time limit. An Error means it never started.
    virtual Result<Exit> run(const Command& command) = 0;
    virtual std::optional<ProcessIdentity> identify(int pid) = 0;  // nothing: no such process
    virtual std::string boot_id() = 0;
};

}  // namespace ops

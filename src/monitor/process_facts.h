// ProcessMemory: what the checks of processes share. From what was seen of some processes now and
// at the look before: are they alive, how much processor and memory do they use, did they restart.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "io/probes.h"
#include "monitor/checks.h"

namespace ops {

// How many must be alive, and what they are called in a reason: "process of pidfile '/run/x.pid'".
struct ProcessWish {
    std::string what;
    int least = 1;
    int most = std::numeric_limits<int>::max();
};

class ProcessMemory {
public:
    void set_machine_memory(double bytes) { machine_memory_ = bytes; }
    bool knows_machine_memory() const { return machine_memory_ > 0; }

    // Health, reason, certainty, process_status and up from the processes alone. A process that is
    // stopped (SIGSTOP) or a zombie is not alive, whatever others say of it.
    static void judge(const std::vector<ProcessSeen>& seen, const ProcessWish& wish,
                      Observation& into);
    // cpu_usage (of one processor, between two looks), rss, memory_usage (of the machine), uptime,
    // processes. Without processes, and so without values, these are told to be unknown.
    void measure(const std::vector<ProcessSeen>& seen, Time at, Observation& into);
    // Counts "restart" and "crash". `main`: nothing when it is not running; `on_purpose`: somebody
    // stopped it, so that is no crash. Sets the fact restarts.
    void follow(std::optional<ProcessIdentity> main, bool on_purpose, Judged& into);

    static const ProcessSeen* oldest(const std::vector<ProcessSeen>& seen);
    static bool is_alive(const ProcessSeen& process);

private:
    double machine_memory_ = 0;
    std::vector<ProcessSeen> before_;
    Time before_at_{};
    std::optional<ProcessIdentity> main_;  // that ran last
    bool was_running_ = false;
    int restarts_ = 0;
};

// "0", "02:03", "1-02:03:04" as ps prints times; seconds. Nothing for anything else.
std::optional<double> parse_ps_time(std::string_view text);
// A line of `ps -o pid=,stat=,etimes=,time=,rss=` (and `args=`, left in `rest`).
std::optional<ProcessSeen> parse_ps_line(std::string_view line, std::string_view* rest = nullptr);
inline constexpr std::string_view kPsColumns = "pid=,stat=,etimes=,time=,rss=";

}  // namespace ops

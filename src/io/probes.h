// Probes: asks the world many questions at once and hands back each answer. The edge of the program
// for checks.
//
// A check is two pure halves (monitor/checks.h): it makes an Ask, and later judges the Reply. What
// lies between is this port: the real engine (io/probe_engine.h) keeps tens of thousands in flight
// on one thread; the simulated one answers from the simulated world. What comes back are
// ProbeEvents, in batches, into the inbox of the one thread that decides.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/listening.h"
#include "io/processes.h"

namespace ops {

// One HTTP(S) request on a fresh connection. Redirects are followed only to the same host.
struct HttpAsk {
    std::string url;  // http://, https://, or unix:///path/to.sock:/request/path
    std::string method = "GET";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    int max_redirects = 3;
    size_t max_body = 1024 * 1024;  // bytes; the rest is not read
    bool want_body = true;
    bool verify_tls = true;

    bool operator==(const HttpAsk&) const = default;
};
struct TcpAsk {
    std::string host;
    uint16_t port = 0;
    std::string send;       // after connecting; may be empty
    size_t read_up_to = 0;  // bytes of answer to wait for; 0: connecting is enough
};
struct CommandAsk {
    Command command;  // its time limit is the ask's
};
// Looks at this machine without starting a program. Cheap and local; the engine runs these on a
// worker thread.
struct LocalAsk {
    enum class What {
        processes,     // those whose command line matches `text` (RE2)
        process,       // `text`: process id; no such process: an answer without processes
        pidfile,       // `text`: path
        systemd_unit,  // `text`: unit name; over D-Bus
        disks,         // `names`: mount points, none: every real file system; `patience`
        machine,       // memory, swap, load, CPU counters, uptime, boot id
        log_tail,      // `text`: file path or glob; `names[0]` cursor from the reply before
        journal_tail,  // `text`: unit or empty for all; `names[0]` cursor
        access,        // ports that listen, accounts, keys that are let in
    };
    What what = What::machine;
    std::string text;
    std::vector<std::string> names;
    Duration patience = std::chrono::milliseconds(2500);  // with each of the named disks
};
using Question = std::variant<HttpAsk, TcpAsk, CommandAsk, LocalAsk>;

struct Ask {
    uint32_t check = 0;  // a number that was never another check's (monitor/check_numbers.h)
    Question question;
    Duration time_limit = std::chrono::seconds(5);
    // Of a scheduled ask that may be asked twice without harm (a GET, a connection): when it has
    // had no answer for half its time limit, a second look begins on a connection of its own and
    // ends with the first. So whoever would ask again because of a time-out has that answer
    // already, and a service that hangs is known to hang after one time limit, not two. This is the
    // hedged request of Dean and Barroso, "The Tail at Scale" (2013), used to be sure, not to be
    // fast: an answer to the first makes the second one nothing, as if it had never been asked.
    //
    // Bounds: one second look a round, and only when the round before was answered within a quarter
    // of the limit. So one that is always slow is never judged by half its limit, one that hangs
    // already is asked no more often than it would be, and a healthy one not at all.
    bool second_look = false;
};

// Spans from the start of the ask; a phase not reached is zero.
struct HttpPhases {
    Duration dns{}, connect{}, tls{}, first_byte{}, total{};
};
struct HttpAnswer {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;
    bool body_cut = false;
    HttpPhases phases;
    std::optional<Time> certificate_expires;
    std::string final_url;
};
struct TcpAnswer {
    std::string bytes;
    Duration connect{};
};
struct ProcessSeen {
    ProcessIdentity id;
    double cpu_seconds = 0;  // user and system since it started
    double rss_bytes = 0;
    Duration age{};
    char state = '?';  // as in /proc/PID/stat: R, S, D, T (stopped), Z
};
struct UnitSeen {
    std::string load_state, active_state, sub_state, result, invocation_id;
    int main_pid = 0;
    uint32_t restarts = 0;
    double memory_bytes = 0;
    double cpu_seconds = 0;
    Time active_since{};
};
struct DiskSeen {
    std::string mount, type;
    double total_bytes = 0, available_bytes = 0, used_bytes = 0;
    double inodes = 0, inodes_free = 0;
    bool read_only = false;
    std::string trouble{};  // why a named one could not be looked at; empty: it was
};
struct MachineSeen {
    double memory_total = 0, memory_available = 0, swap_total = 0, swap_free = 0;  // bytes
    double load1 = 0, load5 = 0, load15 = 0;
    double cpu_busy_seconds = 0, cpu_total_seconds = 0;  // since boot, all processors added up
    int processors = 0;
    Duration uptime{};
    std::string boot_id;
};
struct LogSeen {
    std::vector<std::string> lines;  // newest last; at most 1,000 a reply
    uint64_t skipped = 0;            // lines left out beyond that
    std::string cursor;
};
struct AccountSeen {
    std::string name, home;
    int64_t uid = 0;
    bool can_log_in = false;  // its shell is one
};
struct KeySeen {
    std::string account, type, comment;
    std::string key;  // as in the file, without what stands around it
};
struct AccessSeen {
    std::vector<ListeningPort> ports;
    std::vector<AccountSeen> accounts;
    std::vector<KeySeen> keys;
    std::vector<std::string> unread;  // accounts whose keys we may not read
};
// What a LocalAsk found; `processes` also carries the one of a pidfile or unit.
struct LocalAnswer {
    std::vector<ProcessSeen> processes;
    std::vector<DiskSeen> disks;
    std::optional<UnitSeen> unit;
    std::optional<MachineSeen> machine;
    std::optional<LogSeen> log;
    std::shared_ptr<const AccessSeen> access{};
};
using Answer = std::variant<HttpAnswer, TcpAnswer, Exit, LocalAnswer>;

struct Reply {
    uint32_t check = 0;
    Time at{};  // when it was complete, the wall's time
    Duration took{};
    Result<Answer> answer;  // an Error: no answer (refused, timeout ...); its message is for people
    // When a fault of the certificate made the answer an Error, its end may still be known:
    // "expired 3 days ago" is a better message than "certificate verify failed".
    std::optional<Time> certificate_expires{};
    // Of scheduled asks. Starts left out since the reply before, because the ask was still in
    // flight.
    uint32_t skipped_rounds = 0;
    Duration late{};  // when it started minus when it was due
    // At most one; only beside a time-out. What the second look came to (Ask::second_look), as a
    // reply of this moment: an answer, or the same time-out.
    std::vector<Reply> second_look{};
};

// The process watched for this check is gone; told at once, not at the next check.
struct ProcessDied {
    uint32_t check = 0;
    ProcessIdentity process;
    Time at{};
};

using ProbeEvent = std::variant<Reply, ProcessDied>;

// May a second look begin, when the round before was answered in `took`?
inline bool is_quick(Duration took, Duration time_limit) { return took * 4 <= time_limit; }

// An ask that comes round: first `phase` after it was scheduled, then every `interval`.
struct Scheduled {
    Ask ask;  // its `check` is unique within a schedule
    Duration interval = std::chrono::seconds(30);
    // 0 <= phase < interval; spread these, or all start together. The engine may move it by up to
    // 200 ms when it places the ask, and keeps it from then on.
    Duration phase{};
};

class Probes {
public:
    virtual ~Probes() = default;
    // Starts asking now; never blocks. One reply comes for each ask, through the inbox. Stands
    // beside the schedule: neither moves its phase nor counts as its round.
    virtual void start(Ask ask) = 0;
    // Replaces the whole schedule. An ask whose `check` and interval were there before keeps its
    // phase (and, if its round is in flight, gets that reply). What is asked or watched of a check
    // that is gone is dropped: only a reply that is in the inbox already still comes. Asks start
    // within 10 ms of their time however busy the caller is. An ask that is due while its round
    // before is still in flight is left out and counted.
    virtual void schedule(std::vector<Scheduled> all) = 0;
    // The question that a scheduled check asks from its next round on (a log's new cursor); no
    // effect on one that is not scheduled.
    virtual void replace_question(uint32_t check, Question question) = 0;
    // From now on the death of this process is reported once for this check: ProcessDied in the
    // inbox, at once, also if it is dead already. Only local processes. A second call for a check
    // replaces the first; pid 0 stops watching.
    virtual void watch_process(uint32_t check, ProcessIdentity process) = 0;
};

}  // namespace ops

#include "io/local_looks.h"

#include <dirent.h>
#include <re2/re2.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>

#include "base/text.h"
#include "io/access_look.h"
#include "io/log_tail.h"
#include "io/machine_look.h"
#include "io/net_flight.h"
#include "io/proc.h"
#include "io/system_error.h"
#include "io/systemd_look.h"

namespace ops {

static constexpr int64_t kScanIsGood = 200'000'000;  // ns
// What a scan keeps of each, so that nobody fills our memory with processes that have long ones;
// and what is read of those when a pattern is looked for in them.
static constexpr size_t kKeptCommandLine = 4096;
static constexpr size_t kMaxCommandLine = size_t{128} * 1024;
static constexpr size_t kMaxMatches = 1000;

static int pid_of(std::string_view text) {
    int pid = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
    return error == std::errc() && end == text.data() + text.size() && pid > 0 ? pid : 0;
}

// The words with blanks between; kernel threads and zombies have none and match nothing.
static std::string command_line_of(int pid, size_t limit = kMaxCommandLine) {
    Result<std::string> text = read_proc("/proc/" + std::to_string(pid) + "/cmdline", limit);
    if (!text.ok()) return "";
    std::string line = std::move(text).value();
    const bool is_cut = line.size() == limit;  // then its size says so
    while (!is_cut && !line.empty() && line.back() == '\0') line.pop_back();
    std::replace(line.begin(), line.end(), '\0', ' ');
    return line;
}

std::shared_ptr<const LocalLooks::Scan> LocalLooks::scan() {
    // Held while scanning: asks that come meanwhile wait for this scan and share it.
    const std::lock_guard lock(mutex_);
    if (scan_ != nullptr && monotonic_ns() - scanned_at_ < kScanIsGood) return scan_;
    auto fresh = std::make_shared<Scan>();
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
    const int self = ::getpid();
    while (const dirent* entry = folder == nullptr ? nullptr : ::readdir(folder.get())) {
        const int pid = pid_of(entry->d_name);
        if (pid == 0 || pid == self) continue;
        std::string line = command_line_of(pid, kKeptCommandLine);
        if (!line.empty()) fresh->push_back({pid, std::move(line)});
    }
    scan_ = fresh;
    scanned_at_ = monotonic_ns();
    return fresh;
}

Result<LocalAnswer> LocalLooks::look_at_processes(const std::string& pattern) {
    const re2::RE2 expression(pattern, re2::RE2::Quiet);
    if (!expression.ok()) {
        return Error{Fault::invalid, "process pattern '" + pattern + "': " + expression.error()};
    }
    LocalAnswer answer;
    for (const Running& running : *scan()) {
        const bool may_go_on = running.command_line.size() == kKeptCommandLine;
        const std::string whole = may_go_on ? command_line_of(running.pid) : "";
        const std::string& line = may_go_on ? whole : running.command_line;
        if (!re2::RE2::PartialMatch(line, expression)) continue;
        // It may have ended since, and its id may be another's: the command line is read again.
        std::optional<ProcessSeen> seen = look_at_process(running.pid);
        if (!seen || command_line_of(running.pid) != line) continue;
        answer.processes.push_back(*seen);
        if (answer.processes.size() == kMaxMatches) break;
    }
    return answer;
}

static Result<LocalAnswer> look_at_pidfile(const std::string& path) {
    const std::string text = TRY(read_proc(path, 64).during("pidfile '" + path + "'"));
    // The first line: PostgreSQL and others write more about themselves below it.
    const int pid = pid_of(trim(split(text, '\n').front()));
    if (pid == 0) {
        return Error{Fault::invalid, "pidfile '" + path + "': holds no process id"};
    }
    LocalAnswer answer;
    if (auto seen = look_at_process(pid)) answer.processes.push_back(*seen);
    return answer;
}

static Result<LocalAnswer> look_at_systemd(const std::string& name) {
    LocalAnswer answer;
    answer.unit = TRY(look_at_unit(name));
    if (answer.unit->main_pid > 0) {
        if (auto seen = look_at_process(answer.unit->main_pid)) answer.processes.push_back(*seen);
    }
    return answer;
}

Result<std::vector<DiskSeen>> LocalLooks::look_at_all_disks(const LocalAsk& ask) {
    if (ask.names.empty()) return look_at_disks();
    std::vector<DiskSeen> disks = mounts_.look(ask.names, ask.patience);
    std::erase_if(disks, [](const DiskSeen& disk) { return disk.mount.empty(); });
    return disks;
}

Result<LocalAnswer> LocalLooks::look(const LocalAsk& ask) {
    const std::string cursor = ask.names.empty() ? "" : ask.names[0];
    LocalAnswer answer;
    switch (ask.what) {
        case LocalAsk::What::processes: return look_at_processes(ask.text);
        case LocalAsk::What::process:
            if (pid_of(ask.text) == 0) {
                return Error{Fault::invalid, "process '" + ask.text + "': not a process id"};
            }
            if (auto seen = look_at_process(pid_of(ask.text))) answer.processes.push_back(*seen);
            break;
        case LocalAsk::What::pidfile: return look_at_pidfile(ask.text);
        case LocalAsk::What::systemd_unit: return look_at_systemd(ask.text);
        case LocalAsk::What::disks: answer.disks = TRY(look_at_all_disks(ask)); break;
        case LocalAsk::What::machine: answer.machine = TRY(look_at_machine()); break;
        case LocalAsk::What::log_tail: answer.log = TRY(tail_log(ask.text, cursor)); break;
        case LocalAsk::What::journal_tail: answer.log = TRY(tail_journal(ask.text, cursor)); break;
        case LocalAsk::What::access:
            answer.access = std::make_shared<const AccessSeen>(TRY(look_at_access()));
            break;
    }
    return answer;
}

}  // namespace ops

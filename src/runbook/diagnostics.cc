#include "runbook/diagnostics.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/shell_words.h"
#include "base/text.h"
#include "runbook/command.h"
#include "runbook/danger.h"
#include "runbook/runbook_parts.h"

namespace ops {
namespace {

// Programs of a plain Debian; one that is missing says so in its output. None walks a whole disk
// but the two about files, which stay on one file system and end with the step's time limit.
constexpr auto kDiagnostics = std::to_array<Diagnostic>({
    {"unit_status", "state of the service's systemd unit: since when, exit code, restarts, memory",
     "unit",
     "systemctl show {unit} "
     "--property=ActiveState,SubState,Result,ExecMainStatus,ExecMainCode,NRestarts,"
     "StateChangeTimestamp,MemoryCurrent,TasksCurrent,ConditionResult,LoadState"},
    {"unit_log", "last lines that the service's unit wrote to the journal", "unit",
     "journalctl --unit {unit} --lines 100 --no-pager --output short-iso"},
    {"program_status", "what supervisord says of the service's program", "program",
     "supervisorctl status {program}"},
    {"program_log", "last lines that the program wrote to standard error, as supervisord keeps it",
     "program", "supervisorctl tail -8000 {program} stderr"},
    {"failed_units", "systemd units that failed on the host", "",
     "systemctl list-units --failed --plain --no-legend --no-pager"},
    {"host_log", "warnings and errors of the host's journal, the last hour", "",
     "journalctl --priority warning --since -1h --lines 100 --no-pager --output short-iso"},
    {"kernel_log", "what the kernel warned of: out of memory, disks, network; the last day", "",
     "journalctl --dmesg --priority warning --since -24h --lines 60 --no-pager --output short-iso"},
    {"top_memory", "processes by memory", "",
     "ps -eo pid,ppid,user,rss,pmem,etime,comm --sort=-rss"},
    {"top_cpu", "processes by processor time", "",
     "ps -eo pid,ppid,user,pcpu,etime,stat,comm --sort=-pcpu"},
    {"memory", "memory and swap of the host", "", "free -m"},
    {"load", "load and pressure of processor, memory and disk", "",
     "head -n 4 /proc/loadavg /proc/pressure/cpu /proc/pressure/memory /proc/pressure/io"},
    {"disks", "space of the host's file systems", "", "df -PT -x tmpfs -x devtmpfs"},
    {"inodes", "inodes of the host's file systems", "", "df -PTi -x tmpfs -x devtmpfs"},
    {"mounts", "what is mounted and how (ro: read-only)", "", "findmnt --real --noheadings"},
    {"largest_files", "files over 200 MB on the root file system", "",
     "find / -xdev -type f -size +200M -printf '%s %TY-%Tm-%Td %p\\n'"},
    {"growing_files", "files over 5 MB written to in the last hour, on the root file system", "",
     "find / -xdev -type f -size +5M -mmin -60 -printf '%s %TH:%TM %p\\n'"},
    {"disk_state", "the host's disks: read-only, running or offline, as the kernel has them", "",
     "lsblk --nodeps --output NAME,TYPE,SIZE,RO,STATE,MODEL"},
    {"disk_errors", "errors of disks and file systems that the kernel told of since it started", "",
     "journalctl --dmesg --lines 60 --no-pager --output short-iso --grep "
     "'i/o error|medium error|critical target error|unrecovered|remount.*read-only|"
     "ext4-fs error|xfs.*corrupt|btrfs.*error|nvme.*(reset|timeout)|ata[0-9.]+: .*failed|"
     "md/raid|md: .*fail'"},
    {"file_system_errors", "errors that ext4 counted on each file system, ever; when and where", "",
     "grep -rs . /sys/fs/ext4 --include=errors_count --include=last_error_time "
     "--include=last_error_func"},
    {"raid", "software RAID: its arrays, and which lack a disk ([U_])", "", "cat /proc/mdstat"},
    {"smart", "what smartd said of the disks in the last week; nothing where it is not installed",
     "", "journalctl --identifier smartd --since -7d --lines 60 --no-pager --output short-iso"},
    {"read_only", "file systems that are mounted read-only", "",
     "findmnt --real --noheadings --options ro"},
    {"listening_ports", "ports that something listens on", "", "ss -Hltnup"},
    {"connections", "how many sockets there are, by state", "", "ss -s"},
    {"open_files", "file handles in use, free, and the most allowed", "",
     "head -n 1 /proc/sys/fs/file-nr"},
    {"clock", "whether the host's clock is synchronised", "", "timedatectl show"},
    {"uptime", "since when the host is up, and who is logged in", "", "w"},
    {"dns", "what the names that its checks ask for resolve to now, and by whom", "name",
     "ops-agent inspect dns {target}"},
    {"tls", "the certificate and the protocol that its checks are shown now", "tls",
     "ops-agent inspect tls {target}"},
    {"dependencies", "what the checks of what it depends on say now", "dependencies",
     "ops-agent inspect dependencies {target}"},
});

const Diagnostic* find(std::string_view id) {
    const auto found = std::find_if(kDiagnostics.begin(), kDiagnostics.end(),
                                    [&](const Diagnostic& one) { return one.id == id; });
    return found == kDiagnostics.end() ? nullptr : &*found;
}

// What may stand for {unit} and {program}: names of systemd and supervisord, no pattern of theirs.
bool is_plain(std::string_view name) {
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@:-";
    return !name.empty() && name.size() <= 256 && name.front() != '-' &&
           name.find_first_not_of(kPlain) == std::string_view::npos;
}

// The last operand of `PROGRAM restart ... NAME`, wherever it stands among the words.
std::string restarted_by(const Service& service, std::string_view program) {
    if (service.restart.empty()) return "";
    const CommandText command = restart_command(service);
    const auto& words = command.words;
    const auto at = std::find_if(words.begin(), words.end(), [&](const std::string& word) {
        return word == program || word.ends_with("/" + std::string(program));
    });
    if (words.end() - at < 3) return "";
    const bool restarts = std::find(at, words.end(), "restart") != words.end();
    return restarts && is_plain(words.back()) ? words.back() : "";
}

const Host* host_of(std::string_view target, const Inventory& inventory) {
    if (const Host* const host = inventory.find_host(target)) return host;
    const Service* const service = inventory.find_service(target);
    return service == nullptr ? nullptr : inventory.find_host(service->host);
}

// The word that {unit} or {program} stands for; empty when the target has none.
std::string needed(const Diagnostic& diagnostic, std::string_view target,
                   const Inventory& inventory) {
    const Service* const service = inventory.find_service(target);
    if (service == nullptr) return "";
    return diagnostic.needs == "unit" ? unit_of(*service) : program_of(*service);
}

// Is it asked on the agent's machine, wherever the target is?
bool is_asked_here(const Diagnostic& diagnostic) {
    return diagnostic.command.starts_with(kOwnProgram);
}

bool can_run(const Diagnostic& diagnostic, std::string_view target, const Inventory& inventory) {
    if (is_asked_here(diagnostic)) {
        if (!inventory.has_target(target) || !is_safe_word(target)) return false;
        const Service* const service = inventory.find_service(target);
        return diagnostic.needs != "dependencies" ||
               (service != nullptr && !service->depends_on.empty());
    }
    const Host* const host = host_of(target, inventory);
    if (host == nullptr || (!host->local && host->ssh.empty())) return false;
    return diagnostic.needs.empty() || !needed(diagnostic, target, inventory).empty();
}

}  // namespace

std::span<const Diagnostic> diagnostics() { return kDiagnostics; }

std::string unit_of(const Service& service) {
    const bool known = service.keeper == Service::Keeper::systemd && is_plain(service.kept_as);
    return known ? service.kept_as : restarted_by(service, "systemctl");
}

std::string program_of(const Service& service) {
    const bool known = service.keeper == Service::Keeper::supervisord && is_plain(service.kept_as);
    return known ? service.kept_as : restarted_by(service, "supervisorctl");
}

std::vector<std::string> diagnostics_for(std::string_view target, const Inventory& inventory,
                                         Asked asked) {
    std::vector<std::string> ids;
    for (const Diagnostic& diagnostic : kDiagnostics) {
        if (diagnostic.needs == "name" && !asked.by_name) continue;
        if (diagnostic.needs == "tls" && !asked.over_tls) continue;
        if (can_run(diagnostic, target, inventory)) ids.emplace_back(diagnostic.id);
    }
    return ids;
}

std::optional<Entry> diagnostic_entry(std::string_view id, std::string_view target,
                                      const Inventory& inventory) {
    const Diagnostic* const diagnostic = find(id);
    if (diagnostic == nullptr || !can_run(*diagnostic, target, inventory)) return std::nullopt;
    const bool here = is_asked_here(*diagnostic);
    const Host* const host = here ? nullptr : host_of(target, inventory);
    std::string text(diagnostic->command);
    if (here) {
        text = replace_all(std::move(text), "{target}", target);
    } else if (!diagnostic->needs.empty()) {
        text = replace_all(std::move(text), "{" + std::string(diagnostic->needs) + "}",
                           needed(*diagnostic, target, inventory));
    }
    CommandText command;
    command.words = split_words(text).words;
    const bool is_local = here || host->local;
    command.host = is_local ? "" : host->name;
    command.text = is_local ? text : "ssh " + host->name + " " + quote_for_shell(text);
    ASSERT(danger_of(command).effect == Effect::read);
    Step look;
    look.kind = Step::Kind::collect;
    look.text = command.text;
    look.collect.assign(kDiagnosticRuns, command);
    look.effect = Effect::read;
    look.timeout = std::chrono::seconds(20);
    Entry entry;
    entry.name = std::string(kDiagnosticPrefix) + std::string(id);
    entry.effect = Effect::read;
    entry.common_cause = true;  // looking is allowed when everything is down, too
    entry.steps = {std::move(look)};
    entry.sha256 = hash_of(entry);
    return entry;
}

}  // namespace ops

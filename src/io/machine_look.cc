#include "io/machine_look.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <map>

#include "base/text.h"
#include "io/proc.h"
#include "io/system_error.h"

namespace ops {

static double number(std::string_view text) {
    text = trim(text);
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

static std::vector<std::string_view> words(std::string_view line) {
    std::vector<std::string_view> list;
    for (const std::string_view word : split(line, ' ')) {
        if (!word.empty()) list.push_back(word);
    }
    return list;
}

static void parse_stat(std::string_view text, MachineSeen& machine) {
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    for (const std::string_view line : split(text, '\n')) {
        if (line.substr(0, 3) != "cpu") break;
        if (line.substr(0, 4) != "cpu ") {
            ++machine.processors;
            continue;
        }
        // user nice system idle iowait irq softirq steal; guests are counted in user already.
        const std::vector<std::string_view> fields = words(line);
        for (size_t i = 1; i < std::min<size_t>(fields.size(), 9); ++i) {
            const double seconds = number(fields[i]) / ticks;
            machine.cpu_total_seconds += seconds;
            if (i != 4 && i != 5) machine.cpu_busy_seconds += seconds;
        }
    }
}

MachineSeen parse_machine(const MachineTexts& texts) {
    MachineSeen machine;
    const std::pair<std::string_view, double*> wanted[] = {
        {"MemTotal:", &machine.memory_total},
        {"MemAvailable:", &machine.memory_available},
        {"SwapTotal:", &machine.swap_total},
        {"SwapFree:", &machine.swap_free}};
    for (const std::string_view line : split(texts.meminfo, '\n')) {
        for (const auto& [name, into] : wanted) {
            if (line.substr(0, name.size()) == name) {
                *into = number(line.substr(name.size())) * 1024;
            }
        }
    }
    const std::vector<std::string_view> loads = words(texts.loadavg);
    if (loads.size() >= 3) {
        machine.load1 = number(loads[0]);
        machine.load5 = number(loads[1]);
        machine.load15 = number(loads[2]);
    }
    parse_stat(texts.stat, machine);
    machine.uptime = Duration(static_cast<int64_t>(number(texts.uptime) * 1000));
    machine.boot_id = trim(texts.boot_id);
    return machine;
}

Result<MachineSeen> look_at_machine() {
    MachineTexts texts;
    texts.meminfo = TRY(read_proc("/proc/meminfo"));
    texts.loadavg = TRY(read_proc("/proc/loadavg"));
    texts.stat = TRY(read_proc("/proc/stat", size_t{1024} * 1024));
    texts.uptime = TRY(read_proc("/proc/uptime"));
    texts.boot_id = TRY(read_proc("/proc/sys/kernel/random/boot_id"));
    return parse_machine(texts);
}

std::optional<ProcessSeen> look_at_process(int pid) {
    const std::optional<ProcStat> stat = read_proc_stat(pid);
    if (!stat) return std::nullopt;
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    const Result<std::string> uptime = read_proc("/proc/uptime");
    ProcessSeen seen;
    seen.id = {pid, stat->start_ticks};
    seen.state = stat->state;
    seen.cpu_seconds = static_cast<double>(stat->user_ticks + stat->system_ticks) / ticks;
    seen.rss_bytes =
        static_cast<double>(stat->rss_pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
    const double began = static_cast<double>(stat->start_ticks) / ticks;
    const double age = (uptime.ok() ? number(uptime.value()) : began) - began;
    seen.age = Duration(static_cast<int64_t>(std::max(age, 0.0) * 1000));
    return seen;
}

// "\040" for a blank and so on.
static std::string unescape(std::string_view text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); ++i) {
        unsigned code = 0;
        const std::string_view digits = text.substr(std::min(i + 1, text.size()), 3);
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), code, 8);
        if (text[i] == '\\' && digits.size() == 3 && parsed.ptr == digits.data() + 3) {
            plain += static_cast<char>(code);
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

// As df -l has it: HOST:PATH (nfs, sshfs, ceph, glusterfs) and //HOST/SHARE, and what names no
// host.
static bool is_over_network(std::string_view type, std::string_view source) {
    static constexpr auto kTypes =
        std::to_array<std::string_view>({"9p", "afs", "ceph", "cifs", "coda", "fuse.rclone",
                                         "fuse.s3fs", "gpfs", "lustre", "nfs", "nfs4", "smb3"});
    const bool names_host = !source.starts_with("/") && source.find(":") != source.npos;
    return names_host || source.starts_with("//") ||
           std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

// "36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw", proc(5)
std::vector<Mount> parse_mounts(std::string_view mountinfo) {
    std::vector<Mount> mounts;
    for (const std::string_view line : split(mountinfo, '\n')) {
        const std::vector<std::string_view> fields = words(line);
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.size() < 7 || fields.end() - dash < 3) continue;
        const std::vector<std::string_view> options = split(fields.back(), ',');
        const bool read_only = fields.end() - dash > 3 &&
                               std::find(options.begin(), options.end(), "ro") != options.end();
        mounts.push_back({unescape(fields[4]), std::string(dash[1]), std::string(fields[2]),
                          read_only, is_over_network(dash[1], dash[2])});
    }
    return mounts;
}

static bool can_fill_up(const Mount& mount) {
    if (mount.over_network) return false;
    static constexpr auto kNot = std::to_array<std::string_view>(
        {"autofs",         "binfmt_misc", "bpf",        "cgroup",      "cgroup2",
         "configfs",       "debugfs",     "devpts",     "devtmpfs",    "efivarfs",
         "erofs",          "fusectl",     "hugetlbfs",  "iso9660",     "mqueue",
         "nsfs",           "proc",        "pstore",     "ramfs",       "rootfs",
         "rpc_pipefs",     "securityfs",  "selinuxfs",  "squashfs",    "sysfs",
         "tmpfs",          "tracefs",     "fuse.lxcfs", "fuse.portal", "fuse.snapfuse",
         "fuse.gvfsd-fuse"});
    // Of a container the root is an overlay, and it is the disk there is; others are a container's.
    if (mount.type == "overlay") return mount.path == "/";
    return std::find(kNot.begin(), kNot.end(), mount.type) == kNot.end();
}

std::vector<Mount> real_mounts(const std::vector<Mount>& all) {
    std::map<std::string, Mount> by_path;  // a later mount hides an earlier one at the same place
    for (const Mount& mount : all) by_path[mount.path] = mount;
    std::map<std::string, Mount> by_device;
    for (const auto& [path, mount] : by_path) {
        if (!can_fill_up(mount)) continue;
        const auto [known, is_new] = by_device.try_emplace(mount.device, mount);
        // Bind mounts show the same disk again; the shortest path is the disk's own, or as good.
        if (!is_new && path.size() < known->second.path.size()) known->second = mount;
    }
    std::vector<Mount> mounts;
    for (const auto& [device, mount] : by_device) mounts.push_back(mount);
    std::sort(mounts.begin(), mounts.end(),
              [](const Mount& a, const Mount& b) { return a.path < b.path; });
    return mounts;
}

static Result<DiskSeen> look_at_disk(const std::string& path, const Mount& mount) {
    struct statvfs told {};
    if (::statvfs(path.c_str(), &told) != 0) return system_error("statvfs", errno);
    const auto block = static_cast<double>(told.f_frsize);
    DiskSeen disk;
    disk.mount = path;
    disk.type = mount.type;
    disk.total_bytes = static_cast<double>(told.f_blocks) * block;
    disk.available_bytes = static_cast<double>(told.f_bavail) * block;
    disk.used_bytes = static_cast<double>(told.f_blocks - told.f_bfree) * block;
    disk.inodes = static_cast<double>(told.f_files);
    disk.inodes_free = static_cast<double>(told.f_ffree);
    disk.read_only = mount.read_only;
    return disk;
}

// What is mounted where this name leads, the newest where there are several; nothing when nothing
// is.
static const Mount* mount_at(const std::vector<Mount>& mounts, const std::string& name) {
    std::array<char, PATH_MAX> path{};
    if (::realpath(name.c_str(), path.data()) == nullptr) return nullptr;
    const auto newest = std::find_if(mounts.rbegin(), mounts.rend(),
                                     [&](const Mount& mount) { return mount.path == path.data(); });
    return newest == mounts.rend() ? nullptr : &*newest;
}

static Result<std::vector<Mount>> all_mounts() {
    return parse_mounts(TRY(read_proc("/proc/self/mountinfo", size_t{4} * 1024 * 1024)));
}

static Result<DiskSeen> look_at_named(const std::string& name) {
    const std::vector<Mount> mounts = TRY(all_mounts());
    // Of a folder that nothing is mounted on the file system around it would be told.
    const Mount* mount = mount_at(mounts, name);
    return mount == nullptr ? DiskSeen{} : look_at_disk(name, *mount);
}

DiskSeen look_at_named_disk(const std::string& name) {
    Result<DiskSeen> seen = look_at_named(name);
    if (seen.ok()) return std::move(seen).value();
    DiskSeen unseen;
    unseen.mount = name;
    unseen.trouble = seen.error().message;
    return unseen;
}

Result<std::vector<DiskSeen>> look_at_disks() {
    const std::vector<Mount> mounts = TRY(all_mounts());
    std::vector<DiskSeen> disks;
    for (const Mount& mount : real_mounts(mounts)) {
        // One that we may not look at (another user's fuse) hides no other.
        Result<DiskSeen> disk = look_at_disk(mount.path, mount);
        if (disk.ok() && disk.value().total_bytes > 0) disks.push_back(std::move(disk).value());
    }
    return disks;
}

}  // namespace ops

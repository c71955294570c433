#include "monitor/machine_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/shell_words.h"
#include "base/text.h"

namespace ops {
namespace {

// A plain number that a machine may have; nothing for "nan", "1e300" and the like.
std::optional<double> number_of(std::string_view text) {
    double number = 0;
    const auto read =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
    return whole && number >= 0 && number < 1e18 ? std::optional(number) : std::nullopt;
}

bool is_real(std::string_view type) {
    constexpr auto kReal = std::to_array<std::string_view>(
        {"ext2",      "ext3",           "ext4",    "xfs",      "btrfs",
         "zfs",       "f2fs",           "jfs",     "reiserfs", "bcachefs",
         "vfat",      "exfat",          "ntfs",    "ntfs3",    "fuseblk",
         "nfs",       "nfs4",           "cifs",    "smb3",     "ceph",
         "glusterfs", "fuse.glusterfs", "ocfs2",   "gfs2",     "hfsplus",
         "ufs",       "apfs",           "overlay", "9p",       "virtiofs"});
    return std::find(kReal.begin(), kReal.end(), type) != kReal.end();
}

// \040 and the like, as the kernel writes spaces in mount points.
std::string unescape_mount(std::string_view text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto digit = [&](size_t at) {
            return at < text.size() && text[at] >= '0' && text[at] <= '7' ? text[at] - '0' : -1;
        };
        if (text[i] == '\\' && digit(i + 1) >= 0 && digit(i + 2) >= 0 && digit(i + 3) >= 0) {
            const int code = digit(i + 1) * 64 + digit(i + 2) * 8 + digit(i + 3);
            plain += static_cast<char>(code);
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

// A line of `df -P`: source, total, used, available, share, mount point. The source may hold
// spaces, so the columns are counted from the share, which alone ends with '%'.
struct DfLine {
    double total = 0, used = 0, available = 0;
    std::string mount;
};
std::optional<DfLine> read_df_line(std::string_view line) {
    const auto words = words_of(line);
    for (size_t i = 4; i + 1 < words.size(); ++i) {
        const bool is_share = words[i].ends_with('%') || words[i] == "-";
        if (!is_share || !words[i + 1].starts_with('/')) continue;
        const auto total = number_of(words[i - 3]);
        const auto used = number_of(words[i - 2]);
        const auto available = number_of(words[i - 1]);
        if (!total || !used || !available) return {};
        const size_t mount_start = static_cast<size_t>(words[i + 1].data() - line.data());
        return DfLine{*total, *used, *available, std::string(line.substr(mount_start))};
    }
    return {};
}

void read_cpu(const std::vector<std::string>& lines, MachineSeen& machine) {
    constexpr double kTicksPerSecond = 100;  // USER_HZ, the same on every Linux
    for (const std::string& line : lines) {
        const auto words = words_of(line);
        if (words.size() < 5 || !words[0].starts_with("cpu")) continue;
        if (words[0] != "cpu") {
            ++machine.processors;
            continue;
        }
        double total = 0, idle = 0;
        // user nice system idle iowait irq softirq steal; guest time is in user already.
        for (size_t i = 1; i < words.size() && i <= 8; ++i) {
            const double ticks = number_of(words[i]).value_or(0);
            total += ticks;
            if (i == 4 || i == 5) idle += ticks;
        }
        machine.cpu_total_seconds = total / kTicksPerSecond;
        machine.cpu_busy_seconds = (total - idle) / kTicksPerSecond;
    }
}

std::string_view first_line(const Sections& sections, std::string_view name) {
    const auto& lines = lines_of(sections, name);
    return lines.empty() ? std::string_view{} : trim(lines.front());
}

}  // namespace

double meminfo_bytes(const std::vector<std::string>& lines, std::string_view name) {
    for (const std::string& line : lines) {
        if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':')
            continue;
        const auto words = words_of(std::string_view(line).substr(name.size() + 1));
        if (words.size() == 2 && words[1] == "kB") return number_of(words[0]).value_or(0) * 1024.0;
    }
    return 0;
}

std::string machine_sections() {
    return section("meminfo",
                   "grep -E '^(MemTotal|MemFree|MemAvailable|Buffers|Cached|SwapTotal|SwapFree):' "
                   "/proc/meminfo") +
           section("loadavg", "cat /proc/loadavg") + section("stat", "grep ^cpu /proc/stat") +
           section("uptime", "cat /proc/uptime") +
           section("boot", "cat /proc/sys/kernel/random/boot_id") +
           section("date", "date +%s.%N");  // last: it is compared with when the answer came
}

std::optional<MachineSeen> read_machine(const Sections& sections) {
    MachineSeen machine;
    const auto& meminfo = lines_of(sections, "meminfo");
    machine.memory_total = meminfo_bytes(meminfo, "MemTotal");
    if (machine.memory_total <= 0) return {};
    machine.memory_available = meminfo_bytes(meminfo, "MemAvailable");
    if (machine.memory_available <= 0) {  // kernels before 3.14
        machine.memory_available = meminfo_bytes(meminfo, "MemFree") +
                                   meminfo_bytes(meminfo, "Buffers") +
                                   meminfo_bytes(meminfo, "Cached");
    }
    machine.memory_available = std::min(machine.memory_available, machine.memory_total);
    machine.swap_total = meminfo_bytes(meminfo, "SwapTotal");
    machine.swap_free = std::min(meminfo_bytes(meminfo, "SwapFree"), machine.swap_total);
    const auto load = words_of(first_line(sections, "loadavg"));
    if (load.size() >= 3) {
        machine.load1 = number_of(load[0]).value_or(0);
        machine.load5 = number_of(load[1]).value_or(0);
        machine.load15 = number_of(load[2]).value_or(0);
    }
    read_cpu(lines_of(sections, "stat"), machine);
    const auto uptime = words_of(first_line(sections, "uptime"));
    if (!uptime.empty()) {
        const double seconds = std::min(number_of(uptime[0]).value_or(0), 1e10);
        machine.uptime = Duration(static_cast<int64_t>(seconds * 1000));
    }
    machine.boot_id = clip_end(first_line(sections, "boot"), 64);
    return machine;
}

std::optional<Time> read_date(const Sections& sections) {
    std::string_view text = first_line(sections, "date");
    // Without GNU date the fraction is a literal "%N" or missing.
    if (const size_t dot = text.find('.'); dot != std::string_view::npos && !number_of(text)) {
        text = text.substr(0, dot);
    }
    const auto seconds = number_of(text);
    if (!seconds || *seconds < 1e6 || *seconds > 1e11) return {};
    return Time(Duration(static_cast<int64_t>(std::llround(*seconds * 1000))));
}

std::string disk_sections(const std::vector<std::string>& mounts) {
    std::string of;
    for (const std::string& mount : mounts) of += " " + single_quoted(mount);
    // -l leaves network disks out, on which df may hang; those named are asked anyway.
    const std::string df = mounts.empty() ? "df -P -l" : "df -P";
    const std::string names = mounts.empty() ? "" : " --" + of;
    const auto either = [&](const std::string& flag) {
        const std::string plain = "df -P " + flag + names;
        return mounts.empty() ? df + " " + flag + " || " + plain : plain;
    };
    return section("mounts", "cat /proc/mounts") + section("df", either("-k")) +
           section("dfi", either("-i"));
}

std::vector<DiskSeen> read_disks(const Sections& sections, const std::vector<std::string>& mounts) {
    std::vector<DiskSeen> disks;
    struct Mount {
        std::string source, point, type;
        bool read_only;
    };
    std::vector<Mount> known;
    for (const std::string& line : lines_of(sections, "mounts")) {
        const auto words = words_of(line);
        if (words.size() < 4) continue;
        const bool read_only = words[3] == "ro" || words[3].starts_with("ro,");
        known.push_back(
            {std::string(words[0]), unescape_mount(words[1]), std::string(words[2]), read_only});
    }
    std::vector<std::string> sources;  // a device mounted twice counts once
    for (const std::string& line : lines_of(sections, "df")) {
        const auto found = read_df_line(line);
        if (!found || found->total <= 0) continue;
        // The last mount on a point hides those before it.
        const auto mount = std::find_if(known.rbegin(), known.rend(), [&](const Mount& one) {
            return one.point == found->mount;
        });
        if (mount == known.rend()) continue;
        const bool named = !mounts.empty();
        if (!named && !is_real(mount->type)) continue;
        if (!named && mount->type == "overlay" && mount->point != "/") continue;  // containers'
        if (!named && std::find(sources.begin(), sources.end(), mount->source) != sources.end())
            continue;
        sources.push_back(mount->source);
        disks.push_back({.mount = found->mount,
                         .type = mount->type,
                         .total_bytes = found->total * 1024,
                         .available_bytes = found->available * 1024,
                         .used_bytes = found->used * 1024,
                         .read_only = mount->read_only});
    }
    for (const std::string& line : lines_of(sections, "dfi")) {
        const auto found = read_df_line(line);
        if (!found) continue;
        for (DiskSeen& disk : disks) {
            if (disk.mount != found->mount) continue;
            disk.inodes = found->total;
            disk.inodes_free = found->available;
        }
    }
    return disks;
}

}  // namespace ops

// What another machine's /proc files, df and date say, read strictly: a line that is not as
// expected is left out, a number that is missing stays unknown. Pure; the text may be hostile.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/probes.h"
#include "monitor/remote.h"

namespace ops {

// What to ask for: sections @meminfo @loadavg @stat @uptime @boot @date.
std::string machine_sections();
// Nothing when not even the memory could be read.
std::optional<MachineSeen> read_machine(const Sections& sections);
// The machine's own time when it answered; nothing without.
std::optional<Time> read_date(const Sections& sections);

// What to ask for: sections @mounts @df @dfi. `mounts`: only these; none: every real file system.
std::string disk_sections(const std::vector<std::string>& mounts);
std::vector<DiskSeen> read_disks(const Sections& sections, const std::vector<std::string>& mounts);

// Bytes of a line "NAME:  123 kB" of /proc/meminfo; 0 without one.
double meminfo_bytes(const std::vector<std::string>& lines, std::string_view name);

}  // namespace ops

// What /proc tells about the machine and its processes, and which disks are real. The parsers are
// pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/probes.h"

namespace ops {

struct MachineTexts {
    std::string meminfo, loadavg, stat, uptime, boot_id;
};
MachineSeen parse_machine(const MachineTexts& texts);
Result<MachineSeen> look_at_machine();

// Nothing: it is gone. A zombie is told, with its state.
std::optional<ProcessSeen> look_at_process(int pid);

struct Mount {
    std::string path, type, device;  // device: "8:1"
    // The file system itself, after an error for example. A mount that is read-only for us alone,
    // as systemd's ProtectSystem makes it, says nothing about the disk.
    bool read_only = false;
    bool over_network = false;  // looking at it may block for ever
};
std::vector<Mount> parse_mounts(std::string_view mountinfo);  // all of them, in the kernel's order
// Those that can fill up: no /proc and the like, nothing in memory, no images, each device once;
// and none over the network, as one whose server is gone would hide all others.
std::vector<Mount> real_mounts(const std::vector<Mount>& all);
// All real ones; those that fail are left out.
Result<std::vector<DiskSeen>> look_at_disks();
// Blocks for as long as a dead network disk does. Without `mount`: nothing is mounted there.
DiskSeen look_at_named_disk(const std::string& name);

}  // namespace ops

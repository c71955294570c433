// LocalLooks: answers LocalAsks: processes, units, disks, the machine, logs. Blocking, for worker
// threads; safe to use from several at once.
//
// A scan of all processes is shared by the asks of 200 ms. A log is read from its cursor on; the
// first time (no cursor) it starts at the end. At most 1,000 lines and 1 MiB a look; what is beyond
// is read over and counted, the newest kept.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/machine_look.h"
#include "io/mount_looks.h"
#include "io/probes.h"

namespace ops {

class LocalLooks {
public:
    Result<LocalAnswer> look(const LocalAsk& ask);

private:
    struct Running {
        int pid;
        std::string command_line;
    };
    using Scan = std::vector<Running>;
    std::shared_ptr<const Scan> scan();
    Result<LocalAnswer> look_at_processes(const std::string& pattern);
    Result<std::vector<DiskSeen>> look_at_all_disks(const LocalAsk& ask);

    std::mutex mutex_;
    std::shared_ptr<const Scan> scan_;
    int64_t scanned_at_ = 0;  // monotonic nanoseconds
    MountLooks mounts_{look_at_named_disk};
};

}  // namespace ops

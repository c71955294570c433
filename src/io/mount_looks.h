// MountLooks: looks at named mounts, each by itself and for a bounded time. A look at a network
// disk whose server is gone does not end; it costs one thread and says nothing of the mounts beside
// it. At a mount that hangs no second look is begun. Safe to use from several threads at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "io/probes.h"
#include "io/worker_pool.h"

namespace ops {

class MountLooks {
public:
    static constexpr size_t kMostHanging = 16;
    using LookAt = std::function<DiskSeen(const std::string& name)>;
    explicit MountLooks(LookAt look_at);
    ~MountLooks();
    // In the order of the names. One that did not answer says so in `trouble`.
    std::vector<DiskSeen> look(const std::vector<std::string>& names, Duration patience);

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
    WorkerPool pool_;
};

}  // namespace ops

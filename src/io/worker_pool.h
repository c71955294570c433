// WorkerPool: Workers on a few threads of its own, started when first needed.
//
// The queue is bounded. The destructor finishes the jobs that run, drops those that only wait, and
// joins.
#pragma once

#include <memory>

#include "base/time.h"
#include "io/workers.h"

namespace ops {

class WorkerPool : public Workers {
public:
    WorkerPool(size_t threads, size_t queue_limit);
    ~WorkerPool() override;
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    bool submit(std::function<void()> job) override;

    // Like the destructor, but leaves threads behind that do not end within `patience` (a statvfs
    // on a dead network disk never does), and says so by false. Requires: such jobs own all they
    // touch, or the process ends with nothing destroyed.
    bool abandon_after(Duration patience);

    struct Shared;

private:
    std::shared_ptr<Shared> shared_;
};

}  // namespace ops

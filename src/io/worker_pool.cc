#include "io/worker_pool.h"

#include <pthread.h>

#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/assert.h"

namespace ops {

// Threads share this and not the pool, so that one left behind touches nothing that is gone.
struct WorkerPool::Shared {
    size_t thread_limit = 0;
    size_t queue_limit = 0;
    std::mutex mutex;
    std::condition_variable work, ended;
    std::deque<std::function<void()>> queue;
    std::vector<std::thread> threads;
    size_t busy = 0;  // threads that run a job
    size_t alive = 0;
    bool stopping = false;
};

static void work(const std::shared_ptr<WorkerPool::Shared>& shared) {
    std::unique_lock lock(shared->mutex);
    while (true) {
        shared->work.wait(lock, [&] { return shared->stopping || !shared->queue.empty(); });
        if (shared->stopping) break;
        std::function<void()> job = std::move(shared->queue.front());
        shared->queue.pop_front();
        ++shared->busy;
        lock.unlock();
        job();
        job = nullptr;  // what it holds goes before the lock is taken
        lock.lock();
        --shared->busy;
    }
    --shared->alive;
    shared->ended.notify_all();
}

WorkerPool::WorkerPool(size_t threads, size_t queue_limit) : shared_(std::make_shared<Shared>()) {
    ASSERT(threads > 0);
    shared_->thread_limit = threads;
    shared_->queue_limit = queue_limit;
}

// Requires: the mutex is held. False when the system gives us no thread.
static bool start_thread(const std::shared_ptr<WorkerPool::Shared>& shared) {
    // Signals are for the main thread; a new thread inherits the mask of its maker.
    sigset_t all{}, before{};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = true;
    try {
        shared->threads.emplace_back([shared] { work(shared); });
        ++shared->alive;
    } catch (const std::system_error&) {
        started = false;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return started;
}

bool WorkerPool::submit(std::function<void()> job) {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->stopping) return false;
    // A job that a free thread is about to take does not count as waiting.
    const size_t able = shared_->thread_limit - shared_->busy;
    if (shared_->queue.size() >= shared_->queue_limit + able) return false;
    const bool wants_thread = shared_->queue.size() >= shared_->threads.size() - shared_->busy &&
                              shared_->threads.size() < shared_->thread_limit;
    if (wants_thread && !start_thread(shared_) && shared_->threads.empty()) return false;
    shared_->queue.push_back(std::move(job));
    shared_->work.notify_one();
    return true;
}

static std::vector<std::thread> stop(WorkerPool::Shared& shared) {
    std::deque<std::function<void()>> dropped;  // goes after the lock
    const std::lock_guard lock(shared.mutex);
    shared.stopping = true;
    dropped.swap(shared.queue);
    shared.work.notify_all();
    return std::move(shared.threads);
}

WorkerPool::~WorkerPool() {
    for (std::thread& thread : stop(*shared_)) thread.join();
}

bool WorkerPool::abandon_after(Duration patience) {
    std::vector<std::thread> threads = stop(*shared_);
    std::unique_lock lock(shared_->mutex);
    const bool all_ended =
        shared_->ended.wait_for(lock, patience, [this] { return shared_->alive == 0; });
    lock.unlock();
    for (std::thread& thread : threads) {
        if (all_ended) {
            thread.join();
        } else {
            thread.detach();
        }
    }
    return all_ended;
}

}  // namespace ops

// Inbox: where every other thread puts what happened for the one thread that decides.
//
// Many producers, one consumer. Bounded: a push beyond the limit is refused and counted, never
// blocks; only an answer that the consumer waits for is taken all the same. Events come out in the
// order they went in. The consumer is woken once per batch, and only when it waits.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/time.h"

namespace ops {

template <class Event>
class Inbox {
public:
    explicit Inbox(size_t limit) : limit_(limit) {}

    // False when the inbox is full: the event is lost, and counted.
    bool push(Event event) {
        {
            const std::lock_guard lock(mutex_);
            if (events_.size() >= limit_) {
                ++refused_;
                return false;
            }
            events_.push_back(std::move(event));
        }
        arrived_.notify_one();
        return true;
    }

    // What the consumer itself ordered and waits for: taken in beyond the limit, since who orders
    // bounds how much is under way.
    void push_ordered(Event event) {
        {
            const std::lock_guard lock(mutex_);
            events_.push_back(std::move(event));
        }
        arrived_.notify_one();
    }

    // Takes in what fits, oldest first; how many were refused.
    template <class Some>
    size_t push_batch(std::vector<Some> batch) {
        size_t refused = 0;
        {
            const std::lock_guard lock(mutex_);
            if (events_.empty()) events_.reserve(std::min(batch.size(), limit_));
            for (auto& event : batch) {
                if (events_.size() < limit_) {
                    events_.emplace_back(std::move(event));
                } else {
                    ++refused;
                }
            }
            refused_ += refused;
        }
        if (refused < batch.size()) arrived_.notify_one();
        return refused;
    }

    // All that is there; waits up to `wait` for the first. Empty after that, or after wake().
    std::vector<Event> take_all(Duration wait) {
        std::vector<Event> taken;
        std::unique_lock lock(mutex_);
        arrived_.wait_for(lock, wait, [this] { return !events_.empty() || woken_; });
        woken_ = false;
        taken.swap(events_);
        return taken;
    }

    // Ends the wait of take_all early, with nothing pushed (a signal, a shutdown).
    void wake() {
        {
            const std::lock_guard lock(mutex_);
            woken_ = true;
        }
        arrived_.notify_one();
    }

    uint64_t refused() const {  // since the start
        const std::lock_guard lock(mutex_);
        return refused_;
    }
    size_t size() const {
        const std::lock_guard lock(mutex_);
        return events_.size();
    }

private:
    const size_t limit_;
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<Event> events_;
    uint64_t refused_ = 0;
    bool woken_ = false;
};

}  // namespace ops

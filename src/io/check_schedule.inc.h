// The bodies of CheckSchedule.
#pragma once

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "io/check_schedule.h"

namespace ops {

inline int64_t nanoseconds_of(Duration span) { return span.count() * 1'000'000; }

// The widest grid that starts no more than 50 checks at one moment: a check in company costs half
// of one alone, whose code and data have left the processor's caches. One wider than 50 ms is taken
// only where it brings company enough, so that few checks stay evenly spread.
template <class Entry>
int64_t grid_for(const std::vector<Entry>& all) {
    double a_millisecond = 0;
    for (const Entry& entry : all) {
        a_millisecond += 1 / static_cast<double>(entry.interval.count());
    }
    for (const int grid : {200, 100, 50, 25, 10}) {
        const double at_once = a_millisecond * grid;
        if (at_once <= 50 && (grid <= 50 || at_once >= 16)) return nanoseconds_of(Duration(grid));
    }
    return nanoseconds_of(Duration(5));
}

template <class Question>
int64_t CheckSchedule<Question>::place(int64_t phase, int64_t now, int64_t grid) {
    const int64_t since = now + phase / grid * grid - anchor_;
    return anchor_ + (since + grid - 1) / grid * grid;
}

template <class Question>
std::vector<uint32_t> CheckSchedule<Question>::replace(std::vector<Entry> all, int64_t now) {
    std::sort(all.begin(), all.end(),
              [](const Entry& a, const Entry& b) { return a.check < b.check; });
    if (anchor_ < 0) anchor_ = now;
    const int64_t grid = grid_for(all);
    std::vector<uint32_t> dropped;
    auto old = entries_.begin();
    const auto drop_before = [&](uint32_t check) {
        for (; old != entries_.end() && old->check < check; ++old) {
            if (old->in_flight) dropped.push_back(old->check);
        }
    };
    for (Entry& entry : all) {
        ASSERT(entry.interval > Duration(0));
        drop_before(entry.check);
        const bool is_kept =
            old != entries_.end() && old->check == entry.check && old->interval == entry.interval;
        if (is_kept) {
            entry.due = old->due;
            entry.in_flight = old->in_flight;
            entry.skipped = old->skipped;
            entry.was_quick = old->was_quick;
            ++old;
        } else {
            entry.due = place(entry.due, now, grid);
        }
    }
    for (; old != entries_.end(); ++old) {
        if (old->in_flight) dropped.push_back(old->check);
    }
    all.shrink_to_fit();
    entries_ = std::move(all);
    heap_.clear();
    heap_.reserve(entries_.size());
    for (uint32_t i = 0; i < entries_.size(); ++i) heap_.push_back({entries_[i].due, i});
    std::make_heap(heap_.begin(), heap_.end(),
                   [](const Slot& a, const Slot& b) { return a.due > b.due; });
    return dropped;
}

template <class Question>
typename CheckSchedule<Question>::Entry* CheckSchedule<Question>::find(uint32_t check) {
    const auto found =
        std::lower_bound(entries_.begin(), entries_.end(), check,
                         [](const Entry& entry, uint32_t wanted) { return entry.check < wanted; });
    return found != entries_.end() && found->check == check ? &*found : nullptr;
}

template <class Question>
template <class Start>
void CheckSchedule<Question>::start_due(int64_t now, size_t most, Start start) {
    while (most > 0 && !heap_.empty() && heap_.front().due <= now) {
        Entry& entry = entries_[heap_.front().index];
        const int64_t was_due = entry.due;
        const int64_t interval = nanoseconds_of(entry.interval);
        const int64_t rounds = (now - was_due) / interval + 1;
        entry.due += rounds * interval;
        entry.skipped += static_cast<uint32_t>(rounds - 1);
        heap_.front().due = entry.due;
        sift_down(0);
        if (entry.in_flight) {
            ++entry.skipped;
            continue;
        }
        entry.in_flight = true;
        --most;
        // Of rounds missed altogether the last counts: it is the one that starts now.
        start(entry, was_due + (rounds - 1) * interval);
    }
}

template <class Question>
void CheckSchedule<Question>::sift_down(size_t at) {
    const Slot moving = heap_[at];
    while (true) {
        size_t child = 2 * at + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && heap_[child + 1].due < heap_[child].due) ++child;
        if (heap_[child].due >= moving.due) break;
        heap_[at] = heap_[child];
        at = child;
    }
    heap_[at] = moving;
}

}  // namespace ops

// The bodies of CheckSchedule.
#pragma once

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/assert.h"
#include "base/prefetch.h"
#include "io/check_schedule.h"

namespace ops {

inline int64_t nanoseconds_of(Duration span) { return span.count() * 1'000'000; }

// The widest grid that starts no more than 100 checks at one moment: a check in company costs half
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
        if (at_once <= 100 && (grid <= 50 || at_once >= 16)) return nanoseconds_of(Duration(grid));
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
    if (anchor_ < 0) anchor_ = now;
    const int64_t grid = grid_for(all);
    for (Entry& entry : all) {
        ASSERT(entry.interval > Duration(0));
        Entry* const old = find(entry.check);
        if (old == nullptr || old->interval != entry.interval) {
            entry.due = place(entry.due, now, grid);
            continue;
        }
        entry.due = old->due;
        entry.skipped = old->skipped;
        entry.was_quick = old->was_quick;
        entry.in_flight = std::exchange(old->in_flight, false);
    }
    std::vector<uint32_t> dropped;
    for (const Entry& old : entries_) {
        if (old.in_flight) dropped.push_back(old.check);
    }
    std::sort(dropped.begin(), dropped.end());
    take_in(std::move(all));
    return dropped;
}

template <class Question>
void CheckSchedule<Question>::take_in(std::vector<Entry> all) {
    std::sort(all.begin(), all.end(), [](const Entry& a, const Entry& b) {
        return std::tie(a.due, a.interval, a.check) < std::tie(b.due, b.interval, b.check);
    });
    all.shrink_to_fit();
    entries_ = std::move(all);
    where_.clear();
    heap_.clear();
    for (uint32_t i = 0; i < entries_.size(); ++i) {
        const Entry& entry = entries_[i];
        if (entry.check >= where_.size()) where_.resize(entry.check + size_t{1}, kNowhere);
        where_[entry.check] = i;
        const bool joins =
            i > 0 && entries_[i - 1].due == entry.due && entries_[i - 1].interval == entry.interval;
        if (!joins) heap_.push_back({entry.due, i, i, i});
        heap_.back().end = i + 1;
    }
    // As it stands it is a heap: the earliest first.
}

template <class Question>
typename CheckSchedule<Question>::Entry* CheckSchedule<Question>::find(uint32_t check) {
    if (check >= where_.size() || where_[check] == kNowhere) return nullptr;
    return &entries_[where_[check]];
}

template <class Question>
template <class Start>
void CheckSchedule<Question>::start_due(int64_t now, size_t most, Start start) {
    while (most > 0 && !heap_.empty() && heap_.front().due <= now) {
        Group& group = heap_.front();
        for (; group.next < group.end && most > 0; ++group.next) {
            Entry& entry = entries_[group.next];
            if (entry.due > now) continue;  // the one before it was late, and this round its last
            const int64_t was_due = entry.due;
            const int64_t interval = nanoseconds_of(entry.interval);
            const int64_t rounds = (now - was_due) / interval + 1;
            entry.due += rounds * interval;
            entry.skipped += static_cast<uint32_t>(rounds - 1);
            if (entry.in_flight) {
                ++entry.skipped;
                continue;
            }
            entry.in_flight = true;
            --most;
            if (group.next + 2 < group.end) prefetch(entries_[group.next + 2].question.get());
            // Of rounds missed altogether the last counts: it is the one that starts now.
            start(entry, was_due + (rounds - 1) * interval);
        }
        if (group.next < group.end) return;
        group.next = group.begin;
        group.due = entries_[group.begin].due;
        sift_down(0);
    }
}

template <class Question>
void CheckSchedule<Question>::sift_down(size_t at) {
    const Group moving = heap_[at];
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

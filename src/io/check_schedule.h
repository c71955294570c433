// CheckSchedule: which check is due when. Pure: time is an argument, in nanoseconds of a clock that
// never jumps.
//
// Promises: a check keeps its phase for as long as its interval stays the same, whatever else is
// replaced; rounds that were missed (the machine slept) are counted and not made up for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"

namespace ops {

template <class Question>
class CheckSchedule {
public:
    struct Entry {
        uint32_t check = 0;    // unique, and small: an index
        uint32_t skipped = 0;  // rounds left out since the last reply
        Duration interval{}, time_limit{};
        int64_t due = 0;
        bool in_flight = false;
        bool second_look = false;  // Ask::second_look
        bool was_quick = false;    // the last round was: is_quick()
        std::shared_ptr<const Question> question;
    };

    // Takes a new schedule; `due` of each entry holds its phase. Returns the checks whose round in
    // flight counts no more, sorted: they are gone, or their interval changed.
    std::vector<uint32_t> replace(std::vector<Entry> all, int64_t now);

    Entry* find(uint32_t check);
    size_t size() const { return entries_.size(); }
    std::optional<int64_t> next_due() const {
        if (heap_.empty()) return std::nullopt;
        return heap_.front().due;
    }
    // Calls start(entry, was_due) for each that is due and not in flight, at most `most` of them,
    // and plans its next round. Those left over stay due.
    template <class Start>
    void start_due(int64_t now, size_t most, Start start);

private:
    // Those that have one interval and are due at one moment come round together, so the heap holds
    // their group, and they lie beside each other.
    struct Group {
        int64_t due;  // of the first of them; one that was late may come a round later
        uint32_t begin, end, next;
    };
    static constexpr uint32_t kNowhere = ~uint32_t{0};

    void take_in(std::vector<Entry> all);
    void sift_down(size_t at);
    int64_t place(int64_t phase, int64_t now, int64_t grid);

    int64_t anchor_ = -1;  // where the grid begins: the first time a schedule was given
    std::vector<Entry> entries_;
    std::vector<uint32_t> where_;  // by check: its place in entries_, or kNowhere
    std::vector<Group> heap_;      // the earliest first
};

}  // namespace ops

#include "io/check_schedule.inc.h"

// CheckNumbers: which number each check of a configuration has, and keeps.
//
// A number is never another check's. What is looked at as before keeps its number over a reload,
// and with it all that is known under that number in every room; what is new or changed has one
// that nobody knows. So whatever is still under way when the configuration is replaced (a reply, a
// death, a second look that was asked for) finds the check that it is about, or none. Pure.
//
// Numbers are places in tables, so they must stay small: one that is free is given again, but not
// before all that could speak of it is long over.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "base/time.h"

namespace ops {

class CheckNumbers {
public:
    // An ask ends within an hour (io/probes.h).
    static constexpr Duration kRest = std::chrono::hours(2);

    // The number of each of a configuration's checks, which are known by what makes them what they
    // are (CheckList::identities). `now` is of a clock that never jumps.
    std::vector<uint32_t> assign(const std::vector<uint64_t>& identities, Duration now);
    bool is_in_use(uint32_t number) const {
        return number < identities_.size() && identities_[number] != 0;
    }

private:
    std::vector<uint64_t> identities_;                   // by number; 0: free
    std::deque<std::pair<Duration, uint32_t>> resting_;  // free since
};

}  // namespace ops

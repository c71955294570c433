// Power: the one switch that every simulated disk asks before it writes.
//
// Writes are counted over all of them together, so `power-cut after write 2` means the same whether
// the second one goes to the database or to a marker of the executor.
#pragma once

#include <cstdint>
#include <limits>

namespace ops::sim {

// Thrown out of the simulated machine by a write that finds the power gone; never caught inside it.
// Where an exception may not pass (SQLite's C code) the write fails instead, and whoever drives the
// world asks is_lost().
struct PowerLost {};

// The same of the program alone, killed at a moment that was asked for.
struct ProgramKilled {};

class Power {
public:
    // Lets `writes` more writes through, then the power is gone.
    void cut_after(uint64_t writes) {
        left_ = writes;
        was_cut_ = false;
    }
    // False: the power is gone (now, or already before).
    bool spend_write() {
        ++writes_;
        if (lost_) return false;
        if (left_ == 0) lost_ = was_cut_ = true;
        if (left_ != kNever) --left_;
        return !lost_;
    }
    bool is_lost() const { return lost_; }
    // Did the cut that was last asked for come?
    bool was_cut() const { return was_cut_; }
    void restore() {
        lost_ = false;
        left_ = kNever;
    }
    uint64_t writes() const { return writes_; }

private:
    static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
    uint64_t left_ = kNever;
    uint64_t writes_ = 0;
    bool lost_ = false;
    bool was_cut_ = false;
};

}  // namespace ops::sim

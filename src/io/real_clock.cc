#include "io/real_clock.h"

#include <ctime>

namespace ops {

static Duration read_clock(clockid_t which) {
    timespec now{};
    clock_gettime(which, &now);
    return std::chrono::duration_cast<Duration>(std::chrono::seconds(now.tv_sec) +
                                                std::chrono::nanoseconds(now.tv_nsec));
}

Time RealClock::now() { return Time(read_clock(CLOCK_REALTIME)); }

Duration RealClock::steady() { return read_clock(CLOCK_BOOTTIME); }

}  // namespace ops

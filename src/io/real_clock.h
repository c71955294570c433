// RealClock: the machine's clocks.
#pragma once

#include "io/clock.h"

namespace ops {

class RealClock : public Clock {
public:
    Time now() override;
    Duration steady() override;  // CLOCK_BOOTTIME: goes on while the machine sleeps
};

}  // namespace ops

// RealRandom: the kernel's chance (getrandom). Safe to use from several threads.
#pragma once

#include "io/random.h"

namespace ops {

class RealRandom : public Random {
public:
    uint64_t next() override;
};

}  // namespace ops

// Random: the one source of chance. The real one is the kernel's; the simulated one has a seed.
#pragma once

#include <cstdint>

namespace ops {

class Random {
public:
    virtual ~Random() = default;
    virtual uint64_t next() = 0;
};

}  // namespace ops

// Clock: the two times there are.
#pragma once

#include "base/time.h"

namespace ops {

class Clock {
public:
    virtual ~Clock() = default;
    virtual Time now() = 0;         // the wall's; may jump
    virtual Duration steady() = 0;  // since some fixed moment; never jumps, never goes back
};

}  // namespace ops

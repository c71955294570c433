// From here on this process, all its threads and whatever they become can start no program (execve
// is refused by the kernel: seccomp(2), through libseccomp). There is no way back.
#pragma once

#include "base/result.h"

namespace ops {

// Fault::unavailable where the kernel does not have it.
Result<> forbid_programs();

}  // namespace ops

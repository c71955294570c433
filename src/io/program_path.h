// Where a program is: the only places that anything of ours is run from.
#pragma once

#include <string>

#include "base/result.h"

namespace ops {

inline constexpr const char* kProgramPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// An absolute path as it is; a bare name as it is found on the fixed path. Fault::invalid: another
// kind of path; Fault::not_found.
Result<std::string> find_program(const std::string& name);
// The same, and it can be run by this user. Fault::denied when it cannot.
Result<std::string> find_runnable(const std::string& name);

}  // namespace ops

// Where a program that the configuration names stands.
#pragma once

#include <string>

namespace ops {

// One that is named with a path is found from the configuration's folder, whatever the current
// folder is, and comes out absolute: nothing else is run. A bare name is left to the fixed PATH.
std::string program_beside(const std::string& config_file, const std::string& program);

}  // namespace ops

// Files with secrets that others on this machine can read, and those that are not there.
#pragma once

#include <string>
#include <vector>

#include "agent/load.h"

namespace ops {

struct OpenSecret {
    Place place;       // where the configuration names it
    std::string what;  // "secret file 'x' can be read by others (mode 0644)"
    std::string advice;
};
// Also the token in the data folder. Files that are not there are not open.
std::vector<OpenSecret> open_secrets(const Loaded& loaded);

// Files that the configuration names and that are not there.
struct MissingSecret {
    Place place;
    std::string path;
    std::string what() const { return "secret file '" + path + "' is not there"; }
};
std::vector<MissingSecret> missing_secrets(const Loaded& loaded);

}  // namespace ops

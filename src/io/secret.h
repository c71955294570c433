// Secrets that the configuration names by file.
#pragma once

#include <string>

#include "base/result.h"
#include "io/files.h"

namespace ops {

// Contents without the white space around them; an empty path is an empty secret.
Result<std::string> read_secret(Files& files, const std::string& path);

}  // namespace ops

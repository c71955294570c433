// The operator's own runbook, which nobody writes without a yes (runbook promote --into-runbook).
#pragma once

#include <string>

#include "base/result.h"
#include "io/posix_files.h"

namespace ops {

// A file as it was read and as it is to be.
struct GrownFile {
    std::string path, before, after;
};
// Keeps what it was as `kept`, which must not be there yet. Whoever changed the file since it was
// read keeps that change: then Fault::denied, and all is as it was.
Result<> write_if_unchanged(PosixFiles& files, const GrownFile& grown, const std::string& kept);

}  // namespace ops

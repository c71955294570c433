// The new lines of log files since a cursor, over rotation and truncation.
//
// The cursor holds device, inode, offset and path of each file. Without one, files are read from
// their end on; files that appear later from their beginning. A file that was renamed to PATH.1 is
// read to its end first. A last line without its newline waits for the rest. At most 200 files and
// 64 MiB of each a look; what is left comes next time.
#pragma once

#include <string>

#include "base/result.h"
#include "io/probes.h"

namespace ops {

Result<LogSeen> tail_log(const std::string& pattern, const std::string& cursor);

// Lines of the journal since the cursor, "identifier: message"; `unit` empty: of all units.
Result<LogSeen> tail_journal(const std::string& unit, const std::string& cursor);

}  // namespace ops

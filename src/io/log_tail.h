// The new lines of log files since a cursor, over rotation and truncation.
//
// The cursor holds device, inode, offset and path of each file. Without one, files are read from
// their end on; files that appear later from their beginning. A file is the same under whatever
// name of the pattern it stands; one that was renamed within its folder is read to its end first,
// and one that went is known again when it comes back within ten looks. A last line without its
// newline waits for the rest. At most 64 MiB of each file a look; what is left comes next time. Of
// a pattern at most 1,000 files, those written to last; one that comes among them then is read from
// its end on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/probes.h"

namespace ops {

// The cursor of no file at all: all that appears is read from its beginning.
inline constexpr std::string_view kLogBeginning = "log1\n";

// Fault::not_found: there is no such file. A pattern that matches nothing is well; one of which no
// file may be read is an error.
Result<LogSeen> tail_log(const std::string& pattern, const std::string& cursor);

// Lines of the journal since the cursor, "identifier: message"; `unit` empty: of all units.
Result<LogSeen> tail_journal(const std::string& unit, const std::string& cursor);

// Whether a journal of the system is kept in one of these folders, and we may read it.
Result<> find_journal(const std::vector<std::string>& folders);

}  // namespace ops

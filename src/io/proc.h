// Reading /proc. Everything here takes microseconds and cannot block.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ops {

// The whole of a small file; at most `limit` bytes, the rest is left out.
Result<std::string> read_proc(const std::string& path, size_t limit = 64 * 1024);

// The fields of /proc/PID/stat that we use.
struct ProcStat {
    char state = '?';
    int parent = 0;
    uint64_t user_ticks = 0, system_ticks = 0, start_ticks = 0;
    int64_t rss_pages = 0;
};
// Safe for a program whose name holds spaces and parentheses.
std::optional<ProcStat> parse_proc_stat(std::string_view text);
std::optional<ProcStat> read_proc_stat(int pid);

}  // namespace ops

// The header of a log line: what stands before what the line says.
//
// Time, host, program, process id and level are not part of a template; the level is worth keeping.
// Known forms: syslog (RFC 3164 and 5424, with and without <PRI>; so is the short output of
// journalctl), ISO 8601 and nginx's and Apache's times with the levels, threads and names that
// loggers put behind them, Python's logging, glog, access logs of web servers, logfmt's time and
// level, and JSON with message or msg. What no form fits is content as a whole. Any bytes may come;
// the time is linear.
#pragma once

#include <string>
#include <string_view>

namespace ops {

enum class LogLevel { unknown, debug, info, warning, error, fatal };

struct LogLine {
    LogLevel level = LogLevel::unknown;
    std::string program;  // "" when the header names none
    std::string content;
};

LogLine strip_header(std::string_view line);

// "ERROR", "err", "W", ...; unknown for any other word.
LogLevel level_named(std::string_view word);
std::string_view name_of(LogLevel level);

}  // namespace ops

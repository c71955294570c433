#include "io/stderr_log.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/text.h"

namespace ops {
namespace {

const char* name_of(Severity severity) {
    switch (severity) {
        case Severity::debug: return "debug";
        case Severity::info: return "info";
        case Severity::warning: return "warning";
        case Severity::error: return "error";
    }
    return "error";
}

// sd-daemon(3): the priority of syslog in front of a line.
const char* journal_prefix(Severity severity) {
    switch (severity) {
        case Severity::debug: return "<7>";
        case Severity::info: return "<6>";
        case Severity::warning: return "<4>";
        case Severity::error: return "<3>";
    }
    return "<3>";
}

}  // namespace

void StderrLog::line(Severity severity, std::string_view message) {
    if (severity < least_) return;
    static const bool to_journal = std::getenv("JOURNAL_STREAM") != nullptr;
    const std::string text = printable(message, Lines::flatten);
    std::string out;
    if (to_journal) {
        out = journal_prefix(severity) + text + "\n";
    } else {
        out = format_rfc3339(clock_.now()).substr(11, 8) + " " + name_of(severity) + ": " + text +
              "\n";
    }
    // Nowhere to tell when even this fails.
    (void)!::write(STDERR_FILENO, out.data(), out.size());
}

}  // namespace ops

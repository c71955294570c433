#include <systemd/sd-journal.h>

#include <cstdlib>
#include <memory>

#include "io/log_lines.h"
#include "io/log_tail.h"
#include "io/system_error.h"

namespace ops {

static constexpr int kMaxEntries = 100'000;  // a look; the rest comes next time
// The cursor of a journal that had no entry yet: the first one that comes is new.
static constexpr const char* kFromTheHead = "head";

using Journal = std::unique_ptr<sd_journal, void (*)(sd_journal*)>;

static std::string field(sd_journal* journal, const char* name) {
    const void* bytes = nullptr;
    size_t size = 0;
    if (sd_journal_get_data(journal, name, &bytes, &size) < 0) return "";
    const std::string_view whole(static_cast<const char*>(bytes), size);
    return std::string(whole.substr(std::min(whole.find('=') + 1, whole.size())));
}

static std::string cursor_here(sd_journal* journal) {
    char* text = nullptr;
    if (sd_journal_get_cursor(journal, &text) < 0) return kFromTheHead;
    const std::unique_ptr<char, void (*)(void*)> owner(text, std::free);
    return text;
}

// What `journalctl -u` shows: the unit's own lines and those of systemd about it.
static void match_unit(sd_journal* journal, std::string unit) {
    if (unit.empty()) return;
    if (unit.find('.') == std::string::npos) unit += ".service";
    sd_journal_add_match(journal, ("_SYSTEMD_UNIT=" + unit).c_str(), 0);
    sd_journal_add_disjunction(journal);
    sd_journal_add_match(journal, "_PID=1", 0);
    sd_journal_add_match(journal, ("UNIT=" + unit).c_str(), 0);
}

Result<LogSeen> tail_journal(const std::string& unit, const std::string& cursor) {
    sd_journal* opened = nullptr;
    const int failed = sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY);
    if (failed < 0) return system_error("open the journal", -failed);
    const Journal journal(opened, sd_journal_close);
    match_unit(opened, unit);
    LogLines lines;
    if (cursor.empty()) {
        sd_journal_seek_tail(opened);
        const bool has_any = sd_journal_previous(opened) > 0;
        return lines.take(has_any ? cursor_here(opened) : kFromTheHead);
    }
    std::string last = cursor;
    if (cursor == kFromTheHead) {
        sd_journal_seek_head(opened);
    } else if (sd_journal_seek_cursor(opened, cursor.c_str()) < 0) {
        return Error{Fault::invalid, "journal: the cursor cannot be read"};
    }
    for (int entries = 0; entries < kMaxEntries; ++entries) {
        const int moved = sd_journal_next(opened);
        if (moved < 0) return system_error("read the journal", -moved);
        if (moved == 0) break;
        if (entries == 0 && cursor != kFromTheHead &&
            sd_journal_test_cursor(opened, cursor.c_str()) > 0) {
            continue;  // the one that was told last; when it is gone, the next one is new
        }
        const std::string identifier = field(opened, "SYSLOG_IDENTIFIER");
        lines.add((identifier.empty() ? "" : identifier + ": ") + field(opened, "MESSAGE"));
        last = cursor_here(opened);
    }
    return lines.take(last);
}

}  // namespace ops

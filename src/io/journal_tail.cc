#include <fcntl.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "io/late_library.h"
#include "io/log_lines.h"
#include "io/log_tail.h"
#include "io/system_error.h"

namespace ops {

static constexpr int kMaxEntries = 100'000;  // a look; the rest comes next time
// The cursor of a journal that had no entry yet: the first one that comes is new.
static constexpr const char* kFromTheHead = "head";

namespace {

// Loaded when the journal is first read (as in systemd_look.cc).
struct SystemdJournal : LateLibrary {
    SystemdJournal() : LateLibrary("libsystemd.so.0") {}

    Late<decltype(::sd_journal_add_disjunction)> sd_journal_add_disjunction{
        *this, "sd_journal_add_disjunction"};
    Late<decltype(::sd_journal_add_match)> sd_journal_add_match{*this, "sd_journal_add_match"};
    Late<decltype(::sd_journal_close)> sd_journal_close{*this, "sd_journal_close"};
    Late<decltype(::sd_journal_get_cursor)> sd_journal_get_cursor{*this, "sd_journal_get_cursor"};
    Late<decltype(::sd_journal_get_data)> sd_journal_get_data{*this, "sd_journal_get_data"};
    Late<decltype(::sd_journal_next)> sd_journal_next{*this, "sd_journal_next"};
    Late<decltype(::sd_journal_open)> sd_journal_open{*this, "sd_journal_open"};
    Late<decltype(::sd_journal_previous)> sd_journal_previous{*this, "sd_journal_previous"};
    Late<decltype(::sd_journal_seek_cursor)> sd_journal_seek_cursor{*this,
                                                                    "sd_journal_seek_cursor"};
    Late<decltype(::sd_journal_seek_head)> sd_journal_seek_head{*this, "sd_journal_seek_head"};
    Late<decltype(::sd_journal_seek_tail)> sd_journal_seek_tail{*this, "sd_journal_seek_tail"};
    Late<decltype(::sd_journal_test_cursor)> sd_journal_test_cursor{*this,
                                                                    "sd_journal_test_cursor"};
};

const SystemdJournal& systemd() { return late_library<SystemdJournal>(); }

}  // namespace

using Journal = std::unique_ptr<sd_journal, void (*)(sd_journal*)>;

static std::string field(sd_journal* journal, const char* name) {
    const void* bytes = nullptr;
    size_t size = 0;
    if (systemd().sd_journal_get_data(journal, name, &bytes, &size) < 0) return "";
    const std::string_view whole(static_cast<const char*>(bytes), size);
    return std::string(whole.substr(std::min(whole.find('=') + 1, whole.size())));
}

static std::string cursor_here(sd_journal* journal) {
    char* text = nullptr;
    if (systemd().sd_journal_get_cursor(journal, &text) < 0) return kFromTheHead;
    const std::unique_ptr<char, void (*)(void*)> owner(text, std::free);
    return text;
}

// What `journalctl -u` shows: the unit's own lines and those of systemd about it.
static void match_unit(sd_journal* journal, std::string unit) {
    if (unit.empty()) return;
    if (unit.find('.') == std::string::npos) unit += ".service";
    systemd().sd_journal_add_match(journal, ("_SYSTEMD_UNIT=" + unit).c_str(), 0);
    systemd().sd_journal_add_disjunction(journal);
    systemd().sd_journal_add_match(journal, "_PID=1", 0);
    systemd().sd_journal_add_match(journal, ("UNIT=" + unit).c_str(), 0);
}

// How many journals of the system in this folder, and in those inside it, we may read and may not.
static void count_journals(const std::filesystem::path& folder, bool inside, int& readable,
                           int& denied) {
    std::error_code failed;
    std::filesystem::directory_iterator entries(folder, failed);
    if (failed == std::errc::permission_denied) ++denied;
    for (; !failed && entries != std::filesystem::directory_iterator(); entries.increment(failed)) {
        const std::filesystem::path& path = entries->path();
        const std::string name = path.filename();
        std::error_code unknown;
        if (name.starts_with("system") && name.ends_with(".journal")) {
            const bool may_read = ::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) == 0;
            ++(may_read ? readable : denied);
        } else if (!inside && entries->is_directory(unknown)) {
            count_journals(path, true, readable, denied);
        }
    }
}

Result<> find_journal(const std::vector<std::string>& folders) {
    int readable = 0, denied = 0;
    for (const std::string& folder : folders) count_journals(folder, false, readable, denied);
    if (readable > 0) return {};
    if (denied > 0) {
        return Error{Fault::denied,
                     "journal: permission denied; the group systemd-journal may read it"};
    }
    return Error{Fault::unavailable, "journal: none is kept on this machine"};
}

Result<LogSeen> tail_journal(const std::string& unit, const std::string& cursor) {
    TRY(systemd().is_loaded());
    // Opening succeeds in any case: what may not be read is not there, and no line ever comes.
    TRY(find_journal({"/var/log/journal", "/run/log/journal"}));
    sd_journal* opened = nullptr;
    const int failed = systemd().sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY);
    if (failed < 0) return system_error("open the journal", -failed);
    const Journal journal(opened, systemd().sd_journal_close);
    match_unit(opened, unit);
    LogLines lines;
    if (cursor.empty()) {
        systemd().sd_journal_seek_tail(opened);
        const bool has_any = systemd().sd_journal_previous(opened) > 0;
        return lines.take(has_any ? cursor_here(opened) : kFromTheHead);
    }
    std::string last = cursor;
    if (cursor == kFromTheHead) {
        systemd().sd_journal_seek_head(opened);
    } else if (systemd().sd_journal_seek_cursor(opened, cursor.c_str()) < 0) {
        return Error{Fault::invalid, "journal: the cursor cannot be read"};
    }
    for (int entries = 0; entries < kMaxEntries; ++entries) {
        const int moved = systemd().sd_journal_next(opened);
        if (moved < 0) return system_error("read the journal", -moved);
        if (moved == 0) break;
        if (entries == 0 && cursor != kFromTheHead &&
            systemd().sd_journal_test_cursor(opened, cursor.c_str()) > 0) {
            continue;  // the one that was told last; when it is gone, the next one is new
        }
        const std::string identifier = field(opened, "SYSLOG_IDENTIFIER");
        lines.add((identifier.empty() ? "" : identifier + ": ") + field(opened, "MESSAGE"));
        last = cursor_here(opened);
    }
    return lines.take(last);
}

}  // namespace ops

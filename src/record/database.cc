#include "record/database.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "io/system_error.h"

namespace ops {
namespace {

constexpr int kBusyTimeoutMs = 5000;
// Room to remember that a page is not in memory costs more than reading it again.
constexpr const char* kFrugal =
    "PRAGMA cache_size=-256; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;"
    "PRAGMA journal_size_limit=4194304; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
    "PRAGMA secure_delete=OFF;";

Fault fault_of(int code) {
    switch (code & 0xff) {
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL:
        case SQLITE_NOMEM: return Fault::unavailable;
        case SQLITE_PERM:
        case SQLITE_AUTH: return Fault::denied;
        case SQLITE_TOOBIG: return Fault::invalid;
        default: return Fault::corrupt;  // also what only a foreign schema can cause
    }
}

std::string sentence(int code) {
    switch (code & 0xff) {
        case SQLITE_FULL: return "the disk is full";
        case SQLITE_READONLY: return "it cannot be written: the disk or the file is read-only";
        case SQLITE_CANTOPEN: return "it cannot be opened";
        case SQLITE_IOERR:
            return "i/o error (SQLite code " + std::to_string(code) +
                   "): what was being written may or may not be there";
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return "another program holds it locked";
        default: return "";
    }
}

std::string synchronous_of(Durability durability) {
    switch (durability) {
        case Durability::full: return "2";
        case Durability::normal: return "1";
        case Durability::off: return "0";
    }
    return "2";
}

// The bytes of an open file as they are, so that the system sees them as changed; and a sync.
int write_again(sqlite3_file& file) {
    sqlite3_int64 size = 0;
    int code = file.pMethods->xFileSize(&file, &size);
    std::vector<char> part(size_t{64} * 1024);
    for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size;) {
        const auto count = static_cast<int>(
            std::min<sqlite3_int64>(static_cast<sqlite3_int64>(part.size()), size - at));
        code = file.pMethods->xRead(&file, part.data(), count, at);
        if (code == SQLITE_OK) code = file.pMethods->xWrite(&file, part.data(), count, at);
        at += count;
    }
    return code == SQLITE_OK ? file.pMethods->xSync(&file, SQLITE_SYNC_FULL) : code;
}

int count_log_pages(void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
}

}  // namespace

// --- Statement ---

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      bound_(other.bound_) {}

Statement::~Statement() {
    if (statement_ == nullptr) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

Statement& Statement::bind(int64_t value) {
    ASSERT(sqlite3_bind_int64(statement_, ++bound_, value) == SQLITE_OK);
    return *this;
}

Statement& Statement::bind(double value) {
    ASSERT(sqlite3_bind_double(statement_, ++bound_, value) == SQLITE_OK);
    return *this;
}

Statement& Statement::bind(std::string_view text) {
    // A null pointer would be NULL to SQLite, not the empty text.
    const char* bytes = text.data() == nullptr ? "" : text.data();
    ASSERT(sqlite3_bind_text64(statement_, ++bound_, bytes, text.size(), SQLITE_STATIC,
                               SQLITE_UTF8) == SQLITE_OK);
    return *this;
}

Statement& Statement::bind_blob(std::string_view bytes) {
    const char* start = bytes.data() == nullptr ? "" : bytes.data();
    ASSERT(sqlite3_bind_blob64(statement_, ++bound_, start, bytes.size(), SQLITE_STATIC) ==
           SQLITE_OK);
    return *this;
}

Statement& Statement::bind_null() {
    ASSERT(sqlite3_bind_null(statement_, ++bound_) == SQLITE_OK);
    return *this;
}

Statement& Statement::bind_or_null(std::string_view text) {
    return text.empty() ? bind_null() : bind(text);
}

Statement& Statement::rewind() {
    sqlite3_reset(statement_);
    bound_ = 0;
    return *this;
}

Result<bool> Statement::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return database_->error(code);
}

Result<> Statement::run() {
    while (TRY(step())) {
    }
    return {};
}

int Statement::columns() const { return sqlite3_column_count(statement_); }
bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }
std::string Statement::text(int column) const { return std::string(view(column)); }

std::string_view Statement::view(int column) const {
    const void* bytes = sqlite3_column_blob(statement_, column);
    if (bytes == nullptr) return {};
    return {static_cast<const char*>(bytes),
            static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

// --- Database ---

Database::~Database() {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    ASSERT(sqlite3_close(connection_) == SQLITE_OK);
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, const Kind& kind,
                                                 const StoreOptions& options) {
    std::unique_ptr<Database> database(new Database);
    database->path_ = path;
    const int access = options.access == Access::read ? SQLITE_OPEN_READONLY
                                                      : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    const int code = sqlite3_open_v2(path.c_str(), &database->connection_,
                                     access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                                     options.vfs.empty() ? nullptr : options.vfs.c_str());
    if (code != SQLITE_OK) return database->error(code);
    sqlite3_busy_timeout(database->connection_, kBusyTimeoutMs);
    sqlite3_db_config(database->connection_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    if (options.access == Access::write && database->is_read_only()) {
        return database->error(SQLITE_READONLY);
    }
    TRY(database->execute(kFrugal));
    const int64_t version = TRY(database->check_kind(kind, options.access));
    if (options.access == Access::write) TRY(database->make_log_certain(options));
    TRY(database->configure(options));
    if (options.access == Access::write && version < kind.schema_version) {
        TRY(database->migrate(kind, version));
    }
    return database;
}

Result<std::unique_ptr<Database>> Database::open_in_memory(const Kind& kind) {
    std::unique_ptr<Database> database(new Database);
    database->path_ = "memory";
    const int code = sqlite3_open_v2(
        ":memory:", &database->connection_,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
        nullptr);
    if (code != SQLITE_OK) return database->error(code);
    TRY(database->execute(kind.schema));
    return database;
}

Result<std::unique_ptr<Database>> Database::open_lock(const std::string& path,
                                                      const StoreOptions& options) {
    std::unique_ptr<Database> database(new Database);
    database->path_ = path;
    const int code = sqlite3_open_v2(
        path.c_str(), &database->connection_,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
        options.vfs.empty() ? nullptr : options.vfs.c_str());
    if (code != SQLITE_OK) return database->error(code);
    // SQLite falls back to reading where it may not write, and then locks nothing.
    if (database->is_read_only()) return database->error(SQLITE_READONLY);
    const int taken =
        sqlite3_exec(database->connection_, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr);
    if ((taken & 0xff) == SQLITE_BUSY) return std::unique_ptr<Database>();
    if (taken != SQLITE_OK) return database->error(taken);
    return database;
}

// Writes the log that another run left once more, byte for byte, and makes that certain. After a
// sync that failed, Linux keeps pages that never reached the disk, calls them clean, and says of a
// later sync that all is well (Rebello et al., "Can Applications Recover from fsync Failures?",
// USENIX ATC 2020): what is committed behind such a hole would be gone after a power cut. Nobody
// tells a new start that it happened, so each does it; after an orderly end there is no log.
Result<> Database::make_log_certain(const StoreOptions& options) {
    sqlite3_vfs* vfs = sqlite3_vfs_find(options.vfs.empty() ? nullptr : options.vfs.c_str());
    ASSERT(vfs != nullptr);
    const std::string path = path_ + "-wal";
    int is_there = 0;
    int code = vfs->xAccess(vfs, path.c_str(), SQLITE_ACCESS_EXISTS, &is_there);
    if (code != SQLITE_OK) return error(code);
    if (is_there == 0) return {};
    std::vector<std::max_align_t> room(
        static_cast<size_t>(vfs->szOsFile) / sizeof(std::max_align_t) + 1);
    auto* log = reinterpret_cast<sqlite3_file*>(room.data());
    // Who may create it syncs its folder, too: the name is as uncertain as the bytes.
    code = vfs->xOpen(vfs, path.c_str(), log,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL, nullptr);
    if (code == SQLITE_OK) code = write_again(*log);
    if (log->pMethods != nullptr) log->pMethods->xClose(log);
    if (code != SQLITE_OK) return error(code);
    return {};
}

// Sets what durability rests on, and reads it back: a setting that silently did not take would be
// found out only after a power cut.
Result<> Database::configure(const StoreOptions& options) {
    if (options.access == Access::read) return execute("PRAGMA query_only=ON");
    {
        Statement mode = TRY(prepare("PRAGMA journal_mode=WAL"));
        if (!TRY(mode.step()) || mode.view(0) != "wal") {
            return Error{
                Fault::unavailable,
                "'" + path_ + "': no write-ahead log: journal mode is '" + mode.text(0) + "'"};
        }
    }
    const std::string wanted = synchronous_of(options.durability);
    TRY(execute(("PRAGMA synchronous=" + wanted).c_str()));
    const int64_t got = TRY(pragma("synchronous"));
    if (std::to_string(got) != wanted) {
        return Error{Fault::unavailable, "'" + path_ + "': synchronous is " + std::to_string(got) +
                                             " after it was set to " + wanted};
    }
    // The log is moved into the file by checkpoint(), which, unlike SQLite's own, tells of errors.
    sqlite3_wal_hook(connection_, count_log_pages, &log_pages_);
    return {};
}

// Is this file ours to use? Nothing is written before that is known. Gives its schema version, 0
// when it is new.
Result<int64_t> Database::check_kind(const Kind& kind, Access access) {
    const int64_t version = TRY(pragma("user_version"));
    const int64_t id = TRY(pragma("application_id"));
    const bool is_new = version == 0 && id == 0 && TRY(pragma("schema_version")) == 0;
    if (is_new && access == Access::read) {
        return Error{Fault::not_found, "'" + path_ + "': nothing has been recorded yet"};
    }
    if (is_new) return int64_t{0};
    if (id != kind.application_id || version < 1) {
        return Error{Fault::corrupt, "'" + path_ + "': a database of another program"};
    }
    if (version > kind.schema_version) {
        return Error{Fault::denied, "'" + path_ + "': written by a newer ops-agent (schema " +
                                        std::to_string(version) + ", this one knows " +
                                        std::to_string(kind.schema_version) +
                                        "): run that version, or restore a backup"};
    }
    if (version < kind.schema_version && access == Access::read) {
        return Error{Fault::unavailable, "'" + path_ + "': schema " + std::to_string(version) +
                                             " is brought up to date by the next start of the "
                                             "agent"};
    }
    return version;
}

Result<> Database::migrate(const Kind& kind, int64_t from) {
    return transact([&]() -> Result<> {
        if (from == 0) {
            TRY(execute(kind.schema));
            TRY(execute(("PRAGMA application_id=" + std::to_string(kind.application_id)).c_str()));
        }
        for (int64_t version = std::max<int64_t>(from, 1); version < kind.schema_version;
             ++version) {
            TRY(kind.migrate(*this, static_cast<int>(version)));
        }
        return execute(("PRAGMA user_version=" + std::to_string(kind.schema_version)).c_str());
    });
}

Result<Statement> Database::prepare(std::string_view sql) {
    auto found = statements_.find(std::string(sql));
    if (found == statements_.end()) {
        sqlite3_stmt* statement = nullptr;
        const int code = sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()),
                                            SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
        if (code != SQLITE_OK) return error(code);
        found = statements_.emplace(std::string(sql), statement).first;
    }
    ASSERT(sqlite3_stmt_busy(found->second) == 0);
    return Statement(*this, found->second);
}

Result<> Database::execute(const char* sql) {
    const int code = sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return error(code);
    return {};
}

Result<> Database::transact(const std::function<Result<>()>& work) {
    TRY(TRY(prepare("BEGIN IMMEDIATE")).run());
    Result<> done = work();
    if (done.ok()) {
        done = TRY(prepare("COMMIT")).run();
        if (done.ok()) return {};
    }
    // Some errors have rolled back already; then this one has nothing to do.
    if (sqlite3_get_autocommit(connection_) == 0) (void)execute("ROLLBACK");
    return done;
}

Result<> Database::read_at_once(const std::function<Result<>()>& work) {
    TRY(TRY(prepare("BEGIN")).run());
    Result<> done = work();
    if (sqlite3_get_autocommit(connection_) == 0) (void)execute("ROLLBACK");  // wrote nothing
    return done;
}

Result<std::string> Database::check(std::string_view pragma) {
    Statement check = TRY(prepare("PRAGMA " + std::string(pragma) + "(5)"));
    std::string found;
    while (TRY(check.step())) {
        if (check.view(0) == "ok") continue;
        if (!found.empty()) found += "; ";
        found += check.view(0);
    }
    return found;
}

Result<int64_t> Database::pragma(std::string_view name) {
    Statement query = TRY(prepare("PRAGMA " + std::string(name)));
    if (!TRY(query.step())) return int64_t{0};
    return query.integer(0);
}

bool Database::is_in_place() const {
    int has_moved = 0;
    // A VFS that does not know says nothing.
    sqlite3_file_control(connection_, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
    return has_moved == 0;
}

Result<> Database::checkpoint() {
    const int code = sqlite3_wal_checkpoint_v2(connection_, nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                               nullptr, nullptr);
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) return error(code);
    log_pages_ = 0;  // the next commit says how many there are
    return {};
}

void Database::leave_files_alone() {
    sqlite3_db_config(connection_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

bool Database::is_read_only() const { return sqlite3_db_readonly(connection_, "main") == 1; }

int Database::changes() const { return sqlite3_changes(connection_); }

Error Database::error(int code) const {
    std::string what = sentence(code);
    if (what.empty()) {
        what = connection_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(connection_);
    }
    Fault fault = fault_of(code);
    if ((code & 0xff) == SQLITE_CANTOPEN && connection_ != nullptr) {
        const int why = sqlite3_system_errno(connection_);
        if (why == ENOENT) {
            fault = Fault::not_found;
            what = "no such file";
        } else if (why == EACCES) {
            fault = Fault::denied;
            what = "no permission to open it";
        }
    }
    if ((code & 0xff) == SQLITE_IOERR && connection_ != nullptr) {
        // At a commit SQLite does not keep the system's number; its VFS still has it, or an older
        // one, so that only what fits is believed.
        sqlite3_vfs* vfs = nullptr;
        sqlite3_file_control(connection_, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
        int why = sqlite3_system_errno(connection_);
        if (why == 0 && vfs != nullptr && vfs->xGetLastError != nullptr) {
            why = vfs->xGetLastError(vfs, 0, nullptr);
        }
        if (why == EROFS) what += " (the disk is read-only)";
        if (why == EIO || why == EDQUOT || why == ENOSPC) what += " (" + system_words(why) + ")";
    }
    std::string advice;
    if (fault == Fault::corrupt) {
        advice =
            "; the file was left as it is: keep a copy, then restore a backup, or move it "
            "away to begin anew";
    }
    return {fault, "'" + path_ + "': " + what + advice};
}

}  // namespace ops

// Database and Statement: SQLite, so far as this room needs it. Nothing outside src/record includes
// this.
//
// A Database is one connection used by one thread. Statements are prepared once and kept. Errors:
// unavailable (full, read-only, I/O error, locked), corrupt (malformed, not a database, not of our
// making), denied (permissions), invalid (too big).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "record/store.h"

struct sqlite3;
struct sqlite3_stmt;

namespace ops {

class Database;

// A prepared statement in use; goes back to the cache of its Database at the end of its scope.
// Arguments are bound in order; text and blobs must live until then.
class Statement {
public:
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    Statement& bind(int64_t value);
    Statement& bind(double value);
    Statement& bind(std::string_view text);
    Statement& bind_blob(std::string_view bytes);
    Statement& bind_null();
    // Empty text as NULL: such rows stay out of partial indexes.
    Statement& bind_or_null(std::string_view text);

    Statement& rewind();  // to be bound and stepped again

    Result<bool> step();  // true: there is a row
    Result<> run();       // to the end, rows ignored

    int columns() const;
    bool is_null(int column) const;
    int64_t integer(int column) const;
    std::string text(int column) const;
    std::string_view view(int column) const;  // until the next step

private:
    friend class Database;
    Statement(Database& database, sqlite3_stmt* statement)
        : database_(&database), statement_(statement) {}

    Database* database_;
    sqlite3_stmt* statement_;
    int bound_ = 0;
};

class Database {
public:
    // What makes each file of ours what it is.
    struct Kind {
        int application_id;
        int schema_version;
        const char* schema;  // CREATE statements of version 1
        // Brings the schema from version `from` to the next one; null while there is one only.
        Result<> (*migrate)(Database& database, int from);
    };

    // Opens and makes sure of the pragmas, the kind and the version.
    static Result<std::unique_ptr<Database>> open(const std::string& path, const Kind& kind,
                                                  const StoreOptions& options);
    // An empty one in memory.
    static Result<std::unique_ptr<Database>> open_in_memory(const Kind& kind);
    // An empty file held by an exclusive lock for as long as this lives; null when somebody else
    // holds it.
    static Result<std::unique_ptr<Database>> open_lock(const std::string& path,
                                                       const StoreOptions& options);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    Result<Statement> prepare(std::string_view sql);
    Result<> execute(const char* sql);  // one or more statements without rows
    // Runs `work` in a transaction: committed when it returns ok, else rolled back.
    Result<> transact(const std::function<Result<>()>& work);
    // Reads within `work` see one moment, whatever a writer does meanwhile.
    Result<> read_at_once(const std::function<Result<>()>& work);

    // PRAGMA quick_check or integrity_check: empty when all is well, else what is wrong.
    Result<std::string> check(std::string_view pragma);
    Result<int64_t> pragma(std::string_view name);

    // False when the file that is open is not the one by our path any more: moved, removed, or its
    // folder replaced or unmounted.
    bool is_in_place() const;
    // Pages waiting in the write-ahead log.
    int log_pages() const { return log_pages_; }
    Result<> checkpoint();
    // After a failed write: closing must not touch the files any more.
    void leave_files_alone();

    const std::string& path() const { return path_; }
    Error error(int code) const;
    int changes() const;

private:
    friend class Statement;
    Database() = default;
    bool is_read_only() const;
    Result<> make_log_certain(const StoreOptions& options);
    Result<> configure(const StoreOptions& options);
    Result<int64_t> check_kind(const Kind& kind, Access access);
    Result<> migrate(const Kind& kind, int64_t from);

    sqlite3* connection_ = nullptr;
    std::string path_;
    int log_pages_ = 0;
    std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

}  // namespace ops

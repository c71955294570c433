#include "record/store.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/assert.h"
#include "base/hash.h"
#include "io/posix_files.h"
#include "record/database.h"
#include "record/journal.h"
#include "record/schema.h"
#include "record/store_state.h"

namespace ops {
namespace {

constexpr int kLateCheckpoint = 8;  // times the pages that maintain() waits for
// A file of at most this size is checked whole when it is opened (some 10 ms).
constexpr int64_t kCheckedPages = 4096;
constexpr int64_t kCheckedEvents = 256;
constexpr size_t kLongestName = 512;
constexpr size_t kLongestBody = size_t{1} << 20U;

Result<> check_event(const Event& event) {
    const auto refuse = [&](const std::string& what) -> Error {
        return {Fault::invalid, "event '" + event.kind.substr(0, 64) + "': " + what};
    };
    if (event.kind.empty()) return refuse("no kind");
    for (const char letter : event.kind) {
        const bool fits = (letter >= 'a' && letter <= 'z') || letter == '.' || letter == '_';
        if (!fits) return refuse("a kind is made of a-z, '_' and '.'");
    }
    if (event.kind.size() > kLongestName || event.incident.size() > kLongestName ||
        event.target.size() > kLongestName) {
        return refuse("kind, incident and target have at most " + std::to_string(kLongestName) +
                      " bytes");
    }
    for (const std::string* name : {&event.incident, &event.target}) {
        const bool plain = std::all_of(name->begin(), name->end(), [](char letter) {
            return static_cast<unsigned char>(letter) >= ' ' && letter != 0x7f;
        });
        if (!plain) return refuse("a control character in its incident or target");
    }
    if (!event.body.is_object()) return refuse("the body is no object");
    if (event.body.dump().size() > kLongestBody) {
        return refuse("the body is over " + std::to_string(kLongestBody) + " bytes");
    }
    return {};
}

// Tells a person what a wrong file is, and whether the end of the chain holds.
Result<> check_quickly(Database& database) {
    if (TRY(database.pragma("page_count")) <= kCheckedPages) {
        const std::string found = TRY(database.check("quick_check"));
        if (!found.empty()) {
            return Error{Fault::corrupt,
                         "'" + database.path() + "': damaged: " + found +
                             "; the file was left as it is: keep a copy, then restore a backup, "
                             "or move it away to begin anew"};
        }
    }
    return {};
}

Result<JournalHead> read_pruned(Database& database) {
    Statement row = TRY(database.prepare("SELECT through, hash FROM pruned"));
    JournalHead pruned{.seq = 0, .hash = first_hash()};
    if (TRY(row.step())) {
        pruned = {.seq = static_cast<uint64_t>(row.integer(0)), .hash = row.text(1)};
    }
    return pruned;
}

// The newest events must fit together: what is appended next rests on them.
Result<JournalHead> read_head(Database& database) {
    JournalHead head = TRY(read_pruned(database));
    Statement rows = TRY(
        database.prepare(std::string("SELECT ") + kEventColumns +
                         " FROM event WHERE seq > (SELECT max(seq) FROM event) - ? ORDER BY seq"));
    rows.bind(kCheckedEvents + 1);
    bool is_first = true;
    while (TRY(rows.step())) {
        const Event event = TRY(read_event(rows));
        const bool may_be_checked = !is_first || event.seq == head.seq + 1;
        const bool fits =
            !may_be_checked ||
            (event.seq == head.seq + 1 && event.hash == chain_hash(head.hash, event, rows.view(5)));
        if (!fits) {
            return Error{Fault::corrupt,
                         "'" + database.path() + "': event " + std::to_string(event.seq) +
                             " does not fit the chain of hashes; the file was left as it is: look "
                             "with 'ops-agent audit verify', keep a copy, then restore a backup, "
                             "or move it away to begin anew"};
        }
        head = {.seq = event.seq, .hash = event.hash};
        is_first = false;
    }
    return head;
}

// What is recorded (arguments, output) is nobody else's business. SQLite gives its other files the
// mode of the first.
Result<> make_private(const std::string& folder) {
    PosixFiles files;
    TRY(files.make_folder(folder));
    for (const std::string& path : {state_path(folder), folder + "/writer.lock"}) {
        const Result<> made = files.create_new(path, "");
        if (!made.ok() && made.error().fault != Fault::denied) return made;  // denied: it is there
    }
    return {};
}

// A second writer would break the chain. The lock goes with the process, whatever ends it.
Result<std::unique_ptr<Database>> lock_folder(const std::string& folder,
                                              const StoreOptions& options) {
    auto lock = TRY(Database::open_lock(folder + "/writer.lock", options));
    if (lock == nullptr) {
        return Error{Fault::denied, "'" + folder + "': another ops-agent is using it"};
    }
    return lock;
}

}  // namespace

const char* const kEventColumns = "seq, at, kind, incident, target, body, hash";

int64_t to_millis(Time at) { return at.time_since_epoch().count(); }
Time from_millis(int64_t ms) { return Time(Duration(ms)); }
std::string state_path(const std::string& folder) { return folder + "/state.db"; }

Result<Event> read_event(const Statement& row) {
    Event event;
    event.seq = static_cast<uint64_t>(row.integer(0));
    event.at = from_millis(row.integer(1));
    event.kind = row.text(2);
    event.incident = row.text(3);
    event.target = row.text(4);
    auto body = Json::parse(row.view(5));
    if (!body.ok()) {
        return Error{Fault::corrupt,
                     "event " + std::to_string(event.seq) + ": " + body.error().message};
    }
    event.body = std::move(body).value();
    event.hash = row.text(6);
    return event;
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::string& folder, StoreOptions options) {
    auto state = std::make_unique<State>();
    state->read_only = options.access == Access::read;
    state->checkpoint_pages = options.checkpoint_pages;
    std::error_code ignored;
    if (options.must_exist && !std::filesystem::exists(state_path(folder), ignored)) {
        return Error{Fault::not_found,
                     "'" + state_path(folder) +
                         "' is gone, though this very agent wrote it: put the data folder back, or "
                         "start ops-agent again to begin anew"};
    }
    if (!state->read_only) {
        if (options.vfs.empty()) TRY(make_private(folder));
        state->lock = TRY(lock_folder(folder, options));
    }
    state->database = TRY(Database::open(state_path(folder), kStateKind, options));
    if (!state->read_only) TRY(check_quickly(*state->database));
    state->head = TRY(read_head(*state->database));
    state->projections = TRY(Projections::open(*state->database, *state->database));
    return std::unique_ptr<Store>(new Store(std::move(state)));
}

Result<> check_unused(const std::string& folder, const StoreOptions& options) {
    StoreOptions reading = options;
    reading.access = Access::read;
    if (!Database::open(state_path(folder), kStateKind, reading).ok()) return {};  // nothing to use
    TRY(lock_folder(folder, options));
    return {};
}

Result<> Store::State::refuse_unless_writable() {
    if (poison) return *poison;
    if (read_only) {
        return Error{Fault::denied, "'" + database->path() + "': opened for reading only"};
    }
    if (!database->is_in_place()) {
        return poison_with(
            {Fault::unavailable, "'" + database->path() +
                                     "' was moved or removed, or its disk unmounted, "
                                     "while it was written"});
    }
    return {};
}

Result<> Store::is_writable() { return state_->refuse_unless_writable(); }

Error Store::State::poison_with(Error error) {
    error.message += "; nothing more is written until the program has been started again";
    poison = std::move(error);
    database->leave_files_alone();
    return *poison;
}

Result<> Store::State::change(const std::function<Result<>()>& work) {
    Result<> done = database->transact(work);
    if (done.ok()) return {};
    return poison_with(std::move(done).error());
}

Result<> Store::State::write_events(std::vector<Event>& events, JournalHead& head_now) {
    for (Event& event : events) {
        const std::string body = event.body.dump();
        // What is folded is what is stored, byte for byte, so that a rebuild comes out the same.
        Event stored = event;
        stored.body = TRY(Json::parse(body));
        stored.seq = head_now.seq + 1;
        stored.hash = chain_hash(head_now.hash, stored, body);
        TRY(TRY(database->prepare("INSERT INTO event (seq, at, kind, incident, target, body, "
                                  "hash) VALUES (?, ?, ?, ?, ?, ?, ?)"))
                .bind(static_cast<int64_t>(stored.seq))
                .bind(to_millis(stored.at))
                .bind(stored.kind)
                .bind_or_null(stored.incident)
                .bind_or_null(stored.target)
                .bind(body)
                .bind(stored.hash)
                .run());
        TRY(projections->apply(stored));
        event.seq = stored.seq;
        event.hash = stored.hash;
        head_now = {.seq = event.seq, .hash = event.hash};
    }
    return {};
}

Result<> Store::append(std::vector<Event>& events) {
    TRY(state_->refuse_unless_writable());
    for (const Event& event : events) TRY(check_event(event));
    if (events.empty()) return {};
    JournalHead head = state_->head;
    const Result<> done = state_->change([&] { return state_->write_events(events, head); });
    if (!done.ok()) {
        for (Event& event : events) {
            event.seq = 0;
            event.hash.clear();
        }
        return done;
    }
    state_->head = head;
    if (state_->database->log_pages() > kLateCheckpoint * state_->checkpoint_pages) {
        // These events are safe. If this fails, the store is poisoned and the next call says so.
        (void)maintain();
    }
    return {};
}

Result<Event> Store::append(Event event) {
    std::vector<Event> one;
    one.push_back(std::move(event));
    TRY(append(one));
    return std::move(one.front());
}

// The chain does not cover what is no event, so each value has a sum of its own.
std::string sum_of_state(std::string_view key, std::string_view value) {
    return sha256_hex(std::to_string(key.size()) + ":" + std::string(key) + std::string(value))
        .substr(0, 16);
}

Result<std::optional<std::string>> Store::state(std::string_view key) {
    Statement row = TRY(state_->database->prepare("SELECT value, sum FROM state WHERE key = ?"));
    row.bind(key);
    if (!TRY(row.step())) return std::optional<std::string>();
    if (row.view(1) != sum_of_state(key, row.view(0))) {
        return Error{Fault::corrupt, "'" + state_->database->path() + "': state '" +
                                         std::string(key) + "' is not what was stored"};
    }
    return std::optional<std::string>(row.text(0));
}

Result<> Store::set_state(std::string_view key, std::string_view value) {
    TRY(state_->refuse_unless_writable());
    const std::string sum = sum_of_state(key, value);
    return state_->change([&]() -> Result<> {
        return TRY(state_->database->prepare(
                       "INSERT OR REPLACE INTO state (key, value, sum) VALUES (?, ?, ?)"))
            .bind(key)
            .bind(value)
            .bind(sum)
            .run();
    });
}

Result<> Store::erase_state(std::string_view key) {
    TRY(state_->refuse_unless_writable());
    return state_->change([&]() -> Result<> {
        return TRY(state_->database->prepare("DELETE FROM state WHERE key = ?")).bind(key).run();
    });
}

JournalHead Store::head() const { return state_->head; }
const std::optional<Error>& Store::poisoned() const { return state_->poison; }

Result<> Store::maintain() {
    TRY(state_->refuse_unless_writable());
    if (state_->database->log_pages() < state_->checkpoint_pages) return {};
    const Result<> done = state_->database->checkpoint();
    if (done.ok()) return {};
    // The log still holds everything, but a sync that failed once may lie the next time.
    state_->poison = done.error();
    state_->database->leave_files_alone();
    return done;
}

}  // namespace ops

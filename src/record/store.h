// Store: what the program knows for certain. Open this header first; the room's others are
// journal.h (the chain of hashes, rebuilding, verifying) and history.h (samples for charts).
//
// The journal (model/event.h) is the truth: append-only, each event hashed over the one before
// (docs/formats/journal.md). Incidents, actions, alerts and the outbox are projections of it,
// updated in the same transaction, and can be rebuilt from it. All of it is one SQLite file,
// FOLDER/state.db.
//
// Promises:
//   - append() returns only when its events are on the disk (WAL, synchronous=FULL): all or none.
//   - After a failed write nothing is certain, so the store is poisoned: every later write returns
//     that error. Close it and open it again to read what is really there. Reads go on.
//   - A file that is no longer where it was (moved, removed, its disk unmounted) counts as a write
//     that failed: what is written to it nobody will read again.
//   - A file that fails its checks is Fault::corrupt; it is left as it is.
// One writer at a time (a second one is Fault::denied), any number of readers in other processes,
// one thread per Store. Errors: unavailable (full disk, read-only, I/O error), corrupt, denied,
// invalid (the caller's event).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/event.h"
#include "model/incident.h"

namespace ops {

enum class Access { write, read };
// How a commit is made durable. Anything but `full` loses what was acknowledged when the power
// goes; the lesser ones exist so that a test can show it (record/power_cut_test.cc).
enum class Durability { full, normal, off };

struct StoreOptions {
    std::string vfs{};  // of SQLite; empty: the system's
    Access access = Access::write;
    Durability durability = Durability::full;
    // Pages of 4 KiB in the write-ahead log that make maintain() move them into the file. append()
    // waits for eight times as many.
    int checkpoint_pages = 256;
    // Fault::not_found when there is no file yet: it was there, and nothing is begun in its place.
    bool must_exist = false;
};

struct EventQuery {
    std::string incident{};  // empty: any
    std::string target{};    // empty: any
    // One kind, or all that begin so ("action."); empty: any. Of one kind the newest few are found
    // without looking at the others.
    std::string kind{}, kind_prefix{};
    uint64_t from_seq = 0;  // this one and later
    std::optional<Time> since{};
    enum class Order { oldest_first, newest_first } order = Order::oldest_first;
    size_t limit = 1000;
};

struct IncidentQuery {
    std::vector<IncidentState> states{};  // empty: any
    std::string target{};                 // empty: any
    std::optional<Time> since{};          // opened at or after
    std::string cursor{};                 // from cursor_after(); empty: from the newest
    size_t limit = 100;
};

struct ActionQuery {
    std::string incident{};       // empty: any
    std::string target{};         // empty: any
    std::optional<Time> since{};  // started at or after
    enum class Only {
        all,
        awaiting,    // approval asked for, not given yet or given and not begun
        unsettled,   // intent without outcome: it may have happened (safety.md, section 2)
        unverified,  // outcome without verdict
    } only = Only::all;
    size_t limit = 100;  // newest first
};

struct AlertQuery {
    std::string incident{};
    std::string target{};
    std::optional<Time> since{};
    size_t limit = 100;  // newest first
};

// A message that was queued for a person, and how far it came.
struct StoredAlert {
    std::string key{};
    std::string incident{};
    std::string target{};
    Time at{};
    Json alert{};                     // body of alert.queued: level, title, text, fields, channels
    std::vector<std::string> sent{};  // channels that took it
    std::vector<std::string> waiting{};
    std::vector<std::string> given_up{};  // refused for good
    int attempts = 0;                     // failed ones, over all channels
    std::string error{};                  // the newest failure
};

// One message to one channel that has not been taken yet.
struct OutboxRow {
    std::string key{};
    std::string channel{};
    std::string incident{};
    std::string target{};
    Json alert{};  // body of alert.queued
    Time queued_at{};
    int attempts = 0;
    Time next_try{};
};

struct JournalHead {
    uint64_t seq = 0;  // 0: nothing yet
    std::string hash{};
};

struct PruneReport {
    uint64_t events = 0;   // removed
    uint64_t through = 0;  // newest sequence number removed, ever
    std::string
        held_by;  // the incident, action or alert that keeps older events from going; or empty
    // How old what stays is, when that has no end yet; nothing when it only ended lately.
    std::optional<Time> held_since;
};

// A message that a channel did not take is tried again after so long, at the latest.
inline constexpr Duration kMostPutOff = std::chrono::hours(1);

class Store {
public:
    static constexpr int kSchemaVersion = 1;

    // Makes folder and file when they are not there (not for Access::read). Migrates an older
    // schema forward and refuses a newer one.
    static Result<std::unique_ptr<Store>> open(const std::string& folder,
                                               StoreOptions options = {});
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    // One transaction. Sets `seq` and `hash` of the events. The times of events may go back (the
    // wall clock does).
    Result<> append(std::vector<Event>& events);
    Result<Event> append(Event event);

    Result<std::vector<Event>> events(const EventQuery& query);
    Result<std::vector<Incident>> incidents(const IncidentQuery& query);  // newest first
    // By id or by the beginning of it, with or without "inc-". Fault::invalid when several begin
    // so.
    Result<std::optional<Incident>> incident(std::string_view id);
    Result<std::vector<Action>> actions(const ActionQuery& query);
    Result<std::optional<Action>> action(std::string_view id);  // as incident()
    Result<std::vector<StoredAlert>> alerts(const AlertQuery& query);

    // alert.queued puts one row per channel (a pair of key and channel is queued once, ever),
    // alert.sent takes it out, alert.failed puts it off until its `next_try`, and for ever without
    // one. What was never tried is due whatever the clock says, and so is what is put off for
    // longer than anything is: the clock was set back since. Oldest first; of one incident on one
    // channel only the oldest, so that a recovery cannot overtake its problem.
    Result<std::vector<OutboxRow>> outbox_due(Time now, size_t limit);

    // A few small things that must survive and are no events: epoch, detector states. Durable as
    // append.
    Result<std::optional<std::string>> state(std::string_view key);
    Result<> set_state(std::string_view key, std::string_view value);
    Result<> erase_state(std::string_view key);

    JournalHead head() const;
    // The error that poisoned this store, or nothing.
    const std::optional<Error>& poisoned() const;

    // Whether the next write may be tried at all. Cheap: for every tick.
    Result<> is_writable();
    // Moves what the write-ahead log holds into the main file, when it is worth it. Call when idle,
    // about once a second; append does it itself when nobody does, at the price of one slow append.
    Result<> maintain();
    // Removes events older than `before`, oldest first and at most `limit`, with what was made of
    // them. Stops at the first event of anything unfinished. The chain stays verifiable from a
    // checkpoint (docs/formats/journal.md).
    Result<PruneReport> prune(Time before, Time now, size_t limit = 1000);

private:
    friend class StoreAccess;  // journal.cc: rebuilding and verifying
    struct State;
    explicit Store(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// Fault::denied while another process writes in this folder. Makes nothing; an answer for the
// moment, which the lock of open() decides.
Result<> check_unused(const std::string& folder, const StoreOptions& options = {});

// Where the page after this incident begins.
std::string cursor_after(const Incident& incident);

}  // namespace ops

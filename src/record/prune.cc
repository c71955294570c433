// Retention of the journal: removing its oldest events without breaking what is left.

#include <chrono>
#include <utility>

#include "record/database.h"
#include "record/projection.h"
#include "record/store.h"
#include "record/store_state.h"

namespace ops {
namespace {

// A thing that events speak of, as far as retention cares.
struct Subject {
    std::string id;  // "incident inc-x"
    std::string key;
    const char* newest;  // SQL: sequence number of its newest event, and whether it is finished
    const char* remove;
    const char* remove_more = nullptr;
};

std::vector<Subject> subjects_of(const Event& event) {
    std::vector<Subject> subjects;
    if (!event.incident.empty()) {
        subjects.push_back(
            {.id = "incident " + event.incident,
             .key = event.incident,
             .newest = "SELECT last_seq, state = 'resolved' FROM incident WHERE id = ?",
             .remove = "DELETE FROM incident WHERE id = ?"});
    }
    const std::string action = event.body["action"].as_string();
    if (event.kind.starts_with("action.") && !action.empty()) {
        // An approval that nobody gave is finished by time; and an incident that is over gives no
        // more verdicts on what was done for it.
        subjects.push_back(
            {.id = "action " + action,
             .key = action,
             .newest = "SELECT last_seq, progress IN (0, 3) OR (progress = 2 AND NOT EXISTS "
                       "(SELECT 1 FROM incident WHERE incident.id = action.incident AND "
                       "incident.state <> 'resolved')) FROM action WHERE id = ?",
             .remove = "DELETE FROM action WHERE id = ?"});
    }
    const std::string key = event.body["key"].as_string();
    if (event.kind.starts_with("alert.") && !key.empty()) {
        subjects.push_back({.id = "alert " + key,
                            .key = key,
                            .newest = "SELECT last_seq, NOT EXISTS (SELECT 1 FROM delivery WHERE "
                                      "delivery.key = alert.key AND sent_at IS NULL AND "
                                      "next_try < 9223372036854775807) FROM alert WHERE key = ?",
                            .remove = "DELETE FROM alert WHERE key = ?",
                            .remove_more = "DELETE FROM delivery WHERE key = ?"});
    }
    return subjects;
}

// One run of retention: decides from the front, event by event, then removes them together.
class Pruning {
public:
    Pruning(Database& database, Projections& projections, Time before)
        : database_(&database), projections_(&projections), before_(before) {}

    // True: the event may go, and what is made of it has been removed.
    Result<bool> take(const Event& event) {
        if (event.at >= before_) return false;
        for (const Subject& subject : subjects_of(event)) {
            if (!TRY(is_finished(subject))) {
                held_by_ = subject.id;
                if (is_open_) held_since_ = event.at;
                return false;
            }
        }
        for (const Subject& subject : subjects_of(event)) TRY(remove(subject));
        ++events_;
        through_ = {.seq = event.seq, .hash = event.hash};
        return true;
    }

    Result<> finish() {
        const auto through = static_cast<int64_t>(through_.seq);
        TRY(TRY(database_->prepare("DELETE FROM event WHERE seq <= ?")).bind(through).run());
        TRY(TRY(database_->prepare("DELETE FROM pruned")).run());
        TRY(TRY(database_->prepare("INSERT INTO pruned (through, hash) VALUES (?, ?)"))
                .bind(through)
                .bind(through_.hash)
                .run());
        return projections_->forget_cut_off(through);
    }

    uint64_t events() const { return events_; }
    const JournalHead& through() const { return through_; }
    const std::string& held_by() const { return held_by_; }
    std::optional<Time> held_since() const { return held_since_; }

private:
    // Finished, and its newest event is old enough too: a story goes as a whole.
    Result<bool> is_finished(const Subject& subject) {
        Statement row = TRY(database_->prepare(subject.newest));
        row.bind(subject.key);
        if (!TRY(row.step())) return true;  // removed with an earlier event of it
        is_open_ = row.integer(1) == 0;
        if (is_open_) return false;
        Statement newest = TRY(database_->prepare("SELECT at FROM event WHERE seq = ?"));
        newest.bind(row.integer(0));
        return !TRY(newest.step()) || newest.integer(0) < to_millis(before_);
    }

    Result<> remove(const Subject& subject) {
        int64_t last_seq = 0;
        {
            Statement row = TRY(database_->prepare(subject.newest));
            row.bind(subject.key);
            if (!TRY(row.step())) return {};
            last_seq = row.integer(0);
        }
        TRY(TRY(database_->prepare(subject.remove)).bind(subject.key).run());
        if (subject.remove_more != nullptr) {
            TRY(TRY(database_->prepare(subject.remove_more)).bind(subject.key).run());
        }
        return projections_->cut_off(subject.id, last_seq);
    }

    Database* database_;
    Projections* projections_;
    Time before_;
    uint64_t events_ = 0;
    JournalHead through_;
    std::string held_by_;
    std::optional<Time> held_since_;
    bool is_open_ = false;  // what is_finished() was asked about last has no end yet
};

}  // namespace

Result<PruneReport> Store::prune(Time before, Time now, size_t limit) {
    TRY(state_->refuse_unless_writable());
    Database& database = *state_->database;
    PruneReport report;
    // It is asked for every few seconds, and nearly always there is nothing to do.
    const std::vector<Event> first = TRY(events({.limit = 1}));
    if (first.empty() || first[0].at >= before) return report;
    const std::vector<Event> oldest = TRY(events({.limit = limit}));
    JournalHead head = state_->head;
    const Result<> done = state_->change([&]() -> Result<> {
        Pruning pruning(database, *state_->projections, before);
        for (const Event& event : oldest) {
            if (event.seq == head.seq || !TRY(pruning.take(event))) break;
        }
        report.events = pruning.events();
        report.held_by = pruning.held_by();
        report.held_since = pruning.held_since();
        if (report.events == 0) return {};
        report.through = pruning.through().seq;
        TRY(pruning.finish());
        std::vector<Event> told(1);
        told[0].at = now;
        told[0].kind = "journal.pruned";
        told[0].body = Json::object({{"through", report.through},
                                     {"hash", pruning.through().hash},
                                     {"events", report.events}});
        return state_->write_events(told, head);
    });
    if (!done.ok()) return done.error();
    state_->head = head;
    return report;
}

}  // namespace ops

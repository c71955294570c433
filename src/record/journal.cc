#include "record/journal.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "record/database.h"
#include "record/projection.h"
#include "record/schema.h"
#include "record/store_state.h"

namespace ops {
namespace {

constexpr size_t kDifferencesTold = 20;
constexpr size_t kBrokenLinksTold = 5;

// Each field with its length before it, so that no two events have the same bytes.
void add_field(std::string& bytes, std::string_view field) {
    bytes += std::to_string(field.size());
    bytes += ':';
    bytes += field;
    bytes += '\n';
}

void add_difference(RebuildReport& report, size_t& found, std::string difference) {
    if (++found <= kDifferencesTold) report.differences.push_back(std::move(difference));
}

Result<> for_each_event(Database& database, const std::function<Result<>(const Event&)>& visit) {
    Statement rows =
        TRY(database.prepare(std::string("SELECT ") + kEventColumns + " FROM event ORDER BY seq"));
    while (TRY(rows.step())) TRY(visit(TRY(read_event(rows))));
    return {};
}

Result<uint64_t> fold_all(Database& events, Projections& projections) {
    uint64_t count = 0;
    TRY(for_each_event(events, [&](const Event& event) -> Result<> {
        ++count;
        return projections.apply(event);
    }));
    return count;
}

bool same_row(const Statement& a, const Statement& b) {
    for (int column = 0; column < a.columns(); ++column) {
        if (a.is_null(column) != b.is_null(column) || a.view(column) != b.view(column)) {
            return false;
        }
    }
    return true;
}

std::string name_of_row(std::string_view table, const Statement& row) {
    std::string name = std::string(table) + " '" + row.text(0) + "'";
    if (table == "delivery") name += " on '" + row.text(1) + "'";
    return name;
}

// Both in the order of their keys: walks them side by side.
Result<> compare_table(Database& recorded, Database& made, std::string_view table,
                       RebuildReport& report, size_t& found) {
    const std::string sql = "SELECT * FROM " + std::string(table) + " ORDER BY 1, 2";
    Statement a = TRY(recorded.prepare(sql));
    Statement b = TRY(made.prepare(sql));
    bool has_a = TRY(a.step());
    bool has_b = TRY(b.step());
    const int keys = table == "delivery" ? 2 : 1;
    const auto order = [&] {
        for (int key = 0; key < keys; ++key) {
            const int side = a.view(key).compare(b.view(key));
            if (side != 0) return side;
        }
        return 0;
    };
    while (has_a || has_b) {
        const int side = !has_a ? 1 : !has_b ? -1 : order();
        if (side < 0) {
            add_difference(report, found, name_of_row(table, a) + ": no event tells of it");
            has_a = TRY(a.step());
        } else if (side > 0) {
            add_difference(report, found, name_of_row(table, b) + ": was missing");
            has_b = TRY(b.step());
        } else {
            if (!same_row(a, b)) {
                add_difference(report, found,
                               name_of_row(table, b) + ": is not what the events say");
            }
            has_a = TRY(a.step());
            has_b = TRY(b.step());
        }
    }
    return {};
}

// Requires: nobody writes to `recorded` meanwhile (a transaction around).
Result<RebuildReport> compare_projections(Database& recorded) {
    const auto made = TRY(Database::open_in_memory(kStateKind));
    Projections projections = TRY(Projections::open(*made, recorded));
    RebuildReport report;
    TRY(made->transact([&]() -> Result<> {
        report.events = TRY(fold_all(recorded, projections));
        return {};
    }));
    size_t found = 0;
    for (const std::string_view table : Projections::kTables) {
        TRY(compare_table(recorded, *made, table, report, found));
    }
    if (found > kDifferencesTold) {
        report.differences.push_back("and " + std::to_string(found - kDifferencesTold) + " more");
    }
    return report;
}

// Walks the chain. What does not fit is told, and the walk goes on from what is there.
class ChainWalk {
public:
    ChainWalk(JournalHead pruned, std::string_view expected_head)
        : before_(std::move(pruned)), expected_head_(expected_head) {
        report_.pruned_through = before_.seq;
        saw_expected_ = before_.hash == expected_head_;
    }

    void visit(const Event& event, std::string_view body) {
        ++report_.events;
        if (event.seq != before_.seq + 1) {
            break_at(before_.seq + 1, "events " + std::to_string(before_.seq + 1) + " to " +
                                          std::to_string(event.seq - 1) + " are missing");
        } else if (event.hash != chain_hash(before_.hash, event, body)) {
            break_at(event.seq, "event " + std::to_string(event.seq) + " (" + event.kind +
                                    ") is not what was recorded");
        }
        if (event.hash == expected_head_) saw_expected_ = true;
        before_ = {.seq = event.seq, .hash = event.hash};
    }

    ChainReport finish() {
        report_.head = before_;
        if (broken_ > kBrokenLinksTold) {
            report_.problems.push_back("and " + std::to_string(broken_ - kBrokenLinksTold) +
                                       " more breaks of the chain");
        }
        if (!expected_head_.empty() && !saw_expected_) {
            report_.problems.push_back(
                "no event has the hash '" + std::string(expected_head_) +
                "': events were removed or changed since it was noted" +
                (report_.pruned_through == 0
                     ? ""
                     : ", or it was removed by retention, which took events up to " +
                           std::to_string(report_.pruned_through)));
        }
        return std::move(report_);
    }

private:
    void break_at(uint64_t seq, std::string problem) {
        if (report_.broken_at == 0) report_.broken_at = seq;
        if (++broken_ <= kBrokenLinksTold) report_.problems.push_back(std::move(problem));
    }

    ChainReport report_;
    JournalHead before_;
    std::string_view expected_head_;
    bool saw_expected_ = false;
    size_t broken_ = 0;
};

Result<JournalHead> read_pruned_prefix(Database& database) {
    Statement row = TRY(database.prepare("SELECT through, hash FROM pruned"));
    if (!TRY(row.step())) return JournalHead{.seq = 0, .hash = first_hash()};
    return JournalHead{.seq = static_cast<uint64_t>(row.integer(0)), .hash = row.text(1)};
}

// The row of what was pruned is not in the chain; the newest event that tells of it is.
Result<> check_pruned(Database& database, const JournalHead& pruned, ChainReport& report) {
    Statement row = TRY(database.prepare(
        "SELECT body FROM event WHERE kind = 'journal.pruned' ORDER BY seq DESC LIMIT 1"));
    JournalHead told{.seq = 0, .hash = first_hash()};
    if (TRY(row.step())) {
        const Json body = TRY(Json::parse(row.view(0)));
        told = {.seq = static_cast<uint64_t>(body["through"].as_int()),
                .hash = body["hash"].as_string()};
    }
    if (told.seq != pruned.seq || told.hash != pruned.hash) {
        report.problems.push_back("retention removed events up to " + std::to_string(told.seq) +
                                  " as it recorded, but those up to " + std::to_string(pruned.seq) +
                                  " are gone");
    }
    return {};
}

Result<> check_states(Database& database, ChainReport& report) {
    Statement rows = TRY(database.prepare("SELECT key, value, sum FROM state"));
    while (TRY(rows.step())) {
        if (rows.view(2) == sum_of_state(rows.view(0), rows.view(1))) continue;
        report.problems.push_back("state '" + rows.text(0) + "' is not what was stored");
    }
    return {};
}

// The newest event that anything was made of.
Result<uint64_t> newest_projected(Database& database) {
    Statement row =
        TRY(database.prepare("SELECT max((SELECT coalesce(max(last_seq), 0) FROM incident), "
                             "(SELECT coalesce(max(last_seq), 0) FROM action), "
                             "(SELECT coalesce(max(last_seq), 0) FROM alert))"));
    TRY(row.step());
    return static_cast<uint64_t>(row.integer(0));
}

Result<ChainReport> verify_at_once(Database& database, std::string_view expected_head) {
    const JournalHead pruned = TRY(read_pruned_prefix(database));
    ChainWalk walk(pruned, expected_head);
    {
        Statement rows = TRY(
            database.prepare(std::string("SELECT ") + kEventColumns + " FROM event ORDER BY seq"));
        Event event;
        while (TRY(rows.step())) {
            event.seq = static_cast<uint64_t>(rows.integer(0));
            event.at = from_millis(rows.integer(1));
            event.kind = rows.text(2);
            event.incident = rows.text(3);
            event.target = rows.text(4);
            event.hash = rows.text(6);
            walk.visit(event, rows.view(5));
        }
    }
    ChainReport report = walk.finish();
    TRY(check_pruned(database, pruned, report));
    TRY(check_states(database, report));
    // Events that are not what was recorded need not be readable: no use in folding them.
    if (report.broken_at != 0) return report;
    if (const uint64_t newest = TRY(newest_projected(database)); newest > report.head.seq) {
        // The rows know of events that are not there: to rebuild would throw away what is left of
        // them.
        report.broken_at = report.head.seq + 1;
        report.problems.push_back("events after " + std::to_string(report.head.seq) +
                                  " are missing, up to " + std::to_string(newest) + " at least");
        return report;
    }
    RebuildReport rebuilt = TRY(compare_projections(database));
    report.only_projections_differ = report.problems.empty() && !rebuilt.differences.empty();
    for (std::string& difference : rebuilt.differences) {
        report.problems.push_back(std::move(difference) + " (ops-agent rebuild mends it)");
    }
    return report;
}

}  // namespace

// How journal.cc gets at what a Store is made of.
class StoreAccess {
public:
    static Store::State& state(Store& store) { return *store.state_; }
};

std::string first_hash() { return std::string(64, '0'); }

std::string chain_hash(std::string_view previous, const Event& event, std::string_view body) {
    std::string bytes = "ops-agent event 1\n";
    bytes.reserve(body.size() + 256);
    add_field(bytes, previous);
    add_field(bytes, std::to_string(event.seq));
    add_field(bytes, std::to_string(to_millis(event.at)));
    add_field(bytes, event.kind);
    add_field(bytes, event.incident);
    add_field(bytes, event.target);
    add_field(bytes, body);
    return sha256_hex(bytes);
}

Result<ChainReport> verify_journal(const std::string& folder, std::string_view expected_head,
                                   StoreOptions options) {
    options.access = Access::read;
    const auto database = TRY(Database::open(state_path(folder), kStateKind, options));
    const std::string damage = TRY(database->check("integrity_check"));
    ChainReport report;
    const Result<> done = database->read_at_once([&]() -> Result<> {
        report = TRY(verify_at_once(*database, expected_head));
        return {};
    });
    if (!done.ok()) {
        // What a damaged file cannot tell is itself the finding.
        if (done.error().fault != Fault::corrupt && damage.empty()) return done.error();
        report.problems.push_back(done.error().message);
    }
    if (!damage.empty()) report.problems.insert(report.problems.begin(), "damaged: " + damage);
    report.ok = report.problems.empty();
    return report;
}

Result<RebuildReport> rebuild_projections(const std::string& folder, Rebuild mode,
                                          StoreOptions options) {
    RebuildReport report;
    if (mode == Rebuild::compare) {
        options.access = Access::read;
        const auto database = TRY(Database::open(state_path(folder), kStateKind, options));
        TRY(database->read_at_once([&]() -> Result<> {
            report = TRY(compare_projections(*database));
            return {};
        }));
        return report;
    }
    const auto store = TRY(Store::open(folder, options));
    auto& state = StoreAccess::state(*store);
    TRY(state.change([&]() -> Result<> {
        report = TRY(compare_projections(*state.database));
        TRY(state.projections->clear());
        TRY(fold_all(*state.database, *state.projections));
        return {};
    }));
    return report;
}

}  // namespace ops

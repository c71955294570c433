// History: numbers over time, for charts, trends and replay. FOLDER/samples.db.
//
// Kept as they came for 24 hours, per minute for 30 days, per hour for 2 years, and read already
// downsampled. It is not the truth (that is the journal): a power cut may lose the last seconds,
// never what was there before them. Built for 5,000 samples a second of 30,000 series at little CPU
// and memory; how, is told in docs/formats/history.md. One writer, any number of readers in other
// processes, one thread per History.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/value.h"
#include "record/store.h"

namespace ops {

struct SampleRow {
    std::string_view target;
    std::string_view fact;
    Time at{};
    double value = 0;  // those that are not finite are left out
};

struct HistorySample {
    Time at{};         // where its span begins
    double value = 0;  // the mean
    double low = 0;
    double high = 0;
    uint64_t count = 1;  // of the values that came
    Duration span{0};    // zero: it is one as it came; else all three have the precision of a float
};

// A fact took this value: what numbers at regular times cannot tell (a text, a yes or no, that
// there is none any more, the unit).
struct FactChange {
    std::string target;
    std::string fact;
    Time at{};
    Value value;
};

struct Retention {
    Duration raw = std::chrono::hours(24);
    Duration minutes = std::chrono::hours(24 * 30);
    Duration hours = std::chrono::hours(24 * 730);
};

class History {
public:
    static Result<std::unique_ptr<History>> open(const std::string& folder,
                                                 StoreOptions options = {});
    ~History();
    History(const History&) = delete;
    History& operator=(const History&) = delete;

    // One transaction; meant to be called about once a second with all that came in. Rows may come
    // late, up to two minutes, and in any order.
    Result<> add(std::span<const SampleRow> rows);
    // From the finest level that is there and needed, oldest first, at most `max_points`; where
    // that joins some, always the same ones, whenever it is asked. Empty when nothing is known.
    Result<std::vector<HistorySample>> window(std::string_view target, std::string_view fact,
                                              Time from, Time to, size_t max_points);
    Result<std::vector<std::string>> facts_of(std::string_view target);  // names, sorted

    // Things that happen at a moment: crash, restart, deploy.
    Result<> add_event(std::string_view target, std::string_view kind, Time at);
    Result<std::vector<Time>> event_times(std::string_view target, std::string_view kind, Time from,
                                          Time to);

    // Changes of facts, kept as long as minutes are, and of each series the newest before that. One
    // transaction; no changes, no write. A fact that changes more often than 60 times an hour is no
    // state: it is kept as unknown until the next hour.
    Result<> add_changes(std::span<const FactChange> changes);
    // Of the facts of these names, on any target: everything up to `to`, oldest first.
    Result<std::vector<FactChange>> changes(const std::set<std::string>& facts, Time to);
    // Since when every sample is kept as it came; older ones are means. Nothing when none is.
    Result<std::optional<Time>> exact_from();
    // The end of the newest minute of which anything is known.
    Result<std::optional<Time>> newest();

    // Rolls up and drops, one small step (a few ms) a call. Says whether more is to be done now;
    // otherwise once every ten seconds is often enough.
    Result<bool> maintain(Time now, const Retention& retention = {});

private:
    struct State;
    explicit History(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ops

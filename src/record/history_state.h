// What a History is made of. Private to src/record.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "record/database.h"
#include "record/history.h"
#include "record/sample_block.h"

namespace ops {

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kLongestTimeMs = 4'102'444'800'000;  // the year 2100: beyond it a clock is wrong
constexpr int64_t kMinutesPerHour = 60;
constexpr int64_t kHoursPerDay = 24;
constexpr uint32_t kSeriesPerSegment = 1024;

// Keys of the tables: time before place, so that what is old stands together.
inline int64_t segment_key(int64_t time, int64_t segment) { return time * 65536 + segment; }
inline int64_t series_key(int64_t time, int64_t series) { return time * 16'777'216 + series; }
constexpr int64_t kMostSeries = 16'777'215;

// Division that rounds down, also before 1970.
inline int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
inline uint32_t segment_of(uint32_t series) { return series / kSeriesPerSegment; }

// A minute of batches is moved in several steps. This is how far the steps have come.
struct RollMark {
    int64_t minute = 0;
    int64_t up_to_batch = 0;  // 0: nothing under way
    int64_t next_segment = 0;
};

// Ids of series by the hash of target and fact. Tens of thousands stay in memory, and each sample
// looks one up, so it is a flat table: 12 bytes a place, a fifth of them free.
class SeriesIds {
public:
    std::optional<uint32_t> find(uint64_t hash) const;
    void expect(uint64_t hash) const;         // it is looked up soon (base/prefetch.h)
    void insert(uint64_t hash, uint32_t id);  // one that is not there
    void clear() { *this = SeriesIds(); }

private:
    size_t place_of(uint64_t hash) const;  // its own, or the free one where it belongs
    void grow();

    std::vector<uint64_t> hashes_;
    std::vector<uint32_t> ids_;  // 0: free
    size_t used_ = 0;
};

struct History::State {
    std::unique_ptr<Database> lock;
    std::unique_ptr<Database> database;
    std::optional<Error> poison;
    bool read_only = false;
    int checkpoint_pages = 0;
    SeriesIds series_ids;
    // Kinds of moments that anything ever had. Whoever has thousands of targets asks each for those
    // that none of them knows.
    std::optional<std::set<std::string, std::less<>>> moment_kinds;

    // How often each series changed in the hour of the newest change (history_changes.cc). By its
    // id, which are dense: after a start tens of thousands change once.
    int64_t changes_hour = 0;
    std::vector<uint16_t> changes_in_hour;
    Result<std::string> pack_allowed(std::span<const FactChange> changes);
    Result<bool> fold_old_changes(int64_t before_ms);

    Result<> change(const std::function<Result<>()>& work);
    Result<> checkpoint_if_due();
    Result<std::optional<uint32_t>> find_series(std::string_view target, std::string_view fact);
    Result<bool> has_moments(const std::string& name);
    Result<uint32_t> make_series(std::string_view target, std::string_view fact);

    // history_roll.cc; each says whether it did anything.
    Result<bool> roll_batches(int64_t now_minute);
    Result<bool> roll_minutes(int64_t now_minute);
    Result<bool> roll_hours(int64_t now_minute);
    Result<bool> drop_old(int64_t now_ms, const Retention& retention);
    Result<RollMark> read_mark();
};

// One blob of a table by key; empty when there is none.
Result<std::string> read_blob(Database& database, std::string_view table, int64_t key);
Result<> write_blob(Database& database, std::string_view table, int64_t key, std::string_view blob);

}  // namespace ops

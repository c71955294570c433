// Reading a stretch of one series, at the level that fits.

#include <algorithm>
#include <limits>

#include "record/history_state.h"

namespace ops {
namespace {

constexpr int64_t kHourMs = kMinuteMs * kMinutesPerHour;

// A stretch of time, both ends in.
struct Stretch {
    int64_t from_ms = 0;
    int64_t to_ms = 0;
    bool is_empty() const { return from_ms > to_ms; }
};

struct Point {
    int64_t at_ms = 0;
    int64_t span_ms = 0;  // zero: one sample as it came
    Summary summary;
};

// Collects the points of one series.
class Collector {
public:
    Collector(Database& database, uint32_t series) : database_(&database), series_(series) {}

    // What came in the last minutes stands in batches, whatever the level.
    Result<> add_batches(Stretch stretch, const RollMark& mark);
    // Each level hands what is older than its oldest row to the next coarser one.
    Result<> add_raw(Stretch stretch);
    Result<> add_minutes(Stretch stretch);
    Result<> add_hours(Stretch stretch);

    // At most `most`, in order.
    std::vector<HistorySample> take(Stretch stretch, size_t most);

private:
    // A table: how long one row is (in ms), and by how many it is divided below the time in keys.
    struct Table {
        std::string name;
        int64_t row_ms;
        int64_t keys_per_time;
        int64_t place;  // of our series within a time
    };
    using Visit = std::function<Result<>(int64_t begin_ms, std::string_view blob)>;

    Table blocks(std::string name, int64_t row_ms) const {
        return {std::move(name), row_ms, segment_key(1, 0), segment_of(series_)};
    }
    Table chunks(std::string name, int64_t row_ms) const {
        return {std::move(name), row_ms, series_key(1, 0), series_};
    }
    Result<int64_t> oldest_ms(const Table& table);
    Result<> each_row(const Table& table, Stretch stretch, const Visit& visit);
    Result<> add_samples(std::string_view blob, Stretch stretch);
    Result<> add_blocks(const std::string& name, int64_t row_ms, Stretch stretch);
    Result<> add_chunks(const Table& table, int64_t unit_ms, Stretch stretch);
    void add(int64_t at_ms, int64_t span_ms, const Summary& summary, Stretch stretch) {
        const int64_t last_ms = at_ms + std::max<int64_t>(span_ms - 1, 0);
        if (last_ms >= stretch.from_ms && at_ms <= stretch.to_ms) {
            points_.push_back({at_ms, span_ms, summary});
        }
    }

    Database* database_;
    uint32_t series_;
    std::vector<Point> points_;
    std::vector<RawSample> samples_;
    std::vector<NumberedSummary> summaries_;
};

Result<int64_t> Collector::oldest_ms(const Table& table) {
    Statement row = TRY(database_->prepare("SELECT min(key) FROM " + table.name));
    TRY(row.step());
    if (row.is_null(0)) return std::numeric_limits<int64_t>::max();
    return floor_div(row.integer(0), table.keys_per_time) * table.row_ms;
}

// Rows of other series lie between ours, so it goes from key to key; over times that are not there
// at all it jumps.
Result<> Collector::each_row(const Table& table, Stretch stretch, const Visit& visit) {
    Statement next =
        TRY(database_->prepare("SELECT key FROM " + table.name + " WHERE key >= ? LIMIT 1"));
    int64_t time = floor_div(stretch.from_ms, table.row_ms);
    const int64_t last = floor_div(stretch.to_ms, table.row_ms);
    while (time <= last) {
        const std::string blob =
            TRY(read_blob(*database_, table.name, time * table.keys_per_time + table.place));
        if (!blob.empty()) {
            TRY(visit(time * table.row_ms, blob));
            ++time;
            continue;
        }
        next.rewind().bind((time + 1) * table.keys_per_time);
        if (!TRY(next.step())) break;
        time = floor_div(next.integer(0), table.keys_per_time);
    }
    return {};
}

Result<> Collector::add_samples(std::string_view blob, Stretch stretch) {
    samples_.clear();
    TRY(unpack_samples(blob, series_, series_, samples_));
    for (const RawSample& sample : samples_) {
        add(sample.at_ms, 0, Summary::of(sample.value), stretch);
    }
    return {};
}

Result<> Collector::add_blocks(const std::string& name, int64_t row_ms, Stretch stretch) {
    return each_row(blocks(name, row_ms), stretch,
                    [&](int64_t begin_ms, std::string_view blob) -> Result<> {
                        summaries_.clear();
                        TRY(unpack_summaries(blob, summaries_));
                        for (const NumberedSummary& each : summaries_) {
                            if (each.number == series_) {
                                add(begin_ms, row_ms, each.summary, stretch);
                            }
                        }
                        return {};
                    });
}

Result<> Collector::add_chunks(const Table& table, int64_t unit_ms, Stretch stretch) {
    return each_row(table, stretch, [&](int64_t begin_ms, std::string_view blob) -> Result<> {
        summaries_.clear();
        TRY(unpack_summaries(blob, summaries_));
        for (const NumberedSummary& each : summaries_) {
            add(begin_ms + int64_t{each.number} * unit_ms, unit_ms, each.summary, stretch);
        }
        return {};
    });
}

Result<> Collector::add_batches(Stretch stretch, const RollMark& mark) {
    Statement rows = TRY(
        database_->prepare("SELECT id, minute, body FROM batch WHERE minute >= ? AND minute <= ?"));
    rows.bind(floor_div(stretch.from_ms, kMinuteMs)).bind(floor_div(stretch.to_ms, kMinuteMs));
    while (TRY(rows.step())) {
        // Moved on already, though the batch is still there for other series.
        const bool moved = rows.integer(1) == mark.minute && rows.integer(0) <= mark.up_to_batch &&
                           segment_of(series_) < mark.next_segment;
        if (!moved) TRY(add_samples(rows.view(2), stretch));
    }
    return {};
}

Result<> Collector::add_raw(Stretch stretch) {
    const Table raw = blocks("raw", kMinuteMs);
    const int64_t oldest = TRY(oldest_ms(raw));
    if (stretch.from_ms < oldest) {
        TRY(add_minutes({stretch.from_ms, std::min(stretch.to_ms, oldest - 1)}));
        stretch.from_ms = oldest;
    }
    if (stretch.is_empty()) return {};
    return each_row(raw, stretch,
                    [&](int64_t, std::string_view blob) { return add_samples(blob, stretch); });
}

Result<> Collector::add_minutes(Stretch stretch) {
    const Table minutes = chunks("minutes", kHourMs);
    TRY(add_blocks("minute", kMinuteMs, stretch));
    const int64_t oldest = TRY(oldest_ms(minutes));
    if (stretch.from_ms < oldest) {
        const Stretch older{stretch.from_ms, std::min(stretch.to_ms, oldest - 1)};
        TRY(add_blocks("hour", kHourMs, older));
        TRY(add_chunks(chunks("hours", kHourMs * kHoursPerDay), kHourMs, older));
        stretch.from_ms = oldest;
    }
    if (stretch.is_empty()) return {};
    return add_chunks(minutes, kMinuteMs, stretch);
}

Result<> Collector::add_hours(Stretch stretch) {
    TRY(add_blocks("minute", kMinuteMs, stretch));  // not made into hours yet
    TRY(add_blocks("hour", kHourMs, stretch));
    return add_chunks(chunks("hours", kHourMs * kHoursPerDay), kHourMs, stretch);
}

std::vector<HistorySample> Collector::take(Stretch stretch, size_t most) {
    std::stable_sort(points_.begin(), points_.end(),
                     [](const Point& a, const Point& b) { return a.at_ms < b.at_ms; });
    const int64_t length = stretch.to_ms - stretch.from_ms + 1;
    const auto wanted = static_cast<int64_t>(most);
    // With few enough points each is a bucket of its own. Buckets begin at multiples of their
    // width: the same samples are joined a second later, and no answer flickers.
    const bool joins = points_.size() > most;
    const int64_t width = wanted > 1 ? length / (wanted - 1) + 1 : kLongestTimeMs;
    std::vector<HistorySample> samples;
    Point bucket;
    int64_t bucket_number = -1;
    const auto flush = [&] {
        if (bucket.summary.count == 0) return;
        samples.push_back({Time(Duration(bucket.at_ms)), bucket.summary.mean, bucket.summary.low,
                           bucket.summary.high, bucket.summary.count, Duration(bucket.span_ms)});
        bucket = {};
    };
    for (const Point& point : points_) {
        const int64_t number = point.at_ms / width;
        if (number != bucket_number || !joins) {
            flush();
            bucket.at_ms = point.at_ms;
            bucket.span_ms = joins ? std::max(width, point.span_ms) : point.span_ms;
            bucket_number = number;
        }
        bucket.summary.add(point.summary);
    }
    flush();
    return samples;
}

}  // namespace

Result<std::vector<HistorySample>> History::window(std::string_view target, std::string_view fact,
                                                   Time from, Time to, size_t max_points) {
    const Stretch stretch{std::max<int64_t>(from.time_since_epoch().count(), 0),
                          std::min(to.time_since_epoch().count(), kLongestTimeMs)};
    const auto series = TRY(state_->find_series(target, fact));
    if (!series || stretch.is_empty() || max_points == 0) return std::vector<HistorySample>();
    const auto points = static_cast<int64_t>(std::min<size_t>(max_points, 1'000'000));
    const int64_t step_ms = (stretch.to_ms - stretch.from_ms) / points;
    Collector collector(*state_->database, *series);
    // A reader beside the writer must not see a minute both before and after it moved on.
    TRY(state_->database->read_at_once([&]() -> Result<> {
        TRY(collector.add_batches(stretch, TRY(state_->read_mark())));
        if (step_ms >= kHourMs) return collector.add_hours(stretch);
        if (step_ms >= kMinuteMs) return collector.add_minutes(stretch);
        return collector.add_raw(stretch);
    }));
    return collector.take(stretch, static_cast<size_t>(points));
}

}  // namespace ops

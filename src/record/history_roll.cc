// From samples as they came to minutes, hours and nothing: the steps of History::maintain.
//
//   batch -> raw (24 h, as they came, by minute) and minute (summaries, all series of a minute)
//   minute -> minutes (30 d, an hour of one series) and hour (summaries, all series of an hour)
//   hour -> hours (2 y, a day of one series)
//
// Each step takes rows away on one side and merges what they say into the other side, in one
// transaction: late samples, a clock that jumps, and a crash between steps are no special cases.

#include <algorithm>
#include <map>

#include "record/history_state.h"

namespace ops {
namespace {

// Samples of a minute may come until it has been over for so long.
constexpr int64_t kGraceMinutes = 2;
constexpr int64_t kSegmentsPerStep = 8;
constexpr int64_t kRowsPerDrop = 500;

Result<std::optional<int64_t>> least(Database& database, const std::string& sql) {
    Statement row = TRY(database.prepare(sql));
    if (!TRY(row.step()) || row.is_null(0)) return std::optional<int64_t>();
    return std::optional<int64_t>(row.integer(0));
}

Result<> merge_into(Database& database, std::string_view table, int64_t key,
                    std::vector<NumberedSummary> summaries) {
    TRY(unpack_summaries(TRY(read_blob(database, table, key)), summaries));
    merge_summaries(summaries);
    return write_blob(database, table, key, pack_summaries(summaries));
}

// Takes the blocks of all `count` times from `first` on away, of one segment: series -> (time -
// first).
Result<std::map<uint32_t, std::vector<NumberedSummary>>> take_blocks(Database& database,
                                                                     const std::string& table,
                                                                     int64_t first, int64_t count,
                                                                     int64_t segment) {
    std::map<uint32_t, std::vector<NumberedSummary>> by_series;
    std::vector<NumberedSummary> block;
    for (int64_t offset = 0; offset < count; ++offset) {
        const int64_t key = segment_key(first + offset, segment);
        block.clear();
        TRY(unpack_summaries(TRY(read_blob(database, table, key)), block));
        if (block.empty()) continue;
        for (const NumberedSummary& each : block) {
            by_series[each.number].push_back({static_cast<uint32_t>(offset), each.summary});
        }
        TRY(TRY(database.prepare("DELETE FROM " + table + " WHERE key = ?")).bind(key).run());
    }
    return by_series;
}

Result<bool> drop_rows(Database& database, const std::string& table, int64_t before_key) {
    TRY(TRY(database.prepare("DELETE FROM " + table + " WHERE key IN (SELECT key FROM " + table +
                             " WHERE key < ? ORDER BY key LIMIT ?)"))
            .bind(before_key)
            .bind(kRowsPerDrop)
            .run());
    return database.changes() > 0;
}

// The samples of some segments, from the batches of one minute.
Result<std::vector<RawSample>> samples_of_batches(Database& database, const RollMark& mark) {
    Statement rows =
        TRY(database.prepare("SELECT body FROM batch WHERE minute = ? AND id <= ? ORDER BY id"));
    rows.bind(mark.minute).bind(mark.up_to_batch);
    const auto first = static_cast<uint32_t>(mark.next_segment) * kSeriesPerSegment;
    const auto last =
        static_cast<uint32_t>(mark.next_segment + kSegmentsPerStep) * kSeriesPerSegment - 1;
    std::vector<RawSample> samples;
    while (TRY(rows.step())) TRY(unpack_samples(rows.view(0), first, last, samples));
    return samples;
}

// One segment of one minute.
Result<> store_segment(Database& database, int64_t minute, uint32_t segment,
                       std::span<const RawSample> samples) {
    std::vector<NumberedSummary> summaries;
    for (const RawSample& sample : samples) {
        summaries.push_back({sample.series, Summary::of(sample.value)});
    }
    const int64_t key = segment_key(minute, segment);
    TRY(merge_into(database, "minute", key, std::move(summaries)));
    const std::string before = TRY(read_blob(database, "raw", key));
    if (before.empty()) return write_blob(database, "raw", key, pack_samples(samples));
    std::vector<RawSample> all(samples.begin(), samples.end());
    TRY(unpack_samples(before, 0, UINT32_MAX, all));
    sort_samples(all);
    return write_blob(database, "raw", key, pack_samples(all));
}

Result<> write_mark(Database& database, const RollMark& mark) {
    return TRY(database.prepare("UPDATE mark SET minute = ?, up_to_batch = ?, next_segment = ?"))
        .bind(mark.minute)
        .bind(mark.up_to_batch)
        .bind(mark.next_segment)
        .run();
}

}  // namespace

Result<RollMark> History::State::read_mark() {
    Statement row = TRY(database->prepare("SELECT minute, up_to_batch, next_segment FROM mark"));
    if (!TRY(row.step())) return RollMark{};
    return RollMark{row.integer(0), row.integer(1), row.integer(2)};
}

Result<bool> History::State::roll_batches(int64_t now_minute) {
    RollMark mark = TRY(read_mark());
    if (mark.up_to_batch == 0) {
        const auto minute = TRY(least(*database, "SELECT min(minute) FROM batch"));
        if (!minute || *minute + kGraceMinutes >= now_minute) return false;
        Statement newest = TRY(database->prepare("SELECT max(id) FROM batch WHERE minute = ?"));
        newest.bind(*minute);
        TRY(newest.step());
        mark = {.minute = *minute, .up_to_batch = newest.integer(0), .next_segment = 0};
    }
    const auto last_series = TRY(least(*database, "SELECT max(id) FROM series")).value_or(0);
    TRY(change([&]() -> Result<> {
        std::vector<RawSample> samples = TRY(samples_of_batches(*database, mark));
        sort_samples(samples);
        for (size_t begin = 0; begin < samples.size();) {
            const uint32_t segment = segment_of(samples[begin].series);
            size_t end = begin;
            while (end < samples.size() && segment_of(samples[end].series) == segment) ++end;
            TRY(store_segment(*database, mark.minute, segment,
                              std::span(samples).subspan(begin, end - begin)));
            begin = end;
        }
        RollMark next = mark;
        next.next_segment += kSegmentsPerStep;
        if (next.next_segment * kSeriesPerSegment > last_series) {
            TRY(TRY(database->prepare("DELETE FROM batch WHERE minute = ? AND id <= ?"))
                    .bind(mark.minute)
                    .bind(mark.up_to_batch)
                    .run());
            next = {};
        }
        return write_mark(*database, next);
    }));
    return true;
}

Result<bool> History::State::roll_minutes(int64_t now_minute) {
    const auto key = TRY(least(*database, "SELECT min(key) FROM minute"));
    if (!key) return false;
    const int64_t hour = floor_div(floor_div(*key, segment_key(1, 0)), kMinutesPerHour);
    // One minute more than the batches need, so that they are through.
    if ((hour + 1) * kMinutesPerHour + kGraceMinutes + 1 >= now_minute) return false;
    const int64_t segment = *key - segment_key(floor_div(*key, segment_key(1, 0)), 0);
    TRY(change([&]() -> Result<> {
        const auto by_series =
            TRY(take_blocks(*database, "minute", hour * kMinutesPerHour, kMinutesPerHour, segment));
        std::vector<NumberedSummary> hours;
        for (const auto& [series, minutes] : by_series) {
            TRY(merge_into(*database, "minutes", series_key(hour, series), minutes));
            for (const NumberedSummary& minute : minutes) {
                hours.push_back({series, minute.summary});
            }
        }
        return merge_into(*database, "hour", segment_key(hour, segment), std::move(hours));
    }));
    return true;
}

Result<bool> History::State::roll_hours(int64_t now_minute) {
    const auto key = TRY(least(*database, "SELECT min(key) FROM hour"));
    if (!key) return false;
    const int64_t day = floor_div(floor_div(*key, segment_key(1, 0)), kHoursPerDay);
    // One hour more than the minutes need, so that they are through.
    if (((day + 1) * kHoursPerDay + 1) * kMinutesPerHour >= now_minute) return false;
    const int64_t segment = *key - segment_key(floor_div(*key, segment_key(1, 0)), 0);
    TRY(change([&]() -> Result<> {
        const auto by_series =
            TRY(take_blocks(*database, "hour", day * kHoursPerDay, kHoursPerDay, segment));
        for (const auto& [series, hours] : by_series) {
            TRY(merge_into(*database, "hours", series_key(day, series), hours));
        }
        return {};
    }));
    return true;
}

Result<bool> History::State::drop_old(int64_t now_ms, const Retention& retention) {
    bool more = false;
    TRY(change([&]() -> Result<> {
        const auto minute_before = [&](Duration kept) {
            return floor_div(now_ms - kept.count(), kMinuteMs);
        };
        const int64_t hour = floor_div(minute_before(retention.minutes), kMinutesPerHour);
        const int64_t last_hour = floor_div(minute_before(retention.hours), kMinutesPerHour);
        more = TRY(drop_rows(*database, "raw", segment_key(minute_before(retention.raw), 0)));
        more |= TRY(drop_rows(*database, "minutes", series_key(hour, 0)));
        more |=
            TRY(drop_rows(*database, "hours", series_key(floor_div(last_hour, kHoursPerDay), 0)));
        TRY(TRY(database->prepare("DELETE FROM moment WHERE rowid IN (SELECT rowid FROM moment "
                                  "WHERE at < ? ORDER BY at LIMIT ?)"))
                .bind(now_ms - retention.hours.count())
                .bind(kRowsPerDrop)
                .run());
        more |= database->changes() > 0;
        more |= TRY(fold_old_changes(now_ms - retention.minutes.count()));
        return {};
    }));
    return more;
}

Result<bool> History::maintain(Time now, const Retention& retention) {
    if (state_->poison) return *state_->poison;
    if (state_->read_only) return Error{Fault::denied, "the history was opened for reading only"};
    const int64_t now_ms = now.time_since_epoch().count();
    const int64_t now_minute = floor_div(now_ms, kMinuteMs);
    const bool more =
        TRY(state_->roll_batches(now_minute)) || TRY(state_->roll_minutes(now_minute)) ||
        TRY(state_->roll_hours(now_minute)) || TRY(state_->drop_old(now_ms, retention));
    TRY(state_->checkpoint_if_due());
    return more;
}

}  // namespace ops

// Changes of facts: a second's worth is one row. Read whole and in order, which is how a replay
// wants them.

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "record/change_block.h"
#include "record/history_state.h"

namespace ops {
namespace {

constexpr int kChangesAnHour = 60;  // of one series
constexpr int kRowsPerFold = 256;

}  // namespace

Result<std::string> History::State::pack_allowed(std::span<const FactChange> changes) {
    std::vector<StoredChange> stored;
    stored.reserve(changes.size());
    for (const FactChange& change : changes) {
        const int64_t at = change.at.time_since_epoch().count();
        if (at < 0 || at > kLongestTimeMs) continue;
        const uint32_t series = TRY(make_series(change.target, change.fact));
        const int64_t hour = at / (kMinuteMs * kMinutesPerHour);
        if (hour != changes_hour) changes_in_hour.clear();
        changes_hour = hour;
        if (series >= changes_in_hour.size()) changes_in_hour.resize(series + 1);
        if (changes_in_hour[series] > kChangesAnHour) continue;
        const int count = ++changes_in_hour[series];
        if (count > kChangesAnHour) continue;
        // The last one that is kept must not stand for those that are not.
        stored.push_back({series, at, count == kChangesAnHour ? Value() : change.value});
    }
    return pack_changes(stored);
}

Result<> History::add_changes(std::span<const FactChange> changes) {
    if (changes.empty()) return {};
    TRY(state_->change([&]() -> Result<> {
        const std::string block = TRY(state_->pack_allowed(changes));
        if (block.empty()) return {};
        return TRY(state_->database->prepare("INSERT INTO change (at, body) VALUES (?, ?)"))
            .bind(int64_t{changes.back().at.time_since_epoch().count()})
            .bind_blob(block)
            .run();
    }));
    return state_->checkpoint_if_due();
}

Result<std::vector<FactChange>> History::changes(const std::set<std::string>& facts, Time to) {
    std::vector<FactChange> found;
    std::vector<StoredChange> stored;
    std::unordered_map<uint32_t, std::pair<std::string, std::string>> names;
    TRY(state_->database->read_at_once([&]() -> Result<> {
        Statement series = TRY(state_->database->prepare("SELECT id, target, fact FROM series"));
        while (TRY(series.step())) {
            std::string fact = series.text(2);
            if (!facts.contains(fact)) continue;
            names.emplace(static_cast<uint32_t>(series.integer(0)),
                          std::pair(series.text(1), std::move(fact)));
        }
        Statement rows = TRY(state_->database->prepare("SELECT body FROM change ORDER BY id"));
        while (TRY(rows.step())) {
            stored.clear();
            TRY(unpack_changes(rows.view(0), stored));
            for (StoredChange& change : stored) {
                const Time at{Duration(change.at_ms)};
                const auto named = names.find(change.series);
                if (named == names.end() || at > to) continue;
                found.push_back(
                    {named->second.first, named->second.second, at, std::move(change.value)});
            }
        }
        return {};
    }));
    std::stable_sort(found.begin(), found.end(),
                     [](const FactChange& a, const FactChange& b) { return a.at < b.at; });
    return found;
}

// Requires: a transaction. What is dropped leaves behind where each series stood.
Result<bool> History::State::fold_old_changes(int64_t before_ms) {
    std::vector<StoredChange> old;
    int64_t last = 0;
    int64_t newest = 0;
    {
        Statement rows = TRY(
            database->prepare("SELECT id, at, body FROM change WHERE id > 0 ORDER BY id LIMIT ?"));
        rows.bind(int64_t{kRowsPerFold});
        while (TRY(rows.step())) {
            if (rows.integer(1) >= before_ms) break;
            last = rows.integer(0);
            newest = rows.integer(1);
            TRY(unpack_changes(rows.view(2), old));
        }
    }
    if (last == 0) return false;
    std::vector<StoredChange> all;
    {
        Statement base = TRY(database->prepare("SELECT body FROM change WHERE id = 0"));
        if (TRY(base.step())) TRY(unpack_changes(base.view(0), all));
    }
    all.insert(all.end(), std::make_move_iterator(old.begin()), std::make_move_iterator(old.end()));
    std::map<uint32_t, StoredChange> kept;
    for (StoredChange& change : all) kept[change.series] = std::move(change);
    std::vector<StoredChange> base;
    base.reserve(kept.size());
    for (auto& [series, change] : kept) base.push_back(std::move(change));
    TRY(TRY(database->prepare("INSERT OR REPLACE INTO change (id, at, body) VALUES (0, ?, ?)"))
            .bind(newest)
            .bind_blob(pack_changes(base))
            .run());
    TRY(TRY(database->prepare("DELETE FROM change WHERE id > 0 AND id <= ?")).bind(last).run());
    return true;
}

Result<std::optional<Time>> History::exact_from() {
    std::optional<int64_t> oldest;
    const auto earlier = [&oldest](int64_t minute) {
        if (!oldest || minute < *oldest) oldest = minute;
    };
    Statement raw = TRY(state_->database->prepare("SELECT min(key) FROM raw"));
    if (TRY(raw.step()) && !raw.is_null(0)) earlier(floor_div(raw.integer(0), segment_key(1, 0)));
    Statement batch = TRY(state_->database->prepare("SELECT min(minute) FROM batch"));
    if (TRY(batch.step()) && !batch.is_null(0)) earlier(batch.integer(0));
    if (!oldest) return std::optional<Time>();
    return std::optional<Time>(Time(Duration(*oldest * kMinuteMs)));
}

Result<std::optional<Time>> History::newest() {
    int64_t minute = 0;
    Statement raw = TRY(state_->database->prepare("SELECT max(key) FROM raw"));
    if (TRY(raw.step()) && !raw.is_null(0)) minute = floor_div(raw.integer(0), segment_key(1, 0));
    Statement batch = TRY(state_->database->prepare("SELECT max(minute) FROM batch"));
    if (TRY(batch.step()) && !batch.is_null(0)) minute = std::max(minute, batch.integer(0));
    if (minute == 0) return std::optional<Time>();
    return std::optional<Time>(Time(Duration((minute + 1) * kMinuteMs)));
}

}  // namespace ops

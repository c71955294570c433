#include "record/history.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/prefetch.h"
#include "base/text.h"
#include "io/posix_files.h"
#include "record/history_state.h"

namespace ops {
namespace {

constexpr const char* kSchema = R"sql(
CREATE TABLE series (id INTEGER PRIMARY KEY, target TEXT NOT NULL, fact TEXT NOT NULL);
CREATE UNIQUE INDEX series_name ON series (target, fact);
CREATE TABLE batch (id INTEGER PRIMARY KEY, minute INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX batch_minute ON batch (minute, id);
CREATE TABLE mark (minute INTEGER NOT NULL, up_to_batch INTEGER NOT NULL,
  next_segment INTEGER NOT NULL);
INSERT INTO mark VALUES (0, 0, 0);
CREATE TABLE raw (key INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE minute (key INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE minutes (key INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE hour (key INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE hours (key INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE moment (series INTEGER NOT NULL, at INTEGER NOT NULL);
CREATE INDEX moment_series ON moment (series, at);
CREATE INDEX moment_at ON moment (at);
)sql";

// To version 2: changes of facts. Row 0 holds what is left of those that were dropped: the newest
// of each series.
constexpr const char* kSecondSchema = R"sql(
CREATE TABLE change (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, body BLOB NOT NULL);
INSERT INTO change VALUES (0, 0, x'');
)sql";

Result<> migrate(Database& database, int) { return database.execute(kSecondSchema); }

constexpr Database::Kind kSamplesKind = {
    .application_id = 0x6f707368,  // "opsh"
    .schema_version = 2,
    .schema = kSchema,
    .migrate = migrate,
};

constexpr size_t kLongestName = 512;
// Facts of series that hold no numbers but moments begin so.
constexpr std::string_view kMomentMark = "!";

uint64_t hash_of(std::string_view target, std::string_view fact) {
    uint64_t hash = 0xcbf29ce484222325U;
    const auto mix = [&](std::string_view text) {
        for (const char letter : text) {
            hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
        }
        hash = (hash ^ 0xffU) * 0x100000001b3U;  // no byte of a name: "ab"+"c" is not "a"+"bc"
    };
    mix(target);
    mix(fact);
    return hash ^ (hash >> 29U);
}

int64_t millis(Time at) { return at.time_since_epoch().count(); }

}  // namespace

Result<std::string> read_blob(Database& database, std::string_view table, int64_t key) {
    Statement row =
        TRY(database.prepare("SELECT body FROM " + std::string(table) + " WHERE key = ?"));
    row.bind(key);
    if (!TRY(row.step())) return std::string();
    return row.text(0);
}

Result<> write_blob(Database& database, std::string_view table, int64_t key,
                    std::string_view blob) {
    return TRY(database.prepare("INSERT OR REPLACE INTO " + std::string(table) +
                                " (key, body) VALUES (?, ?)"))
        .bind(key)
        .bind_blob(blob)
        .run();
}

size_t SeriesIds::place_of(uint64_t hash) const {
    size_t at = hash % ids_.size();
    while (ids_[at] != 0 && hashes_[at] != hash) at = at + 1 < ids_.size() ? at + 1 : 0;
    return at;
}

std::optional<uint32_t> SeriesIds::find(uint64_t hash) const {
    if (ids_.empty()) return std::nullopt;
    const uint32_t id = ids_[place_of(hash)];
    return id == 0 ? std::nullopt : std::optional(id);
}

void SeriesIds::expect(uint64_t hash) const {
    if (ids_.empty()) return;
    prefetch(&ids_[hash % ids_.size()]);
    prefetch(&hashes_[hash % ids_.size()]);
}

void SeriesIds::insert(uint64_t hash, uint32_t id) {
    if ((used_ + 1) * 5 > ids_.size() * 4) grow();
    const size_t at = place_of(hash);
    hashes_[at] = hash;
    ids_[at] = id;
    ++used_;
}

void SeriesIds::grow() {
    SeriesIds larger;
    const size_t size = std::max<size_t>(64, ids_.size() + ids_.size() / 4);
    larger.hashes_.resize(size);
    larger.ids_.resize(size);
    for (size_t i = 0; i < ids_.size(); ++i) {
        if (ids_[i] != 0) larger.insert(hashes_[i], ids_[i]);
    }
    *this = std::move(larger);
}

History::History(std::unique_ptr<State> state) : state_(std::move(state)) {}
History::~History() = default;

Result<std::unique_ptr<History>> History::open(const std::string& folder, StoreOptions options) {
    auto state = std::make_unique<State>();
    state->read_only = options.access == Access::read;
    state->checkpoint_pages = options.checkpoint_pages;
    const std::string path = folder + "/samples.db";
    if (!state->read_only) {
        if (options.vfs.empty()) {
            PosixFiles files;
            TRY(files.make_folder(folder));
            const Result<> made = files.create_new(path, "");
            if (!made.ok() && made.error().fault != Fault::denied) return made.error();
        }
        state->lock = TRY(Database::open_lock(folder + "/samples.lock", options));
        if (state->lock == nullptr) {
            return Error{Fault::denied, "'" + folder + "': another ops-agent is using it"};
        }
    }
    // Losing the last seconds is no harm here, and a sync a second would be.
    if (options.durability == Durability::full) options.durability = Durability::normal;
    state->database = TRY(Database::open(path, kSamplesKind, options));
    return std::unique_ptr<History>(new History(std::move(state)));
}

Result<> History::State::change(const std::function<Result<>()>& work) {
    if (poison) return *poison;
    if (read_only) return Error{Fault::denied, "the history was opened for reading only"};
    Result<> done = database->transact(work);
    if (done.ok()) return done;
    series_ids.clear();  // some may not have been stored
    moment_kinds.reset();
    if (done.error().fault == Fault::invalid) return done;
    poison = done.error();
    database->leave_files_alone();
    return done;
}

Result<> History::State::checkpoint_if_due() {
    if (database->log_pages() < checkpoint_pages) return {};
    const Result<> done = database->checkpoint();
    if (done.ok()) return {};
    poison = done.error();
    database->leave_files_alone();
    return done;
}

Result<std::optional<uint32_t>> History::State::find_series(std::string_view target,
                                                            std::string_view fact) {
    const uint64_t hash = hash_of(target, fact);
    if (const auto known = series_ids.find(hash)) return known;
    Statement row = TRY(database->prepare("SELECT id FROM series WHERE target = ? AND fact = ?"));
    row.bind(target).bind(fact);
    if (!TRY(row.step())) return std::optional<uint32_t>();
    const auto id = static_cast<uint32_t>(row.integer(0));
    series_ids.insert(hash, id);
    return std::optional<uint32_t>(id);
}

// Is there any series of moments of this name (with its mark)? Another process may add the first
// one while we only read.
Result<bool> History::State::has_moments(const std::string& name) {
    if (read_only) return true;
    if (!moment_kinds) {
        std::set<std::string, std::less<>> kinds;
        Statement rows = TRY(database->prepare(
            "SELECT DISTINCT fact FROM series WHERE id IN (SELECT series FROM moment)"));
        while (TRY(rows.step())) kinds.insert(rows.text(0));
        moment_kinds = std::move(kinds);
    }
    return moment_kinds->contains(name);
}

Result<uint32_t> History::State::make_series(std::string_view target, std::string_view fact) {
    if (const auto known = TRY(find_series(target, fact))) return *known;
    if (target.size() > kLongestName || fact.size() > kLongestName) {
        return Error{Fault::invalid, "series '" + clip_end(target, 64) + "': the name is over " +
                                         std::to_string(kLongestName) + " bytes"};
    }
    {
        Statement count = TRY(database->prepare("SELECT max(id) FROM series"));
        TRY(count.step());
        if (count.integer(0) >= kMostSeries) {
            return Error{Fault::invalid, "more than " + std::to_string(kMostSeries) + " series"};
        }
    }
    TRY(TRY(database->prepare("INSERT INTO series (target, fact) VALUES (?, ?)"))
            .bind(target)
            .bind(fact)
            .run());
    const auto made = TRY(find_series(target, fact));
    return made.value_or(0);
}

// One batch for each minute, so that each can be rolled up when its time has come, however wrong
// the time of another is.
Result<> History::add(std::span<const SampleRow> rows) {
    std::vector<RawSample> samples;
    samples.reserve(rows.size());
    TRY(state_->change([&]() -> Result<> {
        constexpr size_t kAhead = 16;
        std::vector<uint64_t> hashes(rows.size());
        for (size_t i = 0; i < rows.size() + kAhead; ++i) {
            if (i < rows.size()) {
                hashes[i] = hash_of(rows[i].target, rows[i].fact);
                state_->series_ids.expect(hashes[i]);
            }
            if (i < kAhead) continue;
            const SampleRow& row = rows[i - kAhead];
            const int64_t at = millis(row.at);
            if (!std::isfinite(row.value) || at < 0 || at > kLongestTimeMs) continue;
            const auto known = state_->series_ids.find(hashes[i - kAhead]);
            const uint32_t series = known ? *known : TRY(state_->make_series(row.target, row.fact));
            samples.push_back({series, at, row.value});
        }
        std::stable_sort(samples.begin(), samples.end(),
                         [](const RawSample& a, const RawSample& b) {
                             const int64_t minute_a = a.at_ms / kMinuteMs;
                             const int64_t minute_b = b.at_ms / kMinuteMs;
                             if (minute_a != minute_b) return minute_a < minute_b;
                             return a.series != b.series ? a.series < b.series : a.at_ms < b.at_ms;
                         });
        for (size_t begin = 0; begin < samples.size();) {
            const int64_t minute = samples[begin].at_ms / kMinuteMs;
            size_t end = begin;
            while (end < samples.size() && samples[end].at_ms / kMinuteMs == minute) ++end;
            const std::string block = pack_samples(std::span(samples).subspan(begin, end - begin));
            TRY(TRY(state_->database->prepare("INSERT INTO batch (minute, body) VALUES (?, ?)"))
                    .bind(minute)
                    .bind_blob(block)
                    .run());
            begin = end;
        }
        return {};
    }));
    return state_->checkpoint_if_due();
}

Result<std::vector<std::string>> History::facts_of(std::string_view target) {
    Statement rows =
        TRY(state_->database->prepare("SELECT fact FROM series WHERE target = ? ORDER BY fact"));
    rows.bind(target);
    std::vector<std::string> facts;
    while (TRY(rows.step())) {
        if (!rows.view(0).starts_with(kMomentMark)) facts.push_back(rows.text(0));
    }
    return facts;
}

Result<> History::add_event(std::string_view target, std::string_view kind, Time at) {
    const std::string name = std::string(kMomentMark) + std::string(kind);
    return state_->change([&]() -> Result<> {
        const uint32_t series = TRY(state_->make_series(target, name));
        if (state_->moment_kinds) state_->moment_kinds->insert(name);
        return TRY(state_->database->prepare("INSERT INTO moment (series, at) VALUES (?, ?)"))
            .bind(int64_t{series})
            .bind(millis(at))
            .run();
    });
}

Result<std::vector<Time>> History::event_times(std::string_view target, std::string_view kind,
                                               Time from, Time to) {
    std::vector<Time> times;
    const std::string name = std::string(kMomentMark) + std::string(kind);
    if (!TRY(state_->has_moments(name))) return times;
    const auto series = TRY(state_->find_series(target, name));
    if (!series) return times;
    Statement rows = TRY(state_->database->prepare(
        "SELECT at FROM moment WHERE series = ? AND at >= ? AND at <= ? ORDER BY at"));
    rows.bind(int64_t{*series}).bind(millis(from)).bind(millis(to));
    while (TRY(rows.step())) times.push_back(Time(Duration(rows.integer(0))));
    return times;
}

}  // namespace ops

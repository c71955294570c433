#include "record/memories.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>
#include <utility>

#include "base/text.h"
#include "io/posix_files.h"
#include "record/database.h"

namespace ops {
namespace {

// memory_terms holds no text of its own but that of `memory`. Its tokenizer takes ASCII letters and
// digits and all other bytes for parts of words: exactly what the words we give it are made of.
constexpr const char* kSchema = R"sql(
CREATE TABLE memory (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, useful_at INTEGER NOT NULL,
  expires_at INTEGER, target TEXT, grouped TEXT, rule TEXT, length INTEGER NOT NULL,
  title_terms TEXT NOT NULL, text_terms TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX memory_useful ON memory (useful_at);
CREATE INDEX memory_expires ON memory (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX memory_target ON memory (target, useful_at) WHERE target IS NOT NULL;
CREATE INDEX memory_grouped ON memory (grouped, useful_at) WHERE grouped IS NOT NULL;
CREATE INDEX memory_rule ON memory (rule, useful_at) WHERE rule IS NOT NULL;
CREATE TABLE total (memories INTEGER NOT NULL, length INTEGER NOT NULL);
INSERT INTO total VALUES (0, 0);
CREATE VIRTUAL TABLE memory_terms USING fts5 (title_terms, text_terms, content='memory',
  content_rowid='number', tokenize='ascii');
CREATE VIRTUAL TABLE memory_vocabulary USING fts5vocab ('memory_terms', 'row');
)sql";

constexpr Database::Kind kBrainKind = {
    .application_id = 0x6f707362,  // "opsb"
    .schema_version = 1,
    .schema = kSchema,
    .migrate = nullptr,
};

constexpr int64_t kCheckedPages = 4096;  // as of the store: a larger file is not read whole
constexpr size_t kLongestName = 512;
// A question of more words is answered by its rarest ones, and words that are nearly everywhere
// choose nothing: the work of one question stays bounded.
constexpr size_t kMostAsked = 24;
constexpr uint64_t kMostMatches = 20'000;

int64_t millis(Time at) { return at.time_since_epoch().count(); }

bool is_term(std::string_view term) {
    return !term.empty() && term.size() <= 64 && std::all_of(term.begin(), term.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               static_cast<unsigned char>(c) >= 0x80;
    });
}

std::string spaced(const std::vector<std::string>& terms) { return join(terms, " "); }

std::vector<std::string> apart(std::string_view text) {
    std::vector<std::string> terms;
    for (const std::string_view term : words_of(text)) terms.emplace_back(term);
    return terms;
}

Result<> check_memory(const StoredMemory& stored) {
    const Memory& memory = stored.memory;
    const auto refuse = [&](const std::string& what) -> Error {
        return {Fault::invalid, "memory '" + clip_end(memory.id, 64) + "': " + what};
    };
    const auto is_plain = [](unsigned char c) { return c > ' ' && c != 0x7f; };
    if (memory.id.empty() || memory.id.size() > 128 ||
        !std::all_of(memory.id.begin(), memory.id.end(), is_plain)) {
        return refuse("an id has 1 to 128 bytes and no blanks");
    }
    if (memory.title.empty()) return refuse("no title");
    if (memory.title.size() > kLongestName) return refuse("the title is over 512 bytes");
    if (memory.text.size() > kMostMemoryText) return refuse("the text is over 16 KiB");
    if (memory.to_json().dump().size() > 4 * kMostMemoryText) {
        return refuse("all of it is over 64 KiB");
    }
    for (const auto* terms : {&stored.terms.title, &stored.terms.text}) {
        if (!std::all_of(terms->begin(), terms->end(), is_term)) return refuse("a word is none");
    }
    return {};
}

}  // namespace

struct Memories::State {
    std::unique_ptr<Database> lock;  // held for life, as the store's
    std::unique_ptr<Database> database;
    std::optional<Error> poison;
    bool read_only = false;
    int checkpoint_pages = 0;
    size_t most = 0;

    Result<> change(const std::function<Result<>()>& work);
    Result<bool> take_out(std::string_view id);  // within a transaction, as the next two
    Result<> put_in(const StoredMemory& stored);
    Result<std::vector<std::string>> make_room();
    Result<StoredMemory> read(const Statement& row) const;  // of kColumns
    Result<> add_rows(Statement& rows, std::set<int64_t>& seen,
                      std::vector<StoredMemory>& found) const;
    // In how many memories each of them is.
    Result<std::vector<uint64_t>> memories_of(const std::vector<std::string>& terms);
    Result<std::string> match_of(const std::vector<std::string>& terms);
};

namespace {
constexpr const char* kColumns =
    "memory.number, memory.body, memory.title_terms, memory.text_terms";
}  // namespace

Memories::Memories(std::unique_ptr<State> state) : state_(std::move(state)) {}
Memories::~Memories() = default;

Result<std::unique_ptr<Memories>> Memories::open(const std::string& folder, StoreOptions options,
                                                 size_t most) {
    auto state = std::make_unique<State>();
    state->read_only = options.access == Access::read;
    state->checkpoint_pages = options.checkpoint_pages;
    state->most = most;
    const std::string path = folder + "/brain.db";
    if (!state->read_only) {
        if (options.vfs.empty()) {  // nobody else's business; SQLite's other files get its mode
            PosixFiles files;
            TRY(files.make_folder(folder));
            for (const std::string& file : {path, folder + "/brain.lock"}) {
                const Result<> made = files.create_new(file, "");
                if (!made.ok() && made.error().fault != Fault::denied) return made.error();
            }
        }
        state->lock = TRY(Database::open_lock(folder + "/brain.lock", options));
        if (state->lock == nullptr) {
            return Error{Fault::denied, "'" + folder + "': another ops-agent is using it"};
        }
    }
    state->database = TRY(Database::open(path, kBrainKind, options));
    if (!state->read_only && TRY(state->database->pragma("page_count")) <= kCheckedPages) {
        const std::string found = TRY(state->database->check("quick_check"));
        if (!found.empty()) {
            return Error{Fault::corrupt, "'" + path + "': damaged: " + found +
                                             "; the file was left as it is: keep a copy, then "
                                             "restore a backup, or move it away to begin anew"};
        }
    }
    return std::unique_ptr<Memories>(new Memories(std::move(state)));
}

Result<> Memories::State::change(const std::function<Result<>()>& work) {
    if (poison) return *poison;
    if (read_only) {
        return Error{Fault::denied, "'" + database->path() + "': opened for reading only"};
    }
    Result<> done = database->transact(work);
    if (done.ok() || done.error().fault == Fault::invalid) return done;
    poison = done.error();
    database->leave_files_alone();
    return done;
}

// --- writing ---

Result<bool> Memories::State::take_out(std::string_view id) {
    int64_t number = 0, length = 0;
    std::string title, text;
    {
        Statement row = TRY(database->prepare(
            "SELECT number, length, title_terms, text_terms FROM memory WHERE id = ?"));
        row.bind(id);
        if (!TRY(row.step())) return false;
        number = row.integer(0);
        length = row.integer(1);
        title = row.text(2);
        text = row.text(3);
    }
    // The index is told what it held: it has no copy of its own.
    TRY(TRY(database->prepare("INSERT INTO memory_terms (memory_terms, rowid, title_terms, "
                              "text_terms) VALUES ('delete', ?, ?, ?)"))
            .bind(number)
            .bind(title)
            .bind(text)
            .run());
    TRY(TRY(database->prepare("DELETE FROM memory WHERE number = ?")).bind(number).run());
    TRY(TRY(database->prepare("UPDATE total SET memories = memories - 1, length = length - ?"))
            .bind(length)
            .run());
    return true;
}

Result<> Memories::State::put_in(const StoredMemory& stored) {
    const Memory& memory = stored.memory;
    const std::string title = spaced(stored.terms.title), text = spaced(stored.terms.text);
    const auto length = static_cast<int64_t>(stored.terms.title.size() + stored.terms.text.size());
    const std::string body = memory.to_json().dump();
    (void)TRY(take_out(memory.id));
    int64_t number = 0;
    {
        Statement insert = TRY(database->prepare(
            "INSERT INTO memory (id, useful_at, expires_at, target, grouped, rule, length, "
            "title_terms, text_terms, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "RETURNING number"));
        insert.bind(memory.id).bind(
            millis(std::max(memory.used_at.value_or(memory.at), memory.at)));
        if (memory.expires_at) {
            insert.bind(millis(*memory.expires_at));
        } else {
            insert.bind_null();
        }
        insert.bind_or_null(memory.target).bind_or_null(memory.group).bind_or_null(memory.rule);
        insert.bind(length).bind(title).bind(text).bind(body);
        if (!TRY(insert.step())) return Error{Fault::corrupt, "a memory got no number"};
        number = insert.integer(0);
        TRY(insert.run());
    }
    TRY(TRY(database->prepare("INSERT INTO memory_terms (rowid, title_terms, text_terms) "
                              "VALUES (?, ?, ?)"))
            .bind(number)
            .bind(title)
            .bind(text)
            .run());
    return TRY(database->prepare("UPDATE total SET memories = memories + 1, length = length + ?"))
        .bind(length)
        .run();
}

Result<std::vector<std::string>> Memories::State::make_room() {
    std::vector<std::string> gone;
    {
        Statement rows =
            TRY(database->prepare("SELECT id FROM memory ORDER BY useful_at, number LIMIT "
                                  "max(0, (SELECT memories FROM total) - ?)"));
        rows.bind(static_cast<int64_t>(most));
        while (TRY(rows.step())) gone.push_back(rows.text(0));
    }
    for (const std::string& id : gone) (void)TRY(take_out(id));
    return gone;
}

Result<std::vector<std::string>> Memories::put(const std::vector<StoredMemory>& memories) {
    for (const StoredMemory& stored : memories) TRY(check_memory(stored));
    std::vector<std::string> gone;
    TRY(state_->change([&]() -> Result<> {
        for (const StoredMemory& stored : memories) TRY(state_->put_in(stored));
        gone = TRY(state_->make_room());
        return {};
    }));
    return gone;
}

Result<bool> Memories::update(const Memory& memory) {
    bool is_there = false;
    TRY(state_->change([&]() -> Result<> {
        Statement row =
            TRY(state_->database->prepare("UPDATE memory SET useful_at = ?, expires_at = ?, "
                                          "body = ? WHERE id = ?"));
        const std::string body = memory.to_json().dump();
        row.bind(millis(std::max(memory.used_at.value_or(memory.at), memory.at)));
        if (memory.expires_at) {
            row.bind(millis(*memory.expires_at));
        } else {
            row.bind_null();
        }
        TRY(row.bind(body).bind(memory.id).run());
        is_there = state_->database->changes() > 0;
        return {};
    }));
    return is_there;
}

Result<bool> Memories::erase(std::string_view id) {
    bool was_there = false;
    TRY(state_->change([&]() -> Result<> {
        was_there = TRY(state_->take_out(id));
        return {};
    }));
    return was_there;
}

Result<std::vector<std::string>> Memories::expire(Time now, size_t limit) {
    std::vector<std::string> gone;
    {
        Statement rows = TRY(state_->database->prepare(
            "SELECT id FROM memory WHERE expires_at IS NOT NULL AND expires_at <= ? "
            "ORDER BY expires_at LIMIT ?"));
        rows.bind(millis(now)).bind(static_cast<int64_t>(limit));
        while (TRY(rows.step())) gone.push_back(rows.text(0));
    }
    if (gone.empty()) return gone;
    TRY(state_->change([&]() -> Result<> {
        for (const std::string& id : gone) (void)TRY(state_->take_out(id));
        return {};
    }));
    return gone;
}

Result<> Memories::maintain() {
    if (state_->poison) return *state_->poison;
    if (state_->read_only || state_->database->log_pages() < state_->checkpoint_pages) return {};
    const Result<> done = state_->database->checkpoint();
    if (done.ok()) return {};
    state_->poison = done.error();
    state_->database->leave_files_alone();
    return done;
}

// --- reading ---

Result<StoredMemory> Memories::State::read(const Statement& row) const {
    const auto damaged = [&](const std::string& what) -> Error {
        return {Fault::corrupt, "'" + database->path() + "': memory " +
                                    std::to_string(row.integer(0)) + ": " + what};
    };
    const Result<Json> json = Json::parse(row.view(1));
    if (!json.ok()) return damaged(json.error().message);
    Result<Memory> memory = read_memory(json.value());
    if (!memory.ok()) return damaged(memory.error().message);
    return StoredMemory{std::move(memory).value(), {apart(row.view(2)), apart(row.view(3))}};
}

Result<std::optional<Memory>> Memories::memory(std::string_view id) {
    Statement row = TRY(
        state_->database->prepare(std::string("SELECT ") + kColumns + " FROM memory WHERE id = ?"));
    row.bind(id);
    if (!TRY(row.step())) return std::optional<Memory>();
    return std::optional<Memory>(TRY(state_->read(row)).memory);
}

Result<std::vector<Memory>> Memories::list(std::string_view after, size_t limit) {
    Statement rows = TRY(state_->database->prepare(
        std::string("SELECT ") + kColumns + " FROM memory WHERE id > ? ORDER BY id LIMIT ?"));
    rows.bind(after).bind(static_cast<int64_t>(limit));
    std::vector<Memory> found;
    while (TRY(rows.step())) found.push_back(TRY(state_->read(rows)).memory);
    return found;
}

Result<uint64_t> Memories::count() {
    Statement row = TRY(state_->database->prepare("SELECT memories FROM total"));
    if (!TRY(row.step())) return uint64_t{0};
    return static_cast<uint64_t>(row.integer(0));
}

Result<TermStatistics> Memories::statistics(const std::vector<std::string>& terms) {
    TermStatistics found;
    {
        Statement row = TRY(state_->database->prepare("SELECT memories, length FROM total"));
        if (!TRY(row.step()) || row.integer(0) <= 0) {
            found.memories_of.assign(terms.size(), 0);
            return found;
        }
        found.memories = static_cast<uint64_t>(row.integer(0));
        found.mean_length =
            static_cast<double>(row.integer(1)) / static_cast<double>(row.integer(0));
    }
    found.memories_of = TRY(state_->memories_of(terms));
    return found;
}

Result<std::vector<uint64_t>> Memories::State::memories_of(const std::vector<std::string>& terms) {
    Statement row = TRY(database->prepare("SELECT doc FROM memory_vocabulary WHERE term = ?"));
    std::vector<uint64_t> counts;
    for (const std::string& term : terms) {
        row.rewind().bind(term);
        counts.push_back(TRY(row.step()) ? static_cast<uint64_t>(row.integer(0)) : 0);
    }
    return counts;
}

// The rarest of the words, each quoted: nothing in it means anything to SQLite. Empty when none of
// them is known.
Result<std::string> Memories::State::match_of(const std::vector<std::string>& terms) {
    std::set<std::string> each;
    std::copy_if(terms.begin(), terms.end(), std::inserter(each, each.end()), is_term);
    const std::vector<std::string> asked(each.begin(), each.end());
    const std::vector<uint64_t> counts = TRY(memories_of(asked));
    std::vector<std::pair<uint64_t, std::string>> known;
    for (size_t i = 0; i < asked.size(); ++i) {
        if (counts[i] > 0) known.emplace_back(counts[i], asked[i]);
    }
    std::sort(known.begin(), known.end());
    if (known.size() > kMostAsked) known.resize(kMostAsked);
    std::string match;
    uint64_t matches = 0;
    for (const auto& [memories, term] : known) {
        matches += memories;
        if (!match.empty() && matches > kMostMatches) break;
        match += (match.empty() ? "\"" : " OR \"") + term + "\"";
    }
    return match;
}

Result<> Memories::State::add_rows(Statement& rows, std::set<int64_t>& seen,
                                   std::vector<StoredMemory>& found) const {
    while (TRY(rows.step())) {
        if (seen.insert(rows.integer(0)).second) found.push_back(TRY(read(rows)));
    }
    return {};
}

Result<std::vector<StoredMemory>> Memories::candidates(const MemoryQuestion& question) {
    std::vector<StoredMemory> found;
    std::set<int64_t> seen;
    const auto limit = static_cast<int64_t>(question.limit);
    const std::string match = TRY(state_->match_of(question.terms));
    if (!match.empty()) {
        Statement rows = TRY(state_->database->prepare(
            std::string("SELECT ") + kColumns +
            " FROM (SELECT rowid AS number FROM memory_terms WHERE memory_terms MATCH ? "
            "ORDER BY bm25(memory_terms, 3.0, 1.0), rowid LIMIT ?) AS best "
            "JOIN memory ON memory.number = best.number"));
        TRY(state_->add_rows(rows.bind(match).bind(limit), seen, found));
    }
    for (const auto& [column, wanted] :
         {std::pair("target", &question.target), std::pair("grouped", &question.group),
          std::pair("rule", &question.rule)}) {
        if (wanted->empty()) continue;
        Statement rows = TRY(state_->database->prepare(
            std::string("SELECT ") + kColumns + " FROM memory WHERE " + column +
            " = ? ORDER BY useful_at DESC, number DESC LIMIT ?"));
        TRY(state_->add_rows(rows.bind(*wanted).bind(std::max<int64_t>(1, limit / 4)), seen,
                             found));
    }
    return found;
}

}  // namespace ops

#include "agent/log_book.h"

#include <algorithm>
#include <tuple>

#include "base/hash.h"
#include "base/text.h"
#include "patterns/merge.h"
#include "patterns/shapes.h"

namespace ops {
namespace {

constexpr size_t kMostTemplates = 1000;  // of one log
constexpr size_t kMostErrors = 5000;     // counted of the last hour
constexpr size_t kMostNewest = 20;
constexpr size_t kMostPatterns = 8;  // shown
constexpr size_t kMostSign = 200;    // bytes
constexpr Duration kHour = std::chrono::hours(1);
constexpr Duration kSaveShapes = std::chrono::minutes(1);
constexpr Duration kSaveCounts = std::chrono::minutes(10);

std::string count_of(size_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// "#1f3...9c2": see LogBook::signs_of.
std::string digits_of(const Template& made) {
    std::string digits = "#";
    for (const MaskedToken& token : made.tokens) {
        const bool is_value = std::ranges::none_of(token.key, is_letter);
        digits += is_open(token.key) ? "~~~"
                  : is_value         ? "..."
                                     : sha256_hex(token.key).substr(0, 3);
    }
    return digits;
}

}  // namespace

std::string LogNews::line() const {
    std::string line = "log " + log + ": ";
    if (!errors.examples.empty()) line += "\"" + errors.examples[0] + "\" ";
    line += "(" + count_of(errors.lines, "line");
    if (errors.patterns > 1) line += ", " + std::to_string(errors.patterns) + " new patterns";
    return line + ")";
}

std::string LogNews::text() const {
    std::string text;
    for (size_t i = 0; i < errors.examples.size(); ++i) {
        text += errors.examples[i] + "\n";
        if (i < errors.said.size()) text += "  for example: " + errors.said[i] + "\n";
    }
    if (errors.patterns > errors.examples.size()) {
        text += "and " + std::to_string(errors.patterns - errors.examples.size()) + " more\n";
    }
    return text;
}

NoveltySettings LogBook::settings_of(const LogRow& row) {
    NoveltySettings settings;
    settings.learning = row.learning;
    settings.most_templates = kMostTemplates;
    return settings;
}

LogBook::Log* LogBook::find(std::string_view name) {
    const auto found = std::find_if(logs_.begin(), logs_.end(),
                                    [&](const Log& log) { return log.row.name == name; });
    return found == logs_.end() ? nullptr : &*found;
}

void LogBook::arrange(const std::vector<LogRow>& rows, Time now) {
    std::vector<Log> next;
    next.reserve(rows.size());
    for (const LogRow& row : rows) {
        Log* const known = find(row.name);
        next.push_back(known != nullptr ? std::move(*known) : Log{row, Novelty(), {}, {}, {}});
        Log& log = next.back();
        log.row = row;
        if (known == nullptr) {
            log.novelty = Novelty(settings_of(row));
            log.templates_saved_at = now;
        } else {
            log.novelty.set_settings(settings_of(row));
        }
    }
    logs_ = std::move(next);
}

void LogBook::observe(size_t row, const Judged& judged, Time at) {
    if (row >= logs_.size()) return;
    Log& log = logs_[row];
    for (const std::string& line : judged.error_lines) {
        const uint64_t id = log.novelty.observe(line, at, Novelty::Error::certainly);
        if (id != 0) log.errors.emplace_back(at, id);
    }
    // A log is learned from its first look, not from its first error.
    log.novelty.begin(at);
    for (const std::string& line : judged.last_lines) log.newest.emplace_back(at, line);
    while (log.newest.size() > kMostNewest) log.newest.pop_front();
    while (!log.errors.empty() &&
           (log.errors.size() > kMostErrors || at - log.errors.front().first > kHour)) {
        log.errors.pop_front();
    }
}

std::optional<LogNews> LogBook::next(Time now) {
    for (Log& log : logs_) {
        if (log.telling) return log.telling;
        std::optional<NewErrors> due = log.novelty.due(now);
        if (!due) continue;
        log.telling = LogNews{
            log.row.name + "@" + std::to_string(now.time_since_epoch().count()),
            log.row.name,
            log.row.target,
            std::move(*due),
        };
        log.telling_changed = true;
        return log.telling;
    }
    return std::nullopt;
}

void LogBook::told(const LogNews& news) {
    Log* const log = find(news.log);
    if (log == nullptr || !log->telling || log->telling->id != news.id) return;
    log->telling.reset();
    log->telling_changed = true;
}

std::vector<LogNews> LogBook::telling() const {
    std::vector<LogNews> all;
    for (const Log& log : logs_) {
        if (log.telling) all.push_back(*log.telling);
    }
    return all;
}

std::vector<LogBook::Said> LogBook::said_by(std::string_view target, Time now,
                                            Reader reader) const {
    std::vector<Said> all;
    for (const Log& log : logs_) {
        if (log.row.target != target) continue;
        std::map<uint64_t, std::pair<size_t, Time>> counts;  // by template: how often, and last
        size_t lines = 0;
        for (const auto& [at, id] : log.errors) {
            if (now - at > kHour) continue;
            // What was joined to another template since counts as that.
            const Template* const found = log.novelty.templates().by_id(id);
            if (found == nullptr) continue;
            auto& [count, last] = counts[found->id];
            ++count;
            ++lines;
            last = std::max(last, at);
        }
        std::vector<std::pair<uint64_t, std::pair<size_t, Time>>> often(counts.begin(),
                                                                        counts.end());
        std::sort(often.begin(), often.end(), [](const auto& a, const auto& b) {
            return std::tie(b.second.first, a.first) < std::tie(a.second.first, b.first);
        });
        std::string text = lines == 0 ? "no error in the last hour\n"
                                      : count_of(lines, "error line") + " in the last hour, of " +
                                            count_of(often.size(), "pattern") + "\n";
        const auto shown = [&](const std::string& line) {
            const std::string safe =
                quarantine({"", {}, {}, line}, log.novelty.templates(), reader).text;
            return clip_end(trim(safe), 300) + "\n";
        };
        for (size_t i = 0; i < often.size() && i < kMostPatterns; ++i) {
            const Template* const one = log.novelty.templates().by_id(often[i].first);
            text += std::to_string(often[i].second.first) + " x " + shown(one->text());
        }
        if (!log.newest.empty()) text += "newest lines:\n";
        for (const auto& [at, line] : log.newest) text += shown(line);
        all.push_back({log.row.name, std::move(text)});
    }
    return all;
}

std::vector<std::string> LogBook::signs_of(std::string_view target, Time from, Time to) const {
    struct Counted {
        size_t count = 0;
        std::string text{};
    };
    std::map<std::string, Counted> counts;  // by their digits: two logs may say the same
    for (const Log& log : logs_) {
        if (log.row.target != target) continue;
        for (const auto& [at, id] : log.errors) {
            if (at < from || at > to) continue;
            const Template* const found = log.novelty.templates().by_id(id);
            if (found == nullptr) continue;
            Counted& counted = counts[digits_of(*found)];
            if (++counted.count == 1) counted.text = found->text();
        }
    }
    std::vector<std::pair<std::string, Counted>> often(counts.begin(), counts.end());
    std::ranges::stable_sort(
        often, [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
    if (often.size() > kMostSigns) often.resize(kMostSigns);
    std::vector<std::string> signs;
    for (const auto& [digits, counted] : often) {
        const std::string safe =
            quarantine({"", {}, {}, counted.text}, Templates(), Reader::model).text;
        const std::string words = printable(clip_end(trim(safe), kMostSign), Lines::flatten);
        signs.push_back(words + " " + digits);
    }
    std::sort(signs.begin(), signs.end());
    return signs;
}

std::vector<LogBook::Saved> LogBook::to_save(Time now, Save what) {
    std::vector<Saved> saved;
    for (Log& log : logs_) {
        const bool known_changed =
            log.telling_changed || log.novelty.changes() != log.saved_changes;
        if (known_changed) {
            Json json = log.novelty.to_json(Novelty::Part::known);
            if (log.telling) {
                Json telling = log.telling->errors.to_json();
                telling.set("id", log.telling->id);
                json.set("telling", std::move(telling));
            }
            saved.push_back({key_of(log.row.name), json.dump()});
            log.saved_changes = log.novelty.changes();
            log.telling_changed = false;
        }
        if (what == Save::what_is_known) continue;
        const Duration age = now - log.templates_saved_at;
        const bool shapes = log.novelty.shapes() != log.saved_shapes;
        const bool lines = log.novelty.templates().lines() != log.saved_lines;
        if ((shapes || lines) &&
            (what == Save::all || age >= (shapes ? kSaveShapes : kSaveCounts))) {
            saved.push_back({templates_key_of(log.row.name), log.novelty.templates().save()});
            log.saved_shapes = log.novelty.shapes();
            log.saved_lines = log.novelty.templates().lines();
            log.templates_saved_at = now;
        }
    }
    return saved;
}

Result<> LogBook::restore(std::string_view name, std::string_view known) {
    Log* const log = find(name);
    if (log == nullptr) return {};
    const Json json = TRY(Json::parse(std::string(known)));
    log->novelty = TRY(Novelty::from_json(json, settings_of(log->row)));
    if (json.has("telling")) {
        log->telling = LogNews{json["telling"]["id"].as_string(), log->row.name, log->row.target,
                               TRY(NewErrors::from_json(json["telling"]))};
    }
    return {};
}

Result<> LogBook::restore_templates(std::string_view name, std::string_view templates) {
    Log* const log = find(name);
    if (log == nullptr) return {};
    log->novelty.set_templates(TRY(Templates::restore(templates, kMostTemplates)));
    return {};
}

}  // namespace ops

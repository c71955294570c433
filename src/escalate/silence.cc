#include "escalate/silence.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/id.h"
#include "base/text.h"

namespace ops {
namespace {

struct Key {
    std::string_view name;
    Matcher::Of of;
};
constexpr auto kKeys = std::to_array<Key>({{"target", Matcher::Of::target},
                                           {"group", Matcher::Of::group},
                                           {"host", Matcher::Of::host},
                                           {"rule", Matcher::Of::rule},
                                           {"incident", Matcher::Of::incident},
                                           {"level", Matcher::Of::level}});

struct Sign {
    std::string_view text;
    Matcher::How how;
};
// Longer ones first: "<=" begins with "<". Of two for the same the last is the one that is shown.
constexpr auto kSigns = std::to_array<Sign>({{"<=", Matcher::How::at_most},
                                             {">=", Matcher::How::at_least},
                                             {"==", Matcher::How::equal},
                                             {"=", Matcher::How::equal},
                                             {"<", Matcher::How::less},
                                             {">", Matcher::How::more}});
constexpr size_t kLongestMatcher = 200;

std::string quoted(std::string_view text) {
    return "'" + printable(clip_end(text, 100), Lines::flatten) + "'";
}

Error unknown_key(std::string_view key) {
    std::vector<std::string> known;
    for (const Key& one : kKeys) known.emplace_back(one.name);
    return {Fault::invalid, "a silence cannot ask for " + quoted(key) + did_you_mean(key, known) +
                                "; there are " + join(known, ", ")};
}

Result<Level> level_named(std::string_view name) {
    const std::vector<std::string> known = {"log", "warning", "alert", "critical"};
    const auto level = parse_level(name);
    if (level && *level != Level::none) return *level;
    return Error{Fault::invalid, "no level " + quoted(name) + did_you_mean(name, known) +
                                     "; there are " + join(known, ", ")};
}

// Ids that were not written down by an older version: always the same of the same silence.
uint64_t number_of(const Silence& silence, int again) {
    const std::string hash = sha256_hex(join(silence.texts(), "\n") + std::to_string(again));
    return std::stoull(hash.substr(0, 15), nullptr, 16);
}

}  // namespace

std::string Matcher::text() const {
    if (of == Of::target) return value;
    std::string_view key, sign;
    for (const Key& one : kKeys) {
        if (one.of == of) key = one.name;
    }
    for (const Sign& one : kSigns) {
        if (one.how == how) sign = one.text;
    }
    return std::string(key) + std::string(sign) + value;
}

bool Matcher::holds(const SilenceSubject& subject) const {
    switch (of) {
        case Of::target: return glob_match(value, subject.target);
        case Of::group: return glob_match(value, subject.group);
        case Of::host: return glob_match(value, subject.host);
        case Of::rule: return glob_match(to_lower(value), to_lower(subject.rule));
        case Of::incident: return glob_match(value, subject.incident);
        case Of::level: break;
    }
    switch (how) {
        case How::equal: return subject.level == level;
        case How::less: return subject.level < level;
        case How::at_most: return subject.level <= level;
        case How::more: return subject.level > level;
        case How::at_least: return subject.level >= level;
    }
    return false;
}

Result<Matcher> parse_matcher(std::string_view text) {
    if (trim(text).empty()) return Error{Fault::invalid, "a silence needs a name or a pattern"};
    if (text.size() > kLongestMatcher) {
        return Error{Fault::invalid, "a matcher is of " + std::to_string(kLongestMatcher) +
                                         " characters at most: " + quoted(text)};
    }
    if (printable(text, Lines::flatten) != text) {
        return Error{Fault::invalid, "a matcher is plain text: " + quoted(text)};
    }
    Matcher matcher;
    const size_t at = text.find_first_of("<>=");
    if (at == std::string_view::npos) {
        matcher.value = trim(text);
        return matcher;
    }
    const std::string_view key = trim(text.substr(0, at));
    std::string_view rest = text.substr(at);
    for (const Sign& sign : kSigns) {
        if (!rest.starts_with(sign.text)) continue;
        matcher.how = sign.how;
        rest.remove_prefix(sign.text.size());
        break;
    }
    const auto known =
        std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& one) { return one.name == key; });
    if (known == kKeys.end()) return unknown_key(key);
    matcher.of = known->of;
    matcher.value = trim(rest);
    if (matcher.value.empty()) {
        return Error{Fault::invalid, quoted(text) + " names no " + std::string(key)};
    }
    if (matcher.of == Matcher::Of::level) {
        matcher.level = TRY(level_named(matcher.value));
    } else if (matcher.how != Matcher::How::equal) {
        return Error{Fault::invalid, quoted(text) + ": a " + std::string(key) +
                                         " is compared with '=' only, a level also with '<='"};
    }
    return matcher;
}

Result<std::vector<Matcher>> parse_matchers(const std::vector<std::string>& texts) {
    if (texts.empty()) return Error{Fault::invalid, "a silence needs a name or a pattern"};
    if (texts.size() > kMostMatchers) {
        return Error{Fault::invalid, "a silence has " + std::to_string(kMostMatchers) +
                                         " matchers at most, not " + std::to_string(texts.size())};
    }
    std::vector<Matcher> matchers;
    for (const std::string& text : texts) matchers.push_back(TRY(parse_matcher(text)));
    return matchers;
}

std::vector<std::string> Silence::texts() const {
    std::vector<std::string> all;
    for (const Matcher& matcher : matchers) all.push_back(matcher.text());
    std::sort(all.begin(), all.end());
    return all;
}

bool Silence::may_hold_critical() const {
    return std::any_of(matchers.begin(), matchers.end(), [](const Matcher& one) {
        return one.of == Matcher::Of::target || one.of == Matcher::Of::level;
    });
}

bool Silence::holds(const SilenceSubject& subject) const {
    if (matchers.empty()) return false;
    if (subject.level >= Level::critical && !may_hold_critical()) return false;
    return std::all_of(matchers.begin(), matchers.end(),
                       [&](const Matcher& one) { return one.holds(subject); });
}

Json Silence::to_json() const {
    return Json::object({{"id", id},
                         {"matchers", Json::of_strings(texts())},
                         {"since", format_rfc3339(since)},
                         {"until", format_rfc3339(until)},
                         {"by", by},
                         {"reason", reason}});
}

std::string silence_id(const Silence& silence, const std::vector<Silence>& others) {
    for (int again = 0;; ++again) {
        std::string id = make_id("sil", silence.since, number_of(silence, again));
        const bool taken = std::any_of(others.begin(), others.end(),
                                       [&](const Silence& other) { return other.id == id; });
        if (!taken) return id;
    }
}

std::vector<Silence> read_silences(const Json& saved) {
    std::vector<Silence> all;
    for (const Json& one : saved.items()) {
        const Result<Time> until = parse_rfc3339(one["until"].as_string());
        std::vector<std::string> texts = one["matchers"].strings();
        if (texts.empty() && one.has("matcher"))
            texts = {one["matcher"].as_string()};  // of an older version
        Result<std::vector<Matcher>> matchers = parse_matchers(texts);
        if (!until.ok() || !matchers.ok()) continue;
        Silence silence;
        silence.matchers = std::move(matchers).value();
        silence.until = until.value();
        const Result<Time> since = parse_rfc3339(one["since"].as_string());
        silence.since = since.ok() ? since.value() : until.value();
        silence.by = one["by"].as_string();
        silence.reason = one["reason"].as_string();
        silence.id = one["id"].as_string();
        if (silence.id.empty()) silence.id = silence_id(silence, all);
        all.push_back(std::move(silence));
    }
    return all;
}

bool glob_match(std::string_view pattern, std::string_view name) {
    size_t p = 0, n = 0, star = std::string_view::npos, mark = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = n;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;  // the star takes in one more
            n = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

}  // namespace ops

#include "patterns/novelty.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "patterns/quarantine.h"
#include "patterns/secrets.h"
#include "patterns/shapes.h"

namespace ops {
namespace {

constexpr int kVersion = 1;
constexpr size_t kLongestExample = 300;

// FNV-1a: the same on every machine and in every version, as it is saved.
uint64_t hash_of(std::string_view text) {
    uint64_t hash = 14695981039346656037ULL;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 1099511628211ULL;
    }
    return hash;
}

// A pattern by what does not vary, as the line that was first seen had it.
uint64_t pattern_of(std::string_view content) {
    std::string key;
    for (const MaskedToken& token : mask_line(content)) key.append(token.key).append(" ");
    return hash_of(key);
}

bool says_error(std::string_view word) {
    constexpr auto kWords = std::to_array<std::string_view>(
        {"error",     "errors",     "err",       "fatal",     "panic",       "panicked", "crit",
         "critical",  "emerg",      "exception", "traceback", "segfault",    "failed",   "fail",
         "failure",   "failures",   "fails",     "failing",   "aborted",     "abort",    "corrupt",
         "corrupted", "corruption", "denied",    "refused",   "unreachable", "oom",      "killed",
         "crashed",   "cannot",     "unable",    "timeout",   "stacktrace"});
    return std::ranges::find(kWords, word) != kWords.end() || word.ends_with("exception") ||
           word.ends_with("error");
}

bool denies(std::string_view word) {
    return word == "0" || word == "no" || word == "without" || word == "zero";
}

// A line as a person may see it; one whose message was written in escapes (JSON) by its message,
// since they hide what must not be shown.
std::string shown(std::string_view line, std::string_view message) {
    if (line.find(message) == std::string_view::npos) line = message;
    std::string text = quarantine({"", {}, {}, std::string(line.substr(0, kMostShownLine))},
                                  Templates(), Reader::person)
                           .text;
    return clip_end(trim(text), kLongestExample);
}

Error refuse(std::string_view why) {
    return {Fault::corrupt, std::string("saved novelty: ").append(why)};
}

Json time_json(const std::optional<Time>& at) {
    return at ? Json(int64_t{at->time_since_epoch().count()}) : Json();
}

Result<std::optional<Time>> time_of(const Json& json) {
    if (json.is_null()) return std::optional<Time>();
    if (!json.is_number() || json.as_int(-1) < 0) return refuse("a time is none");
    return std::optional<Time>(Time{Duration{json.as_int()}});
}

}  // namespace

bool is_error(const LogLine& line) {
    if (line.level != LogLevel::unknown)
        return line.level == LogLevel::error || line.level == LogLevel::fatal;
    const std::string text = to_lower(line.content.substr(0, kMostLineBytes));
    std::string_view before;
    size_t at = 0;
    while (at < text.size()) {
        while (at < text.size() && !is_alnum(text[at])) ++at;
        size_t end = at;
        while (end < text.size() && is_alnum(text[end])) ++end;
        const std::string_view word = std::string_view(text).substr(at, end - at);
        // "error=0", "errors: none" and "err=<nil>" say that there was none.
        const std::string_view value = trim(std::string_view(text).substr(end, 8));
        const bool none = value.starts_with("=0") || value.starts_with(": 0") ||
                          value.starts_with("=nil") || value.starts_with("=<nil") ||
                          value.starts_with("=null") || value.starts_with("=none") ||
                          value.starts_with(": none") || value.starts_with("=\"\"");
        if (says_error(word) && !denies(before) && !none) return true;
        before = word;
        at = end;
    }
    return false;
}

Novelty::Novelty(NoveltySettings settings)
    : settings_(settings), templates_(settings.most_templates) {}

bool Novelty::is_learning(Time at) const {
    return !since_ || at < add_saturating(*since_, settings_.learning);
}

void Novelty::begin(Time at) {
    if (since_) return;
    since_ = at;
    ++changes_;
}

uint64_t Novelty::observe(std::string_view line, Time at, Error error) {
    LogLine parts = strip_header(line);
    if (trim(parts.content).empty()) return 0;
    begin(at);
    const std::string content = redact_secrets(printable(parts.content, Lines::flatten)).text;
    const size_t size = templates_.size();
    const Templates::Learned learned = templates_.learn(content);
    if (learned.is_new || templates_.size() != size) ++shapes_;
    if (pending_ids_.contains(learned.id)) ++pending_.lines;
    if (!learned.is_new) return learned.id;
    if (error == Error::as_it_says && !is_error(parts)) return learned.id;
    if (!remember(pattern_of(content)) || is_learning(at)) return learned.id;
    if (pending_.patterns == 0) pending_.first = at;
    ++pending_.patterns;
    ++pending_.lines;
    if (pending_ids_.size() < settings_.most_templates) pending_ids_.insert(learned.id);
    if (pending_.examples.size() < NewErrors::kMostExamples) {
        const Template* made = templates_.by_id(learned.id);
        if (made == nullptr) return learned.id;
        pending_.examples.push_back(clip_end(made->text(), kLongestExample));
        pending_.said.push_back(shown(line, parts.content));
    }
    return learned.id;
}

std::optional<NewErrors> Novelty::due(Time at) {
    if (pending_.patterns == 0) return std::nullopt;
    if (at < add_saturating(pending_.first, settings_.gather)) return std::nullopt;
    if (told_at_ && at < add_saturating(*told_at_, settings_.at_most_every)) return std::nullopt;
    told_at_ = at;
    ++changes_;
    pending_ids_.clear();
    return std::exchange(pending_, {});
}

bool Novelty::remember(uint64_t pattern) {
    if (!known_.insert(pattern).second) return false;
    ++changes_;
    known_in_order_.push_back(pattern);
    if (known_in_order_.size() > kMostKnown) {
        known_.erase(known_in_order_.front());
        known_in_order_.pop_front();
    }
    return true;
}

Json NewErrors::to_json() const {
    return Json::object({{"first", time_json(first)},
                         {"patterns", uint64_t{patterns}},
                         {"lines", uint64_t{lines}},
                         {"examples", Json::of_strings(examples)},
                         {"said", Json::of_strings(said)}});
}

Result<NewErrors> NewErrors::from_json(const Json& json) {
    NewErrors errors;
    errors.first = TRY(time_of(json["first"])).value_or(Time{});
    const int64_t patterns = json["patterns"].as_int(-1);
    const int64_t lines = json["lines"].as_int(-1);
    if (patterns < 0 || lines < patterns) return refuse("counts are none");
    errors.patterns = static_cast<size_t>(patterns);
    errors.lines = static_cast<size_t>(lines);
    for (auto& [list, key] : {std::pair{&errors.examples, "examples"}, {&errors.said, "said"}}) {
        for (const std::string& example : json[key].strings()) {
            if (list->size() == kMostExamples) return refuse("too many examples");
            list->push_back(clip_end(printable(example, Lines::flatten), kLongestExample));
        }
    }
    return errors;
}

Json Novelty::to_json(Part part) const {
    Json known = Json::array();
    for (const uint64_t pattern : known_in_order_) {
        std::array<char, 16> digits{};
        const auto end = std::to_chars(digits.begin(), digits.end(), pattern, 16).ptr;
        known.push(Json(std::string(digits.begin(), end)));
    }
    Json json = pending_.to_json();
    json.set("version", kVersion);
    json.set("since", time_json(since_));
    json.set("told_at", time_json(told_at_));
    json.set("known", std::move(known));
    if (part == Part::all) json.set("templates", templates_.to_json());
    return json;
}

Result<Novelty> Novelty::from_json(const Json& json, NoveltySettings settings) {
    if (json["version"] != Json(kVersion)) return refuse("of another version");
    Novelty novelty(settings);
    novelty.since_ = TRY(time_of(json["since"]));
    novelty.told_at_ = TRY(time_of(json["told_at"]));
    novelty.pending_ = TRY(NewErrors::from_json(json));
    if (!json["known"].is_array() || json["known"].items().size() > kMostKnown)
        return refuse("no list of what is known");
    for (const Json& item : json["known"].items()) {
        const std::string digits = item.as_string();
        uint64_t pattern = 0;
        const auto [end, problem] =
            std::from_chars(digits.data(), digits.data() + digits.size(), pattern, 16);
        if (problem != std::errc() || end != digits.data() + digits.size())
            return refuse("a pattern is no number");
        if (!novelty.remember(pattern)) return refuse("a pattern is there twice");
    }
    if (json.has("templates")) {
        novelty.templates_ = TRY(Templates::from_json(json["templates"], settings.most_templates));
    }
    return novelty;
}

}  // namespace ops

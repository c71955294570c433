#include "diagnose/hypothesis.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"

namespace ops {
namespace {

constexpr size_t kMostCause = 300;
constexpr size_t kMostValue = 60;
constexpr auto kComparisons = std::to_array<std::string_view>({"<", "<=", ">", ">=", "==", "!="});

Error refused(std::string why) { return {Fault::invalid, std::move(why)}; }

bool has(std::span<const std::string> known, const std::string& one) {
    return std::find(known.begin(), known.end(), one) != known.end();
}

std::string shown(std::string_view text) {
    return "'" + printable(clip_end(text, kMostValue), Lines::flatten) + "'";
}

// Exactly these members, each there.
Result<> expect_members(const Json& object, std::string_view what,
                        std::span<const std::string_view> names) {
    if (!object.is_object()) return refused(std::string(what) + " is no object");
    for (const auto& [name, value] : object.members()) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            return refused(std::string(what) + " has an unknown member " + shown(name));
        }
    }
    for (const std::string_view name : names) {
        if (!object.has(name))
            return refused(std::string(what) + " lacks '" + std::string(name) + "'");
    }
    return {};
}

std::string_view without_fence(std::string_view text) {
    text = trim(text);
    if (!text.starts_with("```") || !text.ends_with("```") || text.size() < 6) return text;
    const size_t line = text.find('\n');
    if (line == std::string_view::npos) return text;
    const std::string_view language = trim(text.substr(3, line - 3));
    if (!language.empty() && language != "json") return text;
    text.remove_suffix(3);
    return trim(text.substr(line));
}

// "95%", "5m", "2GB": a number with a unit right behind it.
bool is_quantity(std::string_view text) {
    const size_t unit = text.find_first_not_of("0123456789.");
    if (unit == 0 || unit == std::string_view::npos || text.size() > kMostValue) return false;
    const std::string_view rest = text.substr(unit);
    return rest == "%" ||
           (rest.size() <= 3 && std::all_of(rest.begin(), rest.end(), [](char c) {
                return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            }));
}

// A literal of the language, or nothing for what is none.
std::optional<std::string> literal_of(const Json& value) {
    if (value.is_bool()) return value.as_bool() ? "true" : "false";
    if (value.is_number()) {
        if (!std::isfinite(value.as_number()) || std::abs(value.as_number()) > 1e15) return {};
        return value.dump();
    }
    const std::string text = value.as_string();
    if (is_quantity(text)) return text;
    const bool is_plain =
        value.is_string() && !text.empty() && text.size() <= kMostValue &&
        text.find_first_of("\"\\") == std::string::npos &&
        std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (!is_plain) return {};
    return "\"" + text + "\"";
}

Result<Prediction> read_prediction(const Json& json, const Choices& choices) {
    constexpr auto kMembers = std::to_array<std::string_view>({"fact", "is", "value"});
    TRY(expect_members(json, "'predicts'", kMembers));
    Prediction prediction{json["fact"].as_string(), json["is"].as_string(), ""};
    if (!has(choices.facts, prediction.fact)) {
        return refused("'predicts' is about " + shown(prediction.fact) + ", which is no fact here");
    }
    if (std::find(kComparisons.begin(), kComparisons.end(), prediction.is) == kComparisons.end()) {
        return refused("'is' must be one of < <= > >= == !=");
    }
    const auto literal = literal_of(json["value"]);
    if (!literal) return refused("the 'value' of 'predicts' is no number, truth or plain word");
    prediction.value = *literal;
    return prediction;
}

Result<std::vector<std::string>> read_evidence(const Json& json, const Choices& choices) {
    if (!json.is_array() || json.items().empty()) {
        return refused("'evidence' must name the pieces that the cause rests on");
    }
    std::vector<std::string> ids;
    for (const Json& item : json.items()) {
        const std::string id = item.as_string();
        if (!has(choices.evidence, id)) return refused("there is no evidence " + shown(id));
        if (!has(ids, id)) ids.push_back(id);
    }
    return ids;
}

}  // namespace

Result<Hypothesis> read_hypothesis(std::string_view text, const Choices& choices) {
    constexpr auto kMembers = std::to_array<std::string_view>(
        {"cause", "evidence", "confidence", "proposal", "predicts"});
    const Result<Json> parsed = Json::parse(without_fence(text));
    if (!parsed.ok()) return refused("the answer is not one JSON object and nothing else");
    const Json& json = parsed.value();
    TRY(expect_members(json, "the answer", kMembers));
    Hypothesis hypothesis;
    hypothesis.cause =
        printable(clip_end(trim(json["cause"].as_string()), kMostCause), Lines::flatten);
    if (hypothesis.cause.empty()) return refused("'cause' must be a sentence");
    hypothesis.evidence = TRY(read_evidence(json["evidence"], choices));
    hypothesis.claimed = json["confidence"].as_number(-1);
    if (!(hypothesis.claimed >= 0 && hypothesis.claimed <= 1)) {
        return refused("'confidence' must be a number from 0 to 1");
    }
    if (!json["predicts"].is_null()) {
        hypothesis.prediction = TRY(read_prediction(json["predicts"], choices));
    }
    if (json["proposal"].is_null()) return hypothesis;
    constexpr auto kProposal = std::to_array<std::string_view>({"entry"});
    TRY(expect_members(json["proposal"], "'proposal'", kProposal));
    hypothesis.entry = json["proposal"]["entry"].as_string();
    if (!has(choices.entries, *hypothesis.entry)) {
        return refused("there is no entry " + shown(*hypothesis.entry) + " that may be proposed");
    }
    if (!hypothesis.prediction) return refused("a proposal needs 'predicts'");
    return hypothesis;
}

}  // namespace ops

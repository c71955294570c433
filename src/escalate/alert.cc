#include "escalate/alert.h"

#include <array>
#include <cmath>

#include "base/text.h"
#include "base/units.h"

namespace ops {
namespace {

// A sign and a word.
struct Heading {
    std::string_view sign, word;
};

struct LevelHeading {
    Level level;
    Heading heading;
};
constexpr auto kLevelHeadings = std::to_array<LevelHeading>({
    {Level::critical, {"🚨", "CRITICAL"}},
    {Level::alert, {"🔴", "ALERT"}},
    {Level::warning, {"⚠️", "WARNING"}},
    {Level::log, {"ℹ️", "NOTE"}},
    {Level::none, {"ℹ️", "NOTE"}},
});

struct StateName {
    AlertState state;
    std::string_view name;
    Heading heading;  // in place of the level's, or empty
};
constexpr auto kStateNames = std::to_array<StateName>({
    {AlertState::raised, "raised", {}},
    {AlertState::changed, "changed", {}},
    {AlertState::answered, "answered", {}},
    {AlertState::acknowledged, "acknowledged", {"👀", "ACKNOWLEDGED"}},
    {AlertState::recovered, "recovered", {"✅", "RECOVERED"}},
    {AlertState::closed, "closed", {"☑️", "CLOSED"}},
    {AlertState::digest, "digest", {"📋", "DIGEST"}},
    {AlertState::test, "test", {"🔔", "TEST"}},
});

const StateName& state_name(AlertState state) {
    for (const StateName& known : kStateNames) {
        if (known.state == state) return known;
    }
    return kStateNames[0];
}

// One line, nothing that a terminal, a mail header or a chat would take as more than text.
std::string line(std::string_view text) { return clip_end(printable(text, Lines::flatten), 1000); }

Heading heading_of(Level level, AlertState state) {
    const Heading& own = state_name(state).heading;
    if (!own.word.empty()) return own;
    for (const LevelHeading& known : kLevelHeadings) {
        if (known.level == level) return known.heading;
    }
    return {};
}

Json pairs_json(const std::vector<std::pair<std::string, std::string>>& pairs) {
    Json list = Json::array();
    for (const auto& [name, value] : pairs) {
        list.push(Json::object({{"name", line(name)}, {"value", line(value)}}));
    }
    return list;
}

std::vector<std::pair<std::string, std::string>> read_pairs(const Json& list) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const Json& item : list.items()) {
        pairs.emplace_back(item["name"].as_string(), item["value"].as_string());
    }
    return pairs;
}

bool is_money(std::string_view fact) {
    return fact.starts_with("revenue_") || fact.ends_with("_usd") || fact.ends_with("_mrr");
}

}  // namespace

std::string_view name_of(AlertState state) { return state_name(state).name; }

AlertLines AlertDraft::lines(std::string_view time_zone) const {
    const Heading heading = heading_of(level, state);
    AlertLines lines;
    lines.sign = heading.sign;
    lines.headline = std::string(heading.word) + ": " + line(title);
    lines.rows.emplace_back("Time", local_time(at, time_zone));
    for (const auto& [name, value] : before) lines.rows.emplace_back(line(name), line(value));
    if (!auto_action.empty()) lines.rows.emplace_back("Auto-action", line(auto_action));
    for (const auto& [name, value] : after) lines.rows.emplace_back(line(name), line(value));
    if (!ask.empty()) {
        lines.ask = std::string("👉 ") + (action_required ? "ACTION REQUIRED: " : "") + line(ask);
    }
    return lines;
}

std::string AlertDraft::text(std::string_view time_zone) const {
    const AlertLines lines = this->lines(time_zone);
    std::string text = lines.sign + " " + lines.headline;
    for (const auto& [name, value] : lines.rows) text += "\n" + name + ": " + value;
    if (!lines.ask.empty()) text += "\n" + lines.ask;
    return text;
}

Json AlertDraft::fields() const {
    Json fields = Json::object();
    for (const auto& [name, value] : before) fields.set(line(name), line(value));
    for (const auto& [name, value] : after) fields.set(line(name), line(value));
    return fields;
}

Json AlertDraft::to_json(std::string_view time_zone) const {
    return Json::object({
        {"key", key},
        {"incident", incident},
        {"level", name_of(level)},
        {"state", name_of(state)},
        {"title", line(title)},
        {"time", format_rfc3339(at)},
        {"channels", Json::of_strings(channels)},
        {"text", text(time_zone)},
        {"fields", fields()},
        {"before", pairs_json(before)},
        {"auto_action", line(auto_action)},
        {"after", pairs_json(after)},
        {"ask", line(ask)},
        {"action_required", action_required},
    });
}

AlertDraft AlertDraft::from_json(const Json& json) {
    AlertDraft draft;
    draft.key = json["key"].as_string();
    draft.incident = json["incident"].as_string();
    draft.level = parse_level(json["level"].as_string()).value_or(Level::alert);
    for (const StateName& known : kStateNames) {
        if (known.name == json["state"].as_string()) draft.state = known.state;
    }
    draft.title = json["title"].as_string();
    const Result<Time> at = parse_rfc3339(json["time"].as_string());
    if (at.ok()) draft.at = at.value();
    draft.before = read_pairs(json["before"]);
    draft.auto_action = json["auto_action"].as_string();
    draft.after = read_pairs(json["after"]);
    draft.ask = json["ask"].as_string();
    draft.action_required = json["action_required"].as_bool();
    draft.channels = json["channels"].strings();
    return draft;
}

std::string money(double dollars) {
    const bool whole = std::abs(dollars) >= 100 || dollars == std::floor(dollars);
    const double rounded = whole ? std::round(dollars) : std::round(dollars * 100) / 100;
    std::string digits = format_number(std::abs(rounded), 2);
    const size_t point = digits.find('.');
    if (point != std::string::npos && digits.size() - point == 2) digits += '0';
    size_t at = point == std::string::npos ? digits.size() : point;
    while (at > 3) {
        at -= 3;
        digits.insert(at, ",");
    }
    return (rounded < 0 ? "-$" : "$") + digits;
}

std::string say(std::string_view fact, const Value& value) {
    switch (value.type()) {
        case Type::number:
            return is_money(fact) ? money(value.amount()) : format_number(value.amount(), 1);
        case Type::percentage: return format_number(value.amount(), 0) + "%";
        case Type::duration: {
            const double most = 1e15;  // of milliseconds: 30,000 years
            const double ms = std::fmin(std::fmax(value.amount() * 1000, -most), most);
            return format_duration_short(Duration{static_cast<int64_t>(ms)});
        }
        case Type::size: return format_size(value.amount());
        case Type::string: return value.text();
        default: return value.print();
    }
}

}  // namespace ops

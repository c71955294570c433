#include "monitor/reading.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "base/units.h"
#include "monitor/check_kind.h"

namespace ops {
namespace {

constexpr size_t kMostFacts = 64;
constexpr size_t kMostJson = 256 * 1024;

constexpr auto kOurOwn = std::to_array<std::string_view>(
    {"service", "host", "group", "status", "up", "down_for", "degraded_for", "last_heartbeat",
     "process_status", "crash", "restarts", "security_incident", "new_error_pattern", "exit_code"});

// The number at the front, eaten. Nothing when there is none or it is not finite.
std::optional<double> eat_number(std::string_view& text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    const bool begins_well =
        !text.empty() && (text[0] == '-' || text[0] == '.' || (text[0] >= '0' && text[0] <= '9'));
    if (!begins_well) return {};  // from_chars takes "inf" and "nan"
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{} || !std::isfinite(number)) return {};
    text.remove_prefix(static_cast<size_t>(read.ptr - text.data()));
    return number;
}

// A unit of performance data. Plugins write "us" and "KB" for powers of 1024.
std::optional<Value> with_plugin_unit(double number, std::string_view unit) {
    struct PluginUnit {
        std::string_view word;
        Type type;
        double amount;
    };
    constexpr double kKi = 1024;
    constexpr auto kUnits = std::to_array<PluginUnit>({
        {"", Type::number, 1},
        {"c", Type::number, 1},
        {"%", Type::percentage, 1},
        {"s", Type::duration, 1},
        {"ms", Type::duration, 1e-3},
        {"us", Type::duration, 1e-6},
        {"ns", Type::duration, 1e-9},
        {"B", Type::size, 1},
        {"KB", Type::size, kKi},
        {"MB", Type::size, kKi * kKi},
        {"GB", Type::size, kKi * kKi * kKi},
        {"TB", Type::size, kKi * kKi * kKi * kKi},
        {"KiB", Type::size, kKi},
        {"MiB", Type::size, kKi * kKi},
        {"GiB", Type::size, kKi * kKi * kKi},
        {"TiB", Type::size, kKi * kKi * kKi * kKi},
    });
    for (const PluginUnit& known : kUnits) {
        if (known.word == unit) return Value::quantity(known.type, number * known.amount);
    }
    return Value::number(number);  // somebody's own unit ("req/s")
}

void read_members(const Json& object, const std::string& prefix, int level,
                  std::vector<Fact>& facts) {
    for (const auto& [key, value] : object.members()) {
        const std::string name = prefix + (prefix.empty() ? "" : "_") + fact_name(key);
        if (value.is_object() && level < 3) {
            read_members(value, name, level + 1, facts);
        } else if (value.is_number() && std::isfinite(value.as_number())) {
            add_reading(facts, name, Value::number(value.as_number()));
        } else if (value.is_bool()) {
            add_reading(facts, name, Value::boolean(value.as_bool()));
        } else if (value.is_string()) {
            const std::string text = value.as_string();
            const auto reading = parse_reading(text);
            add_reading(facts, name, reading ? *reading : Value::string(shown(text)));
        }
    }
}

// One `'label'=value[UOM];...` at the front, eaten with the spaces behind it.
void eat_performance(std::string_view& text, std::string_view prefix, std::vector<Fact>& facts) {
    std::string label;
    if (text.starts_with('\'')) {
        size_t at = 1;
        for (; at < text.size(); ++at) {
            if (text[at] != '\'') {
                label += text[at];
            } else if (at + 1 < text.size() && text[at + 1] == '\'') {
                label += text[at++];  // '' is a quote
            } else {
                break;
            }
        }
        text.remove_prefix(std::min(text.size(), at + 1));
    } else {
        const size_t end = std::min(text.find_first_of("= "), text.size());
        label = text.substr(0, end);
        text.remove_prefix(end);
    }
    const size_t end = std::min(text.find(' '), text.size());
    std::string_view item = text.substr(0, end);
    text.remove_prefix(end);
    text = trim(text);
    if (!item.starts_with('=')) return;
    item = item.substr(
        1, item.find(';') == std::string_view::npos ? std::string_view::npos : item.find(';') - 1);
    // "0,5s", as a plugin prints it in another locale, would be 0.
    std::string with_point(item);
    if (item.find('.') == item.npos) std::replace(with_point.begin(), with_point.end(), ',', '.');
    item = with_point;
    const auto number = eat_number(item);
    if (!number || item.starts_with('.')) return;  // "1,234,567": nobody knows
    std::string name = fact_name(label);
    if (name.empty()) return;
    if (!prefix.empty()) name = std::string(prefix) + "_" + name;
    if (const auto value = with_plugin_unit(*number, item)) add_reading(facts, name, *value);
}

void read_performance(std::string_view text, std::string_view prefix, std::vector<Fact>& facts) {
    text = trim(text);
    while (!text.empty() && facts.size() < kMostFacts) eat_performance(text, prefix, facts);
}

}  // namespace

std::optional<Value> parse_reading(std::string_view text) {
    text = trim(text);
    std::string_view rest = text;
    const auto number = eat_number(rest);
    if (!number) return {};
    rest = trim(rest);
    if (rest.empty()) return Value::number(*number);
    if (rest == "%") return Value::percentage(*number);
    if (const double seconds = duration_unit_seconds(rest); seconds > 0) {
        return Value::seconds(*number * seconds);
    }
    if (const double bytes = size_unit_bytes(rest); bytes > 0) return Value::size(*number * bytes);
    return {};
}

std::string fact_name(std::string_view text) {
    if (text == "/") return "root";  // as disk plugins label it
    std::string name;
    for (const char c : to_lower(text.substr(0, 64))) {
        const bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (fine) name += c;
        if (!fine && !name.empty() && name.back() != '_') name += '_';
    }
    while (name.ends_with('_')) name.pop_back();
    if (!name.empty() && name[0] >= '0' && name[0] <= '9') name.insert(0, "_");
    return name;
}

void add_reading(std::vector<Fact>& facts, std::string_view name, Value value) {
    if (name.empty() || facts.size() >= kMostFacts) return;
    if (std::find(kOurOwn.begin(), kOurOwn.end(), name) != kOurOwn.end()) return;
    const FactKind* kind = find_fact_kind(name);
    const bool is_quantity =
        kind != nullptr && (kind->type == Type::percentage || kind->type == Type::duration ||
                            kind->type == Type::size);
    if (value.type() == Type::number && is_quantity)
        value = Value::quantity(kind->type, value.amount());
    const auto same = std::find_if(facts.begin(), facts.end(),
                                   [name](const Fact& fact) { return fact.name == name; });
    if (same == facts.end()) facts.push_back({std::string(name), std::move(value)});
}

bool read_json_readings(std::string_view text, std::string_view prefix, std::vector<Fact>& facts) {
    text = trim(text);
    if (!text.starts_with('{') || text.size() > kMostJson) return false;
    const auto json = Json::parse(text);
    if (!json.ok() || !json.value().is_object()) return false;
    read_members(json.value(), std::string(prefix), 1, facts);
    return true;
}

PluginOutput parse_plugin_output(std::string_view output, std::string_view prefix) {
    PluginOutput found;
    const size_t first_end = std::min(output.find('\n'), output.size());
    const std::string_view first = output.substr(0, first_end);
    const size_t bar = first.find('|');
    found.text = shown(first.substr(0, bar));
    if (bar != std::string_view::npos) read_performance(first.substr(bar + 1), prefix, found.facts);
    const std::string_view more = output.substr(first_end);
    if (const size_t second = more.find('|'); second != std::string_view::npos) {
        for (const std::string_view line : split(more.substr(second + 1), '\n')) {
            read_performance(line, prefix, found.facts);
        }
    }
    return found;
}

bool looks_like_plugin(std::string_view output) {
    const std::string_view first = trim(output.substr(0, output.find('\n')));
    constexpr auto kWords =
        std::to_array<std::string_view>({"OK", "WARNING", "CRITICAL", "UNKNOWN"});
    size_t start = 0;
    // The state is the first or second word: "OK - ...", "DISK CRITICAL: ...".
    for (int word = 0; word < 2 && start < first.size(); ++word) {
        const size_t end = std::min(first.find_first_of(" :-|,", start), first.size());
        const std::string_view found = first.substr(start, end - start);
        if (std::find(kWords.begin(), kWords.end(), found) != kWords.end()) return true;
        start = first.find_first_not_of(" :-", end);
        if (start == std::string_view::npos) return false;
    }
    return false;
}

}  // namespace ops

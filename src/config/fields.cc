#include "config/fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "base/units.h"

namespace ops {
namespace {

// Whatever is added to a time of day stays one.
constexpr Duration kLongestSpan = std::chrono::hours(24 * 3660);

std::string quote(std::string_view word) { return "'" + std::string(word) + "'"; }

// The error of a parser in base/ shows the text; a secret may not be shown.
std::string unless_secret(const Node& node, const std::string& message, std::string_view what) {
    if (!node.from_environment) return message;
    return "the value from the environment is not " + std::string(what);
}

bool is_path(std::string_view key) {
    constexpr auto kNames = std::to_array<std::string_view>({"file", "pidfile", "runbook"});
    return key.ends_with("_file") || key.ends_with("_dir") || key.ends_with("_socket") ||
           std::find(kNames.begin(), kNames.end(), key) != kNames.end();
}

}  // namespace

Fields::Fields(const Node& node, std::string_view what, Problems& problems)
    : node_(node), what_(what), problems_(problems) {
    if (node_.kind == Node::Kind::scalar || node_.kind == Node::Kind::list) {
        problems_.error(node_.place,
                        what_ + " must be a map of 'key: value', not " + node_.describe());
    }
}

const Node& Fields::take(std::string_view key) {
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.emplace_back(key);
    return node_[key];
}

std::optional<std::string> Fields::optional_text(std::string_view key) {
    const bool is_new = std::find(asked_.begin(), asked_.end(), key) == asked_.end();
    const Node& value = take(key);
    // Read as if it were not given, a secret would be left out in silence.
    if (is_new && value.is_scalar() && value.text.empty() && is_path(key)) {
        problems_.error(value.place, quote(key) + " of " + what_ + " is empty");
    }
    if (value.is_scalar()) return value.text;
    if (value.is_map() || value.is_list()) {
        problems_.error(value.place, quote(key) + " must be a text, not " + value.describe());
    }
    return std::nullopt;
}

std::string Fields::required_text(std::string_view key) {
    const std::optional<std::string> value = optional_text(key);
    if (value && !value->empty()) return *value;
    const Node& node = node_[key];
    if (node.is_map() || node.is_list() || node_.damaged) return "";
    if (!node && (node_.is_map() || node_.kind == Node::Kind::null)) {
        problems_.error(node_.place, what_ + " needs " + quote(key));
    } else if (node && !(node.is_scalar() && is_path(key))) {  // which is told already
        problems_.error(node.place, quote(key) + " of " + what_ + " is empty");
    }
    return "";
}

std::string Fields::text(std::string_view key, std::string_view otherwise) {
    return optional_text(key).value_or(std::string(otherwise));
}

Duration Fields::duration(std::string_view key, Duration otherwise) {
    const std::optional<std::string> value = optional_text(key);
    if (!value) return otherwise;
    const Result<Duration> span = parse_duration(*value);
    if (span.ok() && span.value() > kLongestSpan) {
        problems_.error(node_[key].place, quote(key) + " must be ten years at most");
        return otherwise;
    }
    if (span.ok()) return span.value();
    problems_.error(
        node_[key].place,
        quote(key) + ": " + unless_secret(node_[key], span.error().message, "a duration"));
    return otherwise;
}

int64_t Fields::size(std::string_view key, int64_t otherwise) {
    const std::optional<std::string> value = optional_text(key);
    if (!value) return otherwise;
    const Result<int64_t> bytes = parse_size(*value);
    if (bytes.ok()) return bytes.value();
    problems_.error(node_[key].place,
                    quote(key) + ": " + unless_secret(node_[key], bytes.error().message, "a size"));
    return otherwise;
}

int Fields::integer(std::string_view key, int otherwise, int least, int most) {
    const std::optional<std::string> value = optional_text(key);
    if (!value) return otherwise;
    int number = 0;
    const char* const end = value->data() + value->size();
    const auto read = std::from_chars(value->data(), end, number);
    if (read.ec == std::errc{} && read.ptr == end && least <= number && number <= most)
        return number;
    problems_.error(node_[key].place, quote(key) + " must be a whole number from " +
                                          std::to_string(least) + " to " + std::to_string(most) +
                                          ", not " + node_[key].describe());
    return otherwise;
}

double Fields::number(std::string_view key, double otherwise) {
    const std::optional<std::string> value = optional_text(key);
    if (!value) return otherwise;
    double number = 0;
    const char* const end = value->data() + value->size();
    const auto read = std::from_chars(value->data(), end, number);
    if (read.ec == std::errc{} && read.ptr == end && std::isfinite(number)) return number;
    problems_.error(node_[key].place,
                    quote(key) + " must be a number, not " + node_[key].describe());
    return otherwise;
}

int Fields::percentage(std::string_view key, int otherwise) {
    const std::optional<std::string> value = optional_text(key);
    if (!value) return otherwise;
    std::string_view digits = trim(*value);
    int number = 0;
    if (digits.ends_with('%')) {
        digits = trim(digits.substr(0, digits.size() - 1));
        const char* const end = digits.data() + digits.size();
        const auto read = std::from_chars(digits.data(), end, number);
        if (read.ec == std::errc{} && read.ptr == end && 0 <= number && number <= 100)
            return number;
    }
    problems_.error(node_[key].place, quote(key) + " must be a percentage from 0% to 100%, not " +
                                          node_[key].describe());
    return otherwise;
}

bool Fields::boolean(std::string_view key, bool otherwise) {
    const std::optional<std::string> value = optional_text(key);
    if (!value) return otherwise;
    const std::string word = to_lower(*value);
    if (word == "true" || word == "yes" || word == "on") return true;
    if (word == "false" || word == "no" || word == "off") return false;
    problems_.error(node_[key].place,
                    quote(key) + " must be true or false, not " + node_[key].describe());
    return otherwise;
}

std::string Fields::choice(std::string_view key, std::initializer_list<std::string_view> choices,
                           std::string_view otherwise) {
    const std::optional<std::string> value = optional_text(key);
    if (!value) return std::string(otherwise);
    if (std::find(choices.begin(), choices.end(), *value) != choices.end()) return *value;
    const std::vector<std::string> known(choices.begin(), choices.end());
    std::string message =
        quote(key) + " must be " + join(known, ", ") + ", not " + node_[key].describe();
    if (const size_t comma = message.rfind(", ", message.find(", not ") - 1);
        known.size() > 1 && comma != std::string::npos) {
        message.replace(comma, 2, " or ");
    }
    problems_.error(node_[key].place, message + did_you_mean(*value, known));
    return std::string(otherwise);
}

std::vector<std::string> Fields::texts(std::string_view key) {
    const Node& value = take(key);
    std::vector<std::string> texts;
    if (value.is_scalar()) texts.push_back(value.text);
    if (value.is_map()) {
        problems_.error(value.place, quote(key) + " must be a list of texts, not a map");
    }
    for (const Node& item : value.items) {
        if (item.is_scalar()) {
            texts.push_back(item.text);
        } else {
            problems_.error(item.place,
                            quote(key) + " must be a list of texts, this is " + item.describe());
        }
    }
    return texts;
}

const Node& Fields::node(std::string_view key) { return take(key); }

bool Fields::has(std::string_view key) const {
    const Node& value = node_[key];
    return value && value.kind != Node::Kind::null;
}

bool Fields::has_misspelt(std::string_view key) const {
    const std::vector<std::string> wanted = {std::string(key)};
    return std::any_of(node_.members.begin(), node_.members.end(), [&](const Node::Member& member) {
        return member.key != key && !nearest(member.key, wanted).empty();
    });
}

Place Fields::place_of(std::string_view key) const {
    const Node& value = node_[key];
    return value ? value.place : node_.place;
}

void Fields::done() {
    for (const Node::Member& member : node_.members) {
        if (std::find(asked_.begin(), asked_.end(), member.key) != asked_.end()) continue;
        std::string hint = did_you_mean(member.key, asked_);
        if (hint.empty() && !asked_.empty()) {
            std::vector<std::string> known = asked_;
            std::sort(known.begin(), known.end());
            hint = " in " + what_ + " (known: " + join(known, ", ") + ")";
        }
        const std::string shown = printable(clip_end(member.key, 64), Lines::flatten);
        problems_.error(member.key_place, "unknown key " + quote(shown) + hint);
    }
}

}  // namespace ops

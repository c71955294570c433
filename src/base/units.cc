#include "base/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "base/text.h"

namespace ops {
namespace {

struct Unit {
    std::string_view word;
    int64_t amount;  // in milliseconds, or in bytes
};

constexpr auto kDurationUnits = std::to_array<Unit>({
    {"ms", 1},
    {"s", 1'000},
    {"sec", 1'000},
    {"second", 1'000},
    {"seconds", 1'000},
    {"m", 60'000},
    {"min", 60'000},
    {"minute", 60'000},
    {"minutes", 60'000},
    {"h", 3'600'000},
    {"hour", 3'600'000},
    {"hours", 3'600'000},
    {"d", 86'400'000},
    {"day", 86'400'000},
    {"days", 86'400'000},
    {"w", 604'800'000},
    {"week", 604'800'000},
    {"weeks", 604'800'000},
});

constexpr auto kSizeUnits = std::to_array<Unit>({
    {"B", 1},
    {"KB", 1'000},
    {"MB", 1'000'000},
    {"GB", 1'000'000'000},
    {"TB", 1'000'000'000'000},
    {"KiB", int64_t{1} << 10},
    {"MiB", int64_t{1} << 20},
    {"GiB", int64_t{1} << 30},
    {"TiB", int64_t{1} << 40},
});

int64_t unit_amount(std::span<const Unit> units, std::string_view word) {
    for (const Unit& unit : units) {
        if (unit.word == word) return unit.amount;
    }
    return 0;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// What is parsed, for its messages.
struct Kind {
    std::string_view name;
    std::string_view example;
    std::span<const Unit> units;
};
constexpr Kind kDuration{"duration", "30s, 5m or 1h30m", kDurationUnits};
constexpr Kind kSize{"size", "512MiB or 3GB", kSizeUnits};

Error error_about(const Kind& kind, std::string_view text, std::string_view wrong) {
    std::string message = "'";
    message.append(clip_end(text, 64)).append("' ").append(wrong);
    message.append(", write a ").append(kind.name).append(" such as ").append(kind.example);
    return Error{Fault::invalid, std::move(message)};
}

Error unknown_unit(const Kind& kind, std::string_view text, std::string_view word) {
    std::vector<std::string> known;
    for (const Unit& unit : kind.units) known.emplace_back(unit.word);
    const std::string shown = clip_end(word, 32);
    return error_about(kind, text,
                       "has the unknown unit '" + shown + "'" + did_you_mean(shown, known));
}

// One number with its unit, exact in the whole part. Eats what it reads from `rest`.
struct Part {
    int64_t amount;
    int64_t unit;
};

Result<int64_t> scaled(const Kind& kind, std::string_view text, std::string_view number,
                       int64_t unit) {
    const std::string_view whole = number.substr(0, number.find('.'));
    const std::string_view fraction = number.substr(whole.size());
    int64_t amount = 0;
    const auto read = std::from_chars(whole.data(), whole.data() + whole.size(), amount);
    if (read.ec != std::errc{} || __builtin_mul_overflow(amount, unit, &amount)) {
        return error_about(kind, text, "is too large");
    }
    if (!fraction.empty()) {
        double part = 0;
        std::from_chars(fraction.data(), fraction.data() + fraction.size(), part);
        const double more = std::round(part * static_cast<double>(unit));
        if (part > 0 && more == 0 && amount == 0) return error_about(kind, text, "is too small");
        if (__builtin_add_overflow(amount, static_cast<int64_t>(more), &amount)) {
            return error_about(kind, text, "is too large");
        }
    }
    return amount;
}

Result<Part> read_part(const Kind& kind, std::string_view text, std::string_view& rest) {
    const auto eat = [&rest](auto belongs) {
        size_t length = 0;
        while (length < rest.size() && belongs(rest[length])) ++length;
        const std::string_view eaten = rest.substr(0, length);
        rest.remove_prefix(length);
        return eaten;
    };
    const std::string_view number = eat([](char c) { return is_digit(c) || c == '.'; });
    if (number.empty() || !is_digit(number.front()) || !is_digit(number.back()) ||
        std::count(number.begin(), number.end(), '.') > 1) {
        return error_about(kind, text, "is not a " + std::string(kind.name));
    }
    eat([](char c) { return c == ' '; });
    const std::string_view word = eat(is_letter);
    if (word.empty()) {
        return error_about(kind, text, rest.empty() ? "has no unit" : "is not understood");
    }
    const int64_t unit = unit_amount(kind.units, word);
    if (unit == 0) return unknown_unit(kind, text, word);
    eat([](char c) { return c == ' '; });
    return Part{TRY(scaled(kind, text, number, unit)), unit};
}

std::string format_magnitude(uint64_t milliseconds, std::string_view between, int most) {
    constexpr auto kShown = std::to_array<Unit>(
        {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}});
    std::string text;
    for (const Unit& unit : kShown) {
        const uint64_t amount = milliseconds / static_cast<uint64_t>(unit.amount);
        milliseconds %= static_cast<uint64_t>(unit.amount);
        // Once a unit is written the next smaller ones count, even those that are zero.
        if (!text.empty() && --most <= 0) break;
        if (amount == 0) continue;
        if (!text.empty()) text += between;
        text += std::to_string(amount);
        text += unit.word;
    }
    return text.empty() ? "0s" : text;
}

uint64_t magnitude(Duration span) {
    const auto bits = static_cast<uint64_t>(span.count());
    return span.count() < 0 ? 0 - bits : bits;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    std::string_view rest = trim(text);
    if (rest == "0") return Duration{0};
    int64_t total = 0;
    int64_t last_unit = std::numeric_limits<int64_t>::max();
    do {
        const Part part = TRY(read_part(kDuration, text, rest));
        if (part.unit >= last_unit) {
            return error_about(kDuration, text, "does not go from large units to small ones");
        }
        last_unit = part.unit;
        if (__builtin_add_overflow(total, part.amount, &total)) {
            return error_about(kDuration, text, "is too large");
        }
    } while (!rest.empty());
    return Duration{total};
}

std::string format_duration(Duration span) {
    return (span.count() < 0 ? "-" : "") + format_magnitude(magnitude(span), "", 5);
}

std::string format_duration_short(Duration span) {
    const uint64_t milliseconds = magnitude(span);
    const std::string sign = span.count() < 0 ? "-" : "";
    if (milliseconds >= 1'000 && milliseconds < 10'000) {
        return sign + format_number(std::floor(static_cast<double>(milliseconds) / 10) / 100, 2) +
               "s";
    }
    if (milliseconds >= 10'000 && milliseconds < 60'000) {
        return sign + std::to_string(milliseconds / 1'000) + "s";
    }
    return sign + format_magnitude(milliseconds, " ", 2);
}

Result<int64_t> parse_size(std::string_view text) {
    std::string_view rest = trim(text);
    if (rest == "0") return int64_t{0};
    const Part part = TRY(read_part(kSize, text, rest));
    if (!rest.empty()) return error_about(kSize, text, "is not understood");
    return part.amount;
}

std::string format_size(double bytes) {
    constexpr auto kShown = std::to_array<std::string_view>({"B", "KB", "MB", "GB", "TB"});
    size_t unit = 0;
    // 999.95 would be printed as 1000.0, so it already belongs to the next unit.
    while (std::abs(bytes) >= 999.95 && unit + 1 < kShown.size()) {
        bytes /= 1000;
        ++unit;
    }
    return format_number(bytes, unit == 0 ? 0 : 1).append(kShown[unit]);
}

double duration_unit_seconds(std::string_view word) {
    return static_cast<double>(unit_amount(kDurationUnits, word)) / 1000.0;
}

double size_unit_bytes(std::string_view word) {
    return static_cast<double>(unit_amount(kSizeUnits, word));
}

std::string format_number(double number, int digits) {
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
    std::array<char, 512> buffer;  // the largest double has 309 digits before the point
    const int shown = std::clamp(digits, 0, 100);
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                   std::chars_format::fixed, shown);
    std::string text(buffer.data(), end.ptr);
    if (text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') text.pop_back();
    }
    return text == "-0" ? "0" : text;
}

}  // namespace ops

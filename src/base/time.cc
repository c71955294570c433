#include "base/time.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>

namespace ops {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::sys_days;

constexpr Time kFirstYear = sys_days{std::chrono::year{0} / 1 / 1};
constexpr Time kAfterLastYear = sys_days{std::chrono::year{10000} / 1 / 1};

// Eats from the front of `text_`; after a failure every further step fails too.
class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    std::optional<int> digits(size_t count) {
        if (text_.size() < count) return std::nullopt;
        int number = 0;
        for (const char c : text_.substr(0, count)) {
            if (c < '0' || c > '9') return std::nullopt;
            number = number * 10 + (c - '0');
        }
        text_.remove_prefix(count);
        return number;
    }
    bool one_of(std::string_view characters) {
        if (text_.empty() || characters.find(text_.front()) == std::string_view::npos) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool digit_follows() const {
        return !text_.empty() && text_.front() >= '0' && text_.front() <= '9';
    }
    bool at_end() const { return text_.empty(); }

private:
    std::string_view text_;
};

std::optional<sys_days> read_date(Reader& reader) {
    const auto year = reader.digits(4);
    if (!year || !reader.one_of("-")) return std::nullopt;
    const auto month = reader.digits(2);
    if (!month || !reader.one_of("-")) return std::nullopt;
    const auto day = reader.digits(2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return sys_days{date};
}

// Milliseconds; digits finer than that are dropped.
std::optional<int> read_fraction(Reader& reader) {
    if (!reader.one_of(".")) return 0;
    if (!reader.digit_follows()) return std::nullopt;
    int milliseconds = 0;
    for (int scale = 100; reader.digit_follows(); scale /= 10) {
        milliseconds += *reader.digits(1) * scale;
    }
    return milliseconds;
}

std::optional<Duration> read_time_of_day(Reader& reader) {
    const auto hour = reader.digits(2);
    if (!hour || *hour > 23 || !reader.one_of(":")) return std::nullopt;
    const auto minute = reader.digits(2);
    if (!minute || *minute > 59 || !reader.one_of(":")) return std::nullopt;
    const auto second = reader.digits(2);
    // 60 is a leap second, which we take for the first moment of the next minute.
    if (!second || *second > 60) return std::nullopt;
    const auto fraction = read_fraction(reader);
    if (!fraction) return std::nullopt;
    return std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
           std::chrono::seconds{*second} + Duration{*fraction};
}

std::optional<std::chrono::minutes> read_offset(Reader& reader) {
    if (reader.one_of("Zz")) return std::chrono::minutes{0};
    const bool ahead = reader.one_of("+");
    if (!ahead && !reader.one_of("-")) return std::nullopt;
    const auto hour = reader.digits(2);
    if (!hour || *hour > 23 || !reader.one_of(":")) return std::nullopt;
    const auto minute = reader.digits(2);
    if (!minute || *minute > 59) return std::nullopt;
    const std::chrono::minutes offset{*hour * 60 + *minute};
    return ahead ? offset : -offset;
}

std::optional<Time> read_time(Reader& reader) {
    const auto date = read_date(reader);
    if (!date || !reader.one_of("Tt ")) return std::nullopt;
    const auto time_of_day = read_time_of_day(reader);
    if (!time_of_day) return std::nullopt;
    const auto offset = read_offset(reader);
    if (!offset || !reader.at_end()) return std::nullopt;
    return Time{*date} + *time_of_day - *offset;
}

}  // namespace

std::string format_rfc3339(Time at) {
    // Four digits hold the years 0 to 9999; what is outside is shown as the nearest moment inside.
    at = std::clamp(at, kFirstYear, kAfterLastYear - Duration{1});
    const auto midnight = floor<days>(at);
    const std::chrono::year_month_day date{midnight};
    const std::chrono::hh_mm_ss time_of_day{at - midnight};
    char text[40];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int{date.year()},
                  unsigned{date.month()}, unsigned{date.day()},
                  static_cast<int>(time_of_day.hours().count()),
                  static_cast<int>(time_of_day.minutes().count()),
                  static_cast<int>(time_of_day.seconds().count()),
                  static_cast<int>(time_of_day.subseconds().count()));
    return text;
}

Result<Time> parse_rfc3339(std::string_view text) {
    Reader reader(text);
    const auto at = read_time(reader);
    if (!at) {
        return Error{Fault::invalid, "'" + std::string(text.substr(0, 64)) +
                                         "' is not a time such as 2026-01-29T14:30:00Z"};
    }
    return *at;
}

Time add_saturating(Time at, Duration span) {
    int64_t sum = 0;
    if (__builtin_add_overflow(at.time_since_epoch().count(), span.count(), &sum)) {
        return span.count() > 0 ? Time::max() : Time::min();
    }
    return Time{Duration{sum}};
}

}  // namespace ops

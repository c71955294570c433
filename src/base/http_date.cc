#include "base/http_date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "base/text.h"

namespace ops {
namespace {

using Words = std::vector<std::string_view>;

constexpr std::string_view kBetween = " ,-:";  // what can stand between the parts of a date

std::optional<int> number(std::string_view word, size_t most_digits) {
    if (word.empty() || word.size() > most_digits) return std::nullopt;
    int value = 0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), value);
    if (read.ec != std::errc{} || read.ptr != word.data() + word.size() || value < 0) {
        return std::nullopt;
    }
    return value;
}

std::optional<unsigned> month_of(std::string_view word) {
    constexpr auto kMonths = std::to_array<std::string_view>(
        {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"});
    const auto found = std::find(kMonths.begin(), kMonths.end(), word);
    if (found == kMonths.end()) return std::nullopt;
    return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

std::optional<int> year_of(std::string_view word) {
    const auto year = number(word, 4);
    if (!year || word.size() == 4) return year;
    if (word.size() != 2) return std::nullopt;
    return *year < 70 ? 2000 + *year : 1900 + *year;
}

std::optional<Duration> time_of_day(const Words& words, size_t at) {
    const auto hour = number(words[at], 2), minute = number(words[at + 1], 2);
    const auto second = number(words[at + 2], 2);
    if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) {
        return std::nullopt;
    }
    return std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second);
}

}  // namespace

std::optional<Time> parse_http_date(std::string_view text) {
    const Words words = words_of(text.substr(0, 64), kBetween);
    if (words.size() != 8 && words.size() != 7) return std::nullopt;
    // Weekday, then day month year time GMT; the third form: month day time year.
    const bool is_asctime = words.size() == 7;
    if (!is_asctime && words[7] != "GMT") return std::nullopt;
    const auto month = month_of(words[is_asctime ? 1 : 2]);
    const auto day = number(words[is_asctime ? 2 : 1], 2);
    const auto year = year_of(words[is_asctime ? 6 : 3]);
    const auto time = time_of_day(words, is_asctime ? 3 : 4);
    if (!month || !day || !year || !time) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{*month},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    return Time{std::chrono::sys_days{date}} + *time;
}

}  // namespace ops

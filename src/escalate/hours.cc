#include "escalate/hours.h"

#include <algorithm>

#include "base/text.h"
#include "escalate/escalate.h"

namespace ops {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);
constexpr Duration kYear = std::chrono::hours(24 * 366);

std::optional<int> digits(std::string_view text) {
    if (text.empty() || text.size() > 4) return std::nullopt;
    int number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        number = number * 10 + (c - '0');
    }
    return number;
}

// One field: "*", "5", "1-5", "*/15", "10-40/10", and lists of those.
template <size_t N>
Result<std::bitset<N>> field(std::string_view text, std::string_view what, int least) {
    const int most = static_cast<int>(N) - 1;
    std::bitset<N> set;
    for (std::string_view part : split(text, ',')) {
        const Error wrong{Fault::invalid, "cron: the " + std::string(what) + " '" +
                                              std::string(text) + "' is not of " +
                                              std::to_string(least) + " to " +
                                              std::to_string(most)};
        int step = 1;
        const size_t slash = part.find('/');
        if (slash != std::string_view::npos) {
            const auto every = digits(part.substr(slash + 1));
            if (!every || *every < 1) return wrong;
            step = *every;
            part = part.substr(0, slash);
        }
        int first = least, last = most;
        if (part != "*") {
            const size_t dash = part.find('-');
            const auto from = digits(part.substr(0, dash));
            const auto to = dash == std::string_view::npos ? from : digits(part.substr(dash + 1));
            if (!from || !to || *from < least || *to > most || *from > *to) return wrong;
            first = *from;
            last = dash == std::string_view::npos && slash != std::string_view::npos ? most : *to;
        }
        for (int at = first; at <= last; at += step) set.set(static_cast<size_t>(at));
    }
    return set;
}

}  // namespace

Result<int> parse_clock(std::string_view text) {
    const size_t colon = text.find(':');
    const auto hour = digits(text.substr(0, colon));
    const auto minute =
        colon == std::string_view::npos ? std::nullopt : digits(text.substr(colon + 1));
    if (!hour || !minute || text.size() != 5 || *minute > 59 || *hour * 60 + *minute > 24 * 60) {
        return Error{Fault::invalid,
                     "'" + std::string(text) + "' is no time of the day; write it as \"22:00\""};
    }
    return *hour * 60 + *minute;
}

bool QuietHours::contains(Time at) const {
    const int minute = civil_time(at, time_zone).minute;
    if (from < to) return minute >= from && minute < to;
    return minute >= from || minute < to;
}

bool Cron::fires(const CivilTime& at) const {
    if (!minutes[static_cast<size_t>(at.minute % 60)]) return false;
    return hours[static_cast<size_t>(at.minute / 60)] && is_on(at);
}

bool Cron::is_on(const CivilTime& at) const {
    if (!months[static_cast<size_t>(at.month)]) return false;
    const bool day = days[static_cast<size_t>(at.day)];
    const bool weekday = weekdays[static_cast<size_t>(at.weekday)];
    return any_day || any_weekday ? day && weekday : day || weekday;
}

Result<Cron> parse_cron(std::string_view text) {
    std::vector<std::string_view> fields;
    for (const std::string_view one : split(text, ' ')) {
        if (!one.empty()) fields.push_back(one);
    }
    if (fields.size() != 5) {
        return Error{Fault::invalid,
                     "cron: expected five fields (minute hour day month weekday), not " +
                         std::to_string(fields.size())};
    }
    Cron cron;
    cron.minutes = TRY(field<60>(fields[0], "minute", 0));
    cron.hours = TRY(field<24>(fields[1], "hour", 0));
    cron.days = TRY(field<32>(fields[2], "day", 1));
    cron.months = TRY(field<13>(fields[3], "month", 1));
    cron.weekdays = TRY(field<8>(fields[4], "weekday", 0));
    if (cron.weekdays[7]) cron.weekdays.set(0);
    cron.any_day = fields[2].starts_with('*');
    cron.any_weekday = fields[4].starts_with('*');
    return cron;
}

bool MaintenanceWindow::covers(std::string_view target) const {
    return std::any_of(targets.begin(), targets.end(),
                       [&](const std::string& pattern) { return glob_match(pattern, target); });
}

std::optional<Time> MaintenanceWindow::open_until(Time now) const {
    if (!cron) {
        if (now < from || now >= until) return std::nullopt;
        return until;
    }
    const auto minute = std::chrono::floor<std::chrono::minutes>(now);
    for (Time at = minute; now - at < lasts; at -= kMinute) {
        if (cron->fires(civil_time(at, time_zone))) return at + lasts;
    }
    return std::nullopt;
}

std::optional<Time> MaintenanceWindow::next_opening(Time now) const {
    if (!cron) return now < from ? std::optional(from) : std::nullopt;
    const auto minute = std::chrono::floor<std::chrono::minutes>(now);
    for (Time at = minute + kMinute; at - now < kYear;) {
        const CivilTime local = civil_time(at, time_zone);
        if (cron->fires(local)) return at;
        // Of an hour in which it cannot fire the rest need not be asked for.
        const bool may = cron->hours[static_cast<size_t>(local.minute / 60)] && cron->is_on(local);
        at += may ? kMinute : kMinute * (60 - local.minute % 60);
    }
    return std::nullopt;
}

}  // namespace ops

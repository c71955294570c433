// Hours: the part of a person's day that is quiet, and windows of maintenance, in their time zone.
// Pure; escalate/local_time.cc knows the zones.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace ops {

struct CivilTime {
    int month = 1, day = 1;  // from 1
    int weekday = 0;         // 0 is Sunday
    int minute = 0;          // of the day
};
// In the zone ("": the machine's; unknown: UTC). escalate/local_time.cc
CivilTime civil_time(Time at, std::string_view time_zone);
// The date there, as if it were one of UTC.
std::chrono::sys_days local_day(Time at, std::string_view time_zone);
// When the clock there shows this minute on that day: the first time of two; one that summer time
// leaves out is there when it is left out.
Time moment_of(std::chrono::sys_days day, int minute, std::string_view time_zone);

// "22:00" as minutes of the day; "24:00" is the day's end.
Result<int> parse_clock(std::string_view text);

// Every day from one minute to another, over midnight when `to` is not after `from`.
struct QuietHours {
    int from = 0, to = 0;
    std::string time_zone;
    bool contains(Time at) const;
};

// Five fields as cron has them: minute, hour, day of month, month, day of week (0 and 7 are
// Sunday); *, lists, ranges, steps. When both days are given, either will do, as cron does it. An
// hour that a change to summer time leaves out fires nothing.
struct Cron {
    std::bitset<60> minutes;
    std::bitset<24> hours;
    std::bitset<32> days;
    std::bitset<13> months;
    std::bitset<8> weekdays;
    bool any_day = true, any_weekday = true;
    bool fires(const CivilTime& at) const;
    bool is_on(const CivilTime& at) const;  // does it fire on that day at all?
};
Result<Cron> parse_cron(std::string_view text);

// When nothing is raised of some targets: once, or at each time of a cron line.
struct MaintenanceWindow {
    std::string name;
    std::vector<std::string> targets;  // names or patterns
    std::optional<Cron> cron;
    Duration lasts{};  // of cron
    std::string time_zone;
    Time from{}, until{};  // once

    bool covers(std::string_view target) const;
    // Until when it is open at `now`; nothing: it is not. Asks the zone for every minute of `lasts`
    // at most: once a minute is often enough.
    std::optional<Time> open_until(Time now) const;
    // When it opens next, after `now` and within a year; nothing: it does not.
    std::optional<Time> next_opening(Time now) const;
};
constexpr Duration kLongestWindow = std::chrono::hours(24 * 7);  // of cron

}  // namespace ops

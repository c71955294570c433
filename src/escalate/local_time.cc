// Times in the founder's zone. The only file that knows the time zone library (Howard Hinnant's
// date) and its database, the system's own.
#define USE_OS_TZDB 1
#define ONLY_C_LOCALE 1
#define HAS_STRING_VIEW 1
#include <date/tz.h>

#include <exception>
#include <string>

#include "escalate/alert.h"
#include "escalate/hours.h"

namespace ops {
namespace {

// Null when there is no such zone, or no database: then times are told in UTC, and say so.
const date::time_zone* find_zone(std::string_view name) {
    try {
        return name.empty() ? date::current_zone() : date::locate_zone(name);
    } catch (const std::exception&) {
        return nullptr;
    }
}

}  // namespace

bool is_time_zone(std::string_view name) { return !name.empty() && find_zone(name) != nullptr; }

std::string local_time(Time at, std::string_view time_zone) {
    const date::time_zone* zone = find_zone(time_zone);
    if (zone == nullptr && !time_zone.empty()) zone = find_zone("");
    const auto minutes = std::chrono::floor<std::chrono::minutes>(at);
    try {
        if (zone != nullptr) return date::format("%Y-%m-%d %H:%M", zone->to_local(minutes));
    } catch (const std::exception&) {
        // The database has nothing for this time; UTC is right all the same.
    }
    return date::format("%Y-%m-%d %H:%M UTC", minutes);
}

std::chrono::sys_days local_day(Time at, std::string_view time_zone) {
    const date::time_zone* zone = find_zone(time_zone);
    if (zone == nullptr && !time_zone.empty()) zone = find_zone("");
    try {
        if (zone != nullptr) {
            const auto day = date::floor<date::days>(zone->to_local(at));
            return std::chrono::sys_days(std::chrono::days(day.time_since_epoch().count()));
        }
    } catch (const std::exception&) {
        // The database has nothing for this time; UTC is the best there is.
    }
    return std::chrono::floor<std::chrono::days>(at);
}

Time moment_of(std::chrono::sys_days day, int minute, std::string_view time_zone) {
    const date::time_zone* zone = find_zone(time_zone);
    if (zone == nullptr && !time_zone.empty()) zone = find_zone("");
    const Duration since = day.time_since_epoch() + std::chrono::minutes(minute);
    try {
        if (zone != nullptr) {
            return zone->to_sys(date::local_time<Duration>{since}, date::choose::earliest);
        }
    } catch (const std::exception&) {
        // The database has nothing for this time; UTC is the best there is.
    }
    return Time(since);
}

CivilTime civil_time(Time at, std::string_view time_zone) {
    const date::time_zone* zone = find_zone(time_zone);
    if (zone == nullptr && !time_zone.empty()) zone = find_zone("");
    auto local = date::local_time<Duration>{at.time_since_epoch()};
    try {
        if (zone != nullptr) local = zone->to_local(at);
    } catch (const std::exception&) {
        // The database has nothing for this time; UTC is the best there is.
    }
    const auto midnight = date::floor<date::days>(local);
    const date::year_month_day day(midnight);
    CivilTime civil;
    civil.month = static_cast<int>(static_cast<unsigned>(day.month()));
    civil.day = static_cast<int>(static_cast<unsigned>(day.day()));
    civil.weekday = static_cast<int>(date::weekday(midnight).c_encoding());
    civil.minute = static_cast<int>(
        std::chrono::duration_cast<std::chrono::minutes>(local - midnight).count());
    return civil;
}

}  // namespace ops

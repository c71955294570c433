#include "series/samples.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string_view>

#include "base/assert.h"
#include "base/units.h"

namespace ops::series {

Picked pick(Samples samples, Window window) {
    Picked picked;
    for (const Sample& sample : samples) {
        if (!std::isfinite(sample.value) || sample.at > window.end) continue;
        if (sample.at <= window.start) {
            picked.held = sample;
        } else {
            picked.inside.push_back(sample);
        }
    }
    return picked;
}

Duration usual_gap(Samples samples) {
    if (samples.size() < 2) return Duration{0};
    std::vector<Duration> gaps;
    gaps.reserve(samples.size() - 1);
    for (size_t i = 1; i < samples.size(); ++i) gaps.push_back(samples[i].at - samples[i - 1].at);
    const auto middle = gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2);
    std::nth_element(gaps.begin(), middle, gaps.end());
    return *middle;
}

std::string seen_of(Duration seen, Duration window) {
    struct Unit {
        int64_t milliseconds;
        std::string_view name;
    };
    constexpr auto kUnits = std::to_array<Unit>(
        {{86'400'000, "days"}, {3'600'000, "hours"}, {60'000, "minutes"}, {1'000, "seconds"}});
    for (const Unit& unit : kUnits) {
        const int64_t whole = window.count() / unit.milliseconds;
        if (whole < 2) continue;
        // Seen in part counts as seen, but never all of it: then it would not be worth telling.
        const int64_t part = (seen.count() + unit.milliseconds - 1) / unit.milliseconds;
        return std::to_string(std::clamp(part, int64_t{1}, whole - 1)) + " of " +
               std::to_string(whole) + " " + std::string(unit.name) + " seen";
    }
    return format_duration(seen) + " of " + format_duration(window) + " seen";
}

std::string nothing_inside(const Picked& picked, Window window) {
    std::string why = "no sample in the last " + format_duration(window.length());
    if (!picked.held) return why;
    return why + ", the newest is " + format_duration_short(window.end - picked.held->at) + " old";
}

double seconds_between(Time from, Time to) {
    return static_cast<double>((to - from).count()) / 1000.0;
}

double median_of(std::vector<double>& values) {
    ASSERT(!values.empty());
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) return *middle;
    return std::midpoint(*std::max_element(values.begin(), middle), *middle);
}

}  // namespace ops::series

// How unusual the newest sample is. The median and the MAD are taken because one old outage in the
// history must not widen what counts as usual, as it would with mean and deviation.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "base/units.h"
#include "series/samples.h"
#include "series/series.h"

namespace ops::series {
namespace {

constexpr size_t kFewestSamples = 30;
constexpr size_t kFewestSeasonal = 20;
constexpr size_t kFewestDays = 3;
constexpr double kMostScore = 100;
constexpr double kLeastSpread = 0.01;  // of the median
constexpr Duration kDay = std::chrono::hours(24);
constexpr Duration kNearInDay = std::chrono::minutes(30);
constexpr Duration kFreshEnough = std::chrono::hours(1);

// Values at the same time of day on earlier days; empty where the history is too short for it.
std::vector<double> same_time_of_day(const std::vector<Sample>& before, Time at) {
    std::vector<double> values;
    std::set<int64_t> days;
    for (const Sample& sample : before) {
        // Whole days back, rounded; at least one.
        const int64_t back = (at - sample.at + kDay / 2) / kDay;
        if (back < 1) continue;
        const Duration off = (at - sample.at) - kDay * back;
        if (std::chrono::abs(off) > kNearInDay) continue;
        values.push_back(sample.value);
        days.insert(back);
    }
    if (values.size() < kFewestSeasonal || days.size() < kFewestDays) values.clear();
    return values;
}

std::vector<double> last_day(const std::vector<Sample>& before, Time at) {
    std::vector<double> values;
    for (const Sample& sample : before) {
        if (sample.at > at - kDay) values.push_back(sample.value);
    }
    // A fact that is seen a few times a day: then all that is known.
    if (values.size() + 1 < kFewestSamples) {
        values.clear();
        for (const Sample& sample : before) values.push_back(sample.value);
    }
    return values;
}

// One standard deviation's worth, by the most robust measure that is not zero.
double spread_of(const std::vector<double>& values, double median) {
    std::vector<double> off;
    off.reserve(values.size());
    double mean_off = 0;
    for (const double value : values) {
        off.push_back(std::abs(value - median));
        mean_off += off.back() / static_cast<double>(values.size());
    }
    const double mad = median_of(off);
    const double spread = mad > 0 ? mad / 0.6745 : mean_off * 1.253314;
    return std::max(spread, std::abs(median) * kLeastSpread);
}

}  // namespace

JudgedAnomaly judge_anomaly(Samples samples, Time now) {
    const Window window = window_before(now, kAnomalyWindow);
    Picked picked = pick(samples, window);
    if (picked.inside.empty()) return {std::nullopt, nothing_inside(picked, window)};
    if (picked.inside.size() < kFewestSamples) {
        return {std::nullopt, std::to_string(picked.inside.size()) + " of at least " +
                                  std::to_string(kFewestSamples) + " samples seen"};
    }
    const Sample newest = picked.inside.back();
    const Duration stale = std::max(kFreshEnough, usual_gap(picked.inside) * 3);
    if (now - newest.at > stale) {
        return {std::nullopt,
                "the newest sample is " + format_duration_short(now - newest.at) + " old"};
    }
    picked.inside.pop_back();
    std::vector<double> usual = same_time_of_day(picked.inside, newest.at);
    const bool seasonal = !usual.empty();
    if (!seasonal) usual = last_day(picked.inside, newest.at);
    const double median = median_of(usual);
    const double spread = spread_of(usual, median);
    const double off = newest.value - median;
    double score = off == 0 ? 0 : off < 0 ? -kMostScore : kMostScore;
    if (off != 0 && spread > 0) score = std::clamp(off / spread, -kMostScore, kMostScore);
    if (!std::isfinite(score) || !std::isfinite(median)) {
        return {std::nullopt, "the samples are too large"};
    }
    return {Anomaly{.score = score, .usual = median, .seasonal = seasonal}, ""};
}

}  // namespace ops::series

// Trends: Theil and Sen's line, and what it says about the future.
//
//   value              . x      Every pair of points has a slope; half of the slopes are steeper
//     |         . x .           than the line, half are flatter. One wild point (o) touches n-1 of
//     |  x  . x                 the n(n-1)/2 slopes only, so it cannot bend the line, as it would
//     |. x          o           bend least squares.
//     +----------------- time
//
// Slopes grow with the square of the points, so long histories are first thinned to kMostPoints:
// groups of neighbours become their mean time and median value, which keeps the robustness.
#include <algorithm>
#include <cmath>

#include "base/units.h"
#include "series/samples.h"
#include "series/series.h"

namespace ops::series {
namespace {

constexpr size_t kMostPoints = 256;
constexpr size_t kFewestSamples = 8;
constexpr double kTenYearsSeconds = 10 * 365.25 * 86400;
constexpr double kCertain = 1.96;  // 5 %, both sides

struct Point {
    double x;  // seconds before the end of the window (negative)
    double y;
};

std::vector<Point> thinned(const std::vector<Sample>& samples, Time end) {
    const size_t groups = std::min(samples.size(), kMostPoints);
    std::vector<Point> points;
    points.reserve(groups);
    for (size_t group = 0; group < groups; ++group) {
        const size_t from = samples.size() * group / groups;
        const size_t to = samples.size() * (group + 1) / groups;
        std::vector<double> values;
        double x = 0;
        for (size_t i = from; i < to; ++i) {
            values.push_back(samples[i].value);
            x -= seconds_between(samples[i].at, end) / static_cast<double>(to - from);
        }
        points.push_back({x, median_of(values)});
    }
    return points;
}

// Mann and Kendall's test: do later values tend to be higher (or lower) than chance allows? Ties
// take from the variance (M. Kendall, "Rank Correlation Methods", 1975).
bool has_direction(const std::vector<Point>& points) {
    double score = 0;
    for (size_t i = 0; i < points.size(); ++i) {
        for (size_t j = i + 1; j < points.size(); ++j) {
            if (points[j].y > points[i].y) ++score;
            if (points[j].y < points[i].y) --score;
        }
    }
    const auto terms = [](double n) { return n * (n - 1) * (2 * n + 5); };
    double variance = terms(static_cast<double>(points.size()));
    std::vector<double> values;
    for (const Point& point : points) values.push_back(point.y);
    std::sort(values.begin(), values.end());
    for (auto run = values.begin(); run != values.end();) {
        const auto next = std::upper_bound(run, values.end(), *run);
        variance -= terms(static_cast<double>(next - run));
        run = next;
    }
    if (variance <= 0) return false;
    return std::abs(score) - 1 > kCertain * std::sqrt(variance / 18);
}

double median_slope(const std::vector<Point>& points) {
    std::vector<double> slopes;
    slopes.reserve(points.size() * (points.size() - 1) / 2);
    for (size_t i = 0; i < points.size(); ++i) {
        for (size_t j = i + 1; j < points.size(); ++j) {
            const double slope = (points[j].y - points[i].y) / (points[j].x - points[i].x);
            // Not between two of the same moment, nor where the difference overflows.
            if (std::isfinite(slope)) slopes.push_back(slope);
        }
    }
    return slopes.empty() ? 0 : median_of(slopes);
}

}  // namespace

double Trend::at_time(Time time) const {
    return level + slope_per_second * seconds_between(at, time);
}

FittedTrend fit_trend(Samples samples, Window window) {
    Picked picked = pick(samples, window);
    if (picked.inside.empty()) return {std::nullopt, nothing_inside(picked, window)};
    if (picked.inside.size() < kFewestSamples) {
        return {std::nullopt, std::to_string(picked.inside.size()) + " of at least " +
                                  std::to_string(kFewestSamples) + " samples seen"};
    }
    const Duration span = picked.inside.back().at - picked.inside.front().at;
    if (span * 4 < window.length()) {
        return {std::nullopt, seen_of(span, window.length()) + ", needs a quarter"};
    }
    const std::vector<Point> points = thinned(picked.inside, window.end);
    Trend trend{.at = window.end};
    if (has_direction(points)) trend.slope_per_second = median_slope(points);
    std::vector<double> heights;
    heights.reserve(points.size());
    for (const Point& point : points) heights.push_back(point.y - trend.slope_per_second * point.x);
    trend.level = median_of(heights);
    if (!std::isfinite(trend.level) || !std::isfinite(trend.slope_per_second)) {
        return {std::nullopt, "the samples are too large"};
    }
    return {trend, ""};
}

Duration forecast_window(Duration ahead) {
    return std::clamp(ahead, Duration(std::chrono::hours(1)), Duration(std::chrono::hours(7 * 24)));
}

Answer forecast(Samples samples, Window window, Duration ahead) {
    const FittedTrend fitted = fit_trend(samples, window);
    if (!fitted.trend) return Answer::unknown(fitted.why_unknown);
    return Answer::of(fitted.trend->at_time(add_saturating(window.end, ahead)));
}

Answer time_until(Samples samples, Window window, double value) {
    const FittedTrend fitted = fit_trend(samples, window);
    if (!fitted.trend) return Answer::unknown(fitted.why_unknown);
    const double slope = fitted.trend->slope_per_second;
    const double newest = pick(samples, window).inside.back().value;
    if (newest == value) return Answer::of(0);
    if (slope == 0) return Answer::unknown("no trend in " + format_duration(window.length()));
    const bool passed = (fitted.trend->level - value) * slope >= 0;
    if (passed) {
        // Either it was passed within the window, or the trend comes from nowhere near it: a disk
        // at 50 % that is being cleaned is not "already past" 95 %.
        const double at_start = fitted.trend->at_time(window.start);
        if ((at_start - value) * slope < 0) return Answer::of(0);
        return Answer::unknown("the trend leads away from it");
    }
    const double seconds = (value - fitted.trend->level) / slope;
    if (!(seconds <= kTenYearsSeconds)) return Answer::unknown("not within ten years");
    return Answer::of(seconds);
}

}  // namespace ops::series

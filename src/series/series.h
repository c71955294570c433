// Window mathematics: what the recorded samples of one fact say about a stretch of time. Pure: no
// clock, no IO, no state; every function is a value of its arguments.
//
// Samples come oldest first, in the fact's own unit (per cent, seconds, bytes, or a plain number; a
// boolean is 0 or 1). A window (start, end] is open on the left, as a range selector of Prometheus
// 3 is: neighbouring windows share no sample. Callers pass the samples of the window *and some from
// before it*: the newest one at or before the start is the value that held when the window began.
//
// Every answer is a finite number, or unknown with the reason in words that people read ("1 of 3
// minutes seen"). Samples that are not finite are passed over. What each function needs stands at
// its name:
//   covered    samples stand for at least 80 % of the window (a sample stands for the time since
//              the one before it, but for no more than three usual gaps, or three of its spans)
//   two        two samples: the one that held at the start (else the oldest inside) and a newer
//              one inside
//
// Of a span the lowest and highest, the mean and how many there were are exact; that it is one
// value is not, so percentiles and stddev of what is older than a day are those of means.
//
// Costs: one pass, but percentiles O(n log n), trends at most 256^2/2 slopes.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/value.h"

namespace ops::series {

// A value as it came, or, where the record keeps no more than that, what became of all that came in
// a span.
struct Sample {
    Time at{};         // where the span begins
    double value = 0;  // of a span the mean
    double low = value;
    double high = value;
    double count = 1;
    Duration span{0};  // zero: a value as it came; else all three have the precision of a float
    bool operator==(const Sample&) const = default;
};
using Samples = std::span<const Sample>;

// (start, end]
struct Window {
    Time start{};
    Time end{};
    Duration length() const { return end - start; }
};
Window window_before(Time now, Duration length);

// How far before a window its samples should reach, so that the value at its start is known: as
// long as the window itself, at least Prometheus' look-back of 5 minutes, at most an hour.
Duration reach_before(Duration window);

struct Answer {
    std::optional<double> value;
    std::string why_unknown;  // set when there is no value

    static Answer of(double value);  // unknown when not finite
    static Answer unknown(std::string why) { return {std::nullopt, std::move(why)}; }
    bool ok() const { return value.has_value(); }
};

// What the history of a fact keeps of a value: amounts as they are, booleans 0 or 1, strings a
// number that is equal for equal texts (so that `changed` works on them). Nothing for lists and
// unknown.
std::optional<double> sample_value(const Value& value);

// Needs: covered. Of the samples inside the window.
Answer avg(Samples samples, Window window);
Answer min(Samples samples, Window window);
Answer max(Samples samples, Window window);
Answer sum(Samples samples, Window window);
// Population standard deviation, as Prometheus' stddev_over_time.
Answer stddev(Samples samples, Window window);
// `quantile` in [0, 1], interpolated linearly between the two nearest ranks, as quantile_over_time.
Answer percentile(Samples samples, Window window, double quantile);

// Needs: two. Per second; a counter that goes down was reset and started again from zero, as in
// Prometheus' rate(). Not extrapolated to the window's ends: the value that held at the start makes
// that unnecessary, and a counter of whole things keeps whole steps.
Answer rate(Samples samples, Window window);
// Needs: two. Newest value minus the value at the start.
Answer delta(Samples samples, Window window);
// Needs: two, and a start that is not zero. In per cent of the value at the start; a fall of 25 %
// is drop 25 and rise -25. Where watching began inside the window, its oldest sample is the start:
// a fall seen within part of an hour is a fall within that hour, and must not go untold because the
// agent is young.
Answer drop(Samples samples, Window window);
Answer rise(Samples samples, Window window);
// 1 as soon as two different values were seen (one held at the start counts); 0 needs: covered.
Answer changed(Samples samples, Window window);

// How much of the window the samples stand for, 0 to 1.
double coverage(Samples samples, Window window);

// --- trend.cc ---

// A line through the samples that a few wild ones cannot bend: the median of all slopes between two
// points, through the median height (H. Theil 1950; P. K. Sen, J. Am. Stat. Assoc. 63, 1968: up to
// 29 % of the samples may be anything). Where the direction is not certain (Mann-Kendall test, 5 %)
// the slope is 0.
struct Trend {
    double level = 0;  // of the line at `at`
    double slope_per_second = 0;
    Time at{};
    double at_time(Time time) const;
};
struct FittedTrend {
    std::optional<Trend> trend;
    std::string why_unknown;
};
// Needs: 8 samples that span a quarter of the window.
FittedTrend fit_trend(Samples samples, Window window);

// How far back a forecast looks: as far as it looks ahead, at least 1 h, at most 7 d.
Duration forecast_window(Duration ahead);
// The trend's value `ahead` of the window's end. Percentages are not cut at 100: more says how sure
// it is.
Answer forecast(Samples samples, Window window, Duration ahead);

// How far back time_until looks: 6 h, as the disk alerts of kubernetes-mixin and node-mixin do.
inline constexpr Duration kTimeUntilWindow = std::chrono::hours(6);
// Seconds until the trend reaches `value`, 0 when it has passed it inside the window. Unknown when
// the trend leads away from the value, stands still, or would take more than ten years.
Answer time_until(Samples samples, Window window, double value);

// --- anomaly.cc ---

// How far back anomaly looks.
inline constexpr Duration kAnomalyWindow = std::chrono::hours(7 * 24);

// How unusual the newest sample is: the modified z-score 0.6745 (x - median) / MAD of B. Iglewicz
// and D. Hoaglin, "How to Detect and Handle Outliers" (1993), who call more than 3.5 an outlier.
// Compared with the same time of day (within 30 minutes, UTC) on other days where at least 3 other
// days and 20 samples of it are known, else with the last 24 h. Where more than half of the samples
// are equal and the MAD is 0, the mean absolute deviation stands in (same book), and never less
// than 1 % of the median: a flat line that moves by a hair is no outlier. Kept within -100 and 100.
// Needs: 30 samples, the newest of them at most 1 h or three usual gaps old.
struct Anomaly {
    double score = 0;  // below zero: unusually low
    double usual = 0;  // the median it was compared with
    bool seasonal = false;
};
struct JudgedAnomaly {
    std::optional<Anomaly> anomaly;
    std::string why_unknown;
};
JudgedAnomaly judge_anomaly(Samples samples, Time now);

}  // namespace ops::series

namespace ops {
using series::Sample;
}

#include "series/series.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ops::series {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
const Time kStart = Time(hours(24 * 365 * 50));

// Samples one `step` apart; NaN leaves one out. The last one is at kStart + step * (size - 1).
std::vector<Sample> series(Duration step, std::initializer_list<double> values) {
    std::vector<Sample> samples;
    Time at = kStart;
    for (const double value : values) {
        if (!std::isnan(value)) samples.push_back({at, value});
        at += step;
    }
    return samples;
}

Window last(Duration length, Duration since_start) {
    return window_before(kStart + since_start, length);
}

struct Row {
    const char* why;
    Answer (*function)(Samples, Window);
    std::vector<Sample> samples;
    Window window;
    double expected;          // NaN: unknown
    const char* why_unknown;  // part of the reason
};

void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        const Answer answer = row.function(row.samples, row.window);
        if (std::isnan(row.expected)) {
            EXPECT_FALSE(answer.ok()) << answer.value.value_or(0);
            EXPECT_EQ(answer.why_unknown, row.why_unknown);
        } else {
            ASSERT_TRUE(answer.ok()) << answer.why_unknown;
            EXPECT_NEAR(*answer.value, row.expected, 1e-9 * std::max(1.0, std::abs(row.expected)));
        }
    }
}

Answer p50(Samples samples, Window window) { return percentile(samples, window, 0.5); }
Answer p95(Samples samples, Window window) { return percentile(samples, window, 0.95); }

TEST(Series, SummarisesWindows) {
    const std::vector<Sample> ramp = series(minutes(1), {0, 1, 2, 5, 5, 5});
    const Window third = last(minutes(3), minutes(3));
    const std::vector<Sample> huge = series(minutes(1), {1e308, 1e308, 1e308});
    check({
        {"the sample at the start is outside", avg, ramp, third, 8.0 / 3, ""},
        {"one of three", avg, ramp, last(minutes(3), minutes(0)), kNothing, "1 of 3 minutes seen"},
        {"two of three", avg, ramp, last(minutes(3), minutes(1)), kNothing, "2 of 3 minutes seen"},
        {"three of three", avg, ramp, last(minutes(3), minutes(2)), 1, ""},
        {"nothing at all", avg, {}, third, kNothing, "no sample in the last 3m"},
        {"only older ones", avg, ramp, last(minutes(3), minutes(20)), kNothing,
         "no sample in the last 3m, the newest is 15m old"},
        {"smallest", min, ramp, third, 1, ""},
        {"largest", max, ramp, third, 5, ""},
        {"total", sum, ramp, third, 8, ""},
        {"median", p50, ramp, third, 2, ""},
        {"interpolated as Prometheus does", p95, ramp, third, 4.7, ""},
        {"median of two", p50, ramp, last(minutes(2), minutes(2)), 1.5, ""},
        {"population deviation", stddev, ramp, third, std::sqrt(26.0 / 9), ""},
        {"no deviation", stddev, ramp, last(minutes(2), minutes(5)), 0, ""},
        {"the mean of huge numbers is finite", avg, huge, last(minutes(2), minutes(2)), 1e308, ""},
        {"their sum is not", sum, huge, last(minutes(2), minutes(2)), kNothing,
         "the result is too large"},
        {"samples after the window do not count", max, ramp, last(minutes(2), minutes(2)), 2, ""},
    });
}

TEST(Series, SumsWithoutLosingSmallOnes) {
    const std::vector<Sample> samples = series(minutes(1), {1, 1e16, 1, -1e16});
    check({{"compensated", sum, samples, last(minutes(4), minutes(3)), 2, ""}});
}

TEST(Series, WelfordKeepsSmallDeviationsOfLargeNumbers) {
    const std::vector<Sample> samples = series(minutes(1), {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16});
    check({{"naive squares would give nonsense", stddev, samples, last(minutes(4), minutes(3)),
            std::sqrt(22.5), ""}});
}

TEST(Series, NeedsMostOfTheWindow) {
    const double n = kNothing;
    check({
        {"one lost of ten", avg, series(minutes(1), {1, 1, 1, 1, n, 1, 1, 1, 1, 1, 1}),
         last(minutes(10), minutes(10)), 1, ""},
        {"a hole of half the window", avg,
         series(minutes(1), {1, 1, 1, 1, 1, 1, 1, 1, n, n, n, n, n, n, n, n, n, n, 1, 1, 1}),
         last(minutes(20), minutes(20)), kNothing, "12 of 20 minutes seen"},
        {"it went silent", avg, series(minutes(1), {1, 1, 1, 1, 1, 1, n, n, n, n, n, n}),
         last(minutes(10), minutes(11)), kNothing, "7 of 10 minutes seen"},
        {"seldom, but always", avg, series(minutes(5), {1, 1, 1, 1}), last(minutes(6), minutes(15)),
         1, ""},
        {"in seconds", avg, series(seconds(15), {1, 1}), last(minutes(1), seconds(15)), kNothing,
         "30 of 60 seconds seen"},
        {"in hours", avg, series(minutes(10), {1, 1}), last(hours(6), minutes(10)), kNothing,
         "1 of 6 hours seen"},
        {"in days", avg, series(hours(12), {1, 1, 1}), last(hours(24 * 7), hours(24)), kNothing,
         "2 of 7 days seen"},
    });
}

TEST(Series, PassesOverWhatIsNotFinite) {
    std::vector<Sample> samples = series(minutes(1), {1, 2, 3, 4});
    samples[2].value = std::numeric_limits<double>::infinity();
    samples[1].value = kNothing;
    check({
        {"inf and nan", max, samples, last(minutes(4), minutes(3)), 4, ""},
        {"as if not there", sum, samples, last(minutes(4), minutes(3)), 5, ""},
    });
}

TEST(Series, TellsChange) {
    const double n = kNothing;
    const std::vector<Sample> revenue = series(minutes(5), {2450, 2450, 2400, 1837.5});
    check({
        {"from the value held at the start", delta, revenue, last(minutes(12), minutes(15)),
         1837.5 - 2450, ""},
        {"a quarter of it", drop, revenue, last(minutes(12), minutes(15)), 25, ""},
        {"a fall is a negative rise", rise, revenue, last(minutes(12), minutes(15)), -25, ""},
        {"watching began inside: from the oldest", drop, revenue, last(hours(1), minutes(15)), 25,
         ""},
        {"one sample says nothing", drop, series(minutes(5), {5}), last(hours(1), minutes(0)),
         kNothing, "1 sample in the last 1h, needs 2"},
        {"nothing new", drop, revenue, last(minutes(5), minutes(40)), kNothing,
         "no sample in the last 5m, the newest is 25m old"},
        {"no per cent of nothing", drop, series(minutes(5), {0, 5}), last(hours(1), minutes(5)),
         kNothing, "it was 0 1h ago, and no per cent of 0 can be told"},
        {"a loss that shrinks is a rise", rise, series(minutes(5), {-10, -5}),
         last(hours(1), minutes(5)), 50, ""},
        {"unchanged is 0, not -0", drop, series(minutes(5), {5, 5}), last(hours(1), minutes(5)), 0,
         ""},
        {"changed", changed, series(minutes(1), {1, 1, 2, n}), last(minutes(3), minutes(3)), 1, ""},
        {"changed back is changed", changed, series(minutes(1), {1, 2, 1, 1}),
         last(minutes(3), minutes(3)), 1, ""},
        {"the change was at the start", changed, series(minutes(1), {1, 2, 2, 2}),
         last(minutes(3), minutes(3)), 1, ""},
        {"the change was before", changed, series(minutes(1), {1, 2, 2, 2, 2}),
         last(minutes(3), minutes(4)), 0, ""},
        {"the same, but not seen for long enough", changed, series(minutes(1), {1, 1}),
         last(minutes(9), minutes(1)), kNothing, "2 of 9 minutes seen"},
        {"one change is enough to know", changed, series(minutes(1), {1, 2}),
         last(minutes(9), minutes(1)), 1, ""},
    });
}

TEST(Series, RateKnowsCounterResets) {
    check({
        {"60 in a minute", rate, series(minutes(1), {0, 60, 120, 180}),
         last(minutes(3), minutes(3)), 1, ""},
        {"reset to zero", rate, series(minutes(1), {100, 160, 0, 60}), last(minutes(3), minutes(3)),
         120.0 / 180, ""},
        {"reset to something", rate, series(minutes(1), {100, 160, 20, 80}),
         last(minutes(3), minutes(3)), 140.0 / 180, ""},
        {"two resets", rate, series(minutes(1), {10, 5, 3}), last(minutes(3), minutes(2)),
         8.0 / 120, ""},
        {"whole steps stay whole", rate, series(seconds(10), {3, 3, 3, 4}),
         last(seconds(30), seconds(30)), 1.0 / 30, ""},
        {"one is too few", rate, series(minutes(1), {3}), last(minutes(3), minutes(0)), kNothing,
         "1 sample in the last 3m, needs 2"},
    });
    const std::vector<Sample> together = {{kStart, 1}, {kStart, 5}};
    check({{"no time between", rate, together, last(minutes(3), minutes(0)), kNothing,
            "all samples are of the same moment"}});
}

TEST(Series, CoverageIsAShare) {
    EXPECT_DOUBLE_EQ(coverage(series(minutes(1), {1, 1, 1}), last(minutes(3), minutes(2))), 1);
    EXPECT_DOUBLE_EQ(coverage(series(minutes(1), {1, 1}), last(minutes(4), minutes(1))), 0.5);
    EXPECT_DOUBLE_EQ(coverage({}, last(minutes(4), minutes(1))), 0);
    EXPECT_DOUBLE_EQ(coverage(series(minutes(1), {1, 1}), last(minutes(0), minutes(1))), 0);
}

TEST(Series, SampleValuesOfFacts) {
    EXPECT_EQ(sample_value(Value::percentage(90)), 90);
    EXPECT_EQ(sample_value(Value::duration(minutes(5))), 300);
    EXPECT_EQ(sample_value(Value::boolean(true)), 1);
    EXPECT_EQ(sample_value(Value()), std::nullopt);
    EXPECT_EQ(sample_value(Value::list({})), std::nullopt);
    EXPECT_EQ(sample_value(Value::string("up")), sample_value(Value::string("up")));
    EXPECT_NE(sample_value(Value::string("up")), sample_value(Value::string("down")));
    EXPECT_LT(*sample_value(Value::string("down")), 9007199254740992.0) << "exact in a double";
}

TEST(Series, WindowsAtTheEndsOfTimeDoNotWrap) {
    const Window window = window_before(Time::min(), hours(1));
    EXPECT_EQ(window.start, Time::min());
    EXPECT_FALSE(avg(series(minutes(1), {1, 2}), window).ok());
    EXPECT_EQ(reach_before(minutes(1)), minutes(5));
    EXPECT_EQ(reach_before(minutes(20)), minutes(20));
    EXPECT_EQ(reach_before(hours(24)), hours(1));
}

}  // namespace
}  // namespace ops::series

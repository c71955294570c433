// What the language's functions say of the record, beside what they say of every value that came.
#include "agent/recorded_samples.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sim/sim_vfs.h"

namespace ops {
namespace {

using namespace std::chrono_literals;

const Time kStart = Time(24h * 365 * 50);
constexpr Duration kStep = 30s;
constexpr int kSteps = 3 * 24 * 120;  // three days

class RecordedSamplesTest : public testing::Test {
protected:
    RecordedSamplesTest() : disk_("recorded_samples_test_disk") {
        auto opened = History::open("/d", {.vfs = disk_.name()});
        EXPECT_TRUE(opened.ok());
        history_ = std::move(opened).value();
    }

    // A value each half minute for three days, moved as it would have been by then.
    template <typename ValueAt>
    void fill(ValueAt value_at) {
        std::vector<SampleRow> rows;
        for (int i = 0; i < kSteps; ++i) {
            const Time at = kStart + i * kStep;
            all_.push_back({at, value_at(i)});
            rows.push_back({"shop", "n", at, all_.back().value});
        }
        ASSERT_TRUE(history_->add(rows).ok());
        now_ = all_.back().at;
        for (auto more = history_->maintain(now_); more.ok() && more.value();) {
            more = history_->maintain(now_);
        }
    }

    using Function = series::Answer (*)(series::Samples, series::Window);
    double recorded(Function function, Duration length, Duration ago = 0s) {
        const series::Window window = series::window_before(now_ - ago, length);
        const auto samples = recorded_samples(
            *history_, "shop", "n", window.start - series::reach_before(length), window.end);
        EXPECT_TRUE(samples.ok());
        const series::Answer answer = function(samples.value(), window);
        EXPECT_TRUE(answer.ok()) << answer.why_unknown;
        return answer.value.value_or(std::nan(""));
    }
    double exact(Function function, Duration length) {
        return function(all_, series::window_before(now_, length)).value.value_or(std::nan(""));
    }

    sim::SimDisk disk_;
    std::unique_ptr<History> history_;
    std::vector<Sample> all_;
    Time now_{};
};

TEST_F(RecordedSamplesTest, ADayIsReadAsItCame) {
    fill([](int i) { return (i * 7919) % 1009 + 0.25; });
    for (const Function function : {series::avg, series::min, series::max, series::sum,
                                    series::stddev, series::rate, series::delta}) {
        EXPECT_EQ(recorded(function, 1h), exact(function, 1h));
        EXPECT_NEAR(recorded(function, 23h) / exact(function, 23h), 1, 1e-12);
    }
}

TEST_F(RecordedSamplesTest, APeakStaysForAllOfItsWindow) {
    fill([](int i) { return i == kSteps - 30 ? 1000.0 : 1.0; });
    for (const Duration length : {1h, 24h, 26h, 60h}) {
        for (int ago = 0; ago < 120; ++ago) {
            EXPECT_EQ(recorded(series::max, length, ago * 7s), 1000) << ago;
            EXPECT_EQ(recorded(series::min, length, ago * 7s), 1) << ago;
        }
    }
}

TEST_F(RecordedSamplesTest, SumsOfDaysCountEveryValue) {
    fill([](int i) { return i % 3 + 1.0; });
    for (const Duration length : {24h, 30h, 60h}) {
        EXPECT_NEAR(recorded(series::sum, length) / exact(series::sum, length), 1, 0.01);
        EXPECT_NEAR(recorded(series::avg, length), 2, 0.01);
    }
}

TEST_F(RecordedSamplesTest, ACounterThatBeganAgainDidNotGrowByAllOfIt) {
    constexpr int kReset = kSteps - 4000;  // more than a day ago
    fill([](int i) { return i < kReset ? 1e9 + i * 30.0 : (i - kReset) * 30.0; });
    for (const Duration length : {24h, 36h, 60h}) {
        EXPECT_NEAR(recorded(series::rate, length), 1, 0.02);
    }
}

TEST_F(RecordedSamplesTest, WhatNeverChangedDidNot) {
    const double text = *series::sample_value(Value::string("v1.2.3"));
    fill([text](int) { return text; });
    for (const Duration length : {1h, 24h, 26h, 60h}) {
        EXPECT_EQ(recorded(series::changed, length), 0);
    }
}

TEST_F(RecordedSamplesTest, AChangeOfDaysAgoIsOne) {
    fill([](int i) { return i < kSteps - 4001 ? 1.0 : 2.0; });
    EXPECT_EQ(recorded(series::changed, 24h), 0);
    EXPECT_EQ(recorded(series::changed, 60h), 1);
}

}  // namespace
}  // namespace ops

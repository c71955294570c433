#include "record/sample_block.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sim/sector_file.h"

namespace ops {
namespace {

using sim::Dice;

double any_value(Dice& dice) {
    switch (dice.below(8)) {
        case 0: return static_cast<double>(dice.below(300));
        case 1: return -static_cast<double>(dice.below(1'000'000));
        case 2: return static_cast<double>(dice.next() >> 11U) / 1e9;
        case 3: return 0.25;
        case 4: return -0.0;
        case 5: return std::numeric_limits<double>::max();
        case 6: return 9007199254740992.0;
        default: return 5e-324;
    }
}

TEST(SampleBlock, GivesSamplesBackExactly) {
    for (uint64_t seed = 1; seed <= 200; ++seed) {
        Dice dice(seed);
        std::vector<RawSample> samples;
        for (uint64_t i = dice.below(60); i > 0; --i) {
            samples.push_back({static_cast<uint32_t>(dice.below(5) * dice.below(2'000'000)),
                               static_cast<int64_t>(dice.below(4'000'000'000'000)),
                               any_value(dice)});
        }
        sort_samples(samples);
        std::vector<RawSample> back;
        ASSERT_TRUE(unpack_samples(pack_samples(samples), 0, UINT32_MAX, back).ok());
        ASSERT_EQ(back.size(), samples.size());
        for (size_t i = 0; i < back.size(); ++i) {
            EXPECT_EQ(back[i].series, samples[i].series);
            EXPECT_EQ(back[i].at_ms, samples[i].at_ms);
            EXPECT_EQ(back[i].value, samples[i].value);
            EXPECT_EQ(std::signbit(back[i].value), std::signbit(samples[i].value));
        }
    }
}

TEST(SampleBlock, GivesOnlyTheSeriesAskedFor) {
    std::vector<RawSample> samples{{1, 10, 1}, {2, 10, 2}, {2, 11, 3}, {7, 12, 4}};
    std::vector<RawSample> some;
    ASSERT_TRUE(unpack_samples(pack_samples(samples), 2, 6, some).ok());
    ASSERT_EQ(some.size(), 2U);
    EXPECT_EQ(some[1].value, 3);
}

TEST(SampleBlock, IsSmall) {
    std::vector<RawSample> samples;
    for (uint32_t series = 0; series < 1000; ++series) samples.push_back({series, 1000, 200});
    EXPECT_LE(pack_samples(samples).size(), 5000U) << "at most 5 bytes for a plain fact";
}

TEST(SampleBlock, GivesSummariesBack) {
    std::vector<NumberedSummary> summaries{
        {0, Summary::of(3)}, {5, {7, 0.1, -2.5, 1e6}}, {6, {1, 1e300, 1e300, 1e300}}};
    std::vector<NumberedSummary> back;
    ASSERT_TRUE(unpack_summaries(pack_summaries(summaries), back).ok());
    ASSERT_EQ(back.size(), 3U);
    EXPECT_EQ(back[1].number, 5U);
    EXPECT_EQ(back[1].summary.count, 7U);
    EXPECT_FLOAT_EQ(static_cast<float>(back[1].summary.mean), 0.1F);
    EXPECT_EQ(back[1].summary.low, -2.5);
    EXPECT_EQ(back[1].summary.high, 1e6);
    EXPECT_TRUE(std::isfinite(back[2].summary.mean)) << "beyond a float: the largest there is";
}

TEST(SampleBlock, MergesByNumber) {
    std::vector<NumberedSummary> summaries{
        {2, Summary::of(4)}, {1, Summary::of(9)}, {2, {3, 8, 6, 10}}};
    merge_summaries(summaries);
    ASSERT_EQ(summaries.size(), 2U);
    EXPECT_EQ(summaries[1].summary.count, 4U);
    EXPECT_DOUBLE_EQ(summaries[1].summary.mean, 7);
    EXPECT_EQ(summaries[1].summary.low, 4);
    EXPECT_EQ(summaries[1].summary.high, 10);
}

// Whatever the bytes: an answer or an error, no crash, nothing that is not finite.
TEST(SampleBlock, SurvivesAnyBytes) {
    Dice dice(3);
    std::vector<RawSample> seeds{{1, 10, 0.1}, {2, 10, 2}, {2, 99, 300}};
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes = round % 2 == 0 ? pack_samples(seeds) : std::string();
        for (uint64_t i = dice.below(12); i > 0; --i) {
            if (bytes.empty() || dice.below(3) == 0) {
                bytes += static_cast<char>(dice.next());
            } else {
                bytes[dice.below(bytes.size())] = static_cast<char>(dice.next());
            }
        }
        std::vector<RawSample> samples;
        (void)unpack_samples(bytes, 0, UINT32_MAX, samples).ok();  // either is right
        for (const RawSample& sample : samples) EXPECT_TRUE(std::isfinite(sample.value));
        std::vector<NumberedSummary> summaries;
        (void)unpack_summaries(bytes, summaries).ok();  // either is right
        for (const auto& each : summaries) EXPECT_TRUE(std::isfinite(each.summary.mean));
    }
}

}  // namespace
}  // namespace ops

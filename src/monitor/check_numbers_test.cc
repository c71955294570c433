#include "monitor/check_numbers.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

using namespace std::chrono_literals;
using Numbers = std::vector<uint32_t>;

TEST(CheckNumbers, AreKeptByWhatIsTheSameWhereverItStands) {
    CheckNumbers numbers;
    EXPECT_EQ(numbers.assign({11, 12, 13}, 0s), (Numbers{0, 1, 2}));
    EXPECT_EQ(numbers.assign({13, 14, 11}, 1s), (Numbers{2, 3, 0}));
    EXPECT_FALSE(numbers.is_in_use(1));
    EXPECT_TRUE(numbers.is_in_use(3));
    EXPECT_FALSE(numbers.is_in_use(99));
    EXPECT_EQ(numbers.assign({12, 11}, 2s), (Numbers{4, 0})) << "what was gone begins anew";
}

TEST(CheckNumbers, TwoThatAreAlikeHaveTwo) {
    CheckNumbers numbers;
    EXPECT_EQ(numbers.assign({7, 7, 8}, 0s), (Numbers{0, 1, 2}));
    EXPECT_EQ(numbers.assign({8, 7, 7, 7}, 0s), (Numbers{2, 0, 1, 3}));
    EXPECT_EQ(numbers.assign({7}, 0s), (Numbers{0}));
}

TEST(CheckNumbers, AreGivenAgainOnlyWhenNothingCanSpeakOfThem) {
    CheckNumbers numbers;
    (void)numbers.assign({1, 2}, 0s);
    EXPECT_EQ(numbers.assign({3, 2}, 10s), (Numbers{2, 1}));
    const Duration rested = 10s + CheckNumbers::kRest;
    EXPECT_EQ(numbers.assign({4, 2}, rested - 1ms), (Numbers{3, 1})) << "not yet";
    EXPECT_EQ(numbers.assign({5, 2}, rested), (Numbers{0, 1}));
}

TEST(CheckNumbers, StaySmallHoweverOftenAllIsChanged) {
    CheckNumbers numbers;
    uint32_t most = 0;
    uint64_t identity = 1;
    for (int day = 0; day < 1000; ++day) {
        std::vector<uint64_t> all(10);
        for (uint64_t& one : all) one = identity++;
        for (const uint32_t number : numbers.assign(all, day * 24h)) most = std::max(most, number);
    }
    EXPECT_LT(most, 20U);
}

}  // namespace
}  // namespace ops

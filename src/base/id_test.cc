#include "base/id.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace ops {
namespace {

Time at(const char* text) { return parse_rfc3339(text).value(); }

TEST(Id, HasTimeFirstAndThenTheRandomPart) {
    EXPECT_EQ(make_id("inc", at("2020-01-01T00:00:00Z"), 0), "inc-0000000000");
    EXPECT_EQ(make_id("inc", at("2020-01-01T00:00:31.999Z"), 31), "inc-00000z000z");
    EXPECT_EQ(make_id("act", at("2020-01-01T00:00:32Z"), 0xFFFFF), "act-000010zzzz");
    EXPECT_EQ(make_id("inc", at("2020-01-01T00:00:00Z"), ~uint64_t{0}), "inc-000000zzzz")
        << "of the random number only 20 bits are used";
}

TEST(Id, StaysReadableOutsideItsYears) {
    EXPECT_EQ(make_id("inc", at("1999-01-01T00:00:00Z"), 1), "inc-0000000001");
    EXPECT_EQ(make_id("inc", at("2099-01-01T00:00:00Z"), 1), "inc-zzzzzz0001");
    EXPECT_EQ(make_id("inc", Time::max(), 1), "inc-zzzzzz0001");
    EXPECT_EQ(make_id("inc", Time::min(), 1), "inc-0000000001");
}

TEST(Id, SortsByTime) {
    EXPECT_TRUE(rc::check([] {
        const Time start = at("2020-01-01T00:00:00Z");
        const auto a = *rc::gen::inRange(0, 1'000'000'000);
        const auto b = *rc::gen::inRange(0, 1'000'000'000);
        RC_PRE(a < b);
        const auto random = *rc::gen::arbitrary<uint64_t>();
        RC_ASSERT(make_id("x", start + std::chrono::seconds{a}, random) <
                  make_id("x", start + std::chrono::seconds{b}, ~random));
    }));
}

}  // namespace
}  // namespace ops

#include "base/units.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <cmath>
#include <limits>

namespace ops {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

TEST(Duration, IsReadInEverySpelling) {
    struct Row {
        const char* why;
        const char* text;
        int64_t milliseconds;
    };
    const auto rows = std::to_array<Row>({
        {"milliseconds", "200ms", 200},
        {"seconds", "30s", 30'000},
        {"minutes", "5m", 300'000},
        {"in words", "5 minutes", 300'000},
        {"one", "1 minute", 60'000},
        {"short word", "2 min", 120'000},
        {"short word", "2 sec", 2'000},
        {"hours", "1 hour", 3'600'000},
        {"two parts", "1h30m", 5'400'000},
        {"two parts with spaces", "1 h 30 m", 5'400'000},
        {"days", "2 d", 172'800'000},
        {"weeks", "1w", 604'800'000},
        {"every unit", "1w1d1h1m1s1ms", 694'861'001},
        {"a fraction", "1.5h", 5'400'000},
        {"a fraction of a fraction is rounded", "0.0016s", 2},
        {"zero needs no unit", "0", 0},
        {"zero with one", "0s", 0},
        {"space around", "  30s ", 30'000},
        {"the most there is", "9223372036854775807ms", kMost},
    });
    for (const Row& row : rows) {
        const auto span = parse_duration(row.text);
        ASSERT_TRUE(span.ok()) << row.why << ": " << span.error().message;
        EXPECT_EQ(span.value().count(), row.milliseconds) << row.why << ": " << row.text;
    }
}

TEST(Duration, RefusalsSayWhatIsWrong) {
    struct Row {
        const char* why;
        const char* text;
        const char* says;
    };
    const auto rows = std::to_array<Row>({
        {"no unit", "30", "has no unit"},
        {"no unit after a good part", "1m30", "has no unit"},
        {"a misspelt unit", "5 minuts", "unknown unit 'minuts' (did you mean 'minute'?)"},
        {"a size", "5GB", "unknown unit 'GB'"},
        {"capitals mean other things", "5M", "unknown unit 'M'"},
        {"nothing", "", "is not a duration"},
        {"only a unit", "s", "is not a duration"},
        {"below zero", "-5s", "is not a duration"},
        {"an exponent", "1e3s", "unknown unit 'e'"},
        {"a point in front", ".5s", "is not a duration"},
        {"a point behind", "5.s", "is not a duration"},
        {"two points", "1.2.3s", "is not a duration"},
        {"a percentage", "5%", "is not understood"},
        {"smaller unit first", "30m1h", "from large units to small"},
        {"the same unit twice", "5m5m", "from large units to small"},
        {"finer than we count", "0.1ms", "is too small"},
        {"more weeks than fit", "99999999999999w", "is too large"},
        {"more digits than fit", "99999999999999999999ms", "is too large"},
        {"the sum does not fit", "15250284452w471d", "is too large"},
        {"something after it", "5m!", "is not a duration"},
    });
    for (const Row& row : rows) {
        const auto span = parse_duration(row.text);
        ASSERT_FALSE(span.ok()) << row.why << ": " << row.text;
        EXPECT_EQ(span.error().fault, Fault::invalid);
        EXPECT_NE(span.error().message.find(row.says), std::string::npos)
            << row.why << ": " << span.error().message;
    }
}

TEST(Duration, IsWrittenInTwoWays) {
    struct Row {
        int64_t milliseconds;
        const char* exact;
        const char* short_form;
    };
    const auto rows = std::to_array<Row>({
        {0, "0s", "0s"},
        {250, "250ms", "250ms"},
        {1'000, "1s", "1s"},
        {1'250, "1s250ms", "1.25s"},
        {9'999, "9s999ms", "9.99s"},
        {12'345, "12s345ms", "12s"},
        {60'000, "1m", "1m"},
        {200'000, "3m20s", "3m 20s"},
        {5'400'000, "1h30m", "1h 30m"},
        {3'601'000, "1h1s", "1h"},
        {172'800'000, "2d", "2d"},
        {187'200'000, "2d4h", "2d 4h"},
        {-5'000, "-5s", "-5s"},
        {-200'000, "-3m20s", "-3m 20s"},
        {kMost, "106751991167d7h12m55s807ms", "106751991167d 7h"},
        {std::numeric_limits<int64_t>::min(), "-106751991167d7h12m55s808ms", "-106751991167d 7h"},
    });
    for (const Row& row : rows) {
        EXPECT_EQ(format_duration(Duration{row.milliseconds}), row.exact);
        EXPECT_EQ(format_duration_short(Duration{row.milliseconds}), row.short_form);
    }
}

TEST(Duration, WrittenAndReadIsTheSame) {
    EXPECT_TRUE(rc::check([] {
        // Shifted, so that all magnitudes come up and not only the huge ones.
        const int64_t count = *rc::gen::inRange<int64_t>(0, kMost) >> *rc::gen::inRange(0, 62);
        const auto back = parse_duration(format_duration(Duration{count}));
        RC_ASSERT(back.ok());
        RC_ASSERT(back.value().count() == count);
    }));
}

TEST(Duration, AnyTextIsReadOrRefused) {
    EXPECT_TRUE(rc::check([] {
        const auto text = *rc::gen::container<std::string>(
            rc::gen::elementOf(std::string("0123456789.mshdwin -e")));
        const auto span = parse_duration(text);
        if (span.ok()) RC_ASSERT(span.value().count() >= 0);
    }));
}

TEST(Size, IsReadInEverySpelling) {
    struct Row {
        const char* text;
        int64_t bytes;
    };
    const auto rows = std::to_array<Row>({
        {"100B", 100},
        {"3GB", 3'000'000'000},
        {"3 GB", 3'000'000'000},
        {"1.5KB", 1'500},
        {"20MB", 20'000'000},
        {"2TB", 2'000'000'000'000},
        {"1KiB", 1'024},
        {"512MiB", 536'870'912},
        {"1GiB", 1'073'741'824},
        {"1TiB", 1'099'511'627'776},
        {"0.5KiB", 512},
        {"0", 0},
    });
    for (const Row& row : rows) {
        const auto size = parse_size(row.text);
        ASSERT_TRUE(size.ok()) << size.error().message;
        EXPECT_EQ(size.value(), row.bytes) << row.text;
    }
}

TEST(Size, RefusalsSayWhatIsWrong) {
    struct Row {
        const char* text;
        const char* says;
    };
    const auto rows = std::to_array<Row>({
        {"3", "has no unit"},
        {"3 gb", "unknown unit 'gb' (did you mean 'GB'?)"},
        {"3 minutes", "unknown unit 'minutes'"},
        {"1GB5MB", "is not understood"},
        {"-1GB", "is not a size"},
        {"", "is not a size"},
        {"9999999TiB", "is too large"},
        {"0.1B", "is too small"},
    });
    for (const Row& row : rows) {
        const auto size = parse_size(row.text);
        ASSERT_FALSE(size.ok()) << row.text;
        EXPECT_NE(size.error().message.find(row.says), std::string::npos) << size.error().message;
    }
}

TEST(Size, IsWrittenInPowersOfAThousand) {
    EXPECT_EQ(format_size(0), "0B");
    EXPECT_EQ(format_size(999), "999B");
    EXPECT_EQ(format_size(1'000), "1KB");
    EXPECT_EQ(format_size(3'210'000'000), "3.2GB");
    EXPECT_EQ(format_size(999'960), "1MB");
    EXPECT_EQ(format_size(-3'210'000'000), "-3.2GB");
    EXPECT_EQ(format_size(5e15), "5000TB");
}

TEST(Units, WordsHaveOneMeaning) {
    EXPECT_EQ(duration_unit_seconds("ms"), 0.001);
    EXPECT_EQ(duration_unit_seconds("minutes"), 60);
    EXPECT_EQ(duration_unit_seconds("weeks"), 604'800);
    EXPECT_EQ(duration_unit_seconds("GB"), 0);
    EXPECT_EQ(duration_unit_seconds(""), 0);
    EXPECT_EQ(size_unit_bytes("GB"), 1e9);
    EXPECT_EQ(size_unit_bytes("KiB"), 1024);
    EXPECT_EQ(size_unit_bytes("m"), 0);
}

TEST(Number, IsWrittenPlainly) {
    struct Row {
        double number;
        int digits;
        const char* text;
    };
    const auto rows = std::to_array<Row>({
        {42, 3, "42"},
        {3.5, 3, "3.5"},
        {0.01, 3, "0.01"},
        {0.0001, 3, "0"},
        {-0.0001, 3, "0"},
        {-2.5, 3, "-2.5"},
        {99.9999, 3, "100"},
        {100, 0, "100"},
        {1e21, 3, "1000000000000000000000"},
        {std::nan(""), 3, "nan"},
        {-INFINITY, 3, "-inf"},
    });
    for (const Row& row : rows) EXPECT_EQ(format_number(row.number, row.digits), row.text);
    EXPECT_EQ(format_number(std::numeric_limits<double>::max(), 3).size(), 309u);
}

}  // namespace
}  // namespace ops

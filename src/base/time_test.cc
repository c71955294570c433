#include "base/time.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>

namespace ops {
namespace {

int64_t milliseconds(Time at) { return at.time_since_epoch().count(); }

TEST(Time, IsReadAsRfc3339Says) {
    struct Row {
        const char* why;
        const char* text;
        int64_t milliseconds;
    };
    const auto rows = std::to_array<Row>({
        {"the beginning", "1970-01-01T00:00:00Z", 0},
        {"as we write it", "2026-01-29T14:30:00.123Z", 1769697000123},
        {"small letters", "2026-01-29t14:30:00z", 1769697000000},
        {"a space, as RFC 3339 allows", "2026-01-29 14:30:00Z", 1769697000000},
        {"one fraction digit", "1970-01-01T00:00:00.5Z", 500},
        {"nanoseconds are cut, not rounded", "1970-01-01T00:00:00.999999999Z", 999},
        {"east of Greenwich is earlier", "1970-01-01T01:00:00+01:00", 0},
        {"west of Greenwich is later", "1969-12-31T18:30:00-05:30", 0},
        {"before 1970", "1969-12-31T23:59:59.999Z", -1},
        {"a leap day", "2024-02-29T00:00:00Z", 1709164800000},
        {"a leap second is the next moment", "2016-12-31T23:59:60Z", 1483228800000},
        {"the first year", "0000-01-01T00:00:00Z", -62167219200000},
        {"the last", "9999-12-31T23:59:59.999Z", 253402300799999},
    });
    for (const Row& row : rows) {
        const auto at = parse_rfc3339(row.text);
        ASSERT_TRUE(at.ok()) << row.why << ": " << at.error().message;
        EXPECT_EQ(milliseconds(at.value()), row.milliseconds) << row.why;
    }
}

TEST(Time, RefusesWhatIsNone) {
    struct Row {
        const char* why;
        const char* text;
    };
    const auto rows = std::to_array<Row>({
        {"nothing", ""},
        {"only a date", "2026-01-29"},
        {"no zone", "2026-01-29T14:30:00"},
        {"no such month", "2026-13-29T14:30:00Z"},
        {"no such day", "2026-02-29T14:30:00Z"},
        {"no such day of a century", "1900-02-29T14:30:00Z"},
        {"day zero", "2026-01-00T14:30:00Z"},
        {"hour 24", "2026-01-29T24:00:00Z"},
        {"minute 60", "2026-01-29T14:60:00Z"},
        {"second 61", "2026-01-29T14:30:61Z"},
        {"a point without digits", "2026-01-29T14:30:00.Z"},
        {"an offset without colon", "2026-01-29T14:30:00+0100"},
        {"an offset of a day", "2026-01-29T14:30:00+24:00"},
        {"something after it", "2026-01-29T14:30:00Zulu"},
        {"a sign for digits", "2026-01-29T-4:30:00Z"},
        {"a space before it", " 2026-01-29T14:30:00Z"},
    });
    for (const Row& row : rows) {
        const auto at = parse_rfc3339(row.text);
        ASSERT_FALSE(at.ok()) << row.why;
        EXPECT_EQ(at.error().fault, Fault::invalid) << row.why;
        EXPECT_NE(at.error().message.find("is not a time"), std::string::npos) << row.why;
    }
}

TEST(Time, IsWrittenWithMillisecondsAndInUtc) {
    EXPECT_EQ(format_rfc3339(Time{}), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(format_rfc3339(Time{Duration{1769697000123}}), "2026-01-29T14:30:00.123Z");
    EXPECT_EQ(format_rfc3339(Time{Duration{-1}}), "1969-12-31T23:59:59.999Z");
}

TEST(Time, OutsideOfFourDigitYearsIsShownAsTheNearestInside) {
    EXPECT_EQ(format_rfc3339(Time::max()), "9999-12-31T23:59:59.999Z");
    EXPECT_EQ(format_rfc3339(Time::min()), "0000-01-01T00:00:00.000Z");
}

TEST(Time, WrittenAndReadIsTheSame) {
    EXPECT_TRUE(rc::check([] {
        const auto at = *rc::gen::inRange<int64_t>(-62167219200000, 253402300800000);
        const auto back = parse_rfc3339(format_rfc3339(Time{Duration{at}}));
        RC_ASSERT(back.ok());
        RC_ASSERT(milliseconds(back.value()) == at);
    }));
}

TEST(Time, AddingStopsAtTheEnds) {
    EXPECT_EQ(add_saturating(Time{Duration{1}}, Duration{2}), Time{Duration{3}});
    EXPECT_EQ(add_saturating(Time::max(), Duration{1}), Time::max());
    EXPECT_EQ(add_saturating(Time{Duration{1}}, Duration::max()), Time::max());
    EXPECT_EQ(add_saturating(Time::min(), Duration{-1}), Time::min());
    EXPECT_EQ(add_saturating(Time{Duration{-2}}, Duration::min()), Time::min());
    EXPECT_EQ(add_saturating(Time::max(), Duration::min()), Time{Duration{-1}});
}

}  // namespace
}  // namespace ops

#include "base/http_date.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

struct Row {
    const char* text;
    const char* at;  // "" when it is no date
    const char* why;
};

TEST(HttpDate, IsReadInAllThreeForms) {
    const Row rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.000Z", "the form of today"},
        {"Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37.000Z", "RFC 850"},
        {"Thursday, 01-Jan-26 00:00:00 GMT", "2026-01-01T00:00:00.000Z", "this century"},
        {"Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37.000Z", "asctime"},
        {"Wed, 29 Feb 2028 23:59:60 GMT", "2028-03-01T00:00:00.000Z", "a leap second"},
        {"Wed, 29 Feb 2026 00:00:00 GMT", "", "no such day"},
        {"Wed, 21 Oct 2026 24:00:00 GMT", "", "no such hour"},
        {"Wed, 21 Oct 2026 07:28:00 CET", "", "only GMT is allowed"},
        {"Wed, 21 Okt 2026 07:28:00 GMT", "", "no such month"},
        {"120", "", "seconds are not a date"},
        {"", "", "nothing"},
        {"Wed, -1 Oct 2026 07:28:00 GMT extra words here", "", "more than a date"},
    };
    for (const Row& row : rows) {
        const auto at = parse_http_date(row.text);
        EXPECT_EQ(at ? format_rfc3339(*at) : "", row.at) << row.why;
    }
}

}  // namespace
}  // namespace ops

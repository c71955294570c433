#include "base/counted.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

TEST(Counted, AsPeopleSayIt) {
    EXPECT_EQ(counted(0, "warning"), "0 warnings");
    EXPECT_EQ(counted(1U, "runbook entry"), "1 runbook entry");
    EXPECT_EQ(counted(size_t{2}, "runbook entry"), "2 runbook entries");
    EXPECT_EQ(counted(21, "check"), "21 checks");
}

}  // namespace
}  // namespace ops

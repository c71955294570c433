#include "io/inbox.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

using std::chrono::milliseconds;

TEST(Inbox, RefusesWhatIsTooMuchButNotWhatWasOrdered) {
    Inbox<int> inbox(2);
    EXPECT_TRUE(inbox.push(1));
    EXPECT_TRUE(inbox.push(2));
    EXPECT_FALSE(inbox.push(3));
    inbox.push_ordered(4);  // somebody waits for it, and would for ever
    EXPECT_EQ(inbox.push_batch<int>({5, 6}), 2U);
    EXPECT_EQ(inbox.refused(), 3U);
    EXPECT_EQ(inbox.take_all(milliseconds(0)), (std::vector<int>{1, 2, 4}));
    EXPECT_TRUE(inbox.push(7)) << "there is room again";
}

}  // namespace
}  // namespace ops

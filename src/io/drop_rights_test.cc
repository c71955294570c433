#include "io/drop_rights.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ops {
namespace {

// In a process of its own: there is no way back, which is what is tested.
TEST(DropRights, IsForGood) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root has rights to drop";
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        if (!drop_rights().ok()) ::_exit(2);
        if (::geteuid() == 0 || ::getegid() == 0 || ::getgroups(0, nullptr) != 0) ::_exit(3);
        if (::setuid(0) == 0 || ::setgid(0) == 0) ::_exit(4);
        ::_exit(drop_rights().ok() ? 0 : 5);  // nobody stays what it is
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "this machine has no user 'nobody'";
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace ops

#include "io/no_programs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <thread>

namespace ops {
namespace {

// Each in a process of its own, as there is no way back. Exits 0 when /bin/true ran, 7 when it was
// refused.
[[noreturn]] void try_to_become_true(bool forbid) {
    std::jthread thread_before([forbid] {
        if (!forbid) return;
        if (!forbid_programs().ok()) std::_Exit(9);
    });
    thread_before.join();  // asked in another thread: it must hold for this one too
    ::execl("/bin/true", "true", nullptr);
    std::_Exit(errno == EPERM ? 7 : 8);
}

TEST(NoPrograms, NoneCanBeStartedAfterwards) {
    testing::GTEST_FLAG(death_test_style) = "threadsafe";
    EXPECT_EXIT(try_to_become_true(false), testing::ExitedWithCode(0), "");
    EXPECT_EXIT(try_to_become_true(true), testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace ops

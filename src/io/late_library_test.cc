#include "io/late_library.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

struct Mathematics : LateLibrary {
    Mathematics() : LateLibrary("libm.so.6") {}
    Late<double(double)> cube_root{*this, "cbrt"};
};
struct Lacking : LateLibrary {
    Lacking() : LateLibrary("libm.so.6") {}
    Late<void()> nothing{*this, "no_such_function"};
};
struct Missing : LateLibrary {
    Missing() : LateLibrary("libno-such-library.so.1") {}
    Late<void()> nothing{*this, "no_such_function"};
};

TEST(LateLibrary, ItsFunctionsAreCalled) {
    const Mathematics& library = late_library<Mathematics>();
    ASSERT_TRUE(library.is_loaded().ok());
    EXPECT_DOUBLE_EQ(library.cube_root(27), 3);
}

TEST(LateLibrary, SaysWhatIsMissing) {
    ASSERT_FALSE(late_library<Lacking>().is_loaded().ok());
    EXPECT_EQ(late_library<Lacking>().is_loaded().error().message,
              "load libm.so.6: it lacks no_such_function");
    ASSERT_FALSE(late_library<Missing>().is_loaded().ok());
    EXPECT_NE(late_library<Missing>().is_loaded().error().message.find("libno-such-library"),
              std::string::npos);
}

}  // namespace
}  // namespace ops

#include "cli/own_runbook.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace ops {
namespace {

class OwnRunbook : public testing::Test {
protected:
    void SetUp() override {
        std::filesystem::remove_all(folder_);
        ASSERT_TRUE(files_.make_folder(folder_).ok());
        ASSERT_TRUE(files_.replace(path_, "a\n").ok());
    }
    PosixFiles files_;
    const std::string folder_ = testing::TempDir() + "own_runbook";
    const std::string path_ = folder_ + "/runbook.yaml", kept_ = path_ + ".before-lrn-1";
};

TEST_F(OwnRunbook, IsWrittenAndKeptAsItWas) {
    ASSERT_TRUE(write_if_unchanged(files_, {path_, "a\n", "a\nb\n"}, kept_).ok());
    EXPECT_EQ(files_.read(path_).value(), "a\nb\n");
    EXPECT_EQ(files_.read(kept_).value(), "a\n");
}

TEST_F(OwnRunbook, ThatWasChangedMeanwhileIsLeftAsItIs) {
    ASSERT_TRUE(files_.replace(path_, "a\nby hand\n").ok());
    const Result<> written = write_if_unchanged(files_, {path_, "a\n", "a\nb\n"}, kept_);
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().message,
              "'" + path_ + "' was changed meanwhile; nothing was written");
    EXPECT_EQ(files_.read(path_).value(), "a\nby hand\n");
    EXPECT_FALSE(files_.read(kept_).ok()) << "or the next try would be refused for it";
}

TEST_F(OwnRunbook, WhatWasKeptBeforeIsNotLost) {
    ASSERT_TRUE(files_.replace(kept_, "older\n").ok());
    EXPECT_FALSE(write_if_unchanged(files_, {path_, "a\n", "a\nb\n"}, kept_).ok());
    EXPECT_EQ(files_.read(path_).value(), "a\n");
    EXPECT_EQ(files_.read(kept_).value(), "older\n");
}

}  // namespace
}  // namespace ops

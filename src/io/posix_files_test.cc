#include "io/posix_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "io/real_clock.h"
#include "io/real_random.h"

namespace ops {
namespace {

class PosixFilesTest : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "ops-files-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string path(const std::string& name) const { return folder_ + "/" + name; }
    static unsigned mode(const std::string& path) {
        struct stat status {};
        return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777U : 0;
    }

    std::string folder_;
    PosixFiles files_;
};

TEST_F(PosixFilesTest, ReplacesWholeFilesAndLeavesNoOther) {
    for (const std::string& bytes :
         {std::string("one"), std::string(3'000'000, 'x'), std::string("a\0b", 3), std::string()}) {
        ASSERT_TRUE(files_.replace(path("f"), bytes).ok());
        EXPECT_EQ(files_.read(path("f")).value(), bytes);
    }
    EXPECT_EQ(mode(path("f")), 0600U);
    EXPECT_EQ(files_.list(folder_).value(), std::vector<std::string>{"f"});
}

TEST_F(PosixFilesTest, WaitsForNobodyAtTheOtherEndOfAPipe) {
    ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
    const Result<std::string> read = files_.read(path("pipe"));
    ASSERT_FALSE(read.ok());
    EXPECT_NE(read.error().message.find("is a pipe"), std::string::npos) << read.error().message;
}

TEST_F(PosixFilesTest, CreatesOnlyWhatIsNew) {
    ASSERT_TRUE(files_.create_new(path("marker"), "first").ok());
    const Result<> again = files_.create_new(path("marker"), "second");
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().fault, Fault::denied);
    EXPECT_EQ(files_.read(path("marker")).value(), "first");
    EXPECT_EQ(mode(path("marker")), 0600U);
}

TEST_F(PosixFilesTest, MakesFoldersWithParents) {
    ASSERT_TRUE(files_.make_folder(path("a/b/c")).ok());
    ASSERT_TRUE(files_.make_folder(path("a/b/c")).ok()) << "there already";
    ASSERT_TRUE(files_.make_folder(path("a/d/")).ok()) << "a slash at the end";
    EXPECT_EQ(mode(path("a/b")), 0700U);
    ASSERT_TRUE(files_.replace(path("a/b/z"), "").ok());
    EXPECT_EQ(files_.list(path("a/b")).value(), (std::vector<std::string>{"c", "z"}));
    EXPECT_EQ(files_.make_folder(path("a/b/z")).error().fault, Fault::not_found)
        << "a file is there";
}

TEST_F(PosixFilesTest, RemovesAndDoesNotMindWhatIsGone) {
    ASSERT_TRUE(files_.replace(path("f"), "x").ok());
    EXPECT_TRUE(files_.remove(path("f")).ok());
    EXPECT_TRUE(files_.remove(path("f")).ok());
    EXPECT_FALSE(files_.remove(folder_).ok()) << "folders are not removed";
}

TEST_F(PosixFilesTest, NamesThePathAndTheReason) {
    const std::string missing = path("no/such");
    for (const Error& error : {files_.read(missing).error(), Error(files_.list(missing).error()),
                               Error(files_.replace(missing, "").error()),
                               Error(files_.create_new(missing, "").error())}) {
        EXPECT_EQ(error.fault, Fault::not_found);
        EXPECT_NE(error.message.find("'" + missing + "': no such file or directory"),
                  std::string::npos)
            << error.message;
    }
    EXPECT_EQ(files_.read(folder_).error().fault, Fault::invalid) << "a folder";
}

TEST_F(PosixFilesTest, ReadsFilesThatSayTheyAreEmpty) {
    EXPECT_NE(files_.read("/proc/self/status").value().find("Pid:"), std::string::npos);
}

TEST_F(PosixFilesTest, TellsWhatIsLeftOfADisk) {
    const DiskSpace space = files_.space(folder_).value();
    EXPECT_GT(space.bytes, 0);
    EXPECT_LE(space.free_bytes, space.bytes);
    EXPECT_LE(space.free_inodes, space.inodes);
    EXPECT_FALSE(space.read_only);
    EXPECT_EQ(files_.space("/proc").value().free_bytes, 0) << "which is none";
    EXPECT_EQ(files_.space(path("no")).error().fault, Fault::not_found);
}

TEST(RealClock, GoesForward) {
    RealClock clock;
    const Duration steady = clock.steady();
    EXPECT_GE(clock.steady(), steady);
    EXPECT_GT(clock.now().time_since_epoch(), std::chrono::years(50));
}

TEST(RealRandom, DoesNotRepeat) {
    RealRandom random;
    std::set<uint64_t> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(random.next());
    EXPECT_EQ(seen.size(), 1000U);
}

}  // namespace
}  // namespace ops

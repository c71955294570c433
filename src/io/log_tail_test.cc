#include "io/log_tail.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace ops {
namespace {

class LogTailTest : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "ops-log-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        log_ = folder_ + "/app.log";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    static void append(const std::string& path, const std::string& text) {
        std::ofstream(path, std::ios::app) << text;
    }
    // The new lines, joined by '|'.
    std::string tail(const std::string& pattern) {
        const Result<LogSeen> seen = tail_log(pattern, cursor_);
        if (!seen.ok()) return "error: " + seen.error().message;
        cursor_ = seen.value().cursor;
        skipped_ = seen.value().skipped;
        std::string text;
        for (const std::string& line : seen.value().lines) text += (text.empty() ? "" : "|") + line;
        return text;
    }

    std::string folder_, log_, cursor_;
    uint64_t skipped_ = 0;
};

TEST_F(LogTailTest, StartsAtTheEndAndThenTellsWhatIsNew) {
    append(log_, "old\n");
    EXPECT_EQ(tail(log_), "");
    EXPECT_EQ(tail(log_), "");
    append(log_, "one\ntwo\r\n\nthr");
    EXPECT_EQ(tail(log_), "one|two|") << "the last line has no end yet";
    append(log_, "ee\n");
    EXPECT_EQ(tail(log_), "three");
    EXPECT_EQ(tail(log_), "");
}

TEST_F(LogTailTest, FollowsRotationAndTruncation) {
    append(log_, "old\n");
    EXPECT_EQ(tail(log_), "");
    append(log_, "last words\n");
    std::filesystem::rename(log_, log_ + ".1");
    EXPECT_EQ(tail(log_), "last words") << "between the two moves of a rotation";
    append(log_ + ".1", "and one more\n");
    append(log_, "first words\n");
    EXPECT_EQ(tail(log_), "and one more|first words");
    std::filesystem::resize_file(log_, 0);
    append(log_, "anew\n");
    EXPECT_EQ(tail(log_), "anew") << "cut and written again (copytruncate)";
}

TEST_F(LogTailTest, FollowsAFileToWhateverNameRotationGivesIt) {
    struct Row {
        std::string why, moved_to, told;
    };
    for (const Row& row : std::vector<Row>{
             {"logrotate's dateext", "app.log-20261129", "last words|first words"},
             {"and extension", "app-20261129.log", "last words|first words"},
             {"two rotations at once", "app.log.2", "last words|first words"},
             {"packed at once, another has its number now", "app.log.1.gz", "first words"},
             {"another program's file has its number", "other.log", "first words"},
         }) {
        cursor_.clear();
        append(log_, "old\n");
        EXPECT_EQ(tail(log_), "");
        append(log_, "last words\n");
        std::filesystem::rename(log_, folder_ + "/" + row.moved_to);
        append(log_, "first words\n");
        EXPECT_EQ(tail(log_), row.told) << row.why;
        std::filesystem::remove(log_);
        std::filesystem::remove(folder_ + "/" + row.moved_to);
    }
}

TEST_F(LogTailTest, ReadsNewFilesOfAPatternFromTheirBeginning) {
    append(folder_ + "/a.log", "old\n");
    EXPECT_EQ(tail(folder_ + "/*.log"), "");
    append(folder_ + "/b.log", "b1\n");
    append(folder_ + "/a.log", "a1\n");
    append(folder_ + "/c.txt", "no\n");
    EXPECT_EQ(tail(folder_ + "/*.log"), "a1|b1");
    std::filesystem::remove(folder_ + "/a.log");
    append(folder_ + "/b.log", "b2\n");
    EXPECT_EQ(tail(folder_ + "/*.log"), "b2");
    cursor_.clear();
    EXPECT_EQ(tail(folder_ + "/none*.log"), "");
    append(folder_ + "/none1.log", "born later\n");
    EXPECT_EQ(tail(folder_ + "/none*.log"), "born later");
}

TEST_F(LogTailTest, KnowsAFileAgainByWhatItIs) {
    const std::string pattern = folder_ + "/*.log";
    append(log_, "of a year ago\n");
    EXPECT_EQ(tail(pattern), "");
    append(log_, "last words\n");
    std::filesystem::rename(log_, folder_ + "/app-2026-11-29.log");
    append(log_, "first words\n");
    EXPECT_EQ(tail(pattern), "last words|first words") << "renamed within the pattern";
    std::filesystem::rename(log_, folder_ + "/z.log");
    append(log_, "other words\n");
    append(folder_ + "/z.log", "more of the first\n");
    EXPECT_EQ(tail(pattern), "other words|more of the first") << "to a name that comes later";
    std::filesystem::rename(folder_, folder_ + "-away");
    EXPECT_EQ(tail(pattern), "");
    std::filesystem::rename(folder_ + "-away", folder_);
    append(log_, "back\n");
    EXPECT_EQ(tail(pattern), "back") << "a folder that was away for a look";
    append(log_, "last words\n");
    std::filesystem::rename(log_, log_ + ".1");
    EXPECT_EQ(tail(pattern), "last words");
    append(log_ + ".1", "written late\n");
    append(log_, "first words\n");
    EXPECT_EQ(tail(pattern), "written late|first words") << "the new file came a look later";
}

TEST_F(LogTailTest, ForgetsAFileThatStaysAway) {
    append(log_, "old\n");
    EXPECT_EQ(tail(log_), "");
    std::filesystem::remove(log_);
    for (int look = 0; look < 11; ++look) EXPECT_EQ(tail(log_), "") << look;
    EXPECT_EQ(tail(log_), "error: log '" + log_ + "': no such file or directory");
    append(log_, "new\n");
    EXPECT_EQ(tail(log_), "new");
}

TEST_F(LogTailTest, KeepsTheNewestOfAFloodAndCountsTheRest) {
    append(log_, "");
    EXPECT_EQ(tail(log_), "");
    std::string flood;
    for (int i = 0; i < 5000; ++i) flood += std::to_string(i) + "\n";
    append(log_, flood);
    const std::string seen = tail(log_);
    EXPECT_EQ(skipped_, 4000U);
    EXPECT_EQ(seen.substr(0, 10), "4000|4001|");
    EXPECT_EQ(seen.substr(seen.size() - 5), "|4999");
    append(log_, std::string(300'000, 'x'));  // nobody ends this line
    EXPECT_LE(tail(log_).size(), 5 * 4096U);
    append(log_, "\nnext\n");
    const std::string after = tail(log_);
    EXPECT_EQ(after.substr(after.size() - 5), "|next");
}

TEST_F(LogTailTest, ReadsTheNewestOfTooManyFiles) {
    const std::string pattern = folder_ + "/*.log";
    const auto file = [&](int number) { return folder_ + "/" + std::to_string(number) + ".log"; };
    const auto now = std::filesystem::file_time_type::clock::now();
    for (int i = 100; i < 1101; ++i) {
        append(file(i), "old\n");
        std::filesystem::last_write_time(file(i), now - std::chrono::hours(2000 - i));
    }
    EXPECT_EQ(tail(pattern), "");
    append(file(9999), "last of all by its name\n");
    EXPECT_EQ(tail(pattern), "") << "which of many is new nobody knows";
    append(file(9999), "followed\n");
    EXPECT_EQ(tail(pattern), "followed");
    append(file(100), "awake\n");
    EXPECT_EQ(tail(pattern), "") << "it was the oldest, and what it held is no news";
    append(file(100), "again\n");
    EXPECT_EQ(tail(pattern), "again");
}

// What the tests do as root, root alone may read.
class AsNobody {
public:
    AsNobody() : was_(::geteuid()) {
        if (was_ == 0) EXPECT_EQ(::seteuid(65534), 0);
    }
    ~AsNobody() { EXPECT_EQ(::seteuid(was_), 0); }

private:
    uid_t was_;
};

TEST_F(LogTailTest, APatternOfWhichNothingMayBeReadIsNotWell) {
    using std::filesystem::perms;
    const std::string pattern = folder_ + "/*.log";
    const std::string other = folder_ + "/other.log";
    std::filesystem::permissions(folder_, perms(0755));
    append(log_, "x\n");
    append(other, "x\n");
    std::filesystem::permissions(log_, perms(0));
    std::filesystem::permissions(other, perms(0));
    {
        const AsNobody nobody;
        EXPECT_EQ(tail(pattern), "error: log '" + log_ + "': permission denied");
        cursor_ = "log1\n";
        EXPECT_EQ(tail(pattern), "error: log '" + log_ + "': permission denied");
    }
    std::filesystem::permissions(other, perms(0644));
    {
        const AsNobody nobody;
        EXPECT_EQ(tail(pattern), "x");
    }
    std::filesystem::permissions(folder_, perms(0));
    {
        const AsNobody nobody;
        EXPECT_EQ(tail(pattern), "error: folder of log '" + pattern + "': permission denied");
    }
    std::filesystem::permissions(folder_, perms(0755));
    EXPECT_EQ(tail(folder_ + "/none/*.log"), "") << "a folder that is not there yet";
}

TEST_F(LogTailTest, SaysWhatIsWrong) {
    EXPECT_EQ(tail(log_), "error: log '" + log_ + "': no such file or directory");
    EXPECT_EQ(tail(folder_), "error: log '" + folder_ + "': not a regular file");
    for (const char* cursor : {"rubbish", "log1\n", "log1\nx y z\n1:2 /p\n", "log1\n:::\n"}) {
        cursor_ = cursor;
        append(log_, "x\n");
        EXPECT_EQ(tail(log_).substr(0, 5) == "error", false) << cursor;
    }
}

TEST_F(LogTailTest, AJournalThatMayNotBeReadIsNoEmptyOne) {
    using std::filesystem::perms;
    const std::string machine = folder_ + "/journal/3d12", file = machine + "/system.journal";
    const auto found = [&] {
        const Result<> good = find_journal({folder_ + "/none", folder_ + "/journal"});
        return good.ok() ? "found" : good.error().message;
    };
    EXPECT_EQ(found(), "journal: none is kept on this machine");
    std::filesystem::create_directories(machine);
    EXPECT_EQ(found(), "journal: none is kept on this machine");
    append(file, "");
    append(machine + "/user-1000.journal", "");
    EXPECT_EQ(found(), "found");
    std::filesystem::permissions(folder_, perms(0755));
    std::filesystem::permissions(file, perms(0));
    constexpr const char* kDenied =
        "journal: permission denied; the group systemd-journal may read it";
    {
        const AsNobody nobody;
        EXPECT_EQ(found(), kDenied) << "though one of a user may be read";
    }
    std::filesystem::permissions(file, perms(0644));
    std::filesystem::permissions(machine, perms(0));
    {
        const AsNobody nobody;
        EXPECT_EQ(found(), kDenied);
    }
}

TEST(JournalTail, SaysWhereItIs) {
    const Result<LogSeen> seen = tail_journal("", "");
    if (!seen.ok()) {
        EXPECT_EQ(seen.error().message, "journal: none is kept on this machine");
        return;
    }
    EXPECT_TRUE(seen.value().lines.empty());
    EXPECT_FALSE(seen.value().cursor.empty());
    EXPECT_TRUE(tail_journal("", seen.value().cursor).ok());
    EXPECT_FALSE(tail_journal("", "rubbish").ok());
}

}  // namespace
}  // namespace ops

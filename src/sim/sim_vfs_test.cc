#include "sim/sim_vfs.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <set>

namespace ops::sim {
namespace {

// One connection, as plain as can be.
class Connection {
public:
    explicit Connection(const SimDisk& disk, const std::string& path = "/a.db") {
        const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE;
        opened_ = sqlite3_open_v2(path.c_str(), &connection_, flags, disk.name().c_str());
    }
    ~Connection() { sqlite3_close(connection_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    int opened() const { return opened_; }
    int run(const std::string& sql) {
        return sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
    }
    // The first number of the answer, or -1.
    int ask(const std::string& sql) {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(connection_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
            return -1;
        }
        const int answer =
            sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : -1;
        sqlite3_finalize(statement);
        return answer;
    }

private:
    sqlite3* connection_ = nullptr;
    int opened_ = SQLITE_ERROR;
};

class Modes : public testing::TestWithParam<const char*> {
protected:
    std::string begin() const { return std::string("PRAGMA journal_mode=") + GetParam() + ";"; }
};

INSTANTIATE_TEST_SUITE_P(Journals, Modes, testing::Values("WAL", "DELETE", "TRUNCATE", "PERSIST"));

TEST_P(Modes, KeepsADatabase) {
    SimDisk disk("keeps");
    {
        Connection connection(disk);
        ASSERT_EQ(connection.run(begin() + "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)"), 0);
    }
    Connection again(disk);
    EXPECT_EQ(again.ask("SELECT count(*) FROM t"), 2);
    EXPECT_EQ(again.run("PRAGMA integrity_check"), SQLITE_OK);
}

TEST_P(Modes, ConnectionsSeeAndExcludeEachOther) {
    SimDisk disk("two");
    Connection one(disk);
    Connection two(disk);
    ASSERT_EQ(one.run(begin() + "CREATE TABLE t (a)"), SQLITE_OK);
    ASSERT_EQ(one.run("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)"), SQLITE_OK);
    EXPECT_EQ(two.ask("SELECT count(*) FROM t"), 0) << "not committed yet";
    EXPECT_EQ(two.run("BEGIN IMMEDIATE"), SQLITE_BUSY);
    ASSERT_EQ(one.run("COMMIT"), SQLITE_OK);
    EXPECT_EQ(two.ask("SELECT count(*) FROM t"), 1);
    EXPECT_EQ(two.run("BEGIN EXCLUSIVE; INSERT INTO t VALUES (2)"), SQLITE_OK);
    EXPECT_EQ(one.run("BEGIN EXCLUSIVE"), SQLITE_BUSY);
    EXPECT_EQ(two.run("COMMIT"), SQLITE_OK);
    EXPECT_EQ(one.ask("SELECT count(*) FROM t"), 2);
}

// SQLite's own promise holds on this disk, in every journal mode. EXTRA, because with FULL a
// journal that was deleted may be back after the cut and undo the commit, which this disk shows.
TEST_P(Modes, APowerCutAtAnyChangeLosesNoCommit) {
    uint64_t nth = 1;
    for (;; ++nth) {
        SimDisk disk("cut", nth);
        int committed = 0;
        {
            disk.fail_at(nth, DiskFault::power_cut);
            Connection connection(disk);
            if (connection.run("PRAGMA synchronous=EXTRA;" + begin() + "CREATE TABLE t (a)") ==
                SQLITE_OK) {
                while (committed < 6 &&
                       connection.run("INSERT INTO t VALUES (zeroblob(900))") == SQLITE_OK) {
                    ++committed;
                }
            }
        }
        if (!disk.lost_power()) break;
        disk.restore_power();
        Connection after(disk);
        const int there = after.ask("SELECT count(*) FROM t");
        ASSERT_GE(there, committed == 0 ? -1 : committed) << "cut at " << nth;
        ASSERT_LE(there, committed + 1) << "cut at " << nth;
    }
    EXPECT_GT(nth, 20U);
}

// Directly after a sync: what it made certain is there, whatever the dice say, and nothing more.
TEST(SimDisk, ACutAfterASyncKeepsTheCommit) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        SimDisk disk("after", seed);
        {
            Connection connection(disk);
            connection.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (a)");
            disk.fail_at(1, DiskFault::power_cut_after, DiskOperation::sync);
            connection.run("INSERT INTO t VALUES (1)");
            EXPECT_TRUE(disk.has_failed());
            EXPECT_NE(connection.run("INSERT INTO t VALUES (2)"), SQLITE_OK);
        }
        ASSERT_TRUE(disk.lost_power());
        disk.restore_power();
        Connection after(disk);
        EXPECT_EQ(after.ask("SELECT count(*) FROM t"), 1) << "seed " << seed;
    }
}

TEST(SimDisk, WithoutSyncACutLosesCommits) {
    int lost = 0;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        SimDisk disk("careless", seed);
        {
            Connection connection(disk);
            connection.run("PRAGMA journal_mode=WAL; CREATE TABLE t (a); PRAGMA synchronous=OFF");
            ASSERT_EQ(connection.run("INSERT INTO t VALUES (1)"), SQLITE_OK);
            disk.cut_power();
        }
        disk.restore_power();
        if (Connection(disk).ask("SELECT count(*) FROM t") != 1) ++lost;
    }
    EXPECT_GT(lost, 3);
}

TEST(SimDisk, ADeadConnectionStaysDead) {
    SimDisk disk("dead");
    Connection before(disk);
    ASSERT_EQ(before.run("PRAGMA synchronous=EXTRA; CREATE TABLE t (a)"), SQLITE_OK);
    disk.cut_power();
    EXPECT_TRUE(disk.lost_power());
    EXPECT_NE(before.run("INSERT INTO t VALUES (1)"), SQLITE_OK);
    disk.restore_power();
    EXPECT_FALSE(disk.lost_power());
    EXPECT_NE(before.run("INSERT INTO t VALUES (1)"), SQLITE_OK);
    Connection after(disk);
    EXPECT_EQ(after.run("INSERT INTO t VALUES (1)"), SQLITE_OK) << "the dead hold no locks";
}

TEST(SimDisk, AProgramThatDiesLosesLocksAndNothingElse) {
    SimDisk disk("died");
    Connection before(disk);
    ASSERT_EQ(before.run("PRAGMA synchronous=OFF; CREATE TABLE t (a); INSERT INTO t VALUES (1)"),
              SQLITE_OK);
    ASSERT_EQ(before.run("BEGIN EXCLUSIVE"), SQLITE_OK);
    disk.restore_power();
    Connection after(disk);
    EXPECT_EQ(after.ask("SELECT count(*) FROM t"), 1);
    EXPECT_EQ(after.run("BEGIN EXCLUSIVE"), SQLITE_OK);
}

TEST(SimDisk, FailsWhereItIsTold) {
    const struct {
        DiskFault fault;
        DiskOperation of;
        int code;
        const char* why;
    } rows[] = {
        {DiskFault::io_error, DiskOperation::write, SQLITE_IOERR, "a write that fails"},
        {DiskFault::full, DiskOperation::write, SQLITE_FULL, "a full disk"},
        {DiskFault::io_error, DiskOperation::sync, SQLITE_IOERR, "a sync that fails"},
        {DiskFault::power_cut, DiskOperation::sync, SQLITE_IOERR, "the power goes"},
    };
    for (const auto& row : rows) {
        SimDisk disk("told");
        Connection connection(disk);
        ASSERT_EQ(connection.run("CREATE TABLE t (a)"), SQLITE_OK);
        disk.fail_at(1, row.fault, row.of);
        EXPECT_EQ(connection.run("INSERT INTO t VALUES (1)") & 0xff, row.code) << row.why;
        EXPECT_TRUE(disk.has_failed()) << row.why;
    }
}

TEST(SimDisk, IsFullBeyondItsCapacityAndUsableAfter) {
    SimDisk disk("small");
    Connection connection(disk);
    ASSERT_EQ(connection.run("CREATE TABLE t (a)"), SQLITE_OK);
    disk.set_capacity(20'000);
    EXPECT_EQ(connection.run("INSERT INTO t VALUES (zeroblob(100000))"), SQLITE_FULL);
    disk.set_capacity(std::nullopt);
    EXPECT_EQ(connection.run("INSERT INTO t VALUES (zeroblob(100000))"), SQLITE_OK);
    EXPECT_EQ(connection.ask("SELECT count(*) FROM t"), 1);
}

TEST(SimDisk, ReadOnlyIsReadOnly) {
    SimDisk disk("read_only_disk");
    {
        Connection connection(disk);
        ASSERT_EQ(connection.run("CREATE TABLE t (a)"), SQLITE_OK);
        disk.set_read_only(true);
        EXPECT_NE(connection.run("INSERT INTO t VALUES (1)"), SQLITE_OK) << "already open";
    }
    Connection connection(disk);
    EXPECT_EQ(connection.ask("SELECT count(*) FROM t"), 0);
    EXPECT_EQ(connection.run("INSERT INTO t VALUES (1)"), SQLITE_READONLY);
    Connection fresh(disk, "/new.db");
    EXPECT_NE(fresh.run("CREATE TABLE t (a)"), SQLITE_OK);
    EXPECT_EQ(disk.files(), std::vector<std::string>{"/a.db"});
}

TEST(SimDisk, SeveralDisksAreApart) {
    SimDisk one("one");
    SimDisk two("two");
    ASSERT_EQ(Connection(one).run("CREATE TABLE t (a)"), SQLITE_OK);
    EXPECT_TRUE(two.files().empty());
    EXPECT_GT(one.count(DiskOperation::change), 3U);
    EXPECT_GT(one.count(DiskOperation::sync), 0U);
    EXPECT_EQ(two.count(DiskOperation::change), 0U);
}

TEST(SimDisk, TheSameSeedLosesTheSame) {
    std::set<std::string> ends;
    for (int round = 0; round < 3; ++round) {
        SimDisk disk("seeded", 77);
        {
            Connection connection(disk);
            connection.run("PRAGMA synchronous=OFF; CREATE TABLE t (a);");
            for (int i = 0; i < 9; ++i) connection.run("INSERT INTO t VALUES (zeroblob(2000))");
            disk.cut_power();
        }
        disk.restore_power();
        ends.insert(disk.bytes("/a.db"));
    }
    EXPECT_EQ(ends.size(), 1U);
}

}  // namespace
}  // namespace ops::sim

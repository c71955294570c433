// A disk that fails, is full or read-only: a clear error, nothing acknowledged is lost, and the
// store never carries on.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "record/store.h"
#include "record/workload_test.h"
#include "sim/sim_vfs.h"

namespace ops {
namespace {

using sim::DiskFault;
using sim::DiskOperation;
using sim::SimDisk;

Event started() {
    Event event;
    event.kind = "agent.started";
    return event;
}

// Fails the n-th operation, once, and has the power cut right after the workload gave up (or
// came through: then what it was promised must be there all the same).
void fail_everywhere(DiskFault fault, DiskOperation of, uint64_t step, uint64_t at_least) {
    uint64_t nth = 1;
    uint64_t told = 0;
    for (;; nth += step) {
        SimDisk disk("failing", nth);
        disk.fail_at(nth, fault, of);
        Promise promise;
        run_workload([&] { return Store::open("/d", options_of(disk, Durability::full)); },
                     promise);
        if (!disk.has_failed()) break;
        if (promise.failed) ++told;
        disk.cut_power();
        disk.restore_power();
        ASSERT_EQ(broken_promise(disk, promise), "") << "failure at " << nth;
    }
    EXPECT_GT(nth, at_least) << "a workload that does hardly anything proves little";
    EXPECT_GT(told, nth / step / 2) << "most failures must be told";
}

TEST(DiskError, AnyChangeMayFail) {
    fail_everywhere(DiskFault::io_error, DiskOperation::change, 5, 150);
}
TEST(DiskError, AnyWriteMayFindTheDiskFull) {
    fail_everywhere(DiskFault::full, DiskOperation::write, 7, 100);
}
TEST(DiskError, AnySyncMayFail) {
    fail_everywhere(DiskFault::io_error, DiskOperation::sync, 1, 10);
}
TEST(DiskError, AnyReadMayFail) {
    uint64_t nth = 1;
    for (;; nth += 5) {
        SimDisk disk("failing_read", nth);
        disk.fail_at(nth, DiskFault::io_error, DiskOperation::read);
        Promise promise;
        run_workload([&] { return Store::open("/d", options_of(disk, Durability::full)); },
                     promise);
        if (!disk.has_failed()) break;
        disk.restore_power();
        ASSERT_EQ(broken_promise(disk, promise), "") << "failure at " << nth;
    }
    EXPECT_GT(nth, 10U);
}

// The failure, then a new start of the program while the machine goes on, then the power. What the
// new start was promised must not rest on pages that never reached the disk.
void start_again_after(DiskFault fault, DiskOperation of, uint64_t step) {
    for (uint64_t nth = 1;; nth += step) {
        SimDisk disk("failed_before", nth);
        disk.fail_at(nth, fault, of);
        Promise promise;
        const auto open = [&] { return Store::open("/d", options_of(disk, Durability::full)); };
        run_workload(open, promise);
        if (!disk.has_failed()) break;
        auto store = open();
        ASSERT_TRUE(store.ok()) << store.error().message;
        uint64_t promised = 0;
        for (int i = 0; i < 5; ++i) {
            const Result<Event> appended = store.value()->append(started());
            ASSERT_TRUE(appended.ok()) << appended.error().message;
            promised = appended.value().seq;
            if (i == 2 && nth % 2 == 0) ASSERT_TRUE(store.value()->maintain().ok());
        }
        disk.cut_power();
        close(store);
        disk.restore_power();
        store = open();
        ASSERT_TRUE(store.ok()) << store.error().message;
        ASSERT_EQ(store.value()->head().seq, promised) << "failure at " << nth;
        close(store);
        const auto report = verify_journal("/d", "", options_of(disk, Durability::full));
        ASSERT_TRUE(report.ok() && report.value().ok) << "failure at " << nth;
    }
}

TEST(DiskError, AStartAfterAFailedSyncLosesNothing) {
    start_again_after(DiskFault::io_error, DiskOperation::sync, 1);
}
TEST(DiskError, AStartAfterAFailedChangeLosesNothing) {
    start_again_after(DiskFault::io_error, DiskOperation::change, 3);
}

// Why the store poisons itself. Here somebody carries on after a failed sync, as far as SQLite
// lets him: by opening the same files again while the system still remembers what the disk does
// not. It says that all is well, and then loses what it had said.
TEST(DiskError, ASyncThatFailedOnceLies) {
    SimDisk disk("lying");
    sim::SectorFile file;
    file.write(0, "old");
    file.sync();
    file.write(0, "new");
    file.fail_sync();
    file.sync();  // "all is well"
    int lost = 0;
    for (uint64_t seed = 0; seed < 50; ++seed) {
        sim::SectorFile after = file;
        sim::Dice dice(seed);
        after.lose_power(dice);
        if (after.bytes() != "new") ++lost;
    }
    EXPECT_GT(lost, 10);
}

TEST(DiskError, AFullDiskIsToldAndLeavesWhatIsThere) {
    SimDisk disk("full");
    auto store = Store::open("/d", {.vfs = disk.name()});
    ASSERT_TRUE(store.ok());
    uint64_t acknowledged = 0;
    disk.set_capacity(250'000);
    Result<Event> last = store.value()->append(started());
    while (last.ok() && ++acknowledged < 10'000) last = store.value()->append(started());
    ASSERT_FALSE(last.ok());
    EXPECT_EQ(last.error().fault, Fault::unavailable);
    EXPECT_EQ(last.error().message,
              "'/d/state.db': the disk is full; nothing more is written until the program has been "
              "started again");
    EXPECT_EQ(store.value()->append(started()).error().message, last.error().message);
    EXPECT_EQ(store.value()->events({.limit = 100'000}).value().size(), acknowledged)
        << "reading goes on";

    // Still full at the next start: it opens, reads, and refuses to act.
    close(store);
    store = Store::open("/d", {.vfs = disk.name()});
    ASSERT_TRUE(store.ok()) << store.error().message;
    EXPECT_EQ(store.value()->head().seq, acknowledged);
    close(store);
    disk.set_capacity(std::nullopt);
    store = Store::open("/d", {.vfs = disk.name()});
    ASSERT_TRUE(store.ok());
    EXPECT_EQ(store.value()->append(started()).value().seq, acknowledged + 1);
}

TEST(DiskError, AReadOnlyDiskIsTold) {
    SimDisk disk("read_only");
    auto store = Store::open("/d", {.vfs = disk.name()});
    ASSERT_TRUE(store.value()->append(started()).ok());
    disk.set_read_only(true);  // as the system does after errors
    const auto refused = store.value()->append(started());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().fault, Fault::unavailable);
    close(store);

    const auto again = Store::open("/d", {.vfs = disk.name()});
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().fault, Fault::unavailable);
    EXPECT_NE(again.error().message.find("read-only"), std::string::npos) << again.error().message;
    const auto reader = Store::open("/d", {.vfs = disk.name(), .access = Access::read});
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    EXPECT_EQ(reader.value()->events({}).value().size(), 1U);
}

TEST(DiskError, AReadOnlyDiskWithoutAStoreIsTold) {
    SimDisk disk("read_only_empty");
    disk.set_read_only(true);
    const auto store = Store::open("/d", {.vfs = disk.name()});
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().fault, Fault::unavailable) << store.error().message;
}

}  // namespace
}  // namespace ops

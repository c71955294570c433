#include "io/local_looks.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "io/inbox.h"
#include "io/machine_look.h"

namespace ops {
namespace {

using What = LocalAsk::What;

LocalAsk ask(What what, const std::string& text, std::vector<std::string> names = {}) {
    return {.what = what, .text = text, .names = std::move(names)};
}

TEST(LocalLooks, FindsProcessesByCommandLine) {
    const std::string mark = "ops-look-" + std::to_string(::getpid());
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::execl("/bin/sleep", mark.c_str(), "1000", nullptr);
        ::_exit(1);
    }
    LocalLooks looks;
    std::vector<ProcessSeen> found;
    // Until the child has become the program and has touched a page; each time as a new looker,
    // whose scan is not shared.
    const auto is_there = [&found] { return !found.empty() && found[0].rss_bytes > 0; };
    for (int i = 0; i < 2000 && !is_there(); ++i) {
        found = LocalLooks().look(ask(What::processes, mark + " 1000$")).value().processes;
    }
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].id.pid, pid);
    EXPECT_GT(found[0].id.start_ticks, 0U);
    EXPECT_GT(found[0].rss_bytes, 0);
    EXPECT_TRUE(
        looks.look(ask(What::processes, "no-such-thing-" + mark)).value().processes.empty());
    const Result<LocalAnswer> bad = looks.look(ask(What::processes, "(("));
    ASSERT_FALSE(bad.ok());
    EXPECT_EQ(bad.error().fault, Fault::invalid);

    const std::string pidfile = testing::TempDir() + mark;
    std::ofstream(pidfile) << pid << "\n";
    EXPECT_EQ(looks.look(ask(What::pidfile, pidfile)).value().processes.size(), 1U);
    EXPECT_EQ(looks.look(ask(What::process, std::to_string(pid))).value().processes.size(), 1U);
    // As PostgreSQL's postmaster.pid, in which a folder, a time and a port follow.
    std::ofstream(pidfile) << pid << "\n/var/lib/postgresql/15/main\n1764462518\n5432\n"
                           << std::string(500, '1');
    EXPECT_EQ(looks.look(ask(What::pidfile, pidfile)).value().processes.size(), 1U);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    EXPECT_TRUE(looks.look(ask(What::pidfile, pidfile)).value().processes.empty()) << "it is dead";
    std::ofstream(pidfile) << "twelve";
    EXPECT_EQ(looks.look(ask(What::pidfile, pidfile)).error().fault, Fault::invalid);
    ::unlink(pidfile.c_str());
    EXPECT_EQ(looks.look(ask(What::pidfile, pidfile)).error().fault, Fault::not_found);
    ASSERT_EQ(::mkfifo(pidfile.c_str(), 0600), 0);
    EXPECT_EQ(looks.look(ask(What::pidfile, pidfile)).error().fault, Fault::invalid)
        << "a pipe that nobody writes to blocks no thread";
    ::unlink(pidfile.c_str());
    EXPECT_FALSE(looks.look(ask(What::process, "-1")).ok());
}

// Kafka's main class stands behind ten thousand characters of class path.
TEST(LocalLooks, SeesTheEndOfALongCommandLine) {
    const std::string mark = "1000." + std::to_string(::getpid());
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::execl("/bin/sleep", "sleep", std::string(100'000, '0').c_str(), mark.c_str(), nullptr);
        ::_exit(1);
    }
    std::vector<ProcessSeen> found;
    for (int i = 0; i < 100 && found.empty(); ++i) {  // until the child has become the program
        found = LocalLooks().look(ask(What::processes, "00 " + mark + "$")).value().processes;
    }
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].id.pid, pid);
}

TEST(LocalLooks, LooksAtTheMachineAndItsDisks) {
    LocalLooks looks;
    const MachineSeen machine = *looks.look(ask(What::machine, "")).value().machine;
    EXPECT_GT(machine.memory_total, machine.memory_available);
    EXPECT_GT(machine.processors, 0);
    EXPECT_GT(machine.cpu_total_seconds, machine.cpu_busy_seconds);
    EXPECT_EQ(machine.boot_id.size(), 36U);
    const LocalAnswer root = looks.look(ask(What::disks, "", {"/"})).value();
    ASSERT_EQ(root.disks.size(), 1U);
    EXPECT_GE(root.disks[0].total_bytes, root.disks[0].used_bytes);
    EXPECT_FALSE(root.disks[0].type.empty());
    EXPECT_TRUE(looks.look(ask(What::disks, "")).ok());
    const std::string folder = testing::TempDir() + "ops-none";
    std::filesystem::create_directory(folder);
    const LocalAnswer mounted =
        looks.look(ask(What::disks, "", {"/no/such/mount", folder, "/proc/"})).value();
    std::filesystem::remove(folder);
    ASSERT_EQ(mounted.disks.size(), 1U) << "only where something is mounted";
    EXPECT_EQ(mounted.disks[0].mount, "/proc/");
}

TEST(LocalLooks, SaysWhenThereIsNoSystemd) {
    LocalLooks looks;
    const Result<LocalAnswer> unit = looks.look(ask(What::systemd_unit, "no-such-unit-here"));
    if (sd_booted() > 0) {
        EXPECT_TRUE(!unit.ok() || unit.value().unit->load_state == "not-found");
    } else {
        ASSERT_FALSE(unit.ok());
        EXPECT_EQ(unit.error().fault, Fault::unavailable) << "which says nothing of the unit";
        EXPECT_EQ(unit.error().message,
                  "systemd unit 'no-such-unit-here.service': there is no systemd on this machine");
    }
}

TEST(Mounts, OnlyThoseThatCanFillUpAndEachOnce) {
    const std::vector<Mount> all = parse_mounts(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "23 22 0:20 / /proc rw - proc proc rw\n"
        "24 22 0:21 / /run rw,nosuid - tmpfs tmpfs rw\n"
        "25 22 8:2 / /var/my\\040data rw shared:2 master:3 - xfs /dev/sda2 rw\n"
        "26 22 8:1 /home /srv/home rw - ext4 /dev/sda1 rw\n"
        "27 22 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro\n"
        "28 22 0:50 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw\n"
        "29 22 0:51 / /mnt/nfs rw - nfs4 host:/x rw\n"
        "33 22 0:52 / /mnt/nas rw - cifs //nas/x rw\n"
        "34 22 0:53 / /mnt/ssh rw - fuse.sshfs ann@pc:/x rw\n"
        "35 22 0:54 / /mnt/cloud rw - fuse.rclone cloud rw\n"
        "36 22 8:9 / /mnt/usb rw - fuseblk /dev/sdb1 rw\n"
        "30 22 8:3 / /over rw - ext4 /dev/sda3 rw\n"
        "31 22 0:60 / /over rw - tmpfs tmpfs rw\n"
        "a torn line\n\n32 22 8:4 / /short rw -\n");
    std::vector<std::string> paths;
    for (const Mount& mount : real_mounts(all)) paths.push_back(mount.path + " " + mount.type);
    EXPECT_EQ(paths, (std::vector<std::string>{"/ ext4", "/mnt/usb fuseblk", "/var/my data xfs"}));
    const std::vector<Mount> container = parse_mounts(
        "1 0 0:30 / / rw - overlay overlay rw\n2 1 8:1 /x /etc/hosts rw - ext4 /d rw\n");
    EXPECT_EQ(real_mounts(container).size(), 2U) << "the root of a container is the disk there is";
}

TEST(Mounts, ReadOnlyForUsAloneIsNotTheDisks) {
    const std::vector<Mount> mounts = parse_mounts(
        "22 1 8:1 / / ro,relatime - ext4 /dev/sda1 rw,errors=remount-ro\n"
        "23 22 8:2 / /data rw - xfs /dev/sda2 ro,inode64\n"
        "24 22 8:3 / /old rw - ext4 ro\n");
    ASSERT_EQ(mounts.size(), 3U);
    EXPECT_FALSE(mounts[0].read_only) << "systemd's ProtectSystem=strict";
    EXPECT_TRUE(mounts[1].read_only) << "the kernel gave up writing";
    EXPECT_FALSE(mounts[2].read_only) << "a torn line says nothing";
}

TEST(Machine, IsReadFromTheKernelsTexts) {
    MachineTexts texts;
    texts.meminfo = "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:   600 kB\nSwapTotal: 0 kB\n";
    texts.loadavg = "0.50 1.25 2.00 1/100 999\n";
    texts.stat = "cpu  100 0 100 700 100 0 0 0 50 0\ncpu0 1 2\ncpu1 1 2\nintr 5\n";
    texts.uptime = "12.34 20.00\n";
    texts.boot_id = "abc\n";
    const MachineSeen machine = parse_machine(texts);
    EXPECT_EQ(machine.memory_total, 1024'000);
    EXPECT_EQ(machine.memory_available, 614'400);
    EXPECT_EQ(machine.load5, 1.25);
    EXPECT_EQ(machine.processors, 2);
    EXPECT_EQ(machine.uptime, Duration(12'340));
    EXPECT_EQ(machine.boot_id, "abc");
    EXPECT_NEAR(machine.cpu_busy_seconds / machine.cpu_total_seconds, 0.2, 1e-9);
    EXPECT_EQ(parse_machine({}).processors, 0) << "empty texts are survived";
}

TEST(Inbox, KeepsOrderAndCountsWhatItRefuses) {
    Inbox<int> inbox(3);
    EXPECT_TRUE(inbox.push(1));
    EXPECT_EQ(inbox.push_batch(std::vector<int>{2, 3, 4, 5}), 2U);
    EXPECT_FALSE(inbox.push(6));
    EXPECT_EQ(inbox.refused(), 3U);
    EXPECT_EQ(inbox.size(), 3U);
    EXPECT_EQ(inbox.take_all(Duration(0)), (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(inbox.take_all(Duration(0)), std::vector<int>{});
    inbox.wake();
    EXPECT_EQ(inbox.take_all(std::chrono::hours(1)), std::vector<int>{}) << "woken";
    EXPECT_TRUE(inbox.push(7));
    EXPECT_EQ(inbox.take_all(std::chrono::hours(1)), std::vector<int>{7});
}

}  // namespace
}  // namespace ops

// disks and machine: what is seen here and what another machine's text says.
#include <gtest/gtest.h>

#include "base/text.h"
#include "monitor/check_for_test.h"
#include "monitor/machine_text.h"

namespace ops {
namespace {

using namespace test;
using std::chrono::seconds;

DiskSeen disk(const std::string& mount, double used_percent, bool read_only = false) {
    return {.mount = mount,
            .type = "ext4",
            .total_bytes = 100e9,
            .available_bytes = (100 - used_percent) * 1e9,
            .used_bytes = used_percent * 1e9,
            .inodes = 1000,
            .inodes_free = 900,
            .read_only = read_only};
}
Answer disks(std::vector<DiskSeen> seen) {
    LocalAnswer answer;
    answer.disks = std::move(seen);
    return answer;
}

TEST(DisksCheck, TellsOfTheFullest) {
    Made made = make("{disks: }");
    ASSERT_NE(made.check, nullptr) << print(made.problems);
    DiskSeen data = disk("/data", 91.4);
    data.inodes_free = 20;
    const Judged judged = made->judge(reply(disks({disk("/", 45), data, disk("/boot", 12)})));
    EXPECT_EQ(print(judged), "good") << "how full is too full is for the runbook";
    EXPECT_EQ(fact(judged, "disk_usage"), "91.4%");
    EXPECT_EQ(fact(judged, "disk_free"), "8.6GB");
    EXPECT_EQ(fact(judged, "disk_mount"), "\"/data\"");
    EXPECT_EQ(fact(judged, "inode_usage"), "98%");
    EXPECT_EQ(fact(judged, "disks"), "\"/data 91%, / 45%, /boot 12%\"");
    EXPECT_EQ(fact(judged, "disk_read_only"), "false");
    EXPECT_EQ(print(made->judge(reply(disks({})))), "unknown: no file system was found");
}

TEST(DisksCheck, RootReservedSpaceCountsAsDfCountsIt) {
    Made made = make("{disks: }");
    DiskSeen root = disk("/", 90);
    root.available_bytes = 5e9;  // 5 of the 10 GB left are root's
    EXPECT_EQ(fact(made->judge(reply(disks({root}))), "disk_usage"), "94.737%");
    const DiskSeen empty{.mount = "/none", .type = "ext4"};
    EXPECT_EQ(fact(made->judge(reply(disks({empty}))), "disk_usage"), "0%")
        << "no division by zero";
}

TEST(DisksCheck, ADiskThatLostItsWritingIsBad) {
    Made made = make("{disks: }");
    EXPECT_EQ(print(made->judge(reply(disks({disk("/", 1), disk("/iso", 100, true)})))), "good")
        << "always was read-only";
    EXPECT_EQ(print(made->judge(reply(disks({disk("/", 1), disk("/data", 1)})))), "good");
    const Judged lost = made->judge(reply(disks({disk("/", 1), disk("/data", 1, true)})));
    EXPECT_EQ(print(lost), "bad: /data is mounted read-only");
    EXPECT_EQ(fact(lost, "disk_read_only"), "true");
    EXPECT_EQ(print(made->judge(reply(disks({disk("/", 1, true)})))),
              "bad: / is mounted read-only");
    Made allowed = make("{disks: {read_only_ok: [/]}}");
    EXPECT_EQ(print(allowed->judge(reply(disks({disk("/", 1, true)})))), "good");
}

TEST(DisksCheck, AHostIsNotDownForADisk) {
    Made made = make_from("hosts: [{name: here, local: true, disks: [/, /data]}]\n", "here");
    ASSERT_NE(made.check, nullptr) << print(made.problems);
    const Judged judged = made->judge(reply(disks({disk("/", 1, true)})));
    EXPECT_EQ(print(judged), "good degraded: nothing is mounted on /data; / is mounted read-only");
    EXPECT_EQ(fact(judged, "disk_read_only"), "true") << "for the runbook";
}

TEST(DisksCheck, NamedMountsMustBeThere) {
    Made made = make("{disks: [/, /data]}");
    EXPECT_EQ(std::get<LocalAsk>(made->ask().question).names,
              (std::vector<std::string>{"/", "/data"}));
    EXPECT_EQ(print(made->judge(reply(disks({disk("/", 1)})))), "bad: nothing is mounted on /data");
    EXPECT_EQ(print(made->judge(reply(disks({})))),
              "bad: nothing is mounted on /; nothing is mounted on /data");
}

TEST(DisksCheck, ANamedMountThatDoesNotAnswerHidesNoOther) {
    DiskSeen nas;
    nas.mount = "/nas";
    nas.trouble = "no answer in 2s";
    for (const char* const host : {"", "hosts: [{name: here, local: true, disks: [/, /nas]}]\n"}) {
        Made made =
            *host == '\0' ? make("{disks: [/, /nas], timeout: 4s}") : make_from(host, "here");
        ASSERT_NE(made.check, nullptr) << print(made.problems);
        const Judged judged = made->judge(reply(disks({disk("/", 91), nas})));
        EXPECT_EQ(print(judged), "good degraded: /nas: no answer in 2s");
        EXPECT_EQ(fact(judged, "disk_usage"), "91%");
    }
    Made alone = make("{disks: /nas, timeout: 4s}");
    EXPECT_EQ(std::get<LocalAsk>(alone->ask().question).patience, seconds(2));
    EXPECT_EQ(print(alone->judge(reply(disks({nas})))), "unknown: /nas: no answer in 2s");
}

const std::string kRemoteDisks =
    "@ops 1\n"
    "@mounts\n"
    "/dev/sda1 / ext4 rw,relatime 0 0\n"
    "proc /proc proc rw 0 0\n"
    "tmpfs /run tmpfs rw 0 0\n"
    "/dev/sda1 /var/snap ext4 rw 0 0\n"
    "/dev/sdb1 /my\\040disk xfs ro,noatime 0 0\n"
    "overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0\n"
    "@df\n"
    "Filesystem     1024-blocks     Used Available Capacity Mounted on\n"
    "/dev/sda1        1000000   500000    400000      56% /\n"
    "tmpfs             100000        0    100000       0% /run\n"
    "/dev/sda1        1000000   500000    400000      56% /var/snap\n"
    "/dev/sdb1        2000000  1900000    100000      95% /my disk\n"
    "overlay          1000000   500000    400000      56% /var/lib/docker/overlay2/x/merged\n"
    "garbage in between\n"
    "/dev/evil  99999999999999999999999 1 1 1% /\n"
    "/dev/evil  -5 1 1 1% /\n"
    "@dfi\n"
    "Filesystem      Inodes  IUsed   IFree IUse% Mounted on\n"
    "/dev/sda1         1000    900     100   90% /\n"
    "/dev/sdb1            0      0       0     - /my disk\n"
    "@end\n";

TEST(DisksCheck, ReadsAnotherMachine) {
    Made made = make("{disks: }", "pc");
    const Judged judged = made->judge(reply(exited(0, kRemoteDisks)));
    EXPECT_EQ(print(judged), "good");
    EXPECT_EQ(fact(judged, "disks"), "\"/my disk 95%, / 56%\"") << "a device counts once, no tmpfs";
    EXPECT_EQ(fact(judged, "inode_usage"), "90%");
    EXPECT_EQ(fact(judged, "disk_free"), "102.4MB");
    EXPECT_EQ(print(made->judge(reply(exited(255, "Permission denied (publickey).\n")))),
              "unknown: ssh ops@pc: Permission denied (publickey).");
}

MachineSeen seen(double used_percent, double busy, double total) {
    MachineSeen machine;
    machine.memory_total = 10e9;
    machine.memory_available = 10e9 * (100 - used_percent) / 100;
    machine.swap_total = 2e9;
    machine.swap_free = 1.5e9;
    machine.load1 = 1.5;
    machine.cpu_busy_seconds = busy;
    machine.cpu_total_seconds = total;
    machine.processors = 4;
    machine.uptime = seconds(3600);
    machine.boot_id = "b1";
    return machine;
}
Answer machine_answer(MachineSeen machine) {
    LocalAnswer answer;
    answer.machine = std::move(machine);
    return answer;
}

TEST(MachineCheck, TellsItsFacts) {
    Made made = make("{machine: }");
    ASSERT_NE(made.check, nullptr) << print(made.problems);
    const Judged first = made->judge(reply(machine_answer(seen(91, 100, 1000))));
    EXPECT_EQ(print(first), "good");
    EXPECT_EQ(fact(first, "memory_usage"), "91%");
    EXPECT_EQ(fact(first, "swap_usage"), "25%");
    EXPECT_EQ(fact(first, "load"), "1.5");
    EXPECT_EQ(fact(first, "uptime"), "1h");
    EXPECT_EQ(fact(first, "cpu_usage"), "-") << "one look is no rate";
    const Judged second =
        made->judge(reply(machine_answer(seen(91, 130, 1040)), kNoon + seconds(10)));
    EXPECT_EQ(fact(second, "cpu_usage"), "75%");
    MachineSeen rebooted = seen(10, 1, 10);
    rebooted.boot_id = "b2";
    const Judged third = made->judge(reply(machine_answer(rebooted), kNoon + seconds(20)));
    EXPECT_EQ(third.events, std::vector<std::string>{"reboot"});
    EXPECT_EQ(fact(third, "cpu_usage"), "-") << "the counters began anew";
    MachineSeen no_swap = seen(10, 2, 20);
    no_swap.swap_total = no_swap.swap_free = 0;
    no_swap.boot_id = "b2";
    EXPECT_EQ(fact(made->judge(reply(machine_answer(no_swap), kNoon + seconds(30))), "swap_usage"),
              "0%");
}

std::string remote_machine(double date) {
    char text[64];
    (void)snprintf(text, sizeof text, "%.3f", date);
    return "Last login: yesterday\n@ops 1\n@meminfo\nMemTotal:       1000000 kB\nMemAvailable:    "
           "250000 kB\n"
           "SwapTotal:            0 kB\nSwapFree:             0 kB\nEvil: 5 kB\n"
           "@loadavg\n0.50 0.40 0.30 1/234 5678\n@stat\ncpu  100 0 100 700 100 0 0 0 50 0\ncpu0 1 "
           "1 1 1\n"
           "cpu1 1 1 1 1\n@uptime\n86400.00 1000.00\n@boot\nabc\n@date\n" +
           std::string(text) + "\n@end\n";
}

TEST(MachineCheck, ReadsAnotherMachine) {
    Made made = make("{machine: }", "pc");
    const double noon = 1'790'000'000;
    const Judged judged = made->judge(reply(exited(0, remote_machine(noon)), kNoon, Duration(300)));
    EXPECT_EQ(print(judged), "good");
    EXPECT_EQ(fact(judged, "memory_usage"), "75%");
    EXPECT_EQ(fact(judged, "load15"), "0.3");
    EXPECT_EQ(fact(judged, "processors"), "2");
    EXPECT_EQ(fact(judged, "uptime"), "1d");
    EXPECT_EQ(print(made->judge(reply(exited(255, "ssh: Could not resolve hostname pc\n")))),
              "bad: ssh ops@pc: ssh: Could not resolve hostname pc");
    EXPECT_EQ(print(made->judge(failure(Fault::timeout, "no answer in 5s"))),
              "bad: ssh ops@pc: no answer in 5s");
    EXPECT_EQ(print(made->judge(failure(Fault::unavailable, "no thread was free for 5s"))),
              "unknown: ssh ops@pc: no thread was free for 5s")
        << "nobody asked it";
    EXPECT_EQ(print(made->judge(reply(exited(0, "@ops 1\n@meminfo\n@end\n")))),
              "unknown: ssh ops@pc: /proc cannot be read there");
}

// The clock was read at an unknown moment of the 300 ms that the answer took.
TEST(MachineCheck, ClockSkewIsTheLeastThatFits) {
    struct Row {
        std::string why;
        double offset;
        std::string skew;
    };
    for (const Row& row : std::vector<Row>{{"just now", 0, "0s"},
                                           {"within the wait", -0.2, "0s"},
                                           {"ahead", 5, "5s"},
                                           {"behind", -5, "-4s700ms"},
                                           {"a little ahead", 0.05, "50ms"}}) {
        Made made = make("{machine: }", "pc");
        const Judged judged = made->judge(
            reply(exited(0, remote_machine(1'790'000'000 + row.offset)), kNoon, Duration(300)));
        EXPECT_EQ(fact(judged, "clock_skew"), row.skew) << row.why;
    }
}

Sections sections_of(const std::string& name, std::vector<std::string> lines) {
    return {{name, std::move(lines)}};
}

TEST(MachineText, SurvivesNonsense) {
    EXPECT_FALSE(read_machine({}).has_value());
    EXPECT_FALSE(read_machine(sections_of("meminfo", {"MemTotal: nan kB"})).has_value());
    EXPECT_FALSE(read_machine(sections_of("meminfo", {"MemTotal: 1e30 kB"})).has_value());
    EXPECT_FALSE(read_machine(sections_of("meminfo", {"MemTotal: -1 kB", "MemTotal:", "MemTotal"}))
                     .has_value());
    const auto old = read_machine(
        sections_of("meminfo", {"MemTotal: 100 kB", "MemFree: 10 kB", "Cached: 20 kB"}));
    ASSERT_TRUE(old.has_value());
    EXPECT_EQ(old->memory_available, 30 * 1024.0) << "a kernel without MemAvailable";
    EXPECT_EQ(read_date(sections_of("date", {"1790000000.%N"})), kNoon) << "without GNU date";
    for (const char* bad : {"", "tomorrow", "-5", "1e99", "99999999999999999"}) {
        EXPECT_FALSE(read_date(sections_of("date", {bad})).has_value()) << bad;
    }
}

TEST(MachineText, AsksOnlyForNamedMountsWhenThereAreSome) {
    EXPECT_EQ(disk_sections({"/a b", "/x'y"}),
              "echo '@mounts'\ncat /proc/mounts\necho '@df'\ndf -P -k -- '/a b' '/x'\\''y'\n"
              "echo '@dfi'\ndf -P -i -- '/a b' '/x'\\''y'\n");
    EXPECT_NE(disk_sections({}).find("df -P -l -k || df -P -k"), std::string::npos);
}

TEST(Remote, AsksWithoutAQuestionAndChecksTheHostKey) {
    Host host;
    host.name = "pc";
    host.ssh = "ops@pc";
    const auto argv = ask_over_ssh(host, seconds(7), "").command.argv;
    const std::string words = join(argv, " ");
    for (const char* option : {"-o BatchMode=yes ", "-o StrictHostKeyChecking=yes ",
                               "-o ConnectTimeout=7 ", " -- ops@pc sh -s"}) {
        EXPECT_NE(words.find(option), std::string::npos) << option;
    }
}

}  // namespace
}  // namespace ops

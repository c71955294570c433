#include "io/mount_looks.h"

#include <gtest/gtest.h>

#include <future>

namespace ops {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

std::string print(const std::vector<DiskSeen>& disks) {
    std::string text;
    for (const DiskSeen& disk : disks) {
        text += disk.mount + (disk.trouble.empty() ? " seen" : ": " + disk.trouble) + "\n";
    }
    return text;
}

TEST(MountLooks, OneThatHangsSaysNothingOfTheOthers) {
    std::promise<void> server_is_back;
    const std::shared_future<void> back = server_is_back.get_future().share();
    MountLooks looks([back](const std::string& name) {
        if (name == "/nas") back.wait();
        DiskSeen seen;
        seen.mount = name;
        return seen;
    });
    const std::vector<std::string> names = {"/nas", "/data", "/backup"};
    EXPECT_EQ(print(looks.look(names, milliseconds(500))),
              "/nas: no answer in 500ms\n/data seen\n/backup seen\n");
    EXPECT_EQ(print(looks.look(names, hours(1))),
              "/nas: the look before this one still hangs\n/data seen\n/backup seen\n")
        << "no further thread for it, and nobody waits for it";
    server_is_back.set_value();
    std::string said;
    while ((said = print(looks.look({"/nas"}, hours(1)))) != "/nas seen\n") {
        ASSERT_EQ(said, "/nas: the look before this one still hangs\n");
    }
}

TEST(MountLooks, SoManyMayHangAndMoreAreTold) {
    std::promise<void> server_is_back;
    const std::shared_future<void> back = server_is_back.get_future().share();
    MountLooks looks([back](const std::string& name) {
        if (name != "/data") back.wait();
        DiskSeen seen;
        seen.mount = name;
        return seen;
    });
    std::vector<std::string> names;
    for (size_t i = 0; i < MountLooks::kMostHanging; ++i) names.push_back("/n" + std::to_string(i));
    for (const DiskSeen& disk : looks.look(names, milliseconds(1))) {
        EXPECT_EQ(disk.trouble, "no answer in 1ms") << disk.mount;
    }
    EXPECT_EQ(print(looks.look({"/data"}, milliseconds(1))), "/data: no answer in 1ms\n");
    server_is_back.set_value();
}

}  // namespace
}  // namespace ops

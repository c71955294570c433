#include "model/inventory.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

Host host(std::string name, std::vector<std::string> depends_on = {}) {
    Host host;
    host.name = std::move(name);
    host.depends_on = std::move(depends_on);
    return host;
}

Service service(std::string name, std::string group, std::string host,
                std::vector<std::string> depends_on = {}) {
    Service service;
    service.name = std::move(name);
    service.group = std::move(group);
    service.host = std::move(host);
    service.depends_on = std::move(depends_on);
    return service;
}

Inventory founder() {
    Inventory inventory;
    inventory.hosts = {host("pc", {"router"}), host("alien"), host("router")};
    inventory.services = {
        service("worker_2", "worker", "pc", {"brain-api"}), service("brain-api", "", "alien"),
        service("worker_1", "worker", "pc", {"pc", "brain-api"}), service("website", "", "")};
    inventory.signals = {"revenue"};
    inventory.index();
    return inventory;
}

TEST(Inventory, FindsByName) {
    const Inventory inventory = founder();
    for (const Service& expected : inventory.services) {
        ASSERT_NE(inventory.find_service(expected.name), nullptr) << expected.name;
        EXPECT_EQ(inventory.find_service(expected.name), &expected);
    }
    for (const Host& expected : inventory.hosts) {
        EXPECT_EQ(inventory.find_host(expected.name), &expected);
    }
    EXPECT_EQ(inventory.find_service("pc"), nullptr);
    EXPECT_EQ(inventory.find_service(""), nullptr);
    EXPECT_EQ(inventory.find_service("zzz"), nullptr);
    EXPECT_EQ(inventory.find_host("brain-api"), nullptr);
}

TEST(Inventory, KnowsItsTargets) {
    const Inventory inventory = founder();
    for (const char* name : {"worker_1", "pc", "revenue"}) EXPECT_TRUE(inventory.has_target(name));
    for (const char* name : {"worker", "worker_3", ""}) EXPECT_FALSE(inventory.has_target(name));
}

TEST(Inventory, TellsTheOnlyHostForAServiceThatNamesNone) {
    Inventory inventory = founder();
    EXPECT_EQ(inventory.host_of("worker_1"), "pc");
    EXPECT_EQ(inventory.host_of("website"), "") << "on which of them nobody said";
    EXPECT_EQ(inventory.host_of("router"), "router");
    EXPECT_EQ(inventory.host_of("revenue"), "");
    EXPECT_EQ(inventory.host_of("zzz"), "");
    inventory.hosts = {host("alien")};
    inventory.index();
    EXPECT_EQ(inventory.host_of("website"), "alien");
    EXPECT_EQ(inventory.host_of("worker_1"), "pc");
}

TEST(Inventory, GroupsKeepTheOrderOfTheFile) {
    const Inventory inventory = founder();
    const auto members = inventory.members_of("worker");
    ASSERT_EQ(members.size(), 2u);
    EXPECT_EQ(members[0]->name, "worker_2");
    EXPECT_EQ(members[1]->name, "worker_1");
    EXPECT_TRUE(inventory.members_of("").empty()) << "services without a group are no group";
}

TEST(Inventory, ParentsAreWhatItDependsOnAndThenItsHost) {
    const Inventory inventory = founder();
    using Names = std::vector<std::string>;
    EXPECT_EQ(inventory.parents_of("worker_2"), (Names{"brain-api", "pc"}));
    EXPECT_EQ(inventory.parents_of("worker_1"), (Names{"pc", "brain-api"})) << "a host named twice";
    EXPECT_EQ(inventory.parents_of("brain-api"), (Names{"alien"}));
    EXPECT_EQ(inventory.parents_of("website"), Names{});
    EXPECT_EQ(inventory.parents_of("pc"), (Names{"router"}));
    EXPECT_EQ(inventory.parents_of("revenue"), Names{});
    EXPECT_EQ(inventory.parents_of("nobody"), Names{});
}

TEST(InventoryDeathTest, AnIndexThatIsOutOfDateIsOurBug) {
    Inventory inventory = founder();
    inventory.services.push_back(service("late", "", ""));
    EXPECT_DEATH((void)inventory.find_service("late"), "ASSERT");
}

}  // namespace
}  // namespace ops

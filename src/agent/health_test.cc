#include "agent/health.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

TEST(Health, IsDownWhenEveryServiceIsWhateverTheHostIs) {
    const struct {
        const char* why;
        Status host, web, db;
        const char* status;
    } rows[] = {
        {"all well", Status::up, Status::up, Status::up, "ok"},
        {"nothing is known yet", Status::unknown, Status::unknown, Status::unknown, "ok"},
        {"one is down", Status::up, Status::down, Status::up, "degraded"},
        {"one is not well", Status::up, Status::degraded, Status::up, "degraded"},
        {"all are down, and the agent's own host tells it", Status::up, Status::down, Status::down,
         "down"},
        {"of the other nothing is known", Status::up, Status::down, Status::unknown, "degraded"},
        {"the host is not well", Status::degraded, Status::up, Status::up, "degraded"},
    };
    Inventory inventory;
    inventory.hosts.resize(1);
    inventory.hosts[0].name = "alien";
    inventory.services.resize(2);
    inventory.services[0].name = "web";
    inventory.services[1].name = "db";
    inventory.index();
    for (const auto& row : rows) {
        std::vector<TargetState> states(3);
        states[0].target = "alien";
        states[0].status = row.host;
        states[1].target = "web";
        states[1].status = row.web;
        states[2].target = "db";
        states[2].status = row.db;
        EXPECT_EQ(overall_status(states, inventory), row.status) << row.why;
    }
    Inventory hosts_only;
    hosts_only.hosts.resize(1);
    hosts_only.hosts[0].name = "pc";
    hosts_only.index();
    std::vector<TargetState> states(1);
    states[0].target = "pc";
    states[0].status = Status::down;
    EXPECT_EQ(overall_status(states, hosts_only), "down");
}

}  // namespace
}  // namespace ops

#include "model/unknown_target.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

TEST(UnknownTarget, IsToldWithTheNearest) {
    Inventory inventory;
    inventory.hosts.push_back({.name = "pc"});
    inventory.services.push_back({.name = "worker_2"});
    inventory.signals = {"revenue"};
    EXPECT_EQ(no_target(inventory, "workr_2"),
              "no service, host or signal 'workr_2' in the configuration (did you mean "
              "'worker_2'?)");
    EXPECT_EQ(no_target(inventory, "revenu"),
              "no service, host or signal 'revenu' in the configuration (did you mean 'revenue'?)");
    EXPECT_EQ(no_target(inventory, "\x1b[2J"), "no service, host or signal '' in the configuration")
        << "it is shown to a terminal";
}

}  // namespace
}  // namespace ops

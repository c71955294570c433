// The core's records are moved away, or are those of a backup: the executor, which heard of later
// cores, hears the new one all the same, and the old one no more.
#include <gtest/gtest.h>

#include "scenario/machine.h"

namespace ops {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Epoch : public testing::Test {
protected:
    void SetUp() override {
        machine_.world().host("alien").local = true;
        machine_.world().service("web").host = "alien";
        machine_.set_files(R"(
agent: {name: alien, mode: auto}
hosts: [{name: alien, local: true}]
services:
  - {name: web, host: alien, check: {http: "http://web.sim/"}, restart: "systemctl restart web"}
)",
                           "common_issues: []\n");
        for (int life = 0; life < 3; ++life) {
            ASSERT_TRUE(machine_.start_agent().ok()) << machine_.why_down();
            machine_.run_until(machine_.now() + minutes(1));
            machine_.kill_agent();
        }
        for (const std::string& path : machine_.disk().files()) {
            if (path.find("state.db") != std::string::npos) machine_.disk().remove(path);
        }
    }

    void expect_a_repair() {
        machine_.world().set_condition(machine_.world().service("web"), sim::Condition::dead);
        machine_.run_until(machine_.now() + minutes(3));
        EXPECT_EQ(machine_.world().service("web").restarts, 1);
        EXPECT_TRUE(machine_.violations().empty());
    }

    Machine machine_{1};
};

TEST_F(Epoch, WithoutItsRecordsACoreIsHeard) {
    ASSERT_TRUE(machine_.start_agent().ok()) << machine_.why_down();
    machine_.run_until(machine_.now() + minutes(1));
    expect_a_repair();
}

TEST_F(Epoch, AlsoWhenTheExecutorIsThereOnlyLater) {
    machine_.executor_can_be_reached = false;
    ASSERT_TRUE(machine_.start_agent().ok()) << machine_.why_down();
    machine_.run_until(machine_.now() + minutes(1));
    machine_.executor_can_be_reached = true;
    machine_.run_until(machine_.now() + minutes(2));
    expect_a_repair();
}

}  // namespace
}  // namespace ops

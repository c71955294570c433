// What is answered to a yes says whether another one is needed: the state of the incident does not.
#include <gtest/gtest.h>

#include "scenario/machine.h"

namespace ops {
namespace {

using std::chrono::minutes;

constexpr const char* kConfig = R"(
agent: {name: alien, mode: auto}
hosts: [{name: alien, local: true}]
services:
  - {name: web, host: alien, check: {http: "http://web.sim/"}}
)";

class Yeses : public testing::TestWithParam<const char*> {};

TEST_P(Yeses, AreCountedInTheReply) {
    const std::string risk = GetParam();
    Machine machine{1};
    machine.world().host("alien").local = true;
    machine.world().service("web").host = "alien";
    machine.set_files(kConfig,
                      "common_issues:\n"
                      "  - name: Web is gone\n"
                      "    symptoms: ['service == \"web\"', 'status == \"down\"']\n"
                      "    risk: " +
                          risk +
                          "\n"
                          "    auto_resolve: [{command: systemctl restart web}]\n");
    ASSERT_TRUE(machine.start_agent().ok()) << machine.why_down();
    machine.run_until(machine.now() + minutes(1));
    machine.world().set_condition(machine.world().service("web"), sim::Condition::dead);
    machine.run_until(machine.now() + minutes(2));
    const Result<Json> open = machine.ask("GET", "/api/v1/incidents");
    ASSERT_TRUE(open.ok()) << open.error().message;
    const Json incident = open.value()["incidents"].items().at(0);
    ASSERT_EQ(incident["state"].as_string(), "awaiting_approval");
    const std::string path = "/api/v1/incidents/" + incident["id"].as_string() + "/approve";
    const int64_t needed = risk == "destructive" ? 2 : 1;
    int64_t said = 0;
    for (const char* person : {"ann", "bob"}) {
        if (said == needed) break;
        const Result<Json> reply =
            machine.ask("POST", path, Json::object({{"by", person}, {"user", person}}));
        ASSERT_TRUE(reply.ok()) << reply.error().message;
        EXPECT_EQ(reply.value()["yeses"].as_int(), ++said);
        EXPECT_EQ(reply.value()["needed"].as_int(), needed);
    }
    machine.run_until(machine.now() + minutes(2));
    EXPECT_EQ(machine.world().service("web").restarts, 1);
}

INSTANTIATE_TEST_SUITE_P(Risks, Yeses, testing::Values("high", "destructive"));

}  // namespace
}  // namespace ops

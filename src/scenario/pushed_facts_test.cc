// Whoever may push facts can push many and long ones: they do not stop the agent.
#include <gtest/gtest.h>

#include "scenario/machine.h"

namespace ops {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kConfig = R"(
agent: {name: alien, mode: auto}
hosts: [{name: alien, local: true}]
services:
  - {name: web, host: alien, check: {http: "http://web.sim/"}, restart: "systemctl restart web"}
facts: {queue_len: number}
)";

Result<Json> push(Machine& machine, const std::string& prefix, int count,
                  const std::string& value) {
    Json facts = Json::object();
    for (int i = 0; i < count; ++i) facts.set(prefix + std::to_string(i), value);
    return machine.ask("POST", "/api/v1/facts/web", Json::object({{"facts", facts}}));
}

class PushedFacts : public testing::Test {
protected:
    void SetUp() override {
        machine_.world().host("alien").local = true;
        machine_.world().service("web").host = "alien";
        machine_.set_files(kConfig, "common_issues: []\n");
        ASSERT_TRUE(machine_.start_agent().ok()) << machine_.why_down();
        machine_.run_until(machine_.now() + minutes(1));
    }

    // It goes down and is repaired, by the life of the agent that the facts were pushed to.
    void expect_a_repair() {
        machine_.world().set_condition(machine_.world().service("web"), sim::Condition::dead);
        machine_.run_until(machine_.now() + minutes(3));
        ASSERT_NE(machine_.agent(), nullptr) << machine_.why_down();
        EXPECT_EQ(count("agent.started"), 1);
        EXPECT_EQ(count("incident.resolved"), 1);
        EXPECT_EQ(machine_.world().service("web").restarts, 1);
        EXPECT_TRUE(machine_.violations().empty());
    }

    std::vector<Event> events(const std::string& kind) {
        return machine_.agent()->store().events({.kind_prefix = kind, .limit = 100}).value();
    }
    int count(const std::string& kind) { return static_cast<int>(events(kind).size()); }

    Machine machine_{1};
};

TEST_F(PushedFacts, AreOfSoManyNamesAndNoMore) {
    const std::string value(1000, 'x');
    EXPECT_TRUE(push(machine_, "a", 150, value).ok());
    const Result<Json> more = push(machine_, "b", 150, value);
    ASSERT_FALSE(more.ok());
    EXPECT_EQ(more.error().message,
              "'web' would have more than 200 facts; none of these was taken");
    EXPECT_FALSE(push(machine_, "c", 1500, value).ok());
    EXPECT_TRUE(push(machine_, "a", 150, "new").ok()) << "those that it has";
    const Json facts = machine_.ask("GET", "/api/v1/services/web").value()["facts"];
    EXPECT_EQ(facts["a7"].as_string(), "new");
    EXPECT_FALSE(facts.has("b0"));
    expect_a_repair();
}

TEST_F(PushedFacts, AreAnsweredWithWhichNamesNobodyDeclared) {
    const auto reply = [&](const std::string& target, const char* facts) {
        const Result<Json> said =
            machine_.ask("POST", "/api/v1/facts/" + target,
                         Json::object({{"facts", Json::parse(facts).value()}}));
        return said.ok() ? said.value().dump() : said.error().message;
    };
    EXPECT_EQ(reply("web", R"({"queue_len": 3, "queue_lenn": 4, "error_rate": 1})"),
              R"({"ok":true,"taken":["queue_len","queue_lenn","error_rate"],)"
              R"("undeclared":["queue_lenn"]})");
    EXPECT_EQ(reply("web", R"({"queue_len": 3})"),
              R"({"ok":true,"taken":["queue_len"],"undeclared":[]})");
    EXPECT_EQ(
        machine_.ask("GET", "/api/v1/services/web").value()["facts"]["queue_lenn"].as_number(), 4)
        << "it is known, for people to see";
    EXPECT_EQ(reply("wep", R"({"queue_len": 3})"),
              "no service, host or signal 'wep' in the configuration (did you mean 'web'?)");
    EXPECT_EQ(reply("alien", R"({"queue_len": 3})"),
              "'alien' is a host or a signal: heartbeats and facts are pushed to a service");
}

// The worst there can be: every byte of it is two in JSON.
TEST_F(PushedFacts, FitIntoAnEvent) {
    EXPECT_TRUE(push(machine_, "a", 190, std::string(1024, '"')).ok());
    expect_a_repair();
    const std::vector<Event> opened = events("incident.opened"), intent = events("action.intent");
    ASSERT_EQ(opened.size(), 1u);
    ASSERT_EQ(intent.size(), 1u);
    for (const Json& facts : {opened[0].body["facts"], intent[0].body["before"]["facts"]}) {
        EXPECT_LE(facts.dump().size(), size_t{256} * 1024);
        EXPECT_TRUE(facts.has("http_status") || facts.has("up")) << "what we saw";
        EXPECT_TRUE(facts.has("a0"));
    }
}

}  // namespace
}  // namespace ops

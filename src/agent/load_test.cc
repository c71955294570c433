// What the agent reads of its files, and what it says of those that it does not.
#include "agent/load.h"

#include <gtest/gtest.h>

#include "sim/world.h"

namespace ops {
namespace {

TEST(Load, TellsOfFilesThatAreNotRead) {
    sim::World world(1);
    Files& files = world.files();
    const auto put = [&](const char* path, const char* text) {
        ASSERT_TRUE(files.replace(path, text).ok());
    };
    ASSERT_TRUE(files.make_folder("/e/conf.d").ok());
    put("/e/ops-agent.yaml", "agent: {name: box}\n");
    put("/e/runbook.yaml", "");
    put("/e/conf.d/a.yaml", "signals: [{name: a, command: /opt/a}]\n");
    put("/e/conf.d/b.yml", "signals: [{name: b, command: /opt/b}]\n");
    put("/e/conf.d/.c.yaml", "signals: [{name: c, command: /opt/c}]\n");
    put("/e/conf.d/README", "x");
    Problems problems;
    const auto loaded = load(files, "/e/ops-agent.yaml", {}, problems);
    ASSERT_NE(loaded, nullptr) << problems.print();
    EXPECT_EQ(loaded->settings.inventory.signals, std::vector<std::string>{"a"});
    EXPECT_EQ(problems.print(),
              "/e/conf.d/.c.yaml: warning: is hidden, so it is not read\n"
              "/e/conf.d/b.yml: warning: is not read: only *.yaml is\n");
}

}  // namespace
}  // namespace ops

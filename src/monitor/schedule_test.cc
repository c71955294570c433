#include "monitor/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "monitor/check_for_test.h"

namespace ops {
namespace {

using namespace test;

CheckList services(int count, const std::string& interval,
                   const std::string& check = "{tcp: 'a:1'}", const std::string& host = "here") {
    Problems problems;
    const Settings settings = read_settings_leniently(
        {{"f.yaml",
          "hosts: [{name: here, local: true}, {name: pc, ssh: pc}]\n"
          "services: [{name: 'w_{1.." +
              std::to_string(count) + "}', host: " + host + ", interval: " + interval +
              ", check: " + check + "}]\n"}},
        [](const std::string&) { return std::optional<std::string>(); }, problems);
    EXPECT_FALSE(problems.has_errors()) << print(problems);
    return make_checks(settings, problems);
}

std::vector<Duration> phases_of(const std::vector<Scheduled>& plan, Duration interval) {
    std::vector<Duration> phases;
    for (const Scheduled& one : plan) {
        if (one.interval == interval) phases.push_back(one.phase);
    }
    std::sort(phases.begin(), phases.end());
    return phases;
}

TEST(Schedule, TheFirstStartsAtOnceAndTheOthersSoon) {
    const auto phases = phases_of(plan_schedule(services(5, "20s")), std::chrono::seconds(20));
    ASSERT_EQ(phases.size(), 5u);
    for (size_t i = 0; i < phases.size(); ++i) {
        EXPECT_EQ(phases[i], kGapBetweenAsks * static_cast<int>(i));
    }
}

TEST(Schedule, ManyAreSpreadEvenlyOverTheInterval) {
    const Duration interval = std::chrono::seconds(2);
    const auto phases = phases_of(plan_schedule(services(1000, "2s")), interval);
    ASSERT_EQ(phases.size(), 1000u);
    std::map<int64_t, int> by_tenth;
    for (const Duration phase : phases) {
        EXPECT_GE(phase, Duration{});
        EXPECT_LT(phase, interval);
        ++by_tenth[phase / std::chrono::milliseconds(100)];
    }
    EXPECT_EQ(by_tenth.size(), 20u);
    for (const auto& [tenth, count] : by_tenth) EXPECT_EQ(count, 50) << tenth;
}

TEST(Schedule, CommandsKeepADistance) {
    const auto phases = phases_of(plan_schedule(services(10, "20s", "{pidfile: /x}", "pc")),
                                  std::chrono::seconds(20));
    ASSERT_EQ(phases.size(), 10u);
    for (size_t i = 1; i < phases.size(); ++i)
        EXPECT_EQ(phases[i] - phases[i - 1], kGapBetweenCommands);
}

TEST(Schedule, IsTheSameForTheSameConfiguration) {
    const auto once = plan_schedule(services(50, "20s")),
               again = plan_schedule(services(50, "20s"));
    ASSERT_EQ(once.size(), again.size());
    bool in_order = true;
    for (size_t i = 0; i < once.size(); ++i) {
        EXPECT_EQ(once[i].ask.check, again[i].ask.check);
        EXPECT_EQ(once[i].phase, again[i].phase);
        if (i > 0 && once[i].interval == once[i - 1].interval)
            in_order &= once[i].phase > once[i - 1].phase;
    }
    EXPECT_FALSE(in_order) << "neighbours in the configuration do not follow one another";
}

TEST(Schedule, LeavesOutWhatCouldNotBeMade) {
    CheckList list = services(3, "20s");
    list.checks[2].reset();
    const auto plan = plan_schedule(list);
    EXPECT_EQ(plan.size(), list.checks.size() - 1);
    std::set<uint32_t> numbers;
    for (const Scheduled& one : plan) numbers.insert(one.ask.check);
    EXPECT_EQ(numbers.size(), plan.size());
    EXPECT_FALSE(numbers.contains(2));
}

}  // namespace
}  // namespace ops

// Known problems are repaired and people are told alike, whatever a model does or does not do
// (safety.md, section 4): the same scenarios with a model that is absent, down, slow, rambling,
// refusing, answering rubbish, and one whose budget is spent. Ledgers and messages are compared.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "base/text.h"
#include "scenario/runner.h"

namespace ops {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(OPS_SOURCE_DIR) / "tests/scenarios";

struct Mood {
    std::string_view name;
    std::string_view ai;     // of the configuration
    std::string_view lines;  // of the scenario, before anything happens
};

constexpr std::string_view kModel =
    "ai: {provider: openai, base_url: \"http://model.sim/v1\", model: m}\n";

constexpr auto kMoods = std::to_array<Mood>({
    {"down", kModel, "channel model.sim fails 100000\n"},
    {"slow", kModel, "channel model.sim hangs 100000\n"},
    {"overloaded", kModel, "channel model.sim answers 529 100000\n"},
    {"rambling", kModel, "model rambles\n"},
    {"refusing", kModel, "model refuses\n"},
    {"rubbish", kModel, "model garbles\n"},
    {"over budget",
     "ai: {provider: openai, base_url: \"http://model.sim/v1\", model: m,"
     " budget: {per_incident_usd: 0.0001, per_day_usd: 0.0001}}\n",
     "model looks memory\n"},
});

// Problems that the runbook knows, some of which its repair does not cure, and some that only
// people can decide.
constexpr auto kScenarios = std::to_array<std::string_view>({
    "api-down",
    "app-rejected",
    "brain-api-failing",
    "brain-api-garbage",
    "brain-api-hanging",
    "brain-api-slow",
    "brain-api-stopped",
    "crash-loop",
    "disk-92",
    "disk-96",
    "disk-stays-full",
    "flapping",
    "host-down",
    "host-memory",
    "litellm-down",
    "mass-failure",

    "own-network-lost",
    "pause",
    "restart-breaks-another",
    "restart-fails",
    "restart-hangs",
    "security-event",
    "silence",
    "two-of-seven-dead",

    "worker-dead",
    "worker-fatal",
    "worker-silent",
    "restart-changes-nothing",
});

Result<std::string> read(const std::filesystem::path& path) {
    std::ifstream file(path);
    if (!file) return Error{Fault::not_found, "no file '" + path.string() + "'"};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

Result<ScenarioReport> play(std::string_view scenario, const Mood& mood) {
    std::string script = TRY(read(kFolder / (std::string(scenario) + ".scn")));
    // The line that names the configuration stays the first; the mood is set right after it.
    const size_t use = script.find("use company.yaml");
    if (use == std::string::npos) return Error{Fault::invalid, "it does not use company.yaml"};
    script.insert(script.find('\n', use) + 1, mood.lines);
    return run_scenario(script, std::string(scenario), 1, [&](const std::string& name) {
        Result<std::string> text = read(kFolder / name);
        if (text.ok() && name.starts_with("company"))
            return Result<std::string>(text.value() + std::string(mood.ai));
        return text;
    });
}

// Ids are drawn from the same chance that a model's calls draw from.
std::string without_ids(std::string text) {
    for (size_t at = text.find("inc-"); at != std::string::npos; at = text.find("inc-", at + 4))
        text.erase(at + 4, std::min<size_t>(10, text.size() - at - 4));
    return text;
}

// What people read.
std::vector<std::string> messages(const ScenarioReport& report) {
    std::vector<std::string> told;
    for (const std::string& text : report.told) {
        const Result<Json> json = Json::parse(text);
        told.push_back(without_ids(json.ok() ? json.value()["text"].as_string() : text));
    }
    std::sort(told.begin(), told.end());  // two of one moment may arrive in either order
    return told;
}

TEST(ModelAbsent, ChangesNeitherRepairsNorMessages) {
    size_t effects = 0, told = 0, asked = 0;
    for (const std::string_view scenario : kScenarios) {
        const auto without = play(scenario, {"absent", "", ""});
        ASSERT_TRUE(without.ok()) << scenario << ": " << without.error().message;
        EXPECT_TRUE(without.value().passed) << scenario;
        for (const Mood& mood : kMoods) {
            const auto with = play(scenario, mood);
            ASSERT_TRUE(with.ok()) << scenario << ": " << with.error().message;
            const std::string name = std::string(scenario) + ", model " + std::string(mood.name);
            for (const std::string& failure : with.value().failures)
                ADD_FAILURE() << name << ": " << failure;
            EXPECT_EQ(with.value().effects, without.value().effects) << name;
            EXPECT_EQ(messages(with.value()), messages(without.value())) << name;
            for (const std::string& line : with.value().journal)
                asked += line.find("incident.investigated") != std::string::npos;
        }
        effects += without.value().effects.size();
        told += without.value().told.size();
    }
    // Else this compares nothing with nothing.
    EXPECT_GT(effects, 20u);
    EXPECT_GT(told, 15u);
    EXPECT_GT(asked, 20u) << "in some of them a model must have been wanted";
}

}  // namespace
}  // namespace ops

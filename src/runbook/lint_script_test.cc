// Runs tests/config/lint/*.lint: a configuration, a runbook, and all that lint says of them. The
// format is described in tests/config/lint/README.md.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/text.h"
#include "runbook/runbook.h"

namespace ops {
namespace {

std::string read_text(const std::string& path) {
    std::string text;
    std::array<char, 65536> buffer{};
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    ssize_t count = 0;
    while (file >= 0 && (count = ::read(file, buffer.data(), buffer.size())) > 0) {
        text.append(buffer.data(), static_cast<size_t>(count));
    }
    if (file >= 0) ::close(file);
    return text;
}

std::string folder() { return OPS_SOURCE_DIR "/tests/config/"; }

std::optional<std::string> environment(const std::string& name) {
    if (name == "HOME") return "/home/ops";
    if (name == "SECRET") return "s3cret";
    return std::nullopt;
}

struct Case {
    std::string title;
    std::optional<std::string> config, runbook;
    std::vector<std::string> more;  // conf.d
    std::string expected;
};

std::vector<Case> read_cases(const std::string& script) {
    std::vector<Case> cases;
    std::string* block = nullptr;
    for (const std::string_view line : split(script, '\n')) {
        if (line.starts_with("case:")) {
            cases.emplace_back().title = trim(line.substr(5));
            block = nullptr;
        } else if (cases.empty() || line.empty()) {
            continue;
        } else if (line == "config:") {
            block = &cases.back().config.emplace();
        } else if (line == "runbook:") {
            block = &cases.back().runbook.emplace();
        } else if (line == "conf.d:") {
            block = &cases.back().more.emplace_back();
        } else if (line == "expect:") {
            block = &cases.back().expected;
        } else if (block != nullptr && line.starts_with("    ")) {
            block->append(line.substr(4)).append("\n");
        } else {
            ADD_FAILURE() << "not understood: " << line;
        }
    }
    return cases;
}

std::string lint(const Case& one, const std::string& founders) {
    std::vector<ConfigText> texts = {{"ops-agent.yaml", one.config.value_or(founders)}};
    char letter = 'a';
    for (const std::string& text : one.more) {
        texts.push_back({std::string("conf.d/") + letter++ + ".yaml", text});
    }
    Problems problems;
    const Settings settings = read_settings_leniently(texts, environment, problems);
    if (one.runbook) (void)read_runbook({"runbook.yaml", *one.runbook}, settings, problems);
    problems.sort_by_place();
    // What an error says decides whether the strict readers take the file at all.
    Problems again;
    const bool taken = read_settings(texts, environment, again).has_value();
    EXPECT_EQ(taken, !again.has_errors()) << one.title;
    return problems.print();
}

std::vector<std::string> scripts() {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder() + "lint")) {
        if (entry.path().extension() == ".lint") paths.push_back(entry.path().string());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

class LintScripts : public testing::TestWithParam<std::string> {};

TEST_P(LintScripts, Say) {
    const std::string founders = read_text(folder() + "founder/ops-agent.yaml");
    const std::vector<Case> cases = read_cases(read_text(GetParam()));
    EXPECT_FALSE(cases.empty());
    for (const Case& one : cases)
        EXPECT_EQ(lint(one, founders), one.expected) << "case: " << one.title;
}

INSTANTIATE_TEST_SUITE_P(All, LintScripts, testing::ValuesIn(scripts()), [](const auto& script) {
    return std::filesystem::path(script.param).stem().string();
});

TEST(LintScriptsTogether, CoverAtLeastEightyMistakes) {
    size_t mistaken = 0;
    for (const std::string& path : scripts()) {
        for (const Case& one : read_cases(read_text(path))) {
            if (one.expected.find("error:") != std::string::npos) ++mistaken;
        }
    }
    EXPECT_GE(mistaken, 80U);
}

TEST(Founder, ConfigurationLoads) {
    Problems problems;
    const std::string text = read_text(folder() + "founder/ops-agent.yaml");
    const std::optional<Settings> settings =
        read_settings({{"ops-agent.yaml", text}}, environment, problems);
    ASSERT_TRUE(settings.has_value()) << problems.print();
    EXPECT_EQ(problems.print(), "");
    EXPECT_EQ(settings->inventory.services.size(), 11U);
    const Service* const worker = settings->inventory.find_service("worker_3");
    ASSERT_NE(worker, nullptr);
    EXPECT_EQ(worker->own_name, "3");
    EXPECT_EQ(worker->number, 3);
    EXPECT_EQ(worker->group, "worker");
    EXPECT_EQ(worker->heartbeat->every, std::chrono::minutes(1));
    EXPECT_EQ(worker->heartbeat->grace, std::chrono::minutes(5));
    EXPECT_EQ(worker->depends_on, std::vector<std::string>{"brain-api"});
    const auto check =
        std::find_if(settings->checks.begin(), settings->checks.end(),
                     [](const CheckSettings& one) { return one.target == "worker_3"; });
    ASSERT_NE(check, settings->checks.end());
    EXPECT_EQ(check->check["supervisor"].text, "worker_3");
    EXPECT_EQ(check->check["via"].text, "http://127.0.0.1:9001/RPC2");
    // The time limit belongs to the schedule, not to the kind of check.
    EXPECT_EQ(settings->checks[4].target, "brain-api");
    EXPECT_EQ(settings->checks[4].timeout, std::chrono::seconds(5));
    EXPECT_FALSE(settings->checks[4].check["timeout"]);
    EXPECT_EQ(settings->checks[4].interval, std::chrono::seconds(15));
}

TEST(Founder, RunbookLoadsUnchanged) {
    Problems problems;
    const std::string text = read_text(folder() + "founder/ops-agent.yaml");
    const std::optional<Settings> settings =
        read_settings({{"ops-agent.yaml", text}}, environment, problems);
    ASSERT_TRUE(settings.has_value());
    const ConfigText book{"runbook.yaml", read_text(folder() + "founder/runbook_tests.yaml")};
    const std::optional<Runbook> runbook = read_runbook(book, *settings, problems);
    ASSERT_TRUE(runbook.has_value()) << problems.print();
    EXPECT_FALSE(problems.has_errors());
    ASSERT_EQ(runbook->entries.size(), 3U);
    const Entry& worker = runbook->entries[0];
    ASSERT_EQ(worker.steps.size(), 3U);
    EXPECT_EQ(worker.steps[1].wait, std::chrono::seconds(30));
    EXPECT_EQ(worker.steps[2].verification.kind, Verification::Kind::heartbeat);
    EXPECT_EQ(runbook->entries[1].steps[2].verification.kind, Verification::Kind::http);
    EXPECT_EQ(runbook->entries[2].steps[2].kind, Step::Kind::alert_if);
    ASSERT_EQ(runbook->criteria.size(), 9U);
    EXPECT_EQ(runbook->criteria[0].level, Level::critical);
    ASSERT_EQ(runbook->tests.size(), 1U);
    const Result<CommandLine> line =
        fill_in(worker.steps[0].command, "worker_3", settings->inventory);
    ASSERT_TRUE(line.ok());
    EXPECT_EQ(line.value().text, runbook->tests[0].commands[0]);
}

}  // namespace
}  // namespace ops

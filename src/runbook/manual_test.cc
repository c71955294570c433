// The manual names every key that the readers know. They tell their keys themselves: when they meet
// one that they do not know.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

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

constexpr const char* kConfiguration = R"(
qqqqqqqqqqqq: 1
agent: {qqqqqqqqqqqq: 1, keep: {qqqqqqqqqqqq: 1}}
limits: {qqqqqqqqqqqq: 1}
hosts: [{name: box, local: true, qqqqqqqqqqqq: 1}]
services: [{name: api, check: {systemd: api}, heartbeat: {every: 1m, qqqqqqqqqqqq: 1}, qqqqqqqqqqqq: 1}]
ai: {qqqqqqqqqqqq: 1, budget: {qqqqqqqqqqqq: 1}}
brain: {url: "http://127.0.0.1", qqqqqqqqqqqq: 1}
)";

constexpr const char* kRunbook = R"(
qqqqqqqqqqqq: 1
common_issues:
  - name: a
    symptoms: [up]
    qqqqqqqqqqqq: 1
    auto_resolve:
      - {command: ls, qqqqqqqqqqqq: 1}
      - {qqqqqqqqqqqq: 1}
      - http: {url: "http://127.0.0.1", qqqqqqqqqqqq: 1}
      - verify: {command: ls, qqqqqqqqqqqq: 1}
escalation: [{name: a, when: up, qqqqqqqqqqqq: 1}]
tests: [{name: a, given: {service: api}, expect: {entry: a, qqqqqqqqqqqq: 1}, qqqqqqqqqqqq: 1}]
)";

// The keys in all "(known: a, b)" of these problems.
std::vector<std::string> known_keys(const Problems& problems, size_t& lists) {
    std::vector<std::string> keys;
    for (const Problem& problem : problems.all()) {
        const size_t start = problem.message.find("(known: ");
        if (start == std::string::npos) continue;
        ++lists;
        const std::string_view list = std::string_view(problem.message).substr(start + 8);
        for (const std::string_view key : split(list.substr(0, list.rfind(')')), ',')) {
            keys.emplace_back(trim(key));
        }
    }
    return keys;
}

void expect_named(const std::vector<std::string>& keys, const std::string& manual) {
    const std::string text = read_text(OPS_SOURCE_DIR "/docs/" + manual);
    ASSERT_FALSE(text.empty()) << manual;
    for (const std::string& key : keys) {
        // As code, also inside a longer piece such as `http: {url, method, body}`.
        bool named = false;
        for (size_t at = text.find(key); at != std::string::npos && !named;
             at = text.find(key, at + 1)) {
            const auto is_letter = [&](size_t i) {
                return i < text.size() &&
                       (std::isalnum(static_cast<unsigned char>(text[i])) != 0 || text[i] == '_');
            };
            const size_t line = text.rfind('\n', at) + 1;
            const size_t before = text.find('`', line);
            named = !is_letter(at - 1) && !is_letter(at + key.size()) && before < at;
        }
        EXPECT_TRUE(named) << "'" << key << "' is missing in docs/" << manual;
    }
}

TEST(Manual, NamesEveryKeyOfTheConfiguration) {
    Problems problems;
    const Settings settings =
        read_settings_leniently({{"ops-agent.yaml", kConfiguration}}, {}, problems);
    size_t lists = 0;
    const std::vector<std::string> keys = known_keys(problems, lists);
    EXPECT_EQ(lists, 10U) << problems.print();
    expect_named(keys, "configuration.md");
}

TEST(Manual, NamesEveryKeyOfTheRunbook) {
    Problems ignored;
    const Settings settings = read_settings_leniently(
        {{"f", "services: [{name: api, check: {systemd: api}}]\n"}}, {}, ignored);
    Problems problems;
    (void)read_runbook({"runbook.yaml", kRunbook}, settings, problems);
    size_t lists = 0;
    const std::vector<std::string> keys = known_keys(problems, lists);
    EXPECT_EQ(lists, 9U) << problems.print();
    expect_named(keys, "runbook.md");
}

}  // namespace
}  // namespace ops

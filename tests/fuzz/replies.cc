// Any bytes that come back from a supervisord, a plugin, another machine or a Prometheus are judged
// without a crash, and what a person would see of them is printable and short. The first byte says
// which of them it is.
#include "monitor/checks.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "base/shell_words.h"
#include "base/text.h"
#include "monitor/check_url.h"
#include "monitor/reading.h"
#include "monitor/xmlrpc.h"

namespace {

using ops::Answer;
using ops::Judged;
using ops::Observation;
using ops::Reply;

constexpr const char* kConfiguration =
    "hosts: [{name: here, local: true}, {name: pc, ssh: pc}]\n"
    "services:\n"
    "  - {name: supervisor, check: {supervisor: w, via: 'http://10.0.0.1:9001/RPC2'}}\n"
    "  - {name: plugin, check: {command: x}}\n"
    "  - {name: prometheus, check: {prometheus: 'http://10.0.0.1', query: x, max: 5}}\n"
    "  - {name: json, check: {http: 'http://10.0.0.1', expect: {json: {'a.b[0]': x}}}}\n"
    "  - {name: far_unit, host: pc, check: {systemd: a}}\n"
    "  - {name: far_pidfile, host: pc, check: {pidfile: /run/a.pid}}\n"
    "  - {name: far_process, host: pc, check: {process: a}}\n"
    "  - {name: far_supervisor, host: pc, check: {supervisor: w, via: 'http://127.0.0.1:9001'}}\n"
    "  - {name: machine, host: pc, check: {machine: }}\n"
    "  - {name: disks, host: pc, check: {disks: }}\n"
    "  - {name: log, check: {log: /var/log/x, security_pattern: 'x+'}}\n";

std::optional<std::string> no_environment(const std::string&) { return std::nullopt; }

// Read once: only the check itself is made anew for every input.
struct Known {
    ops::Settings settings;
    std::vector<ops::CheckSettings> checks;
};
const Known& known() {
    static const Known kKnown = [] {
        ops::Problems problems;
        Known known;
        known.settings =
            ops::read_settings_leniently({{"f.yaml", kConfiguration}}, no_environment, problems);
        known.checks = known.settings.checks;
        ASSERT(!problems.has_errors());
        return known;
    }();
    return kKnown;
}

Answer answer_for(const ops::Question& question, const std::string& text) {
    if (std::holds_alternative<ops::HttpAsk>(question)) {
        ops::HttpAnswer http;
        http.status = 200;
        http.body = text;
        return http;
    }
    if (std::holds_alternative<ops::CommandAsk>(question)) {
        ops::Exit exit;
        exit.code = text.empty() ? 0 : text.front() & 3;
        exit.output = text;
        return exit;
    }
    ops::LocalAnswer local;
    local.log.emplace();
    for (const std::string_view line : ops::split(text, '\n')) local.log->lines.emplace_back(line);
    return local;
}

void look_over(const Judged& judged) {
    const Observation& seen = judged.observation;
    ASSERT(seen.reason.size() <= 1000);
    ASSERT(seen.reason == ops::printable(seen.reason, ops::Lines::flatten));
    ASSERT(seen.evidence.size() <= 4096);
    ASSERT(seen.evidence == ops::printable(seen.evidence, ops::Lines::keep));
    ASSERT(seen.facts.size() < 100);
    for (const ops::Fact& fact : seen.facts) {
        ASSERT(!fact.name.empty() && fact.name.size() < 200);
        (void)fact.value.print();  // only that it can be shown
    }
    for (const std::string& line : judged.error_lines) {
        ASSERT(line == ops::printable(line, ops::Lines::flatten));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    if (size == 0) return 0;
    const std::string text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    const size_t chosen = bytes[0] % known().checks.size();
    ops::Problems problems;
    const auto made = ops::make_check(known().checks[chosen], static_cast<uint32_t>(chosen),
                                      known().settings, problems);
    ASSERT(made != nullptr);
    ops::Check& check = *made;
    // Twice: the second reply meets what the first one left.
    for (int round = 0; round < 2; ++round) {
        const ops::Time at{std::chrono::seconds(1'790'000'000 + round * 10)};
        const Reply reply{.check = check.index(),
                          .at = at,
                          .took = std::chrono::milliseconds(5),
                          .answer = answer_for(check.ask().question, text)};
        look_over(check.judge(reply));
    }
    if (const auto parsed = ops::parse_xmlrpc(text); parsed.ok()) {
        (void)parsed.value().value.dump();  // only that it comes back
    }
    const auto url = ops::parse_check_url(text);
    if (url.ok()) {
        const auto again = ops::parse_check_url(url.value().print());
        ASSERT(again.ok() && again.value().print() == url.value().print());
    }
    for (const ops::WordProblem& problem : ops::split_placed_words(text).problems) {
        ASSERT(problem.offset <= text.size() && !problem.message.empty());
    }
    // What is quoted is one word again.
    const ops::PlacedWords quoted = ops::split_placed_words(ops::single_quoted(text));
    ASSERT(quoted.words.size() == 1 && quoted.words[0].text == text && quoted.problems.empty());
    return 0;
}

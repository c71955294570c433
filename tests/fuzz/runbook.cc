// Any bytes are either a runbook or refused with a place; and whatever a runbook says, a command
// that is filled in for a target has the words that were written and only safe values in between.
#include "runbook/runbook.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "config/settings.h"

namespace {

constexpr const char* kConfiguration = R"(
hosts:
  - {name: alien, local: true}
  - {name: pc, ssh: pc}
services:
  - {name: "worker_{1..3}", group: worker, host: pc, check: {tcp: "127.0.0.1:1"}, restart: "true"}
  - {name: brain-api, host: alien, check: {http: "http://127.0.0.1/"}, restart: "true"}
)";

constexpr const char* kRunbookName = "runbook.yaml";

const ops::Settings& settings() {
    static const ops::Settings kSettings = [] {
        ops::Problems problems;
        auto read = ops::read_settings(
            {{"ops-agent.yaml", kConfiguration}},
            [](const std::string&) { return std::optional<std::string>(); }, problems);
        if (!read) std::fputs(problems.print().c_str(), stderr);
        ASSERT(read);
        return std::move(*read);
    }();
    return kSettings;
}

int lines_of(std::string_view text) {
    return 1 + static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

void fill(const ops::CommandText& command) {
    for (const char* target : {"worker_2", "brain-api", "alien", "nobody"}) {
        const auto line = ops::fill_in(command, target, settings().inventory);
        if (!line.ok()) continue;
        const auto& argv = line.value().argv;
        ASSERT(!argv.empty());
        // A value never makes two words of one.
        if (command.host.empty() && !command.restart_target) {
            ASSERT(argv.size() == command.words.size());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    ops::Problems problems;
    const auto runbook = ops::read_runbook({kRunbookName, text}, settings(), problems);
    ASSERT(runbook.has_value() != problems.has_errors());
    for (const ops::Problem& problem : problems.all()) {
        // A warning may point at the restart command of a service, in the configuration.
        const int lines = lines_of(problem.place.file == kRunbookName ? text : kConfiguration);
        ASSERT(problem.place.line >= 0 && problem.place.line <= lines);
    }
    if (!runbook) return 0;
    for (const ops::Entry& entry : runbook->entries) {
        for (const ops::Step& step : entry.steps) {
            if (step.kind == ops::Step::Kind::command) fill(step.command);
            for (const ops::CommandText& command : step.collect) fill(command);
            for (const ops::CommandText& command : step.undo) fill(command);
        }
        for (const ops::CommandText& command : entry.undo) fill(command);
    }
    return 0;
}

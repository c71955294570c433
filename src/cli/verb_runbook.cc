#include "agent/runbook_tests.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/configuration.h"
#include "cli/verbs.h"
#include "io/posix_files.h"

namespace ops {
namespace {

int list(const Loaded& loaded, const Invocation& invocation, const Terminal& terminal) {
    if (invocation.json) {
        Json entries = Json::array();
        for (const Entry& entry : loaded.runbook.entries) {
            Json symptoms = Json::array();
            for (const auto& symptom : entry.symptoms) symptoms.push(symptom.text());
            entries.push(Json::object({{"name", entry.name},
                                       {"symptoms", symptoms},
                                       {"risk", name_of(entry.risk)},
                                       {"effect", name_of(entry.effect)},
                                       {"autonomy", name_of(entry.autonomy)},
                                       {"enabled", entry.enabled},
                                       {"sha256", entry.sha256}}));
        }
        terminal.line(Json::object({{"entries", entries}}).dump_pretty());
        return kFine;
    }
    Table table({"ENTRY", "RISK", "EFFECT", "AUTONOMY", "WHEN"});
    for (const Entry& entry : loaded.runbook.entries) {
        std::string when;
        for (const auto& symptom : entry.symptoms) {
            when += (when.empty() ? "" : entry.any ? " or " : " and ") + symptom.text();
        }
        table.row({{entry.name},
                   {std::string(name_of(entry.risk)),
                    entry.risk >= Risk::high ? Colour::red : Colour::plain},
                   {std::string(name_of(entry.effect))},
                   {entry.enabled ? std::string(name_of(entry.autonomy)) : "disabled"},
                   {when}});
    }
    if (table.is_empty()) terminal.line("the runbook has no entries");
    if (!table.is_empty()) table.print(terminal);
    return kFine;
}

int test(const Loaded& loaded, const Invocation& invocation, const Terminal& terminal) {
    size_t passed = 0, failed = 0;
    Json results = Json::array();
    for (const RunbookTestResult& result : run_runbook_tests(loaded.runbook, loaded.settings)) {
        ++(result.failures.empty() ? passed : failed);
        results.push(
            Json::object({{"name", result.name}, {"failures", Json::of_strings(result.failures)}}));
        if (invocation.json || result.failures.empty()) continue;
        terminal.line(result.place.print() + ": " + terminal.in(Colour::red, "failed: ") +
                      result.name);
        for (const std::string& failure : result.failures) terminal.line("    " + failure);
    }
    if (invocation.json) {
        terminal.line(Json::object({{"tests", results}}).dump_pretty());
    } else {
        terminal.line(std::to_string(passed) + " passed, " + std::to_string(failed) + " failed");
    }
    return failed == 0 ? kFine : kUnwell;
}

// This file instead of the one that the configuration names.
Result<> take_other(Loaded& loaded, const std::string& file) {
    PosixFiles files;
    const Result<std::string> text = files.read(file);
    if (!text.ok()) return Error{Fault::invalid, text.error().message};
    Problems problems;
    std::optional<Runbook> runbook = read_runbook({file, text.value()}, loaded.settings, problems);
    if (!runbook) return Error{Fault::invalid, "'" + file + "' has errors\n" + problems.print()};
    loaded.runbook = *std::move(runbook);
    return {};
}

}  // namespace

int verb_runbook(const Invocation& invocation, Terminal& terminal) {
    const std::string& what = invocation.words[0];
    if (what == "candidates" || what == "promote" || what == "demote") {
        return verb_candidates(invocation, terminal);
    }
    if (what != "list" && what != "test") {
        const std::vector<std::string> known = {"list", "test", "candidates", "promote", "demote"};
        terminal.problem("runbook can 'list', 'test', 'candidates', 'promote' and 'demote', not '" +
                         what + "'" + did_you_mean(what, known));
        return kUsage;
    }
    if (what == "list" && invocation.words.size() > 1) {
        terminal.problem("'runbook list' takes no '" + invocation.words[1] + "'");
        return kUsage;
    }
    const auto read = read_configuration(invocation);
    if (!read.ok()) return told(read.error(), terminal);
    const std::unique_ptr<Loaded>& loaded = read.value();
    if (what == "test" && invocation.words.size() > 1) {
        const Result<> other = take_other(*loaded, invocation.words[1]);
        if (!other.ok()) return told(other.error(), terminal);
    }
    return what == "list" ? list(*loaded, invocation, terminal)
                          : test(*loaded, invocation, terminal);
}

}  // namespace ops

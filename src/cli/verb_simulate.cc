#include "base/counted.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/verbs.h"
#include "io/posix_files.h"
#include "scenario/runner.h"

namespace ops {
namespace {

Json as_json(const ScenarioReport& report, const std::string& name) {
    return Json::object({{"name", name},
                         {"passed", report.passed},
                         {"expectations", static_cast<int64_t>(report.expectations)},
                         {"failures", Json::of_strings(report.failures)},
                         {"journal", Json::of_strings(report.journal)},
                         {"log", Json::of_strings(report.log)}});
}

int print_report(const ScenarioReport& report, const std::string& name,
                 const Invocation& invocation, const Terminal& terminal) {
    if (invocation.json) {
        terminal.line(as_json(report, name).dump_pretty());
        return report.passed ? kFine : kUnwell;
    }
    if (invocation.flag("--journal")) {
        for (const std::string& line : report.journal) terminal.line("  " + line);
    } else if (invocation.flag("--verbose") || !report.passed) {
        for (const std::string& line : report.log) terminal.line("  " + line);
    }
    for (const std::string& failure : report.failures)
        terminal.line(terminal.in(Colour::red, failure));
    const std::string verdict = report.passed ? terminal.in(Colour::green, "as expected")
                                              : terminal.in(Colour::red, "FAILED");
    terminal.line(name + ": " + verdict + ", " + counted(report.expectations, "expectation") +
                  ", " + counted(report.failures.size(), "failure"));
    return report.passed ? kFine : kUnwell;
}

std::optional<uint64_t> number_of(const std::string& text) {
    if (text.empty() || text.size() > 18 ||
        text.find_first_not_of("0123456789") != std::string::npos) {
        return std::nullopt;
    }
    return std::stoull(text);
}

int simulate_seeds(const Invocation& invocation, const Terminal& terminal) {
    const auto first = number_of(invocation.option("--seed"));
    const auto count = number_of(invocation.option("--count", "1"));
    if (!first || !count || *count == 0) {
        terminal.problem("--seed takes a whole number, and --count one from 1 on");
        return kUsage;
    }
    int worst = kFine;
    Json seeds = Json::array();
    for (uint64_t seed = *first; seed < *first + *count; ++seed) {
        const ScenarioReport report = run_seed(seed);
        if (invocation.json && *count > 1) {
            if (!report.passed) worst = kUnwell;
            seeds.push(as_json(report, "seed " + std::to_string(seed)));
            continue;
        }
        const int code =
            report.passed && *count > 1
                ? kFine
                : print_report(report, "seed " + std::to_string(seed), invocation, terminal);
        worst = std::max(worst, code);
    }
    if (*count > 1 && invocation.json) {
        terminal.line(Json::object({{"seeds", seeds}}).dump_pretty());
    } else if (*count > 1)
        terminal.line(std::to_string(*count) + " seeds, " +
                      (worst == kFine ? "all kept every invariant" : "some failed, see above"));
    return worst;
}

}  // namespace

int verb_simulate(const Invocation& invocation, Terminal& terminal) {
    if (invocation.words.empty()) {
        if (!invocation.option("--seed").empty()) return simulate_seeds(invocation, terminal);
        terminal.problem("simulate what? A FILE.scn, or --seed N");
        return kUsage;
    }
    PosixFiles files;
    const std::string& file = invocation.words[0];
    const Result<std::string> text = files.read(file);
    if (!text.ok()) {
        terminal.problem(text.error().message);
        return kUsage;
    }
    const size_t slash = file.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : file.substr(0, slash + 1);
    const ReadFile read_file = [&](const std::string& name) { return files.read(folder + name); };
    const auto seed = number_of(invocation.option("--seed", "1"));
    const std::string keep = invocation.option("--keep");
    const Result<ScenarioReport> report =
        run_scenario(text.value(), file, seed.value_or(1), read_file,
                     keep.empty() ? KeepFiles::no : KeepFiles::yes);
    if (!report.ok()) {
        terminal.problem(report.error().message);
        return kUsage;
    }
    for (const auto& [name, bytes] : report.value().files) {
        const std::string path = keep + "/" + name;
        Result<> written = files.make_folder(path.substr(0, path.rfind('/')));
        if (written.ok()) written = files.replace(path, bytes);
        if (!written.ok()) {
            terminal.problem(written.error().message);
            return kUnwell;
        }
    }
    return print_report(report.value(), file, invocation, terminal);
}

}  // namespace ops

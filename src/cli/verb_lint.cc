#include <algorithm>

#include "agent/load.h"
#include "base/counted.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/configuration.h"
#include "cli/secrets.h"
#include "cli/verbs.h"
#include "io/posix_files.h"
#include "io/standard_output.h"

namespace ops {

int verb_lint(const Invocation& invocation, Terminal& terminal) {
    const Result<> given = needs_configuration(invocation);
    if (!given.ok()) return told(given.error(), terminal);
    PosixFiles files;
    Problems problems;
    if (const auto text = files.read(invocation.config_file); !text.ok()) {
        terminal.problem(text.error().message);
        return kUsage;
    }
    const auto loaded = load(files, invocation.config_file, environment_variable, problems);
    if (loaded) {
        for (const OpenSecret& secret : open_secrets(*loaded)) {
            problems.warning(secret.place, secret.what + ": " + secret.advice);
        }
        for (const MissingSecret& secret : missing_secrets(*loaded)) {
            const std::vector<Problem>& all = problems.all();
            const bool is_told = std::any_of(all.begin(), all.end(), [&](const Problem& known) {
                return known.message.find("'" + secret.path + "'") != std::string::npos;
            });
            if (!is_told) problems.warning(secret.place, secret.what());
        }
    }
    problems.sort_by_place();
    size_t errors = 0;
    Json list = Json::array();
    for (const Problem& problem : problems.all()) {
        const bool is_error = problem.kind == Problem::Kind::error;
        errors += is_error ? 1 : 0;
        if (invocation.json) {
            list.push(Json::object({{"file", problem.place.file},
                                    {"line", problem.place.line},
                                    {"column", problem.place.column},
                                    {"kind", is_error ? "error" : "warning"},
                                    {"message", problem.message}}));
        } else {
            terminal.line(terminal.in(is_error ? Colour::red : Colour::yellow, problem.print()));
        }
    }
    const size_t warnings = problems.all().size() - errors;
    if (invocation.json) {
        terminal.line(Json::object({{"problems", list}, {"errors", static_cast<int64_t>(errors)}})
                          .dump_pretty());
    } else if (loaded) {
        terminal.line(invocation.config_file + ": " +
                      counted(loaded->settings.inventory.services.size(), "service") + ", " +
                      counted(loaded->checks.checks.size(), "check") + ", " +
                      counted(loaded->runbook.entries.size(), "runbook entry") + ": fine, " +
                      counted(warnings, "warning"));
    } else {
        terminal.line(counted(errors, "error") + ", " + counted(warnings, "warning"));
    }
    return loaded ? kFine : kUnwell;
}

}  // namespace ops

#include "agent/daemon.h"
#include "cli/client.h"
#include "cli/configuration.h"
#include "cli/verbs.h"
#include "cli/version.h"
#include "io/standard_output.h"
#include "prober/prober.h"
#include "resolve/executor_server.h"

namespace ops {
namespace {

std::optional<int> number_of(const std::string& text) {
    if (text.empty() || text.size() > 9 ||
        text.find_first_not_of("0123456789") != std::string::npos) {
        return std::nullopt;
    }
    return std::stoi(text);
}

}  // namespace

int verb_run(const Invocation& invocation, Terminal& terminal) {
    const Result<> given = needs_configuration(invocation);
    if (!given.ok()) return told(given.error(), terminal);
    return run_daemon({.config_file = invocation.config_file,
                       .environment = environment_variable,
                       .version = kVersion,
                       .program = own_program(),
                       .debug = invocation.flag("--debug")});
}

// What the two verbs that serve a socket have in common; nothing when a socket is missing.
template <typename Options>
std::optional<Options> serving(const Invocation& invocation, Terminal& terminal) {
    Options options;
    options.config_file = invocation.config_file;
    options.socket_path = invocation.option("--socket");
    options.listening_fd = number_of(invocation.option("--listening-fd")).value_or(-1);
    options.life_fd = number_of(invocation.option("--life-fd")).value_or(-1);
    if (const auto uid = number_of(invocation.option("--allow-uid"))) {
        options.allowed_uid = static_cast<unsigned>(*uid);
    }
    if (!options.socket_path.empty() || options.listening_fd >= 0) return options;
    terminal.problem("where to listen is missing: --socket PATH");
    return std::nullopt;
}

int verb_executor(const Invocation& invocation, Terminal& terminal) {
    const Result<> given = needs_configuration(invocation);
    if (!given.ok()) return told(given.error(), terminal);
    auto options = serving<RunExecutor>(invocation, terminal);
    if (!options) return kUsage;
    options->transient_units = invocation.flag("--transient-units");
    return run_executor(*options, environment_variable);
}

int verb_prober(const Invocation& invocation, Terminal& terminal) {
    const Result<> given = needs_configuration(invocation);
    if (!given.ok()) return told(given.error(), terminal);
    const auto options = serving<RunProber>(invocation, terminal);
    return options ? run_prober(*options, environment_variable) : kUsage;
}

}  // namespace ops

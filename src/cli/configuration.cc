#include "cli/configuration.h"

#include <utility>

#include "cli/terminal.h"
#include "io/posix_files.h"
#include "io/standard_output.h"
#include "resolve/rules.h"

namespace ops {

Result<> needs_configuration(const Invocation& invocation) {
    if (!invocation.config_file.empty()) return {};
    return Error{Fault::invalid,
                 "no ops-agent.yaml here nor in /etc/ops-agent; name one with --config, or have "
                 "'ops-agent init --write' make a starter from this machine"};
}

Result<std::unique_ptr<Loaded>> read_configuration(const Invocation& invocation) {
    TRY(needs_configuration(invocation));
    PosixFiles files;
    Problems problems;
    auto loaded = load(files, invocation.config_file, environment_variable, problems);
    if (!loaded) return configuration_has_errors(problems);
    return loaded;
}

Result<std::unique_ptr<Loaded>> read_whereabouts(const Invocation& invocation) {
    TRY(needs_configuration(invocation));
    PosixFiles files;
    Problems problems;
    auto loaded = load(files, invocation.config_file, environment_variable, problems);
    if (loaded) return loaded;
    const auto texts = read_config_texts(files, invocation.config_file);
    if (!texts.ok()) return configuration_has_errors(problems);
    Problems of_it;
    const auto agent = read_whereabouts(texts.value(), environment_variable, of_it);
    if (!agent) return configuration_has_errors(problems);
    loaded = std::make_unique<Loaded>();
    loaded->settings = read_settings_leniently(texts.value(), environment_variable, of_it);
    loaded->settings.agent.listen = agent->listen;
    loaded->settings.agent.data_dir = agent->data_dir;
    loaded->data_dir = absolute_data_folder(invocation.config_file, loaded->settings);
    Terminal::of_standard_output().problem(
        "the configuration has errors (see 'ops-agent lint'): an agent that runs goes on with the "
        "one before");
    return loaded;
}

Error configuration_has_errors(const Problems& problems) {
    return {Fault::invalid,
            "the configuration has errors; see 'ops-agent lint'\n" + problems.print()};
}

}  // namespace ops

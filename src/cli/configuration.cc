#include "cli/configuration.h"

#include <utility>

#include "io/posix_files.h"
#include "io/standard_output.h"

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

Error configuration_has_errors(const Problems& problems) {
    return {Fault::invalid,
            "the configuration has errors; see 'ops-agent lint'\n" + problems.print()};
}

}  // namespace ops

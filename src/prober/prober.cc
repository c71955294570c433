#include "prober/prober.h"

#include <sys/prctl.h>

#include <algorithm>

#include "io/free_memory.h"
#include "io/line_server.h"
#include "io/posix_files.h"
#include "io/posix_processes.h"
#include "io/real_clock.h"
#include "io/stderr_log.h"
#include "prober/programs.h"
#include "resolve/ticket.h"

namespace ops {
namespace {

Result<Json> answer(PermittedPrograms& programs, Processes& processes, const Json& request) {
    if (request["do"].as_string() != "run") {
        return Error{Fault::invalid, "a request that is not known"};
    }
    Command command = TRY(programs.find(request["program"].as_string()));
    // A program may be given less time than the operator allows it, not more.
    const Duration limit(request["limit_ms"].as_int(0));
    if (limit > Duration::zero()) command.time_limit = std::min(command.time_limit, limit);
    take_secret(command, request["secret"].as_string());
    if (command.tells) {
        command.input = request["input"].as_string();
        command.environment["OPS_ALERT"] = request["alert"].as_string();
    }
    return to_json(TRY(processes.run(command)));
}

}  // namespace

int run_prober(const RunProber& options, const Environment& environment) {
    // The core may be of the same user; what we hold (keys in an ssh agent) is not for it to read.
    ::prctl(PR_SET_DUMPABLE, 0);
    RealClock clock;
    StderrLog log(clock, Severity::info);
    const auto server = LineServer::open({.name = "prober",
                                          .socket_path = options.socket_path,
                                          .listening_fd = options.listening_fd,
                                          .life_fd = options.life_fd,
                                          .allowed_uid = options.allowed_uid,
                                          .connections = kProberConnections});
    if (!server.ok()) {
        log.line(Severity::error, "prober: " + server.error().message);
        return 1;
    }
    PosixFiles files;
    PermittedPrograms programs(files, clock, options.config_file, environment);
    const Result<> loaded = programs.load();
    // We serve all the same: it is mended while we run, as likely as not.
    if (!loaded.ok()) log.line(Severity::error, "prober: " + loaded.error().message);
    PosixProcesses processes;
    give_back_free_memory();
    server.value()->serve([&](const Json& request) { return answer(programs, processes, request); },
                          [&] { processes.end_all(); });
    return 0;
}

}  // namespace ops

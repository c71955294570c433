#include "resolve/executor_server.h"

#include <filesystem>
#include <utility>

#include "io/free_memory.h"
#include "io/line_server.h"
#include "io/posix_files.h"
#include "io/posix_processes.h"
#include "io/real_clock.h"
#include "io/standard_output.h"
#include "io/stderr_log.h"

namespace ops {
namespace {

Result<Json> answer(Executors& executor, const Json& request) {
    const std::string what = request["do"].as_string();
    if (what == "execute") {
        const Ticket ticket = TRY(Ticket::from_json(request["ticket"]));
        return TRY(executor.execute(ticket)).to_json();
    }
    if (what == "look") {
        const int64_t epoch = request["epoch"].as_int(-1);
        if (epoch < 0) return Error{Fault::invalid, "look: no epoch"};
        return TRY(executor.look({request["step_key"].as_string(), static_cast<uint64_t>(epoch)}))
            .to_json();
    }
    if (what == "epoch") {
        const int64_t known = request["above"].as_int(-1);
        if (known < 0) return Error{Fault::invalid, "epoch: above which?"};
        return Json::object({{"epoch", TRY(executor.next_epoch(static_cast<uint64_t>(known)))}});
    }
    if (what == "pause") {
        if (!request["paused"].is_bool()) return Error{Fault::invalid, "pause: on or off"};
        TRY(executor.set_paused(request["paused"].as_bool(), request["by"].as_string()));
        return Json::object();
    }
    return Error{Fault::invalid, "a request that is not known"};
}

}  // namespace

int run_executor(const RunExecutor& options, const Environment& environment) {
    RealClock clock;
    StderrLog log(clock, Severity::info);
    const auto server = LineServer::open({.name = "executor",
                                          .socket_path = options.socket_path,
                                          .listening_fd = options.listening_fd,
                                          .life_fd = options.life_fd,
                                          .allowed_uid = options.allowed_uid});
    if (!server.ok()) {
        log.line(Severity::error, "executor: " + server.error().message);
        return 1;
    }
    PosixFiles files;
    PosixProcesses processes;
    std::string data_folder;
    {
        RuleFiles first_look(files, options.config_file, environment);
        const Result<std::optional<Rules>> rules = first_look.read_if_changed();
        if (!rules.ok() || !rules.value()) {
            log.line(Severity::error, "executor: " + rules.error().message);
            return 2;
        }
        data_folder = absolute_data_folder(options.config_file, rules.value()->settings);
    }
    RuleFiles source(files, options.config_file, environment);
    ExecutorConfig config;
    config.folder = data_folder + "/executor";
    config.data_folder = data_folder;
    config.own_paths = {std::filesystem::absolute(options.config_file).lexically_normal()};
    config.own_program = own_program();
    config.config_file = config.own_paths.front();
    config.transient_units = options.transient_units;
    // A child of `run` is started where the data folder is; it makes no other in its place.
    const Result<std::vector<std::string>> there = files.list(data_folder);
    if (options.life_fd >= 0 && !there.ok()) {
        log.line(Severity::error, "executor: " + there.error().message);
        return 1;
    }
    const auto executor = Executor::open(files, processes, clock, source, config);
    if (!executor.ok()) {
        log.line(Severity::error, "executor: " + executor.error().message);
        return 1;
    }
    give_back_free_memory();
    server.value()->serve([&](const Json& request) { return answer(*executor.value(), request); });
    executor.value()->drain();
    return 0;
}

}  // namespace ops

// Looks at this machine and writes a configuration that watches what is really there.
#include <algorithm>

#include "base/counted.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/starter.h"
#include "cli/verbs.h"
#include "io/curl_http.h"
#include "io/listening.h"
#include "io/posix_files.h"
#include "io/posix_processes.h"

namespace ops {
namespace {

// What a program prints, or nothing: not every machine has every one.
std::string output_of(Processes& processes, std::vector<std::string> argv) {
    Command command;
    command.argv = std::move(argv);
    command.time_limit = std::chrono::seconds(5);
    const Result<Exit> exit = processes.run(command);
    return exit.ok() && exit.value().how == Exit::How::exited ? exit.value().output : "";
}

// A file where a syslog daemon writes one, else the journal, where there is systemd.
std::string auth_log_of(const FoundMachine& machine, Files& files) {
    const Result<std::vector<std::string>> names = files.list("/var/log");
    for (const char* name : {"auth.log", "secure"}) {
        if (!names.ok()) break;
        if (std::find(names.value().begin(), names.value().end(), name) != names.value().end())
            return "file: /var/log/" + std::string(name);
    }
    return machine.units.empty() ? "" : "journald: true";
}

FoundMachine look_around() {
    PosixProcesses processes;
    PosixFiles files;
    FoundMachine machine;
    machine.host_name = trim(output_of(processes, {"uname", "-n"}));
    machine.units =
        units_of(output_of(processes, {"systemctl", "list-units", "--type=service",
                                       "--state=running", "--plain", "--no-legend", "--no-pager"}));
    for (const ListeningPort& port : listening_ports()) {
        if (port.is_local) machine.ports.push_back({port.port, port.program, false});
    }
    for (const char* url : {"unix:///run/supervisor.sock", "unix:///var/run/supervisor.sock"}) {
        if (output_of(processes, {"test", "-S", std::string(url).substr(7)}).empty() &&
            machine.supervisor_url.empty()) {
            SupervisedPrograms found =
                programs_of(output_of(processes, {"supervisorctl", "-s", url, "status"}));
            machine.programs = std::move(found.running);
            machine.stopped_programs = std::move(found.stopped);
            if (!machine.programs.empty()) machine.supervisor_url = std::string(url) + ":/RPC2";
        }
    }
    machine.auth_log = auth_log_of(machine, files);
    CurlHttp http;
    for (FoundPort& port : machine.ports) {
        HttpRequest request;
        request.url = "http://127.0.0.1:" + std::to_string(port.port) + "/";
        request.time_limit = std::chrono::seconds(1);
        port.speaks_http = http.send(request).ok();
    }
    return machine;
}

}  // namespace

int verb_init(const Invocation& invocation, Terminal& terminal) {
    const FoundMachine machine = look_around();
    const std::string config = starter_config(machine), runbook = starter_runbook(machine);
    if (!invocation.flag("--write") && invocation.json) {
        terminal.line(
            Json::object({{"ops-agent.yaml", config}, {"runbook.yaml", runbook}}).dump_pretty());
        return kFine;
    }
    if (!invocation.flag("--write")) {
        terminal.line("# --- ops-agent.yaml");
        terminal.line(config);
        terminal.line("# --- runbook.yaml");
        terminal.line(runbook);
        terminal.line("# 'ops-agent init --write' writes these two files here");
        return kFine;
    }
    PosixFiles files;
    for (const char* name : {"ops-agent.yaml", "runbook.yaml"}) {
        if (files.read(name).ok()) {
            terminal.problem(std::string("'") + name +
                             "' is here already; init overwrites nothing");
            return kUnwell;
        }
    }
    for (const auto& [name, text] : {std::pair<std::string, std::string>{"ops-agent.yaml", config},
                                     {"runbook.yaml", runbook}}) {
        const Result<> written = files.create_new(name, text);
        if (!written.ok()) {
            terminal.problem(written.error().message);
            return kUnwell;
        }
    }
    if (invocation.json) {
        const std::vector<std::string> wrote = {"ops-agent.yaml", "runbook.yaml"};
        terminal.line(Json::object({{"wrote", Json::of_strings(wrote)}}).dump_pretty());
        return kFine;
    }
    terminal.line("found " + counted(machine.units.size(), "systemd service") + ", " +
                  counted(machine.programs.size(), "supervised program") + ", " +
                  counted(machine.ports.size(), "listening port"));
    terminal.line(
        "wrote ops-agent.yaml and runbook.yaml; next: 'ops-agent lint', 'ops-agent check', "
        "'ops-agent run'");
    return kFine;
}

}  // namespace ops

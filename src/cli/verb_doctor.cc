// What would stop it working, and what to do about each; and `notify test`.
#include <set>

#include "agent/outside_brain.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/client.h"
#include "cli/configuration.h"
#include "cli/secrets.h"
#include "cli/verbs.h"
#include "escalate/channel.h"
#include "escalate/escalate.h"
#include "io/curl_http.h"
#include "io/posix_files.h"
#include "io/posix_processes.h"
#include "io/program_path.h"
#include "io/real_clock.h"
#include "llm/llm.h"
#include "record/memories.h"
#include "record/store.h"
#include "web/messages.h"

namespace ops {
namespace {

struct Finding {
    enum class Kind { fine, warning, fault } kind = Kind::fine;
    std::string what;
    std::string advice;
};

class LineLog final : public LogSink {
public:
    explicit LineLog(const Terminal& terminal) : terminal_(terminal) {}
    void alert_line(Level, std::string_view line) override { terminal_.line(line); }

private:
    const Terminal& terminal_;
};

class Doctor {
public:
    Doctor(const Loaded& loaded, const Terminal& terminal) : loaded_(loaded), log_(terminal) {}

    std::vector<Finding> all(const Invocation& invocation) {
        running_agent(invocation);
        data_folder();
        clock();
        for (const Host& host : loaded_.settings.inventory.hosts) {
            if (!host.local) ssh(host);
        }
        channels();
        models();
        memory();
        outside_brain();
        secrets();
        kill_switch();
        programs();
        return findings_;
    }

private:
    void fine(std::string what) { findings_.push_back({Finding::Kind::fine, std::move(what), ""}); }
    void fault(std::string what, std::string advice) {
        findings_.push_back({Finding::Kind::fault, std::move(what), std::move(advice)});
    }
    void warning(std::string what, std::string advice) {
        findings_.push_back({Finding::Kind::warning, std::move(what), std::move(advice)});
    }

    // What an agent that runs says of itself.
    void running_agent(const Invocation& invocation) {
        Result<Client> opened = Client::open(invocation);
        if (!opened.ok()) return;
        Client client = std::move(opened).value();
        const Result<Json> open =
            client.get("/api/v1/incidents?limit=1000&state=" + percent_encoded(kOpenStates));
        if (!open.ok()) return;  // none runs
        for (const Json& one : open.value()["incidents"].items()) {
            if (one["rule"].as_string() != kRuleSelf) continue;
            fault("the running agent: " + printable(one["title"].as_string(), Lines::flatten),
                  printable(one["seen"].as_string(), Lines::flatten));
        }
    }

    void data_folder() {
        const std::string probe = loaded_.data_dir + "/doctor.probe";
        Result<> written = files_.make_folder(loaded_.data_dir);
        if (written.ok()) written = files_.replace(probe, "ok\n");
        if (!written.ok()) {
            const bool is_denied = written.error().fault == Fault::denied;
            return fault(
                "data folder: " + written.error().message,
                "without a journal nothing is repaired: " +
                    std::string(is_denied ? "give the folder to this user" : "free the disk") +
                    ", or change agent.data_dir");
        }
        (void)files_.remove(probe);  // a small file more does no harm
        fine("data folder '" + loaded_.data_dir + "' can be written");
        StoreOptions options;
        options.access = Access::read;
        const auto store = Store::open(loaded_.data_dir, options);
        if (store.ok()) return fine("the journal opens and passes its checks");
        if (store.error().fault == Fault::corrupt) {
            fault("journal: " + store.error().message,
                  "stop the agent, keep a copy, then 'ops-agent audit verify'");
        }
    }

    void clock() {
        const Time now = RealClock().now();
        if (now < Time(std::chrono::hours(24 * 365 * 54))) {
            fault("the clock says " + format_rfc3339(now),
                  "set it, and keep it set with chrony or systemd-timesyncd");
        } else {
            fine("the clock says " + format_rfc3339(now));
        }
    }

    void ssh(const Host& host) {
        Command command;
        command.argv = {"ssh", "-T",
                        "-o",  "BatchMode=yes",
                        "-o",  "StrictHostKeyChecking=yes",
                        "-o",  "ConnectTimeout=5",
                        "--",  host.ssh,
                        "true"};
        command.time_limit = std::chrono::seconds(8);
        const Result<Exit> exit = processes_.run(command);
        if (exit.ok() && exit.value().good()) return fine("ssh to host '" + host.name + "' works");
        const std::string why = exit.ok()
                                    ? printable(clip_end(exit.value().output, 200), Lines::flatten)
                                    : exit.error().message;
        fault("ssh to host '" + host.name + "' (" + host.ssh + ") fails: " + why,
              "try 'ssh -o BatchMode=yes " + host.ssh +
                  " true' as this user: the key and the host key must be known");
    }

    void channels() {
        const auto critical = loaded_.escalation.route(Level::critical);
        if (critical.empty()) {
            fault("nobody is told of critical incidents",
                  "add a channel and name it under escalation: critical:");
        } else if (critical.size() == 1) {
            warning("critical incidents go to one channel only: " + critical[0],
                    "add a second one: a dead channel cannot tell that it is dead");
        } else {
            fine("critical incidents go to " + join(critical, ", "));
        }
        CurlHttp http;
        CurlMail mail;
        Sender sender({http, mail, processes_, files_, log_});
        for (const ChannelSettings& channel : loaded_.escalation.channels) {
            const Result<> ready = sender.prepare(channel);
            if (ready.ok()) continue;
            fault("channel '" + channel.name + "' cannot work: " + ready.error().message,
                  "install what is missing; Debian's package for mails and webhooks is libcurl4");
        }
    }

    // Asks each for one word: what it costs is a few tokens. Nothing depends on a model.
    void models() {
        CurlHttp http;
        RealClock clock;
        Llm llm(http, files_, clock);
        for (ModelSettings model : loaded_.settings.ai.models) {
            model.max_tokens = 256;  // some think before they speak
            Prompt prompt;
            prompt.system = "You are asked whether you can be reached.";
            prompt.turns.push_back({Turn::Who::us, "Answer with the one word: ready", {}, {}});
            const Try made = llm.ask({model}, prompt).front();
            if (made.answer) {
                fine("model '" + model.name + "' answers within " +
                     format_duration_short(std::max(made.took, Duration(1))));
            } else {
                warning("model '" + model.name + "' does not answer: " + made.error->message,
                        "look at 'ai:': base_url, model, key_file, auth and version; all but "
                        "investigations goes on without it");
            }
        }
    }

    // Nothing depends on it either.
    void outside_brain() {
        if (loaded_.brain.url.empty()) return;
        CurlHttp http;
        const Result<> answers = OutsideBrain(http, files_, loaded_.brain).health();
        if (answers.ok()) return fine("the outside Brain answers");
        warning("the outside Brain does not answer: " + answers.error().message,
                "look at 'brain:': url and token_file; all else goes on without it");
    }

    // What a damaged file would say only at the next start.
    void memory() {
        StoreOptions options;
        options.access = Access::read;
        auto memories = Memories::open(loaded_.data_dir, options);
        if (!memories.ok() && memories.error().fault == Fault::not_found) return;
        const Result<uint64_t> count =
            memories.ok() ? memories.value()->count() : Result<uint64_t>(memories.error());
        if (count.ok()) {
            fine("memory can be read: " + std::to_string(count.value()) + " kept");
        } else {
            warning("memory cannot be read: " + count.error().message,
                    "the agent goes on without it; move brain.db away to begin anew");
        }
    }

    void secrets() {
        const auto open = open_secrets(loaded_);
        for (const OpenSecret& secret : open) warning(secret.what, secret.advice);
        const auto missing = missing_secrets(loaded_);
        for (const MissingSecret& secret : missing) {
            fault(secret.what(), "write it, mode 0600, or correct its name in the configuration");
        }
        if (open.empty() && missing.empty()) fine("secrets can be read by this user only");
    }

    void kill_switch() {
        if (files_.read(loaded_.data_dir + "/pause").ok()) {
            warning("the kill switch is on: nothing is repaired",
                    "'ops-agent resume' when it may act again");
        }
    }

    // Of channels, and of the steps that run on this machine. Others may run them as another user.
    void programs() {
        for (const ChannelSettings& channel : loaded_.escalation.channels) {
            if (channel.kind != "command") continue;
            const Result<std::string> found = find_runnable(command_of(channel).argv.at(0));
            if (found.ok()) continue;
            fault("channel '" + channel.name + "' cannot work: " + found.error().message,
                  "correct 'run', or install it");
        }
        std::set<std::string> told;
        for (const Entry& entry : loaded_.runbook.entries) {
            for (const Step& step : entry.steps) step_program(entry, step.command, told);
        }
    }

    void step_program(const Entry& entry, const CommandText& command, std::set<std::string>& told) {
        const Host* host = loaded_.settings.inventory.find_host(command.host);
        const bool is_here = command.host.empty() || (host != nullptr && host->local);
        if (!entry.enabled || !is_here || command.words.empty()) return;
        const std::string& program = command.words[0];
        if (program.find('{') != std::string::npos || !told.insert(program).second) return;
        const Result<std::string> found = find_runnable(program);
        if (found.ok()) return;
        warning("'" + entry.name + "' cannot run: " + found.error().message,
                "correct the step, or install it");
    }

    const Loaded& loaded_;
    PosixFiles files_;
    PosixProcesses processes_;
    LineLog log_;
    std::vector<Finding> findings_;
};

}  // namespace

int verb_doctor(const Invocation& invocation, Terminal& terminal) {
    const auto read = read_configuration(invocation);
    if (!read.ok()) return told(read.error(), terminal);
    const std::unique_ptr<Loaded>& loaded = read.value();
    int code = kFine;
    Json list = Json::array();
    for (const Finding& finding : Doctor(*loaded, terminal).all(invocation)) {
        const bool is_fault = finding.kind == Finding::Kind::fault;
        if (is_fault) code = kUnwell;
        const char* word = is_fault                                 ? "fault"
                           : finding.kind == Finding::Kind::warning ? "warning"
                                                                    : "fine";
        const Colour colour = is_fault                                 ? Colour::red
                              : finding.kind == Finding::Kind::warning ? Colour::yellow
                                                                       : Colour::green;
        list.push(
            Json::object({{"kind", word}, {"what", finding.what}, {"advice", finding.advice}}));
        if (invocation.json) continue;
        std::string padded(word);
        padded.resize(8, ' ');
        print_wrapped(terminal, {padded, colour}, finding.what, 8);
        if (!finding.advice.empty()) print_wrapped(terminal, {"        "}, finding.advice, 8);
    }
    if (invocation.json) terminal.line(Json::object({{"findings", list}}).dump_pretty());
    return code;
}

int verb_notify(const Invocation& invocation, Terminal& terminal) {
    if (invocation.words[0] != "test") {
        terminal.problem("notify can 'test', not '" + invocation.words[0] + "'");
        return kUsage;
    }
    const auto read = read_configuration(invocation);
    if (!read.ok()) return told(read.error(), terminal);
    const std::unique_ptr<Loaded>& loaded = read.value();
    const std::string& name = invocation.words[1];
    const ChannelSettings* channel = loaded->escalation.find(name);
    if (channel == nullptr) {
        std::vector<std::string> known;
        for (const ChannelSettings& one : loaded->escalation.channels) known.push_back(one.name);
        terminal.problem("no channel '" + name + "'" + did_you_mean(name, known) +
                         "; there are: " + join(known, ", "));
        return kUsage;
    }
    RealClock clock;
    CurlHttp http;
    CurlMail mail;
    PosixProcesses processes;
    PosixFiles files;
    LineLog log(terminal);
    Sender sender({http, mail, processes, files, log});
    const AlertDraft alert = test_alert(loaded->escalation, name, clock.now());
    const DeliveryResult result = sender.deliver(
        *channel, {alert, loaded->escalation.time_zone, loaded->settings.agent.name});
    if (result.failed) {
        terminal.problem("channel '" + name + "': " + result.failed->error.message);
        return kUnwell;
    }
    const std::string answer = result.delivered ? result.delivered->answer : "sent";
    terminal.line(invocation.json
                      ? Json::object({{"channel", name}, {"answer", answer}}).dump_pretty()
                      : "channel '" + name + "': " + answer);
    return kFine;
}

}  // namespace ops

// supervisor: a process that supervisord looks after, asked for by XML-RPC.
//
// supervisord does not see everything: a process stopped by SIGSTOP is RUNNING to it, and it knows
// neither memory nor processor. So a process on this machine is looked at as well, after making
// sure by its age that the number means the same process to both of us (supervisord may sit in a
// container with numbers of its own).
#include <cmath>

#include "base/shell_words.h"
#include "base/text.h"
#include "base/units.h"
#include "monitor/check_url.h"
#include "monitor/machine_text.h"
#include "monitor/process_check.h"
#include "monitor/xmlrpc.h"

namespace ops {
namespace {

constexpr std::string_view kDefaultVia = "unix:///run/supervisor.sock";
constexpr size_t kMostBody = 64 * 1024;

// What getProcessInfo said, as far as it concerns us.
struct Supervised {
    std::string state, group, description, spawn_error;
    int pid = 0;
    int exit_status = 0;
    Duration uptime{};
};

struct SupervisorSettings {
    std::string process, via_shown;
    HttpAsk ask;
    Duration start_limit{};
    std::optional<Host> over_ssh;
    CommandAsk ssh_ask;
    bool local = false;  // its processes are on this machine
};

class SupervisorCheck final : public ProcessCheck {
public:
    SupervisorCheck(const CheckRequest& request, SupervisorSettings settings)
        : ProcessCheck(request), settings_(std::move(settings)), patience_(settings_.start_limit) {}

    Ask ask() const override {
        Ask ask{.check = index(), .question = settings_.ask, .time_limit = timeout()};
        if (settings_.over_ssh) ask.question = settings_.ssh_ask;
        return ask;
    }

protected:
    Judged judge_look(const Reply& reply) override {
        if (const LocalAnswer* local = local_answer(reply); local != nullptr) {
            return judge_process(reply, *local);
        }
        if (settings_.over_ssh) return judge_over_ssh(reply);
        if (!reply.answer.ok()) {
            // Perhaps the look at the process failed; then supervisord's word has to do.
            if (running_) return judge_running(reply, *std::exchange(running_, std::nullopt), {});
            const std::string why = shown(reply.answer.error().message);
            if (is_unseen(reply.answer.error())) {
                return unknown(reply, "supervisord at " + settings_.via_shown + ": " + why);
            }
            return no_supervisor(reply, why);
        }
        const auto* http = std::get_if<HttpAnswer>(&reply.answer.value());
        if (http == nullptr) return unknown(reply, "an answer of another kind");
        return judge_http(reply, http->status, http->body);
    }

private:
    std::string name() const { return "'" + settings_.process + "'"; }

    // Its processes died with it or run on alone; either way nobody looks after them.
    Judged no_supervisor(const Reply& reply, const std::string& why) {
        Judged judged = unknown(reply, "supervisord at " + settings_.via_shown + ": " + why);
        judged.observation.health = Health::bad;
        return judged;
    }

    Judged judge_over_ssh(const Reply& reply) {
        const auto sections = read_sections(*settings_.over_ssh, reply.answer);
        if (!sections.ok()) return unknown(reply, sections.error().message);
        const auto& exit = lines_of(sections.value(), "exit");
        const auto& status = lines_of(sections.value(), "status");
        const std::string code = exit.empty() ? "" : exit.front();
        if (code == "127") {
            return unknown(reply, "ssh " + settings_.over_ssh->ssh + ": there is no curl there");
        }
        if (code == "denied") {
            return unknown(reply, "ssh " + settings_.over_ssh->ssh + ": supervisord's socket " +
                                      settings_.via_shown + " may not be opened there");
        }
        if (code == "7") return no_supervisor(reply, "connection refused");
        if (code == "28") return no_supervisor(reply, "no answer in time");
        if (code != "0" || status.empty()) {
            return no_supervisor(reply, "curl exit " + shown(code));
        }
        const std::string body = join(lines_of(sections.value(), "http"), "\n");
        const auto number = parse_ps_time(status.front());
        return judge_http(reply, number ? static_cast<int>(*number) : 0, body);
    }

    Judged judge_http(const Reply& reply, int status, const std::string& body) {
        if (status == 401) return unknown(reply, "supervisord wants another user and password");
        if (status != 200)
            return unknown(reply, "supervisord answers HTTP " + std::to_string(status));
        const auto parsed = parse_xmlrpc(body);
        if (!parsed.ok()) return unknown(reply, "supervisord: " + parsed.error().message);
        if (parsed.value().is_fault) return judge_fault(reply, parsed.value());
        const Json& info = parsed.value().value;
        if (!info["statename"].is_string() || !info["pid"].is_number()) {
            return unknown(reply, "supervisord answers without a state");
        }
        Supervised seen;
        seen.state = info["statename"].as_string();
        seen.group = info["group"].as_string();
        seen.description = info["description"].as_string();
        seen.spawn_error = info["spawnerr"].as_string();
        seen.exit_status = static_cast<int>(info["exitstatus"].as_int());
        const int64_t pid = info["pid"].as_int();
        seen.pid = pid > 0 && pid < (1 << 30) ? static_cast<int>(pid) : 0;
        // Their clock's, so the difference holds whatever ours says; seconds since 1970.
        const auto second = [&info](std::string_view name) {
            return std::clamp<int64_t>(info[name].as_int(), 0, int64_t{1} << 40);
        };
        seen.uptime = std::chrono::seconds(std::max<int64_t>(0, second("now") - second("start")));
        return judge_state(reply, seen);
    }

    Judged judge_fault(const Reply& reply, const XmlRpcReply& fault) {
        constexpr int kBadName = 10, kShutdown = 6, kUnknownMethod = 1;
        if (fault.fault_code == kBadName) {
            const bool has_group = settings_.process.find(':') != std::string::npos;
            Judged judged = unknown(reply, "supervisord knows no process " + name() +
                                               (has_group ? "" : " (in a group it is GROUP:NAME)"));
            judged.observation.health = Health::bad;
            return judged;
        }
        if (fault.fault_code == kShutdown) return unknown(reply, "supervisord is shutting down");
        if (fault.fault_code == kUnknownMethod) {
            return unknown(reply, settings_.via_shown + " is no supervisord");
        }
        return unknown(reply, "supervisord: " + shown(fault.fault_text) + " (fault " +
                                  std::to_string(fault.fault_code) + ")");
    }

    Judged judge_state(const Reply& reply, const Supervised& seen) {
        const bool transient = seen.state == "STARTING" || seen.state == "STOPPING";
        const bool late = patience_.is_exhausted(transient, reply.at);
        if (seen.state == "RUNNING") {
            if (!settings_.local || seen.pid == 0) return judge_running(reply, seen, {});
            running_ = seen;
            Judged judged;
            judged.ask_now = LocalAsk{LocalAsk::What::process, std::to_string(seen.pid), {}};
            return judged;
        }
        if (transient) {
            Judged judged = unknown(reply, "process " + name() + " is " + to_lower(seen.state));
            set_status(judged.observation, seen.state == "STARTING" ? "starting" : "stopped");
            if (late) {
                judged.observation.health = Health::bad;
                judged.observation.reason +=
                    " for " + format_duration_short(patience_.lasted(reply.at));
                add_fact(judged.observation, "up", Value::boolean(false));
            }
            return judged;
        }
        return judge_down(reply, seen);
    }

    Judged judge_down(const Reply& reply, const Supervised& seen) {
        Judged judged = unknown(reply, "");
        Observation& observation = judged.observation;
        observation.health = Health::bad;
        std::string why = shown(seen.spawn_error);
        if (seen.state == "STOPPED") {
            set_status(observation, "stopped");
            observation.reason = "process " + name() + " is stopped in supervisord";
        } else if (seen.state == "EXITED" || seen.state == "BACKOFF") {
            // Not certain: supervisord may be about to start it again, the next look shows it.
            set_status(observation, "dead");
            observation.reason =
                seen.state == "EXITED"
                    ? "process " + name() + " ended with exit " + std::to_string(seen.exit_status)
                    : "process " + name() + " ends right after its start";
            add_fact(observation, "exit_code", Value::number(seen.exit_status));
        } else if (seen.state == "FATAL") {
            set_status(observation, "fatal");
            observation.certain = true;
            observation.reason = "process " + name() + " cannot be started";
        } else {
            observation.health = Health::unknown;
            observation.reason = "supervisord says " + shown(seen.state) + " of " + name();
            return judged;
        }
        if (!why.empty()) observation.reason += ": " + why;
        add_fact(observation, "up", Value::boolean(false));
        memory().measure({}, reply.at, observation);
        memory().follow({}, seen.state == "STOPPED", judged);
        watch({}, judged);
        return judged;
    }

    // Running, and `process` is what we saw of it ourselves, if we may look.
    Judged judge_running(const Reply& reply, const Supervised& seen,
                         const std::optional<ProcessSeen>& process) {
        Judged judged;
        if (process) {
            judged = judge_seen(reply, {*process}, {.what = "process " + name()});
            if (judged.observation.health == Health::bad) {
                judged.observation.reason += ", though supervisord says RUNNING";
            }
            return judged;
        }
        judged.observation = observe(*this, reply);
        judged.observation.health = Health::good;
        set_status(judged.observation, "running");
        add_fact(judged.observation, "up", Value::boolean(true));
        add_fact(judged.observation, "uptime", Value::duration(seen.uptime));
        memory().follow(ProcessIdentity{seen.pid, 0}, false, judged);
        return judged;
    }

    Judged judge_process(const Reply& reply, const LocalAnswer& local) {
        const auto seen = std::exchange(running_, std::nullopt);
        if (!seen) return unknown(reply, "an answer nobody asked for");
        if (!local.processes.empty() && local.processes.front().id.pid == seen->pid) {
            const ProcessSeen& process = local.processes.front();
            const auto apart = std::abs((process.age - seen->uptime).count());
            if (apart <= 5000 || process.id == ours_) {
                ours_ = process.id;
                return judge_running(reply, *seen, process);
            }
        }
        if (local.processes.empty() && ours_.pid == seen->pid) {
            Judged judged = judge_seen(reply, {}, {.what = "process " + name()});
            judged.observation.certain = false;  // supervisord has not noticed yet
            return judged;
        }
        return judge_running(reply, *seen, {});
    }

    static void set_status(Observation& observation, std::string_view status) {
        std::erase_if(observation.facts,
                      [](const Fact& fact) { return fact.name == "process_status"; });
        add_fact(observation, "process_status", Value::string(std::string(status)));
    }

    SupervisorSettings settings_;
    Patience patience_;
    std::optional<Supervised> running_;  // while we look at its process
    ProcessIdentity ours_;               // a process that both of us know
};

const std::string kBasic = "Basic ";
const std::string kBasicMark = kBasic + std::string(kSecretMark);

std::string quote_for_curl(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + "\"\n";
}

// curl reads all of it from standard input, so a password is in no argument list.
std::string curl_section(const CheckUrl& via, const HttpAsk& ask, Duration time_limit) {
    // A second less than ssh has: what curl says must still come back.
    const int64_t seconds = std::max<int64_t>(1, time_limit.count() / 1000 - 1);
    std::string config = "silent\nmax-time = " + std::to_string(seconds) + "\n";
    if (via.scheme == "unix") {
        config += "unix-socket = " + quote_for_curl(via.host);
        config += "url = " + quote_for_curl("http://localhost" + via.path);
    } else {
        config += "url = " + quote_for_curl(via.print());
    }
    for (const auto& [name, value] : ask.headers) {
        const bool is_login = name == "Authorization";  // without the secret: see read_way()
        config += "header = " + quote_for_curl(name + ": " + (is_login ? kBasicMark : value));
    }
    config += "data-binary = " + quote_for_curl(ask.body);
    config += "write-out = \"\\n@status\\n%{http_code}\\n\"\n";
    // curl says of a socket that may not be opened that it could not connect, as if nobody
    // listened.
    std::string denied;
    if (via.scheme == "unix") {
        const std::string socket = single_quoted(via.host);
        const std::string folder = single_quoted(via.host.substr(0, via.host.rfind('/') + 1));
        denied = "[ $rc = 7 ] && [ -e " + socket + " ] && [ ! -w " + socket + " ] && rc=denied\n" +
                 "[ $rc = 7 ] && [ -d " + folder + " ] && [ ! -x " + folder + " ] && rc=denied\n";
    }
    return section("http", "curl -q -K - <<'OPS_AGENT_END'\n" + config + "OPS_AGENT_END\nrc=$?\n" +
                               denied + "echo; echo @exit; echo $rc");
}

CheckUrl read_via(CheckRequest& request) {
    const std::string text = request.fields.text("via", kDefaultVia);
    auto via = parse_check_url(text.starts_with('/') ? "unix://" + text : text);
    if (!via.ok()) {
        request.error_about(request.fields.node("via"), via.error().message);
        return {};
    }
    CheckUrl url = std::move(via).value();
    if (url.path == "/") url.path = "/RPC2";
    return url;
}

void read_way(CheckRequest& request, const CheckUrl& via, SupervisorSettings& settings) {
    const Host* remote = request.remote_host();
    // "127.0.0.1" and a socket on another machine mean that machine.
    const std::string from = request.fields.choice(
        "from", {"agent", "host"}, remote != nullptr && via.is_loopback() ? "host" : "agent");
    settings.local = remote == nullptr && via.is_loopback();
    if (from == "agent") return;
    if (remote == nullptr) {
        request.error(request.fields.place_of("from"),
                      "'from: host' needs a service on a host with 'ssh'");
        return;
    }
    settings.over_ssh = *remote;
    settings.ssh_ask = ask_over_ssh(*remote, request.settings.timeout,
                                    curl_section(via, settings.ask, request.settings.timeout));
    if (!via.user.empty()) {
        settings.ssh_ask.command.secret =
            basic_authorization(via.user, via.password).substr(kBasic.size());
    }
}

std::unique_ptr<Check> make_supervisor(CheckRequest& request) {
    Fields& fields = request.fields;
    SupervisorSettings settings;
    settings.process = request.subject_text();
    for (const char c : settings.process) {
        if (static_cast<unsigned char>(c) > ' ' && c != '<' && c != '&' && c != '\x7f') continue;
        request.error(
            request.subject.place,
            "'" + shown(settings.process) + "' is no name of a process, write NAME or GROUP:NAME");
        break;
    }
    CheckUrl via = read_via(request);
    const auto user = fields.optional_text("user");
    const std::string password = request.secret("password_file");
    if (fields.has("password_file") && !user) {
        request.error(fields.place_of("password_file"), "'password_file' without 'user'");
    }
    if (user) {
        via.user = *user;
        via.password = password;
    }
    settings.start_limit = fields.duration("start_limit", std::chrono::seconds(60));
    settings.via_shown = via.print();
    settings.ask.url = via.print();
    settings.ask.method = "POST";
    settings.ask.headers = {{"Content-Type", "text/xml"}};
    if (!via.user.empty()) {
        settings.ask.headers.emplace_back("Authorization",
                                          basic_authorization(via.user, via.password));
    }
    settings.ask.body = xmlrpc_call("supervisor.getProcessInfo", {settings.process});
    settings.ask.max_redirects = 0;
    settings.ask.max_body = kMostBody;
    read_way(request, via, settings);
    return std::make_unique<SupervisorCheck>(request, std::move(settings));
}

}  // namespace

CheckKind supervisor_check_kind() {
    return {
        .name = "supervisor",
        .help = "a process that supervisord looks after",
        .subject = "process",
        .settings = {{"process", "text", "", "NAME, or GROUP:NAME for one in a group"},
                     {"via", "URL", "unix:///run/supervisor.sock",
                      "supervisord's interface: http://host:9001/RPC2 or a socket's path"},
                     {"user", "text", "none", "user of the interface"},
                     {"password_file", "path", "none",
                      "file with its password, readable only by us"},
                     {"from", "agent or host",
                      "host when via is a loopback address or socket of an ssh host",
                      "who asks: this machine, or curl on the service's host over ssh"},
                     {"start_limit", "duration", "60s", "starting or stopping for longer is down"}},
        .use = CheckKind::Use::service,
        .make = make_supervisor};
}

}  // namespace ops

#include "sim/sim_probes.h"

#include "base/text.h"

namespace ops::sim {
namespace {

using std::chrono::milliseconds;
constexpr Duration kFast = milliseconds(5);

bool has_process(const SimService& service) { return service.pid != 0; }

std::string state_name(const SimService& service) {
    switch (service.condition) {
        case Condition::dead: return "EXITED";
        case Condition::fatal: return "FATAL";
        default: return "RUNNING";
    }
}

int state_number(const SimService& service) {
    switch (service.condition) {
        case Condition::dead: return 100;
        case Condition::fatal: return 200;
        default: return 20;
    }
}

std::string member(const std::string& name, const std::string& type, const std::string& value) {
    return "<member><name>" + name + "</name><value><" + type + ">" + value + "</" + type +
           "></value></member>";
}

HttpAnswer http_answer(int status, std::string body, Duration took) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = std::move(body);
    answer.phases.connect = milliseconds(1);
    answer.phases.first_byte = took;
    answer.phases.total = took;
    return answer;
}

HttpAnswer said(const SimService& service, int status, std::string usual) {
    if (service.says.empty()) return http_answer(status, std::move(usual), kFast);
    HttpAnswer answer = http_answer(status, service.says, kFast);
    answer.headers.emplace_back("x-note", service.says);
    return answer;
}

// As supervisord 4.2.5 answers supervisor.getProcessInfo.
std::string process_info(const SimService& service, Time now) {
    const auto seconds = [](Time at) {
        return std::to_string(at.time_since_epoch().count() / 1000);
    };
    return "<?xml version='1.0'?><methodResponse><params><param><value><struct>" +
           member("name", "string", service.name) + member("group", "string", service.name) +
           member("start", "int", seconds(service.since_by_wall)) + member("stop", "int", "0") +
           member("now", "int", seconds(now)) +
           member("state", "int", std::to_string(state_number(service))) +
           member("statename", "string", state_name(service)) + member("spawnerr", "string", "") +
           member("exitstatus", "int", "0") + member("logfile", "string", "") +
           member("stdout_logfile", "string", "") + member("stderr_logfile", "string", "") +
           member("pid", "int", std::to_string(service.pid)) +
           member("description", "string", "simulated") +
           "</struct></value></param></params></methodResponse>";
}

constexpr double kDisk = 500e9, kMemory = 16e9;

DiskSeen seen_disk(const SimHost& host) {
    return {.mount = "/",
            .type = "ext4",
            .total_bytes = kDisk,
            .available_bytes = kDisk * (100 - host.disk_percent) / 100,
            .used_bytes = kDisk * host.disk_percent / 100,
            .inodes = 1e6,
            .inodes_free = 1e6 * (100 - host.inode_percent) / 100,
            .read_only = host.disk_read_only};
}

MachineSeen seen_machine(const SimHost& host) {
    MachineSeen seen;
    seen.memory_total = kMemory;
    seen.memory_available = kMemory * (100 - host.memory_percent) / 100;
    seen.swap_total = 4e9;
    seen.swap_free = 4e9 * (100 - host.swap_percent) / 100;
    seen.load1 = seen.load5 = seen.load15 = host.load;
    seen.processors = 4;
    seen.uptime = std::chrono::hours(240);
    seen.boot_id = "simulated-boot";
    return seen;
}

ProcessSeen seen_process(const SimService& service, Time now) {
    const char state = service.condition == Condition::stopped ? 'T' : 'S';
    return {.id = {service.pid, service.start_ticks},
            .cpu_seconds = 1,
            .rss_bytes = kMemory * service.memory_percent / 100,
            .age = now - service.since,
            .state = state};
}

UnitSeen seen_unit(const SimService& service) {
    UnitSeen unit;
    unit.load_state = "loaded";
    unit.active_state = has_process(service) ? "active" : "failed";
    unit.sub_state = has_process(service) ? "running" : "failed";
    unit.result = has_process(service) ? "success" : "exit-code";
    unit.invocation_id = std::to_string(service.start_ticks);
    unit.main_pid = service.pid;
    unit.restarts = static_cast<uint32_t>(service.restarts);
    unit.memory_bytes = kMemory * service.memory_percent / 100;
    unit.active_since = service.since_by_wall;
    return unit;
}

// What the script of monitor/remote.h prints on a machine like this; only the sections that it asks
// for.
std::string looked_over_ssh(const SimHost& host, const std::string& script, Time now) {
    const auto kib = [](double bytes) {
        return std::to_string(static_cast<int64_t>(bytes / 1024));
    };
    const int64_t now_ms = now.time_since_epoch().count();
    const double used = kDisk * host.disk_percent / 100;
    const std::vector<std::pair<std::string, std::string>> sections = {
        {"meminfo", "MemTotal: " + kib(kMemory) +
                        " kB\nMemAvailable: " + kib(kMemory * (100 - host.memory_percent) / 100) +
                        " kB\nSwapTotal: " + kib(4e9) +
                        " kB\nSwapFree: " + kib(4e9 * (100 - host.swap_percent) / 100) + " kB\n"},
        {"loadavg", std::to_string(host.load) + " 0.5 0.5 1/100 1\n"},
        {"stat", "cpu 100 0 100 10000 0 0 0 0 0 0\ncpu0 100 0 100 10000 0 0 0 0 0 0\n"},
        {"uptime", "864000.00 1.00\n"},
        {"boot", "simulated-boot\n"},
        {"mounts", "/dev/vda / ext4 " + std::string(host.disk_read_only ? "ro" : "rw") + " 0 0\n"},
        {"df", "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda " + kib(kDisk) +
                   " " + kib(used) + " " + kib(kDisk - used) + " 40% /\n"},
        {"dfi", "Filesystem Inodes IUsed IFree IUse% Mounted on\n/dev/vda 1000000 " +
                    std::to_string(static_cast<int>(host.inode_percent * 1e4)) + " " +
                    std::to_string(static_cast<int>((100 - host.inode_percent) * 1e4)) +
                    " 10% /\n"},
        {"date", std::to_string(now_ms / 1000) + "." +
                     std::to_string(1000 + now_ms % 1000).substr(1) + "000000\n"},
    };
    std::string out = "@ops 1\n";
    for (const auto& [name, text] : sections) {
        if (script.find("'@" + name + "'") != std::string::npos) out += "@" + name + "\n" + text;
    }
    return out + "@end\n";
}

}  // namespace

std::string service_of_url(std::string_view url) {
    const size_t scheme = url.find("://");
    if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find('/'));
    url = url.substr(0, url.find(':'));
    if (url.ends_with(".sim")) url.remove_suffix(4);
    return std::string(url);
}

void SimProbes::forget() {
    ++life_;
    ++schedule_;
    rounds_.clear();
    quick_.clear();
    watched_.clear();
}

void SimProbes::schedule(std::vector<Scheduled> all) {
    ++schedule_;
    const std::map<uint32_t, Round> before = std::exchange(rounds_, {});
    for (Scheduled& one : all) {
        const uint32_t check = one.ask.check;
        const auto known = before.find(check);
        const bool goes_on =
            known != before.end() && known->second.scheduled.interval == one.interval;
        const Duration in = goes_on ? known->second.next - world_.now_ : one.phase;
        rounds_.emplace(check, Round{std::move(one), {}});
        plan_round(check, in);
    }
    const auto is_gone = [this](const auto& one) { return !rounds_.contains(one.first); };
    std::erase_if(quick_, is_gone);
    std::erase_if(watched_, is_gone);
}

void SimProbes::plan_round(uint32_t check, Duration in) {
    rounds_.at(check).next = world_.now_ + in;
    world_.in(in, [this, check, schedule = schedule_] {
        if (schedule != schedule_) return;
        const Scheduled& scheduled = rounds_.at(check).scheduled;
        plan_round(check, scheduled.interval);
        ask_in_round(scheduled.ask);
    });
}

// Of another life nothing comes any more; of another schedule, what is in this one as well.
bool SimProbes::is_wanted(uint32_t check, const Began& began) const {
    if (began.life != life_ || !world_.receiver_) return false;
    return began.schedule == schedule_ || rounds_.contains(check);
}

void SimProbes::start(Ask ask) { ask_now(ask); }

void SimProbes::replace_question(uint32_t check, Question question) {
    const auto found = rounds_.find(check);
    if (found != rounds_.end()) found->second.scheduled.ask.question = std::move(question);
}

void SimProbes::watch_process(uint32_t check, ProcessIdentity process) {
    if (process.pid == 0) {
        watched_.erase(check);
        return;
    }
    watched_[check] = process;
    if (!world_.processes().identify(process.pid)) process_died(process.pid);
}

void SimProbes::process_died(int pid) {
    std::vector<ProcessDied> died;
    for (const auto& [check, process] : watched_) {
        if (process.pid == pid) died.push_back({check, process, world_.wall()});
    }
    for (const ProcessDied& one : died) {
        watched_.erase(one.check);
        world_.in(milliseconds(1), [this, began = now(), one] {
            if (is_wanted(one.check, began)) world_.receiver_(one);
        });
    }
}

SimProbes::Timing SimProbes::timed(const Ask& ask) {
    Timing timing = answer(ask);
    if (timing.takes < ask.time_limit) return timing;
    return {Error{Fault::timeout, "no answer in " + std::to_string(ask.time_limit.count()) + " ms"},
            ask.time_limit};
}

void SimProbes::reply(uint32_t check, Timing timing, const Began& began,
                      std::vector<Reply> second) {
    if (!is_wanted(check, began)) return;
    for (Reply& one : second) one.at = world_.wall();
    world_.receiver_(Reply{.check = check,
                           .at = world_.wall(),
                           .took = timing.takes,
                           .answer = std::move(timing.answer),
                           .certificate_expires = {},
                           .skipped_rounds = 0,
                           .late = {},
                           .second_look = std::move(second)});
}

void SimProbes::ask_now(const Ask& ask) {
    Timing timing = timed(ask);
    world_.in(timing.takes, [this, began = now(), check = ask.check, timing = std::move(timing)] {
        reply(check, timing, began);
    });
}

// A round, with its second look as Ask::second_look says.
void SimProbes::ask_in_round(const Ask& ask) {
    const Timing timing = timed(ask);
    const bool was_quick = std::exchange(
        quick_[ask.check], timing.answer.ok() && is_quick(timing.takes, ask.time_limit));
    const bool times_out = !timing.answer.ok() && timing.answer.error().fault == Fault::timeout;
    if (!ask.second_look || !was_quick || !times_out) return ask_now(ask);
    const Duration half = ask.time_limit / 2;
    world_.in(half, [this, began = now(), ask, timing, half] {
        Ask again = ask;
        again.time_limit -= half;
        Timing second = timed(again);
        if (second.takes >= again.time_limit) second.answer = timing.answer;
        const Duration rest = timing.takes - half;
        world_.in(rest, [this, began, check = ask.check, timing, second] {
            reply(check, timing, began,
                  {Reply{.check = check, .took = second.takes, .answer = second.answer}});
        });
    });
}

SimProbes::Timing SimProbes::answer(const Ask& ask) {
    if (const auto* http = std::get_if<HttpAsk>(&ask.question)) {
        if (http->method == "POST" && http->body.find("getProcessInfo") != std::string::npos) {
            return answer_supervisor(*http, ask.time_limit);
        }
        return answer_http(*http, ask.time_limit);
    }
    if (const auto* tcp = std::get_if<TcpAsk>(&ask.question)) {
        HttpAsk as_http;
        as_http.url = tcp->host;
        Timing timing = answer_http(as_http, ask.time_limit);
        if (timing.answer.ok()) timing.answer = Answer(TcpAnswer{.bytes = "", .connect = kFast});
        return timing;
    }
    if (const auto* command = std::get_if<CommandAsk>(&ask.question)) {
        return answer_command(*command, ask.time_limit);
    }
    return answer_local(std::get<LocalAsk>(ask.question));
}

SimProbes::Timing SimProbes::answer_http(const HttpAsk& ask, Duration time_limit) {
    const SimService* service = world_.find_service(service_of_url(ask.url));
    if (service == nullptr) return {Error{Fault::unavailable, "no such host"}, kFast};
    if (!world_.reachable(*service)) {
        return {Error{Fault::timeout, "no answer"}, time_limit};
    }
    switch (service->condition) {
        case Condition::up: return {Answer(said(*service, 200, "{\"status\":\"ok\"}")), kFast};
        case Condition::failing: return {Answer(said(*service, 500, "oops")), kFast};
        case Condition::slow:
            return {Answer(http_answer(200, "{\"status\":\"ok\"}", milliseconds(3000))),
                    milliseconds(3000)};
        case Condition::garbage: return {Error{Fault::unavailable, "the answer is no HTTP"}, kFast};
        case Condition::hanging:
        case Condition::stopped: return {Error{Fault::timeout, "no answer"}, time_limit};
        case Condition::dead:
        case Condition::fatal: return {Error{Fault::unavailable, "connection refused"}, kFast};
    }
    return {Error{Fault::unavailable, "connection refused"}, kFast};
}

SimService* SimProbes::named_in(const std::string& text) {
    // The longest name wins: worker_1 is part of worker_10.
    SimService* found = nullptr;
    for (auto& [name, service] : world_.services_) {
        if (text.find(name) == std::string::npos) continue;
        if (found == nullptr || found->name.size() < name.size()) found = &service;
    }
    return found;
}

SimProbes::Timing SimProbes::answer_supervisor(const HttpAsk& ask, Duration time_limit) {
    const SimService* supervisord = world_.find_service(service_of_url(ask.url));
    if (supervisord != nullptr) {
        Timing reached = answer_http(ask, time_limit);
        if (!reached.answer.ok()) return reached;
    }
    const SimService* service = named_in(ask.body);
    if (service == nullptr) {
        return {Answer(http_answer(200,
                                   "<?xml version='1.0'?><methodResponse><fault><value><struct>" +
                                       member("faultCode", "int", "10") +
                                       member("faultString", "string", "BAD_NAME") +
                                       "</struct></value></fault></methodResponse>",
                                   kFast)),
                kFast};
    }
    if (!world_.reachable(*service)) return {Error{Fault::timeout, "no answer"}, time_limit};
    return {Answer(http_answer(200, process_info(*service, world_.wall()), kFast)), kFast};
}

SimHost& SimProbes::local_host() {
    for (auto& [name, host] : world_.hosts_) {
        if (host.local) return host;
    }
    return world_.host("local");
}

SimProbes::Timing SimProbes::answer_local(const LocalAsk& ask) {
    LocalAnswer answer;
    switch (ask.what) {
        case LocalAsk::What::disks: answer.disks.push_back(seen_disk(local_host())); break;
        case LocalAsk::What::machine: answer.machine = seen_machine(local_host()); break;
        case LocalAsk::What::process:
            for (const auto& [name, service] : world_.services_) {
                if (std::to_string(service.pid) != ask.text) continue;
                answer.processes.push_back(seen_process(service, world_.now_));
            }
            break;
        case LocalAsk::What::processes:
        case LocalAsk::What::pidfile:
        case LocalAsk::What::systemd_unit: {
            const SimService* service = named_in(ask.text);
            if (service == nullptr)
                return {Error{Fault::not_found, "no such '" + ask.text + "'"}, kFast};
            if (has_process(*service))
                answer.processes.push_back(seen_process(*service, world_.now_));
            if (ask.what == LocalAsk::What::systemd_unit) answer.unit = seen_unit(*service);
            break;
        }
        case LocalAsk::What::log_tail:
        case LocalAsk::What::journal_tail: answer.log = seen_log(ask); break;
        case LocalAsk::What::access:
            answer.access = std::make_shared<const AccessSeen>(world_.access);
            break;
    }
    return {Answer(answer), kFast};
}

// As io/log_tail.cc: the first look begins at the end, at most the newest 1,000 lines a look.
LogSeen SimProbes::seen_log(const LocalAsk& ask) {
    constexpr size_t kMost = 1000;
    const std::vector<std::string>& lines = world_.logs[ask.text];
    LogSeen seen;
    seen.cursor = std::to_string(lines.size());
    if (ask.names.empty()) return seen;
    size_t from = std::min<size_t>(std::stoull(ask.names[0]), lines.size());
    if (lines.size() - from > kMost) {
        seen.skipped = lines.size() - from - kMost;
        from = lines.size() - kMost;
    }
    for (; from < lines.size(); ++from) seen.lines.push_back(lines[from]);
    return seen;
}

SimProbes::Timing SimProbes::answer_command(const CommandAsk& ask, Duration time_limit) {
    Exit exit;
    exit.took = milliseconds(20);
    if (ask.command.input.find("@ops 1") != std::string::npos) {  // ... -- DESTINATION 'sh -s'
        const size_t words = ask.command.argv.size();
        const SimHost& host = world_.host(words < 2 ? "" : ask.command.argv[words - 2]);
        if (!host.up || !world_.network_up_)
            return {Error{Fault::timeout, "no answer"}, time_limit};
        exit.output = looked_over_ssh(host, ask.command.input, world_.now_);
        return {Answer(exit), exit.took};
    }
    const std::string line = join(ask.command.argv, " ");
    SimService* service = named_in(line);
    if (service != nullptr && !world_.reachable(*service)) {
        return {Error{Fault::timeout, "no answer"}, time_limit};
    }
    if (service != nullptr && service->condition != Condition::up) {
        exit.code = 2;
        exit.output = "CRITICAL: " + service->name + " is not well\n" + service->says;
    } else {
        exit.output = "OK\n";
    }
    return {Answer(exit), exit.took};
}

}  // namespace ops::sim

#include "scenario/machine.h"

#include <algorithm>

#include "base/text.h"

namespace ops {
namespace {

constexpr const char* kConfig = "/etc/ops-agent/ops-agent.yaml";
constexpr const char* kRunbook = "/etc/ops-agent/runbook.yaml";
constexpr const char* kData = "/etc/ops-agent/var";
constexpr const char* kToken = "simulated-token";

struct ExecutorKilled {};  // thrown at a transition of the executor; ends the job it ran in

std::optional<std::string> no_environment(const std::string&) { return std::nullopt; }

}  // namespace

class Machine::MachineLog final : public Log {
public:
    explicit MachineLog(Machine& machine) : machine_(machine) {}
    void line(Severity, std::string_view message) override {
        machine_.log_lines_.push_back(format_rfc3339(machine_.world_.wall()).substr(11, 8) + " " +
                                      std::string(message));
    }

private:
    Machine& machine_;
};

class Machine::MachineAlertLog final : public LogSink {
public:
    explicit MachineAlertLog(Machine& machine) : machine_(machine) {}
    void alert_line(Level, std::string_view line) override {
        machine_.log_->line(Severity::error, line);
    }

private:
    Machine& machine_;
};

// The socket of the real one: an executor that is gone, or dies while it is asked, is a Fault.
class Machine::DirectExecutors final : public Executors {
public:
    explicit DirectExecutors(Machine& machine) : machine_(machine) {}
    Result<TicketReply> execute(const Ticket& ticket) override {
        return guarded<TicketReply>([&](Executor& executor) { return executor.execute(ticket); });
    }
    Result<Seen> look(const Look& look) override {
        return guarded<Seen>([&](Executor& executor) { return executor.look(look); });
    }
    Result<uint64_t> next_epoch(uint64_t known) override {
        return guarded<uint64_t>([&](Executor& executor) { return executor.next_epoch(known); });
    }
    Result<> set_paused(bool paused, const std::string& by) override {
        return guarded<void>([&](Executor& executor) { return executor.set_paused(paused, by); });
    }

private:
    template <class T, class Do>
    Result<T> guarded(Do todo) {
        if (!machine_.executor_can_be_reached) {
            return Error{Fault::unavailable, "the executor cannot be reached"};
        }
        if (!machine_.executor_) {
            const Result<> opened = machine_.open_executor();
            if (!opened.ok()) return opened.error();
        }
        try {
            return todo(*machine_.executor_);
        } catch (const ExecutorKilled&) {
            machine_.executor_.reset();
            return Error{Fault::timeout, "the executor went away"};
        }
    }
    Machine& machine_;
};

Machine::Machine(uint64_t seed)
    : world_(seed),
      disk_("sim-disk-" + std::to_string(seed), seed),
      log_(std::make_unique<MachineLog>(*this)),
      alert_log_(std::make_unique<MachineAlertLog>(*this)),
      emergency_(
          std::make_unique<Emergency>(ChannelPorts{world_.http(), world_.mail(), world_.processes(),
                                                   world_.files(), *alert_log_},
                                      *log_)),
      executors_(std::make_unique<DirectExecutors>(*this)) {
    world_.deliver_probes_to([this](ProbeEvent event) {
        if (agent_) agent_->handle({Input(std::move(event))});
    });
    world_.deliver_heartbeats_to([this](const std::string& service) {
        if (agent_)
            (void)ask("POST", "/api/v1/heartbeat/" + service);  // a service does not read the reply
    });
}

Machine::~Machine() {
    agent_.reset();
    executor_.reset();
}

void Machine::set_files(const std::string& config, const std::string& runbook) {
    (void)world_.files().replace(kConfig, config);    // the simulated disk takes it
    (void)world_.files().replace(kRunbook, runbook);  // likewise
}

Result<> Machine::open_executor() {
    rules_ = std::make_unique<RuleFiles>(world_.files(), kConfig, no_environment);
    ExecutorConfig config;
    config.folder = std::string(kData) + "/executor";
    config.data_folder = kData;
    config.at_point = [this](std::string_view point) {
        if (kill_countdown_ == 0 || point != kill_point_) return;
        if (--kill_countdown_ == 0) throw ExecutorKilled{};
    };
    executor_ = TRY(Executor::open(world_.files(), world_.processes(), world_.clock(), *rules_,
                                   std::move(config)));
    return {};
}

Result<> Machine::start_agent() {
    world_.power().restore();
    disk_.restore_power();
    Problems problems;
    std::unique_ptr<Loaded> loaded = load(world_.files(), kConfig, no_environment, problems);
    if (!loaded) return Error{Fault::invalid, problems.print()};
    escalation_ = loaded->escalation;
    const int generation = ++generation_;
    Ports ports{.clock = world_.clock(),
                .random = world_.random(),
                .files = world_.files(),
                .processes = world_.processes(),
                .probes = world_.probes(),
                .workers = world_.workers(),
                .http = world_.http(),
                .mail = world_.mail(),
                .executors = *executors_,
                .log = *log_,
                .post =
                    [this, generation](Input input) {
                        world_.after_job([this, generation, input = std::move(input)]() mutable {
                            if (generation == generation_) deliver(std::move(input));
                        });
                        return true;
                    },
                .reply = [this](uint64_t connection,
                                WebReply reply) { replies_[connection] = std::move(reply); }};
    AgentOptions options{
        .config_file = kConfig,
        .environment = no_environment,
        .store = {.vfs = disk_.name()},
        .version = "simulated",
        .access = {.api_token = kToken, .push_token = {}, .password = {}, .host_names = {}},
        .press_key = "simulated key of the buttons"};
    Result<std::unique_ptr<OpsAgent>> agent =
        OpsAgent::start(std::move(ports), std::move(options), std::move(loaded));
    if (!agent.ok()) {
        why_down_ = agent.error().message;
        if (!disk_.lost_power() && !world_.power().is_lost()) cannot_write(why_down_);
        return agent.error();
    }
    agent_ = std::move(agent).value();
    emergency_->over(escalation_, world_.wall());
    why_down_.clear();
    start_again_at_.reset();
    next_tick_ = world_.now();
    return {};
}

void Machine::kill_agent() {
    ++generation_;
    held_.clear();
    world_.forget_program();
    agent_.reset();
    disk_.restore_power();  // the file system has what was written; only locks are dropped
    why_down_ = "killed";
}

void Machine::cut_power() {
    ++generation_;
    world_.forget_program();
    disk_.cut_power();
    agent_.reset();
    executor_.reset();
    why_down_ = "power lost";
}

void Machine::kill_executor() { executor_.reset(); }

void Machine::kill_executor_at(std::string point, int nth) {
    kill_point_ = std::move(point);
    kill_countdown_ = nth;
}

void Machine::deliver(Input input) {
    if (!agent_) return;
    if (now() < stalled_until_) return held_.push_back(std::move(input));
    std::vector<Input> one;
    one.push_back(std::move(input));
    agent_->handle(std::move(one));
}

bool Machine::is_dead() {
    if (!agent_) return false;
    if (disk_.lost_power() || world_.power().is_lost()) {
        cut_power();
        return true;
    }
    if (!agent_->failure()) return false;
    const std::string reason = agent_->failure()->message;
    log_lines_.push_back("agent stopped: " + reason);
    kill_agent();
    why_down_ = reason;
    cannot_write(reason);
    return true;
}

// As the daemon does: somebody is told by a way that needs no disk, and it is tried again.
void Machine::cannot_write(const std::string& reason) {
    emergency_->tell(reason, escalation_, world_.wall());
    if (restarts_by_itself) start_again_at_ = world_.now() + std::chrono::seconds(10);
}

void Machine::tick_if_due() {
    const Time now = world_.now();
    if (!agent_ && start_again_at_ && now >= *start_again_at_) {
        start_again_at_.reset();
        (void)start_agent();  // the reason is kept in why_down_; it is tried again
        return;
    }
    if (!agent_) return;
    if (now < stalled_until_) return;
    if (!held_.empty()) agent_->handle(std::exchange(held_, {}));
    const std::optional<Time> wake = agent_->next_wake();
    if (now < next_tick_ && (!wake || world_.wall() < *wake)) return;
    next_tick_ = now + std::chrono::seconds(1);
    agent_->tick();
}

void Machine::run_until(Time until) {
    while (true) {
        Time limit = until;
        if (agent_) {
            limit = std::min(limit, next_tick_);
            const auto wake = agent_->next_wake();
            if (wake && world_.now() >= stalled_until_)
                limit = std::min(limit, world_.from_wall(*wake));
        } else if (start_again_at_) {
            limit = std::min(limit, *start_again_at_);
        }
        limit = std::max(limit, world_.now());
        try {
            if (!world_.step(limit)) {
                tick_if_due();
                if (world_.now() >= until) {
                    check_ledger();
                    (void)is_dead();
                    return;
                }
            }
        } catch (const sim::PowerLost&) {
            cut_power();
        } catch (const sim::ProgramKilled&) {
            kill_agent();
        }
        (void)is_dead();
        check_ledger();
    }
}

Result<Json> Machine::ask(const std::string& method, const std::string& path, const Json& body) {
    if (!agent_) return Error{Fault::unavailable, "the agent is down: " + why_down_};
    WebRequest request;
    request.connection = ++last_connection_;
    request.method = method;
    request.path = path;
    request.headers = {{"host", "localhost"}, {"authorization", std::string("Bearer ") + kToken}};
    if (!body.is_null()) request.body = body.dump();
    request.from_loopback = true;
    try {
        deliver(request);
    } catch (const sim::PowerLost&) {  // in the middle of what was asked: nobody hears an answer
        cut_power();
    }
    if (is_dead()) return Error{Fault::unavailable, "the agent is down: " + why_down_};
    const auto found = replies_.find(request.connection);
    if (found == replies_.end()) return Error{Fault::unavailable, "no reply from the agent"};
    const WebReply reply = std::move(found->second);
    replies_.erase(found);
    if (reply.status >= 400) {
        const Result<Json> problem = Json::parse(reply.body);
        return Error{Fault::denied,
                     problem.ok() ? problem.value()["detail"].as_string() : reply.body};
    }
    if (reply.type != "application/json" || reply.body.empty()) return Json(reply.body);
    return Json::parse(reply.body);
}

std::vector<std::string> Machine::journal_lines() {
    std::vector<std::string> lines;
    if (!agent_) return lines;
    EventQuery all;
    all.limit = 100'000;
    const auto events = agent_->store().events(all);
    if (!events.ok()) return {events.error().message};
    for (const Event& event : events.value()) {
        lines.push_back(format_rfc3339(event.at).substr(11, 12) + " " + event.kind + " " +
                        (event.target.empty() ? "-" : event.target) + " " +
                        clip_end(event.body.dump(), 400));
    }
    return lines;
}

std::map<std::string, std::string> Machine::switch_off() {
    if (agent_) agent_->stop();
    ++generation_;
    agent_.reset();
    executor_.reset();
    const std::string folder = std::string(kData) + "/";
    std::map<std::string, std::string> files;
    for (const std::string& path : disk_.files()) {
        if (path.starts_with(folder))
            files["var/" + path.substr(folder.size())] = disk_.bytes(path);
    }
    return files;
}

// --- the invariants of safety.md, section 6 ---

// Of an action's intent, or of a diagnostic that was asked for.
std::optional<std::vector<std::string>> Machine::argv_in_journal(const std::string& step_key) {
    const auto action = agent_->store().action(step_key);
    if (action.ok() && action.value()) return action.value()->argv;
    EventQuery query;
    query.kind_prefix = "evidence.asked";
    query.limit = 100'000;
    const auto asked = agent_->store().events(query);
    if (!asked.ok()) return std::nullopt;
    for (const Event& event : asked.value()) {
        if (event.body["action"].as_string() == step_key) return event.body["argv"].strings();
    }
    return std::nullopt;
}

void Machine::check_ledger() {
    const auto& ledger = world_.ledger();
    const bool paused = read_kill_switch(world_.files(), kData).on;
    if (!paused) paused_since_.reset();
    if (paused && !paused_since_) paused_since_ = world_.now();
    for (; ledger_checked_ < ledger.size(); ++ledger_checked_) {
        const sim::Effect& effect = ledger[ledger_checked_];
        const std::string what = "'" + effect.command + "' at " + format_rfc3339(effect.at);
        if (effect.step_key.empty()) {
            violations_.push_back("I6: an effect without a step key: " + what);
            continue;
        }
        if (++effects_by_key_[effect.step_key] > 1)
            violations_.push_back("I1: done twice: " + what);
        if (paused_since_ && effect.at > *paused_since_ + std::chrono::seconds(1)) {
            violations_.push_back("I3: begun while paused: " + what);
        }
        if (!agent_) continue;
        const auto argv = argv_in_journal(effect.step_key);
        if (!argv) {
            violations_.push_back("I2: no intent in the journal before " + what);
        } else if (join(*argv, " ") != effect.command) {
            violations_.push_back("I6: not the words of the journal: " + what);
        }
    }
}

void Machine::check_at_rest() {
    if (!agent_) return;
    for (const auto& [id, the_case] : agent_->cases()) {
        const bool is_under_way = the_case.repair != nullptr &&
                                  the_case.incident.state != IncidentState::awaiting_approval;
        if (the_case.investigation) {
            violations_.push_back("I4: still investigated: " + id + " " + the_case.incident.title);
        }
        if (is_under_way) {
            violations_.push_back("I4: still under way: " + id + " " + the_case.incident.title +
                                  " (" + the_case.repair->phase() + ")");
        }
    }
    const auto due = agent_->store().outbox_due(world_.wall() + std::chrono::hours(24), 100);
    const bool channels_work = world_.send_failure.count == 0 &&
                               std::all_of(world_.send_failures.begin(), world_.send_failures.end(),
                                           [](const auto& one) { return one.second.count == 0; });
    if (due.ok() && channels_work) {
        for (const OutboxRow& row : due.value()) {
            violations_.push_back("I8: never delivered: " + row.key + " to " + row.channel);
        }
    }
    // Every effect of the whole run is in the journal (those of a time without an agent too), and
    // none twice.
    for (const sim::Effect& effect : world_.ledger()) {
        if (effect.step_key.empty() || argv_in_journal(effect.step_key)) continue;
        violations_.push_back("I2: no longer in the journal: '" + effect.command + "' at " +
                              format_rfc3339(effect.at));
    }
}

}  // namespace ops

#include "sim/world.h"

#include "base/assert.h"
#include "base/hash.h"
#include "sim/sim_ports.h"
#include "sim/sim_probes.h"

namespace ops::sim {
namespace {

constexpr Time kStart = Time(std::chrono::milliseconds(1'769'697'000'000));  // 2026-01-29T14:30:00Z

}  // namespace

World::World(uint64_t seed)
    : now_(kStart),
      random_state_(seed * 0x9e3779b97f4a7c15ULL + 1),
      clock_(std::make_unique<SimClock>(*this)),
      random_(std::make_unique<SimRandom>(*this)),
      files_(std::make_unique<SimFiles>(*this)),
      processes_(std::make_unique<SimProcesses>(*this)),
      probes_(std::make_unique<SimProbes>(*this)),
      workers_(std::make_unique<SimWorkers>(*this)),
      http_(std::make_unique<SimHttp>(*this)),
      mail_(std::make_unique<SimMail>(*this)) {}

World::~World() = default;

Clock& World::clock() { return *clock_; }
Random& World::random() { return *random_; }
Files& World::files() { return *files_; }
Processes& World::processes() { return *processes_; }
Probes& World::probes() { return *probes_; }
Workers& World::workers() { return *workers_; }
Http& World::http() { return *http_; }
Mail& World::mail() { return *mail_; }

void World::at(Time when, std::function<void()> what) {
    planned_.push({std::max(when, now_), order_++, std::move(what)});
}

bool World::step(Time until) {
    if (planned_.empty() || planned_.top().at > until) {
        now_ = std::max(now_, until);
        return false;
    }
    // The queue hands out only const references; the closure is ours to take, the key stays whole
    // until the pop.
    Planned next = std::move(const_cast<Planned&>(planned_.top()));
    planned_.pop();
    now_ = next.at;
    next.what();
    return true;
}

void World::forget_program() {
    ++program_generation_;
    job_took_ = {};  // of a job that it died in
    probes_->forget();
}

SimService* World::find_service(std::string_view name) {
    const auto found = services_.find(std::string(name));
    return found == services_.end() ? nullptr : &found->second;
}

SimService& World::service(const std::string& name) {
    auto [found, is_new] = services_.try_emplace(name);
    if (is_new) {
        found->second.name = name;
        set_condition(found->second, Condition::up);
    }
    return found->second;
}

SimHost& World::host(const std::string& name) {
    auto [found, is_new] = hosts_.try_emplace(name);
    found->second.name = name;
    return found->second;
}

void World::set_condition(SimService& service, Condition condition) {
    const bool had_process = service.pid != 0;
    const bool has_process = condition != Condition::dead && condition != Condition::fatal;
    if (condition != Condition::up) service.bad_as = condition;
    service.condition = condition;
    service.since = now_;
    service.since_by_wall = wall();
    ++service.generation;
    if (has_process && !had_process) {
        service.pid = next_pid_++;
        service.start_ticks = static_cast<uint64_t>(now_.time_since_epoch().count());
    }
    if (!has_process && had_process) {
        probes_->process_died(service.pid);
        service.pid = 0;
    }
    if (service.heartbeat_every.count() > 0 && condition == Condition::up) {
        plan_heartbeat(service.name, service.generation);
    }
}

void World::plan_heartbeat(const std::string& name, int generation) {
    SimService* service = find_service(name);
    if (service == nullptr || service->generation != generation) return;
    if (heartbeat_receiver_ && network_up_) heartbeat_receiver_(name);
    in(service->heartbeat_every, [this, name, generation] { plan_heartbeat(name, generation); });
}

void World::restart(SimService& service) {
    if (!service.on_restart_breaks.empty()) {
        set_condition(this->service(service.on_restart_breaks), Condition::dead);
    }
    if (service.on_restart == RestartBehaviour::changes_nothing) return;
    set_condition(service, Condition::dead);  // the old process goes first
    ++service.restarts;
    const std::string name = service.name;
    const int generation = service.generation;
    const bool lasting = service.on_restart != RestartBehaviour::works_for_a_while;
    const Condition bad_as = service.bad_as;
    in(service.starts_in, [this, name, generation, lasting, bad_as] {
        SimService& starting = this->service(name);
        if (starting.generation != generation) return;
        starting.memory_percent = 10;
        set_condition(starting, Condition::up);
        if (lasting) return;
        const int up_generation = starting.generation;
        in(std::chrono::seconds(20), [this, name, up_generation, bad_as] {
            SimService& again = this->service(name);
            if (again.generation == up_generation) set_condition(again, bad_as);
        });
    });
}

bool World::reachable(const SimService& service) {
    const auto found = hosts_.find(service.host);
    if (found == hosts_.end()) return true;
    return found->second.up && (found->second.local || network_up_);
}

void World::on_command(std::string part, std::function<Exit(World&)> run) {
    command_rules_.insert(command_rules_.begin(), {std::move(part), std::move(run)});
}

std::optional<World::SendFailure> World::take_send_failure(std::string_view where) {
    tried.emplace_back(where);
    if (send_failure.count > 0) {
        --send_failure.count;
        return send_failure;
    }
    for (auto& [part, failure] : send_failures) {
        if (failure.count <= 0 || where.find(part) == std::string_view::npos) continue;
        --failure.count;
        return failure;
    }
    return std::nullopt;
}

void World::take(const std::string& where, const std::string& text) {
    const bool dies = death.left > 0 && --death.left == 0;
    if (dies && death.when == Death::When::before_it_is_taken) throw ProgramKilled{};
    sent.push_back({now_ + job_took_, where, text});
    if (dies) throw ProgramKilled{};
}

}  // namespace ops::sim

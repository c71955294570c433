// A day of bad luck from one number: which services there are, what breaks when, where the power
// fails.
#include "scenario/machine.h"
#include "scenario/runner.h"

namespace ops {
namespace {

constexpr int kServices = 8;

std::string company() {
    std::string out =
        "agent: {name: alien, mode: auto}\n"
        "hosts:\n"
        "  - {name: alien, local: true, disks: [\"/\"]}\n"
        "channels:\n"
        "  - {name: hook, webhook: {url: \"http://hook.sim/\"}}\n"
        "services:\n";
    for (int i = 1; i <= kServices; ++i) {
        const std::string name = "svc_" + std::to_string(i);
        out += "  - name: " + name +
               "\n    host: alien\n    interval: 10s\n    check: {http: \"http://" + name +
               ".sim/health\", timeout: 3s}\n    restart: \"systemctl restart " + name + "\"\n";
        if (i > 4) out += "    depends_on: [svc_1]\n";
    }
    return out;
}

constexpr const char* kRunbook =
    "common_issues:\n"
    "  - name: \"Disk space critical\"\n"
    "    symptoms: [\"disk_usage > 90%\"]\n"
    "    auto_resolve:\n"
    "      - command: \"journalctl --vacuum-time=3d\"\n"
    "  - name: \"Service 2 has a way of its own\"\n"
    "    symptoms: ['service == \"svc_2\"', 'status == \"down\"']\n"
    "    auto_resolve:\n"
    "      - command: \"systemctl restart svc_2\"\n"
    "      - wait: 5\n"
    "      - verify: \"curl health endpoint\"\n";

class Luck {
public:
    explicit Luck(Random& random) : random_(random) {}
    uint64_t below(uint64_t bound) { return random_.next() % bound; }
    bool in(uint64_t n) { return below(n) == 0; }

private:
    Random& random_;
};

void break_something(Machine& machine, Luck& luck) {
    using sim::Condition;
    using sim::RestartBehaviour;
    static const Condition kBad[] = {Condition::dead, Condition::failing, Condition::hanging,
                                     Condition::slow, Condition::garbage, Condition::stopped};
    static const RestartBehaviour kRestarts[] = {RestartBehaviour::works,
                                                 RestartBehaviour::works,
                                                 RestartBehaviour::works,
                                                 RestartBehaviour::fails,
                                                 RestartBehaviour::changes_nothing,
                                                 RestartBehaviour::hangs,
                                                 RestartBehaviour::works_for_a_while};
    sim::SimService& service =
        machine.world().service("svc_" + std::to_string(1 + luck.below(kServices)));
    service.on_restart = kRestarts[luck.below(std::size(kRestarts))];
    machine.world().set_condition(service,
                                  luck.in(4) ? Condition::up : kBad[luck.below(std::size(kBad))]);
}

void misfortune(Machine& machine, Luck& luck) {
    switch (luck.below(11)) {
        case 0:
            machine.world().host("alien").disk_percent = 80 + static_cast<double>(luck.below(19));
            break;
        case 1: machine.disk().fail_at(1 + luck.below(40), sim::DiskFault::power_cut); break;
        case 2: machine.world().power().cut_after(luck.below(6)); break;
        case 3: machine.kill_agent(); break;
        case 4: {
            static const char* kPoints[] = {"checked", "seen", "started", "ran", "outcome"};
            machine.kill_executor_at(kPoints[luck.below(std::size(kPoints))], 1);
            break;
        }
        case 5: machine.disk().fail_at(1 + luck.below(40), sim::DiskFault::io_error); break;
        case 6: machine.world().send_failure.count = static_cast<int>(luck.below(5)); break;
        case 7:
            (void)machine.ask("POST", luck.in(2) ? "/api/v1/pause" : "/api/v1/resume");
            break;  // may be down
        case 8: {
            const Duration by = std::chrono::seconds(1 + luck.below(3 * 3600));
            machine.world().set_clock_by(luck.in(2) ? by : -by);
            break;
        }
        default: break_something(machine, luck);
    }
}

}  // namespace

ScenarioReport run_seed(uint64_t seed) {
    Machine machine(seed);
    Luck luck(machine.world().random());
    machine.set_files(company(), kRunbook);
    machine.world().host("alien").local = true;
    for (int i = 1; i <= kServices; ++i)
        machine.world().service("svc_" + std::to_string(i)).host = "alien";
    machine.world().on_command("journalctl", [](sim::World& world) {
        world.host("alien").disk_percent = 60;
        Exit exit;
        exit.took = std::chrono::milliseconds(400);
        return exit;
    });
    ScenarioReport report;
    const auto keep_running = [&] {
        if (machine.agent() != nullptr) return;
        if (const Result<> started = machine.start_agent(); !started.ok()) {
            report.failures.push_back("cannot start: " + started.error().message);
        }
    };
    keep_running();
    const Time storm_over = machine.now() + std::chrono::hours(2);
    while (machine.now() < storm_over && report.failures.empty()) {
        machine.run_until(machine.now() + std::chrono::seconds(1 + luck.below(120)));
        keep_running();
        misfortune(machine, luck);
    }
    // Peace: nothing breaks any more, a person lifts the kill switch, and time passes.
    machine.disk().fail_at(0, sim::DiskFault::io_error);
    machine.world().power().restore();
    machine.world().send_failure.count = 0;
    for (auto& [name, service] : machine.world().services()) {
        service.on_restart = sim::RestartBehaviour::works;
        machine.world().set_condition(service, sim::Condition::up);
    }
    machine.world().host("alien").disk_percent = 50;
    keep_running();
    (void)machine.ask("POST", "/api/v1/resume");  // may not be paused
    machine.run_until(machine.now() + std::chrono::hours(1));
    keep_running();
    machine.run_until(machine.now() + std::chrono::minutes(30));
    machine.check_at_rest();
    report.expectations = 1;
    report.log = machine.log_lines();
    for (const std::string& broken : machine.violations()) report.failures.push_back(broken);
    report.passed = report.failures.empty();
    return report;
}

}  // namespace ops

#include "agent/runbook_tests.h"

#include "base/text.h"
#include "diagnose/diagnose.h"
#include "runbook/words.h"

namespace ops {
namespace {

class GivenWorld final : public expr::World {
public:
    GivenWorld(const RunbookTest& test, const std::string& target, const Settings& settings) {
        for (const Fact& fact : test.given) facts_.set(fact.name, fact.value);
        const Service* service = settings.inventory.find_service(target);
        const auto set_name = [&](std::string_view name, const std::string& text) {
            if (facts_.find(name) == nullptr && !text.empty())
                facts_.set(name, Value::string(text));
        };
        if (service != nullptr) {
            prefix_ = service->group.empty() ? "" : as_word(service->group) + "_";
            set_name("service", service->name);
            set_name("group", service->group);
            set_name("host", settings.inventory.host_of(target));
        } else {
            facts_.erase("service");
            if (settings.inventory.find_host(target) != nullptr) set_name("host", target);
        }
        settle_health();
    }
    Time now() const override { return Time{}; }
    const Value* fact(std::string_view name) const override {
        if (const Value* value = facts_.find(name)) return value;
        if (!prefix_.empty() && name.starts_with(prefix_))
            return facts_.find(name.substr(prefix_.size()));
        return nullptr;
    }
    std::vector<Sample> samples(std::string_view, Time, Time) const override { return {}; }
    std::vector<Time> events(std::string_view, Time, Time) const override { return {}; }

private:
    // A target that is down is not up, whichever of the two the test gives.
    void settle_health() {
        const Value* const status = facts_.find("status");
        const Value* const up = facts_.find("up");
        if (up == nullptr && status != nullptr) {
            const bool is_down = *status == Value::string("down");
            const bool is_known =
                is_down || *status == Value::string("up") || *status == Value::string("degraded");
            if (is_known) facts_.set("up", Value::boolean(!is_down));
        } else if (status == nullptr && up != nullptr && up->type() == Type::boolean) {
            facts_.set("status", Value::string(up->truth() ? "up" : "down"));
        }
    }

    Facts facts_;
    std::string prefix_;
};

// The symptoms as they stand now; `for:` counts as held.
std::optional<Duration> held(const Entry& entry, const expr::World& world) {
    bool all = !entry.symptoms.empty(), any = false;
    for (const expr::Expression& symptom : entry.symptoms) {
        const Value value = expr::evaluate(symptom, world);
        const bool holds = value.type() == Type::boolean && value.truth();
        all = all && holds;
        any = any || holds;
    }
    return (entry.any ? any : all) ? std::optional<Duration>(entry.hold) : std::nullopt;
}

std::string target_of(const RunbookTest& test, const Settings& settings) {
    for (const char* name : {"service", "host", "signal"}) {
        for (const Fact& fact : test.given) {
            if (fact.name == name && fact.value.type() == Type::string) return fact.value.text();
        }
    }
    return settings.inventory.hosts.empty() ? "" : settings.inventory.hosts[0].name;
}

// As they would run; one that would be refused is an error.
Result<std::vector<std::string>> commands_of(const Entry& entry, const std::string& target,
                                             const Inventory& inventory) {
    std::vector<std::string> out;
    for (const Step& step : entry.steps) {
        if (!step.has_effect() || step.kind == Step::Kind::http) continue;
        const std::string about = step.service.empty() ? target : step.service;
        out.push_back(TRY(fill_in(step.command, about, inventory)).text);
    }
    return out;
}

}  // namespace

std::vector<RunbookTestResult> run_runbook_tests(const Runbook& runbook, const Settings& settings) {
    std::vector<RunbookTestResult> results;
    for (const RunbookTest& test : runbook.tests) {
        RunbookTestResult result{test.name, test.place, {}};
        const std::string target = target_of(test, settings);
        const GivenWorld world(test, target, settings);
        const Value* status = world.fact("status");
        const bool down = status != nullptr && *status == Value::string("down");
        const Diagnosis diagnosis =
            diagnose(runbook, settings.inventory,
                     Situation{.target = target,
                               .down = down,
                               .systemic = false,
                               .world = world,
                               .held = [&](const Entry& entry) { return held(entry, world); },
                               .barred = [](const Entry&) { return std::string(); }});
        const std::string chosen = diagnosis.entry ? diagnosis.entry->name : "";
        if (chosen != test.entry) {
            result.failures.push_back("expected " +
                                      (test.entry.empty() ? "no entry" : "'" + test.entry + "'") +
                                      ", got " + (chosen.empty() ? "none" : "'" + chosen + "'"));
            for (const Considered& one : diagnosis.considered) {
                result.failures.push_back("  " + one.entry + ": " + one.why);
            }
        } else if (diagnosis.entry && !test.commands.empty()) {
            const Result<std::vector<std::string>> commands =
                commands_of(*diagnosis.entry, target, settings.inventory);
            if (!commands.ok() || commands.value() != test.commands) {
                result.failures.push_back("expected commands: " + join(test.commands, " ; "));
                result.failures.push_back(
                    commands.ok() ? "got commands:      " + join(commands.value(), " ; ")
                                  : "cannot run: " + commands.error().message);
            }
        }
        results.push_back(std::move(result));
    }
    return results;
}

}  // namespace ops

// Could an entry match a target at all? Asked for each pair once, so that nothing is evaluated in vain,
// and by lint, which warns of entries that no target can match.
#include <algorithm>
#include <array>

#include "expr/expr.h"
#include "expr/tree.h"
#include "model/fact.h"
#include "runbook/runbook_parts.h"

namespace ops {
namespace {

enum class TargetKind { service, host, signal };

TargetKind kind_of(std::string_view target, const Inventory& inventory) {
    if (inventory.find_service(target) != nullptr) return TargetKind::service;
    return inventory.find_host(target) != nullptr ? TargetKind::host : TargetKind::signal;
}

// Facts that every target has, because they come from watching it and not from what it is.
bool is_of_any_target(std::string_view fact) {
    static constexpr auto kGeneral = std::to_array<std::string_view>(
        {"status", "up", "down_for", "service", "host", "group", "security_incident",
         "new_error_pattern", "error_rate", "latency"});
    return std::find(kGeneral.begin(), kGeneral.end(), fact) != kGeneral.end();
}

// Only who the target is, is known; all the rest is unknown, and so is everything made of it.
class NameOnlyWorld final : public expr::World {
public:
    NameOnlyWorld(std::string_view target, const Inventory& inventory) {
        const Service* const service = inventory.find_service(target);
        const bool is_host = inventory.find_host(target) != nullptr;
        service_ = Value::string(is_host ? "" : std::string(target));
        host_ = Value::string(is_host ? std::string(target) : service != nullptr ? service->host : "");
        group_ = Value::string(service != nullptr ? service->group : "");
    }
    Time now() const override { return Time{}; }
    const Value* fact(std::string_view name) const override {
        if (name == "service") return &service_;
        if (name == "host") return &host_;
        return name == "group" ? &group_ : nullptr;
    }
    std::vector<Sample> samples(std::string_view, Time, Time) const override { return {}; }
    std::vector<Time> events(std::string_view, Time, Time) const override { return {}; }

private:
    Value service_, host_, group_;
};

std::vector<std::string> all_facts(const expr::Expression& expression) {
    std::vector<std::string> facts = expression.facts();
    for (std::string& fact : expression.history_facts()) facts.push_back(std::move(fact));
    return facts;
}

// Does the entry speak of services, so that facts of a host in it mean the service's host?
bool speaks_of_services(const Entry& entry) {
    return std::any_of(entry.symptoms.begin(), entry.symptoms.end(), [](const auto& symptom) {
        const std::vector<std::string> facts = all_facts(symptom);
        return std::any_of(facts.begin(), facts.end(), [](const std::string& fact) {
            const FactKind* const kind = find_fact_kind(fact);
            return kind != nullptr && kind->scope == Scope::service && fact != "host";
        });
    });
}

bool has_fact(std::string_view fact, std::string_view target, TargetKind kind, bool of_services,
              const Inventory& inventory) {
    if (const std::string group = group_of_fact(fact, inventory); !group.empty()) {
        const Service* const service = inventory.find_service(target);
        return service != nullptr && service->group == group;
    }
    const FactKind* const known = find_fact_kind(fact);
    if (known == nullptr || is_of_any_target(fact)) return true;  // pushed facts may be of anything
    switch (known->scope) {
        case Scope::service: return kind == TargetKind::service;
        case Scope::host: return kind == TargetKind::host || (kind == TargetKind::service && of_services);
        case Scope::both: return kind != TargetKind::signal;
        case Scope::signal: return kind == TargetKind::signal;
    }
    return true;
}

bool may_hold(const expr::Expression& symptom, std::string_view target, TargetKind kind,
              bool of_services, const Inventory& inventory) {
    const std::vector<std::string> facts = all_facts(symptom);
    const auto exists = [&](const std::string& fact) {
        return has_fact(fact, target, kind, of_services, inventory);
    };
    // What needs all of its facts fails with one; a choice (`a or b`) only when it has none.
    const auto& nodes = symptom.tree().nodes;
    const bool has_choice = std::any_of(nodes.begin(), nodes.end(), [](const expr::Node& node) {
        return node.op == expr::Op::logical_or || node.op == expr::Op::logical_not;
    });
    const bool enough = has_choice ? facts.empty() || std::any_of(facts.begin(), facts.end(), exists)
                                   : std::all_of(facts.begin(), facts.end(), exists);
    if (!enough) return false;
    // The history that this world lacks would count as empty, which is not unknown.
    if (!symptom.events().empty() || !symptom.history_facts().empty()) return true;
    const Value value = expr::evaluate(symptom, NameOnlyWorld(target, inventory));
    return value.type() != Type::boolean || value.truth();
}

}  // namespace

bool may_match(const Entry& entry, std::string_view target, const Inventory& inventory) {
    if (entry.symptoms.empty()) return false;
    const TargetKind kind = kind_of(target, inventory);
    const bool of_services = speaks_of_services(entry);
    const auto possible = [&](const expr::Expression& symptom) {
        return may_hold(symptom, target, kind, of_services, inventory);
    };
    return entry.any ? std::any_of(entry.symptoms.begin(), entry.symptoms.end(), possible)
                     : std::all_of(entry.symptoms.begin(), entry.symptoms.end(), possible);
}

}  // namespace ops

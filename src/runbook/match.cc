// Could an entry match a target at all? Asked for each pair once, so that nothing is evaluated in
// vain, and by lint, which warns of entries that no target can match.
#include <algorithm>
#include <array>

#include "expr/expr.h"
#include "expr/tree.h"
#include "model/fact.h"
#include "runbook/runbook_parts.h"

namespace ops {
namespace {

enum class TargetKind { service, host, signal };

// Facts that every target has, because they come from watching it and not from what it is.
bool is_of_any_target(std::string_view fact) {
    static constexpr auto kGeneral = std::to_array<std::string_view>(
        {"status", "up", "down_for", "degraded_for", "service", "host", "group",
         "security_incident", "new_error_pattern", "error_rate", "latency"});
    return std::find(kGeneral.begin(), kGeneral.end(), fact) != kGeneral.end();
}

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

// The target of one question, looked up once.
struct Target {
    std::string_view name;
    const Service* service;
    const Host* host;
    std::string host_name;  // of the host it is, or runs on
    TargetKind kind;
    const Entry& entry;
    bool of_services;  // the entry speaks of services
};

bool has_fact(std::string_view fact, const Target& target) {
    const auto& groups = target.entry.group_facts;
    const auto prefixed = std::find_if(groups.begin(), groups.end(),
                                       [fact](const auto& one) { return one.first == fact; });
    if (prefixed != groups.end()) {
        return target.service != nullptr && target.service->group == prefixed->second;
    }
    const TargetKind kind = target.kind;
    const FactKind* const known = find_fact_kind(fact);
    if (known == nullptr || is_of_any_target(fact)) return true;  // pushed facts may be of anything
    switch (known->scope) {
        case Scope::service: return kind == TargetKind::service;
        case Scope::host:
            return kind == TargetKind::host || (kind == TargetKind::service && target.of_services);
        case Scope::both: return kind != TargetKind::signal;
        case Scope::signal: return kind == TargetKind::signal;
    }
    return true;
}

// Only who the target is, is known; all the rest is unknown, and so is everything made of it.
class NameOnlyWorld final : public expr::World {
public:
    explicit NameOnlyWorld(const Target& target) {
        const bool is_host = target.host != nullptr;
        const Service* const service = target.service;
        service_ = Value::string(is_host ? "" : std::string(target.name));
        host_ = Value::string(target.host_name);
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

bool may_hold(const expr::Expression& symptom, const Target& target) {
    const std::vector<std::string> facts = all_facts(symptom);
    const auto exists = [&](const std::string& fact) { return has_fact(fact, target); };
    // What needs all of its facts fails with one; a choice (`a or b`) only when it has none.
    const auto& nodes = symptom.tree().nodes;
    const bool has_choice = std::any_of(nodes.begin(), nodes.end(), [](const expr::Node& node) {
        return node.op == expr::Op::logical_or || node.op == expr::Op::logical_not;
    });
    const bool enough = has_choice
                            ? facts.empty() || std::any_of(facts.begin(), facts.end(), exists)
                            : std::all_of(facts.begin(), facts.end(), exists);
    if (!enough) return false;
    // The history that this world lacks would count as empty, which is not unknown.
    if (!symptom.events().empty() || !symptom.history_facts().empty()) return true;
    const Value value = expr::evaluate(symptom, NameOnlyWorld(target));
    return value.type() != Type::boolean || value.truth();
}

// An entry that names a group's facts is about that group: with `any: true` its other symptoms
// (last_heartbeat > 5 minutes) are those of the members, and its commands are meant for them.
bool is_of_another_group(const Entry& entry, const Service& service) {
    return !entry.group_facts.empty() &&
           std::none_of(entry.group_facts.begin(), entry.group_facts.end(),
                        [&](const auto& one) { return one.second == service.group; });
}

}  // namespace

bool may_match(const Entry& entry, std::string_view target, const Inventory& inventory) {
    if (entry.symptoms.empty()) return false;
    const Service* const service = inventory.find_service(target);
    if (service != nullptr && is_of_another_group(entry, *service)) return false;
    const Host* const host = service != nullptr ? nullptr : inventory.find_host(target);
    const TargetKind kind = service != nullptr ? TargetKind::service
                            : host != nullptr  ? TargetKind::host
                                               : TargetKind::signal;
    const Target asked{
        target, service, host, inventory.host_of(target), kind, entry, speaks_of_services(entry)};
    const auto possible = [&](const expr::Expression& symptom) { return may_hold(symptom, asked); };
    return entry.any ? std::any_of(entry.symptoms.begin(), entry.symptoms.end(), possible)
                     : std::all_of(entry.symptoms.begin(), entry.symptoms.end(), possible);
}

}  // namespace ops

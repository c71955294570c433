#include <algorithm>
#include <array>
#include <set>

#include "model/fact.h"
#include "runbook/alert_facts.h"
#include "runbook/runbook.h"
#include "runbook/words.h"

namespace ops {
namespace {

constexpr auto kEvents = std::to_array<std::string_view>(
    {"crash", "restart", "reboot", "deploy", "security", "new_error_pattern", "security_incident"});

std::optional<Type> type_named(std::string_view name) {
    static constexpr auto kTypes =
        std::to_array<Type>({Type::number, Type::percentage, Type::duration, Type::size,
                             Type::string, Type::boolean, Type::list});
    for (const Type type : kTypes) {
        if (name_of(type) == name) return type;
    }
    return std::nullopt;
}

std::set<std::string> groups_of(const Inventory& inventory) {
    std::set<std::string> groups;
    for (const Service& service : inventory.services) {
        if (!service.group.empty()) groups.insert(service.group);
    }
    return groups;
}

}  // namespace

std::string as_word(std::string name) {
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
    return name;
}

std::string group_of_fact(std::string_view fact, const Inventory& inventory) {
    if (find_fact_kind(fact) != nullptr) return "";
    std::string found;
    for (const std::string& group : groups_of(inventory)) {
        const std::string prefix = as_word(group) + "_";
        if (!fact.starts_with(prefix)) continue;
        const FactKind* const kind = find_fact_kind(fact.substr(prefix.size()));
        if (kind != nullptr && (kind->scope == Scope::service || kind->scope == Scope::both))
            found = group;
    }
    return found;
}

std::optional<Type> TargetNames::fact(std::string_view name) const {
    if (is_alert_fact(name)) return Type::string;
    for (const auto& [declared, type] : settings_.declared_facts) {
        if (declared == name && find_fact_kind(name) == nullptr) {
            return type_named(type).value_or(Type::unknown);
        }
    }
    if (const FactKind* const kind = find_fact_kind(name)) return kind->type;
    if (const std::string group = group_of_fact(name, settings_.inventory); !group.empty()) {
        return find_fact_kind(name.substr(as_word(group).size() + 1))->type;
    }
    // A command's JSON and a query's labels name their facts only when they run.
    for (const std::string& signal : settings_.inventory.signals) {
        if (name.starts_with(as_word(signal) + "_")) return Type::unknown;
    }
    return std::nullopt;
}

bool TargetNames::event(std::string_view name) const {
    if (std::find(kEvents.begin(), kEvents.end(), name) != kEvents.end()) return true;
    const std::vector<std::string>& declared = settings_.events;
    return std::find(declared.begin(), declared.end(), name) != declared.end();
}

std::vector<std::string> TargetNames::all() const {
    std::set<std::string> names(kEvents.begin(), kEvents.end());
    names.emplace(kAlertFact);
    names.emplace(kAlertSourceFact);
    for (const FactKind& kind : fact_kinds()) names.emplace(kind.name);
    for (const std::string& group : groups_of(settings_.inventory)) {
        for (const FactKind& kind : fact_kinds()) {
            if (kind.scope != Scope::service && kind.scope != Scope::both) continue;
            names.insert(as_word(group) + "_" + std::string(kind.name));
        }
    }
    for (const auto& [declared, type] : settings_.declared_facts) names.insert(declared);
    names.insert(settings_.events.begin(), settings_.events.end());
    return {names.begin(), names.end()};
}

}  // namespace ops

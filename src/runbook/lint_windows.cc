// Warnings of windows in which there is never enough to see: what is looked at every three hours
// has no two values in one hour.
#include <algorithm>
#include <optional>

#include "base/units.h"
#include "expr/functions.h"
#include "expr/tree.h"
#include "model/fact.h"
#include "runbook/runbook_parts.h"

namespace ops {
namespace {

std::string as_fact(std::string name) {
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
    return name;
}

bool gives(const CheckSettings& signal, const std::string& fact) {
    const std::string own = as_fact(signal.target);
    return fact == own || fact.starts_with(own + "_") ||
           (signal.check["app_store"] && fact == "review_state");
}

// The check that looks most often at what the fact is of; null where that is not known, because it
// is pushed or comes with heartbeats.
const CheckSettings* most_often(const std::string& fact, const std::string& target,
                                const Settings& settings) {
    const Service* const service = settings.inventory.find_service(target);
    const FactKind* const kind = find_fact_kind(fact);
    const bool is_seen = kind != nullptr && kind->scope != Scope::signal;
    if (service != nullptr && (service->heartbeat || !is_seen)) return nullptr;
    const bool is_of_host = service != nullptr && is_seen && kind->scope == Scope::host;
    const std::string& owner = is_of_host ? service->host : target;
    const CheckSettings* found = nullptr;
    for (const CheckSettings& check : settings.checks) {
        const bool is_its = check.signal ? gives(check, fact) : check.target == owner;
        if (!is_its || (check.signal && check.target != target)) continue;
        if (found == nullptr || check.interval < found->interval) found = &check;
    }
    return found;
}

// The entry, or a criterion dressed as one. `own` says whether its place is one of the user's file.
void warn_of_windows_of(const Entry& entry, bool own, const RunbookDraft& draft) {
    const Settings& settings = draft.settings;
    std::vector<std::string> targets = settings.inventory.signals;
    for (const Host& host : settings.inventory.hosts) targets.push_back(host.name);
    for (const Service& service : settings.inventory.services) targets.push_back(service.name);
    for (const expr::Expression& symptom : entry.symptoms) {
        for (const expr::Call& call : symptom.tree().calls) {
            if (call.function == nullptr || expr::takes_event(*call.function)) continue;
            for (const std::string& target : targets) {
                if (!may_match(entry, target, settings.inventory)) continue;
                const CheckSettings* const check = most_often(call.subject, target, settings);
                if (check == nullptr || check->interval <= call.reach) continue;
                draft.problems.warning(own ? entry.place : check->check.place,
                                       "'" + entry.name + "' is never known of '" + target +
                                           "': it looks back " + format_duration(call.window) +
                                           " at '" + call.subject + "', which is looked at every " +
                                           format_duration(check->interval));
                return;
            }
        }
    }
}

}  // namespace

void warn_of_windows(const RunbookDraft& draft) {
    for (const Entry& entry : draft.runbook.entries) {
        if (entry.enabled) warn_of_windows_of(entry, true, draft);
    }
    for (const Criterion& criterion : draft.runbook.criteria) {
        if (!criterion.when) continue;
        Entry as_entry;
        as_entry.name = criterion.name;
        as_entry.place = criterion.place;
        as_entry.symptoms.push_back(*criterion.when);
        warn_of_windows_of(as_entry, criterion.place.file == draft.runbook.file, draft);
    }
}

}  // namespace ops

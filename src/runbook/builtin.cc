#include "runbook/builtin.h"

#include "base/assert.h"
#include "runbook/command.h"
#include "runbook/danger.h"
#include "runbook/diagnostics.h"
#include "runbook/runbook_parts.h"

namespace ops {

Entry builtin_restart(const Service& service) {
    ASSERT(!service.restart.empty());
    Entry entry;
    entry.name = kBuiltinRestart;
    Step restart;
    restart.kind = Step::Kind::restart;
    restart.text = "restart " + service.name;
    restart.service = service.name;
    restart.command = restart_command(service);
    const Danger danger = danger_of(restart.command);
    restart.effect = danger.effect;
    restart.risk = danger.risk;
    Step verify;
    verify.kind = Step::Kind::verify;
    verify.text = "check " + service.name;
    verify.verification.text = verify.text;
    verify.effect = Effect::read;
    entry.effect = restart.effect;
    entry.risk = restart.risk;
    entry.steps = {std::move(restart), std::move(verify)};
    entry.sha256 = hash_of(entry);
    return entry;
}

std::optional<Entry> find_entry(const Runbook& runbook, const Inventory& inventory,
                                std::string_view name, std::string_view target) {
    if (name.starts_with(kDiagnosticPrefix)) {
        return diagnostic_entry(name.substr(kDiagnosticPrefix.size()), target, inventory);
    }
    if (const Entry* const entry = runbook.find(name)) return *entry;
    const Service* const service = inventory.find_service(target);
    if (name != kBuiltinRestart || service == nullptr || service->restart.empty())
        return std::nullopt;
    return builtin_restart(*service);
}

}  // namespace ops

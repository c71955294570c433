// Policy: may this be done? One pure function, asked three times: when planned, when ticketed, and
// by the executor, each time with what is true then (docs/decisions, safety in ARCHITECTURE.md).
//
// The first rule that says no decides, in the order of the table in policy.cc. Everything it looks
// at is in the question; it knows no clock and no disk.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "model/inventory.h"
#include "resolve/kill_switch.h"
#include "resolve/limiter.h"
#include "resolve/plan.h"
#include "resolve/ticket.h"
#include "runbook/runbook.h"

namespace ops {

// What may only be touched by an entry of risk `destructive`: pid 1, this program, ssh, the
// network, our database.
struct Protected {
    std::vector<std::string> names;  // of units, processes, services
    std::vector<std::string> paths;  // absolute
};
// The built-in list, and the folders that hold our own data and configuration (absolute paths).
Protected protected_with(const std::vector<std::string>& own_paths);
// What in these words is protected, or "". Also looks into the command that ssh or a shell is
// given.
std::string find_protected(const std::vector<std::string>& argv, std::string_view target,
                           const Protected& protected_things);

struct PolicyQuestion {
    const Entry& entry;
    const PlannedCommand& command;
    int attempt = 1;          // with those on this target that still count from earlier incidents
    std::string plan_sha256;  // what an approval must be of
    const Inventory& inventory;
    Mode mode = Mode::observe;
    const Limits& limits;
    KillSwitch kill_switch;
    bool systemic = false;  // the incident is systemic, or its target is a member of one
    bool proposed = false;  // no symptom chose the entry, a model did: a person must agree
    BudgetAnswer budget;    // of the limiter, for effects
    std::optional<Approval> approval;
    std::optional<Time> approval_used_at;  // by an earlier step of this same attempt
    const Protected& protected_things;
    Time now{};
};

struct Decision {
    enum class Verdict {
        allow,
        ask,   // allowed once `approvers_needed` different people have said yes
        wait,  // not now: another action must be settled first; ask again
        refuse,
    };
    Verdict verdict = Verdict::refuse;
    Refusal refusal = Refusal::policy;  // which rule, when it is not allow
    std::string reason;                 // for people
    int approvers_needed = 0;
    std::optional<Time> again_at;  // of a budget that time will refill
};
Decision judge(const PolicyQuestion& question);

// How many people must say yes before this entry may act in this mode: 0, 1 or 2. One at least for
// what was only proposed.
int approvers_needed(const Entry& entry, Mode mode, bool proposed);

// Limits::attempts, or fewer when the entry's `retries` says so (1 + retries).
int attempts_allowed(const Entry& entry, const Limits& limits);

}  // namespace ops

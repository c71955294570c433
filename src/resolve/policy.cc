#include "resolve/policy.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "base/units.h"

namespace ops {
namespace {

using Verdict = Decision::Verdict;

// How long a plan that was begun in time may go on under its approval: waits and verification take
// their time.
constexpr Duration kPlanLife = std::chrono::hours(1);
constexpr size_t kArgvBytes = 64 * 1024;

// One rule: nothing when it has no objection.
using Rule = std::optional<Decision> (*)(const PolicyQuestion&);

Decision refuse(Refusal refusal, std::string reason) {
    return {Verdict::refuse, refusal, std::move(reason), 0, std::nullopt};
}

std::optional<Decision> kill_switch(const PolicyQuestion& q) {
    if (!q.kill_switch.on) return std::nullopt;
    return refuse(Refusal::paused, q.kill_switch.reason.empty() ? "paused" : q.kill_switch.reason);
}

std::optional<Decision> mode(const PolicyQuestion& q) {
    if (q.mode != Mode::observe) return std::nullopt;
    return refuse(Refusal::policy, "mode 'observe': nothing is ever run");
}

std::optional<Decision> entry_is_on(const PolicyQuestion& q) {
    if (!q.entry.enabled) {
        return refuse(Refusal::entry, "entry '" + q.entry.name + "' is not enabled");
    }
    if (q.entry.autonomy != Autonomy::shadow) return std::nullopt;
    return refuse(Refusal::policy, "entry '" + q.entry.name + "' is in shadow: it only watches");
}

std::optional<Decision> target(const PolicyQuestion& q) {
    if (q.inventory.has_target(q.command.target) && is_safe_word(q.command.target)) {
        return std::nullopt;
    }
    return refuse(Refusal::target, "'" + q.command.target + "' is not in the inventory");
}

std::optional<Decision> words(const PolicyQuestion& q) {
    const auto& argv = q.command.argv;
    if (argv.empty() || argv[0].empty()) return refuse(Refusal::argv, "the command is empty");
    if (argv[0].find('/') != std::string::npos && argv[0][0] != '/') {
        return refuse(Refusal::argv, "'" + argv[0] + "' is neither an absolute path nor a name");
    }
    size_t bytes = 0;
    for (const std::string& word : argv) {
        bytes += word.size() + 1;
        if (word.find('\0') != std::string::npos) {
            return refuse(Refusal::argv, "a word of the command holds a NUL byte");
        }
    }
    if (bytes > kArgvBytes) return refuse(Refusal::argv, "the command is over 64 KiB");
    return std::nullopt;
}

std::optional<Decision> attempts(const PolicyQuestion& q) {
    const int allowed = attempts_allowed(q.entry, q.limits);
    if (q.attempt <= allowed) return std::nullopt;
    return refuse(Refusal::budget, "attempt " + std::to_string(q.attempt) + " is over the " +
                                       std::to_string(allowed) + " allowed (attempts)");
}

std::optional<Decision> self_protection(const PolicyQuestion& q) {
    if (!is_effect(q.command.kind) || q.entry.risk == Risk::destructive) return std::nullopt;
    const std::string found = find_protected(q.command.argv, q.command.target, q.protected_things);
    if (found.empty()) return std::nullopt;
    return refuse(Refusal::policy,
                  "it touches " + found + ", which only an entry of risk 'destructive' may");
}

std::optional<Decision> systemic(const PolicyQuestion& q) {
    if (!q.systemic || q.entry.common_cause) return std::nullopt;
    return refuse(Refusal::policy,
                  "many targets failed at once: only an entry for their common cause may act");
}

std::optional<Decision> learned(const PolicyQuestion& q) {
    if (!q.entry.learned || q.entry.risk != Risk::destructive) return std::nullopt;
    return refuse(Refusal::policy, "a learned entry may never be destructive");
}

std::optional<Decision> budget(const PolicyQuestion& q) {
    if (!is_effect(q.command.kind)) return std::nullopt;
    if (q.budget.verdict == BudgetAnswer::Verdict::room) return std::nullopt;
    const bool wait = q.budget.verdict == BudgetAnswer::Verdict::wait;
    return Decision{wait ? Verdict::wait : Verdict::refuse, wait ? Refusal::busy : Refusal::budget,
                    q.budget.reason, 0, q.budget.again_at};
}

// Why the approval that is there does not do, or "".
std::string unfit(const PolicyQuestion& q, int needed) {
    if (!q.approval) return "nobody has said yes yet";
    if (!equal_constant_time(q.approval->plan_sha256, q.plan_sha256)) {
        return "the approval is of other commands";
    }
    const Time begun = q.approval_used_at.value_or(q.now);
    if (q.approval->at > begun) return "the approval is from the future";
    if (begun - q.approval->at > q.limits.approval_valid) {
        return "the approval is older than " + format_duration(q.limits.approval_valid);
    }
    if (begun > q.now || q.now - begun > kPlanLife) {
        return "the approval was taken up more than " + format_duration(kPlanLife) + " ago";
    }
    std::set<std::string> people;
    for (const std::string& name : q.approval->by) {
        const std::string_view bare = trim(name);
        if (!bare.empty()) people.insert(to_lower(bare));
    }
    if (static_cast<int>(people.size()) < needed) {
        return std::to_string(people.size()) + " of them so far";
    }
    return "";
}

std::optional<Decision> approval(const PolicyQuestion& q) {
    if (!is_effect(q.command.kind)) return std::nullopt;
    const int needed = approvers_needed(q.entry, q.mode, q.proposed);
    if (needed == 0) return std::nullopt;
    const std::string why = unfit(q, needed);
    if (why.empty()) return std::nullopt;
    return Decision{Verdict::ask, Refusal::approval,
                    std::string(needed == 1 ? "one person" : "two different people") +
                        " must approve it: " + why,
                    needed, std::nullopt};
}

// In this order; the first objection decides. What can never be comes before what cannot be now, so
// that nobody is asked to approve what would be refused.
constexpr std::array<Rule, 11> kRules{kill_switch, mode,    entry_is_on, target,
                                      words,       learned, attempts,    self_protection,
                                      systemic,    budget,  approval};

}  // namespace

int approvers_needed(const Entry& entry, Mode mode, bool proposed) {
    int needed = 0;
    switch (entry.risk) {
        case Risk::low: needed = 0; break;
        case Risk::medium: needed = entry.autonomy == Autonomy::automatic ? 0 : 1; break;
        case Risk::high: needed = 1; break;
        case Risk::destructive: needed = 2; break;
    }
    if (proposed || mode != Mode::automatic || entry.autonomy != Autonomy::automatic) {
        needed = std::max(needed, 1);
    }
    return needed;
}

int attempts_allowed(const Entry& entry, const Limits& limits) {
    if (!entry.retries) return limits.attempts;
    return std::min(limits.attempts, std::max(0, *entry.retries) + 1);
}

Decision judge(const PolicyQuestion& question) {
    for (const Rule rule : kRules) {
        if (auto decision = rule(question)) return *decision;
    }
    return {Verdict::allow, Refusal::none, "", 0, std::nullopt};
}

}  // namespace ops

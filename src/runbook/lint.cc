// Warnings: what is no mistake of language but hardly what was meant.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "expr/tree.h"
#include "runbook/danger.h"
#include "runbook/runbook_parts.h"
#include "runbook/words.h"

namespace ops {
namespace {

std::vector<std::string> all_targets(const Inventory& inventory) {
    std::vector<std::string> names;
    for (const Host& host : inventory.hosts) names.push_back(host.name);
    for (const Service& service : inventory.services) names.push_back(service.name);
    for (const std::string& signal : inventory.signals) names.push_back(signal);
    return names;
}

std::vector<std::string> names_for(std::string_view fact, const Inventory& inventory) {
    std::vector<std::string> names;
    if (fact == "host") {
        for (const Host& host : inventory.hosts) names.push_back(host.name);
    } else {
        for (const Service& service : inventory.services) {
            names.push_back(fact == "group" ? service.group : service.name);
        }
    }
    if (fact == "service") {
        for (const std::string& signal : inventory.signals) names.push_back(signal);
    }
    std::erase(names, std::string());
    return names;
}

// `service == "grafna"`: a name that the configuration does not know.
void warn_of_unknown_names(const Entry& entry, const RunbookDraft& draft) {
    for (const expr::Expression& symptom : entry.symptoms) {
        const expr::Tree& tree = symptom.tree();
        for (const expr::Node& node : tree.nodes) {
            if (node.op != expr::Op::equal) continue;
            const expr::Node* fact = &tree.nodes[node.left];
            const expr::Node* value = &tree.nodes[node.right];
            if (fact->op != expr::Op::fact) std::swap(fact, value);
            if (fact->op != expr::Op::fact || value->op != expr::Op::constant) continue;
            const std::string& what = tree.names[fact->item];
            const Value& name = tree.constants[value->item];
            if ((what != "service" && what != "host" && what != "group") ||
                name.type() != Type::string) {
                continue;
            }
            const std::vector<std::string> known = names_for(what, draft.settings.inventory);
            if (std::find(known.begin(), known.end(), name.text()) != known.end()) continue;
            draft.problems.warning(entry.place, "'" + entry.name +
                                                    "' can never match: there is no " + what +
                                                    " '" + name.text() + "' in the configuration" +
                                                    did_you_mean(name.text(), known));
        }
    }
}

bool may_match_any(const Entry& entry, const Inventory& inventory) {
    const std::vector<std::string> targets = all_targets(inventory);
    return std::any_of(targets.begin(), targets.end(), [&](const std::string& target) {
        return may_match(entry, target, inventory);
    });
}

bool warn_if_never(const Entry& entry, const RunbookDraft& draft) {
    std::string why;
    const bool possible =
        entry.any ? std::any_of(entry.symptoms.begin(), entry.symptoms.end(),
                                [&](const auto& one) { return can_hold_together({one}, why); })
                  : can_hold_together(entry.symptoms, why);
    if (!possible) {
        draft.problems.warning(entry.place, "'" + entry.name + "' can never match: " + why);
        return true;
    }
    if (may_match_any(entry, draft.settings.inventory)) return false;
    const size_t before = draft.problems.all().size();
    warn_of_unknown_names(entry, draft);
    if (draft.problems.all().size() == before) {
        draft.problems.warning(entry.place, "'" + entry.name +
                                                "' can never match: no host, service or signal "
                                                "of the configuration has all of its facts");
    }
    return true;
}

void warn_if_always(const Entry& entry, const RunbookDraft& draft) {
    const auto& symptoms = entry.symptoms;
    const bool always = entry.any ? std::any_of(symptoms.begin(), symptoms.end(), is_always_true)
                                  : std::all_of(symptoms.begin(), symptoms.end(), is_always_true);
    if (!always) return;
    draft.problems.warning(
        entry.place, "'" + entry.name + "' always matches: its symptoms hold whatever is known");
}

// A criterion may speak of facts that nobody has yet, such as those of an event.
void warn_of_criterion(const Criterion& criterion, const RunbookDraft& draft) {
    if (!criterion.when || criterion.place.file != draft.runbook.file) return;
    Entry as_entry;
    as_entry.name = criterion.name;
    as_entry.place = criterion.place;
    as_entry.symptoms.push_back(*criterion.when);
    std::string why;
    if (!can_hold_together(as_entry.symptoms, why)) {
        draft.problems.warning(criterion.place, "'" + criterion.name + "' can never match: " + why);
    } else if (!may_match_any(as_entry, draft.settings.inventory)) {
        warn_of_unknown_names(as_entry, draft);
    }
}

void warn_of_steps(const Entry& entry, const RunbookDraft& draft) {
    const bool acts = std::any_of(entry.steps.begin(), entry.steps.end(),
                                  [](const Step& step) { return step.has_effect(); });
    const bool verifies = std::any_of(entry.steps.begin(), entry.steps.end(), [](const Step& step) {
        return step.kind == Step::Kind::verify;
    });
    if (acts && !verifies) {
        draft.problems.warning(entry.place, "'" + entry.name +
                                                "' has no 'verify': the checks of its target "
                                                "decide whether it worked");
    }
    for (const Step& step : entry.steps) {
        if (!step.has_effect() || step.effect != Effect::once || step.effect_given) continue;
        draft.problems.warning(step.place,
                               "'" + clip_end(step.text, 64) +
                                   "' is not known to be idempotent, so it never runs twice: say "
                                   "'effect: idempotent' if it may, or 'effect: once'");
    }
}

// `effect: read` on what the table knows to change something.
void warn_of_effects(const Entry& entry, const RunbookDraft& draft) {
    for (const Step& step : entry.steps) {
        if (!step.effect_given || step.command.words.empty()) continue;
        const Danger danger = danger_of(step.command);
        if (danger.known <= step.effect) continue;
        draft.problems.warning(step.place, "'" + clip_end(step.text, 64) + "' is said to be '" +
                                               std::string(name_of(step.effect)) +
                                               "', but is known as '" +
                                               std::string(name_of(danger.known)) + "'");
    }
}

// {group} and {n} of a host, {restart} of what has none.
void warn_of_unfillable(const Entry& entry, const RunbookDraft& draft) {
    const Inventory& inventory = draft.settings.inventory;
    const std::vector<std::string> targets = all_targets(inventory);
    for (const Step& step : entry.steps) {
        if (step.command.words.empty() && !step.command.restart_target) continue;
        std::string why;
        // The first target that it can run on is enough.
        const bool fits =
            std::any_of(targets.begin(), targets.end(), [&](const std::string& target) {
                if (!may_match(entry, target, inventory)) return false;
                Result<CommandLine> line = fill_in(step.command, target, inventory);
                if (!line.ok()) why = line.error().message;
                return line.ok();
            });
        if (!fits) draft.problems.warning(step.place, "this step can never run: " + why);
    }
}

// An entry that a full disk on one host sets going and that makes room on another.
void warn_of_other_host(const Entry& entry, const RunbookDraft& draft) {
    const Inventory& inventory = draft.settings.inventory;
    for (const Step& step : entry.steps) {
        const std::string& host = step.command.host;
        if (step.kind != Step::Kind::command || inventory.find_host(host) == nullptr) continue;
        for (const Host& other : inventory.hosts) {
            if (other.name == host || !may_match(entry, other.name, inventory)) continue;
            draft.problems.warning(step.place, "'" + entry.name + "' also matches the host '" +
                                                   other.name + "', but this acts on '" + host +
                                                   "': add a symptom host == \"" + host +
                                                   "\" or write ssh {host}");
            return;
        }
    }
}

void warn_of_checks(const Entry& entry, const RunbookDraft& draft) {
    for (const Step& step : entry.steps) {
        if (step.kind != Step::Kind::verify || step.verification.kind != Verification::Kind::http)
            continue;
        const auto& checks = draft.settings.checks;
        const bool has_http =
            std::any_of(checks.begin(), checks.end(), [&](const CheckSettings& check) {
                return check.check["http"] &&
                       may_match(entry, check.target, draft.settings.inventory);
            });
        if (has_http) continue;
        draft.problems.warning(step.place, "no target of '" + entry.name +
                                               "' has an http check, so all its "
                                               "checks are asked");
    }
}

// An attempt begins only when the budget has room for all of it, undo included
// (docs/decisions/what-counts-against-a-budget.md): a plan that is longer than the budget never
// does.
void warn_of_budget(const Entry& entry, const RunbookDraft& draft) {
    const Settings& settings = draft.settings;
    const bool by_day = settings.limits.actions_per_day < settings.limits.actions_per_hour;
    const int most = by_day ? settings.limits.actions_per_day : settings.limits.actions_per_hour;
    for (const std::string& about : all_targets(settings.inventory)) {
        if (!may_match(entry, about, settings.inventory)) continue;
        std::map<std::string, int> actions;  // by target
        actions[about] = static_cast<int>(entry.undo.size());
        const Step* too_many = nullptr;
        for (const Step& step : entry.steps) {
            if (!step.has_effect()) continue;
            int& count = actions[step.service.empty() ? about : step.service];
            count += 1 + static_cast<int>(step.undo.size());
            if (count > most && too_many == nullptr) too_many = &step;
        }
        if (too_many == nullptr) continue;
        const auto longest = std::max_element(
            actions.begin(), actions.end(),
            [](const auto& one, const auto& other) { return one.second < other.second; });
        draft.problems.warning(
            too_many->place,
            "'" + entry.name + "' can never run: with what undoes it, it is " +
                std::to_string(longest->second) + " actions on '" + longest->first + "', and '" +
                (by_day ? "actions_per_day" : "actions_per_hour") + "' is " + std::to_string(most));
        return;
    }
}

std::string symptoms_of(const Entry& entry) {
    std::vector<std::string> texts;
    for (const expr::Expression& symptom : entry.symptoms) texts.push_back(symptom.print());
    std::sort(texts.begin(), texts.end());
    return (entry.any ? "any\n" : "all\n") + join(texts, "\n");
}

}  // namespace

void lint_entries(const RunbookDraft& draft) {
    std::map<std::string, const Entry*> seen;
    for (const Entry& entry : draft.runbook.entries) {
        if (!entry.enabled || entry.symptoms.empty()) continue;
        const auto [first, is_new] = seen.emplace(symptoms_of(entry), &entry);
        if (!is_new) {
            draft.problems.warning(entry.place, "'" + entry.name + "' has the same symptoms as '" +
                                                    first->second->name + "' at " +
                                                    first->second->place.print() +
                                                    ", which comes first");
        }
        warn_of_steps(entry, draft);
        warn_of_effects(entry, draft);
        warn_of_budget(entry, draft);
        if (warn_if_never(entry, draft)) continue;
        warn_if_always(entry, draft);
        warn_of_unfillable(entry, draft);
        warn_of_other_host(entry, draft);
        warn_of_checks(entry, draft);
    }
    for (const Criterion& criterion : draft.runbook.criteria) warn_of_criterion(criterion, draft);
    warn_of_windows(draft);
}

}  // namespace ops

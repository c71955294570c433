#include "runbook/learned.h"

#include <algorithm>

#include "base/text.h"
#include "runbook/builtin.h"
#include "runbook/runbook_parts.h"

namespace ops {
namespace {

Error denied(std::string why) { return {Fault::denied, std::move(why)}; }

std::string quoted(std::string_view text) {
    return "'" + printable(clip_end(std::string(text), 80), Lines::flatten) + "'";
}

std::vector<std::string> targets_of(const Entry& entry, const Inventory& inventory) {
    std::vector<std::string> targets;
    const auto add = [&](const std::string& name) {
        if (may_match(entry, name, inventory)) targets.push_back(name);
    };
    for (const Host& host : inventory.hosts) add(host.name);
    for (const Service& service : inventory.services) add(service.name);
    for (const std::string& signal : inventory.signals) add(signal);
    return targets;
}

// An entry of the operator that has this step and may be about this target.
struct Source {
    Entry entry;
    Step step;
};

bool is_more_free(const Entry& one, const Entry& other) {
    if (one.risk != other.risk) return one.risk < other.risk;
    return one.autonomy > other.autonomy;
}

bool is_plain_restart(const Step& step, const std::string& target) {
    const bool of_target = step.service == target || step.command.restart_target;
    return step.kind == Step::Kind::restart && of_target && step.as_user.empty() &&
           step.undo.empty() && step.timeout == Duration::zero() && !step.continue_on_error;
}

std::optional<Source> find_source(const Step& step, const std::string& target, const Runbook& own,
                                  const Inventory& inventory) {
    const Service* const service = inventory.find_service(target);
    if (service != nullptr && !service->restart.empty() && is_plain_restart(step, target)) {
        Entry entry = builtin_restart(*service);
        Step own_step = step.command.restart_target ? step : entry.steps.front();
        return Source{std::move(entry), std::move(own_step)};
    }
    const std::string words = canonical_words(step);
    const Entry* found = nullptr;
    const Step* found_step = nullptr;
    for (const Entry& entry : own.entries) {
        // What the operator switched off, or lets only watch, lends nothing.
        if (entry.learned || !entry.enabled || entry.autonomy == Autonomy::shadow) continue;
        if (found != nullptr && !is_more_free(entry, *found)) continue;
        if (!may_match(entry, target, inventory)) continue;
        for (const Step& one : entry.steps) {
            if (canonical_words(one) != words) continue;
            found = &entry;
            found_step = &one;
            break;
        }
    }
    if (found == nullptr) return std::nullopt;
    return Source{*found, *found_step};
}

template <class Count>
void take_least(std::optional<Count>& limit, const std::optional<Count>& other) {
    if (other && (!limit || *other < *limit)) limit = other;
}

// What holds for the entry that lends a step holds for the one that borrows it.
void take_over_limits(const Entry& source, Entry& derived) {
    derived.risk = std::max(derived.risk, source.risk);
    derived.autonomy = std::min(derived.autonomy, source.autonomy);
    derived.cooldown = std::max(derived.cooldown, source.cooldown);
    take_least(derived.max_per_hour, source.max_per_hour);
    take_least(derived.max_per_day, source.max_per_day);
}

// `check ...` asks the target's own checks, as is done anyway.
bool only_asks_checks(const Step& step) {
    return step.kind == Step::Kind::verify && step.verification.kind == Verification::Kind::checks;
}

// Takes one step over from where it stands for every target; notes whose undo belongs to it.
Result<Step> take_step(const Step& written, const std::vector<std::string>& targets,
                       const Runbook& own, const Inventory& inventory, Entry& derived,
                       std::vector<std::vector<CommandText>>& undos) {
    if (only_asks_checks(written)) return written;
    Step step = written;
    bool is_first = true;
    for (const std::string& target : targets) {
        std::optional<Source> source = find_source(written, target, own, inventory);
        if (!source) {
            return denied("no entry of the runbook that may be about " + quoted(target) +
                          " has the step " + quoted(written.text));
        }
        take_over_limits(source->entry, derived);
        source->step.effect =
            is_first ? source->step.effect : std::max(source->step.effect, step.effect);
        source->step.risk = is_first ? source->step.risk : std::max(source->step.risk, step.risk);
        if (source->step.has_effect() && !source->entry.undo.empty()) {
            const std::string words = canonical_words(source->entry.undo);
            const bool known = std::any_of(undos.begin(), undos.end(), [&](const auto& undo) {
                return canonical_words(undo) == words;
            });
            if (!known) undos.push_back(source->entry.undo);
        }
        step = std::move(source->step);
        is_first = false;
    }
    step.place = written.place;
    return step;
}

Result<> check_form(const Entry& written) {
    if (!written.learned) return denied("it is not marked 'learned: true'");
    if (written.any) return denied("'any' would make it match more than was seen");
    const Entry plain;
    if (written.level || written.escalate != plain.escalate) {
        return denied("it may not say who is told: 'level' and 'escalate' are the operator's");
    }
    if (written.hold > Duration::zero()) return denied("'for' is not kept of what was learned");
    if (written.symptoms.empty() || written.steps.empty()) {
        return denied("it needs symptoms and steps");
    }
    const auto acts = [](const Step& step) { return step.has_effect(); };
    if (std::none_of(written.steps.begin(), written.steps.end(), acts)) {
        return denied("it repairs nothing");
    }
    return {};
}

}  // namespace

const Entry* LearnedEntries::find(std::string_view name) const {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const Entry& entry) { return entry.name == name; });
    return found == entries.end() ? nullptr : &*found;
}

Result<Entry> derive_learned(const Entry& written, const Runbook& own, const Settings& settings) {
    TRY(check_form(written));
    if (own.find(written.name) != nullptr || written.name == kBuiltinRestart) {
        return denied("the runbook has an entry of this name");
    }
    const std::vector<std::string> targets = targets_of(written, settings.inventory);
    if (targets.empty()) return denied("it can never match");
    Entry derived;
    derived.name = written.name;
    derived.place = written.place;
    derived.symptoms = written.symptoms;
    derived.group_facts = written.group_facts;
    derived.risk = written.risk;
    derived.risk_given = true;
    derived.autonomy = written.autonomy;
    derived.retries = 0;  // one try: a failure is a person's, and costs a rung
    derived.owner = written.owner;
    derived.url = written.url;
    derived.enabled = written.enabled;
    derived.learned = true;
    derived.common_cause = false;
    derived.effect = Effect::read;
    std::vector<std::vector<CommandText>> undos;
    for (const Step& step : written.steps) {
        derived.steps.push_back(
            TRY(take_step(step, targets, own, settings.inventory, derived, undos)));
        derived.effect = std::max(derived.effect, derived.steps.back().effect);
        derived.risk = std::max(derived.risk, derived.steps.back().risk);
    }
    for (auto undo = undos.rbegin(); undo != undos.rend(); ++undo) {
        derived.undo.insert(derived.undo.end(), undo->begin(), undo->end());
    }
    if (!written.undo.empty() && canonical_words(written.undo) != canonical_words(derived.undo)) {
        return denied("its 'undo' is not that of the entry whose steps it takes");
    }
    if (derived.risk == Risk::destructive) return denied("a learned entry is never destructive");
    derived.sha256 = hash_of(derived);
    return derived;
}

LearnedEntries read_learned(const ConfigText& text, const Runbook& own, const Settings& settings) {
    LearnedEntries learned;
    Problems problems;
    const std::optional<Runbook> written = read_runbook(text, settings, problems);
    if (!written) {
        const auto& all = problems.all();
        const auto first = std::find_if(all.begin(), all.end(), [](const Problem& problem) {
            return problem.kind == Problem::Kind::error;
        });
        learned.refused.push_back({"", first->place, first->message});
        return learned;
    }
    // What the file leaves out would be the most free rung: it must be said.
    Problems told;  // already
    const Node root = parse_yaml(text.text, text.file, told);
    const Node& list = root["common_issues"];
    for (size_t i = 0; i < written->entries.size(); ++i) {
        const Entry& entry = written->entries[i];
        Result<Entry> derived = i < list.items.size() && list.items[i]["autonomy"]
                                    ? derive_learned(entry, own, settings)
                                    : denied("it does not say its 'autonomy'");
        if (derived.ok()) {
            learned.entries.push_back(std::move(derived).value());
            learned.written.push_back(entry.autonomy);
        } else {
            learned.refused.push_back({entry.name, entry.place, derived.error().message});
        }
    }
    return learned;
}

Entry with_autonomy(Entry entry, Autonomy autonomy) {
    entry.autonomy = autonomy;
    entry.sha256 = hash_of(entry);
    return entry;
}

std::string learned_id(const Entry& entry) {
    Entry bare = entry;
    bare.autonomy = Autonomy::shadow;
    return "lrn-" + hash_of(bare).substr(0, 10);
}

}  // namespace ops

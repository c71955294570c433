#include <algorithm>
#include <set>

#include "base/text.h"
#include "runbook/alert_facts.h"
#include "runbook/builtin.h"
#include "runbook/danger.h"
#include "runbook/runbook_parts.h"

namespace ops {
namespace {

constexpr std::string_view kSymptom = "a symptom";

template <class Kind>
std::optional<Kind> read_kind(Fields& fields, std::string_view key,
                              std::initializer_list<std::string_view> words,
                              std::initializer_list<Kind> kinds) {
    if (!fields.has(key)) {
        (void)fields.node(key);
        return std::nullopt;
    }
    const std::string word = fields.choice(key, words, "");
    const auto found = std::find(words.begin(), words.end(), word);
    if (found == words.end()) return std::nullopt;
    return *(kinds.begin() + (found - words.begin()));
}

std::optional<int> read_count(Fields& fields, std::string_view key, int least, int most) {
    const int count = fields.integer(key, -1, least, most);
    return count < 0 ? std::nullopt : std::optional(count);
}

void read_symptoms(Fields& fields, const Node& entry_node, Entry& entry, RunbookDraft& draft) {
    const Node& node = fields.node("symptoms");
    const bool misspelt = fields.has_misspelt("symptoms");
    if (node.is_map()) {
        draft.problems.error(node.place, "'symptoms' must be a list of expressions, not a map");
        return;
    }
    const auto read_one = [&](const Node& symptom) {
        if (std::optional<expr::Expression> read = read_condition(symptom, kSymptom, draft)) {
            entry.symptoms.push_back(std::move(*read));
        }
    };
    if (node.is_scalar()) read_one(node);
    for (const Node& item : node.items) read_one(item);
    const bool none =
        !node || node.kind == Node::Kind::null || (node.is_list() && node.items.empty());
    if (none && !misspelt && !entry_node.damaged) {
        draft.problems.error(node ? node.place : entry_node.place,
                             "entry '" + entry.name + "' needs 'symptoms'");
    }
}

void read_steps(Fields& fields, const Node& entry_node, Entry& entry, RunbookDraft& draft) {
    const Node& node = fields.node("auto_resolve");
    const bool misspelt = fields.has_misspelt("auto_resolve");
    if (node.is_list() && node.items.empty()) {
        draft.problems.warning(entry.place, "'" + entry.name + "' has no steps, it does nothing");
    }
    if (node.is_scalar() || node.is_map()) {
        draft.problems.error(
            node.place,
            "'auto_resolve' must be a list of steps ('- command: ...'), not " + node.describe());
        return;
    }
    if ((!node || node.kind == Node::Kind::null) && !misspelt && !entry_node.damaged) {
        draft.problems.error(node ? node.place : entry_node.place,
                             "entry '" + entry.name + "' needs 'auto_resolve', a list of steps");
    }
    for (const Node& item : node.items) {
        if (std::optional<Step> step = read_step(item, draft))
            entry.steps.push_back(std::move(*step));
    }
}

// What the whole entry risks: its worst step, or what undoes it, and no less than the operator
// says.
void settle_risk(Fields& fields, Entry& entry, RunbookDraft& draft) {
    Risk worst = Risk::low;
    for (const Step& step : entry.steps) worst = std::max(worst, step.risk);
    for (const CommandText& command : entry.undo) worst = std::max(worst, danger_of(command).risk);
    const std::optional<Risk> given =
        read_kind(fields, "risk", {"low", "medium", "high", "destructive"},
                  {Risk::low, Risk::medium, Risk::high, Risk::destructive});
    entry.risk_given = given.has_value();
    entry.risk = std::max(worst, given.value_or(Risk::low));
    if (given && *given < worst) {
        draft.problems.warning(fields.place_of("risk"),
                               "the steps of '" + entry.name + "' are of risk " +
                                   std::string(name_of(worst)) + ", which counts instead of " +
                                   std::string(name_of(*given)));
    }
}

void settle_effect(Fields& fields, Entry& entry) {
    const std::optional<Effect> given = read_kind(fields, "effect", {"read", "idempotent", "once"},
                                                  {Effect::read, Effect::idempotent, Effect::once});
    entry.effect = Effect::read;
    for (Step& step : entry.steps) {
        if (given && step.has_effect() && !step.effect_given) {
            step.effect = *given;
            step.effect_given = true;
        }
        entry.effect = std::max(entry.effect, step.effect);
    }
}

bool mentions(const expr::Expression& expression, std::string_view fact) {
    const std::vector<std::string> facts = expression.facts();
    return std::find(facts.begin(), facts.end(), fact) != facts.end();
}

// Does it cure what many others hang on: a host, a parent, the supervisor of processes?
bool is_common_cause(const Entry& entry, const Settings& settings) {
    for (const Step& step : entry.steps) {
        for (const std::string& word : step.command.words) {
            if (word == "supervisord" || word == "supervisor" || word == "supervisor.service")
                return true;
        }
    }
    const Inventory& inventory = settings.inventory;
    if (std::any_of(inventory.hosts.begin(), inventory.hosts.end(),
                    [&](const Host& host) { return may_match(entry, host.name, inventory); })) {
        return true;
    }
    const bool names_service =
        std::any_of(entry.symptoms.begin(), entry.symptoms.end(),
                    [](const auto& one) { return mentions(one, "service"); });
    if (!names_service) return false;
    std::set<std::string> parents;
    for (const Service& service : inventory.services) {
        parents.insert(service.depends_on.begin(), service.depends_on.end());
    }
    return std::any_of(parents.begin(), parents.end(), [&](const std::string& parent) {
        return may_match(entry, parent, inventory);
    });
}

// True when a word of a command that changes something is our data folder or lies in it. Only an
// absolute folder can be recognised.
bool touches_data(const CommandText& command, const std::string& folder) {
    if (!folder.starts_with('/') || danger_of(command).effect == Effect::read) return false;
    return std::any_of(command.words.begin(), command.words.end(), [&](const std::string& word) {
        return word == folder || word.starts_with(folder + "/");
    });
}

void refuse_protected(const Entry& entry, RunbookDraft& draft) {
    if (entry.risk == Risk::destructive) return;
    const std::string& folder = draft.settings.agent.data_dir;
    const auto refuse = [&](const CommandText& command, const Place& place) {
        std::string thing = protected_thing(command);
        if (thing.empty() && touches_data(command, folder)) thing = "ops-agent's own data";
        if (thing.empty()) return;
        draft.problems.error(
            place, "this acts on " + thing + ", which only an entry with 'risk: destructive' may");
    };
    for (const Step& step : entry.steps) {
        refuse(step.command, step.place);
        refuse(step.verification.command, step.place);
        for (const CommandText& command : step.collect) refuse(command, step.place);
        for (const CommandText& command : step.undo) refuse(command, step.place);
    }
    for (const CommandText& command : entry.undo) refuse(command, entry.place);
}

void refuse_taken_name(const Entry& entry, Fields& fields, RunbookDraft& draft) {
    if (entry.name == kBuiltinRestart) {
        draft.problems.error(
            fields.place_of("name"),
            "'" + entry.name + "' is the built-in entry, give this one another name");
    }
    if (const Entry* const first = draft.runbook.find(entry.name)) {
        draft.problems.error(
            fields.place_of("name"),
            "the name '" + entry.name + "' is taken by the entry at " + first->place.print());
    }
}

void note_group_facts(Entry& entry, const Inventory& inventory) {
    for (const expr::Expression& symptom : entry.symptoms) {
        std::vector<std::string> facts = symptom.facts();
        for (std::string& fact : symptom.history_facts()) facts.push_back(std::move(fact));
        for (std::string& fact : facts) {
            std::string group = group_of_fact(fact, inventory);
            if (!group.empty()) entry.group_facts.emplace_back(std::move(fact), std::move(group));
        }
    }
}

// Events are pushed under names that only the sender knows, so an unknown one is no error.
class PushedEvents final : public expr::Names {
public:
    explicit PushedEvents(const TargetNames& names) : names_(names) {}
    void allow(std::string event) { allowed_.push_back(std::move(event)); }
    bool any() const { return !allowed_.empty(); }
    std::optional<Type> fact(std::string_view name) const override { return names_.fact(name); }
    bool event(std::string_view name) const override {
        return names_.event(name) ||
               std::find(allowed_.begin(), allowed_.end(), name) != allowed_.end();
    }
    std::vector<std::string> all() const override { return names_.all(); }

private:
    const TargetNames& names_;
    std::vector<std::string> allowed_;
};

// Only a symptom is held against the incident of an alert, and an alert has no history.
void refuse_alert_facts(const expr::Expression& expression, const Node& node, std::string_view what,
                        RunbookDraft& draft) {
    const auto refuse = [&](const std::vector<std::string>& names, const std::string& why) {
        const auto found = std::find_if(names.begin(), names.end(), is_alert_fact);
        if (found == names.end()) return;
        draft.problems.error(node.place_of(node.text.find(*found)), "'" + *found + "' " + why);
    };
    if (what != kSymptom) {
        refuse(expression.facts(), "is known in symptoms only, not in " + std::string(what));
    }
    refuse(expression.history_facts(), "has no history: it is of one alert");
}

}  // namespace

std::optional<expr::Expression> read_condition(const Node& node, std::string_view what,
                                               RunbookDraft& draft) {
    if (!node.is_scalar() || trim(node.text).empty()) {
        if (!node.damaged) {
            draft.problems.error(node.place,
                                 std::string(what) +
                                     " must be an expression such as 'disk_usage > 90%', not " +
                                     node.describe());
        }
        return std::nullopt;
    }
    expr::Parsed parsed = expr::parse_condition(node.text, draft.names);
    PushedEvents names(draft.names);
    for (const expr::Problem& problem : parsed.problems) {
        if (!problem.message.starts_with("unknown event '")) continue;
        const std::string event = node.text.substr(problem.offset, problem.length);
        names.allow(event);
        draft.problems.warning(node.place_of(problem.offset),
                               "the event '" + event +
                                   "' is known only if somebody pushes it; name it "
                                   "under 'events' in the configuration" +
                                   did_you_mean(event, draft.names.all()));
    }
    if (names.any()) parsed = expr::parse_condition(node.text, names);
    for (const expr::Problem& problem : parsed.problems) {
        draft.problems.error(node.place_of(problem.offset), problem.message);
    }
    if (parsed.expression) refuse_alert_facts(*parsed.expression, node, what, draft);
    return std::move(parsed.expression);
}

void read_entry(const Node& node, RunbookDraft& draft) {
    Fields fields(node, "an entry", draft.problems);
    Entry entry;
    entry.name = fields.required_text("name");
    entry.place = fields.place_of("name");
    refuse_taken_name(entry, fields, draft);
    read_symptoms(fields, node, entry, draft);
    entry.any = fields.boolean("any", false);
    note_group_facts(entry, draft.settings.inventory);
    entry.hold = fields.duration("for", Duration::zero());
    read_steps(fields, node, entry, draft);
    entry.undo = read_commands(fields.node("undo"), "undo", draft);
    settle_effect(fields, entry);
    settle_risk(fields, entry, draft);
    entry.autonomy = read_kind(fields, "autonomy", {"shadow", "ask", "auto"},
                               {Autonomy::shadow, Autonomy::ask, Autonomy::automatic})
                         .value_or(Autonomy::automatic);
    entry.escalate =
        read_kind(fields, "escalate", {"never", "on_failure", "always"},
                  {EscalateWhen::never, EscalateWhen::on_failure, EscalateWhen::always})
            .value_or(EscalateWhen::on_failure);
    entry.level =
        read_kind(fields, "level", {"none", "log", "warning", "alert", "critical"},
                  {Level::none, Level::log, Level::warning, Level::alert, Level::critical});
    entry.cooldown = fields.duration("cooldown", Duration::zero());
    // With 0 it could never run: `enabled: false` says that.
    entry.max_per_hour = read_count(fields, "max_per_hour", 1, 10'000);
    entry.max_per_day = read_count(fields, "max_per_day", 1, 100'000);
    entry.retries = read_count(fields, "retries", 0, 100);
    entry.owner = fields.text("owner");
    entry.url = fields.text("url");
    entry.enabled = fields.boolean("enabled", true);
    entry.learned = fields.boolean("learned", false);
    entry.common_cause = fields.boolean("common_cause", is_common_cause(entry, draft.settings));
    fields.done();
    refuse_protected(entry, draft);
    if (entry.name.empty()) return;
    entry.sha256 = hash_of(entry);
    draft.runbook.entries.push_back(std::move(entry));
}

}  // namespace ops

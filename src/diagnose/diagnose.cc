#include "diagnose/diagnose.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/units.h"
#include "runbook/builtin.h"

namespace ops {
namespace {

// One entry as it looks from this target.
struct Judged {
    const Entry* entry = nullptr;
    bool matched = false;  // its symptoms hold
    std::string barred;    // why it may not run although they do
    std::string why;
    size_t symptoms = 0;  // what it knows about the case
    bool names = false;   // the service, host or group
    size_t holding = 0;   // of its symptoms
    bool is_near = false;
    std::vector<std::string> seen;  // of those that hold
};

// What the symptom came to: "memory_usage is 84%", of each fact and call in it.
std::string values_in(const expr::Expression& symptom, const expr::Explained& explained) {
    const std::vector<std::string> facts = symptom.facts();
    std::string values;
    for (const expr::Part& part : explained.parts) {
        const bool is_fact = std::find(facts.begin(), facts.end(), part.text) != facts.end();
        const bool is_call = part.value.is_quantity() && part.text.ends_with(')') && part.depth > 0;
        if (!is_fact && !is_call) continue;
        if (!values.empty()) values += ", ";
        values += part.text + " is " + part.value.print();
    }
    return values;
}

// A fact held against something that is not read: "memory_usage 84% is not > 90%". Nothing for
// other symptoms.
std::optional<std::string> compared(const expr::Expression& symptom,
                                    const expr::Explained& explained, std::string_view is) {
    const std::vector<std::string> facts = symptom.facts();
    if (facts.size() != 1 || !symptom.text().starts_with(facts[0])) return std::nullopt;
    const std::string_view rest = trim(std::string_view(symptom.text()).substr(facts[0].size()));
    constexpr auto kOperators = std::to_array<std::string_view>({"==", "!=", "<", ">", "in "});
    const bool is_comparison =
        std::any_of(kOperators.begin(), kOperators.end(),
                    [&](std::string_view one) { return rest.starts_with(one); });
    const bool is_one =
        rest.find(" and ") == std::string_view::npos && rest.find(" or ") == std::string_view::npos;
    if (!is_comparison || !is_one) return std::nullopt;
    for (const expr::Part& part : explained.parts) {
        if (part.text != facts[0] || part.value.is_unknown()) continue;
        return facts[0] + " " + part.value.print() + std::string(is) + std::string(rest);
    }
    return std::nullopt;
}

std::string why_not(const expr::Expression& symptom, const expr::Explained& explained) {
    if (!explained.missing.empty()) {
        return "'" + symptom.text() + "' is not known: " + join(explained.missing, ", ") +
               (explained.missing.size() == 1 ? " was never seen" : " were never seen");
    }
    const bool is_unknown = explained.value.is_unknown();
    if (!is_unknown) {
        if (auto words = compared(symptom, explained, " is not ")) return *std::move(words);
    }
    const std::string values = values_in(symptom, explained);
    const std::string why = "'" + symptom.text() + (is_unknown ? "' is not known" : "' is not so");
    for (const expr::Part& part : explained.parts) {
        if (is_unknown && !part.why_unknown.empty()) return why + ": " + part.why_unknown;
    }
    return values.empty() ? why : why + ": " + values;
}

std::string why_so(const expr::Expression& symptom, const expr::Explained& explained) {
    auto words = compared(symptom, explained, " is ");
    if (words && words->find(" is ==") != std::string::npos) return symptom.text();
    if (words) return *std::move(words);
    const std::string values = values_in(symptom, explained);
    return symptom.text() + (values.empty() ? "" : " (" + values + ")");
}

bool is_about_names(const expr::Expression& symptom) {
    const std::vector<std::string> facts = symptom.facts();
    return std::any_of(facts.begin(), facts.end(), [](const auto& fact) {
        return fact == "service" || fact == "host" || fact == "group";
    });
}

bool names_somebody(const Entry& entry) {
    return std::any_of(entry.symptoms.begin(), entry.symptoms.end(), is_about_names);
}

// Do the symptoms hold, and if not, which one does not?
void judge_symptoms(const Entry& entry, const Situation& situation, Judged& judged) {
    std::string first_wrong;
    for (const expr::Expression& symptom : entry.symptoms) {
        const expr::Explained explained = expr::explain(symptom, situation.world);
        if (expr::holds(explained.value)) {
            ++judged.holding;
            judged.seen.push_back(why_so(symptom, explained));
        } else if (first_wrong.empty()) {
            first_wrong = why_not(symptom, explained);
        }
    }
    const size_t all = entry.symptoms.size();
    const bool holds = entry.any ? judged.holding > 0 : judged.holding == all;
    if (!holds) {
        judged.why = first_wrong;
        judged.is_near = !entry.any && judged.holding > 0 && judged.holding + 1 == all;
        return;
    }
    const std::optional<Duration> held = situation.held(entry);
    if (!held) {
        judged.why = "its symptoms have not held for " + format_duration(entry.hold) + " yet";
        judged.is_near = true;
        return;
    }
    judged.matched = true;
}

Judged judge(const Entry& entry, const Inventory& inventory, const Situation& situation) {
    Judged judged;
    judged.entry = &entry;
    judged.symptoms = entry.any ? 1 : entry.symptoms.size();
    judged.names = names_somebody(entry);
    if (entry.symptoms.empty()) {
        judged.why = "it has no symptoms";
    } else if (!may_match(entry, situation.target, inventory)) {
        judged.why = situation.target.empty() ? "it is not about many services at once"
                                              : "it is not about '" + situation.target + "'";
    } else {
        judge_symptoms(entry, situation, judged);
    }
    if (!judged.matched) return judged;
    if (!entry.enabled) {
        judged.barred = "it is disabled";
    } else if (entry.autonomy == Autonomy::shadow) {
        judged.barred = "it is a shadow: it is watched, not run";
    } else if (situation.systemic && !entry.common_cause) {
        judged.barred = "many fail at once, and it is not an entry for their common cause";
    } else {
        judged.barred = situation.barred(entry);
    }
    return judged;
}

// The order of choice (diagnose.h); entries that are equal in it keep the order of the file.
bool is_better(const Judged& one, const Judged& other) {
    if (one.barred.empty() != other.barred.empty()) return one.barred.empty();
    if (one.symptoms != other.symptoms) return one.symptoms > other.symptoms;
    return one.names && !other.names;
}

std::string why_chosen(const Judged& chosen, const Judged* next) {
    if (next == nullptr || !next->barred.empty()) return "chosen";
    if (chosen.symptoms > next->symptoms) return "chosen: it has the most symptoms";
    if (chosen.names && !next->names) return "chosen: it names this service";
    return "chosen: it comes first in the file";
}

void choose_builtin(const Inventory& inventory, const Situation& situation, bool explained,
                    Diagnosis& diagnosis) {
    const std::string name(kBuiltinRestart);
    const Service* const service = inventory.find_service(situation.target);
    if (service == nullptr || !situation.down) return;
    if (explained) {
        // An entry that knows the case may not run now: a blunter tool is no way round that.
        diagnosis.considered.push_back({name, false, "an entry of the runbook fits, see there"});
        return;
    }
    if (service->restart.empty()) {
        diagnosis.considered.push_back(
            {name, false, "'" + service->name + "' has no restart command"});
        return;
    }
    const Value* trusted = situation.world.fact("tls_trusted");
    if (trusted != nullptr && trusted->type() == Type::boolean && !trusted->truth()) {
        diagnosis.considered.push_back(
            {name, false, "its certificate is not valid, and a restart brings no other one"});
        return;
    }
    Entry entry = builtin_restart(*service);
    std::string barred = situation.systemic
                             ? "many fail at once, and it is not an entry for their common cause"
                             : situation.barred(entry);
    if (!barred.empty()) {
        diagnosis.considered.push_back({name, true, std::move(barred)});
        return;
    }
    diagnosis.considered.push_back({name, true, "chosen: it is down and nothing else fits"});
    diagnosis.entry = std::move(entry);
    diagnosis.cause = service->name + " is down; no entry of the runbook says why";
}

std::string cause_of(const Entry& entry) {
    std::string symptoms;
    for (const expr::Expression& symptom : entry.symptoms) {
        symptoms += (symptoms.empty() ? "" : entry.any ? " or " : " and ") + symptom.text();
    }
    return entry.name + ": " + symptoms;
}

}  // namespace

Diagnosis diagnose(const Runbook& runbook, const Inventory& inventory, const Situation& situation) {
    std::vector<Judged> all;
    all.reserve(runbook.entries.size());
    for (const Entry& entry : runbook.entries) {
        all.push_back(judge(entry, inventory, situation));
    }
    std::vector<const Judged*> matching;
    for (const Judged& judged : all) {
        if (judged.matched) matching.push_back(&judged);
    }
    std::stable_sort(matching.begin(), matching.end(), [](const Judged* one, const Judged* other) {
        return is_better(*one, *other);
    });
    const Judged* const best =
        matching.empty() || !matching.front()->barred.empty() ? nullptr : matching.front();
    const Judged* const next = matching.size() > 1 ? matching[1] : nullptr;

    Diagnosis diagnosis;
    for (const Judged& judged : all) {
        std::string why = judged.why;
        if (judged.matched) {
            why = !judged.barred.empty() ? judged.barred
                  : &judged == best      ? why_chosen(judged, next)
                                         : "'" + best->entry->name + "' fits better";
        }
        diagnosis.considered.push_back({.entry = judged.entry->name,
                                        .matched = judged.matched,
                                        .why = std::move(why),
                                        .text = cause_of(*judged.entry),
                                        .seen = judged.seen,
                                        .symptoms = judged.entry->symptoms.size(),
                                        .holding = judged.holding,
                                        .is_near = judged.is_near});
    }
    if (best != nullptr) {
        diagnosis.entry = *best->entry;
        diagnosis.cause = cause_of(*best->entry);
        return diagnosis;
    }
    // A shadow or a disabled entry must not keep the service down: only one that is switched on has
    // the say.
    const bool explained = std::any_of(matching.begin(), matching.end(), [](const Judged* judged) {
        return judged->entry->enabled && judged->entry->autonomy != Autonomy::shadow;
    });
    choose_builtin(inventory, situation, explained, diagnosis);
    if (!diagnosis.entry && explained) diagnosis.cause = cause_of(*matching.front()->entry);
    return diagnosis;
}

std::string Diagnosis::barred() const {
    if (entry) return "";
    for (const Considered& one : considered) {
        if (!one.matched) continue;
        const std::string named = "entry '" + one.entry + "' ";
        const bool says_itself = one.why.starts_with(named);
        return named + "fits, but " +
               (says_itself ? "it " + one.why.substr(named.size()) : one.why);
    }
    return "";
}

Json Diagnosis::considered_json() const {
    Json list = Json::array();
    for (const Considered& one : considered) {
        list.push(Json::object({{"entry", one.entry}, {"matched", one.matched}, {"why", one.why}}));
    }
    return list;
}

}  // namespace ops

#include "agent/case.h"

#include <algorithm>

#include "base/text.h"

namespace ops {

void fold_words(const Event& event, Case& the_case) {
    const std::string said = event.body["event_text"].as_string();
    if (!said.empty()) {
        the_case.event_text = said;
        ++the_case.events;
    }
    if (event.kind == "incident.acknowledged") ++the_case.acknowledgements;
    if (event.body.has("folded_into")) {
        the_case.is_folded = !event.body["folded_into"].as_string().empty();
    }
}

void fold(const Event& event, Case& the_case) {
    apply(event, the_case.incident);
    fold_words(event, the_case);
    if (event.kind == "action.awaiting") the_case.plan = plan_of(event);
    if (!event.kind.starts_with("action.")) return;
    const std::string id = event.body["action"].as_string();
    auto found = std::find_if(the_case.actions.begin(), the_case.actions.end(),
                              [&](const Action& action) { return action.id == id; });
    if (found == the_case.actions.end()) {
        found = the_case.actions.insert(the_case.actions.end(), Action{});
    }
    apply(event, *found);
}

std::vector<std::string> plan_of(const Event& awaiting) {
    std::vector<std::string> plan;
    for (const Json& command : awaiting.body["commands"].items()) {
        std::string line = join(command["argv"].strings(), " ");
        const std::string host = command["host"].as_string(), user = command["as"].as_string();
        if (!host.empty()) line += " (on " + host + ")";
        if (!user.empty()) line += " (as " + user + ")";
        if (command["kind"].as_string() == "undo") line += " (only to undo it)";
        plan.push_back(std::move(line));
    }
    return plan;
}

bool did_harm(const Case& the_case) {
    return std::any_of(the_case.actions.begin(), the_case.actions.end(),
                       [](const Action& action) { return action.harmed; });
}

std::vector<std::string> harmed_by(const Case& the_case) {
    std::vector<std::string> harmed;
    for (const Action& action : the_case.actions) {
        harmed.insert(harmed.end(), action.harmed_targets.begin(), action.harmed_targets.end());
    }
    return harmed;
}

const Action* awaiting_action(const Case& the_case) {
    for (auto action = the_case.actions.rbegin(); action != the_case.actions.rend(); ++action) {
        if (action->state == "awaiting_approval") return &*action;
    }
    return nullptr;
}

}  // namespace ops

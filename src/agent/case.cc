#include "agent/case.h"

#include <algorithm>

namespace ops {

void fold(const Event& event, Case& the_case) {
    apply(event, the_case.incident);
    const std::string said = event.body["event_text"].as_string();
    if (!said.empty()) {
        the_case.event_text = said;
        ++the_case.events;
    }
    if (!event.kind.starts_with("action.")) return;
    const std::string id = event.body["action"].as_string();
    auto found = std::find_if(the_case.actions.begin(), the_case.actions.end(),
                              [&](const Action& action) { return action.id == id; });
    if (found == the_case.actions.end()) {
        found = the_case.actions.insert(the_case.actions.end(), Action{});
    }
    apply(event, *found);
}

bool did_harm(const Case& the_case) {
    return std::any_of(the_case.actions.begin(), the_case.actions.end(),
                       [](const Action& action) { return action.harmed; });
}

const Action* awaiting_action(const Case& the_case) {
    for (auto action = the_case.actions.rbegin(); action != the_case.actions.rend(); ++action) {
        if (action->state == "awaiting_approval") return &*action;
    }
    return nullptr;
}

}  // namespace ops

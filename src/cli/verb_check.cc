#include "agent/health.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/snapshot.h"
#include "cli/verbs.h"

namespace ops {
namespace {

Json target_json(const Snapshot& snapshot, const TargetState& state) {
    const Inventory& inventory = snapshot.loaded().settings.inventory;
    const Service* service = inventory.find_service(state.target);
    const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
    return Json::object(
        {{"name", state.target},
         {"group", or_null(service == nullptr ? "" : service->group)},
         {"host", or_null(service == nullptr ? "" : inventory.host_of(state.target))},
         {"status", name_of(state.status)},
         {"since", format_rfc3339(snapshot.now())},
         {"reason", state.reason},
         {"facts", snapshot.detector().facts(state.target, snapshot.now()).to_plain_json()}});
}

Colour colour_of(Status status) {
    switch (status) {
        case Status::up: return Colour::green;
        case Status::down: return Colour::red;
        case Status::degraded: return Colour::yellow;
        default: return Colour::dim;
    }
}

}  // namespace

int verb_check(const Invocation& invocation, Terminal& terminal) {
    const auto taken = Snapshot::take(invocation, "");
    if (!taken.ok()) return told(taken.error(), terminal);
    const Snapshot& snapshot = *taken.value();
    Json services = Json::array(), hosts = Json::array();
    size_t well = 0, unwell = 0, unseen = 0, all = 0;
    Table table({"", "NAME", "STATUS", "WHAT"});
    const std::vector<TargetState> states = snapshot.detector().states();
    for (const TargetState& state : states) {
        const bool is_host =
            snapshot.loaded().settings.inventory.find_host(state.target) != nullptr;
        (is_host ? hosts : services).push(target_json(snapshot, state));
        ++all;
        if (state.status == Status::up) ++well;
        if (state.status == Status::down || state.status == Status::degraded) ++unwell;
        // A check that could not be made says nothing good; a heartbeat is heard by the agent only.
        if (state.status == Status::unknown && !state.reason.empty() &&
            state.reason != "no heartbeat yet") {
            ++unseen;
        }
        const Colour colour = colour_of(state.status);
        table.row({{state.status == Status::up ? "●" : "✗", colour},
                   {state.target},
                   {std::string(name_of(state.status)), colour},
                   {state.reason}});
    }
    const bool is_well = unwell == 0 && unseen == 0;
    const std::string_view seen = overall_status(states, snapshot.loaded().settings.inventory);
    const std::string status(seen == "ok" && !is_well ? "degraded" : seen);
    if (invocation.json) {
        terminal.line(Json::object({{"status", status},
                                    {"at", format_rfc3339(snapshot.now())},
                                    {"services", services},
                                    {"hosts", hosts},
                                    {"open_incidents", 0}})
                          .dump_pretty());
    } else {
        table.print(terminal);
        for (const std::string& note : snapshot.notes())
            terminal.line(terminal.in(Colour::yellow, note));
        terminal.line();
        const size_t others = all - well - unwell;  // nobody could look, or nobody should
        terminal.line(status + ": " + std::to_string(well) + " of " + std::to_string(all) +
                      " well" + (others == 0 ? "" : ", " + std::to_string(others) + " unknown"));
    }
    return is_well ? kFine : kUnwell;
}

}  // namespace ops

#include "base/text.h"
#include "base/units.h"
#include "cli/client.h"
#include "cli/snapshot.h"
#include "cli/verbs.h"
#include "expr/expr.h"

namespace ops {
namespace {

Json target_json(const Snapshot& snapshot, const TargetState& state) {
    const Service* service = snapshot.loaded().settings.inventory.find_service(state.target);
    const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
    return Json::object(
        {{"name", state.target},
         {"group", or_null(service == nullptr ? "" : service->group)},
         {"host", or_null(service == nullptr ? "" : service->host)},
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
    size_t unwell = 0, down = 0, all = 0;
    Table table({"", "NAME", "STATUS", "WHAT"});
    for (const TargetState& state : snapshot.detector().states()) {
        const bool is_host =
            snapshot.loaded().settings.inventory.find_host(state.target) != nullptr;
        (is_host ? hosts : services).push(target_json(snapshot, state));
        ++all;
        if (state.status == Status::down) ++down;
        if (state.status == Status::down || state.status == Status::degraded) ++unwell;
        const Colour colour = colour_of(state.status);
        table.row({{state.status == Status::up ? "●" : "✗", colour},
                   {state.target},
                   {std::string(name_of(state.status)), colour},
                   {state.reason}});
    }
    const std::string status = unwell == 0 ? "ok" : down == all ? "down" : "degraded";
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
        terminal.line(status + ": " + std::to_string(all - unwell) + " of " + std::to_string(all) +
                      " well");
    }
    return unwell == 0 ? kFine : kUnwell;
}

// The value of the whole, then of every part, indented as it is nested; what is missing is said
// with the reason.
int verb_eval(const Invocation& invocation, Terminal& terminal) {
    const std::string target = invocation.option("--service");
    const auto taken = Snapshot::take(invocation, target);
    if (!taken.ok()) return told(taken.error(), terminal);
    const Snapshot& snapshot = *taken.value();
    const TargetNames names(snapshot.loaded().settings);
    const expr::Parsed parsed = expr::parse(invocation.words[0], names);
    if (!parsed.expression) {
        for (const expr::Problem& problem : parsed.problems) {
            terminal.problem("1:" + std::to_string(problem.offset + 1) +
                             ": error: " + problem.message);
            terminal.line(invocation.words[0]);
            terminal.line(std::string(problem.offset, ' ') +
                          std::string(std::max<size_t>(problem.length, 1), '^'));
        }
        return kUsage;
    }
    std::string about = target;
    const Inventory& inventory = snapshot.loaded().settings.inventory;
    if (about.empty() && !inventory.hosts.empty()) about = inventory.hosts[0].name;
    const auto world = snapshot.detector().world(about, snapshot.now());
    const expr::Explained explained = expr::explain(*parsed.expression, *world);
    if (invocation.json) {
        Json parts = Json::array();
        for (const expr::Part& part : explained.parts) {
            parts.push(Json::object(
                {{"text", part.text},
                 {"value", part.value.to_plain_json()},
                 {"printed", part.value.print()},
                 {"why_unknown", part.why_unknown.empty() ? Json() : Json(part.why_unknown)},
                 {"depth", part.depth}}));
        }
        terminal.line(Json::object({{"expression", invocation.words[0]},
                                    {"target", about},
                                    {"value", explained.value.to_plain_json()},
                                    {"parts", parts},
                                    {"missing", Json::of_strings(explained.missing)}})
                          .dump_pretty());
        return kFine;
    }
    terminal.line(invocation.words[0] + "  =  " +
                  terminal.in(Colour::bold, explained.value.print()) + "   (about " + about + ")");
    for (const expr::Part& part : explained.parts) {
        const std::string indent(static_cast<size_t>(part.depth) * 2 + 2, ' ');
        terminal.line(
            indent + part.text + "  =  " + part.value.print() +
            (part.why_unknown.empty() ? "" : terminal.in(Colour::yellow, "  " + part.why_unknown)));
    }
    if (!explained.missing.empty()) terminal.line("missing: " + join(explained.missing, ", "));
    return kFine;
}

}  // namespace ops

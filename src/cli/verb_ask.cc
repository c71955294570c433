// Verbs that ask about what is known now: of the running agent, whose facts are those that it acts
// on; without one every check is asked once.
#include "agent/asking.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/client.h"
#include "cli/snapshot.h"
#include "cli/verbs.h"
#include "escalate/alert.h"
#include "record/store.h"
#include "web/messages.h"

namespace ops {
namespace {

Result<Json> value_now(const Invocation& invocation) {
    const std::string target = invocation.option("--service");
    Client client = TRY(Client::open(invocation));
    Result<Json> live = client.get("/api/v1/eval?expr=" + percent_encoded(invocation.words[0]) +
                                   "&service=" + percent_encoded(target));
    if (live.ok() || live.error().fault == Fault::invalid) return live;
    const auto snapshot = TRY(Snapshot::take(invocation, target));
    return eval_json(invocation.words[0], target, snapshot->detector(), snapshot->loaded().settings,
                     snapshot->now());
}

Result<Json> predictions_now(const Invocation& invocation) {
    Client client = TRY(Client::open(invocation));
    Result<Json> live = client.get("/api/v1/predictions");
    if (live.ok() || live.error().fault != Fault::unavailable) return live;
    // Without records there is no trend: then that no agent runs is what to tell.
    if (!Store::open(client.data_dir(), {.access = Access::read}).ok()) return live;
    const auto snapshot = TRY(Snapshot::take(invocation, ""));
    return predictions_json(snapshot->detector(), snapshot->loaded().settings, snapshot->now());
}

}  // namespace

// The value of the whole, then of every part, indented as it is nested; what is missing is said
// with the reason.
int verb_eval(const Invocation& invocation, Terminal& terminal) {
    const Result<Json> seen = value_now(invocation);
    if (!seen.ok()) return told(seen.error(), terminal);
    const Json& json = seen.value();
    if (invocation.json) {
        terminal.line(json.dump_pretty());
        return kFine;
    }
    terminal.line(invocation.words[0] + "  =  " +
                  terminal.in(Colour::bold, json["printed"].as_string()) + "   (about " +
                  json["target"].as_string() + ")");
    for (const Json& part : json["parts"].items()) {
        const std::string indent(static_cast<size_t>(part["depth"].as_int()) * 2 + 2, ' ');
        const std::string why = part["why_unknown"].as_string();
        terminal.line(indent + part["text"].as_string() + "  =  " + part["printed"].as_string() +
                      (why.empty() ? "" : terminal.in(Colour::yellow, "  " + why)));
    }
    const std::vector<std::string> missing = json["missing"].strings();
    if (!missing.empty()) terminal.line("missing: " + join(missing, ", "));
    return kFine;
}

int verb_predictions(const Invocation& invocation, Terminal& terminal) {
    const Result<Json> seen = predictions_now(invocation);
    if (!seen.ok()) return told(seen.error(), terminal);
    if (invocation.json) {
        terminal.line(seen.value().dump_pretty());
        return kFine;
    }
    if (seen.value()["predictions"].items().empty()) {
        terminal.line("nothing is going to be full or to expire soon, as far as its trend tells");
        return kFine;
    }
    Table table({"IN", "TARGET", "FACT", "NOW", "WHAT"});
    for (const Json& one : seen.value()["predictions"].items()) {
        const std::string fact = one["fact"].as_string();
        const FactKind* kind = find_fact_kind(fact);
        const Value value =
            Value::quantity(kind == nullptr ? Type::number : kind->type, one["value"].as_number());
        table.row({{format_duration_short(std::chrono::seconds(one["in_seconds"].as_int()))},
                   {one["target"].as_string()},
                   {fact},
                   {say(fact, value)},
                   {one["says"].as_string()}});
    }
    table.print(terminal);
    return kFine;
}

}  // namespace ops

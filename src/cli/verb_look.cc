// Verbs that show: the cause first, then what was done, then the rest.
#include "base/text.h"
#include "base/units.h"
#include "cli/client.h"
#include "cli/verbs.h"
#include "escalate/alert.h"
#include "io/real_clock.h"

namespace ops {
namespace {

Time now() { return RealClock().now(); }

Colour colour_of_status(const std::string& status) {
    if (status == "up" || status == "ok") return Colour::green;
    if (status == "down") return Colour::red;
    if (status == "degraded" || status == "maintenance") return Colour::yellow;
    return Colour::dim;
}

Colour colour_of_state(const Json& incident) {
    const std::string state = incident["state"].as_string();
    if (state == "resolved") return Colour::green;
    if (state == "escalated") return Colour::red;
    return Colour::yellow;
}

std::string state_of(const Json& incident) {
    const std::string state = incident["state"].as_string();
    const std::string by = incident["resolved_by"].as_string();
    if (state != "resolved") return state;
    if (by == "auto") return "repaired";
    return by == "human" ? "closed" : "recovered";
}

// How long it lasted, or has lasted.
std::string lasted(const Json& incident) {
    const Result<Time> from = parse_rfc3339(incident["opened_at"].as_string());
    const Result<Time> to = parse_rfc3339(incident["resolved_at"].as_string());
    if (!from.ok()) return "-";
    return format_duration_short(std::chrono::duration_cast<std::chrono::seconds>(
        (to.ok() ? to.value() : now()) - from.value()));
}

std::string joined(const Json& list) { return join(list.strings(), " "); }

// What a value of a fact is to people; the unit is the fact's.
std::string said(const std::string& fact, const Json& value) {
    const FactKind* kind = find_fact_kind(fact);
    if (value.is_number() && kind != nullptr && kind->type != Type::number) {
        return say(fact, Value::quantity(kind->type, value.as_number()));
    }
    return value.is_string() ? value.as_string() : value.dump();
}

std::string some_facts(const Json& facts) {
    std::string out;
    for (const std::string name : {"http_status", "latency", "process_status", "memory_usage",
                                   "disk_usage", "cpu_usage", "load", "tls_expires_in"}) {
        if (!facts.has(name) || facts[name].is_null()) continue;
        if (!out.empty()) out += ", ";
        out += name + " " + said(name, facts[name]);
    }
    return out;
}

void print_targets(const Json& list, const Terminal& terminal) {
    Table table({"", "NAME", "STATUS", "SINCE", "WHAT"});
    for (const Json& one : list.items()) {
        const std::string status = one["status"].as_string();
        const std::string reason = one["reason"].as_string();
        const Colour colour = colour_of_status(status);
        table.row({{status == "up"     ? "●"
                    : status == "down" ? "✗"
                                       : "○",
                    colour},
                   {one["name"].as_string()},
                   {status, colour},
                   {one["since"].is_null() ? "-" : ago(one["since"].as_string(), now())},
                   {reason.empty() ? some_facts(one["facts"]) : reason}});
    }
    if (!table.is_empty()) table.print(terminal);
}

View view_of(const Invocation& invocation, std::string what) {
    View view{std::move(what), "", {}};
    for (const std::string name : {"since", "service", "state", "limit"}) {
        const std::string value = invocation.option("--" + name);
        if (!value.empty()) view.filters[name] = value;
    }
    return view;
}

void note_records(bool from_records, const Invocation& invocation, const Terminal& terminal) {
    if (from_records && !invocation.json) {
        terminal.line(
            terminal.in(Colour::dim, "(no agent is running: this is what its records say)"));
    }
}

// Fetches a view and hands it to `print`, or prints it as it is for --json.
template <class Print>
int show_view(const Invocation& invocation, Terminal& terminal, const View& view, Print print) {
    Result<Client> client = Client::open(invocation);
    if (!client.ok()) return told(client.error(), terminal);
    Client one = std::move(client).value();
    bool from_records = false;
    const Result<Json> json = one.look(view, from_records);
    if (!json.ok()) return told(json.error(), terminal);
    if (invocation.json) {
        terminal.line(json.value().dump_pretty());
        return kFine;
    }
    note_records(from_records, invocation, terminal);
    return print(json.value());
}

void print_incidents(const Json& list, const Terminal& terminal) {
    Table table({"ID", "STATE", "LEVEL", "OPENED", "LASTED", "WHAT"});
    for (const Json& one : list.items()) {
        table.row({{one["id"].as_string()},
                   {state_of(one), colour_of_state(one)},
                   {one["level"].as_string()},
                   {ago(one["opened_at"].as_string(), now())},
                   {lasted(one)},
                   {one["title"].as_string() + ": " + one["reason"].as_string()}});
    }
    table.print(terminal);
}

}  // namespace

int verb_status(const Invocation& invocation, Terminal& terminal) {
    Result<Client> opened = Client::open(invocation);
    if (!opened.ok()) return told(opened.error(), terminal);
    Client client = std::move(opened).value();
    bool from_records = false;
    const Result<Json> health = client.look({"health", "", {}}, from_records);
    if (!health.ok()) return told(health.error(), terminal);
    const Json& json = health.value();
    const int code = from_records ? kNoAgent : json["status"].as_string() == "ok" ? kFine : kUnwell;
    if (invocation.json) {
        terminal.line(json.dump_pretty());
        return code;
    }
    if (from_records) {
        terminal.line(terminal.in(Colour::red, "NO AGENT IS RUNNING") + ": this is what it saw " +
                      ago(json["at"].as_string(), now()) + ", when it was last there");
    }
    const int64_t open = json["open_incidents"].as_int();
    const std::string status = json["status"].as_string();
    terminal.line(
        terminal.in(colour_of_status(status), status) + ", " + std::to_string(open) +
        (open == 1 ? " open incident" : " open incidents") + ", mode " + json["mode"].as_string() +
        (json["paused"].as_bool() ? ", " + terminal.in(Colour::red, "PAUSED: nothing is repaired")
                                  : ""));
    terminal.line();
    if (open > 0) {
        const View open_ones{
            "incidents",
            "",
            {{"state", "open,awaiting_approval,resolving,verifying,escalated,acknowledged"}}};
        const Result<Json> incidents = client.look(open_ones, from_records);
        if (incidents.ok()) print_incidents(incidents.value()["incidents"], terminal);
        terminal.line();
    }
    print_targets(json["hosts"], terminal);
    terminal.line();
    print_targets(json["services"], terminal);
    return code;
}

int verb_incidents(const Invocation& invocation, Terminal& terminal) {
    return show_view(invocation, terminal, view_of(invocation, "incidents"), [&](const Json& json) {
        if (json["incidents"].items().empty()) {
            terminal.line("no incidents");
        } else {
            print_incidents(json["incidents"], terminal);
        }
        return kFine;
    });
}

namespace {

void print_diagnosis(const Json& incident, const Terminal& terminal) {
    const Json& diagnosis = incident["diagnosis"];
    if (diagnosis.is_null()) return;
    terminal.line("Cause:   " + diagnosis["cause"].as_string());
    terminal.line("Entry:   " + (diagnosis["entry"].as_string().empty()
                                     ? "none fits: a person must look"
                                     : diagnosis["entry"].as_string()));
    for (const Json& one : diagnosis["considered"].items()) {
        terminal.line("         " +
                      terminal.in(one["matched"].as_bool() ? Colour::green : Colour::dim,
                                  one["entry"].as_string() + ": " + one["why"].as_string()));
    }
}

void print_actions(const Json& actions, const Terminal& terminal) {
    if (actions.items().empty()) {
        terminal.line("Done:    nothing");
        return;
    }
    for (const Json& action : actions.items()) {
        const std::string state = action["state"].as_string();
        const Colour colour = state == "verified" ? Colour::green
                              : state == "failed" ? Colour::red
                                                  : Colour::yellow;
        terminal.line("Done:    " + joined(action["argv"]));
        std::string line = "         " + terminal.in(colour, state);
        if (!action["exit"].is_null()) line += ", exit " + std::to_string(action["exit"].as_int());
        line += ", " + ago(action["started_at"].as_string(), now());
        if (action["approved_by"].is_string())
            line += ", approved by " + action["approved_by"].as_string();
        terminal.line(line);
        const std::string output =
            printable(clip_middle(action["output"].as_string(), 2000), Lines::keep);
        for (const std::string_view text : split(output, '\n')) {
            if (!trim(text).empty()) terminal.line("         | " + std::string(text));
        }
    }
}

void print_timeline(const Json& incident, const Terminal& terminal) {
    Table table({"WHEN", "EVENT", "WHAT"});
    for (const Json& event : incident["timeline"].items()) {
        const Json& body = event["body"];
        std::string what = body["reason"].as_string();
        for (const char* key :
             {"text", "title", "state", "cause", "output", "channel", "error", "level"}) {
            if (!what.empty()) break;
            what = clip_end(body[key].as_string(), 200);
        }
        table.row({{event["at"].as_string().substr(11, 12)}, {event["kind"].as_string()}, {what}});
    }
    table.print(terminal);
}

}  // namespace

int verb_show(const Invocation& invocation, Terminal& terminal) {
    const View view{"incident", invocation.words[0], {}};
    return show_view(invocation, terminal, view, [&](const Json& json) {
        terminal.line(terminal.in(Colour::bold, json["title"].as_string()) + "  " +
                      terminal.in(colour_of_state(json), state_of(json)) + "  " +
                      json["id"].as_string());
        terminal.line("Seen:    " + json["reason"].as_string());
        print_diagnosis(json, terminal);
        print_actions(json["actions"], terminal);
        const std::string told_to = joined(json["told"]);
        terminal.line("Told:    " + (told_to.empty() ? "nobody" : told_to));
        terminal.line("Lasted:  " + lasted(json) + ", from " + json["opened_at"].as_string());
        if (json["note"].is_string() && !json["note"].as_string().empty()) {
            terminal.line("Note:    " + json["note"].as_string());
        }
        for (const Json& one : json["evidence"].items()) {
            terminal.line("Evidence " + one["command"].as_string());
            for (const std::string_view text : split(one["output"].as_string(), '\n')) {
                if (!trim(text).empty()) terminal.line("         | " + std::string(text));
            }
        }
        terminal.line();
        print_timeline(json, terminal);
        return kFine;
    });
}

int verb_actions(const Invocation& invocation, Terminal& terminal) {
    return show_view(invocation, terminal, view_of(invocation, "actions"), [&](const Json& json) {
        Table table({"WHEN", "STATE", "EXIT", "TARGET", "ENTRY", "COMMAND"});
        for (const Json& one : json["actions"].items()) {
            const std::string state = one["state"].as_string();
            table.row({{ago(one["started_at"].as_string(), now())},
                       {state, state == "verified" ? Colour::green
                               : state == "failed" ? Colour::red
                                                   : Colour::yellow},
                       {one["exit"].is_null() ? "-" : std::to_string(one["exit"].as_int())},
                       {one["target"].as_string()},
                       {one["entry"].as_string()},
                       {joined(one["argv"])}});
        }
        if (table.is_empty()) terminal.line("no actions");
        if (!table.is_empty()) table.print(terminal);
        return kFine;
    });
}

int verb_alerts(const Invocation& invocation, Terminal& terminal) {
    return show_view(invocation, terminal, view_of(invocation, "alerts"), [&](const Json& json) {
        if (json["alerts"].items().empty()) terminal.line("nobody was told anything");
        for (const Json& one : json["alerts"].items()) {
            const std::string waiting = joined(one["waiting"]);
            terminal.line(terminal.in(
                Colour::dim, ago(one["at"].as_string(), now()) + " to " + joined(one["sent"]) +
                                 (waiting.empty() ? "" : " (waiting: " + waiting + ")")));
            terminal.line(printable(one["text"].as_string(), Lines::keep));
            terminal.line();
        }
        return kFine;
    });
}

int verb_report(const Invocation& invocation, Terminal& terminal) {
    return show_view(invocation, terminal, view_of(invocation, "report"), [&](const Json& json) {
        const auto count = [&](const char* key) { return std::to_string(json[key].as_int()); };
        terminal.line("From " + json["since"].as_string() + " to " + json["until"].as_string());
        terminal.line();
        terminal.line("incidents             " + count("incidents"));
        terminal.line("  repaired unaided    " + count("repaired"));
        terminal.line("  went by themselves  " + count("recovered_by_themselves"));
        terminal.line("  closed by people    " + count("closed_by_people"));
        terminal.line("  still open          " + count("open"));
        terminal.line("messages to people    " + count("alerts"));
        if (!json["median_repair_seconds"].is_null()) {
            terminal.line("median time to repair " +
                          format_duration_short(Duration(static_cast<int64_t>(
                              json["median_repair_seconds"].as_number() * 1000))));
        }
        if (!json["most_incidents"].items().empty()) terminal.line();
        for (const Json& one : json["most_incidents"].items()) {
            terminal.line("  " + std::to_string(one["incidents"].as_int()) + " x " +
                          one["target"].as_string());
        }
        return kFine;
    });
}

}  // namespace ops

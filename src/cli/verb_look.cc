// Verbs that show: the cause first, then what was done, then the rest.
#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "base/counted.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/client.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "escalate/alert.h"
#include "escalate/digest.h"
#include "model/cause.h"

namespace ops {
namespace {

constexpr size_t kMostWell = 40;  // targets that are up, before they are only counted

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

Colour colour_of_action(const std::string& state) {
    if (state == "verified") return Colour::green;
    return state == "failed" ? Colour::red : Colour::yellow;
}

// How long it lasted, or has lasted.
std::string lasted(const Json& incident, Time now) {
    const Result<Time> from = parse_rfc3339(incident["opened_at"].as_string());
    const Result<Time> to = parse_rfc3339(incident["resolved_at"].as_string());
    if (!from.ok()) return "-";
    return format_duration_short(std::chrono::duration_cast<std::chrono::seconds>(
        (to.ok() ? to.value() : now) - from.value()));
}

// "2026-01-29 14:30", and with seconds the time of day alone.
std::string moment(const Json& rfc3339, const std::string& zone) {
    const Result<Time> at = parse_rfc3339(rfc3339.as_string());
    return at.ok() ? local_time(at.value(), zone) : "-";
}
std::string clock_time(const Json& rfc3339, const std::string& zone) {
    const std::string minute = moment(rfc3339, zone);
    if (minute == "-") return minute;
    return minute.substr(11) + rfc3339.as_string().substr(16, 3);  // seconds are alike in any zone
}

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

// What is not well first; of many that are, only how many.
void print_targets(const Json& list, const Invocation& invocation, const Terminal& terminal) {
    std::vector<const Json*> all;
    size_t well = 0;
    for (const Json& one : list.items()) {
        all.push_back(&one);
        well += one["status"].as_string() == "up" ? 1U : 0U;
    }
    const auto is_well = [](const Json* one) { return (*one)["status"].as_string() == "up"; };
    std::stable_partition(all.begin(), all.end(), [&](const Json* one) { return !is_well(one); });
    const bool only_counted = well > kMostWell && !invocation.flag("--all");
    Table table({"", "NAME", "STATUS", "SINCE", "WHAT"});
    for (const Json* one : all) {
        if (only_counted && is_well(one)) continue;
        const std::string status = (*one)["status"].as_string();
        const std::string reason = (*one)["reason"].as_string();
        const std::string since = (*one)["since"].as_string();
        const Colour colour = colour_of_status(status);
        table.row({{status == "up"     ? "●"
                    : status == "down" ? "✗"
                                       : "○",
                    colour},
                   {(*one)["name"].as_string()},
                   {status, colour},
                   {since.empty() ? "-" : ago(since, invocation.now)},
                   {reason.empty() ? some_facts((*one)["facts"]) : reason}});
    }
    if (!table.is_empty()) table.print(terminal);
    if (only_counted) {
        terminal.line(terminal.in(Colour::green, "●") + " " + std::to_string(well) +
                      " more are up (--all shows them)");
    }
}

View view_of(const Invocation& invocation, std::string what) {
    View view{std::move(what), "", {}};
    for (const std::string name : {"since", "service", "state", "limit"}) {
        const std::string value = invocation.option("--" + name);
        if (!value.empty()) view.filters[name] = value;
    }
    return view;
}

void note_records(bool from_records, const Terminal& terminal) {
    if (!from_records) return;
    terminal.line(terminal.in(Colour::dim, "(no agent is running: this is what its records say)"));
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
    note_records(from_records, terminal);
    return print(json.value(), one.time_zone());
}

void print_incidents(const Json& list, Time now, const Terminal& terminal) {
    Table table({"ID", "STATE", "OPENED", "LASTED", "WHAT"});
    for (const Json& one : list.items()) {
        const std::string seen = one["seen"].as_string();
        table.row({{one["id"].as_string()},
                   {state_words(one), colour_of_state(one)},
                   {ago(one["opened_at"].as_string(), now)},
                   {one["resolved_at"].is_null() ? "-" : lasted(one, now)},
                   {one["title"].as_string() + (seen.empty() ? "" : ": " + seen) +
                    (one["waits_for"].is_string() ? "; waits: " + wait_words(one, now) : "")}});
    }
    table.print(terminal);
}

// "silent until 2026-01-29 16:30: worker_* level<=warning (ann: new cables)", one line each.
void print_quiet(const Json& health, const std::string& zone, const Terminal& terminal) {
    for (const Json& one : health["silences"].items()) {
        print_wrapped(terminal, {"silent", Colour::yellow},
                      " until " + moment(one["until"], zone) + ": " +
                          join(one["matchers"].strings(), " ") + by_whom_and_why(one),
                      2);
    }
    for (const Json& one : health["maintenance"].items()) {
        print_wrapped(terminal, {"maintenance", Colour::yellow},
                      " until " + moment(one["until"], zone) + ": " +
                          join(one["names"].strings(), " ") +
                          (one["source"].as_string() == "person"
                               ? by_whom_and_why(one)
                               : " (configuration: " + one["name"].as_string() + ")"),
                      2);
    }
}

void print_health(const Json& health, bool from_records, const Invocation& invocation,
                  const Terminal& terminal) {
    const int64_t open = health["open_incidents"].as_int();
    const std::string status = health["status"].as_string();
    if (from_records) {
        const std::string at = health["at"].as_string();
        terminal.line(terminal.in(Colour::red, "NO AGENT IS RUNNING") + ": nothing is watched" +
                      (at.empty() ? "" : "; this is how it was " + ago(at, invocation.now)));
    }
    terminal.line(terminal.in(colour_of_status(status), status) + ", " + std::to_string(open) +
                  (open == 1 ? " open incident" : " open incidents") + ", mode " +
                  health["mode"].as_string() +
                  (health["paused"].as_bool()
                       ? ", " + terminal.in(Colour::red, "PAUSED: nothing is repaired")
                       : ""));
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
    print_health(json, from_records, invocation, terminal);
    print_quiet(json, client.time_zone(), terminal);
    terminal.line();
    if (json["open_incidents"].as_int() > 0) {
        View open{"incidents", "", {}};
        open.filters["state"] = kOpenStates;
        const Result<Json> incidents = client.look(open, from_records);
        if (incidents.ok()) {
            print_incidents(incidents.value()["incidents"], invocation.now, terminal);
        }
        terminal.line();
    }
    print_targets(json["hosts"], invocation, terminal);
    terminal.line();
    print_targets(json["services"], invocation, terminal);
    return code;
}

int verb_incidents(const Invocation& invocation, Terminal& terminal) {
    return show_view(invocation, terminal, view_of(invocation, "incidents"),
                     [&](const Json& json, const std::string&) {
                         if (json["incidents"].items().empty()) {
                             terminal.line("no incidents");
                         } else {
                             print_incidents(json["incidents"], invocation.now, terminal);
                         }
                         return kFine;
                     });
}

namespace {

// A heading and its text, broken at the terminal's width with the text under itself.
void field(const std::string& heading, std::string_view text, const Terminal& terminal) {
    constexpr size_t kIndent = 10;
    const size_t width = terminal.width() > 0 ? static_cast<size_t>(terminal.width()) : 100;
    const size_t room = width > kIndent + 20 ? width - kIndent : 20;
    std::string lead = heading.empty() ? "" : heading + ":";
    lead.resize(kIndent, ' ');
    while (true) {
        size_t end = text.size();
        if (end > room) {
            end = text.rfind(' ', room);
            if (end == std::string_view::npos || end == 0)
                end = std::min(text.find(' '), text.size());
        }
        terminal.line(lead + std::string(text.substr(0, end)));
        if (end >= text.size()) return;
        text.remove_prefix(end + 1);
        lead.assign(kIndent, ' ');
    }
}

void output_lines(const std::string& output, const Terminal& terminal) {
    const std::string shown = printable(clip_middle(output, 2000), Lines::keep);
    for (const std::string_view text : split(shown, '\n')) {
        if (!trim(text).empty()) terminal.line("          | " + std::string(text));
    }
}

// How sure it is and why, and what else it may be.
void print_causes(const Json& diagnosis, const Terminal& terminal) {
    constexpr size_t kMostOthers = 3;
    constexpr size_t kMostEvidence = 3;
    const Json::Array& causes = diagnosis["causes"].items();
    const auto print = [&](const Json& cause) {
        field("", confidence_words(cause), terminal);
        const std::vector<std::string> evidence = cause["evidence"].strings();
        for (size_t i = 0; i < std::min(evidence.size(), kMostEvidence); ++i) {
            field("", "- " + evidence[i], terminal);
        }
    };
    // Another's word (a model's proposal) is none of these.
    const bool is_first = !causes.empty() && causes[0]["cause"] == diagnosis["cause"];
    if (is_first) print(causes[0]);
    for (size_t i = is_first ? 1 : 0; i < std::min(causes.size(), kMostOthers + 1); ++i) {
        field("Also", causes[i]["cause"].as_string(), terminal);
        print(causes[i]);
    }
}

void print_cause(const Json& incident, const Terminal& terminal) {
    const Json& diagnosis = incident["diagnosis"];
    const std::string cause = diagnosis["cause"].as_string();
    field("Cause", cause.empty() ? incident["seen"].as_string() : cause, terminal);
    print_causes(diagnosis, terminal);
    if (!cause.empty()) field("Seen", incident["seen"].as_string(), terminal);
    const std::string supposed = incident["supposed"].as_string();
    if (!supposed.empty()) field("Model", "thinks: " + supposed, terminal);
    const std::string newest = incident["reason"].as_string();
    if (newest != incident["seen"].as_string()) {
        field(incident["state"].as_string() == "resolved" ? "Ended" : "Now", newest, terminal);
    }
}

// Why this entry, and why none of the others; the first few of them.
void print_choice(const Json& diagnosis, const Terminal& terminal) {
    constexpr size_t kMostOthers = 3;
    if (diagnosis.is_null()) return;
    const std::string entry = diagnosis["entry"].as_string();
    field("Entry", entry.empty() ? "none fits: a person must look" : entry, terminal);
    size_t others = 0;
    for (const Json& one : diagnosis["considered"].items()) {
        if (one["entry"].as_string() == entry) continue;
        if (++others > kMostOthers) continue;
        field("", "not '" + one["entry"].as_string() + "': " + one["why"].as_string(), terminal);
    }
    if (others > kMostOthers) {
        field("", "nor " + counted(others - kMostOthers, "other") + " (--json names them)",
              terminal);
    }
}

void print_actions(const Json& actions, Time now, const Terminal& terminal) {
    if (actions.items().empty()) field("Done", "nothing", terminal);
    for (const Json& action : actions.items()) {
        const std::string state = action_state_words(action);
        field(state == "denied"        ? "Not done"
              : state == "needs a yes" ? "To do"
              : state == "running"     ? "Doing"
                                       : "Done",
              join(action["argv"].strings(), " "), terminal);
        std::string line = "          " + terminal.in(colour_of_action(state), state);
        if (!action["exit"].is_null()) line += ", exit " + std::to_string(action["exit"].as_int());
        line += ", " + ago(action["started_at"].as_string(), now);
        if (action["approved_by"].is_string()) {
            line += ", yes from " + action["approved_by"].as_string();
        }
        terminal.line(line);
        if (action["reason"].is_string()) field("", action["reason"].as_string(), terminal);
        output_lines(action["output"].as_string(), terminal);
    }
}

// "like inc-5pz3sjxv37 12d ago: 'Worker stopped responding', verified"
void print_similar(const Json& similar, Time now, const Terminal& terminal) {
    for (const Json& one : similar.items()) {
        const std::string incident = one["incident"].as_string(), entry = one["entry"].as_string();
        const std::string outcome = one["outcome"].as_string();
        std::string text = incident.empty() ? one["title"].as_string() : incident;
        text += " " + ago(one["at"].as_string(), now);
        if (!entry.empty()) text += ": '" + entry + "'";
        if (outcome != "none") text += ", " + outcome;
        if (one["provenance"].as_string() == "outside") text += " (says an outside Brain)";
        field("Like", text, terminal);
    }
}

void print_timeline(const Json& incident, const std::string& zone, const Terminal& terminal) {
    Table table({"WHEN", "WHAT HAPPENED"});
    for (const Json& event : incident["timeline"].items()) {
        const std::string said = event_words(event);
        if (!said.empty()) table.row({{clock_time(event["at"], zone)}, {said}});
    }
    table.print(terminal);
}

// Below all else, what was collected: each source with its age, and of each the first lines.
void print_evidence(const Json& evidence, Time now, const Terminal& terminal) {
    constexpr size_t kMostLines = 12;
    if (evidence.items().empty()) return;
    terminal.line();
    terminal.line(terminal.in(Colour::bold, "EVIDENCE"));
    for (const Json& one : evidence.items()) {
        const std::string age = ago(one["at"].as_string(), now);
        if (one.has("reason")) {
            terminal.line("not looked at (" + evidence_title(one) +
                          "): " + printable(one["reason"].as_string(), Lines::flatten));
            continue;
        }
        terminal.line(evidence_title(one) + ", " + age);
        const std::string text =
            printable(one[one.has("command") ? "output" : "text"].as_string(), Lines::keep);
        size_t lines = 0;
        for (const std::string_view line : split(text, '\n')) {
            if (trim(line).empty() || ++lines > kMostLines) continue;
            terminal.line("  | " + clip_end(line, 160));
        }
        if (lines > kMostLines) {
            terminal.line("  | (" + counted(lines - kMostLines, "more line") +
                          ": --json has them)");
        }
    }
}

}  // namespace

int verb_show(const Invocation& invocation, Terminal& terminal) {
    const View view{"incident", invocation.words[0], {}};
    return show_view(invocation, terminal, view, [&](const Json& json, const std::string& zone) {
        terminal.line(terminal.in(Colour::bold, json["title"].as_string()) + "  " +
                      terminal.in(colour_of_state(json), state_words(json)) + "  " +
                      json["id"].as_string());
        if (json["acknowledged"].as_bool()) {
            field("Has it", json["acknowledged_by"].as_string(), terminal);
        }
        if (json["waits_for"].is_string()) {
            field("Waits", wait_words(json, invocation.now), terminal);
        }
        print_cause(json, terminal);
        print_choice(json["diagnosis"], terminal);
        print_actions(json["actions"], invocation.now, terminal);
        const std::string told_to = join(json["told"].strings(), ", ");
        field("Told", told_to.empty() ? "nobody" : told_to, terminal);
        field("Lasted", lasted(json, invocation.now) + ", from " + moment(json["opened_at"], zone),
              terminal);
        if (json["tokens"].as_int() > 0) {
            std::array<char, 64> paid;
            (void)std::snprintf(paid.data(), paid.size(), "%lld tokens, %.4f USD",
                                static_cast<long long>(json["tokens"].as_int()),
                                json["cost_usd"].as_number());
            field("Paid", paid.data(), terminal);
        }
        print_similar(json["similar"], invocation.now, terminal);
        terminal.line();
        print_timeline(json, zone, terminal);
        print_evidence(json["evidence"], invocation.now, terminal);
        return kFine;
    });
}

int verb_actions(const Invocation& invocation, Terminal& terminal) {
    const auto print = [&](const Json& json, const std::string&) {
        Table table({"WHEN", "STATE", "EXIT", "TARGET", "COMMAND"});
        for (const Json& one : json["actions"].items()) {
            const std::string state = action_state_words(one);
            std::string what = short_command(one["argv"].strings());
            if (state == "denied") what = one["reason"].as_string() + ": " + what;
            table.row({{ago(one["started_at"].as_string(), invocation.now)},
                       {state, colour_of_action(state)},
                       {one["exit"].is_null() ? "-" : std::to_string(one["exit"].as_int())},
                       {one["target"].as_string()},
                       {what}});
        }
        if (table.is_empty()) terminal.line("no actions");
        if (!table.is_empty()) table.print(terminal);
        return kFine;
    };
    return show_view(invocation, terminal, view_of(invocation, "actions"), print);
}

int verb_alerts(const Invocation& invocation, Terminal& terminal) {
    const auto print = [&](const Json& json, const std::string&) {
        bool first = true;
        for (const Json& one : json["alerts"].items()) {
            if (!std::exchange(first, false)) terminal.line();
            print_wrapped(terminal, {ago(one["at"].as_string(), invocation.now), Colour::dim},
                          ", " + delivery_words(one), 2);
            const std::string text = printable(one["text"].as_string(), Lines::keep);
            for (const std::string_view line : split(text, '\n')) {
                print_wrapped(terminal, {}, line, 2);
            }
        }
        if (first) terminal.line("nobody was told anything");
        return kFine;
    };
    return show_view(invocation, terminal, view_of(invocation, "alerts"), print);
}

int verb_report(const Invocation& invocation, Terminal& terminal) {
    return show_view(
        invocation, terminal, view_of(invocation, "report"),
        [&](const Json& json, const std::string& zone) {
            const auto count = [&](const char* key) { return std::to_string(json[key].as_int()); };
            terminal.line("From " + moment(json["since"], zone) + " to " +
                          moment(json["until"], zone));
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
            const DigestRows named = digest_rows(json, zone);
            if (!named.empty()) terminal.line();
            for (const auto& [heading, text] : named) {
                if (heading != "Learned") field(heading, printable(text, Lines::flatten), terminal);
            }
            if (!json["learned"].items().empty()) terminal.line();
            for (const Json& one : json["learned"].items()) {
                terminal.line("  learned entry '" + one["entry"].as_string() +
                              "': " + one["to"].as_string() + " (" + one["why"].as_string() + ")");
            }
            return kFine;
        });
}

}  // namespace ops

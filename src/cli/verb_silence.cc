// Verbs that say what is told to nobody for a while, and what is left alone altogether.
#include <algorithm>

#include "base/text.h"
#include "base/units.h"
#include "cli/client.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "escalate/alert.h"
#include "escalate/silence.h"

namespace ops {
namespace {

std::string moment(const Json& rfc3339, const std::string& zone) {
    const Result<Time> at = parse_rfc3339(rfc3339.as_string());
    return at.ok() ? local_time(at.value(), zone) : "-";
}

Json with_reason(const Invocation& invocation) {
    return words_of(invocation).set("note", invocation.option("--reason"));
}

// Of those there are, the one with this id or these matchers.
Result<std::string> id_of(const Json& silences, const std::vector<std::string>& words) {
    std::vector<std::string> known;
    Silence asked;
    const Result<std::vector<Matcher>> matchers = parse_matchers(words);
    if (matchers.ok()) asked.matchers = matchers.value();
    for (const Json& one : silences.items()) {
        const std::string id = one["id"].as_string();
        const std::vector<std::string> texts = one["matchers"].strings();
        if (words.size() == 1 && words[0] == id) return id;
        if (matchers.ok() && texts == asked.texts()) return id;
        known.push_back(id);
        known.push_back(join(texts, " "));
    }
    if (!matchers.ok()) return matchers.error();
    const std::string shown = printable(join(words, " "), Lines::flatten);
    return Error{Fault::not_found, "no silence '" + shown + "'" + did_you_mean(shown, known) +
                                       "; see 'ops-agent silences'"};
}

}  // namespace

int verb_silence(const Invocation& invocation, Terminal& terminal) {
    std::vector<std::string> matchers = invocation.words;
    const std::string span = matchers.back();
    matchers.pop_back();
    const Result<Duration> read = parse_duration(span);
    if (!read.ok()) {
        terminal.problem("silence for how long? The last word is a duration like 2h: " +
                         read.error().message);
        return kUsage;
    }
    Silence asked;
    const Result<std::vector<Matcher>> parsed = parse_matchers(matchers);
    if (!parsed.ok()) return told(parsed.error(), terminal);
    asked.matchers = parsed.value();
    Json body = with_reason(invocation);
    body.set("matchers", Json::of_strings(matchers));
    body.set("duration", span);
    std::string done =
        join(asked.texts(), " ") + " is silent for " + span + "; it is still watched and repaired";
    if (!asked.may_hold_critical()) {
        done += "; what is critical is told all the same, unless a target or a level is named";
    }
    return post(invocation, terminal, "/api/v1/silences", body, done);
}

int verb_silences(const Invocation& invocation, Terminal& terminal) {
    Result<Client> opened = Client::open(invocation);
    if (!opened.ok()) return told(opened.error(), terminal);
    Client client = std::move(opened).value();
    bool from_records = false;
    const Result<Json> json = client.look({"silences", "", {}}, from_records);
    if (!json.ok()) return told(json.error(), terminal);
    if (invocation.json) {
        terminal.line(json.value().dump_pretty());
        return kFine;
    }
    if (from_records) {
        terminal.line(
            terminal.in(Colour::dim, "(no agent is running: this is what its records say)"));
    }
    Table table({"ID", "UNTIL", "BY", "WHAT", "WHY"});
    for (const Json& one : json.value()["silences"].items()) {
        table.row({{one["id"].as_string()},
                   {moment(one["until"], client.time_zone())},
                   {printable(one["by"].as_string(), Lines::flatten)},
                   {join(one["matchers"].strings(), " ")},
                   {printable(one["reason"].as_string(), Lines::flatten)}});
    }
    if (table.is_empty()) terminal.line("nothing is silent");
    if (!table.is_empty()) table.print(terminal);
    return kFine;
}

namespace {

int list_windows(const Invocation& invocation, Terminal& terminal) {
    Result<Client> opened = Client::open(invocation);
    if (!opened.ok()) return told(opened.error(), terminal);
    Client client = std::move(opened).value();
    const Result<Json> json = client.get("/api/v1/maintenance");
    if (!json.ok()) return told(json.error(), terminal);
    if (invocation.json) {
        terminal.line(json.value().dump_pretty());
        return kFine;
    }
    Table table({"ID", "FROM", "UNTIL", "BY", "WHAT", "WHY"});
    for (const Json& one : json.value()["windows"].items()) {
        const bool is_open = one["open"].as_bool();
        const bool is_ours = one["source"].as_string() == "person";
        table.row({{is_ours ? one["id"].as_string() : "-"},
                   {is_open ? "open" : moment(one["from"], client.time_zone()),
                    is_open ? Colour::yellow : Colour::plain},
                   {moment(one["until"], client.time_zone())},
                   {is_ours ? printable(one["by"].as_string(), Lines::flatten) : "configuration"},
                   {printable(join(one["names"].strings(), " "), Lines::flatten)},
                   {printable(one[is_ours ? "reason" : "name"].as_string(), Lines::flatten)}});
    }
    if (table.is_empty()) terminal.line("no window of maintenance is open, and none comes");
    if (!table.is_empty()) table.print(terminal);
    return kFine;
}

}  // namespace

int verb_maintenance(const Invocation& invocation, Terminal& terminal) {
    std::vector<std::string> names = invocation.words;
    if (names.empty()) return list_windows(invocation, terminal);
    const std::string last = names.back();
    const Result<Duration> span = parse_duration(last);
    if (names.size() == 2 && names[0] == "end" && !span.ok()) {
        if (!is_safe_word(last)) {
            terminal.problem("'" + printable(last, Lines::flatten) + "' is no id");
            return kUsage;
        }
        return post(invocation, terminal, "/api/v1/maintenance/" + last + "/end",
                    with_reason(invocation),
                    "the maintenance " + last + " is over: what is still bad is looked at now");
    }
    if (!span.ok()) {
        terminal.problem("maintenance for how long? The last word is a duration like 2h: " +
                         span.error().message);
        return kUsage;
    }
    names.pop_back();
    if (names.empty()) {
        terminal.problem("maintenance of what? The name of a service, host or group, or a pattern");
        return kUsage;
    }
    Json body = with_reason(invocation);
    body.set("names", Json::of_strings(names));
    body.set("duration", last);
    return post(invocation, terminal, "/api/v1/maintenance", body,
                join(names, " ") + " is under maintenance for " + last +
                    ": nothing is raised, repaired or told of it");
}

int verb_unsilence(const Invocation& invocation, Terminal& terminal) {
    Result<Client> opened = Client::open(invocation);
    if (!opened.ok()) return told(opened.error(), terminal);
    Client client = std::move(opened).value();
    const Result<Json> json = client.get("/api/v1/silences");
    if (!json.ok()) return told(json.error(), terminal);
    const Result<std::string> id = id_of(json.value()["silences"], invocation.words);
    if (!id.ok()) return told(id.error(), terminal);
    return post(invocation, terminal, "/api/v1/silences/" + id.value() + "/end",
                with_reason(invocation),
                "the silence " + id.value() + " is over: what is still bad is told now");
}

}  // namespace ops

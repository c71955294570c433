// Verbs by which a person decides something in the running agent.
#include <cstdio>

#include "base/text.h"
#include "cli/client.h"
#include "cli/verbs.h"
#include "cli/words.h"

namespace ops {
namespace {

int decide(const Invocation& invocation, Terminal& terminal, const std::string& what,
           const std::string& done, const std::string& shown = "") {
    const std::string& id = invocation.words[0];
    if (!is_safe_word(id)) {
        terminal.problem("'" + printable(id, Lines::flatten) + "' is no id");
        return kUsage;
    }
    Json body = words_of(invocation);
    body.set("note", invocation.option("--note"));
    if (!shown.empty()) body.set("argv_sha256", shown);
    Result<Client> opened = Client::open(invocation);
    if (!opened.ok()) return told(opened.error(), terminal);
    Client client = std::move(opened).value();
    const Result<Json> reply = client.post("/api/v1/incidents/" + id + "/" + what, body);
    if (!reply.ok()) return told(reply.error(), terminal);
    if (invocation.json) {
        terminal.line(reply.value().dump_pretty());
        return kFine;
    }
    terminal.line(what == "approve" ? approved_words(id, reply.value(), invocation.now)
                                    : id + " " + done);
    return kFine;
}

// Everything that a yes allows, in the order it will run.
void print_plan(const Json& incident, const Json& asked, const Terminal& terminal) {
    terminal.line(incident["title"].as_string() + ": " + incident["seen"].as_string());
    terminal.line("Entry '" + asked["entry"].as_string() + "', risk " + asked["risk"].as_string() +
                  ", will run:");
    for (const Json& command : asked["commands"].items()) {
        std::string line = "  " + printable(join(command["argv"].strings(), " "), Lines::flatten);
        const std::string host = command["host"].as_string(), user = command["as"].as_string();
        if (!host.empty()) line += "  (on " + host + ")";
        if (!user.empty()) line += "  (as " + user + ")";
        if (command["kind"].as_string() == "undo") line += "  (only to undo it)";
        terminal.line(line);
    }
}

// At most what a note may be.
std::string read_line() {
    std::string line;
    for (int next = std::getchar(); next != EOF && next != '\n' && line.size() < 1000;
         next = std::getchar()) {
        line += static_cast<char>(next);
    }
    return std::string(trim(line));
}

// What was typed since it opened, as far as the agent may look.
std::vector<std::string> typed_since(const Invocation& invocation) {
    Result<Client> opened = Client::open(invocation);
    if (!opened.ok() || !is_safe_word(invocation.words[0])) return {};
    Client client = std::move(opened).value();
    const Result<Json> incident = client.get("/api/v1/incidents/" + invocation.words[0]);
    return incident.ok() ? incident.value()["typed"].strings() : std::vector<std::string>{};
}

std::string ask_what_was_done(const Invocation& invocation, const Terminal& terminal) {
    const std::vector<std::string> typed = typed_since(invocation);
    if (!typed.empty()) terminal.line("typed since it opened:");
    for (const std::string& line : typed) {
        terminal.line("  " + printable(line, Lines::flatten));
    }
    terminal.line("what did you do? One line, best the command itself: it is remembered" +
                  std::string(typed.empty() ? "" : " (Enter: the last of these)"));
    const std::string said = read_line();
    return said.empty() && !typed.empty() ? printable(typed.back(), Lines::flatten) : said;
}

}  // namespace

// What is approved is shown first, from the very words that will run.
int verb_approve(const Invocation& invocation, Terminal& terminal) {
    const std::string& id = invocation.words[0];
    if (!is_safe_word(id)) {
        terminal.problem("'" + printable(id, Lines::flatten) + "' is no id");
        return kUsage;
    }
    Result<Client> opened = Client::open(invocation);
    if (!opened.ok()) return told(opened.error(), terminal);
    Client client = std::move(opened).value();
    const Result<Json> incident = client.get("/api/v1/incidents/" + id);
    if (!incident.ok()) return told(incident.error(), terminal);
    const Json* asked = nullptr;
    for (const Json& event : incident.value()["timeline"].items()) {
        if (event["kind"].as_string() == "action.awaiting") asked = &event["body"];
    }
    if (asked == nullptr || incident.value()["state"].as_string() != "awaiting_approval") {
        const bool waits = incident.value()["waits_for"].is_string();
        terminal.problem(
            "incident '" + id + "' waits for no approval" +
            (waits ? "; it waits: " + wait_words(incident.value(), invocation.now) : ""));
        return kUnwell;
    }
    if (!invocation.json) print_plan(incident.value(), *asked, terminal);
    if (!invocation.flag("--yes") && terminal.is_terminal()) {
        terminal.line("approve? [y/N]");
        const int answer = std::getchar();
        if (answer != 'y' && answer != 'Y') {
            terminal.line("not approved");
            return kUnwell;
        }
    }
    return decide(invocation, terminal, "approve", "", (*asked)["argv_sha256"].as_string());
}

int verb_reject(const Invocation& invocation, Terminal& terminal) {
    return decide(invocation, terminal, "reject", "rejected");
}
int verb_ack(const Invocation& invocation, Terminal& terminal) {
    return decide(invocation, terminal, "ack",
                  "acknowledged: it is yours, no new attempts and no reminders");
}
int verb_resolve(const Invocation& invocation, Terminal& terminal) {
    Invocation noted = invocation;
    if (noted.option("--note").empty() && terminal.is_terminal()) {
        noted.options["--note"] = ask_what_was_done(invocation, terminal);
    }
    if (noted.option("--note").empty()) {
        terminal.problem(
            "resolve needs --note 'what was done': it is remembered for the next time");
        return kUsage;
    }
    return decide(noted, terminal, "resolve", "resolved");
}

int verb_pause(const Invocation& invocation, Terminal& terminal) {
    return post(invocation, terminal, "/api/v1/pause", words_of(invocation),
                "paused: no action starts until 'ops-agent resume'");
}
int verb_resume(const Invocation& invocation, Terminal& terminal) {
    return post(invocation, terminal, "/api/v1/resume", words_of(invocation),
                "resumed: actions may start");
}

}  // namespace ops

// Verbs by which a person decides something in the running agent.
#include <cstdio>

#include "base/text.h"
#include "cli/client.h"
#include "cli/verbs.h"
#include "io/standard_output.h"

namespace ops {
namespace {

std::string by(const Invocation& invocation) { return invocation.option("--by", user_name()); }

int post(const Invocation& invocation, Terminal& terminal, const std::string& path,
         const Json& body, const std::string& done) {
    Result<Client> opened = Client::open(invocation);
    if (!opened.ok()) return told(opened.error(), terminal);
    Client client = std::move(opened).value();
    const Result<Json> reply = client.post(path, body);
    if (!reply.ok()) return told(reply.error(), terminal);
    terminal.line(invocation.json ? reply.value().dump_pretty() : done);
    return kFine;
}

int decide(const Invocation& invocation, Terminal& terminal, const std::string& what,
           const std::string& done) {
    const std::string& id = invocation.words[0];
    if (!is_safe_word(id)) {
        terminal.problem("'" + printable(id, Lines::flatten) + "' is no id");
        return kUsage;
    }
    return post(invocation, terminal, "/api/v1/incidents/" + id + "/" + what,
                Json::object({{"by", by(invocation)}, {"note", invocation.option("--note")}}),
                id + " " + done);
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
    bool found = false;
    for (const Json& action : incident.value()["actions"].items()) {
        if (action["state"].as_string() != "awaiting_approval") continue;
        found = true;
        if (!invocation.json) terminal.line("will run: " + join(action["argv"].strings(), " "));
    }
    if (!found) {
        terminal.problem("incident '" + id + "' waits for no approval");
        return kUnwell;
    }
    if (!invocation.flag("--yes") && terminal.has_colours()) {
        terminal.line("approve? [y/N]");
        const int answer = std::getchar();
        if (answer != 'y' && answer != 'Y') {
            terminal.line("not approved");
            return kUnwell;
        }
    }
    return decide(invocation, terminal, "approve", "approved");
}

int verb_reject(const Invocation& invocation, Terminal& terminal) {
    return decide(invocation, terminal, "reject", "rejected");
}
int verb_ack(const Invocation& invocation, Terminal& terminal) {
    return decide(invocation, terminal, "ack",
                  "acknowledged: it is yours, no new attempts and no reminders");
}
int verb_resolve(const Invocation& invocation, Terminal& terminal) {
    if (invocation.option("--note").empty()) {
        terminal.problem(
            "resolve needs --note 'what was done': it is remembered for the next time");
        return kUsage;
    }
    return decide(invocation, terminal, "resolve", "resolved");
}

int verb_silence(const Invocation& invocation, Terminal& terminal) {
    return post(invocation, terminal, "/api/v1/silences",
                Json::object({{"name", invocation.words[0]},
                              {"duration", invocation.words[1]},
                              {"by", by(invocation)}}),
                invocation.words[0] + " is silent for " + invocation.words[1] +
                    "; it is still watched and repaired");
}

int verb_pause(const Invocation& invocation, Terminal& terminal) {
    return post(invocation, terminal, "/api/v1/pause", Json::object({{"by", by(invocation)}}),
                "paused: no action starts until 'ops-agent resume'");
}
int verb_resume(const Invocation& invocation, Terminal& terminal) {
    return post(invocation, terminal, "/api/v1/resume", Json::object({{"by", by(invocation)}}),
                "resumed: actions may start");
}

}  // namespace ops

#include "cli/words.h"

#include <algorithm>

#include "base/text.h"
#include "base/units.h"

namespace ops {
namespace {

std::string after_colon(const Json& text) {
    const std::string words = text.as_string();
    return words.empty() ? "" : ": " + words;
}

std::string outcome_words(const Json& body) {
    const std::string how = body["how"].as_string();
    std::string said = how == "timed_out" ? "it took too long and was ended"
                       : how == "exited"
                           ? "it ended with exit " + std::to_string(body["code"].as_int())
                       : how == "signalled" ? "it was ended by a signal"
                                            : "it ended";
    if (body["took_ms"].is_number()) {
        said += " after " + format_duration(Duration(body["took_ms"].as_int()));
    }
    return said;
}

std::string action_words(const std::string& what, const Json& body) {
    const std::string command = short_command(body["argv"].strings());
    if (what == "intent") {
        return std::string(body["undo"].as_bool() ? "undoes: " : "does: ") + command +
               " (attempt " + std::to_string(body["attempt"].as_int()) + ")";
    }
    if (what == "denied") {
        return "does not " + (command.empty() ? "act" : "do '" + command + "'") +
               after_colon(body["reason"]);
    }
    if (what == "awaiting") return "asks for a yes to: " + command;
    if (what == "approved") return "yes from " + body["by"].as_string();
    if (what == "rejected") return "no from " + body["by"].as_string();
    if (what == "outcome") return outcome_words(body);
    if (what == "unknown") return "what became of it is not known" + after_colon(body["reason"]);
    if (what == "verified") return "it helped" + after_colon(body["reason"]);
    if (what == "failed") return "it did not help" + after_colon(body["reason"]);
    return what == "undone" ? "it was undone" : "";
}

std::string investigated_words(const Json& body) {
    const std::string how = body["how"].as_string();
    if (how == "unknown") return "a model found no cause" + after_colon(body["reason"]);
    const std::string predicts = body["predicts"].as_string();
    return "a model thinks: " + body["cause"].as_string() +
           (predicts.empty() ? "" : " (it predicted " + predicts + ", which is so)");
}

std::string model_words(const std::string& what, const Json& body) {
    if (what == "refused") return "the model's answer does not count" + after_colon(body["reason"]);
    if (what != "called") return "";
    if (body["error"].is_string())
        return body["model"].as_string() + " gave no answer" + after_colon(body["error"]);
    return body["model"].as_string() + " answered (" + std::to_string(body["tokens"].as_int()) +
           " tokens)";
}

std::string evidence_words(const std::string& what, const Json& body) {
    if (what == "asked") {
        return "looks closer, " + body["diagnostic"].as_string() + ": " +
               short_command(body["argv"].strings());
    }
    if (what == "skipped") {
        return "did not look (" + body["what"].as_string() + ")" + after_colon(body["reason"]);
    }
    // What was known already stands below the timeline and happened at no moment of its own.
    if (what != "collected" || !body.has("bytes")) return "";
    const int64_t code = body["code"].as_int();
    return body["source"].as_string() + " printed " + std::to_string(body["bytes"].as_int()) +
           " bytes" + (code == 0 ? "" : ", exit " + std::to_string(code));
}

std::string memory_words(const std::string& what, const Json& body) {
    const std::string title = "'" + body["title"].as_string() + "'";
    if (what == "stored") return "remembered as " + body["id"].as_string();
    if (what == "recalled") {
        const size_t count = body["similar"].items().size();
        return std::to_string(count) + (count == 1 ? " memory is" : " memories are") + " like it";
    }
    if (what == "confirmed") return "the memory " + title + " was right again";
    if (what == "contradicted") return "the memory " + title + " was wrong this time";
    return "";
}

std::string incident_words(const std::string& what, const Json& body) {
    if (what == "opened") return body["title"].as_string() + after_colon(body["reason"]);
    if (what == "diagnosed") {
        const std::string entry = body["entry"].as_string();
        if (body["proposed"].as_bool()) return "a model proposes entry '" + entry + "'";
        return entry.empty() ? "no entry of the runbook fits" : "entry '" + entry + "' fits";
    }
    if (what == "state") {
        const std::string state = body["state"].as_string();
        if (body["waits"].is_string()) return "waits" + after_colon(body["waits"]);
        if (state == "awaiting_approval" || state == "resolving") return "";  // the action says it
        return (state == "verifying" ? "looks whether it helped" : state) +
               after_colon(body["reason"]);
    }
    if (what == "level") {
        if (body["criterion"].is_null())
            return "level " + body["level"].as_string() + ", as people hear of it";
        return "level " + body["level"].as_string() + " by '" + body["criterion"].as_string() + "'";
    }
    if (what == "noted") return body["text"].as_string();
    if (what == "investigated") return investigated_words(body);
    if (what == "acknowledged") {
        return body["by"].as_string() + " takes it over" + after_colon(body["note"]);
    }
    if (what == "resolved") {
        const std::string by = body["by"].as_string();
        return (by == "auto"    ? "repaired"
                : by == "human" ? "closed"
                                : "well again by itself") +
               after_colon(body["reason"]) + (body["note"].as_string().empty() ? "" : ", ") +
               body["note"].as_string();
    }
    return what == "evidence" ? "evidence: " + body["command"].as_string() : "";
}

std::string learned_words(const std::string& what, const Json& body) {
    const std::string entry = "'" + body["entry"].as_string() + "'";
    if (what == "would") {
        return "learned entry " + entry +
               ", in shadow, would do: " + join(body["commands"].strings(), "; ");
    }
    if (what == "judged") {
        return "learned entry " + entry + ": " + body["judged"].as_string() +
               after_colon(body["why"]);
    }
    if (what == "did") {
        std::vector<std::string> commands;
        for (const Json& deed : body["deeds"].items())
            commands.push_back(deed["command"].as_string());
        return commands.empty() ? "what was typed is nothing that the runbook has"
                                : "it was repaired by: " + join(commands, "; ") + " (" +
                                      body["from"].as_string() + ")";
    }
    return "";
}

std::string alert_words(const std::string& what, const Json& body) {
    if (what == "queued") {
        const std::string text = body["text"].as_string();
        return "to say: " + text.substr(0, text.find('\n'));
    }
    if (what == "sent") return "told " + body["channel"].as_string();
    if (what == "failed") {
        return body["channel"].as_string() + " did not take it" + after_colon(body["error"]) +
               (body["next_try"].is_string() ? "" : " (not tried again)");
    }
    return "";
}

}  // namespace

std::string short_command(const std::vector<std::string>& argv) {
    const auto operands = std::find(argv.begin(), argv.end(), "--");
    const bool is_ssh = !argv.empty() && (argv[0] == "ssh" || argv[0].ends_with("/ssh"));
    if (!is_ssh || operands == argv.end() || operands + 1 == argv.end()) return join(argv, " ");
    const std::vector<std::string> remote(operands + 2, argv.end());
    return "ssh " + *(operands + 1) + (remote.empty() ? "" : ": " + join(remote, " "));
}

std::string state_words(const Json& incident) {
    const std::string state = incident["state"].as_string();
    if (state != "resolved") {
        std::string said = state == "awaiting_approval" ? "needs a yes" : state;
        if (incident["waits_for"].is_string()) said = "waits";
        const bool is_taken = incident["acknowledged"].as_bool() && said != "acknowledged";
        return is_taken ? "acknowledged, " + said : said;
    }
    const std::string by = incident["resolved_by"].as_string();
    if (by == "auto") return "repaired";
    return by == "human" ? "closed" : "recovered";
}

std::string wait_words(const Json& incident, Time now) {
    std::string said = incident["waits_for"].as_string();
    const Result<Time> until = parse_rfc3339(incident["waits_until"].as_string());
    if (until.ok() && until.value() > now) {
        said += " (" + format_duration_short(until.value() - now) + " more at the most)";
    }
    return said;
}

std::string approved_words(const std::string& id, const Json& reply, Time now) {
    const int64_t yeses = reply["yeses"].as_int(), needed = reply["needed"].as_int();
    if (yeses < needed) {
        return id + " has " + std::to_string(yeses) + " yes of " + std::to_string(needed) +
               ": another person must say yes, too";
    }
    const bool waits = reply["waits_for"].is_string();
    return id + " approved" + (waits ? "; it waits: " + wait_words(reply, now) : "");
}

// An intent is on the disk before its command is sent, and the journal says no more until it ended.
std::string action_state_words(const Json& action) {
    const std::string state = action["state"].as_string();
    if (state == "awaiting_approval") return "needs a yes";
    if (state != "intent" && state != "running") return state;
    return action["ended_at"].is_null() ? "running" : "ended, being verified";
}

std::string by_whom_and_why(const Json& order) {
    const std::string by = printable(order["by"].as_string(), Lines::flatten);
    const std::string why = printable(order["reason"].as_string(), Lines::flatten);
    if (by.empty() && why.empty()) return "";
    return " (" + by + (by.empty() || why.empty() ? "" : ": ") + why + ")";
}

std::string event_words(const Json& event) {
    const std::string kind = event["kind"].as_string();
    const size_t dot = kind.find('.');
    if (dot == std::string::npos) return kind;
    const std::string what = kind.substr(dot + 1);
    std::string said = kind;
    if (kind.starts_with("action.")) said = action_words(what, event["body"]);
    if (kind.starts_with("incident.")) said = incident_words(what, event["body"]);
    if (kind.starts_with("model.")) said = model_words(what, event["body"]);
    if (kind.starts_with("memory.")) said = memory_words(what, event["body"]);
    if (kind.starts_with("learned.")) said = learned_words(what, event["body"]);
    if (kind.starts_with("evidence.")) said = evidence_words(what, event["body"]);
    if (kind.starts_with("alert.")) said = alert_words(what, event["body"]);
    return printable(said, Lines::flatten);
}

std::string evidence_title(const Json& evidence) {
    std::string title = evidence["command"].as_string();
    if (title.empty()) title = evidence["what"].as_string();
    if (title.empty()) {
        title = evidence["id"].as_string() + " " + evidence["source"].as_string();
        const std::string target = evidence["target"].as_string();
        if (!target.empty()) title += " of " + target;  // of many at once there is none
        if (evidence["code"].as_int() != 0) {
            title += ", exit " + std::to_string(evidence["code"].as_int());
        }
    }
    return printable(title, Lines::flatten);
}

std::string delivery_words(const Json& alert) {
    std::vector<std::string> parts;
    const auto add = [&](const std::string& lead, const Json& channels, const std::string& end) {
        const std::string names = join(channels.strings(), ", ");
        if (!names.empty()) parts.push_back(lead + names + end);
    };
    const std::string error = alert["error"].as_string();
    add("told ", alert["sent"], "");
    add("waits for ", alert["waiting"], "");
    add("refused by ", alert["given_up"], "");
    if (parts.empty()) return "told nobody";
    const bool trouble = !alert["waiting"].items().empty() || !alert["given_up"].items().empty();
    return join(parts, "; ") + (trouble && !error.empty() ? " (" + error + ")" : "");
}

}  // namespace ops

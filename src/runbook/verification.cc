#include <algorithm>

#include "base/text.h"
#include "runbook/runbook_parts.h"

namespace ops {
namespace {

std::vector<std::string> plain_words(std::string_view text) {
    std::vector<std::string> words;
    for (const std::string_view word : split(text, ' ')) {
        if (!word.empty()) words.emplace_back(word);
    }
    return words;
}

// `check worker heartbeat`: where the named group or service has heartbeats, or, when nothing that
// we know is named, where any service has.
bool waits_for_heartbeat(const std::vector<std::string>& words, const Inventory& inventory) {
    if (std::find(words.begin(), words.end(), "heartbeat") == words.end()) return false;
    bool named = false;
    bool any = false;
    bool any_named = false;
    for (const Service& service : inventory.services) {
        const bool is_named = std::any_of(words.begin(), words.end(), [&](const std::string& word) {
            return word == service.name || (!service.group.empty() && word == service.group);
        });
        named = named || is_named;
        any = any || service.heartbeat;
        any_named = any_named || (is_named && service.heartbeat);
    }
    return named ? any_named : any;
}

// True when the text is one of the sentences of product.md 4.1.
bool read_sentence(std::string_view text, const Inventory& inventory, Verification& verification) {
    const std::vector<std::string> words = plain_words(text);
    if (words.empty()) return false;
    if (words[0] == "check") {
        verification.kind = waits_for_heartbeat(words, inventory) ? Verification::Kind::heartbeat
                                                                  : Verification::Kind::checks;
        return true;
    }
    if (words[0] == "curl") {
        verification.kind = Verification::Kind::http;
        return true;
    }
    return false;
}

void read_text(const Node& node, Verification& verification, RunbookDraft& draft) {
    verification.text = node.text;
    if (read_sentence(node.text, draft.settings.inventory, verification)) {
        if (node.text.find("://") != std::string::npos) {
            draft.problems.error(node.place,
                                 "'verify' asks the target's own checks; to ask an address write "
                                 "verify: {command: \"curl -fsS URL\"}");
        }
        return;
    }
    const std::vector<std::string> words = plain_words(node.text);
    const std::vector<std::string> sentences = {"check", "curl"};
    const std::string meant = words.size() > 1 ? nearest(words[0], sentences) : "";
    if (!meant.empty() && !draft.names.fact(words[0])) {
        draft.problems.error(node.place, "unknown sentence " + node.describe() +
                                             " (did you mean '" + meant + " ...'?)");
        return;
    }
    verification.kind = Verification::Kind::expression;
    verification.expression = read_condition(node, "'verify'", draft);
}

void read_map(const Node& node, Verification& verification, RunbookDraft& draft) {
    Fields fields(node, "verify", draft.problems);
    const Node& command = fields.node("command");
    const Node& expression = fields.node("expression");
    const Shell shell = fields.boolean("shell", false) ? Shell::yes : Shell::no;
    verification.timeout = fields.duration("timeout", Duration::zero());
    fields.done();
    if (command.is_scalar()) {
        verification.kind = Verification::Kind::command;
        verification.text = command.text;
        verification.command = parse_command(command, shell, draft.settings, draft.problems);
    }
    if (expression) read_text(expression, verification, draft);
    if (command && expression) {
        draft.problems.error(node.place, "'verify' takes a 'command' or an 'expression', not both");
    } else if (!command.is_scalar() && !expression && !node.damaged &&
               !fields.has_misspelt("command") && !fields.has_misspelt("expression")) {
        draft.problems.error(node.place, "'verify' needs a 'command' or an 'expression'");
    }
}

}  // namespace

Verification read_verification(const Node& node, RunbookDraft& draft) {
    Verification verification;
    if (node.is_map()) {
        read_map(node, verification, draft);
    } else if (node.is_scalar() && !trim(node.text).empty()) {
        read_text(node, verification, draft);
    } else if (!node.damaged) {
        draft.problems.error(node.place,
                             "'verify' needs 'check ...', 'curl health endpoint', an expression "
                             "or {command: ...}, not " +
                                 node.describe());
    }
    return verification;
}

}  // namespace ops

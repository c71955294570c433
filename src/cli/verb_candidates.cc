// `runbook candidates|promote|demote`: what was learned, and a person's word on it.
#include "base/text.h"
#include "base/units.h"
#include "cli/client.h"
#include "cli/verbs.h"
#include "io/standard_output.h"

namespace ops {
namespace {

std::string percent(const Json& share) {
    return share.is_number() ? format_number(share.as_number() * 100, 1) + "%" : "not known";
}

std::string counts(const Json& one) {
    const auto count = [&](const char* key) { return std::to_string(one[key].as_int()); };
    return count("right") + " times right, " + count("verified") +
           " verified (of this rung); in all " + count("wrong") + " wrong, " + count("failed") +
           " failed";
}

void print_lines(const std::string& text, const Terminal& terminal) {
    for (const std::string_view line : split(trim(text), '\n')) {
        terminal.line("    " + printable(line, Lines::flatten));
    }
}

void print_one(const Json& one, const Terminal& terminal) {
    const std::string rung = one["autonomy"].as_string();
    terminal.line(one["id"].as_string() + "  " +
                  terminal.in(rung == "auto" ? Colour::green : Colour::plain, rung) + "  " +
                  printable(one["entry"].as_string(), Lines::flatten));
    terminal.line("  " + counts(one));
    terminal.line("  made " + one["made_at"].as_string() + " from " +
                  join(one["incidents"].strings(), ", "));
    terminal.line("  would match " + percent(one["replay"]["share_of_others"]) +
                  " of the other recorded incidents");
    const std::string why = one["why"].as_string(), lacks = one["lacks"].as_string();
    if (!why.empty()) terminal.line("  last moved: " + printable(why, Lines::flatten));
    if (rung == "out") return;
    terminal.line(lacks.empty()
                      ? "  may be promoted: ops-agent runbook promote " + one["id"].as_string()
                      : "  " + printable(lacks, Lines::flatten));
    terminal.line("  last change of runbook.learned.yaml:");
    print_lines(one["diff"].as_string(), terminal);
}

int list(const Invocation& invocation, Client& client, const Terminal& terminal) {
    bool from_records = false;
    const Result<Json> seen = client.look({"candidates", "", {}}, from_records);
    if (!seen.ok()) return told(seen.error(), terminal);
    if (invocation.json) {
        terminal.line(seen.value().dump_pretty());
        return kFine;
    }
    const auto& all = seen.value()["candidates"].items();
    if (all.empty()) terminal.line("nothing was learned yet");
    for (const Json& one : all) print_one(one, terminal);
    for (const Json& one : seen.value()["refused"].items()) {
        terminal.line("not in force: '" + printable(one["entry"].as_string(), Lines::flatten) +
                      "': " + printable(one["why"].as_string(), Lines::flatten));
    }
    return kFine;
}

// For the operator's own runbook, which nobody writes but the operator.
std::string block_for_runbook(const std::string& text) {
    std::string block;
    for (const std::string_view line : split(text, '\n')) {
        if (line == "    learned: true" || line.empty()) continue;
        block.append(line).append("\n");
    }
    return block;
}

int print_block(const std::string& id, Client& client, const Terminal& terminal) {
    bool from_records = false;
    const Result<Json> seen = client.look({"candidates", "", {}}, from_records);
    if (!seen.ok()) return told(seen.error(), terminal);
    for (const Json& one : seen.value()["candidates"].items()) {
        if (one["id"].as_string() != id && one["entry"].as_string() != id) continue;
        terminal.line(
            "# to be put under 'common_issues:' of your runbook.yaml; then: ops-agent "
            "runbook demote " +
            one["id"].as_string());
        const std::string block = block_for_runbook(one["text"].as_string());
        for (const std::string_view line : split(block, '\n')) {
            if (!line.empty()) terminal.line(printable(line, Lines::flatten));
        }
        return kFine;
    }
    terminal.problem("no candidate '" + printable(id, Lines::flatten) + "'");
    return kUnwell;
}

}  // namespace

int verb_candidates(const Invocation& invocation, Terminal& terminal) {
    const std::string& what = invocation.words[0];
    Result<Client> opened = Client::open(invocation);
    if (!opened.ok()) return told(opened.error(), terminal);
    Client client = std::move(opened).value();
    if (what == "candidates") return list(invocation, client, terminal);
    if (invocation.words.size() < 2) {
        terminal.problem("runbook " + what + " needs an ID; see 'ops-agent runbook candidates'");
        return kUsage;
    }
    const std::string& id = invocation.words[1];
    if (invocation.flag("--into-runbook")) return print_block(id, client, terminal);
    if (!is_safe_word(id)) {
        terminal.problem("'" + printable(id, Lines::flatten) + "' is no id");
        return kUsage;
    }
    const std::string user = user_name();
    const Json body = Json::object({{"by", invocation.option("--by", user)}, {"user", user}});
    const Result<Json> moved = client.post("/api/v1/runbook/candidates/" + id + "/" + what, body);
    if (!moved.ok()) return told(moved.error(), terminal);
    terminal.line(invocation.json
                      ? moved.value().dump_pretty()
                      : "'" + printable(moved.value()["entry"].as_string(), Lines::flatten) +
                            "': " + moved.value()["from"].as_string() + " -> " +
                            moved.value()["autonomy"].as_string());
    return kFine;
}

}  // namespace ops

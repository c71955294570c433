// `runbook candidates|promote|demote`: what was learned, and a person's word on it.
#include "base/text.h"
#include "base/units.h"
#include "cli/client.h"
#include "cli/configuration.h"
#include "cli/own_runbook.h"
#include "cli/verbs.h"
#include "io/posix_files.h"
#include "io/standard_output.h"
#include "learn/candidate_replay.h"
#include "runbook/append_entry.h"

namespace ops {
namespace {

std::string replay_line(const Json& replayed) {
    const Json& share = replayed["share_of_others"];
    if (!share.is_number()) return "not replayed yet";
    return "in replay since " + replayed["from"].as_string().substr(0, 10) + " it fires " +
           replay_words(replayed) + "; on " + format_number(share.as_number() * 100, 1) +
           "% of the other recorded incidents";
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
    terminal.line("  " + replay_line(one["replay"]));
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

// For the operator's own runbook.
std::string block_for_runbook(const std::string& text) {
    std::string block;
    for (const std::string_view line : split(text, '\n')) {
        if (line == "    learned: true" || line.empty()) continue;
        block.append(line).append("\n");
    }
    return block;
}

Result<Json> find_candidate(const std::string& id, Client& client) {
    bool from_records = false;
    const Json seen = TRY(client.look({"candidates", "", {}}, from_records));
    for (const Json& one : seen["candidates"].items()) {
        if (one["id"].as_string() == id || one["entry"].as_string() == id) return one;
    }
    return Error{Fault::not_found, "no candidate '" + printable(id, Lines::flatten) + "'"};
}

// The operator's runbook as it is and with the entry in it, which is a runbook.
Result<GrownFile> grow(const Invocation& invocation, const std::string& block) {
    const auto loaded = TRY(read_configuration(invocation));
    PosixFiles files;
    GrownFile grown{.path = loaded->runbook_file, .before = "", .after = ""};
    grown.before = TRY(files.read(grown.path));
    grown.after = TRY(append_entry(grown.before, block).during("'" + grown.path + "'"));
    Problems found;
    const auto runbook = read_runbook({grown.path, grown.after}, loaded->settings, found);
    if (!runbook || found.has_errors()) {
        return Error{Fault::denied, "with the entry in it, '" + grown.path +
                                        "' would not be in order; nothing was changed\n" +
                                        found.print()};
    }
    return grown;
}

void reload(Client& client, const Terminal& terminal) {
    const Result<Json> told_agent = client.post("/-/reload", Json::object());
    if (told_agent.ok()) return terminal.line("the running agent reads it now");
    terminal.line("an agent reads it when it starts, or now: " + told_agent.error().message);
}

// Nobody writes the operator's runbook without a yes.
int put_into_runbook(const std::string& id, const Invocation& invocation, Client& client,
                     const Terminal& terminal) {
    const Result<Json> one = find_candidate(id, client);
    if (!one.ok()) return told(one.error(), terminal);
    const std::string block = block_for_runbook(one.value()["text"].as_string());
    const Result<GrownFile> grown = grow(invocation, block);
    if (!grown.ok()) return told(grown.error(), terminal);
    const std::string& path = grown.value().path;
    const std::string kept = path + ".before-" + one.value()["id"].as_string();
    terminal.line(path + ", at the end of common_issues:");
    for (const std::string_view line : split(block, '\n')) {
        if (line.empty()) continue;
        terminal.line(terminal.in(Colour::green, "+ " + printable(line, Lines::flatten)));
    }
    if (!invocation.flag("--yes")) {
        terminal.line(
            "nothing was changed; with --yes it is added, and the file as it was is kept as " +
            kept);
        return kFine;
    }
    PosixFiles files;
    const Result<> written = write_if_unchanged(files, grown.value(), kept);
    if (!written.ok()) return told(written.error(), terminal);
    terminal.line("added; as it was: " + kept);
    reload(client, terminal);
    terminal.line(
        "yours comes before what was learned; to take that out: ops-agent runbook demote " +
        one.value()["id"].as_string());
    return kFine;
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
    if (invocation.flag("--into-runbook"))
        return put_into_runbook(id, invocation, client, terminal);
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

#include "base/counted.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/verbs.h"
#include "record/journal.h"

namespace ops {

int verb_audit(const Invocation& invocation, Terminal& terminal) {
    if (invocation.words[0] != "verify") {
        terminal.problem("audit can 'verify', not '" + invocation.words[0] + "'");
        return kUsage;
    }
    const std::string head = invocation.option("--head");
    if (!head.empty() &&
        (head.size() != 64 || head.find_first_not_of("0123456789abcdef") != std::string::npos)) {
        terminal.problem("--head is a hash, 64 digits of 0-9 and a-f, not '" +
                         printable(clip_end(head, 80), Lines::flatten) + "'");
        return kUsage;
    }
    const auto client = Client::open(invocation);
    if (!client.ok()) return told(client.error(), terminal);
    const auto report = verify_journal(client.value().data_dir(), head);
    if (!report.ok()) {
        terminal.problem(report.error().message);
        return kUnwell;
    }
    const ChainReport& chain = report.value();
    if (invocation.json) {
        terminal.line(Json::object({{"ok", chain.ok},
                                    {"events", chain.events},
                                    {"pruned_through", chain.pruned_through},
                                    {"head", chain.head.hash},
                                    {"seq", chain.head.seq},
                                    {"only_projections_differ", chain.only_projections_differ},
                                    {"problems", Json::of_strings(chain.problems)}})
                          .dump_pretty());
    } else {
        for (const std::string& problem : chain.problems)
            terminal.line(terminal.in(Colour::red, problem));
        const std::string found =
            chain.ok ? terminal.in(Colour::green, "the chain is whole")
            : chain.only_projections_differ
                ? terminal.in(Colour::yellow, "the chain is whole, what is made of it is not")
                : terminal.in(Colour::red, "the chain is broken");
        terminal.line(counted(chain.events, "event") + ", " + found);
        terminal.line("head " + chain.head.hash + " (event " + std::to_string(chain.head.seq) +
                      ")");
    }
    return chain.ok ? kFine : kUnwell;
}

int verb_rebuild(const Invocation& invocation, Terminal& terminal) {
    const auto client = Client::open(invocation);
    if (!client.ok()) return told(client.error(), terminal);
    const bool compare = invocation.flag("--compare");
    const auto report = rebuild_projections(client.value().data_dir(),
                                            compare ? Rebuild::compare : Rebuild::replace);
    if (!report.ok()) {
        terminal.problem(report.error().message);
        return kUnwell;
    }
    for (const std::string& difference : report.value().differences) terminal.line(difference);
    const size_t count = report.value().differences.size();
    terminal.line(counted(report.value().events, "event") + ", " + counted(count, "difference") +
                  (compare || count == 0 ? "" : ", mended"));
    return compare && count > 0 ? kUnwell : kFine;
}

}  // namespace ops

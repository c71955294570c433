// What a runbook would have done on recorded history, and whether a changed one would do better.
#include <optional>

#include "base/units.h"
#include "cli/client.h"
#include "cli/configuration.h"
#include "cli/verbs.h"
#include "escalate/compose.h"
#include "io/posix_files.h"
#include "learn/replay.h"
#include "runbook/learned.h"

namespace ops {
namespace {

constexpr size_t kMostLines = 10;  // of one kind; --json has them all

// A runbook with what was learned beside it, as far as it allows that.
Result<Runbook> read_changed(PosixFiles& files, const Loaded& loaded, const std::string& path) {
    const std::string text = TRY(files.read(path));
    Problems problems;
    std::optional<Runbook> runbook = read_runbook({path, text}, loaded.settings, problems);
    if (!runbook || problems.has_errors()) {
        return Error{Fault::invalid,
                     "'" + path + "' has errors; nothing was replayed\n" + problems.print()};
    }
    return std::move(*runbook);
}

void add_learned(PosixFiles& files, const Loaded& loaded, Runbook& runbook) {
    const std::string path = loaded.data_dir + "/" + std::string(kLearnedFile);
    const Result<std::string> text = files.read(path);
    if (!text.ok()) return;  // nothing was learned yet
    LearnedEntries learned = read_learned({path, text.value()}, runbook, loaded.settings);
    for (Entry& entry : learned.entries) runbook.entries.push_back(std::move(entry));
}

std::string of(size_t part, size_t all) {
    return std::to_string(part) + " of " + std::to_string(all);
}

struct Replayed {
    const Recorded& recorded;
    const ReplayReport& report;
    const ReplayComparison* comparison = nullptr;
    std::string zone;
};

std::string moment(Time at, const std::string& zone) { return local_time(at, zone); }

void print_head(const Replayed& answer, const Terminal& terminal) {
    const Recorded& recorded = answer.recorded;
    terminal.line("Replayed " + moment(recorded.from, answer.zone) + " to " +
                  moment(recorded.to, answer.zone) + ": " +
                  std::to_string(recorded.incidents.size()) +
                  (recorded.incidents.size() == 1 ? " incident" : " incidents"));
    if (recorded.watched.empty()) {
        terminal.line("Nothing was watched in this time.");
    } else if (recorded.watched.front().from > recorded.from) {
        terminal.line("The records begin at " + moment(recorded.watched.front().from, answer.zone) +
                      ".");
    }
    if (recorded.exact_from > recorded.from && !recorded.watched.empty() &&
        recorded.exact_from > recorded.watched.front().from + std::chrono::minutes(2)) {
        terminal.line("Exact from " + moment(recorded.exact_from, answer.zone) +
                      "; before that numbers are means of a minute.");
    }
    terminal.line();
}

void print_entries(const Replayed& answer, const Terminal& terminal) {
    Table table({"ENTRY", "INCIDENTS", "FALSE ALARMS", "NOT JUDGED"});
    for (const EntryReplay& entry : answer.report.entries) {
        const bool is_false = entry.healthy_days_fired > 0;
        std::string unjudged;
        if (!entry.unjudged_incidents.empty()) {
            unjudged = std::to_string(entry.unjudged_incidents.size()) +
                       (entry.unjudged_incidents.size() == 1 ? " incident" : " incidents");
        }
        if (entry.unjudged_days > 0) {
            unjudged += (unjudged.empty() ? "" : ", ") + std::to_string(entry.unjudged_days) +
                        (entry.unjudged_days == 1 ? " day" : " days");
        }
        table.row({{entry.entry + (entry.acts ? "" : " (does not act)")},
                   {of(entry.fired_on_incidents.size(), entry.judged_incidents)},
                   {of(entry.healthy_days_fired, entry.healthy_days) + " healthy days",
                    is_false ? Colour::red : Colour::plain},
                   {unjudged.empty() ? "-" : unjudged}});
    }
    if (table.is_empty()) terminal.line("the runbook has no entries with symptoms");
    if (!table.is_empty()) table.print(terminal);
    for (const EntryReplay& entry : answer.report.entries) {
        // In the first moments after a start nothing is known yet; that alone is not worth a line.
        if (entry.not_recorded.empty()) continue;
        if (entry.unjudged_incidents.empty() && entry.unjudged_days == 0) continue;
        std::string facts;
        for (const std::string& fact : entry.not_recorded)
            facts += (facts.empty() ? "" : ", ") + fact;
        terminal.line();
        terminal.line("'" + entry.entry + "' reads what is not always on record: " + facts);
    }
}

void print_false_alarms(const Replayed& answer, const Terminal& terminal) {
    for (const EntryReplay& entry : answer.report.entries) {
        size_t printed = 0, all = 0;
        for (const Firing& firing : entry.firings) {
            if (!firing.on_healthy_day || !firing.incident.empty()) continue;
            if (++all == 1) {
                terminal.line();
                terminal.line("'" + entry.entry + "' on healthy days:");
            }
            if (printed >= kMostLines) continue;
            ++printed;
            std::string symptoms;
            for (const std::string& symptom : firing.symptoms) {
                symptoms += (symptoms.empty() ? "" : ", ") + symptom;
            }
            terminal.line("  " + moment(firing.at, answer.zone) + "  " + firing.target + "  " +
                          symptoms);
        }
        if (all > printed) {
            terminal.line("  and " + std::to_string(all - printed) + " more (--json has them)");
        }
    }
}

std::string then_words(const IncidentReplay& one) {
    return (one.ran.empty() ? "" : "'" + one.ran + "', ") + std::string(name_of(one.end));
}

void print_incidents(const Replayed& answer, const Terminal& terminal) {
    size_t same = 0, printed = 0, differ = 0;
    for (const IncidentReplay& one : answer.report.incidents) {
        if (one.is_same()) {
            ++same;
            continue;
        }
        if (++differ == 1) {
            terminal.line();
            terminal.line("Other than what was done then:");
        }
        if (printed >= kMostLines) continue;
        ++printed;
        terminal.line("  " + moment(one.opened_at, answer.zone) + "  " + one.target + "  " +
                      one.id);
        terminal.line("    then: " + then_words(one));
        terminal.line("    now:  " +
                      (one.would_run.empty() ? std::string("no entry, a person")
                                             : "'" + one.would_run + "'") +
                      (one.why.empty() ? "" : " (" + one.why + ")"));
    }
    if (differ > printed) {
        terminal.line("  and " + std::to_string(differ - printed) + " more (--json has them)");
    }
    if (same > 0) {
        terminal.line();
        terminal.line(std::to_string(same) + (same == 1 ? " incident" : " incidents") +
                      " as it was done then");
    }
}

void print_comparison(const ReplayComparison& comparison, const std::string& file,
                      const Terminal& terminal) {
    terminal.line();
    terminal.line("Against the runbook in force:");
    for (const ReplayFinding& one : comparison.findings) {
        switch (one.kind) {
            case ReplayFinding::Kind::worse:
                terminal.line("  " + terminal.in(Colour::red, "worse   ") + one.text);
                break;
            case ReplayFinding::Kind::better:
                terminal.line("  " + terminal.in(Colour::green, "better  ") + one.text);
                break;
            case ReplayFinding::Kind::note: terminal.line("  note    " + one.text); break;
        }
    }
    if (comparison.findings.empty()) terminal.line("  nothing changes");
    terminal.line();
    terminal.line(
        comparison.is_worse()
            ? terminal.in(Colour::red, "'" + file + "' is worse than what is in force")
            : terminal.in(Colour::green, "'" + file + "' makes nothing worse on what is recorded"));
}

Json json_of(const Replayed& answer) {
    const Recorded& recorded = answer.recorded;
    Json json = to_json(answer.report);
    json.set("from", format_rfc3339(recorded.from));
    json.set("to", format_rfc3339(recorded.to));
    json.set("exact_from", format_rfc3339(recorded.exact_from));
    if (answer.comparison != nullptr) json.set("comparison", to_json(*answer.comparison));
    return json;
}

Result<Recorded> read_records(const Loaded& loaded, const std::vector<const Runbook*>& runbooks,
                              Duration span) {
    StoreOptions options;
    options.access = Access::read;
    const std::unique_ptr<Store> store = TRY(Store::open(loaded.data_dir, options));
    const std::unique_ptr<History> history = TRY(History::open(loaded.data_dir, options));
    return load_recorded(*store, *history, loaded.settings, runbooks, span);
}

int refuse(const Error& error, const Terminal& terminal) {
    terminal.problem(error.message);
    return kUsage;
}

}  // namespace

int verb_replay(const Invocation& invocation, Terminal& terminal) {
    const Result<Duration> span = parse_duration(invocation.option("--since", "30d"));
    if (!span.ok()) return refuse(span.error(), terminal);
    const auto configuration = read_configuration(invocation);
    if (!configuration.ok()) return told(configuration.error(), terminal);
    const std::unique_ptr<Loaded>& loaded = configuration.value();
    PosixFiles files;
    Runbook in_force = loaded->runbook;
    add_learned(files, *loaded, in_force);
    std::optional<Runbook> changed;
    const std::string file = invocation.option("--runbook");
    if (!file.empty()) {
        Result<Runbook> read = read_changed(files, *loaded, file);
        if (!read.ok()) return refuse(read.error(), terminal);
        changed = std::move(read).value();
        add_learned(files, *loaded, *changed);
    }
    std::vector<const Runbook*> runbooks = {&in_force};
    if (changed) runbooks.push_back(&*changed);
    const Result<Recorded> recorded = read_records(*loaded, runbooks, span.value());
    if (!recorded.ok()) {
        terminal.problem(recorded.error().message);
        return kUnwell;
    }

    const Inventory& inventory = loaded->settings.inventory;
    const ReplayReport before = replay(recorded.value(), in_force, inventory);
    std::optional<ReplayReport> after;
    std::optional<ReplayComparison> comparison;
    if (changed) {
        after = replay(recorded.value(), *changed, inventory);
        comparison = compare(before, in_force, *after, *changed);
    }
    const Replayed answer{recorded.value(), after ? *after : before,
                          comparison ? &*comparison : nullptr, loaded->settings.agent.time_zone};
    if (invocation.json) {
        terminal.line(json_of(answer).dump_pretty());
    } else {
        print_head(answer, terminal);
        print_entries(answer, terminal);
        print_false_alarms(answer, terminal);
        print_incidents(answer, terminal);
        if (comparison) print_comparison(*comparison, file, terminal);
    }
    return comparison && comparison->is_worse() ? kUnwell : kFine;
}

}  // namespace ops

#include "runbook/runbook.h"

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "runbook/danger.h"
#include "runbook/runbook_parts.h"

namespace ops {
namespace {

void read_entries(const Node& node, RunbookDraft& draft) {
    if (node.is_scalar() || node.is_map()) {
        draft.problems.error(
            node.place,
            "'common_issues' must be a list of entries ('- name: ...'), not " + node.describe());
    }
    for (const Node& item : node.items) {
        if (item.is_map()) {
            read_entry(item, draft);
        } else if (!item.damaged) {
            draft.problems.error(item.place,
                                 "an entry must be a map ('- name: ...'), not " + item.describe());
        }
    }
}

// Restart commands and the like stand in the configuration, but are commands, so they are read
// here.
void check_commands_of_settings(RunbookDraft& draft) {
    for (const auto* const commands :
         {&draft.settings.restarts, &draft.settings.caches, &draft.settings.rotations}) {
        for (const auto& [name, text] : *commands) {
            const CommandText command =
                parse_command(text, Shell::no, draft.settings, draft.problems);
            const std::string thing = protected_thing(command);
            if (thing.empty()) continue;
            draft.problems.warning(text.place, "this acts on " + thing +
                                                   ", so it runs only in an entry with "
                                                   "'risk: destructive'");
        }
    }
}

}  // namespace

std::string_view name_of(Risk risk) {
    switch (risk) {
        case Risk::low: return "low";
        case Risk::medium: return "medium";
        case Risk::high: return "high";
        case Risk::destructive: return "destructive";
    }
    return "?";
}

std::string_view name_of(Effect effect) {
    switch (effect) {
        case Effect::read: return "read";
        case Effect::idempotent: return "idempotent";
        case Effect::once: return "once";
    }
    return "?";
}

std::string_view name_of(Autonomy autonomy) {
    switch (autonomy) {
        case Autonomy::shadow: return "shadow";
        case Autonomy::ask: return "ask";
        case Autonomy::automatic: return "auto";
    }
    return "?";
}

std::string_view name_of(Level level) {
    switch (level) {
        case Level::none: return "none";
        case Level::log: return "log";
        case Level::warning: return "warning";
        case Level::alert: return "alert";
        case Level::critical: return "critical";
    }
    return "?";
}

std::optional<Level> parse_level(std::string_view text) {
    for (const Level level :
         {Level::none, Level::log, Level::warning, Level::alert, Level::critical}) {
        if (name_of(level) == text) return level;
    }
    return std::nullopt;
}

bool Step::has_effect() const {
    return kind == Kind::command || kind == Kind::restart || kind == Kind::clear_cache ||
           kind == Kind::rotate_logs || kind == Kind::http;
}

bool Entry::alerts() const {
    return std::any_of(steps.begin(), steps.end(),
                       [](const Step& step) { return step.kind == Step::Kind::alert; });
}

const Entry* Runbook::find(std::string_view name) const {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [name](const Entry& entry) { return entry.name == name; });
    return found == entries.end() ? nullptr : &*found;
}

std::optional<Runbook> read_runbook(const ConfigText& text, const Settings& settings,
                                    Problems& problems) {
    Problems mine;
    Runbook runbook;
    runbook.file = text.file;
    runbook.sha256 = sha256_hex(text.text);
    const Node root = parse_yaml(text.text, text.file, mine);
    const TargetNames names(settings);
    RunbookDraft draft{runbook, settings, names, mine};
    check_commands_of_settings(draft);
    if (root.is_scalar() || root.is_list()) {
        mine.error(root.place, "a runbook is a map of sections such as 'common_issues:', this is " +
                                   root.describe());
    } else {
        Fields fields(root, "the runbook", mine);
        read_entries(fields.node("common_issues"), draft);
        read_criteria(fields.node("escalation"), draft);
        read_tests(fields.node("tests"), draft);
        fields.done();
    }
    lint_entries(draft);
    const bool refused = mine.has_errors();
    problems.add(std::move(mine));
    if (refused) return std::nullopt;
    return runbook;
}

}  // namespace ops

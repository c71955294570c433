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
// A restart of a service on another machine whose words stay here. A program that is given the host
// may well go there by itself.
void warn_of_here(const std::string& name, const CommandText& command, const Place& place,
                  RunbookDraft& draft) {
    const Inventory& inventory = draft.settings.inventory;
    const Service* const service = inventory.find_service(name);
    const Host* const host = service != nullptr ? inventory.find_host(service->host) : nullptr;
    if (host == nullptr || host->local || host->ssh.empty() || !command.host.empty()) return;
    for (const std::string& word : command.words) {
        for (const std::string_view there :
             {std::string_view("{host}"), std::string_view(host->name),
              std::string_view(host->ssh)}) {
            if (word.find(there) != std::string::npos) return;
        }
    }
    if (command.words.empty()) return;
    draft.problems.warning(place, "this runs on the agent's machine, but '" + name +
                                      "' is on the host '" + host->name + "': write ssh " +
                                      host->name + " '" + clip_end(command.text, 64) + "'");
}

void check_commands_of_settings(RunbookDraft& draft) {
    for (const auto* const commands :
         {&draft.settings.restarts, &draft.settings.caches, &draft.settings.rotations}) {
        for (const auto& [name, text] : *commands) {
            const CommandText command =
                parse_command(text, Shell::no, draft.settings, draft.problems);
            if (commands == &draft.settings.restarts) {
                warn_of_here(name, command, text.place, draft);
            }
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

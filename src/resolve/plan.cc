#include "resolve/plan.h"

#include <utility>

#include "base/hash.h"
#include "base/text.h"

namespace ops {
namespace {

Error no_step(const Entry& entry, int step, std::string_view why) {
    return {Fault::not_found,
            "entry '" + entry.name + "', step " + std::to_string(step) + ": " + std::string(why)};
}

std::string hash_of(const PlannedCommand& command) {
    return sha256_hex(Json::array()
                          .push("ops-argv-1")
                          .push(command.target)
                          .push(command.host)
                          .push(command.as_user)
                          .push(Json::of_strings(command.argv))
                          .dump());
}

Result<PlannedCommand> fill(PlannedCommand planned, const CommandText& text,
                            const Inventory& inventory) {
    if (!inventory.has_target(planned.target)) {
        return Error{Fault::denied, "'" + planned.target + "' is not in the inventory"};
    }
    CommandLine line = TRY(fill_in(text, planned.target, inventory));
    planned.argv = std::move(line.argv);
    planned.host = std::move(line.host);
    planned.argv_sha256 = hash_of(planned);
    return planned;
}

bool in_range(int index, size_t size) { return index >= 0 && static_cast<size_t>(index) < size; }

// A step that only reads may be asked again; it then has a step key of its own.
bool may_repeat(const Step& step) { return step.effect == Effect::read; }

Result<PlannedCommand> plan_run(const Entry& entry, const Step& step, PlannedCommand planned,
                                const Inventory& inventory) {
    if (!step.has_effect()) return no_step(entry, planned.step, "runs nothing");
    if (planned.sub != 0 && !may_repeat(step)) return no_step(entry, planned.step, "runs once");
    planned.target = target_of(step, planned.target);
    planned.effect = step.effect;
    if (step.kind != Step::Kind::http) return fill(std::move(planned), step.command, inventory);
    if (!inventory.has_target(planned.target)) {
        return Error{Fault::denied, "'" + planned.target + "' is not in the inventory"};
    }
    planned.argv = {step.http_method, step.http_url, sha256_hex(step.http_body)};
    planned.argv_sha256 = hash_of(planned);
    return planned;
}

}  // namespace

std::string PlannedCommand::print() const {
    std::string text;
    for (const std::string& word : argv) {
        if (!text.empty()) text += ' ';
        const bool plain = !word.empty() &&
                           word.find_first_of(" \t\n'\"\\$&|;<>()*?[]{}`#~!") == std::string::npos;
        text += plain ? word : "'" + replace_all(word, "'", "'\\''") + "'";
    }
    return text;
}

std::string target_of(const Step& step, std::string_view target) {
    return step.service.empty() ? std::string(target) : step.service;
}

Result<PlannedCommand> plan_command(const Entry& entry, TicketKind kind, int step_index, int sub,
                                    std::string_view target, const Inventory& inventory) {
    PlannedCommand planned;
    planned.kind = kind;
    planned.step = step_index;
    planned.sub = sub;
    planned.target = target;
    if (kind == TicketKind::undo && step_index == kEntryUndo) {
        if (!in_range(sub, entry.undo.size())) return no_step(entry, step_index, "no such undo");
        return fill(std::move(planned), entry.undo[static_cast<size_t>(sub)], inventory);
    }
    if (!in_range(step_index, entry.steps.size()))
        return no_step(entry, step_index, "no such step");
    const Step& step = entry.steps[static_cast<size_t>(step_index)];
    planned.as_user = step.as_user;
    planned.time_limit = step.timeout;
    switch (kind) {
        case TicketKind::run: return plan_run(entry, step, std::move(planned), inventory);
        case TicketKind::undo:
            if (!in_range(sub, step.undo.size())) return no_step(entry, step_index, "no such undo");
            planned.target = target_of(step, target);
            return fill(std::move(planned), step.undo[static_cast<size_t>(sub)], inventory);
        case TicketKind::collect:
            if (step.kind != Step::Kind::collect || step.collect.empty() || sub < 0) {
                return no_step(entry, step_index, "collects no such thing");
            }
            planned.effect = Effect::read;
            return fill(std::move(planned),
                        step.collect[static_cast<size_t>(sub) % step.collect.size()], inventory);
        case TicketKind::verify_command:
            if (step.kind != Step::Kind::verify ||
                step.verification.kind != Verification::Kind::command) {
                return no_step(entry, step_index, "verifies by no command");
            }
            planned.effect = Effect::read;
            return fill(std::move(planned), step.verification.command, inventory);
    }
    return no_step(entry, step_index, "of no known kind");
}

Result<std::vector<PlannedCommand>> plan_effects(const Entry& entry, std::string_view target,
                                                 const Inventory& inventory) {
    std::vector<PlannedCommand> effects, undos;
    for (size_t i = 0; i < entry.steps.size(); ++i) {
        if (!entry.steps[i].has_effect()) continue;
        const int step = static_cast<int>(i);
        effects.push_back(TRY(plan_command(entry, TicketKind::run, step, 0, target, inventory)));
        for (size_t sub = 0; sub < entry.steps[i].undo.size(); ++sub) {
            undos.push_back(TRY(plan_command(entry, TicketKind::undo, step, static_cast<int>(sub),
                                             target, inventory)));
        }
    }
    for (size_t sub = 0; sub < entry.undo.size(); ++sub) {
        undos.push_back(TRY(plan_command(entry, TicketKind::undo, kEntryUndo, static_cast<int>(sub),
                                         target, inventory)));
    }
    effects.insert(effects.end(), undos.begin(), undos.end());
    return effects;
}

std::string plan_sha256(const Entry& entry, std::string_view target,
                        const std::vector<PlannedCommand>& effects) {
    Json list = Json::array();
    list.push("ops-plan-1").push(entry.sha256).push(target);
    for (const PlannedCommand& command : effects) {
        list.push(Json::array()
                      .push(name_of(command.kind))
                      .push(command.step)
                      .push(command.sub)
                      .push(command.argv_sha256));
    }
    return sha256_hex(list.dump());
}

}  // namespace ops

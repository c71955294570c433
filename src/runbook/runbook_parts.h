// How runbook.cc divides its work. Only for the .cc files of this room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"
#include "runbook/command.h"
#include "runbook/runbook.h"

namespace ops {

// What the readers share.
struct RunbookDraft {
    Runbook& runbook;
    const Settings& settings;
    const TargetNames& names;
    Problems& problems;
};

void read_entry(const Node& node, RunbookDraft& draft);
// Nothing when the step could not be read.
std::optional<Step> read_step(const Node& node, RunbookDraft& draft);
// `undo:` of a step or an entry: a command, a list of them, or maps with `command`.
std::vector<CommandText> read_commands(const Node& node, std::string_view what,
                                       RunbookDraft& draft);
Verification read_verification(const Node& node, RunbookDraft& draft);
// A condition, or nothing and the reasons noted.
std::optional<expr::Expression> read_condition(const Node& node, std::string_view what,
                                               RunbookDraft& draft);
void read_criteria(const Node& node, RunbookDraft& draft);
void read_tests(const Node& node, RunbookDraft& draft);
// The warnings about entries that were read without an error.
void lint_entries(const RunbookDraft& draft);
void warn_of_windows(const RunbookDraft& draft);

std::string hash_of(const Entry& entry);
// All that makes two steps, or two lists of commands, the same thing done.
std::string canonical_words(const Step& step);
std::string canonical_words(const std::vector<CommandText>& commands);
// The group whose prefix this fact has: worker of worker_process_status; empty for none.
std::string group_of_fact(std::string_view fact, const Inventory& inventory);
// False when no values of the facts can make all of these true at once; `why` says which two.
bool can_hold_together(const std::vector<expr::Expression>& symptoms, std::string& why);
// True when it holds whatever the facts are: `up == false or true`.
bool is_always_true(const expr::Expression& symptom);

}  // namespace ops

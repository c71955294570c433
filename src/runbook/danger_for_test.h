// For the tests of danger.h: a command as it is written in a runbook, and as words.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "runbook/command.h"
#include "runbook/danger.h"

namespace ops {

inline CommandText parsed(std::string_view text, Shell shell = Shell::no) {
    std::vector<CommandIssue> issues;
    return parse_command(text, shell, nullptr, issues);
}

inline Danger danger_of_words(std::vector<std::string> words) {
    CommandText command;
    command.words = std::move(words);
    return danger_of(command);
}

}  // namespace ops

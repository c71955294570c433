// Deeds: what a person did, as far as it is something that the program can do, too.
//
// A note, or a line of a shell's history, is text. It is only compared, word for word, with the
// commands of steps that the operator wrote, filled in for the target; what is not the same as one
// of them stays text for people. Nothing of it ever becomes a command. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "runbook/runbook.h"

namespace ops {

// A step with an effect, on one target.
struct KnownDeed {
    std::string entry;  // that has it, or the built-in one
    int step = 0;
    std::string command;              // its words, as they are compared and shown
    std::vector<std::string> spoken;  // as a person types or says it
};

// Of the built-in restart, and of all entries that may be about the target and are on.
std::vector<KnownDeed> known_deeds(std::string_view target, const Runbook& own,
                                   const Inventory& inventory);

// What an entry runs on a target, spelled as those above.
std::vector<std::string> commands_of(const Entry& entry, std::string_view target,
                                     const Inventory& inventory);

// Those that a note names word for word, in the order of the note; none when it says that something
// was not so ("did not help").
std::vector<KnownDeed> deeds_in_note(std::string_view note, const std::vector<KnownDeed>& known);
// The one that a line of a shell's history is, all of it.
std::optional<KnownDeed> deed_of_line(std::string_view line, const std::vector<KnownDeed>& known);

// One command that was typed.
struct TypedLine {
    std::optional<Time> at;  // when the history says so
    std::string text;
};
// Histories of bash (with or without HISTTIMEFORMAT), zsh (extended) and fish, and what sudo writes
// to a log ("COMMAND=/usr/bin/systemctl restart x"); at most the last kMostTyped lines.
inline constexpr size_t kMostTyped = 2000;
std::vector<TypedLine> read_history(std::string_view text);

}  // namespace ops

// runbook.learned.yaml as text: the block of one entry, the whole file, and a diff that people can
// read. What is written is valid by the program's own lint, and read back to the same entry. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runbook/runbook.h"

namespace ops {

// A step as YAML, from what was read: "{command: ..., timeout: 20s}" on lines of their own.
std::string step_yaml(const Step& step, std::string_view indent);

struct LearnedBlock {
    std::vector<std::string> comments;  // where it comes from
    std::string name;
    Autonomy autonomy = Autonomy::shadow;
    Risk risk = Risk::low;
    std::vector<std::string> symptoms;
    std::vector<std::string> steps;  // step_yaml()
    std::vector<std::string> undo;   // commands as written
};
// Of an entry that stands in the file, without the comments above it.
LearnedBlock block_of(const Entry& entry);
std::string block_yaml(const LearnedBlock& block);
// The block with another rung.
std::string with_rung(std::string_view block, Autonomy autonomy);

std::string learned_file(const std::vector<std::string>& blocks);

// What changed between two texts, as `diff -u` shows it with three lines around; empty: nothing.
// Made for one change in one place.
std::string diff_of(std::string_view before, std::string_view after);

}  // namespace ops

// Learned entries: what the program wrote down itself (runbook.learned.yaml in the data folder), as
// far as the operator's own files allow it.
//
// The data folder belongs to the core, which talks to the network, so the file is not believed. Of
// a learned entry only name, symptoms and rung are its own; each step must stand, word for word, in
// an entry of the operator that may be about the same target, or be that target's own restart, and
// is taken from there. So it can do nothing that the operator's entries cannot do on that target,
// and nothing more freely: docs/decisions/what-a-learned-entry-may-do.md. Core and executor both
// read it by these functions, each from its own copy of the operator's files. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runbook/runbook.h"

namespace ops {

inline constexpr std::string_view kLearnedFile = "runbook.learned.yaml";  // in the data folder

struct RefusedEntry {
    std::string name;  // empty: the whole file
    Place place;
    std::string why;
};
struct LearnedEntries {
    std::vector<Entry> entries;
    std::vector<Autonomy> written;  // of each, as the file has it; what it borrows may allow less
    std::vector<RefusedEntry> refused;
    const Entry* find(std::string_view name) const;
};

// A text that is no runbook gives no entry and the reason; one that may not be in force is refused
// alone.
LearnedEntries read_learned(const ConfigText& text, const Runbook& own, const Settings& settings);

// The entry as it may be in force: steps, undo, risk and limits those of the operator's entries.
// Fault::denied says what it takes that is not there.
Result<Entry> derive_learned(const Entry& written, const Runbook& own, const Settings& settings);

// The same entry on another rung, as core and executor both know it then.
Entry with_autonomy(Entry entry, Autonomy autonomy);

// By which people and the journal know it: over all that it says but its rung. A changed entry is
// another one, and begins anew.
std::string learned_id(const Entry& entry);

}  // namespace ops

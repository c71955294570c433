// The journal as an auditor sees it: is the chain whole, and do the projections say what the events
// say? File format and hashing: docs/formats/journal.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "record/store.h"

namespace ops {

// The hash before the first event.
std::string first_hash();
// The hash of an event whose body is stored as `body`, after an event of hash `previous` (both in
// lower-case hex).
std::string chain_hash(std::string_view previous, const Event& event, std::string_view body);

struct ChainReport {
    bool ok = false;
    uint64_t events = 0;                // looked at
    uint64_t pruned_through = 0;        // the events up to this one are gone, by retention; 0: none
    JournalHead head;                   // the newest event that is there
    uint64_t broken_at = 0;             // the first event that does not fit, 0: none
    std::vector<std::string> problems;  // for people; empty when ok
    // The chain is whole, but what is made of it is not what it says: `ops-agent rebuild` mends it.
    bool only_projections_differ = false;
};

// Reads everything: the file's own structure, every link of the chain, and, where given, that the
// event of hash `expected_head` is in it (a head noted earlier proves that nothing up to it was
// changed). Works beside a running agent. An error only when the file cannot be read at all.
Result<ChainReport> verify_journal(const std::string& folder, std::string_view expected_head = "",
                                   StoreOptions options = {});

enum class Rebuild { compare, replace };
struct RebuildReport {
    uint64_t events = 0;
    std::vector<std::string> differences;  // "incident 'inc-x': ..."; at most 20, then a count
};
// Folds all events again. `compare` changes nothing; `replace` puts what came out in place of what
// was there, in one transaction, and needs the agent stopped (Fault::denied otherwise).
Result<RebuildReport> rebuild_projections(const std::string& folder, Rebuild mode,
                                          StoreOptions options = {});

}  // namespace ops

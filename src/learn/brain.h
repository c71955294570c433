// The embedded Brain: an incident becomes a memory, and what happens now brings up those that are
// like it. Open this header first. It finds and orders; it decides nothing (docs/brain.md).
//
// Words are weighed by BM25 in its form for fields, the title counting thrice: S. Robertson, H.
// Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", Foundations and Trends in
// Information Retrieval 3(4), 2009. To that comes what an incident has besides words: which target,
// group, host and rule, what was unusual (learn/signature.h), which log lines. The weights stand in
// brain.cc, with reasons.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/incident.h"
#include "model/memory.h"
#include "record/memories.h"

namespace ops {

// What is known of an incident when it is over.
struct Story {
    Incident incident{};  // resolved
    std::vector<Action> actions{};
    std::string group{};
    std::vector<std::string> signature{};  // sorted
    std::vector<std::string> templates{};  // made safe; sorted
    std::string note{};                    // of a person, made safe
    // Text that anybody may have written, made safe (patterns/quarantine.h); empty: none. It makes
    // the whole memory untrusted.
    std::string foreign{};
    Time now{};
    Duration life{};  // of a memory that is of no use
};
// Nothing when there is nothing to learn from it: only what was verified and what a person did and
// said is an example. The id follows from the incident's, so one incident is remembered once.
std::optional<Memory> memory_of(const Story& story);

// What is looked for.
struct Likeness {
    std::string text{};
    std::string target{}, group{}, host{}, rule{};
    std::vector<std::string> signature{}, templates{};  // sorted
    Time now{};
};

// With the words by which it is found.
StoredMemory with_terms(Memory memory);

// How much words count: BM25's own numbers (docs/brain.md says how they were chosen, and how they
// do on what they were not chosen by).
struct WordWeights {
    double k1 = 1.2;  // the usual one
    // Lower than the usual 0.75: a longer runbook or note is longer because more was found out, not
    // because it is about more things.
    double b = 0.4;
    double title = 3;
};

// Best first, at most `limit`. Expired ones are left out, contradicted ones stand back. Equal ones
// stand newest first.
std::vector<Recalled> rank(const Likeness& question, const std::vector<StoredMemory>& candidates,
                           const TermStatistics& statistics,
                           const std::vector<std::string>& asked_terms, size_t limit,
                           const WordWeights& words = {});
// Asks the store and ranks.
Result<std::vector<Recalled>> recall(Memories& memories, const Likeness& question, size_t limit);

// Is it near enough to be told with an incident, unasked?
bool is_alike(const Recalled& recalled);
// Twice as often wrong as right since it was stored.
bool is_demoted(const Memory& memory);

// A memory that a person or another program adds: {title, text, meta}, or all members of
// Memory::to_json(). `id` and `at` are taken when it has none; provenance outside is the caller's
// to set. Fault::invalid says what is wrong with it.
Result<Memory> read_added(const Json& json, std::string id, Time now);

}  // namespace ops

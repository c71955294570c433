// Memory: what was learned from one incident, or told by a person or another Brain. It is looked up
// when something like it happens again; it decides nothing (docs/brain.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace ops {

// Whose word it is. Only what the checks saw or a person said may ever count for the autonomy of an
// entry; text that anybody may have written never does (safety.md, section 4).
enum class Provenance { checks, person, outside, untrusted };
std::string_view name_of(Provenance provenance);
std::optional<Provenance> parse_provenance(std::string_view text);

// How what was done turned out.
enum class MemoryOutcome {
    none,      // nothing was done, or nobody knows
    verified,  // our repair, and the checks were good over the soak
    human,     // a person repaired it, and it was well afterwards
    self,      // it became well by itself
    failed,    // the repair did not help
};
std::string_view name_of(MemoryOutcome outcome);
std::optional<MemoryOutcome> parse_memory_outcome(std::string_view text);

struct Memory {
    std::string id;              // "mem-..."
    std::string title;           // one line
    std::string text;            // what is searched, and read by people
    Json meta = Json::object();  // of whoever wrote it; for others, never for decisions
    Provenance provenance = Provenance::person;
    // Structure, where it came from an incident; else empty.
    std::string incident, target, group, host, rule;
    std::vector<std::string>
        signature;  // what was unusual: "process_status=dead" (learn/signature.h)
    std::vector<std::string> templates;  // of the log lines of that time, sorted
    std::string cause;                   // one sentence
    std::string entry;                   // that was applied, or empty
    std::vector<std::string> commands;   // as people read them, in their order
    std::string note;                    // of the person who repaired it, or empty
    MemoryOutcome outcome = MemoryOutcome::none;
    Time at{};
    // Since then: how often it was right, how often the opposite was seen, and when it was last of
    // use.
    int confirmed = 0, contradicted = 0;
    std::optional<Time> used_at;
    std::optional<Time> expires_at;  // nothing: never

    Json to_json() const;
};
// What to_json() wrote. Fault::invalid names the member that is missing or wrong.
Result<Memory> read_memory(const Json& json);

// A memory that came up for something that happens now.
struct Recalled {
    Memory memory;
    double score = 0;              // larger is nearer; only of use within one answer
    std::vector<std::string> why;  // "same service", "same symptoms: process_status=dead"
};

}  // namespace ops

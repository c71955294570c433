// Quarantine: what a model or a person may see of text that anybody may have written (safety.md,
// section 4): log lines, bodies, process names, output of commands.
//
// For both: control, bidirectional, zero-width, tag and variation characters and escape sequences
// are gone, invalid UTF-8 is '?', lookalikes are folded (lookalikes.h), secrets are
// "<secret:kind>", and at most kMostQuarantined bytes stay, head and tail, with a line that says
// how much went.
//
// For a model also: headers are reduced to the level, values become typed placeholders, and of the
// words only those stay that the miner has learned as constant for this source, or that are of the
// ordinary vocabulary of logs (vocabulary.h); others are "<word>". So a sentence that somebody put
// into a user name or a request arrives as "<word>"s. What a source says often is kept whatever it
// says: an answer of a model is therefore never believed (llm/).
//
// Doing it twice changes nothing. Linear in the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "patterns/templates.h"

namespace ops {

constexpr size_t kMostQuarantined = size_t{16} * 1024;
constexpr size_t kMostShownLine = 2000;
// How often a line of a template must have come before its words count as constant.
constexpr uint64_t kLearnedCount = 3;

enum class Reader { model, person };

struct RawText {
    std::string source;  // "log app", "output of systemctl status nginx"
    Time from{};
    Time to{};
    std::string text;
};

struct Quarantined {
    std::string source;  // made safe, too
    Time from{};
    Time to{};
    size_t lines = 0;      // of the raw text
    size_t bytes = 0;      // of the raw text
    size_t secrets = 0;    // redacted
    size_t cut_bytes = 0;  // left out for size
    std::string text;
};

// `learned`: of this source; an empty one for what has none.
Quarantined quarantine(const RawText& raw, const Templates& learned, Reader reader);

}  // namespace ops

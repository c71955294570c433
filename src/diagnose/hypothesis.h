// Hypothesis: what a model says an incident comes from. Its whole answer is one JSON object of a
// fixed shape; anything else is refused with the reason (safety.md, section 4). It selects among
// things that exist and composes nothing: no command, no URL, no free text that anything would run.
//
//   {"cause": "...", "evidence": ["e2"], "confidence": 0.8,
//    "proposal": {"entry": "NAME"} or null,
//    "predicts": {"fact": "NAME", "is": ">", "value": 95} or null}
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace ops {

// "If this is the cause, then this fact is so now": asked of the checks before it is believed.
struct Prediction {
    std::string fact;
    std::string is;     // one of kComparisons
    std::string value;  // as the language of symptoms writes it: 95, "down", true
    // "disk_usage > 95"
    std::string print() const { return fact + " " + is + " " + value; }
};

struct Hypothesis {
    std::string cause;  // one printable line, a model's words
    std::vector<std::string> evidence;
    double claimed = 0;                // the confidence it claims, from 0 to 1; believed by nobody
    std::optional<std::string> entry;  // of the runbook; nothing: "I do not know what would help"
    std::optional<Prediction> prediction;
};

// What may be selected.
struct Choices {
    std::span<const std::string> evidence;  // ids
    std::span<const std::string> entries;
    std::span<const std::string> facts;
};

// Fault::invalid: why it is no hypothesis, in words that are given back to the model. One fence of
// ``` around the object is looked through.
Result<Hypothesis> read_hypothesis(std::string_view text, const Choices& choices);

}  // namespace ops

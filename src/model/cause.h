// Cause: one explanation of an incident that was found without a model, with what speaks for it.
// diagnose/causes.h makes and ranks them; the journal keeps them in incident.diagnosed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace ops {

enum class CauseKind {
    entry,      // all symptoms of an entry of the runbook hold
    near_miss,  // nearly all of them do
    upstream,   // something it depends on, or its host, failed first
    change,     // a deploy or a change just before
    memory,     // it was like this before
};
std::string_view name_of(CauseKind kind);

struct Cause {
    CauseKind kind = CauseKind::entry;
    std::string text;                   // one sentence for people
    std::string about;                  // entry, target, kind of change or memory id it points at
    std::vector<std::string> evidence;  // sentences, each seen by a check or in the journal
    double confidence = 0;  // 0 to 1: how often such a cause was right before (docs/diagnosis.md)
    int right = 0, wrong = 0;        // of those counted
    std::string counted_as;          // with which others its outcome is counted: "change/near"
    std::vector<std::string> names;  // targets and entries by which a person may name it

    Json to_json() const;
};
// What to_json() wrote; nothing when its kind is not one of ours.
std::optional<Cause> read_cause(const Json& json);

// "50% sure (nothing counted yet)", "83% sure (right 7 of 8 times)".
std::string confidence_words(const Json& cause);

}  // namespace ops

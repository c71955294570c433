// Signature: what was unusual when an incident opened, in words that the same fault gives on
// another member of the group and on another day: "process_status=dead", "http_status=500",
// "memory_usage>90%", "reason=connection_refused".
//
// Pure, and made of facts of the catalogue (model/fact.h) and of values that cannot carry a
// sentence: nothing that a log or a body says gets into it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/fact.h"

namespace ops {

// `facts`: plain, as `incident.opened` has them in the journal (durations in seconds). Sorted;
// empty when nothing stands out.
std::vector<std::string> signature_of(const Json& facts, std::string_view reason);
std::vector<std::string> signature_of(const Facts& facts, std::string_view reason);

// What kind of failure a sentence of a check tells of: "connection_refused", "timeout", "no_name",
// "no_route", "reset", "tls", "certificate", "status", "wrong_answer", "not_running", "heartbeat";
// empty: none of these.
std::string_view reason_class(std::string_view reason);

// Share of what the two have in common, 0 to 1 (Jaccard). Both sorted; 0 when one is empty.
double overlap(const std::vector<std::string>& a, const std::vector<std::string>& b);

// The same for signs of log templates (agent/log_book.h), of which one that was generalised since
// is still the same: "pool <num> <word> #1f3...9c2" and "pool <num> <*> #1f3...~~~".
double overlap_of_signs(const std::vector<std::string>& a, const std::vector<std::string>& b);
// Without its digits: what a person reads.
std::string_view words_of_sign(std::string_view sign);

}  // namespace ops

// Inside of causes: what one kind of cause gives to the ranking.
#pragma once

#include <vector>

#include "diagnose/causes.h"

namespace ops {

struct Ranked {
    Cause cause;
    double fit = 1;       // 0 to 1: how well it fits this incident, whatever its kind is worth
    bool chosen = false;  // the entry of the runbook that is applied
};

// When it began to be bad, as far as is known: the first of it, and one of its members.
Time onset_of(const CauseQuestion& question);
Time onset_of(const CauseQuestion& question, const std::string& target);
// "12s", "3m 15s".
std::string span_words(Duration span);

void add_entries(const CauseQuestion& question, std::vector<Ranked>& out);
void add_upstream(const CauseQuestion& question, std::vector<Ranked>& out);
void add_changes(const CauseQuestion& question, std::vector<Ranked>& out);
void add_memories(const CauseQuestion& question, std::vector<Ranked>& out);

}  // namespace ops

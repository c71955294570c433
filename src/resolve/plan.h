// Plan: what an entry comes to on one target, in exact words. Core and executor both derive it with
// these functions, each from its own copy of runbook and inventory, and compare hashes. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/inventory.h"
#include "resolve/ticket.h"
#include "runbook/runbook.h"

namespace ops {

// One thing that is run: exact words, where, as whom.
struct PlannedCommand {
    TicketKind kind = TicketKind::run;
    int step = 0;
    int sub = 0;
    std::string target;  // what it acts on: the incident's target, or the step's `restart: SERVICE`
    std::string host;    // where it has its effect; empty: here
    std::vector<std::string> argv;
    std::string as_user;
    Duration time_limit{};  // zero: Limits::step_timeout
    Effect effect = Effect::once;
    std::string argv_sha256;    // of target, host, user and words
    std::string print() const;  // the words, quoted where needed: for people
};

// What a step acts on when the incident is about `target`.
std::string target_of(const Step& step, std::string_view target);

// The command behind (kind, step, sub). An `http` step's words are {METHOD, URL, sha256 of the
// body}. Fault::not_found: no such step, or none that runs; Fault::denied: a placeholder may not be
// filled.
Result<PlannedCommand> plan_command(const Entry& entry, TicketKind kind, int step, int sub,
                                    std::string_view target, const Inventory& inventory);

// Every effect of one attempt in order: the run steps, then what could undo them (its count is what
// a budget must have room for). `target` is the incident's.
Result<std::vector<PlannedCommand>> plan_effects(const Entry& entry, std::string_view target,
                                                 const Inventory& inventory);

// What an approval is bound to: the entry's hash, the target and every command above.
std::string plan_sha256(const Entry& entry, std::string_view target,
                        const std::vector<PlannedCommand>& effects);

}  // namespace ops

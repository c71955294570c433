// What a command may do, as far as its words tell: the table in docs/runbook.md. It errs on the
// side of danger; an operator may say `effect:` and raise `risk:`.
#pragma once

#include <span>
#include <string>

#include "runbook/runbook.h"

namespace ops {

struct Danger {
    Effect effect = Effect::once;
    Risk risk = Risk::medium;
    // The worst that the table is sure of: below `effect` where that is only doubt, `read` for a
    // program that nobody knows.
    Effect known = Effect::read;
};
Danger danger_of(const CommandText& command);

// What is never a target without `risk: destructive` (safety.md 3): "pid 1", "sshd", "ops-agent",
// "networking"; empty: the command touches none of them.
std::string protected_thing(const CommandText& command);

}  // namespace ops

// What others wrote, before the journal keeps it and people see it: control characters and the
// like are gone, and what looks like a secret is "<secret:kind>" (patterns/secrets.h).
#pragma once

#include "base/json.h"
#include "model/event.h"

namespace ops {

// The strings in it, at any depth; what a member named like a secret holds is one.
Json redacted(const Json& json);

// Of an event only what came from outside: reasons, outputs, notes, bodies. Words that are
// compared (argv, keys, hashes) and messages already written stay as they are.
void redact(Event& event);

}  // namespace ops

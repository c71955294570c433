// The operator's files as a verb reads them: one way for all verbs, so that what is wrong with them
// is told alike and exits alike (told() in client.h: 2).
#pragma once

#include <memory>

#include "agent/load.h"
#include "base/result.h"
#include "cli/verbs.h"

namespace ops {

// Fault::invalid, with all that is to be told: there is none, it cannot be read, it has errors.
Result<std::unique_ptr<Loaded>> read_configuration(const Invocation& invocation);
// The same; but where it has errors only where the agent is, with a line about them to standard
// error: whoever has just mistyped something must still be able to pause what runs. Of the rest of
// the settings what can be read, and no checks.
Result<std::unique_ptr<Loaded>> read_whereabouts(const Invocation& invocation);
// For a verb that reads it itself: that there is none, and what is said when it has errors.
Result<> needs_configuration(const Invocation& invocation);
Error configuration_has_errors(const Problems& problems);

}  // namespace ops

// The words that start a command on another machine: for a look at it and for a step of the runbook
// alike, so that both share one connection.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"

namespace ops {

// "ssh -o BatchMode=yes ... -- DESTINATION"; what is to run there comes after it. Never asks, never
// takes an unknown host key. `connect_within` counts in whole seconds, one at least.
std::vector<std::string> ssh_words(const std::string& destination, Duration connect_within);

}  // namespace ops

// Runs a scenario: does each line in the simulated world and compares what is expected
// (docs/scenarios.md).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ops {

struct ScenarioReport {
    bool passed = false;
    int expectations = 0;
    std::vector<std::string> failures;  // "FILE:12: expected ...", and broken invariants
    std::vector<std::string> log;       // what the agent said, with times
    std::vector<std::string> journal;   // its events, one a line
};

// Text of a file that `use` names, relative to the scenario.
using ReadFile = std::function<Result<std::string>(const std::string& name)>;

// An Error when the script itself cannot be understood.
Result<ScenarioReport> run_scenario(const std::string& text, const std::string& file, uint64_t seed,
                                    const ReadFile& read_file);

// A company made of the seed, faults and crashes by chance for two simulated hours, then peace:
// every invariant is checked after every event, and at rest.
ScenarioReport run_seed(uint64_t seed);

}  // namespace ops

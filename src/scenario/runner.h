// Runs a scenario: does each line in the simulated world and compares what is expected
// (docs/scenarios.md).
#pragma once

#include <functional>
#include <map>
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
    std::vector<std::string> effects;   // the ledger: what was run, in order
    std::vector<std::string> told;      // what channels received, in order
    // Of the machine when it was switched off cleanly at the end, where KeepFiles asked for them:
    // "ops-agent.yaml", "runbook.yaml", "var/state.db" ...
    std::map<std::string, std::string> files;
};

// Text of a file that `use` names, relative to the scenario.
using ReadFile = std::function<Result<std::string>(const std::string& name)>;

// An Error when the script itself cannot be understood.
enum class KeepFiles { no, yes };
Result<ScenarioReport> run_scenario(const std::string& text, const std::string& file, uint64_t seed,
                                    const ReadFile& read_file,
                                    KeepFiles keep_files = KeepFiles::no);

// A company made of the seed, faults and crashes by chance for two simulated hours, then peace:
// every invariant is checked after every event, and at rest.
ScenarioReport run_seed(uint64_t seed);

}  // namespace ops

// The runbook's own tests (product.md 4.6): given facts, which entry fires and what would be run.
#pragma once

#include <string>
#include <vector>

#include "config/settings.h"
#include "runbook/runbook.h"

namespace ops {

struct RunbookTestResult {
    std::string name;
    Place place;
    std::vector<std::string> failures;  // empty: passed
};

// Facts that a test does not give are unknown; `for:` counts as held. Pure.
std::vector<RunbookTestResult> run_runbook_tests(const Runbook& runbook, const Settings& settings);

}  // namespace ops

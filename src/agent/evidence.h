// Evidence: what is written down about an incident at its opening, as far as it can be said without
// looking at the world: which diagnostics fit, and how a history reads. Pure.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/fact.h"
#include "record/history.h"

namespace ops {

// What is wrong, for choosing where to look.
struct Complaint {
    bool is_host = false;
    bool is_down = false;
    bool over_network = false;       // a check asks it over the network: http, tcp
    std::vector<std::string> facts;  // that the incident is about: "memory_usage"
    // Of the check that failed. Of its words only ours count: they may move a look to the front.
    std::string reason;
};
// Ids of diagnostics (runbook/diagnostics.h), the most telling first, of those that can be run; at
// most `most`.
std::vector<std::string> looks_for(const Complaint& trouble, std::span<const std::string> can_run,
                                   size_t most);

// "memory_usage 93%, last hour: 40% to 93%, mean 51% ▁▁▂▂▃█": now, and where it came from.
std::string history_line(const Fact& now, std::span<const HistorySample> samples, Duration span);
// How a number went, in at most `width` blocks; empty without samples.
std::string sparkline(std::span<const HistorySample> samples, size_t width);

// The text with each "quoted text" in it (a value that is a text: anybody may have pushed it) as
// `shown` makes of it, without the quotes. One that does not end is taken to the end of its line.
std::string with_texts_shown(std::string_view text,
                             const std::function<std::string(const std::string&)>& shown);

// One line for each fact that is not what it was: "process_status: running, now dead". Numbers that
// always move (ages, counters) are left out.
std::string differences(const Facts& before, const Facts& now);

}  // namespace ops

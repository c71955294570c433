// What a check saw, once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/fact.h"

namespace ops {

enum class Health { good, bad, unknown };  // unknown: the check itself could not be made
std::string_view name_of(Health health);

struct Observation {
    uint32_t check = 0;  // index in the list of checks of the running configuration
    std::string target;  // service, host or signal
    Time at{};           // when the answer was complete
    Health health = Health::unknown;
    // True when this is no flaky probe but a certainty (the process is gone): one is enough, no
    // threshold waits.
    bool certain = false;
    // With Health::good: it works, but not well (a plugin's WARNING, too slow, a certificate that
    // ends soon). The status is "degraded" and `reason` says why; nothing is repaired for it.
    bool degraded = false;
    std::string reason;  // for people: "HTTP 500", "no answer in 5s"; empty when all is well
    Duration took{};
    // What was seen, when not well: the last lines of output or of a log. Printable, at most 4 KiB.
    std::string evidence;
    // An unknown Value: this look shows that the fact has none now (no HTTP status without answer).
    std::vector<Fact> facts;
};

}  // namespace ops

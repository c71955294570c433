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
    // With Health::bad: it still works (a plugin's WARNING, too slow, a certificate that ends
    // soon). The fact `up` stays true and the status is "degraded", not "down".
    bool degraded = false;
    std::string reason;  // for people: "HTTP 500", "no answer in 5s"; empty when good
    Duration took{};
    // What was seen, when bad: the last lines of output or of a log. Printable, at most 4 KiB.
    std::string evidence;
    // An unknown Value: this look shows that the fact has none now (no HTTP status without answer).
    std::vector<Fact> facts;
};

}  // namespace ops

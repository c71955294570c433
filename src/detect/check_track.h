// CheckTrack: what the answers of one check add up to: thresholds, recovery, flapping. Pure.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/time.h"
#include "detect/rare.h"
#include "model/observation.h"

namespace ops {

// The flapping rule of Icinga 2 (lib/icinga/checkable-flapping.cpp,
// Checkable::UpdateFlappingStatus): of the last 20 results, a change of state counts 0.8 at the
// oldest place up to 1.18 at the newest.
class FlapMeter {
public:
    static constexpr size_t kResults = 20;

    void add(bool good);
    double percent() const;
    Json save() const;
    void restore(const Json& saved);

private:
    std::bitset<kResults> changed_;  // a ring
    size_t oldest_ = 0;
    bool seen_ = false;
    bool last_good_ = false;
};

enum class Verdict : uint8_t { none, good, bad, unknown };

struct CheckTrack {
    uint32_t check = 0;
    uint32_t target = 0;  // index of its target
    int failures = 1;     // bad in a row before it counts
    int recoveries = 1;   // good in a row before it is well again
    bool can_recheck = false;
    bool heartbeat = false;  // silence is bad: asked, the agent says whether it goes on
    RareText address;        // of the machine asked, when that is not this one; else empty

    Verdict verdict = Verdict::none;
    Health last = Health::unknown;
    bool answered = false;  // at least once since the start of the program
    bool degraded = false;  // the last answer was good, but not all is well; `reason` says why
    bool certain = false;   // the last answer was bad beyond doubt: the process is gone
    bool reached = false;   // the last answer shows that the network works (even HTTP 500 does)
    int bad_row = 0, good_row = 0, unknown_row = 0;
    Time last_at{};       // of the newest answer
    Time first_bad_at{};  // of the first bad answer of the series that goes on
    Time first_unknown_at{};
    Time asked_at{};  // a re-check asked for and not answered yet; Time{}: none
    RareText reason;
    FlapMeter flapping;

    // Takes the answer in. True when this is the first bad one of a series and no certainty: one
    // confirming re-check is wanted.
    bool take(const Observation& seen);
    // Being confirmed: it has been bad lately, and is neither down nor well yet.
    bool is_doubtful() const { return bad_row > 0 && verdict != Verdict::bad; }
};

// Does the answer show that the other side, and so the network between us, works? A refused
// connection and an HTTP error do; no answer, no route and no name do not.
bool shows_network_works(const Observation& seen);

}  // namespace ops

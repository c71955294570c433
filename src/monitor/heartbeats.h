// HeartbeatBook: services that tell us they are well, instead of being asked. Pure.
//
// A service is late when nothing came for `every` + `grace`; before its first beat the time counts
// from when watching began. A `start` without an end within `grace` is bad too, and a `fail` or an
// exit code other than 0 is bad at once until the next good one (as Healthchecks does it).
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "model/inventory.h"
#include "model/observation.h"

namespace ops {

struct Beat {
    enum class Kind { ok, start, fail, exit };
    Kind kind = Kind::ok;
    int exit_code = 0;  // of Kind::exit
    Json body;          // what was posted with it: a string, or {"message": "..."}
};
// "", "start", "fail", "0" .. "255": the last word of /ping/NAME/WORD. Nothing for another.
std::optional<Beat> parse_beat(std::string_view word);

class HeartbeatBook {
public:
    // `checks` are the numbers of its observations, in the order of the inventory.
    HeartbeatBook(const Inventory& inventory, Time watching_since,
                  std::span<const uint32_t> checks);

    bool expects(std::string_view service) const;
    // False when no heartbeat of that service is configured. A time before the last one is taken
    // as the last one's: the clock was set back.
    bool beat(std::string_view service, Time at, const Beat& beat);
    // The clock was set, forward or back, by so much: nobody is late by it.
    void shift_clock(Duration by);
    // After a restart of ours: a good beat that save() did not see.
    void heard(std::string_view service, Time last_good);
    // What the next life goes on with. The time between the two does not count: nobody listened.
    Json save(Time now) const;
    void restore(const Json& saved, Time now);

    // One observation for each service with a heartbeat: facts up and last_heartbeat (an age).
    std::vector<Observation> evaluate(Time now) const;
    std::optional<Observation> evaluate(std::string_view service, Time now) const;
    // When evaluate() will first say something worse than at `now`; nothing when there is none.
    std::optional<Time> next_late(Time now) const;

private:
    struct Line {
        uint32_t check = 0;
        Heartbeat due;
        Time last_good{};  // or when watching began
        bool seen = false;
        std::optional<Time> started;       // a start without an end
        std::optional<Duration> ran;       // from the last start to its end
        std::optional<std::string> fault;  // of the last end, when it was bad
    };
    std::optional<Time> late_at(const Line& line, Time now) const;
    static Observation judge(const std::string& service, const Line& line, Time now);

    std::map<std::string, Line, std::less<>> lines_;
};

}  // namespace ops

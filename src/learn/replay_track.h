// One entry on one target over all that is on record: when its symptoms held. Private to src/learn.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "learn/recorded.h"
#include "learn/replay_world.h"
#include "runbook/runbook.h"

namespace ops {

// Days are counted from 1970, in UTC.
int64_t day_of(Time at);

struct EntryTrack {
    struct Held {
        Time since{};                       // the symptoms held from here
        Time from{};                        // and since here for the entry's `for:`
        Time to{};                          // until here
        std::vector<std::string> symptoms;  // those that held at `from`
    };
    std::vector<Held> held;  // oldest first
    // Of each day that was watched: how much of it the answer was known, and how much not.
    std::map<int64_t, std::pair<Duration, Duration>> days;
    std::set<std::string> missing;  // facts that were not on record

    const Held* at(Time moment) const;
};

// What an entry's symptoms read, sorted: facts now and through windows, and kinds of events.
std::vector<std::string> reads_of(const Entry& entry);
bool counts_events(const Entry& entry);

// Kleene's: nothing when it is not known.
std::optional<bool> judge(const Entry& entry, const RecordedWorld& world);
std::vector<std::string> holding(const Entry& entry, const expr::World& world);

EntryTrack track(const Entry& entry, const Recorded& recorded, RecordedWorld& world);

}  // namespace ops

// ChangeRisk: do incidents begin after changes of a kind more often than at other times? Counted
// from events, as the ratio of what was observed to what was to be expected, each with one half
// added: with few changes the ratio stays near 1 (the shrinkage of Norén, Hopstadius and Bate,
// "Shrinkage observed-to-expected ratios", Statistical Methods in Medical Research 22, 2013).
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "diagnose/happenings.h"
#include "model/event.h"
#include "model/inventory.h"

namespace ops {

class ChangeRisk {
public:
    // An incident on the changed target or on what rests on it counts as after the change so long.
    static constexpr Duration kWindow = std::chrono::minutes(15);

    struct Seen {
        int changes = 0;
        int followed = 0;     // by an incident, within kWindow
        double expected = 0;  // of them, had the change nothing to do with it
        double lift() const { return (followed + 0.5) / (expected + 0.5); }
    };

    void apply(const Event& event, const Inventory& inventory);
    Seen of(std::string_view kind) const;

    Json to_json() const;
    void restore(const Json& saved);

private:
    struct Recent {
        std::string kind, target, incident;
        Time at{};
        bool is_followed = false;
    };
    double chance(const std::string& target, Time now, const Inventory& inventory) const;

    std::map<std::string, Seen, std::less<>> kinds_;
    std::map<std::string, int> incidents_;  // by target, since since_
    std::optional<Time> since_;
    std::deque<Recent> recent_;
};

}  // namespace ops

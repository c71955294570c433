// Limiter: how often and how many at once. Counts what the journal says (`apply` every action.*
// event in order, also after a restart, and target.changed), answers whether one more would be too
// many. Pure: times are passed in.
//
// The unit of a budget is an action (a step with an effect, or its undo), the unit of cooldown,
// max_per_hour and max_per_day is an attempt. An attempt holds its targets from its first intent
// until each of its actions is settled (verified, failed, denied, undone); unknown holds until a
// verdict. Events that come late or twice change nothing; a wall clock that went back never frees a
// budget early.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/settings.h"
#include "model/event.h"
#include "model/inventory.h"
#include "runbook/runbook.h"

namespace ops {

struct BudgetQuestion {
    const Entry& entry;
    std::string incident;
    std::string target;
    int attempt = 1;
    int actions = 1;    // that the rest of this attempt may need, undo included
    bool undo = false;  // room was kept for it when the attempt began: counts do not refuse it
    Time now{};
};

struct BudgetAnswer {
    enum class Verdict {
        room,
        wait,   // room when another action is settled
        spent,  // not before `again_at`
    };
    Verdict verdict = Verdict::room;
    std::string reason;            // names the limit that is reached
    std::optional<Time> again_at;  // when time alone will have made room
};

class Limiter {
public:
    explicit Limiter(const Limits& limits) : limits_(limits) {}
    void set_limits(const Limits& limits) { limits_ = limits; }  // after a reload

    // action.intent, denied, verified, failed, undone, outcome; incident.resolved; target.changed.
    // Others are ignored.
    void apply(const Event& event);
    BudgetAnswer ask(const BudgetQuestion& question, const Inventory& inventory) const;
    // The entry's own limits alone (cooldown, max_per_hour, max_per_day): another entry may do.
    std::optional<BudgetAnswer> of_entry(const BudgetQuestion& question) const;

    // Attempts on this target that still count: those since it was last healthy for
    // `attempts_reset`. Keeps counting over incidents, so a target that fails again at once does
    // not start afresh.
    int attempts(std::string_view target, std::string_view except_incident, Time now) const;
    // Did another incident begin an action on it within these moments?
    bool acted_on(std::string_view target, std::string_view except_incident, Time from,
                  Time to) const;
    // The clock was set, forward or back, by so much: that frees no budget. What was done before a
    // clock went back counts for longer, here as in the executor and after a restart.
    void shift_clock(Duration by);
    // Call about once a minute: forgets what is too old to count.
    void forget_old(Time now);

private:
    struct Taken {  // one action.intent
        std::string key, incident, entry, target;
        int attempt = 1;
        Risk risk = Risk::low;
        bool undo = false;
        Time at{};
        bool open = true;      // holds its target
        bool refused = false;  // the executor ran nothing: does not count
        bool verified = false;
        bool in(const BudgetQuestion& question) const;  // the very attempt that asks
    };
    void take(const Event& event);
    void note_health(const Event& event);
    std::optional<BudgetAnswer> at_once(const BudgetQuestion& question) const;
    std::optional<BudgetAnswer> of_target(const BudgetQuestion& question) const;
    std::optional<BudgetAnswer> of_group(const BudgetQuestion& question,
                                         const Inventory& inventory) const;

    Limits limits_;
    std::vector<Taken> taken_;                               // in the order of the journal
    std::map<std::string, Time, std::less<>> good_since_;    // targets that are up
    std::map<std::string, Time, std::less<>> counted_from_;  // attempts before this do not count
};

}  // namespace ops

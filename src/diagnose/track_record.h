// TrackRecord: how often a cause that was ranked first turned out to be right, counted from events.
// The confidence of a cause is made of these counts and of nothing else (docs/diagnosis.md).
//
// A cause is counted once an incident, some time after the incident is resolved, and only when
// what happened says something: what cannot be told is not counted. Pure: the same events give the
// same counts.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "model/cause.h"
#include "model/event.h"

namespace ops {

struct Tally {
    int right = 0, wrong = 0;
    int all() const { return right + wrong; }
};

class TrackRecord {
public:
    // What is above may be seen to be well only after what rests on it: so long it is waited for.
    static constexpr Duration kWaitAfter = std::chrono::minutes(2);
    // A recovery within this of what caused it was caused by it.
    static constexpr Duration kFollows = std::chrono::minutes(10);

    void apply(const Event& event);

    // `counted_as` of a cause: KIND or KIND/WHICH.
    Tally of(std::string_view counted_as) const;
    // The posterior mean: of a kind with the prior Beta(1, 1); of one of its members with the mean
    // of its other members as a prior that weighs as much as two outcomes.
    double confidence(std::string_view counted_as) const;

    Json to_json() const;
    void restore(const Json& saved);

private:
    // An incident, from its diagnosis until its first cause is counted.
    struct Pending {
        std::string target;
        Time opened{};
        std::vector<Cause> causes;        // the first is judged
        std::string tried;                // entry of the newest action with an effect
        std::vector<std::string> failed;  // entries whose actions did not help
        std::optional<Time> resolved;
        std::string by, note;
    };
    enum class Verdict { right, wrong, untold };
    void follow(const Event& event, Pending& pending);
    void settle(Time now);
    Verdict judge(const Pending& pending) const;
    Verdict judge(const Pending& pending, const Cause& cause) const;
    Verdict judge_entry(const Pending& pending, std::string_view entry) const;
    Verdict judge_upstream(const Pending& pending, const Cause& cause) const;
    Verdict judge_siblings(const Pending& pending, const Cause& cause) const;
    Verdict judge_change(const Pending& pending, const Cause& cause) const;
    void count(const std::string& counted_as, Verdict verdict);
    Tally of_kind(std::string_view kind) const;

    std::map<std::string, Tally, std::less<>> tallies_;
    std::map<std::string, Pending> pending_;  // by incident
    std::map<std::string, Time> well_since_;  // by target that became it; of the last hours
    std::set<std::string> unwell_;            // targets as last seen
    std::map<std::string, Time> taken_back_;  // by target: a rollback or undo
    std::deque<std::string> resolved_;        // incidents, in the order of their end
    Time next_forget_{};
};

}  // namespace ops

// Happenings: what went bad and what was changed lately, folded from events: what upstream causes
// and change causes are found in. Pure; the same events give the same happenings.
//
// It holds no more than kKept: what is over since then is forgotten, and of each kind at most a
// fixed number is kept, the newest.
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
#include "model/event.h"

namespace ops {

// One target's newest bad time.
struct Trouble {
    std::string target;
    std::string what;           // "down", "degraded", or what its incident is called
    Time from{};                // when it was first told
    std::optional<Time> until;  // when it was well again
};

// Something that somebody did.
struct ChangeMade {
    std::string kind;      // "deploy", "config.loaded", "action"; other kinds as they were pushed
    std::string target;    // changed; empty: nobody said, so it may be anything
    std::string words;     // "deploy of api v2.3"
    std::string incident;  // of an action of ours: whose repair it was
    Time at{};
    bool takes_back = false;  // a rollback, an undo
};

class Happenings {
public:
    static constexpr Duration kKept = std::chrono::hours(2);

    void apply(const Event& event);

    // Null when it was well, all the time since kKept.
    const Trouble* trouble_of(std::string_view target) const;
    // Those that began in [from, to], earliest first, at most `limit`.
    std::vector<const Trouble*> began(Time from, Time to, size_t limit) const;
    // Newest last.
    const std::deque<ChangeMade>& changes() const { return changes_; }

    Json to_json() const;
    void restore(const Json& saved);

private:
    struct Known {
        Trouble trouble;
        bool by_status = false;              // down or degraded, as the checks say
        std::set<std::string> by_incidents;  // that are open
    };
    void set_bad(const std::string& target, bool is_status, const std::string& source,
                 const std::string& what, Time at);
    void set_well(const std::string& target, bool is_status, const std::string& source, Time at);
    void changed(ChangeMade change);
    void forget(Time now);

    std::map<std::string, Known, std::less<>> troubles_;
    std::set<std::pair<Time, std::string>> by_start_;
    std::deque<ChangeMade> changes_;
    Time next_forget_{};
};

// The change that this event tells of, if any.
std::optional<ChangeMade> change_of(const Event& event);

}  // namespace ops

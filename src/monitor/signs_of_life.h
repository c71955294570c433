// Signs of life of other monitors: the alert `Watchdog`, which fires as long as all is well
// (docs/alerts-from-others.md). One that stops coming is a dead monitor, or a broken way from it.
//
// How long one may be silent is set, or learned: three times the longest pause there was between
// two of them, at least fifteen minutes, once there were three pauses. So nothing is said of what
// came once or twice, as a test does. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace ops {

class SignsOfLife {
public:
    struct Silent {
        std::string id, who, reason;
    };

    // It fires. `id` tells two of them apart, `who` is how its sender is called. Of more than a
    // hundred the one that was silent longest is forgotten.
    void heard(const std::string& id, const std::string& who, Time now);
    // Its sender says that it fires no more.
    void ended(const std::string& id, Time now);
    // Nobody listened until now: what did not come meanwhile is not missing.
    void listen_from(Time now);
    // Those that have become silent since the last time. `after`: how long is too long; nothing: as
    // learned; zero: never.
    std::vector<Silent> become_silent(Time now, std::optional<Duration> after);
    // All that are silent, and were given by become_silent().
    std::vector<std::string> silent() const;
    void forget(const std::string& id) { known_.erase(id); }

    Json to_json() const;
    void restore(const Json& saved);  // what cannot be read is left out

private:
    struct Sign {
        std::string who;
        Time last{};
        Duration longest{};  // pause
        int pauses = 0;
        std::optional<Time> ended;
        bool is_silent = false;
    };
    static std::optional<Duration> patience(const Sign& sign, std::optional<Duration> after);
    std::map<std::string, Sign> known_;
};

}  // namespace ops

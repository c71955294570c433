// Silence: what is told to nobody for a while, and how that is written down. Pure.
//
//     worker_*              a target, by its name or a pattern
//     group=worker  host=pc  rule=disk*  incident=inc-5pz3f8xv37
//     level<=warning        also <, =, >=, >
//
// All matchers of one silence must hold, as Alertmanager has it. What is critical is silent only
// where a matcher names the target or the level: who silences a group, a host or a rule did not
// mean that.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "runbook/runbook.h"

namespace ops {

// Of an incident, what a matcher may ask for.
struct SilenceSubject {
    std::string_view target, group, host, rule, incident;
    Level level = Level::none;
};

struct Matcher {
    enum class Of { target, group, host, rule, incident, level };
    enum class How { equal, less, at_most, more, at_least };  // only a level has more than one
    Of of = Of::target;
    How how = How::equal;
    std::string value;          // a name or a pattern
    Level level = Level::none;  // of Of::level

    std::string text() const;  // as it is written: "level<=warning"
    bool holds(const SilenceSubject& subject) const;
};
// An unknown key is named with the nearest that there is.
Result<Matcher> parse_matcher(std::string_view text);

struct Silence {
    std::string id;  // "sil-5pz3f8xv37"
    std::vector<Matcher> matchers;
    Time since{}, until{};
    std::string by, reason;

    std::vector<std::string> texts() const;  // of the matchers, sorted: the same for the same
    bool holds(const SilenceSubject& subject) const;
    bool may_hold_critical() const;
    Json to_json() const;
};
constexpr size_t kMostMatchers = 10;
constexpr Duration kLongestSilence = std::chrono::hours(24 * 366);

// What is asked for.
struct SilenceWish {
    std::vector<std::string> matchers;
    Time until{};
    std::string by, reason;
};

Result<std::vector<Matcher>> parse_matchers(const std::vector<std::string>& texts);
// One that is none of `others` yet.
std::string silence_id(const Silence& silence, const std::vector<Silence>& others);
// What Escalator::save() wrote, also an older one of names only; what cannot be read is left out.
std::vector<Silence> read_silences(const Json& saved);

// Does `pattern` (a name, or with * and ?) match? No recursion: at most the product of both
// lengths.
bool glob_match(std::string_view pattern, std::string_view name);

}  // namespace ops

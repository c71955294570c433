// Ladder: how a learned entry earns its autonomy, and loses it (safety.md, section 4).
//
//     shadow --right 3 times in a row--> ask --3 verified and a person's promote--> auto
//       ^-------------- one failure ------+-------------- one failure --------------+
//
// In shadow an entry is matched and written down, and is right when what repaired the incident is
// what it would have done. In ask it waits for a yes each time. Not used for 90 days it is taken
// out. Everything is counted from the journal's learned.* events, so a restart counts the same.
// Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "model/memory.h"
#include "runbook/runbook.h"

namespace ops {

inline constexpr int kRightToAsk = 3;
inline constexpr int kVerifiedToAuto = 3;
inline constexpr Duration kUnusedLife = std::chrono::hours(24 * 90);
inline constexpr double kMostOfOthers = 0.01;  // of other recorded incidents it may match

enum class Rung { out, shadow, ask, automatic };  // in order; out: in force no more
std::string_view name_of(Rung rung);
std::optional<Rung> parse_rung(std::string_view text);
Rung rung_of(Autonomy autonomy);

// What became of a learned entry that matched: `right`, `wrong` and `unknown` of one in shadow,
// `verified` and `failed` of one that acted.
enum class Trial { right, wrong, unknown, verified, failed };
std::string_view name_of(Trial trial);

struct Standing {
    std::string id, entry;  // lrn-..., and its name
    Rung rung = Rung::shadow;
    Rung came_from = Rung::out;             // by the last move
    int right = 0;                          // in a row, since it came to this rung
    int verified = 0;                       // since it came to this rung
    int wrong = 0, failed = 0;              // in all
    std::vector<std::string> incidents;     // it was made from
    std::string text;                       // its block of the file, as made
    std::string why;                        // of the last move, in words
    Time made_at{}, moved_at{}, used_at{};  // used: matched
    // On what is on record (candidate_replay.h): null until it was replayed.
    Json replayed{};
    Time replayed_at{};
    std::optional<double> share_of_others() const;
};

struct Move {
    std::string id, entry;
    Rung from = Rung::shadow, to = Rung::shadow;
    std::string why;
    Json to_json() const;  // body of learned.moved
};

class Ladder {
public:
    // Any event; only learned.* matters.
    void apply(const Event& event);
    const Standing* find(std::string_view id) const;
    std::vector<Standing> all() const;  // in the order they were made

    // What is due by the counts: a step up from shadow, out after 90 days.
    // `share_of_others`: of other incidents that it matches in replay; nothing: not known, and
    // then it does not rise.
    std::optional<Move> due(const Standing& standing, std::optional<double> share_of_others,
                            Time now) const;
    // A person's word. Fault::denied says what is missing.
    Result<Move> promote(std::string_view id, std::optional<double> share_of_others) const;
    Result<Move> demote(std::string_view id) const;
    // One failure, at once; nothing when it is in force no more.
    std::optional<Move> after_failure(std::string_view id, std::string why) const;

private:
    std::map<std::string, Standing, std::less<>> standings_;
    std::vector<std::string> order_;
};

// Was the entry in shadow right? `would`: the commands it would have run; `done`: those that were
// run, `by` whom it was resolved (auto, human, self). What comes from text that anybody may have
// written counts for nothing.
struct WhatHappened {
    std::string by;
    std::vector<std::string> done;
    Provenance provenance = Provenance::checks;
};
struct Judgement {
    Trial judged = Trial::unknown;
    std::string why;
};
Judgement judge_shadow(const std::vector<std::string>& would, const WhatHappened& happened);

}  // namespace ops

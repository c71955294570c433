#include "learn/ladder.h"

#include <algorithm>
#include <array>

#include "base/counted.h"
#include "base/text.h"
#include "base/units.h"

namespace ops {
namespace {

constexpr std::array<std::string_view, 4> kRungs{"out", "shadow", "ask", "auto"};
constexpr std::array<std::string_view, 5> kTrials{"right", "wrong", "unknown", "verified",
                                                  "failed"};

std::string of(int count, int needed) {
    return std::to_string(count) + " of " + std::to_string(needed);
}

// Why it may not rise for what it would match elsewhere; empty: nothing speaks against it.
std::string too_wide(std::optional<double> share) {
    if (!share) return "how many other incidents it would match is not known";
    if (*share < kMostOfOthers) return "";
    return "it would match " + format_number(*share * 100, 1) +
           "% of the other recorded incidents, and under 1% is needed";
}

Rung below(Rung rung) { return static_cast<Rung>(std::max(static_cast<int>(rung) - 1, 0)); }

Move move(const Standing& standing, Rung to, std::string why) {
    return {standing.id, standing.entry, standing.rung, to, std::move(why)};
}

void count(const std::string& judged, Standing& standing) {
    if (judged == "right") ++standing.right;
    if (judged == "verified") ++standing.verified;
    if (judged == "wrong") {
        ++standing.wrong;
        standing.right = 0;  // in a row
    }
    if (judged == "failed") ++standing.failed;
}

}  // namespace

std::string_view name_of(Rung rung) { return kRungs.at(static_cast<size_t>(rung)); }

std::optional<Rung> parse_rung(std::string_view text) {
    for (size_t i = 0; i < kRungs.size(); ++i) {
        if (kRungs.at(i) == text) return static_cast<Rung>(i);
    }
    return std::nullopt;
}

Rung rung_of(Autonomy autonomy) {
    switch (autonomy) {
        case Autonomy::shadow: return Rung::shadow;
        case Autonomy::ask: return Rung::ask;
        case Autonomy::automatic: return Rung::automatic;
    }
    return Rung::shadow;
}

std::string_view name_of(Trial trial) { return kTrials.at(static_cast<size_t>(trial)); }

Json Move::to_json() const {
    return Json::object(
        {{"id", id}, {"entry", entry}, {"from", name_of(from)}, {"to", name_of(to)}, {"why", why}});
}

std::optional<double> Standing::share_of_others() const {
    const Json& share = replayed["share_of_others"];
    if (!share.is_number()) return std::nullopt;
    return share.as_number();
}

void Ladder::apply(const Event& event) {
    if (!event.kind.starts_with("learned.")) return;
    const std::string id = event.body["id"].as_string();
    if (id.empty()) return;
    if (event.kind == "learned.candidate") {
        Standing standing;
        standing.id = id;
        standing.entry = event.body["entry"].as_string();
        standing.incidents = event.body["incidents"].strings();
        standing.text = event.body["text"].as_string();
        standing.made_at = standing.moved_at = standing.used_at = event.at;
        if (!standings_.contains(id)) order_.push_back(id);
        standings_[id] = std::move(standing);
        return;
    }
    const auto found = standings_.find(id);
    if (found == standings_.end()) return;
    Standing& standing = found->second;
    if (event.kind == "learned.replayed") {
        standing.replayed = event.body;
        standing.replayed_at = event.at;
    }
    if (event.kind == "learned.would") standing.used_at = event.at;
    if (event.kind == "learned.judged") {
        count(event.body["judged"].as_string(), standing);
        standing.used_at = event.at;
    }
    if (event.kind == "learned.moved") {
        standing.came_from = standing.rung;
        standing.rung = parse_rung(event.body["to"].as_string()).value_or(Rung::out);
        standing.right = standing.verified = 0;
        standing.moved_at = event.at;
        standing.why = event.body["why"].as_string();
    }
}

const Standing* Ladder::find(std::string_view id) const {
    const auto found = standings_.find(id);
    return found == standings_.end() ? nullptr : &found->second;
}

std::vector<Standing> Ladder::all() const {
    std::vector<Standing> all;
    for (const std::string& id : order_) all.push_back(standings_.at(id));
    return all;
}

std::optional<Move> Ladder::due(const Standing& standing, std::optional<double> share_of_others,
                                Time now) const {
    if (standing.rung == Rung::out) return std::nullopt;
    if (now - standing.used_at > kUnusedLife) {
        return move(standing, Rung::out,
                    "not used for " + format_duration(kUnusedLife) + ": it expires");
    }
    const bool has_earned = standing.rung == Rung::shadow && standing.right >= kRightToAsk;
    if (!has_earned || !too_wide(share_of_others).empty()) return std::nullopt;
    return move(standing, Rung::ask, "right " + counted(standing.right, "time") + " in shadow");
}

Result<Move> Ladder::promote(std::string_view id, std::optional<double> share_of_others) const {
    const Standing* const known = find(id);
    if (known == nullptr) {
        return Error{Fault::not_found,
                     "no candidate '" + printable(std::string(id), Lines::flatten) + "'"};
    }
    const auto denied = [&](const std::string& why) {
        return Error{Fault::denied, "'" + known->entry + "' stays in " +
                                        std::string(name_of(known->rung)) + ": " + why};
    };
    switch (known->rung) {
        case Rung::out: return denied("it expired or was taken out, and must be learned anew");
        case Rung::shadow:
            if (known->right < kRightToAsk) {
                return denied("it was right " + of(known->right, kRightToAsk) + " times");
            }
            break;
        case Rung::ask:
            if (known->verified < kVerifiedToAuto) {
                return denied(of(known->verified, kVerifiedToAuto) +
                              " of its repairs were approved and verified");
            }
            break;
        case Rung::automatic: return denied("there is no higher rung");
    }
    const std::string wide = too_wide(share_of_others);
    if (!wide.empty()) return denied(wide);
    const Rung to = known->rung == Rung::shadow ? Rung::ask : Rung::automatic;
    return move(*known, to, "promoted");
}

Result<Move> Ladder::demote(std::string_view id) const {
    const Standing* const known = find(id);
    if (known == nullptr) {
        return Error{Fault::not_found,
                     "no candidate '" + printable(std::string(id), Lines::flatten) + "'"};
    }
    if (known->rung == Rung::out) return Error{Fault::denied, "it is in force no more"};
    return move(*known, below(known->rung), "demoted");
}

std::optional<Move> Ladder::after_failure(std::string_view id, std::string why) const {
    const Standing* const known = find(id);
    if (known == nullptr || known->rung <= Rung::shadow) return std::nullopt;
    return move(*known, below(known->rung), std::move(why));
}

Judgement judge_shadow(const std::vector<std::string>& would, const WhatHappened& happened) {
    if (happened.by == "self" && happened.done.empty()) {
        return {Trial::wrong, "it became well by itself: nothing was needed"};
    }
    if (happened.done.empty()) return {Trial::unknown, "what was done is not known"};
    const bool trusted =
        happened.provenance == Provenance::checks || happened.provenance == Provenance::person;
    const bool same =
        !would.empty() && std::all_of(would.begin(), would.end(), [&](const std::string& command) {
            return std::find(happened.done.begin(), happened.done.end(), command) !=
                   happened.done.end();
        });
    if (!same) return {Trial::wrong, "something else repaired it: " + join(happened.done, "; ")};
    // A word that anybody can have written may not raise what runs by itself.
    if (!trusted) return {Trial::unknown, "what is told of it comes from untrusted text"};
    return {Trial::right, "it was repaired by the same: " + join(would, "; ")};
}

}  // namespace ops

#include "diagnose/track_record.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "diagnose/happenings.h"

namespace ops {
namespace {

constexpr size_t kMostTallies = 500;
constexpr size_t kMostPending = 10'000;
constexpr size_t kLongestNote = 2000;
constexpr double kPriorWeight = 2;  // as many outcomes: that of Beta(1, 1)
constexpr Duration kForgetEvery = std::chrono::minutes(1);

bool is_word_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// As a word of its own, whatever its case: "api" is not in "rapid".
bool mentions(const std::string& note, const std::string& name) {
    const std::string wanted = to_lower(name);
    if (wanted.size() < 2) return false;
    for (size_t at = note.find(wanted); at != std::string::npos; at = note.find(wanted, at + 1)) {
        const size_t end = at + wanted.size();
        const bool begins = at == 0 || !is_word_character(note[at - 1]);
        if (begins && (end == note.size() || !is_word_character(note[end]))) return true;
    }
    return false;
}

// Of a change the first name is what was changed: naming that is not yet blaming the change.
bool is_named(const std::string& note, const Cause& cause) {
    const size_t skipped = cause.kind == CauseKind::change && !cause.names.empty() ? 1 : 0;
    return std::any_of(cause.names.begin() + static_cast<std::ptrdiff_t>(skipped),
                       cause.names.end(),
                       [&](const std::string& name) { return mentions(note, name); });
}

std::string_view kind_of(std::string_view counted_as) {
    return counted_as.substr(0, counted_as.find('/'));
}

double mean(const Tally& tally, double prior) {
    return (tally.right + kPriorWeight * prior) / (tally.all() + kPriorWeight);
}

Json time_json(Time at) { return at.time_since_epoch().count(); }
Time read_time(const Json& json) { return Time{Duration(json.as_int())}; }

Json times_json(const std::map<std::string, Time>& times) {
    Json::Object members;
    for (const auto& [name, at] : times) members.emplace_back(name, time_json(at));
    return Json::of_members(std::move(members));
}

std::map<std::string, Time> read_times(const Json& json) {
    std::map<std::string, Time> times;
    for (const auto& [name, at] : json.members()) times[name] = read_time(at);
    return times;
}

void forget_before(std::map<std::string, Time>& times, Time oldest) {
    std::erase_if(times, [&](const auto& one) { return one.second < oldest; });
}

}  // namespace

// --- what happens ---

void TrackRecord::apply(const Event& event) {
    settle(event.at);
    if (event.kind == "target.changed") {
        const bool is_up = event.body["status"].as_string() == "up";
        // One that was never seen otherwise did not become well: of thousands, nearly all.
        if (is_up && unwell_.erase(event.target) > 0) well_since_[event.target] = event.at;
        if (!is_up) {
            well_since_.erase(event.target);
            unwell_.insert(event.target);
        }
    }
    if (const std::optional<ChangeMade> change = change_of(event)) {
        // A configuration that is loaded after a bad one takes that back.
        if (change->takes_back || change->kind == "config.loaded") {
            taken_back_[change->target] = event.at;
        }
    }
    if (event.incident.empty()) return;
    if (event.kind == "incident.opened" && pending_.size() < kMostPending) {
        Pending& pending = pending_[event.incident];
        pending.target = event.target;
        pending.opened = event.at;
        return;
    }
    const auto place = pending_.find(event.incident);
    if (place != pending_.end()) follow(event, place->second);
}

void TrackRecord::follow(const Event& event, Pending& pending) {
    const Json& body = event.body;
    if (event.kind == "incident.diagnosed") {
        if (!body["causes"].is_array()) return;
        pending.causes.clear();
        for (const Json& one : body["causes"].items()) {
            if (std::optional<Cause> cause = read_cause(one)) {
                pending.causes.push_back(*std::move(cause));
            }
        }
    } else if (event.kind == "action.intent") {
        const bool has_effect = body["effect"].as_string() != "read" && !body["undo"].as_bool();
        if (has_effect) pending.tried = body["entry"].as_string();
    } else if (event.kind == "action.failed") {
        const auto& failed = pending.failed;
        const bool is_new = std::find(failed.begin(), failed.end(), pending.tried) == failed.end();
        if (is_new && !pending.tried.empty()) pending.failed.push_back(pending.tried);
    } else if (event.kind == "incident.resolved" && !pending.resolved) {
        pending.resolved = event.at;
        pending.by = body["by"].as_string();
        pending.note = to_lower(clip_end(body["note"].as_string(), kLongestNote));
        resolved_.push_back(event.incident);
        // What is no target of a check is well when its incident ends.
        if (pending.by != "human") well_since_[pending.target] = event.at;
    }
}

void TrackRecord::settle(Time now) {
    while (!resolved_.empty()) {
        const auto place = pending_.find(resolved_.front());
        if (place != pending_.end()) {
            const Pending& pending = place->second;
            if (now - *pending.resolved < kWaitAfter) break;
            if (!pending.causes.empty()) {
                count(pending.causes.front().counted_as, judge(pending));
            }
            pending_.erase(place);
        }
        resolved_.pop_front();
    }
    if (now < next_forget_) return;
    next_forget_ = now + kForgetEvery;
    // An incident that stays open longer than this is closed by a person, who may name the cause.
    forget_before(well_since_, now - Happenings::kKept);
    forget_before(taken_back_, now - Happenings::kKept);
}

// --- what it says of the first cause ---

TrackRecord::Verdict TrackRecord::judge(const Pending& pending) const {
    const Cause& first = pending.causes.front();
    if (pending.by == "human" && !pending.note.empty()) {
        if (is_named(pending.note, first)) return Verdict::right;
        for (size_t i = 1; i < pending.causes.size(); ++i) {
            if (is_named(pending.note, pending.causes[i])) return Verdict::wrong;
        }
    }
    const Verdict verdict = judge(pending, first);
    if (verdict != Verdict::untold || !pending.tried.empty()) return verdict;
    // Nothing was done to it: what speaks for another cause speaks against this one.
    for (size_t i = 1; i < pending.causes.size(); ++i) {
        if (judge(pending, pending.causes[i]) == Verdict::right) return Verdict::wrong;
    }
    return Verdict::untold;
}

TrackRecord::Verdict TrackRecord::judge(const Pending& pending, const Cause& cause) const {
    switch (cause.kind) {
        case CauseKind::entry:
        case CauseKind::near_miss: return judge_entry(pending, cause.about);
        case CauseKind::memory:  // its entry is named first, where it has one
            return judge_entry(pending, cause.names.empty() ? "" : cause.names.front());
        case CauseKind::upstream:
            return cause.counted_as == "upstream/siblings" ? judge_siblings(pending, cause)
                                                           : judge_upstream(pending, cause);
        case CauseKind::change: return judge_change(pending, cause);
    }
    return Verdict::untold;
}

TrackRecord::Verdict TrackRecord::judge_entry(const Pending& pending,
                                              std::string_view entry) const {
    if (pending.by == "auto") return pending.tried == entry ? Verdict::right : Verdict::wrong;
    const bool failed =
        std::find(pending.failed.begin(), pending.failed.end(), entry) != pending.failed.end();
    return failed ? Verdict::wrong : Verdict::untold;
}

TrackRecord::Verdict TrackRecord::judge_upstream(const Pending& pending, const Cause& cause) const {
    const auto well = well_since_.find(cause.about);
    const bool recovered = well != well_since_.end() && well->second >= pending.opened - kFollows &&
                           *pending.resolved - well->second <= kFollows;
    const bool acted = !pending.tried.empty();
    if (acted) {
        // It was repaired while what was blamed was still bad. Where both became well nobody knows.
        return pending.by == "auto" && !recovered ? Verdict::wrong : Verdict::untold;
    }
    if (recovered) return Verdict::right;
    return pending.by == "self" ? Verdict::wrong : Verdict::untold;
}

TrackRecord::Verdict TrackRecord::judge_siblings(const Pending& pending, const Cause& cause) const {
    if (pending.by == "human") return Verdict::untold;
    if (!pending.tried.empty()) return pending.by == "auto" ? Verdict::wrong : Verdict::untold;
    const std::vector<std::string>& names = cause.names;
    const auto together = std::count_if(names.begin(), names.end(), [&](const auto& name) {
        const auto well = well_since_.find(name);
        if (well == well_since_.end()) return false;
        const Duration apart = well->second - *pending.resolved;
        return std::max(apart, -apart) <= kWaitAfter;
    });
    return together >= 2 ? Verdict::right : Verdict::wrong;
}

TrackRecord::Verdict TrackRecord::judge_change(const Pending& pending, const Cause& cause) const {
    const std::vector<std::string>& names = cause.names;
    const std::string changed = names.empty() ? "" : names.front();
    for (const std::string& where : {changed, std::string()}) {
        const auto back = taken_back_.find(where);
        if (back != taken_back_.end() && back->second >= pending.opened &&
            back->second <= *pending.resolved && *pending.resolved - back->second <= kFollows) {
            return Verdict::right;
        }
    }
    return pending.by == "auto" ? Verdict::wrong : Verdict::untold;
}

// --- the counts ---

void TrackRecord::count(const std::string& counted_as, Verdict verdict) {
    if (verdict == Verdict::untold || counted_as.empty()) return;
    const bool is_full = tallies_.size() >= kMostTallies && !tallies_.contains(counted_as);
    Tally& tally = tallies_[is_full ? std::string(kind_of(counted_as)) + "/(others)" : counted_as];
    ++(verdict == Verdict::right ? tally.right : tally.wrong);
}

Tally TrackRecord::of(std::string_view counted_as) const {
    const auto place = tallies_.find(counted_as);
    return place == tallies_.end() ? Tally() : place->second;
}

Tally TrackRecord::of_kind(std::string_view kind) const {
    Tally all;
    for (auto place = tallies_.lower_bound(kind);
         place != tallies_.end() && place->first.starts_with(kind); ++place) {
        if (kind_of(place->first) != kind) continue;
        all.right += place->second.right;
        all.wrong += place->second.wrong;
    }
    return all;
}

double TrackRecord::confidence(std::string_view counted_as) const {
    const Tally own = of(counted_as);
    Tally others = of_kind(kind_of(counted_as));
    others.right -= own.right;
    others.wrong -= own.wrong;
    return mean(own, mean(others, 0.5));
}

// --- over a restart ---

Json TrackRecord::to_json() const {
    Json::Object tallies, pending;
    for (const auto& [name, tally] : tallies_) {
        tallies.emplace_back(name, Json::object({{"right", tally.right}, {"wrong", tally.wrong}}));
    }
    for (const auto& [id, one] : pending_) {
        Json causes = Json::array();
        for (const Cause& cause : one.causes) causes.push(cause.to_json());
        Json json = Json::object({{"target", one.target},
                                  {"opened", time_json(one.opened)},
                                  {"causes", causes},
                                  {"tried", one.tried},
                                  {"failed", Json::of_strings(one.failed)},
                                  {"by", one.by},
                                  {"note", one.note}});
        if (one.resolved) json.set("resolved", time_json(*one.resolved));
        pending.emplace_back(id, std::move(json));
    }
    return Json::object({{"tallies", Json::of_members(std::move(tallies))},
                         {"pending", Json::of_members(std::move(pending))},
                         {"well_since", times_json(well_since_)},
                         {"unwell", Json::of_strings({unwell_.begin(), unwell_.end()})},
                         {"taken_back", times_json(taken_back_)},
                         {"resolved", Json::of_strings({resolved_.begin(), resolved_.end()})}});
}

void TrackRecord::restore(const Json& saved) {
    *this = TrackRecord();
    for (const auto& [name, tally] : saved["tallies"].members()) {
        tallies_[name] = {static_cast<int>(tally["right"].as_int()),
                          static_cast<int>(tally["wrong"].as_int())};
    }
    for (const auto& [id, one] : saved["pending"].members()) {
        Pending& pending = pending_[id];
        pending.target = one["target"].as_string();
        pending.opened = read_time(one["opened"]);
        for (const Json& json : one["causes"].items()) {
            if (std::optional<Cause> cause = read_cause(json)) {
                pending.causes.push_back(*std::move(cause));
            }
        }
        pending.tried = one["tried"].as_string();
        pending.failed = one["failed"].strings();
        if (one["resolved"].is_number()) pending.resolved = read_time(one["resolved"]);
        pending.by = one["by"].as_string();
        pending.note = one["note"].as_string();
    }
    well_since_ = read_times(saved["well_since"]);
    for (std::string& target : saved["unwell"].strings()) unwell_.insert(std::move(target));
    taken_back_ = read_times(saved["taken_back"]);
    for (std::string& id : saved["resolved"].strings()) resolved_.push_back(std::move(id));
}

}  // namespace ops

#include "diagnose/causes.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "base/units.h"
#include "diagnose/around.h"
#include "diagnose/causes_kit.h"
#include "runbook/builtin.h"

namespace ops {
namespace {

constexpr size_t kMostNearMisses = 2;
constexpr size_t kMostChanges = 3;
constexpr size_t kMostMemories = 2;
// What is known less directly fits less, until its record says more.
constexpr double kFitBuiltin = 0.6;
constexpr double kFitNearMiss = 0.6;
constexpr double kFitMemory = 0.8;
constexpr double kFitMemoryOfAnother = 0.5;
constexpr double kHalfLifeOfChange = 10 * 60;  // seconds

// Of equally good ones, in this order: what was seen before what was only near in time.
int order_of(const Cause& cause) {
    if (cause.counted_as == kBuiltinRestart) return 5;
    switch (cause.kind) {
        case CauseKind::entry: return 0;
        case CauseKind::upstream: return 1;
        case CauseKind::change: return 2;
        case CauseKind::memory: return 3;
        case CauseKind::near_miss: return 4;
    }
    return 6;
}

bool is_before(const Ranked& one, const Ranked& other) {
    if (one.chosen != other.chosen) return one.chosen;
    const double a = one.cause.confidence * one.fit, b = other.cause.confidence * other.fit;
    if (a != b) return a > b;
    const int x = order_of(one.cause), y = order_of(other.cause);
    if (x != y) return x < y;
    if (one.cause.about != other.cause.about) return one.cause.about < other.cause.about;
    return one.cause.text < other.cause.text;
}

void keep_best(std::vector<Ranked>& all, size_t most) {
    std::sort(all.begin(), all.end(),
              [](const Ranked& one, const Ranked& other) { return is_before(one, other); });
    if (all.size() > most) all.resize(most);
}

void weigh(const CauseQuestion& question, Ranked& one) {
    const TrackRecord& track = question.record.track;
    const Tally tally = track.of(one.cause.counted_as);
    one.cause.confidence = track.confidence(one.cause.counted_as);
    one.cause.right = tally.right;
    one.cause.wrong = tally.wrong;
}

// How changes of this kind went before, where that is more than chance and more than a few.
std::string risk_words(const std::string& kind, const ChangeRisk::Seen& seen) {
    constexpr int kEnough = 3;
    constexpr double kMuchMore = 2;
    if (seen.followed < kEnough || seen.lift() < kMuchMore) return "";
    return std::to_string(seen.followed) + " of " + std::to_string(seen.changes) + " of kind '" +
           kind + "' were followed by an incident within " +
           format_duration_short(ChangeRisk::kWindow) + ", " + format_number(seen.lift(), 1) +
           " times as many as at other times";
}

Cause cause_of_change(const CauseQuestion& question, const ChangeMade& change, Duration before) {
    Cause cause;
    cause.kind = CauseKind::change;
    cause.about = change.kind + (change.target.empty() ? "" : " of " + change.target);
    cause.text = "it began " + span_words(before) + " after " + change.words;
    if (!change.target.empty() && change.target != question.target) {
        cause.text += ", which it rests on";
    }
    cause.counted_as = before <= kNearChange ? "change/near" : "change/far";
    cause.evidence.push_back(change.words + " at " + format_rfc3339(change.at));
    const std::string risk = risk_words(change.kind, question.record.risk.of(change.kind));
    if (!risk.empty()) cause.evidence.push_back(risk);
    // The first is what was changed, for a rollback of it; the rest is how people speak of it.
    cause.names = {change.target, change.kind, "rollback", "roll back", "rolled back", "reverted"};
    return cause;
}

Cause cause_of_memory(const CauseQuestion& question, const Recalled& recalled) {
    constexpr size_t kLongest = 200;
    const Memory& memory = recalled.memory;
    const auto said = [](const std::string& text) {
        return printable(clip_end(text, kLongest), Lines::flatten);
    };
    Cause cause;
    cause.kind = CauseKind::memory;
    cause.about = memory.id;
    cause.text = "it was like this on " + format_rfc3339(memory.at).substr(0, 10) + ": " +
                 said(memory.cause.empty() ? memory.title : memory.cause);
    std::string did =
        !memory.entry.empty() ? "'" + memory.entry + "'" : said(join(memory.commands, "; "));
    if (did.empty()) did = said(memory.note);
    const bool helped =
        memory.outcome == MemoryOutcome::verified || memory.outcome == MemoryOutcome::human;
    if (helped && !did.empty()) cause.text += "; what helped: " + did;
    if (memory.outcome == MemoryOutcome::failed && !did.empty()) {
        cause.text += "; what did not help: " + did;
    }
    if (memory.outcome == MemoryOutcome::self) cause.text += "; it went by itself";
    for (const std::string& why : recalled.why) cause.evidence.push_back(said(why));
    cause.counted_as = memory.target == question.target ? "memory/same" : "memory/like";
    cause.names = {memory.entry, memory.id};
    return cause;
}

// Was it made on the target or on what that rests on, or may it have been?
bool concerns(const CauseQuestion& question, const ChangeMade& change) {
    if (rests_on(question.inventory, question.target, change.target)) return true;
    return std::any_of(question.members.begin(), question.members.end(), [&](const auto& member) {
        return rests_on(question.inventory, member, change.target);
    });
}

}  // namespace

std::string span_words(Duration span) {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(span);
    return format_duration_short(whole >= std::chrono::seconds(1) ? Duration(whole) : span);
}

Time onset_of(const CauseQuestion& question, const std::string& target) {
    const Trouble* const trouble = question.record.happenings.trouble_of(target);
    // A trouble that ended before is another one.
    if (trouble == nullptr || (trouble->until && *trouble->until < question.opened)) {
        return question.opened;
    }
    return question.members.empty() ? std::min(question.opened, trouble->from) : trouble->from;
}

Time onset_of(const CauseQuestion& question) {
    Time onset = std::min(question.opened, onset_of(question, question.target));
    for (const std::string& member : question.members) {
        onset = std::min(onset, onset_of(question, member));
    }
    return onset;
}

void add_entries(const CauseQuestion& question, std::vector<Ranked>& out) {
    std::vector<Ranked> near;
    const Diagnosis& diagnosis = question.diagnosis;
    const std::string chosen = diagnosis.entry ? diagnosis.entry->name : "";
    for (const Considered& one : diagnosis.considered) {
        if (one.symptoms == 0) continue;  // the built-in one
        Ranked ranked;
        Cause& cause = ranked.cause;
        cause.about = one.entry;
        cause.names = {one.entry};
        cause.evidence = one.seen;
        if (one.matched) {
            cause.text = one.text;
            cause.counted_as = "entry/" + one.entry;
            ranked.chosen = one.entry == chosen;
            out.push_back(std::move(ranked));
        } else if (one.is_near) {
            cause.kind = CauseKind::near_miss;
            cause.text = "nearly '" + one.entry + "': " + one.why;
            cause.counted_as = name_of(CauseKind::near_miss);
            ranked.fit =
                kFitNearMiss * static_cast<double>(one.holding) / static_cast<double>(one.symptoms);
            near.push_back(std::move(ranked));
        }
    }
    keep_best(near, kMostNearMisses);
    std::move(near.begin(), near.end(), std::back_inserter(out));
    if (chosen != kBuiltinRestart) return;
    Ranked builtin;
    builtin.cause.text = diagnosis.cause;
    builtin.cause.about = chosen;
    builtin.cause.counted_as = kBuiltinRestart;
    builtin.cause.names = {chosen, "restart", "restarted"};
    builtin.fit = kFitBuiltin;
    out.push_back(std::move(builtin));
}

void add_changes(const CauseQuestion& question, std::vector<Ranked>& out) {
    const Time onset = onset_of(question);
    std::vector<Ranked> near;
    std::vector<std::string> told;
    const std::deque<ChangeMade>& changes = question.record.happenings.changes();
    for (auto place = changes.rbegin(); place != changes.rend(); ++place) {
        const ChangeMade& change = *place;
        const Duration before = onset - change.at;
        if (before < Duration{} || before > kChangeWindow || change.takes_back) continue;
        if (!change.incident.empty() && change.incident == question.incident) continue;
        if (!concerns(question, change)) continue;
        Ranked ranked;
        ranked.cause = cause_of_change(question, change, before);
        // Of several that are called the same the newest is meant.
        if (std::find(told.begin(), told.end(), ranked.cause.about) != told.end()) continue;
        told.push_back(ranked.cause.about);
        const double seconds = std::chrono::duration<double>(before).count();
        const double lift = question.record.risk.of(change.kind).lift();
        ranked.fit = std::exp2(-seconds / kHalfLifeOfChange) * std::min(1.0, 2 * lift / (1 + lift));
        weigh(question, ranked);
        near.push_back(std::move(ranked));
    }
    keep_best(near, kMostChanges);
    std::move(near.begin(), near.end(), std::back_inserter(out));
}

void add_memories(const CauseQuestion& question, std::vector<Ranked>& out) {
    std::vector<const Recalled*> nearest;
    for (const Recalled& one : question.similar) {
        const Memory& memory = one.memory;
        const bool is_doubtful = memory.contradicted > memory.confirmed;
        if (!is_doubtful && memory.incident != question.incident) nearest.push_back(&one);
    }
    std::sort(nearest.begin(), nearest.end(), [](const Recalled* one, const Recalled* other) {
        if (one->score != other->score) return one->score > other->score;
        return one->memory.id < other->memory.id;
    });
    if (nearest.size() > kMostMemories) nearest.resize(kMostMemories);
    for (size_t i = 0; i < nearest.size(); ++i) {
        Ranked ranked;
        ranked.cause = cause_of_memory(question, *nearest[i]);
        const bool is_same = nearest[i]->memory.target == question.target;
        ranked.fit = (is_same ? kFitMemory : kFitMemoryOfAnother) / static_cast<double>(i + 1);
        out.push_back(std::move(ranked));
    }
}

std::vector<Cause> rank_causes(const CauseQuestion& question) {
    std::vector<Ranked> all;
    add_entries(question, all);
    add_upstream(question, all);
    add_changes(question, all);
    add_memories(question, all);
    for (Ranked& one : all) weigh(question, one);
    keep_best(all, kMostCauses);
    std::vector<Cause> causes;
    for (Ranked& one : all) causes.push_back(std::move(one.cause));
    return causes;
}

// --- the record ---

void CauseRecord::apply(const Event& event, const Inventory& inventory) {
    happenings.apply(event);
    risk.apply(event, inventory);
    track.apply(event);
}

Json CauseRecord::to_json() const {
    return Json::object({{"happenings", happenings.to_json()},
                         {"risk", risk.to_json()},
                         {"track", track.to_json()}});
}

void CauseRecord::restore(const Json& saved) {
    happenings.restore(saved["happenings"]);
    risk.restore(saved["risk"]);
    track.restore(saved["track"]);
}

}  // namespace ops

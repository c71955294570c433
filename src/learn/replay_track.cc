// An entry's symptoms are two kinds: steady ones, which only a recorded change can make true or
// false, and moving ones, which time can. Steady ones are judged once for each stretch between two
// changes; where that settles the whole entry, nothing else is asked, which is nearly always.
#include "learn/replay_track.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace ops {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDay = 24h;
constexpr Duration kLeastStep = 1min;
constexpr Duration kMostStep = 1h;
constexpr int kStepsAWindow = 30;
constexpr int kFalseRowToClear = 2;  // as in detect/conditions.cc

using Symptoms = std::vector<const expr::Expression*>;

bool moves(const expr::Expression& symptom) {
    if (!symptom.history_facts().empty() || !symptom.events().empty()) return true;
    constexpr auto kMoving = std::to_array<std::string_view>(
        {"last_heartbeat", "down_for", "security_incident", "new_error_pattern"});
    const std::vector<std::string> facts = symptom.facts();
    return std::any_of(facts.begin(), facts.end(), [&](const std::string& fact) {
        return std::any_of(kMoving.begin(), kMoving.end(),
                           [&](std::string_view name) { return fact.ends_with(name); });
    });
}

bool is_on_record(const expr::Expression& symptom, const RecordedWorld& world) {
    const auto is_known = [&](const std::string& fact) { return world.is_on_record(fact); };
    const std::vector<std::string> facts = symptom.facts(), history = symptom.history_facts();
    return std::all_of(facts.begin(), facts.end(), is_known) &&
           std::all_of(history.begin(), history.end(), is_known);
}

// What was unknown to the agent, too, did not match. Nothing: what would be needed is not on
// record.
std::optional<bool> judge(const Symptoms& symptoms, bool any, const RecordedWorld& world) {
    bool known = true;
    for (const expr::Expression* const symptom : symptoms) {
        const Value value = expr::evaluate(*symptom, world);
        if (value.is_unknown() && !is_on_record(*symptom, world)) {
            known = false;
        } else if (expr::holds(value) == any) {
            return any;
        }
    }
    return known ? std::optional(!any) : std::nullopt;
}

// Of one stretch after another, what it comes to.
class Holder {
public:
    Holder(const Entry& entry, RecordedWorld& world, EntryTrack& track)
        : entry_(entry), world_(world), track_(track) {}

    void take(Time from, Time to, std::optional<bool> holds) {
        if (to <= from) return;
        count(from, to, holds.has_value());
        if (holds.value_or(false)) {
            if (!holds_) since_ = from;
            holds_ = true;
            false_row_ = 0;
            const Time full = std::max(from, since_ + entry_.hold);
            if (!is_active_ && full < to) begin(full);
            return;
        }
        if (holds_ || is_active_) ended_ = holds_ ? from : ended_;
        holds_ = false;
        if (is_active_ && (to - from >= kLeastStep || ++false_row_ >= kFalseRowToClear)) {
            end(ended_);
        }
    }
    void unwatched(Time from) {
        if (is_active_) end(holds_ ? from : ended_);
        holds_ = false;
    }

private:
    void begin(Time from) {
        is_active_ = true;
        world_.move_to(from);
        track_.held.push_back({since_, from, from, holding(entry_, world_)});
    }
    void end(Time to) {
        is_active_ = false;
        false_row_ = 0;
        track_.held.back().to = to;
    }
    void count(Time from, Time to, bool known) {
        while (from < to) {
            const int64_t day = day_of(from);
            const Time until = std::min(to, Time((day + 1) * kDay));
            auto& [known_for, unknown_for] = track_.days[day];
            (known ? known_for : unknown_for) += until - from;
            from = until;
        }
    }

    const Entry& entry_;
    RecordedWorld& world_;
    EntryTrack& track_;
    bool holds_ = false, is_active_ = false;
    int false_row_ = 0;
    Time since_{}, ended_{};
};

class Tracker {
public:
    Tracker(const Entry& entry, const Recorded& recorded, RecordedWorld& world)
        : entry_(entry), recorded_(recorded), world_(world), holder_(entry, world, track_) {
        Duration longest{};
        for (const expr::Expression& symptom : entry.symptoms) {
            (moves(symptom) ? moving_ : steady_).push_back(&symptom);
            longest = std::max(longest, symptom.longest_window());
        }
        step_ = std::clamp(longest / kStepsAWindow, kLeastStep, kMostStep);
    }

    EntryTrack run() {
        steady_moments_ = moments_of(steady_);
        moving_moments_ = moments_of(moving_);
        for (const Recorded::Span& run : recorded_.watched) {
            Time from = std::max(run.from, recorded_.from);
            const Time end = std::min(run.to, recorded_.to);
            auto next = std::upper_bound(steady_moments_.begin(), steady_moments_.end(), from);
            while (from < end) {
                const Time to = next == steady_moments_.end() ? end : std::min(*next++, end);
                stretch(from, to);
                from = std::max(from, to);
            }
            holder_.unwatched(end);
        }
        return std::move(track_);
    }

private:
    std::vector<Time> moments_of(const Symptoms& symptoms) {
        std::vector<Time> moments;
        for (const expr::Expression* const symptom : symptoms) {
            for (const std::string& fact : symptom->facts()) world_.add_moments(fact, moments);
            for (const std::string& kind : symptom->events()) {
                const auto times = world_.events(kind, recorded_.from, recorded_.to);
                moments.insert(moments.end(), times.begin(), times.end());
            }
        }
        std::sort(moments.begin(), moments.end());
        moments.erase(std::unique(moments.begin(), moments.end()), moments.end());
        return moments;
    }

    // Nothing that the steady symptoms read changes in it.
    void stretch(Time from, Time to) {
        if (to <= from) return;
        world_.move_to(from);
        const std::optional<bool> steady = judge(steady_, entry_.any, world_);
        if (moving_.empty() || (steady && *steady == entry_.any && !steady_.empty())) {
            note_missing(steady);
            return holder_.take(from, to, steady);
        }
        auto next = std::upper_bound(moving_moments_.begin(), moving_moments_.end(), from);
        while (from < to) {
            const Time grid = Time((from.time_since_epoch() / step_ + 1) * step_);
            Time until = std::min(grid, to);
            if (next != moving_moments_.end() && *next < until) until = *next;
            if (next != moving_moments_.end() && *next <= until) ++next;
            world_.move_to(from);
            const std::optional<bool> moving = judge(moving_, entry_.any, world_);
            const std::optional<bool> both = together(steady, moving);
            note_missing(both);
            holder_.take(from, until, both);
            from = until;
        }
    }

    std::optional<bool> together(std::optional<bool> one, std::optional<bool> other) const {
        if (steady_.empty()) return other;
        if (one == entry_.any || other == entry_.any) return entry_.any;
        return one && other ? std::optional(!entry_.any) : std::nullopt;
    }

    // Explaining is dear: once where it begins to be unknown.
    void note_missing(std::optional<bool> answer) {
        if (answer || std::exchange(is_unknown_, !answer)) {
            is_unknown_ = !answer;
            return;
        }
        for (const expr::Expression& symptom : entry_.symptoms) {
            for (const auto& names : {symptom.facts(), symptom.history_facts()}) {
                for (const std::string& fact : names) {
                    if (!world_.is_on_record(fact)) track_.missing.insert(fact);
                }
            }
        }
    }

    const Entry& entry_;
    const Recorded& recorded_;
    RecordedWorld& world_;
    EntryTrack track_;
    Holder holder_;
    Symptoms steady_, moving_;
    std::vector<Time> steady_moments_, moving_moments_;
    Duration step_{};
    bool is_unknown_ = false;
};

}  // namespace

int64_t day_of(Time at) { return at.time_since_epoch() / kDay; }

const EntryTrack::Held* EntryTrack::at(Time moment) const {
    auto after = std::upper_bound(held.begin(), held.end(), moment,
                                  [](Time at, const Held& one) { return at < one.from; });
    if (after == held.begin()) return nullptr;
    --after;
    return moment < after->to ? &*after : nullptr;
}

std::vector<std::string> reads_of(const Entry& entry) {
    std::vector<std::string> reads;
    for (const expr::Expression& symptom : entry.symptoms) {
        for (auto&& names : {symptom.facts(), symptom.history_facts(), symptom.events()}) {
            reads.insert(reads.end(), names.begin(), names.end());
        }
    }
    std::sort(reads.begin(), reads.end());
    reads.erase(std::unique(reads.begin(), reads.end()), reads.end());
    return reads;
}

bool counts_events(const Entry& entry) {
    return std::any_of(entry.symptoms.begin(), entry.symptoms.end(),
                       [](const expr::Expression& symptom) { return !symptom.events().empty(); });
}

std::optional<bool> judge(const Entry& entry, const RecordedWorld& world) {
    Symptoms all;
    for (const expr::Expression& symptom : entry.symptoms) all.push_back(&symptom);
    return judge(all, entry.any, world);
}

std::vector<std::string> holding(const Entry& entry, const expr::World& world) {
    std::vector<std::string> texts;
    for (const expr::Expression& symptom : entry.symptoms) {
        if (expr::holds(expr::evaluate(symptom, world))) texts.push_back(symptom.text());
    }
    return texts;
}

EntryTrack track(const Entry& entry, const Recorded& recorded, RecordedWorld& world) {
    return Tracker(entry, recorded, world).run();
}

}  // namespace ops

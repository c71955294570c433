#include "resolve/limiter.h"

#include <algorithm>
#include <set>
#include <utility>

namespace ops {
namespace {

using std::chrono::hours;
using Verdict = BudgetAnswer::Verdict;

// Longer than the longest window there is; what is settled and older counts for nothing.
constexpr Duration kForgetAfter = hours(25);

std::string of(int64_t done, int limit) {
    return std::to_string(done) + " of " + std::to_string(limit);
}

// Is it young enough to count? What lies in the future counts too: the clock went back, and nobody
// knows by how much.
bool counts(Time at, Time now, Duration window) { return at > add_saturating(now, -window); }

// The earliest moment at which so many of `times` are out of the window that `room` more fit under
// `limit`.
std::optional<Time> room_at(std::vector<Time> times, int limit, int room, Duration window) {
    if (room > limit) return std::nullopt;
    std::sort(times.begin(), times.end());
    const int64_t too_many = static_cast<int64_t>(times.size()) + room - limit;
    if (too_many <= 0) return std::nullopt;
    return add_saturating(times[static_cast<size_t>(too_many - 1)], window);
}

// Who waits for it goes on when it is settled, and when a person says that it is.
std::string or_resolve(const std::string& incident) {
    return "; `ops-agent resolve " + incident + "` ends the wait";
}

using AttemptId = std::pair<std::string, int>;  // incident, attempt

}  // namespace

bool Limiter::Taken::in(const BudgetQuestion& question) const {
    return incident == question.incident && attempt == question.attempt;
}

void Limiter::apply(const Event& event) {
    if (event.kind == "action.intent") return take(event);
    if (event.kind == "target.changed") return note_health(event);
    if (event.kind == "incident.resolved") {
        for (Taken& taken : taken_) {
            if (taken.incident != event.incident) continue;
            taken.open = false;
            // A person who closes it answers for it, as far as others wait for a verdict.
            taken.verified = taken.verified || event.body["by"].as_string() == "human";
        }
        return;
    }
    const bool verdict = event.kind == "action.verified" || event.kind == "action.failed" ||
                         event.kind == "action.denied" || event.kind == "action.undone";
    // What takes an action back is over when it has run: nothing verifies it but the next attempt.
    const bool outcome = event.kind == "action.outcome";
    if (!verdict && !outcome) return;
    const std::string key = event.body["action"].as_string();
    for (Taken& taken : taken_) {
        if (taken.key != key) continue;
        if (outcome && !taken.undo) continue;
        taken.open = false;
        taken.verified = taken.verified || event.kind == "action.verified";
        taken.refused = event.kind == "action.denied";
    }
}

void Limiter::take(const Event& event) {
    const Json& body = event.body;
    const std::string kind = body["kind"].as_string("run");
    if (kind != "run" && kind != "undo") return;
    Taken taken;
    taken.key = body["action"].as_string();
    taken.incident = event.incident;
    taken.entry = body["entry"].as_string();
    taken.target = event.target;
    taken.attempt = static_cast<int>(body["attempt"].as_int(1));
    taken.undo = body["undo"].as_bool();
    taken.at = event.at;
    const std::string risk = body["risk"].as_string();
    for (const Risk known : {Risk::low, Risk::medium, Risk::high, Risk::destructive}) {
        if (risk == name_of(known)) taken.risk = known;
    }
    const auto same = std::find_if(taken_.begin(), taken_.end(),
                                   [&](const Taken& old) { return old.key == taken.key; });
    if (same == taken_.end()) {
        taken_.push_back(std::move(taken));
    } else if (same->refused) {
        *same = std::move(taken);  // nothing ran, and now it is tried again
    }
}

void Limiter::note_health(const Event& event) {
    const bool good = event.body["status"].as_string() == "up";
    const auto since = good_since_.find(event.target);
    if (good) {
        if (since == good_since_.end()) good_since_.emplace(event.target, event.at);
        return;
    }
    if (since == good_since_.end()) return;
    if (event.at - since->second >= limits_.attempts_reset) {
        counted_from_[event.target] = event.at;
    }
    good_since_.erase(since);
}

int Limiter::attempts(std::string_view target, std::string_view except_incident, Time now) const {
    const auto good = good_since_.find(target);
    if (good != good_since_.end() && now - good->second >= limits_.attempts_reset) return 0;
    const auto from = counted_from_.find(target);
    std::set<AttemptId> seen;
    for (const Taken& taken : taken_) {
        if (taken.target != target || taken.incident == except_incident) continue;
        if (taken.refused || taken.undo) continue;
        if (from != counted_from_.end() && taken.at < from->second) continue;
        seen.emplace(taken.incident, taken.attempt);
    }
    return static_cast<int>(seen.size());
}

bool Limiter::acted_on(std::string_view target, std::string_view except_incident, Time from,
                       Time to) const {
    return std::any_of(taken_.begin(), taken_.end(), [&](const Taken& taken) {
        return taken.target == target && taken.incident != except_incident && !taken.refused &&
               taken.at >= from && taken.at <= to;
    });
}

void Limiter::shift_clock(Duration by) {
    if (by < Duration{}) return;
    for (Taken& taken : taken_) taken.at = add_saturating(taken.at, by);
    for (auto* times : {&good_since_, &counted_from_}) {
        for (auto& [target, at] : *times) at = add_saturating(at, by);
    }
}

void Limiter::forget_old(Time now) {
    std::erase_if(taken_, [&](const Taken& taken) {
        return !taken.open && !counts(taken.at, now, kForgetAfter);
    });
}

BudgetAnswer Limiter::ask(const BudgetQuestion& question, const Inventory& inventory) const {
    if (auto answer = at_once(question)) return *answer;
    if (question.undo) return {};
    if (auto answer = of_target(question)) return *answer;
    if (auto answer = of_group(question, inventory)) return *answer;
    if (auto answer = of_entry(question)) return *answer;
    return {};
}

std::optional<BudgetAnswer> Limiter::at_once(const BudgetQuestion& question) const {
    for (const Taken& taken : taken_) {
        if (!taken.open || taken.incident == question.incident) continue;
        if (taken.target == question.target) {
            return BudgetAnswer{Verdict::wait,
                                "another action on '" + taken.target + "' is not settled" +
                                    or_resolve(taken.incident),
                                std::nullopt};
        }
        if (question.entry.risk == Risk::destructive && taken.risk == Risk::destructive) {
            return BudgetAnswer{Verdict::wait,
                                "another destructive action, on '" + taken.target +
                                    "', is not settled" + or_resolve(taken.incident),
                                std::nullopt};
        }
    }
    return std::nullopt;
}

std::optional<BudgetAnswer> Limiter::of_target(const BudgetQuestion& question) const {
    struct Window {
        Duration span;
        int limit;
        const char* text;
    };
    const Window windows[] = {{hours(1), limits_.actions_per_hour, "hour (actions_per_hour)"},
                              {hours(24), limits_.actions_per_day, "day (actions_per_day)"}};
    for (const Window& window : windows) {
        std::vector<Time> times;
        for (const Taken& taken : taken_) {
            if (taken.target == question.target && !taken.refused &&
                counts(taken.at, question.now, window.span)) {
                times.push_back(taken.at);
            }
        }
        const auto done = static_cast<int64_t>(times.size());
        if (done + question.actions <= window.limit) continue;
        return BudgetAnswer{Verdict::spent,
                            of(done, window.limit) + " actions on '" + question.target +
                                "' made in the last " + window.text + ", this needs " +
                                std::to_string(question.actions),
                            room_at(std::move(times), window.limit, question.actions, window.span)};
    }
    return std::nullopt;
}

// One member after another, each verified before the next; and not more than a share of them in a
// while, so that a repair that does harm has harmed a part of the group at most.
std::optional<BudgetAnswer> Limiter::of_group(const BudgetQuestion& question,
                                              const Inventory& inventory) const {
    const Service* service = inventory.find_service(question.target);
    if (service == nullptr || service->group.empty()) return std::nullopt;
    const std::vector<const Service*> members = inventory.members_of(service->group);
    std::map<std::string, const Taken*> newest;  // of each other member
    for (const Taken& taken : taken_) {
        if (taken.refused || taken.undo || taken.target == question.target) continue;
        const bool member = std::any_of(members.begin(), members.end(), [&](const Service* other) {
            return other->name == taken.target;
        });
        if (!member) continue;
        if (taken.open || counts(taken.at, question.now, limits_.group_window)) {
            const Taken*& one = newest[taken.target];
            if (one == nullptr || !one->open)
                one = &taken;  // an open one is not made good by a later
        }
    }
    std::vector<Time> times;
    for (const auto& [name, taken] : newest) {
        times.push_back(taken->at);
        if (taken->verified) continue;
        const std::optional<Time> again =
            taken->open ? std::nullopt
                        : std::optional<Time>(add_saturating(taken->at, limits_.group_window));
        return BudgetAnswer{Verdict::wait,
                            "'" + name + "' of the same group '" + service->group +
                                "' has been acted on and is not verified" +
                                or_resolve(taken->incident),
                            again};
    }
    for (const Taken& taken : taken_) {  // it has its place among them already
        if (taken.target == question.target && !taken.refused && !taken.undo &&
            counts(taken.at, question.now, limits_.group_window)) {
            return std::nullopt;
        }
    }
    const int share =
        std::max(1, static_cast<int>(members.size()) * limits_.group_share_percent / 100);
    if (static_cast<int>(times.size()) < share) return std::nullopt;
    const auto done = static_cast<int64_t>(times.size());
    return BudgetAnswer{Verdict::spent,
                        of(done, share) + " members of group '" + service->group +
                            "' acted on lately (group_share_percent, group_window)",
                        room_at(std::move(times), share, 1, limits_.group_window)};
}

std::optional<BudgetAnswer> Limiter::of_entry(const BudgetQuestion& question) const {
    const Entry& entry = question.entry;
    // On this target: one that fails often takes nothing from the others.
    std::map<AttemptId, Time> attempts;  // others than this one
    std::optional<Time> last;            // of other incidents
    for (const Taken& taken : taken_) {
        const bool counts_here = !taken.refused && !taken.undo && taken.entry == entry.name &&
                                 taken.target == question.target && !taken.in(question);
        if (!counts_here) continue;
        attempts.try_emplace({taken.incident, taken.attempt}, taken.at);
        if (taken.incident != question.incident) last = last ? std::max(*last, taken.at) : taken.at;
    }
    if (last && counts(*last, question.now, entry.cooldown)) {
        return BudgetAnswer{Verdict::spent, "entry '" + entry.name + "' is cooling down (cooldown)",
                            add_saturating(*last, entry.cooldown)};
    }
    const std::pair<std::optional<int>, Duration> windows[] = {{entry.max_per_hour, hours(1)},
                                                               {entry.max_per_day, hours(24)}};
    for (const auto& [limit, span] : windows) {
        if (!limit) continue;
        std::vector<Time> times;
        for (const auto& [id, at] : attempts) {
            if (counts(at, question.now, span)) times.push_back(at);
        }
        const auto done = static_cast<int64_t>(times.size());
        if (done < *limit) continue;
        return BudgetAnswer{Verdict::spent,
                            of(done, *limit) + " uses of entry '" + entry.name + "' made (" +
                                (span == hours(1) ? "max_per_hour)" : "max_per_day)"),
                            room_at(std::move(times), *limit, 1, span)};
    }
    return std::nullopt;
}

}  // namespace ops

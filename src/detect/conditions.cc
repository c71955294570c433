// Entries and criteria: which can match which target is worked out once; after that a condition is
// looked at only when a fact it reads has changed, or when time alone may have changed it.
#include <algorithm>
#include <array>
#include <cmath>

#include "detect/core.h"
#include "runbook/alert_facts.h"

namespace ops {
namespace {

constexpr Duration kHistoryEvery = std::chrono::seconds(10);  // a look at the record is not free
constexpr uint8_t kFalseRowToClear = 2;

bool has(const std::vector<std::string>& sorted, std::string_view name) {
    return std::binary_search(sorted.begin(), sorted.end(), name);
}

void add_all(std::vector<std::string>& list, std::vector<std::string> more) {
    list.insert(list.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
}

// Facts that go on by themselves, or that belong to another target than the one asked.
bool moves_by_itself(std::string_view name) {
    constexpr auto kMoving = std::to_array<std::string_view>(
        {"last_heartbeat", "down_for", "degraded_for", "security_incident", "new_error_pattern"});
    if (std::any_of(kMoving.begin(), kMoving.end(),
                    [name](std::string_view moving) { return name.ends_with(moving); })) {
        return true;
    }
    const FactKind* const kind = find_fact_kind(name);
    return kind == nullptr || kind->scope == Scope::host || kind->scope == Scope::signal;
}

// Also in a group's spelling: worker_new_error_pattern.
bool is_event_fact(const std::string& name) {
    const std::span<const EventFact> known = event_facts();
    return std::any_of(known.begin(), known.end(),
                       [&](const EventFact& one) { return name.ends_with(one.fact); });
}

// The end of a process and what its log says follow from failures, also from those of others.
bool follows_from_failures(const std::string& name) {
    constexpr auto kFollow =
        std::to_array<std::string_view>({"crash", "restart", "new_error_pattern"});
    return std::any_of(kFollow.begin(), kFollow.end(),
                       [&name](std::string_view one) { return name.ends_with(one); });
}

Condition make_condition(const Entry* entry, const Criterion* criterion) {
    Condition made;
    made.entry = entry;
    made.criterion = criterion;
    if (entry != nullptr) {
        for (const expr::Expression& symptom : entry->symptoms) {
            made.parts.emplace_back(symptom);
        }
        made.any = entry->any;
        made.hold = entry->hold;
    } else {
        made.parts.emplace_back(*criterion->when);
    }
    made.counts_only = true;
    for (const Condition::Part& part : made.parts) {
        const bool counts = !part->events().empty() || !part->facts().empty();
        made.counts_only = made.counts_only && counts && part->history_facts().empty() &&
                           std::all_of(part.facts.begin(), part.facts.end(), is_event_fact);
        add_all(made.reads, part->facts());
        made.timed = made.timed || !part->history_facts().empty() || !part->events().empty();
        made.asks_history = made.asks_history || !part->history_facts().empty();
        add_all(made.reads, part->history_facts());
        add_all(made.reads, part->events());
    }
    std::sort(made.reads.begin(), made.reads.end());
    made.reads.erase(std::unique(made.reads.begin(), made.reads.end()), made.reads.end());
    made.of_degraded = made.reads.size() == 1 && made.reads.front().ends_with("degraded_for");
    made.of_events = criterion != nullptr && made.counts_only &&
                     std::none_of(made.reads.begin(), made.reads.end(), follows_from_failures);
    made.timed = made.timed || std::any_of(made.reads.begin(), made.reads.end(), moves_by_itself);
    return made;
}

bool could_match(const Target& target, const Condition& condition, const Entry& probe,
                 const Inventory& inventory) {
    const auto& reads = condition.reads;
    if (target.kind == Target::Kind::signal) {
        // What facts a signal has is known only when it speaks: is_about() decides then.
        return std::any_of(reads.begin(), reads.end(), [](const std::string& name) {
            return find_fact_kind(name) == nullptr || is_only_a_signals(name);
        });
    }
    if (!reads.empty() && std::all_of(reads.begin(), reads.end(), is_only_a_signals)) return false;
    // The agent's own machine, when it is not among the hosts, is only where events are seen.
    if (!inventory.has_target(target.name)) return condition.criterion != nullptr;
    return may_match(probe, target.name, inventory);
}

}  // namespace

Condition::Part::Part(const expr::Expression& read)
    : expression(&read),
      facts(read.facts()),
      events(read.events()),
      may_settle(read.history_facts().empty() && !read.ages_events()) {}

// Group prefixes are not stripped here: moves_by_itself looks at the end of the name.
bool is_only_a_signals(std::string_view name) {
    const FactKind* const kind = find_fact_kind(name);
    return kind != nullptr && kind->scope == Scope::signal;
}

void Detector::Core::make_conditions() {
    std::vector<Entry> probes;  // a criterion dressed as an entry, for may_match
    for (const Entry& entry : runbook_.entries) {
        if (!entry.enabled || entry.symptoms.empty()) continue;
        if (!entry.any && reads_alert(entry)) continue;  // it is unknown here, and stays so
        conditions_.push_back(make_condition(&entry, nullptr));
        probes.push_back(entry);
    }
    for (const Criterion& criterion : runbook_.criteria) {
        if (!criterion.when) continue;
        conditions_.push_back(make_condition(nullptr, &criterion));
        probes.emplace_back();
        probes.back().symptoms.push_back(*criterion.when);
    }
    for (uint32_t i = 0; i < conditions_.size(); ++i) {
        for (const std::string& name : conditions_[i].reads) readers_[name].push_back(i);
        for (const Condition::Part& part : conditions_[i].parts) {
            for (const std::string& name : part->history_facts()) note_looked_back(name);
        }
    }
    for (uint32_t index = 0; index < targets_.size(); ++index) {
        Target& target = targets_[index];
        std::vector<Instance> instances;
        for (uint32_t i = 0; i < conditions_.size(); ++i) {
            if (!could_match(target, conditions_[i], probes[i], settings_.inventory)) continue;
            const auto place = static_cast<uint32_t>(instances.size());
            instances.push_back(Instance{.condition = i});
            if (conditions_[i].timed) timed_.emplace_back(index, place);
        }
        target.instances = {instances.begin(), instances.end()};  // no more room than it needs
    }
}

// A fact of signals that a service tells of itself (a build server that pushes review_state) is
// about that service: from then on what reads it is looked at there, too.
void Detector::Core::adopt(uint32_t index, const std::string& name_or_fact) {
    Target& target = targets_[index];
    if (target.kind == Target::Kind::signal) return;
    for (uint32_t i = 0; i < conditions_.size(); ++i) {
        const Condition& condition = conditions_[i];
        const auto& reads = condition.reads;
        if (condition.name() != name_or_fact && !has(reads, name_or_fact)) continue;
        if (reads.empty() || !std::all_of(reads.begin(), reads.end(), is_only_a_signals)) continue;
        const bool has_it = std::any_of(target.instances.begin(), target.instances.end(),
                                        [i](const Instance& one) { return one.condition == i; });
        if (has_it) continue;
        if (condition.timed) {
            timed_.emplace_back(index, static_cast<uint32_t>(target.instances.size()));
        }
        target.instances.push_back(Instance{.condition = i});
    }
}

// Is one of the things the condition reads the target's own? Otherwise a signal's number would be a
// problem of each service, and a full disk one of all that run on the host.
bool Detector::Core::is_about(uint32_t index, const Condition& condition) const {
    const Target& target = targets_[index];
    if (target.kind != Target::Kind::signal) {
        for (const std::string& read : condition.reads) {
            const std::string_view name = own_name(target, read);
            const FactKind* const kind = find_fact_kind(name);
            if (target.facts.find(name) != nullptr) return true;
            if (kind == nullptr || kind->scope == Scope::signal) continue;
            if (kind->scope != Scope::host || target.kind == Target::Kind::host) return true;
        }
        // Only events: count(deploy, 1h).
        return std::any_of(condition.parts.begin(), condition.parts.end(),
                           [](const Condition::Part& part) { return !part.events.empty(); });
    }
    return std::any_of(condition.reads.begin(), condition.reads.end(),
                       [&target](const std::string& name) { return target.facts.find(name); });
}

std::optional<bool> Detector::Core::holds_now(uint32_t index, const Condition& condition,
                                              Time now) const {
    if (condition.parts.empty() || !is_about(index, condition)) return false;
    const TargetWorld world(*this, index, now, condition.criterion != nullptr);
    bool known = true;
    for (const Condition::Part& part : condition.parts) {
        const Value value = expr::evaluate(*part, world);
        if (expr::holds(value) == condition.any && !value.is_unknown()) return condition.any;
        known = known && !value.is_unknown();
    }
    return known ? std::optional(!condition.any) : std::nullopt;
}

// Can only an answer, a pushed fact or an event change what this part comes to? What moves by
// itself may stand still all the same: while no event of the kind was ever counted.
bool Detector::Core::is_steady(uint32_t index, const Condition::Part& part, Time now) const {
    if (!part.may_settle) return false;
    const Target& target = targets_[index];
    // These follow from more than the facts that are told to evaluate_reading.
    constexpr auto kFollow = std::to_array<std::string_view>({"up", "status", "restarts"});
    const TargetWorld world(*this, index, now, false);
    for (const std::string& fact : part.facts) {
        const std::string_view name = own_name(target, fact);
        if (std::find(kFollow.begin(), kFollow.end(), name) != kFollow.end()) return false;
        if (name == "security_incident" || name == "new_error_pattern") {
            const Value* const value = world.fact(fact);
            if (value == nullptr || expr::holds(*value)) return false;
        } else if (moves_by_itself(name)) {
            return false;
        }
    }
    const Time from = now - part->longest_window();
    return std::all_of(part.events.begin(), part.events.end(), [&](const std::string& kind) {
        return events(index, kind, from, now).empty();
    });
}

// Requires: the condition does not hold. Of all symptoms one that is steady is enough, of any
// each must be.
bool Detector::Core::is_settled(uint32_t index, const Condition& condition, Time now) const {
    if (!is_about(index, condition)) return true;
    const TargetWorld world(*this, index, now, condition.criterion != nullptr);
    const auto stays_away = [&](const Condition::Part& part) {
        return is_steady(index, part, now) && !expr::holds(expr::evaluate(*part, world));
    };
    const auto& parts = condition.parts;
    return condition.any ? std::all_of(parts.begin(), parts.end(), stays_away)
                         : std::any_of(parts.begin(), parts.end(), stays_away);
}

void Detector::Core::unsettle(uint32_t index) {
    for (Instance& instance : targets_[index].instances) instance.settled = false;
    if (index != own_machine_) return;
    // What happens to the whole machine counts for all that runs on it (events()).
    for (Target& target : targets_) {
        for (Instance& instance : target.instances) instance.settled = false;
    }
}

void Detector::Core::evaluate(uint32_t index, uint32_t place, Evidence evidence, Time now) {
    Instance& instance = targets_[index].instances[place];
    const Condition& condition = conditions_[instance.condition];
    const bool was_active = instance.active;
    instance.evaluated_at = now;
    // After a restart a pushed fact is not there until it is pushed again: that is no good news.
    const bool not_heard_yet = instance.active && !is_about(index, condition);
    const std::optional<bool> holds =
        not_heard_yet ? std::nullopt : holds_now(index, condition, now);
    const bool is_kept = instance.kept && !holds.value_or(false);
    if (!is_kept && (evidence == Evidence::fresh || condition.timed)) instance.seen_at = now;
    if (holds.value_or(false)) {
        if (!instance.holds) instance.holds_since = now;
        instance.holds = true;
        instance.false_row = 0;
        // The reason is renewed with what was seen now.
        RareText& told = targets_[index].degraded_by;
        if (evidence == Evidence::fresh && told == condition.name()) told.clear();
        if (now - instance.holds_since >= condition.hold) instance.active = true;
    } else {
        instance.holds = false;
        // Around a threshold a value goes to and fro: what was active is gone only when a second
        // look agrees. Without an observation only what is known to be false counts: after a
        // restart of ours nothing is known yet.
        const bool counts = evidence == Evidence::fresh || (condition.timed && holds.has_value());
        if (instance.active && !is_kept && counts && ++instance.false_row >= kFalseRowToClear) {
            instance.active = false;
        }
    }
    instance.settled =
        condition.timed && !instance.holds && !instance.active && is_settled(index, condition, now);
    const bool pending = (instance.holds && !instance.active) ||
                         (instance.active && (!instance.holds || condition.timed));
    if (pending) {
        pending_.emplace(index, place);
    } else {
        pending_.erase({index, place});
    }
    if (instance.active != was_active || (instance.active && instance.holds)) {
        to_review_.insert(index);
    }
}

std::vector<bool> Detector::Core::readers_of(const Target& target,
                                             const std::vector<std::string_view>& names) const {
    std::vector<bool> marks(conditions_.size());
    const auto mark = [&](std::string_view name) {
        const auto found = readers_.find(name);
        if (found == readers_.end()) return;
        for (const uint32_t condition : found->second) marks[condition] = true;
    };
    for (const std::string_view name : names) {
        mark(name);
        if (!target.prefix.empty()) mark(std::string(target.prefix).append(name));
    }
    return marks;
}

void Detector::Core::evaluate_reading(uint32_t index, const std::vector<std::string_view>& changed,
                                      const std::vector<std::string_view>& seen, Time now) {
    Target& target = targets_[index];
    const std::vector<bool> of_changed = readers_of(target, changed);
    const std::vector<bool> of_seen = readers_of(target, seen);
    for (uint32_t place = 0; place < target.instances.size(); ++place) {
        const Instance& instance = target.instances[place];
        const Condition& condition = conditions_[instance.condition];
        const bool looked_at = instance.active || instance.holds;
        if (!(looked_at ? of_seen : of_changed)[instance.condition]) continue;
        if (condition.asks_history && !looked_at && now - instance.evaluated_at < kHistoryEvery) {
            target.instances[place].settled = false;
            continue;  // its turn comes (evaluate_in_turn)
        }
        evaluate(index, place, Evidence::fresh, now);
    }
}

void Detector::Core::evaluate_in_turn(Time now) {
    const auto due = [this, now](uint32_t index, uint32_t place) {
        const Target& target = targets_[index];
        const Instance& instance = target.instances[place];
        if (instance.settled) return false;
        const Condition& condition = conditions_[instance.condition];
        if (condition.asks_history && now - instance.evaluated_at < kHistoryEvery) return false;
        // The commonest of all: nothing to find while the target is well.
        if (instance.active || condition.reads.size() != 1) return true;
        if (condition.reads.front() == "down_for") return target.down;
        return condition.reads.front() != "degraded_for" || target.degraded_since != Time{};
    };
    const std::vector<std::pair<uint32_t, uint32_t>> pending(pending_.begin(), pending_.end());
    for (const auto& [index, place] : pending) {
        if (due(index, place)) evaluate(index, place, Evidence::none, now);
    }
    const size_t turns = std::min(options_.conditions_per_tick, timed_.size());
    for (size_t i = 0; i < turns; ++i) {
        const auto [index, place] = timed_[next_timed_];
        next_timed_ = (next_timed_ + 1) % timed_.size();
        if (!pending_.contains({index, place}) && due(index, place)) {
            evaluate(index, place, Evidence::none, now);
        }
    }
}

// For people: of what takes longer the milliseconds say nothing.
static std::string shown(const Value& value) {
    const bool is_long = value.type() == Type::duration && std::abs(value.amount()) >= 10;
    return is_long ? Value::seconds(std::trunc(value.amount())).print() : value.print();
}

// "memory_usage > 90% (memory_usage 93%)": the text, and what each name and call in it came to.
std::string Detector::Core::explain(uint32_t index, const Condition& condition, Time now) const {
    const TargetWorld world(*this, index, now, condition.criterion != nullptr);
    std::string text;
    for (const Condition::Part& part : condition.parts) {
        const expr::Explained explained = expr::explain(*part, world);
        if (condition.any && !expr::holds(explained.value)) continue;
        if (!text.empty()) text += condition.any ? " or " : " and ";
        text += part->text();
        const std::vector<std::string> facts = part->facts();
        std::string values;
        for (const expr::Part& piece : explained.parts) {
            const bool is_call = piece.text.ends_with(')') && !piece.text.starts_with('(') &&
                                 piece.value.is_quantity();
            if (piece.depth == 0 || (!is_call && !has(facts, piece.text))) continue;
            if (!values.empty()) values += ", ";
            values += piece.text + " " + shown(piece.value);
        }
        if (!values.empty()) text += " (" + values + ")";
    }
    return text;
}

}  // namespace ops

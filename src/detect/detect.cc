#include "detect/detect.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "detect/core.h"

namespace ops {
namespace {

constexpr std::array<std::pair<Status, std::string_view>, 6> kStatuses{{
    {Status::up, "up"},
    {Status::down, "down"},
    {Status::degraded, "degraded"},
    {Status::unknown, "unknown"},
    {Status::paused, "paused"},
    {Status::maintenance, "maintenance"},
}};

}  // namespace

std::string_view name_of(Status status) {
    for (const auto& [known, name] : kStatuses) {
        if (known == status) return name;
    }
    ASSERT(false);
}

std::optional<Status> parse_status(std::string_view text) {
    for (const auto& [status, name] : kStatuses) {
        if (name == text) return status;
    }
    return std::nullopt;
}

Detector::Detector(const Settings& settings, const Runbook& runbook, const HistorySource* history,
                   Time now, DetectOptions options)
    : core_(std::make_unique<Core>(settings, runbook, history, now, options)) {}
Detector::~Detector() = default;

Changes Detector::observe(const Observation& seen, Time now) { return core_->observe(seen, now); }
void Detector::expect(uint32_t check, int step) const { core_->expect(check, step); }
std::vector<Fact> Detector::follows(const Observation& seen, Time now) const {
    return core_->follows(seen, now);
}
Changes Detector::tick(Time now) { return core_->tick(now); }

Changes Detector::push_facts(std::string_view target, const std::vector<Fact>& facts, Time now) {
    const uint32_t index = core_->find(target);
    return index == kNone ? Changes{} : core_->push_facts(index, facts, now);
}

bool Detector::has_room_for(std::string_view target, const std::vector<Fact>& facts) const {
    const uint32_t index = core_->find(target);
    if (index == kNone) return true;
    const Facts& known = core_->targets_[index].facts;
    const auto added = std::count_if(facts.begin(), facts.end(), [&](const Fact& fact) {
        return known.find(fact.name) == nullptr;
    });
    return added == 0 || known.size() + static_cast<size_t>(added) <= kMostFacts;
}

Changes Detector::push_event(std::string_view target, std::string_view kind, Time now,
                             size_t times) {
    const uint32_t index = target.empty() ? core_->own_machine_ : core_->find(target);
    return index == kNone ? Changes{} : core_->push_event(index, kind, now, times);
}

std::vector<NotedFact> Detector::take_noted(size_t* lost) {
    const size_t lost_now = std::exchange(core_->noted_lost_, 0);
    if (lost != nullptr) *lost = lost_now;
    return std::exchange(core_->noted_, {});
}

void Detector::shift_clock(Duration by) { core_->shift_clock(by); }

void Detector::acting(std::string_view target, Time now) {
    const uint32_t index = core_->find(target);
    if (index != kNone) core_->acting(index, now);
}

Changes Detector::heartbeat(std::string_view target, Time now) {
    const uint32_t index = core_->find(target);
    return index == kNone ? Changes{} : core_->heartbeat(index, now);
}

Changes Detector::hold(std::string_view target, std::optional<Status> status,
                       std::optional<Time> until, Time now) {
    const uint32_t index = core_->find(target);
    return index == kNone ? Changes{} : core_->hold(index, status, until, now);
}

void Detector::closed(std::string_view key, Time now) { core_->closed(key, now); }

TargetState Detector::state(std::string_view target) const {
    const uint32_t index = core_->find(target);
    TargetState state;
    state.target = target;
    return index == kNone ? state : core_->state_of(index);
}

std::vector<TargetState> Detector::states() const {
    std::vector<TargetState> states;
    states.reserve(core_->targets_.size());
    for (uint32_t i = 0; i < core_->targets_.size(); ++i) {
        if (core_->settings_.inventory.has_target(core_->targets_[i].name)) {
            states.push_back(core_->state_of(i));
        }
    }
    return states;
}

Facts Detector::facts(std::string_view target, Time now) const {
    const uint32_t index = core_->find(target);
    return index == kNone ? Facts{} : core_->all_facts(index, now);
}

std::optional<std::pair<Time, Facts>> Detector::when_well(std::string_view target) const {
    const uint32_t index = core_->find(target);
    if (index == kNone || !core_->targets_[index].well) return std::nullopt;
    const Target::Well& well = *core_->targets_[index].well;
    return std::pair(well.at, well.facts);
}

Value Detector::fact(std::string_view target, std::string_view name, Time now) const {
    const uint32_t index = core_->find(target);
    if (index == kNone) return {};
    std::vector<std::unique_ptr<Value>> made;
    const Value* const value = core_->fact(index, name, now, false, made);
    return value == nullptr ? Value() : *value;
}

namespace {

// Of a target nobody knows: nothing was ever seen.
class EmptyWorld final : public expr::World {
public:
    explicit EmptyWorld(Time now) : now_(now) {}
    Time now() const override { return now_; }
    const Value* fact(std::string_view) const override { return nullptr; }
    std::vector<Sample> samples(std::string_view, Time, Time) const override { return {}; }
    std::vector<Time> events(std::string_view, Time, Time) const override { return {}; }

private:
    Time now_;
};

}  // namespace

std::unique_ptr<expr::World> Detector::world(std::string_view target, Time now) const {
    const uint32_t index = core_->find(target);
    if (index == kNone) return std::make_unique<EmptyWorld>(now);
    return std::make_unique<TargetWorld>(*core_, index, now, false);
}

std::optional<Duration> Detector::held(const Entry& entry, std::string_view target,
                                       Time now) const {
    const uint32_t index = core_->find(target);
    if (index == kNone || entry.symptoms.empty()) return std::nullopt;
    for (const Instance& instance : core_->targets_[index].instances) {
        const Condition& condition = core_->conditions_[instance.condition];
        if (condition.entry == nullptr || condition.entry->name != entry.name) continue;
        if (!core_->holds_now(index, condition, now).value_or(false)) return std::nullopt;
        const Duration held = instance.holds ? now - instance.holds_since : Duration{0};
        return held >= condition.hold ? std::optional(held) : std::nullopt;
    }
    // Not among those that are watched (disabled, or changed since): only this moment is known.
    Condition condition;
    condition.entry = &entry;
    condition.any = entry.any;
    for (const expr::Expression& symptom : entry.symptoms) {
        condition.parts.emplace_back(symptom);
        for (auto names : {symptom.facts(), symptom.history_facts(), symptom.events()}) {
            condition.reads.insert(condition.reads.end(), names.begin(), names.end());
        }
    }
    const bool now_true =
        entry.hold == Duration{0} && core_->holds_now(index, condition, now).value_or(false);
    return now_true ? std::optional(Duration{0}) : std::nullopt;
}

std::vector<std::string> Detector::open_keys() const {
    std::vector<std::string> keys;
    for (const auto& [key, open] : core_->open_) {
        if (open.folded.empty()) keys.push_back(key);
    }
    return keys;
}

bool Detector::is_fresh(std::string_view target) const {
    const uint32_t index = core_->find(target);
    return index == kNone || core_->is_fresh(index);
}

void Detector::adopt(const IncidentOpen& known, Time now) { core_->adopt(known, now); }

std::vector<uint32_t> Detector::checks_of(std::string_view target) const {
    std::vector<uint32_t> checks;
    const uint32_t index = core_->find(target);
    if (index == kNone) return checks;
    for (const uint32_t track : core_->targets_[index].tracks) {
        if (core_->tracks_[track].can_recheck) checks.push_back(core_->tracks_[track].check);
    }
    return checks;
}

std::string Detector::suppressed_by(std::string_view target) const {
    const uint32_t index = core_->find(target);
    if (index == kNone) return "";
    const Target& known = core_->targets_[index];
    return known.systemic.empty() ? known.suppressed_by : known.systemic;
}

std::string Detector::save_text(Time now) const { return core_->save_text(now); }

Json Detector::save() const {
    Result<Json> saved = Json::parse(core_->save_text(std::nullopt));
    ASSERT(saved.ok());
    return std::move(saved).value();
}

void Detector::restore(const Json& saved, Time now) { core_->restore(saved, now); }

void Detector::take_over(Detector& before, std::span<const uint32_t> checks, Time now) {
    core_->take_over(*before.core_, checks, now);
}

}  // namespace ops

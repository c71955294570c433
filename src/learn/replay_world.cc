#include "learn/replay_world.h"

#include <algorithm>
#include <array>

#include "model/fact.h"

namespace ops {
namespace {

// As in detect/facts.cc: facts that an event makes true for a while.
struct EventFact {
    std::string_view fact, kind;
    Duration holds;
};
constexpr auto kEventFacts = std::to_array<EventFact>({
    {"security_incident", "security", std::chrono::hours(1)},
    {"security_incident", "security_incident", std::chrono::hours(1)},
    {"new_error_pattern", "new_error_pattern", std::chrono::minutes(10)},
});

bool is_of_one_service(std::string_view kind) {
    constexpr auto kOwn = std::to_array<std::string_view>(
        {"crash", "restart", "new_error_pattern", "security", "security_incident"});
    return std::find(kOwn.begin(), kOwn.end(), kind) != kOwn.end();
}

Time time_of(const Sample& sample) { return sample.at; }
template <class What>
Time time_of(const std::pair<Time, What>& pair) {
    return pair.first;
}

// How many are at or before `now`, when `known` were a moment ago.
template <class List>
size_t count_until(const List& list, size_t known, Time now) {
    constexpr size_t kSteps = 16;
    size_t count = known;
    if (count == 0 || time_of(list[count - 1]) <= now) {
        for (size_t step = 0; step < kSteps; ++step) {
            if (count >= list.size() || time_of(list[count]) > now) return count;
            ++count;
        }
    }
    const auto after = std::upper_bound(list.begin(), list.end(), now,
                                        [](Time at, const auto& one) { return at < time_of(one); });
    return static_cast<size_t>(after - list.begin());
}

Value typed(Type type, double amount) {
    if (type == Type::boolean) {
        if (amount == 0 || amount == 1) return Value::boolean(amount == 1);
        return {};  // a mean of both
    }
    if (type == Type::string || type == Type::list || type == Type::unknown) return {};
    return Value::quantity(type, amount);
}

}  // namespace

RecordedWorld::RecordedWorld(const Recorded& recorded, const Inventory& inventory,
                             std::string_view target)
    : recorded_(recorded),
      inventory_(inventory),
      target_(target),
      service_(inventory.find_service(target)) {
    if (service_ != nullptr) {
        host_ = service_->host;
        group_ = service_->group;
    } else if (inventory.find_host(target) != nullptr || target == recorded.own_machine) {
        host_ = target_;
    } else {
        is_signal_ = true;
    }
    if (!group_.empty()) {
        prefix_ = group_ + "_";
        std::replace_if(
            prefix_.begin(), prefix_.end(), [](char c) { return c == '-' || c == '.'; }, '_');
    }
    const auto statuses = recorded.statuses.find(target);
    if (statuses != recorded.statuses.end()) statuses_ = &statuses->second;
}

void RecordedWorld::move_to(Time now, const Json* facts) {
    now_ = now;
    facts_ = facts;
    made_.clear();
    const auto holds = [now](const Recorded::Span& run) { return run.from <= now && now < run.to; };
    if (run_ != nullptr && holds(*run_)) return;
    const auto run = std::find_if(recorded_.watched.begin(), recorded_.watched.end(), holds);
    run_ = run == recorded_.watched.end() ? nullptr : &*run;
}

const Value* RecordedWorld::keep(Value value) const {
    made_.push_back(std::move(value));
    return &made_.back();
}

std::string_view RecordedWorld::own_name(std::string_view name) const {
    const bool prefixed =
        !prefix_.empty() && name.size() > prefix_.size() && name.starts_with(prefix_);
    return prefixed ? name.substr(prefix_.size()) : name;
}

RecordedWorld::Series RecordedWorld::series_of(const std::string& target,
                                               const std::string& fact) const {
    Series series;
    const auto changes = recorded_.changes.find(std::pair(target, fact));
    if (changes != recorded_.changes.end()) series.changes = &changes->second;
    const auto samples = recorded_.samples.find(std::pair(target, fact));
    if (samples != recorded_.samples.end()) series.samples = &samples->second;
    if (const FactKind* const kind = find_fact_kind(fact)) series.type = kind->type;
    // These the agent knows again after a start (detect/save.cc).
    series.outlives_runs =
        fact == "process_status" || fact == "restarts" || fact == "last_heartbeat";
    return series;
}

RecordedWorld::Named& RecordedWorld::named(std::string_view name) const {
    const auto known = names_.find(std::string(name));
    if (known != names_.end()) return known->second;
    Named made;
    made.own = own_name(name);
    const auto add = [&](const std::string& target) {
        Series series = series_of(target, made.own);
        if (series.changes != nullptr || series.samples != nullptr || target == target_) {
            made.owners.emplace_back(target, std::move(series));
        }
    };
    add(target_);
    const FactKind* const kind = find_fact_kind(made.own);
    if (service_ != nullptr && kind != nullptr && kind->scope == Scope::host && !host_.empty()) {
        add(host_);
    }
    for (const std::string& signal : inventory_.signals) {
        if (signal != target_) add(signal);
    }
    return names_.emplace(std::string(name), std::move(made)).first->second;
}

// The newest of what was noted and what was sampled in this run of the agent; null: not seen yet.
const Value* RecordedWorld::value_of(Series& series) const {
    const Time begin = run_ == nullptr ? Time::max() : run_->from;
    const std::pair<Time, Value>* change = nullptr;
    if (series.changes != nullptr) {
        series.change = count_until(*series.changes, series.change, now_);
        if (series.change > 0) change = &(*series.changes)[series.change - 1];
        if (change != nullptr && change->first < begin && !series.outlives_runs) change = nullptr;
    }
    if (change != nullptr && !change->second.is_quantity()) return &change->second;
    const Sample* sample = nullptr;
    if (series.samples != nullptr) {
        series.sample = count_until(*series.samples, series.sample, now_);
        if (series.sample > 0) sample = &(*series.samples)[series.sample - 1];
        if (sample != nullptr && sample->at < begin) sample = nullptr;
    }
    if (sample == nullptr || (change != nullptr && sample->at < change->first)) {
        return change == nullptr ? nullptr : &change->second;
    }
    const Type type =
        change != nullptr ? change->second.type() : series.type.value_or(Type::number);
    series.value = typed(type, sample->value);
    return series.value.is_unknown() ? nullptr : &series.value;
}

// What the incident noted, with the type that is on record or in the catalogue.
const Value* RecordedWorld::noted(std::string_view own, Named& named) const {
    if (facts_ == nullptr || !facts_->has(std::string(own))) return nullptr;
    const Json& json = (*facts_)[std::string(own)];
    if (json.is_string()) return keep(Value::string(json.as_string()));
    if (json.is_bool()) return keep(Value::boolean(json.as_bool()));
    if (!json.is_number()) return nullptr;
    const Value* const recorded = value_of(named.owners.front().second);
    const FactKind* const kind = find_fact_kind(own);
    Type type = kind != nullptr ? kind->type : Type::number;
    if (recorded != nullptr && recorded->is_quantity()) type = recorded->type();
    return keep(typed(type, json.as_number()));
}

std::string_view RecordedWorld::status() const {
    if (statuses_ == nullptr) return "unknown";
    const size_t count = count_until(*statuses_, 0, now_);
    return count == 0 ? std::string_view("unknown") : (*statuses_)[count - 1].second;
}

// Of what sends heartbeats samples hold its age whenever one came; of all else it is on record
// when the age began to grow.
const Value* RecordedWorld::last_heartbeat(Series& series) const {
    if (service_->heartbeat) {
        if (series.samples == nullptr) return nullptr;
        series.sample = count_until(*series.samples, series.sample, now_);
        if (series.sample == 0) return nullptr;
        const Sample& last = (*series.samples)[series.sample - 1];
        const Duration age{static_cast<int64_t>(last.value * 1000.0)};
        return keep(Value::duration(now_ - last.at + age));
    }
    if (series.changes == nullptr) return nullptr;
    series.change = count_until(*series.changes, series.change, now_);
    if (series.change == 0) return nullptr;
    const auto& [at, value] = (*series.changes)[series.change - 1];
    if (value.type() != Type::duration) return keep(Value::duration(Duration{0}));
    return keep(Value::seconds(value.amount() + static_cast<double>((now_ - at).count()) / 1000.0));
}

const Value* RecordedWorld::derived(std::string_view own, Named& named) const {
    if (own == "service" && service_ != nullptr) return keep(Value::string(target_));
    if (own == "host") {
        const std::string host = service_ == nullptr ? host_ : inventory_.host_of(target_);
        return host.empty() ? nullptr : keep(Value::string(host));
    }
    if (own == "group" && !group_.empty()) return keep(Value::string(group_));
    if (own == "last_heartbeat" && service_ != nullptr) {
        return last_heartbeat(named.owners.front().second);
    }
    if (own != "status" && own != "up" && own != "down_for") return nullptr;
    const std::string_view is = status();
    if (own == "status") return keep(Value::string(std::string(is)));
    // What is held (paused, maintenance) may be up or down: it is not on record.
    if (is == "unknown" || is == "paused" || is == "maintenance") return nullptr;
    if (own == "up") return keep(Value::boolean(is != "down"));
    if (is != "down") return keep(Value::duration(Duration{0}));
    const size_t count = count_until(*statuses_, 0, now_);
    return keep(Value::duration(now_ - (*statuses_)[count - 1].first));
}

const Value* RecordedWorld::fact(std::string_view name) const {
    if (run_ == nullptr) return nullptr;
    Named& asked = named(name);
    if (const Value* const value = noted(asked.own, asked)) return value;
    if (const Value* const value = derived(asked.own, asked)) return value;
    for (auto& [owner, series] : asked.owners) {
        if (const Value* const value = value_of(series)) return value;
    }
    if (is_signal_) return nullptr;
    bool is_event_fact = false;
    for (const EventFact& known : kEventFacts) {
        if (known.fact != asked.own) continue;
        is_event_fact = true;
        if (!events(known.kind, now_ - known.holds, now_).empty()) {
            return keep(Value::boolean(true));
        }
    }
    return is_event_fact ? keep(Value::boolean(false)) : nullptr;
}

std::vector<Sample> RecordedWorld::samples(std::string_view fact, Time from, Time to) const {
    Named& asked = named(fact);
    for (auto& [owner, series] : asked.owners) {
        if (series.samples == nullptr) continue;
        const auto& all = *series.samples;
        const size_t begin = count_until(all, 0, from);
        const size_t end = count_until(all, begin, to);
        return {all.begin() + static_cast<std::ptrdiff_t>(begin),
                all.begin() + static_cast<std::ptrdiff_t>(end)};
    }
    return {};
}

std::vector<Time> RecordedWorld::own_events(const std::string& target, std::string_view kind,
                                            Time from, Time to) const {
    const auto known = recorded_.events.find(std::pair(target, std::string(kind)));
    if (known == recorded_.events.end()) return {};
    const auto& times = known->second;
    return {std::upper_bound(times.begin(), times.end(), from),
            std::upper_bound(times.begin(), times.end(), to)};
}

std::vector<Time> RecordedWorld::events(std::string_view asked, Time from, Time to) const {
    const std::string_view kind = own_name(asked);
    std::vector<Time> times = own_events(target_, kind, from, to);
    if (target_ != recorded_.own_machine && !is_of_one_service(kind)) {
        const std::vector<Time> shared = own_events(recorded_.own_machine, kind, from, to);
        times.insert(times.end(), shared.begin(), shared.end());
        std::sort(times.begin(), times.end());
    }
    return times;
}

bool RecordedWorld::is_on_record(std::string_view name) const {
    const Named& asked = named(name);
    if (asked.own == "service" || asked.own == "host" || asked.own == "group") return true;
    const auto has_begun = [this](const auto* list) {
        return list != nullptr && !list->empty() && time_of(list->front()) <= now_;
    };
    for (const auto& [owner, series] : asked.owners) {
        if (has_begun(series.changes) || has_begun(series.samples)) return true;
    }
    if (is_signal_) return false;
    if (asked.own == "status" || asked.own == "up" || asked.own == "down_for")
        return statuses_ != nullptr;
    return std::any_of(kEventFacts.begin(), kEventFacts.end(),
                       [&](const EventFact& known) { return known.fact == asked.own; });
}

bool RecordedWorld::concerns(const std::vector<std::string>& reads, bool counts_events,
                             const std::set<std::string, std::less<>>& anywhere) const {
    for (const std::string& read : reads) {
        const Named& asked = named(read);
        const Series& own = asked.owners.front().second;
        if (own.changes != nullptr || own.samples != nullptr) return true;
        if (is_signal_ || anywhere.contains(asked.own)) continue;
        const FactKind* const kind = find_fact_kind(asked.own);
        if (kind == nullptr || kind->scope == Scope::signal) continue;
        if (kind->scope != Scope::host || service_ == nullptr) return true;
    }
    return counts_events && !is_signal_;
}

void RecordedWorld::add_moments(std::string_view name, std::vector<Time>& out) const {
    Named& asked = named(name);
    for (const auto& [owner, series] : asked.owners) {
        if (series.changes != nullptr) {
            for (const auto& [at, value] : *series.changes) out.push_back(at);
        }
        if (series.samples == nullptr) continue;
        const Sample* before = nullptr;
        auto run = recorded_.watched.begin();
        for (const Sample& sample : *series.samples) {
            bool is_first = before == nullptr;
            for (; run != recorded_.watched.end() && run->from <= sample.at; ++run) is_first = true;
            if (is_first || before->value != sample.value) out.push_back(sample.at);
            before = &sample;
        }
    }
    if (statuses_ != nullptr && (asked.own == "status" || asked.own == "up")) {
        for (const auto& [at, status] : *statuses_) out.push_back(at);
    }
}

}  // namespace ops

// One target as it was at a moment on record: what the evaluator asks. It answers as the detector
// does of what is happening now (detect/facts.cc). Private to src/learn.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "expr/expr.h"
#include "learn/recorded.h"
#include "model/inventory.h"

namespace ops {

// Asked at rising moments it costs little: each series remembers where it was.
class RecordedWorld final : public expr::World {
public:
    RecordedWorld(const Recorded& recorded, const Inventory& inventory, std::string_view target);

    // `facts`, when given, are those that an incident noted at this very moment.
    void move_to(Time now, const Json* facts = nullptr);
    bool is_watched() const { return run_ != nullptr; }

    Time now() const override { return now_; }
    const Value* fact(std::string_view name) const override;
    std::vector<Sample> samples(std::string_view fact, Time from, Time to) const override;
    std::vector<Time> events(std::string_view kind, Time from, Time to) const override;

    // Is one of the names the target's own? (Detector::Core::is_about) Otherwise a signal's number
    // would be a problem of each service, and a full disk one of all that run on the host. A fact
    // that others have on record and this target has not is nothing of its own; one that is
    // nowhere on record (`anywhere`: names) is whose it may be, so that somebody lacks it.
    bool concerns(const std::vector<std::string>& reads, bool counts_events,
                  const std::set<std::string, std::less<>>& anywhere) const;
    // Whether what the name tells is known here and by now, be it that it has no value: the agent
    // that ran then knew no more.
    bool is_on_record(std::string_view name) const;
    std::string_view status() const;

    // The moments at which what this name tells may have changed: of samples, those that brought
    // another value.
    void add_moments(std::string_view name, std::vector<Time>& out) const;

private:
    struct Series {
        const Recorded::At<Value>* changes = nullptr;
        const std::vector<Sample>* samples = nullptr;
        std::optional<Type> type;  // of the catalogue
        bool outlives_runs = false;
        size_t change = 0, sample = 0;  // how many are at or before the moment of the last question
        Value value;
    };
    struct Named {  // what a name means here
        std::string own;
        std::vector<std::pair<std::string, Series>> owners;  // the target, its host, signals
    };

    Named& named(std::string_view name) const;
    Series series_of(const std::string& target, const std::string& fact) const;
    const Value* value_of(Series& series) const;
    const Value* derived(std::string_view own, Named& named) const;
    const Value* noted(std::string_view own, Named& named) const;
    const Value* last_heartbeat(Series& series) const;
    const Value* keep(Value value) const;
    std::string_view own_name(std::string_view name) const;
    std::vector<Time> own_events(const std::string& target, std::string_view kind, Time from,
                                 Time to) const;

    const Recorded& recorded_;
    const Inventory& inventory_;
    std::string target_;
    const Service* service_;
    std::string host_, group_, prefix_;
    bool is_signal_ = false;
    const Recorded::At<std::string>* statuses_ = nullptr;
    Time now_{};
    const Recorded::Span* run_ = nullptr;  // the run of the agent that `now` is in
    const Json* facts_ = nullptr;
    mutable std::unordered_map<std::string, Named> names_;
    mutable std::deque<Value> made_;  // good until the next move
};

}  // namespace ops

// The twin of World and Names for tests: facts, series and events put in by hand, at a time put in
// by hand.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "expr/expr.h"
#include "model/fact.h"

namespace ops::expr {

class TwinWorld final : public World {
public:
    Time at{};
    Facts facts;  // known now
    std::map<std::string, std::vector<Sample>, std::less<>> history;
    std::map<std::string, std::vector<Time>, std::less<>> happened;

    Time now() const override { return at; }
    const Value* fact(std::string_view name) const override { return facts.find(name); }
    std::vector<Sample> samples(std::string_view name, Time from, Time to) const override {
        std::vector<Sample> found;
        const auto series = history.find(name);
        if (series == history.end()) return found;
        for (const Sample& sample : series->second) {
            if (from < sample.at && sample.at <= to) found.push_back(sample);
        }
        return found;
    }
    std::vector<Time> events(std::string_view kind, Time from, Time to) const override {
        std::vector<Time> found;
        const auto times = happened.find(kind);
        if (times == happened.end()) return found;
        for (const Time time : times->second) {
            if (from < time && time <= to) found.push_back(time);
        }
        return found;
    }
};

// The built-in facts, as they are and as `worker_...`, and what it was told of.
class TwinNames final : public Names {
public:
    std::map<std::string, Type, std::less<>> types;
    std::vector<std::string> kinds{"crash", "deploy"};  // of events

    std::optional<Type> fact(std::string_view name) const override {
        if (const auto told = types.find(name); told != types.end()) return told->second;
        if (const FactKind* kind = find_fact_kind(name)) return kind->type;
        constexpr std::string_view kGroup = "worker_";
        if (!name.starts_with(kGroup)) return std::nullopt;
        const FactKind* kind = find_fact_kind(name.substr(kGroup.size()));
        if (kind == nullptr) return std::nullopt;
        return kind->type;
    }
    bool event(std::string_view name) const override {
        return std::find(kinds.begin(), kinds.end(), name) != kinds.end();
    }
    std::vector<std::string> all() const override {
        std::vector<std::string> names = kinds;
        for (const auto& [name, type] : types) names.push_back(name);
        for (const FactKind& kind : fact_kinds()) names.emplace_back(kind.name);
        return names;
    }
};

}  // namespace ops::expr

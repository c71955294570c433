// A fact: one named thing known of one target (a service, a host or a signal) at one moment.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/prefetch.h"
#include "model/value.h"

namespace ops {

struct Fact {
    std::string name;
    Value value;
};

// Facts of one target, newest value of each name, sorted by name: small, and cheap to look up.
class Facts {
public:
    const Value* find(std::string_view name) const;  // null when never seen
    void set(std::string_view name, Value value);
    void erase(std::string_view name);
    std::vector<Fact> all() const;
    size_t size() const { return facts_.size(); }
    void expect() const { prefetch(facts_.data(), facts_.size()); }  // they are looked up soon
    Json to_plain_json() const;                                      // {"http_status": 200, ...}
    // The same for an event, whose size is bounded: what does not fit into 256 KiB is left out, and
    // of that first what is not in the catalogue.
    Json to_event_json() const;

private:
    // Ten thousand targets know the same few names: those of the catalogue stand there once.
    struct Known {
        std::shared_ptr<const std::string> name;
        Value value;
    };
    std::vector<Known>::const_iterator place_of(std::string_view name) const;
    bool is_at(std::vector<Known>::const_iterator place, std::string_view name) const;

    std::vector<Known> facts_;
};

// The catalogue of built-in facts: what the language, lint and the manual know (product.md 4.5).
enum class Scope { service, host, both, signal };  // both: services and hosts
struct FactKind {
    std::string_view name;
    Type type;
    Scope scope;
    std::string_view help;
};
const std::vector<FactKind>& fact_kinds();
const FactKind* find_fact_kind(std::string_view name);  // null when not a built-in one

}  // namespace ops

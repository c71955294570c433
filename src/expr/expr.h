// The symptom language (docs/language.md): text in, a checked expression out, a value for it
// whenever asked. Pure: no clock, no IO; what is known comes in through a World.
//
//     const Parsed parsed = parse_condition("memory_usage > 90%", names);
//     if (parsed.expression && holds(evaluate(*parsed.expression, world))) ...
//
// Promises:
//   - parse() finds every mixing of units, every unknown name and every wrong regular expression
//     that can be found without running, each with its place in the text; an expression without
//     problems never fails.
//   - evaluate() always gives a value. What cannot be known is unknown, in Kleene's logic of three
//     values: `false and unknown` is false, `true and unknown` is unknown. NaN and infinity never
//     come out.
//   - Nothing is allocated while scalars are compared; functions over history allocate what World
//     gives them.
// Limits: text 4 KiB, nesting 64, lists 256 items, windows two years.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/value.h"
#include "series/series.h"

namespace ops::expr {

inline constexpr size_t kMaxText = 4096;
inline constexpr int kMaxNesting = 64;
inline constexpr size_t kMaxListItems = 256;
inline constexpr Duration kMaxWindow = std::chrono::hours(2 * 366 * 24);

struct Problem {
    size_t offset;  // in the expression text, from 0, in bytes
    size_t length;  // of what is wrong; 0: something is missing here
    std::string message;
    bool operator==(const Problem&) const = default;
};

// What names mean, for the type checker: the facts of this kind of target, events, signals.
class Names {
public:
    virtual ~Names() = default;
    // Type::unknown: the fact exists, its type is not known until run time. Nothing: no such fact.
    virtual std::optional<Type> fact(std::string_view name) const = 0;
    virtual bool event(std::string_view name) const = 0;  // for count() and age()
    virtual std::vector<std::string> all() const = 0;     // facts and events, for did-you-mean
    // The only texts a string fact can have, empty when it can have any. Unless overridden: those
    // of `status`, `process_status` and the group's own spelling of the latter,
    // `worker_process_status`.
    virtual std::vector<std::string> values(std::string_view name) const;
};

// What is known now, for the evaluator. Pointers must stay good until evaluate() returns.
class World {
public:
    virtual ~World() = default;
    virtual Time now() const = 0;
    virtual const Value* fact(std::string_view name) const = 0;  // null: never seen
    // History in (from, to], oldest first, in the fact's own unit (series::sample_value).
    virtual std::vector<Sample> samples(std::string_view fact, Time from, Time to) const = 0;
    // Times of events in (from, to], oldest first. For age() `from` is Time{} and only the newest
    // counts.
    virtual std::vector<Time> events(std::string_view kind, Time from, Time to) const = 0;
};

struct Tree;  // src/expr/tree.h

// Parsed and checked, immutable. A copy shares the tree, so it is cheap and keeps it alive.
class Expression {
public:
    explicit Expression(std::shared_ptr<const Tree> tree) : tree_(std::move(tree)) {}

    const std::string& text() const;  // as it was written
    Type type() const;                // Type::unknown when only run time can tell
    // In one canonical spelling with all parentheses that matter; parses to the same tree.
    std::string print() const;
    std::vector<std::string> facts() const;  // names whose value now it reads, sorted, once each
    std::vector<std::string> history_facts() const;  // names read through windows
    std::vector<std::string> events() const;         // kinds of events counted or aged
    // How far back samples() and, for count(), events() are asked: keep that much history.
    // Zero when there is none to keep.
    Duration longest_window() const;
    bool ages_events() const;  // age() is among them: it grows without end, a window does not
    const Tree& tree() const { return *tree_; }

private:
    std::shared_ptr<const Tree> tree_;
};

struct Parsed {
    std::optional<Expression> expression;  // only when there are no problems
    std::vector<Problem> problems;         // in the order of their offsets
};
Parsed parse(std::string_view text, const Names& names);
// As parse(), and the whole must be true or false: for symptoms, criteria, verify and alert_if. A
// fact whose type only run time knows may stand alone; when it turns out not to be a boolean, that
// is unknown.
Parsed parse_condition(std::string_view text, const Names& names);

Value evaluate(const Expression& expression, const World& world);
// Is it known to be true? Unknown does not match.
bool holds(const Value& value);

// One sub-expression, as it stands in the text, with what it comes to.
struct Part {
    std::string text;
    Value value;
    std::string why_unknown;  // of an unknown value: "never seen", "1 of 3 minutes seen"
    int depth;                // 0 is the whole expression
    size_t offset;
};
struct Explained {
    Value value;
    std::vector<Part> parts;           // each before the parts it is made of; no constants
    std::vector<std::string> missing;  // facts that were never seen, sorted, once each
};
Explained explain(const Expression& expression, const World& world);

}  // namespace ops::expr

// Novelty: when a log says an error that it never said before (`new_error_pattern`).
//
//  - What is normal for a log is learned in its first days (settings.learning): nothing is told.
//    Three days have seen three times what comes every day: backups, rotations, the hours when
//    nobody is there. What comes once a week is told once.
//  - After that a template of an error that was never seen is told. Never twice: what was told, and
//    what was seen while learning, is remembered beyond the templates themselves and over restarts.
//  - What is new comes in bursts (a deploy). New patterns are gathered for a while and told as one
//    notice that counts them, and notices keep a distance; what comes in between waits for the
//    next.
//
// Pure: the time comes in. Lines are redacted before they are learned. Bounded by Templates and
// kMostKnown; beyond that the errors known longest are forgotten. To hold "never twice" over a
// crash, save the state after due() and before telling anybody. What is known (to_json) is small
// and decides what is told; the templates are large, only spare it the work of finding them again,
// and may be saved seldom and apart.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "patterns/header.h"
#include "patterns/templates.h"

namespace ops {

struct NoveltySettings {
    Duration learning = std::chrono::hours{72};
    Duration gather = std::chrono::seconds{60};
    Duration at_most_every = std::chrono::hours{1};
    size_t most_templates = 4000;
};

struct NewErrors {
    static constexpr size_t kMostExamples = 5;

    Time first{};
    size_t patterns = 0;
    size_t lines = 0;                   // that were of them until now
    std::vector<std::string> examples;  // their templates, at most kMostExamples
    std::vector<std::string> said;      // and a line of each, as a person may see it

    Json to_json() const;
    // Any JSON is either one or refused.
    static Result<NewErrors> from_json(const Json& json);
};

// Whether a line is an error: by its level, or, where it has none, by its words ("failed",
// "exception", "panic", but not "0 errors").
bool is_error(const LogLine& line);

class Novelty {
public:
    static constexpr size_t kMostKnown = 10000;

    explicit Novelty(NoveltySettings settings = {});

    // Who says that a line is an error: the line, as is_error() sees it, or the caller, who knows.
    enum class Error { as_it_says, certainly };
    // Learning begins, if it did not yet: a log that is silent is normal, too.
    void begin(Time at);
    // Returns the id of the line's template; 0 when it says nothing.
    uint64_t observe(std::string_view line, Time at, Error error = Error::as_it_says);

    // What is to be told now, once.
    std::optional<NewErrors> due(Time at);

    bool is_learning(Time at) const;
    const Templates& templates() const { return templates_; }

    // Of `known` alone: without the templates.
    enum class Part { known, all };
    Json to_json(Part part = Part::all) const;
    // Any JSON is either a state or refused. One without templates begins with none.
    static Result<Novelty> from_json(const Json& json, NoveltySettings settings = {});
    void set_templates(Templates templates) { templates_ = std::move(templates); }
    void set_settings(NoveltySettings settings) { settings_ = settings; }
    // Grows with each change of what to_json(Part::known) holds.
    uint64_t changes() const { return changes_; }
    // Grows when a template comes or goes; counts of lines alone do not count.
    uint64_t shapes() const { return shapes_; }

private:
    bool remember(uint64_t pattern);  // false: known already

    NoveltySettings settings_;
    Templates templates_;
    std::optional<Time> since_;    // the first line
    std::optional<Time> told_at_;  // the last notice
    NewErrors pending_;
    std::unordered_set<uint64_t> pending_ids_;  // their templates, to count lines; not saved
    uint64_t changes_ = 0, shapes_ = 0;
    std::deque<uint64_t> known_in_order_;
    std::unordered_set<uint64_t> known_;
};

}  // namespace ops

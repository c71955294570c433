// Templates: which lines of a log say the same thing, found while they come.
//
// Of the family of Drain (He, Zhu, Zheng, Lyu: "Drain: An online log parsing approach with fixed
// depth tree", ICWS 2017): lines are masked (masks.h), led by their number of tokens and their
// first word to few candidates, and compared token by token. What differs from Drain:
//
//  - Lines whose keys are alike are one template, found by one look into a hash table. A token that
//    could be a value therefore never splits a template, and needs no threshold.
//  - A plain word is believed to be constant. Where lines differ in plain words at the same few
//    places, these places become values once kVariants words have been seen there: "started" and
//    "stopped" stay two templates, a fourth name of a person makes one of four. The templates that
//    this joins keep their ids as aliases.
//
// Deterministic: the same lines in the same order give the same templates with the same ids.
// Bounded: at most `most_templates` of together kMostTemplateBytes; beyond, the eighth of them that
// was seen longest ago is forgotten. A line costs time linear in its length, and a new template at
// most kMostCompared comparisons more.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "patterns/masks.h"

namespace ops {

// How many different words at the same place of otherwise equal lines make it a value.
constexpr size_t kVariants = 5;
// Of the templates a new one is compared with, the newest.
constexpr size_t kMostCompared = 256;
constexpr size_t kMostTemplateBytes = size_t{8} * 1024 * 1024;

struct Template {
    uint64_t id = 0;  // from 1, never used twice
    uint64_t count = 0;
    uint64_t last_seen = 0;  // in lines
    std::vector<MaskedToken> tokens;

    // "Failed password for <*> from <ip> port <num> ssh2"
    std::string text() const;
};

class Templates {
public:
    explicit Templates(size_t most_templates = 4000) : most_(most_templates) {}

    struct Learned {
        uint64_t id = 0;
        bool is_new = false;  // not when the line was the last that made others join
    };
    // Takes the content of a line (without time and host: header.h). What is learned is saved and
    // shown: let redact_secrets see the line first.
    Learned learn(std::string_view content);
    // The template that the line is of, or null; learns nothing.
    const Template* find(std::string_view content) const;
    // By id, also by that of one that was joined to another since; null when forgotten.
    const Template* by_id(uint64_t id) const;

    size_t size() const { return templates_.size(); }
    uint64_t lines() const { return lines_; }
    uint64_t forgotten() const { return forgotten_; }
    // In the order of their ids.
    std::vector<const Template*> all() const;

    // Compact JSON with a version; docs/patterns.md describes it.
    Json to_json() const;
    std::string save() const { return to_json().dump(); }
    // Any bytes are either a state or refused.
    // A state with more templates than fit forgets the oldest.
    static Result<Templates> from_json(const Json& json, size_t most_templates = 4000);
    static Result<Templates> restore(std::string_view saved, size_t most_templates = 4000);

private:
    using Group = std::vector<uint64_t>;  // ids of templates that a line could be of

    uint64_t find_id(const std::vector<MaskedToken>& tokens) const;
    uint64_t find_general(const std::vector<MaskedToken>& tokens, const std::string& group) const;
    uint64_t add(std::vector<MaskedToken> tokens);
    void index(const Template& made);
    void unindex(const Template& gone);
    uint64_t join_variants(uint64_t id);
    void join(const Group& ids, const std::vector<size_t>& places);
    // Returns by how many bytes the text grew.
    static size_t absorb(Template& into, const std::vector<MaskedToken>& tokens);
    void forget_oldest();

    size_t most_;
    uint64_t lines_ = 0;
    uint64_t next_id_ = 1;
    uint64_t forgotten_ = 0;
    size_t bytes_ = 0;  // of the tokens; differences wrap, the sum does not
    std::map<uint64_t, Template> templates_;
    std::unordered_map<std::string, uint64_t> by_key_;
    std::unordered_map<std::string, Group> groups_;   // by number of tokens and first word
    std::unordered_map<std::string, Group> general_;  // those with a plain word made a value
    std::map<uint64_t, uint64_t> aliases_;
};

}  // namespace ops

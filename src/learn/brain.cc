#include "learn/brain.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

#include "base/counted.h"
#include "base/shell_words.h"
#include "base/text.h"
#include "learn/signature.h"
#include "learn/terms.h"

namespace ops {
namespace {

// What comes to the words, whose share is at most kWords. What was unusual counts most after them:
// it is what a fault looks like on any target. Where it was counts less, and falls with distance.
constexpr double kWords = 3;
constexpr double kSignature = 2;
constexpr double kTarget = 1;
constexpr double kGroup = 0.8;
constexpr double kRule = 0.7;
constexpr double kHost = 0.3;
constexpr double kTemplates = 1;
// How it ended is no likeness, but of two that are alike the one that helped is of more use.
constexpr double kVerified = 0.4;
constexpr double kHuman = 0.3;
constexpr double kFailed = -0.2;
constexpr double kOutside = 0.8;   // times: another Brain knows other machines
constexpr double kDemoted = 0.25;  // times

// Told unasked only from here on: as much as the same rule on the same target with a verified end,
// or all the symptoms alike.
constexpr double kAlike = 1.9;

constexpr size_t kMostWhy = 6;

double idf(uint64_t memories, uint64_t with_term) {
    const auto all = static_cast<double>(memories), some = static_cast<double>(with_term);
    return std::log(1 + (std::max(0.0, all - some) + 0.5) / (some + 0.5));
}

struct AskedTerm {
    double idf = 0;
    double times = 0;  // that it is asked for
};

// 0 to 1: BM25 as a share of what a memory could have at most.
double share_of_words(const std::map<std::string, AskedTerm>& asked, double mean_length,
                      const MemoryTerms& terms, const WordWeights& words) {
    std::map<std::string_view, double> weights;
    for (const std::string& term : terms.title) weights[term] += words.title;
    for (const std::string& term : terms.text) weights[term] += 1;
    const auto length = static_cast<double>(terms.title.size() + terms.text.size());
    const double norm = words.k1 * (1 - words.b + words.b * length / std::max(1.0, mean_length));
    double sum = 0, most = 0;
    for (const auto& [term, about] : asked) {
        most += about.idf * about.times * (words.k1 + 1);
        const auto found = weights.find(term);
        if (found == weights.end()) continue;
        sum += about.idf * about.times * found->second * (words.k1 + 1) / (found->second + norm);
    }
    return most > 0 ? sum / most : 0;
}

std::string in_common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    std::vector<std::string> both;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    return join(both, ", ");
}

bool same(const std::string& a, const std::string& b) { return !a.empty() && a == b; }

void add_structure(const Likeness& question, Recalled& recalled) {
    const Memory& memory = recalled.memory;
    const auto add = [&](double weight, std::string why) {
        recalled.score += weight;
        recalled.why.push_back(std::move(why));
    };
    if (same(memory.target, question.target)) {
        add(kTarget, "same service");
    } else if (same(memory.group, question.group)) {
        add(kGroup, "same group");
    }
    if (same(memory.host, question.host)) add(kHost, "same host");
    if (same(memory.rule, question.rule)) add(kRule, "same kind: " + memory.rule);
    if (const double part = overlap(memory.signature, question.signature); part > 0) {
        add(kSignature * part, "same symptoms: " + in_common(memory.signature, question.signature));
    }
    if (const double part = overlap_of_signs(memory.templates, question.templates); part > 0) {
        add(kTemplates * part, "same log lines");
    }
}

// Only of what is alike at all.
void add_outcome(Recalled& recalled) {
    if (recalled.score <= 0) return;
    const Memory& memory = recalled.memory;
    switch (memory.outcome) {
        case MemoryOutcome::verified:
            recalled.score += kVerified;
            recalled.why.emplace_back("what was done was verified");
            break;
        case MemoryOutcome::human:
            recalled.score += kHuman;
            recalled.why.emplace_back("a person repaired it");
            break;
        case MemoryOutcome::failed:
            recalled.score += kFailed;
            recalled.why.emplace_back("what was done did not help");
            break;
        case MemoryOutcome::none:
        case MemoryOutcome::self: break;
    }
    if (memory.provenance == Provenance::outside) {
        recalled.score *= kOutside;
        recalled.why.emplace_back("from an outside Brain");
    }
    if (is_demoted(memory)) {
        recalled.score *= kDemoted;
        recalled.why.push_back("contradicted " + counted(memory.contradicted, "time"));
    }
}

// Of ssh without the options that we put there: docs/runbook.md has the operator write it so.
std::string as_read(const std::vector<std::string>& argv) {
    std::vector<std::string> words;
    for (const std::string& word : argv) words.push_back(quote_for_shell(word));
    const auto operands = std::find(argv.begin(), argv.end(), "--");
    const auto behind = argv.end() - operands;
    const bool is_ssh = !argv.empty() && (argv[0] == "ssh" || argv[0].ends_with("/ssh"));
    if (!is_ssh || behind < 3) return join(words, " ");
    const std::vector<std::string> there(operands + 2, argv.end());
    return "ssh " + *(operands + 1) + " " + single_quoted(join(there, " "));
}

std::string sentence_of(const Story& story) {
    const Incident& incident = story.incident;
    std::string text = incident.target;
    if (!story.group.empty()) text += " of " + story.group;
    if (!incident.host.empty() && incident.host != incident.target) text += " on " + incident.host;
    text += ": " + incident.rule;
    if (!story.signature.empty()) text += ": " + join(story.signature, ", ");
    return text + ".\n";
}

}  // namespace

bool is_demoted(const Memory& memory) {
    return memory.contradicted > 0 && memory.contradicted >= 2 * memory.confirmed;
}

bool is_alike(const Recalled& recalled) { return recalled.score >= kAlike; }

std::optional<Memory> memory_of(const Story& story) {
    const Incident& incident = story.incident;
    const bool verified = incident.resolved_by == "auto";
    const bool human = incident.resolved_by == "human" && !trim(story.note).empty();
    if (!verified && !human) return std::nullopt;
    Memory memory;
    memory.id = replace_all(incident.id, "inc-", "mem-");
    memory.title = clip_end(incident.title, 400);
    memory.provenance = human ? Provenance::person : Provenance::checks;
    memory.incident = incident.id;
    memory.target = incident.target;
    memory.group = story.group;
    memory.host = incident.host;
    memory.rule = incident.rule;
    memory.signature = story.signature;
    memory.templates = story.templates;
    memory.cause = incident.cause;
    memory.outcome = human ? MemoryOutcome::human : MemoryOutcome::verified;
    memory.at = story.now;
    if (story.life > Duration{}) memory.expires_at = add_saturating(story.now, story.life);
    memory.text = sentence_of(story);
    if (!incident.cause.empty()) memory.text += "Cause: " + incident.cause + ".\n";
    if (verified) {
        memory.entry = incident.entry;
        for (const Action& action : story.actions) {
            if (action.state == "verified" && !action.undo && !action.argv.empty())
                memory.commands.push_back(as_read(action.argv));
        }
        memory.text += "Repaired by '" + incident.entry + "', verified.\n";
        for (const std::string& command : memory.commands) memory.text += "  " + command + "\n";
    } else {
        memory.note = story.note;
        memory.text += "Repaired by a person: " + story.note + "\n";
    }
    if (!story.foreign.empty()) {
        memory.provenance = Provenance::untrusted;
        memory.text += "Seen: " + story.foreign + "\n";
    }
    memory.text = clip_middle(memory.text, kMostMemoryText - 64);
    return memory;
}

StoredMemory with_terms(Memory memory) {
    std::string text = memory.text;
    // What the text does not say already.
    for (const std::string& one : memory.templates) text.append("\n").append(words_of_sign(one));
    StoredMemory stored;
    stored.terms.title = terms_of(memory.title);
    stored.terms.text = terms_of(text);
    stored.memory = std::move(memory);
    return stored;
}

std::vector<Recalled> rank(const Likeness& question, const std::vector<StoredMemory>& candidates,
                           const TermStatistics& statistics,
                           const std::vector<std::string>& asked_terms, size_t limit,
                           const WordWeights& words) {
    std::map<std::string, AskedTerm> asked;
    for (size_t i = 0; i < asked_terms.size() && i < statistics.memories_of.size(); ++i) {
        AskedTerm& about = asked[asked_terms[i]];
        about.idf = idf(statistics.memories, statistics.memories_of[i]);
        about.times += 1;
    }
    std::vector<Recalled> ranked;
    for (const StoredMemory& candidate : candidates) {
        if (candidate.memory.expires_at && *candidate.memory.expires_at <= question.now) continue;
        Recalled recalled{candidate.memory, 0, {}};
        const double share = share_of_words(asked, statistics.mean_length, candidate.terms, words);
        recalled.score = kWords * share;
        if (share > 0) recalled.why.emplace_back("alike in words");
        add_structure(question, recalled);
        add_outcome(recalled);
        if (recalled.score <= 0) continue;
        if (recalled.why.size() > kMostWhy) recalled.why.resize(kMostWhy);
        ranked.push_back(std::move(recalled));
    }
    std::sort(ranked.begin(), ranked.end(), [](const Recalled& a, const Recalled& b) {
        if (a.score != b.score) return a.score > b.score;
        if (a.memory.at != b.memory.at) return a.memory.at > b.memory.at;
        return a.memory.id < b.memory.id;
    });
    if (ranked.size() > limit) ranked.resize(limit);
    return ranked;
}

Result<std::vector<Recalled>> recall(Memories& memories, const Likeness& question, size_t limit) {
    const std::vector<std::string> terms =
        terms_of(question.text + "\n" + join(question.signature, " "));
    const auto candidates = TRY(memories.candidates({.terms = terms,
                                                     .target = question.target,
                                                     .group = question.group,
                                                     .rule = question.rule,
                                                     .limit = std::max<size_t>(64, 2 * limit)}));
    if (candidates.empty()) return std::vector<Recalled>();
    return rank(question, candidates, TRY(memories.statistics(terms)), terms, limit);
}

Result<Memory> read_added(const Json& json, std::string id, Time now) {
    Memory memory = TRY(read_memory(json));
    memory.title = trim(printable(memory.title, Lines::flatten));
    memory.text = printable(memory.text, Lines::keep);
    memory.note = printable(memory.note, Lines::keep);
    if (memory.title.empty()) return Error{Fault::invalid, "'title' is missing"};
    if (memory.title.size() > 512) return Error{Fault::invalid, "'title' is over 512 bytes"};
    if (memory.text.size() > kMostMemoryText) {
        return Error{Fault::invalid, "'text' is over 16 KiB"};
    }
    if (memory.id.empty()) memory.id = std::move(id);
    if (!is_safe_word(memory.id) || memory.id.size() > 128) {
        return Error{Fault::invalid, "'id' is made of letters, digits, '.', '_' and '-'"};
    }
    if (memory.at == Time{}) memory.at = now;
    std::sort(memory.signature.begin(), memory.signature.end());
    std::sort(memory.templates.begin(), memory.templates.end());
    return memory;
}

}  // namespace ops

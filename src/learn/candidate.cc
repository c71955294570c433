#include "learn/candidate.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "base/units.h"
#include "learn/learned_file.h"
#include "learn/signature.h"
#include "runbook/builtin.h"

namespace ops {
namespace {

constexpr double kAlike = 0.5;        // share of what was unusual
constexpr size_t kMostSymptoms = 3;   // beside who it is about: the clearest
constexpr size_t kLeastSamples = 5;   // of good times, before they say what is normal
constexpr double kLeastMargin = 0.1;  // of the good values, between them and the bad ones

Error denied(std::string why) { return {Fault::denied, std::move(why)}; }

// Who it is, and what only counts time or repeats the rule.
bool says_nothing(std::string_view fact) {
    static constexpr auto kIdle = std::to_array<std::string_view>(
        {"service", "host", "group", "status", "up", "down_for", "degraded_for", "uptime",
         "last_heartbeat", "restarts", "crash", "clock_skew", "tls_expires_in"});
    return std::find(kIdle.begin(), kIdle.end(), fact) != kIdle.end();
}
// Numbers that are names: between 200 and 500 lies nothing.
bool is_code(std::string_view fact) { return fact == "http_status" || fact == "exit_code"; }

class EpisodeWorld final : public expr::World {
public:
    explicit EpisodeWorld(const Episode& episode)
        : episode_(episode),
          service_(Value::string(episode.host == episode.target ? "" : episode.target)),
          host_(Value::string(episode.host)),
          group_(Value::string(episode.group)) {}
    Time now() const override { return episode_.opened_at; }
    const Value* fact(std::string_view name) const override {
        if (name == "service") return &service_;
        if (name == "host") return &host_;
        if (name == "group") return &group_;
        return episode_.facts.find(name);
    }
    std::vector<Sample> samples(std::string_view, Time, Time) const override { return {}; }
    std::vector<Time> events(std::string_view, Time, Time) const override { return {}; }

private:
    const Episode& episode_;
    Value service_, host_, group_;
};

struct Symptom {
    std::string text;
    double clearness = 0;  // how far the bad values lie from the good ones
    Type type = Type::unknown;
};

// A number that people would write, between the two.
double between(double low, double high) {
    const double middle = (low + high) / 2;
    for (const int digits : {1, 2, 3, 4}) {
        const double scale =
            std::pow(10.0, digits - 1 - std::floor(std::log10(std::max(std::abs(middle), 1e-9))));
        const double rounded = std::round(middle * scale) / scale;
        if (rounded > low && rounded < high) return rounded;
    }
    return middle;
}

std::optional<Symptom> of_quantity(const std::string& fact, std::span<const Episode> pattern,
                                   const Healthy& healthy) {
    double least = 0, most = 0;
    Type type = Type::number;
    for (size_t i = 0; i < pattern.size(); ++i) {
        const Value& value = *pattern[i].facts.find(fact);
        type = value.type();
        least = i == 0 ? value.amount() : std::min(least, value.amount());
        most = i == 0 ? value.amount() : std::max(most, value.amount());
    }
    if (healthy.samples < kLeastSamples) return std::nullopt;
    const double good = std::max({std::abs(healthy.least), std::abs(healthy.most), 1e-9});
    const double above = least - healthy.most, below = healthy.least - most;
    if (std::max(above, below) < kLeastMargin * good || std::max(above, below) <= 0) {
        return std::nullopt;
    }
    const double clearness = std::max(above, below) / good;
    if (is_code(fact) && least == most) {
        return Symptom{fact + " == " + Value::quantity(type, least).print(), clearness, type};
    }
    const bool is_above = above > 0;
    const double limit = is_above ? between(healthy.most, least) : between(most, healthy.least);
    return Symptom{fact + (is_above ? " > " : " < ") + Value::quantity(type, limit).print(),
                   clearness};
}

std::optional<Symptom> of_text(const std::string& fact, std::span<const Episode> pattern,
                               const Healthy& healthy) {
    const Value& value = *pattern.front().facts.find(fact);
    const bool is_word = value.type() == Type::boolean ||
                         (value.type() == Type::string && is_safe_word(value.text()));
    if (!is_word || healthy.texts.empty() || healthy.texts.contains(value.print())) {
        return std::nullopt;
    }
    for (const Episode& episode : pattern) {
        if (!(*episode.facts.find(fact) == value)) return std::nullopt;
    }
    return Symptom{fact + " == " + value.print(), 1e6};  // it never was so in good times
}

std::vector<Symptom> symptoms_of(std::span<const Episode> pattern, const HealthyFacts& healthy) {
    std::vector<Symptom> symptoms;
    for (const Fact& fact : pattern.front().facts.all()) {
        const auto good = healthy.find(fact.name);
        if (says_nothing(fact.name) || good == healthy.end()) continue;
        const bool is_quantity = fact.value.is_quantity();
        const bool in_all =
            std::all_of(pattern.begin(), pattern.end(), [&](const Episode& episode) {
                const Value* const value = episode.facts.find(fact.name);
                return value != nullptr && value->type() == fact.value.type();
            });
        if (!in_all) continue;
        auto symptom = is_quantity ? of_quantity(fact.name, pattern, good->second)
                                   : of_text(fact.name, pattern, good->second);
        if (!symptom) continue;
        symptom->type = fact.value.type();
        symptoms.push_back(*std::move(symptom));
    }
    // Bytes beside a share of them say the same thing twice.
    const auto is_share = [](const Symptom& one) { return one.type == Type::percentage; };
    if (std::any_of(symptoms.begin(), symptoms.end(), is_share)) {
        std::erase_if(symptoms, [](const Symptom& one) { return one.type == Type::size; });
    }
    std::stable_sort(symptoms.begin(), symptoms.end(),
                     [](const Symptom& a, const Symptom& b) { return a.clearness > b.clearness; });
    if (symptoms.size() > kMostSymptoms) symptoms.resize(kMostSymptoms);
    return symptoms;
}

// Those that were seen, and no others; the group's name only when all of it was.
std::string selector_of(std::span<const Episode> pattern, const Inventory& inventory) {
    std::set<std::string> seen;
    for (const Episode& episode : pattern) seen.insert(episode.target);
    const std::string& first = *seen.begin();
    if (seen.size() == 1) {
        const bool is_host =
            inventory.find_service(first) == nullptr && inventory.find_host(first) != nullptr;
        return (is_host ? "host == " : "service == ") + Value::string(first).print();
    }
    const std::string& group = pattern.front().group;
    const auto& all = inventory.services;
    const auto members = std::count_if(
        all.begin(), all.end(), [&](const Service& service) { return service.group == group; });
    if (static_cast<size_t>(members) == seen.size()) {
        return "group == " + Value::string(group).print();
    }
    std::vector<Value> names;
    for (const std::string& name : seen) names.push_back(Value::string(name));
    return "service in " + Value::list(std::move(names)).print();
}

using StepName = std::pair<std::string, int>;
std::vector<StepName> steps_of(const Episode& episode) {
    std::vector<StepName> steps;
    for (const KnownDeed& deed : episode.deeds) steps.emplace_back(deed.entry, deed.step);
    return steps;
}

bool is_written_plainly(const Step& step) {
    if (step.kind == Step::Kind::http) return false;
    return step.kind != Step::Kind::verify ||
           (step.verification.kind != Verification::Kind::command &&
            step.text == step.verification.text);
}

// What was done, and what its entry waits for and verifies after it.
Result<> add_steps(const Episode& example, const Runbook& own, const Inventory& inventory,
                   bool of_one_target, LearnedBlock& block) {
    constexpr const char* kIndent = "      ";
    std::set<std::string> lenders;
    for (const auto& [name, index] : steps_of(example)) {
        const auto entry = find_entry(own, inventory, name, example.target);
        if (!entry || index >= static_cast<int>(entry->steps.size())) {
            return denied("the entry '" + name + "' has its step no more");
        }
        Step first = entry->steps[static_cast<size_t>(index)];
        const bool is_builtin = name == kBuiltinRestart;
        if (is_builtin && !of_one_target) first.service.clear();  // each member its own
        block.steps.push_back(step_yaml(first, kIndent));
        for (size_t i = static_cast<size_t>(index) + 1; i < entry->steps.size(); ++i) {
            const Step& next = entry->steps[i];
            if (next.has_effect()) break;
            const bool of_repair = next.kind == Step::Kind::wait || next.kind == Step::Kind::verify;
            if (!of_repair || !is_written_plainly(next) || (is_builtin && !of_one_target)) continue;
            block.steps.push_back(step_yaml(next, kIndent));
        }
        const bool is_first = lenders.insert(name).second;
        for (const CommandText& undo : is_first ? entry->undo : std::vector<CommandText>()) {
            if (undo.shell) return denied("the undo of '" + name + "' needs a shell");
            block.undo.push_back(undo.text);
        }
        block.risk = std::max(block.risk, entry->risk);
    }
    return {};
}

std::vector<std::string> comments_of(std::span<const Episode> pattern,
                                     const std::vector<std::string>& incidents) {
    std::vector<std::string> commands, lenders;
    for (const KnownDeed& deed : pattern.back().deeds) {
        commands.push_back(deed.command);
        lenders.push_back("'" + deed.entry + "'");
    }
    return {"from " + join(incidents, ", "), "each time repaired by: " + join(commands, "; "),
            "steps of " + join(lenders, ", ")};
}

Result<Candidate> read_back(const LearnedBlock& block, std::span<const Episode> pattern,
                            const Runbook& own, const Settings& settings) {
    Candidate candidate;
    candidate.text = block_yaml(block);
    const LearnedEntries read =
        read_learned({std::string(kLearnedFile), learned_file({candidate.text})}, own, settings);
    if (!read.refused.empty()) return denied(read.refused[0].why);
    if (read.entries.size() != 1) return denied("it does not read back");
    candidate.entry = read.entries[0];
    for (const Episode& episode : pattern) {
        candidate.incidents.push_back(episode.incident);
        if (!would_match(candidate.entry, episode)) {
            return denied("it would not match " + episode.incident);
        }
    }
    return candidate;
}

}  // namespace

bool is_alike(const Episode& a, const Episode& b) {
    const bool same_place = a.target == b.target || (!a.group.empty() && a.group == b.group);
    if (!same_place || a.rule != b.rule) return false;
    if (a.signature.empty() && b.signature.empty()) return true;
    return overlap(a.signature, b.signature) >= kAlike;
}

std::vector<Episode> pattern_of(const Episode& newest, std::span<const Episode> past) {
    const auto counts = [](const Episode& episode) {
        const bool trusted =
            episode.provenance == Provenance::person || episode.provenance == Provenance::checks;
        return !episode.explained && episode.by_person && trusted && !episode.deeds.empty();
    };
    if (!counts(newest)) return {};
    std::vector<Episode> pattern;
    for (const Episode& episode : past) {
        if (episode.incident == newest.incident || !counts(episode)) continue;
        if (is_alike(episode, newest) && steps_of(episode) == steps_of(newest)) {
            pattern.push_back(episode);
        }
    }
    pattern.push_back(newest);
    std::stable_sort(pattern.begin(), pattern.end(),
                     [](const Episode& a, const Episode& b) { return a.opened_at < b.opened_at; });
    return pattern;
}

Result<Candidate> make_candidate(std::span<const Episode> pattern, const HealthyFacts& healthy,
                                 const Runbook& own, const Settings& settings) {
    if (pattern.empty()) return denied("nothing happened");
    const std::vector<Symptom> symptoms = symptoms_of(pattern, healthy);
    if (symptoms.empty()) return denied("no fact tells these incidents from good times");
    const Inventory& inventory = settings.inventory;
    const bool of_one_target = std::all_of(
        pattern.begin(), pattern.end(),
        [&](const Episode& episode) { return episode.target == pattern.front().target; });
    LearnedBlock block;
    std::vector<std::string> texts;
    for (const Symptom& symptom : symptoms) texts.push_back(symptom.text);
    block.name = clip_end((of_one_target ? pattern.front().target : pattern.front().group) + ": " +
                              join(texts, " and "),
                          120);
    block.symptoms = {selector_of(pattern, inventory)};
    block.symptoms.insert(block.symptoms.end(), texts.begin(), texts.end());
    TRY(add_steps(pattern.back(), own, inventory, of_one_target, block));
    std::vector<std::string> incidents;
    for (const Episode& episode : pattern) incidents.push_back(episode.incident);
    block.comments = comments_of(pattern, incidents);
    return read_back(block, pattern, own, settings);
}

bool would_match(const Entry& entry, const Episode& episode) {
    const EpisodeWorld world(episode);
    return !entry.symptoms.empty() &&
           std::all_of(entry.symptoms.begin(), entry.symptoms.end(), [&](const auto& symptom) {
               return expr::holds(expr::evaluate(symptom, world));
           });
}

}  // namespace ops

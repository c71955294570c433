// What an incident is called, and what a Change looks like in a log.
#include <algorithm>
#include <array>

#include "base/units.h"
#include "detect/core.h"

namespace ops {
namespace {

struct FactTitle {
    std::string_view fact;
    std::string_view title;  // "Disk space at" 92%
};
constexpr auto kFactTitles = std::to_array<FactTitle>({
    {"disk_usage", "Disk space at"},
    {"disk_free", "Free disk space down to"},
    {"inode_usage", "Inodes at"},
    {"memory_usage", "Memory at"},
    {"swap_usage", "Swap space at"},
    {"cpu_usage", "Processor at"},
    {"rss", "Memory of its processes at"},
    {"load", "Load at"},
    {"error_rate", "Error rate at"},
    {"latency", "Answer time at"},
    {"tls_expires_in", "TLS certificate expires in"},
    {"clock_skew", "Clock is off by"},
});

// "revenue_mrr" is "Revenue", "queue_depth" is "Queue depth".
std::string words_of(std::string_view fact) {
    if (fact.starts_with("revenue_")) return "Revenue";
    std::string words(fact);
    std::replace(words.begin(), words.end(), '_', ' ');
    if (!words.empty() && words[0] >= 'a' && words[0] <= 'z') {
        words[0] = static_cast<char>(words[0] - 'a' + 'A');
    }
    return words;
}

std::string rounded(const Value& value) {
    if (!value.is_quantity()) return value.print();
    if (value.type() == Type::percentage) return format_number(value.amount(), 0) + "%";
    if (value.type() == Type::duration) {
        return format_duration_short(Duration{static_cast<int64_t>(value.amount() * 1000.0)});
    }
    return value.type() == Type::number ? format_number(value.amount(), 1) : value.print();
}

// The first call in a criterion that names what happened: drop(revenue_mrr, 1h), count(crash, 1h).
std::string title_of_call(const expr::Part& part, const std::string& target) {
    const size_t open = part.text.find('(');
    const size_t end = part.text.find_first_of(",)", open);
    if (open == std::string::npos || end == std::string::npos) return "";
    const std::string call = part.text.substr(0, open);
    const std::string what = part.text.substr(open + 1, end - open - 1);
    if (call == "drop") return words_of(what) + " dropped " + rounded(part.value);
    if (call == "rise") return words_of(what) + " rose " + rounded(part.value);
    if (call != "count" || part.text[end] != ',') return "";
    std::string window = part.text.substr(end + 1);
    window.erase(0, window.find_first_not_of(' '));
    if (!window.empty()) window.pop_back();
    const std::string times = rounded(part.value) + " times in " + window;
    return what.ends_with("crash") ? target + " crashed " + times
                                   : target + ": " + what + " " + times;
}

}  // namespace

std::string Detector::Core::title_of(uint32_t index, const Source& source, Time now) const {
    const Target& target = targets_[index];
    if (source.instance == nullptr) {
        return target.name + (source.name == kRuleDown ? " is down" : " is flapping");
    }
    const Condition& condition = conditions_[source.instance->condition];
    if (condition.of_degraded && track_of(index, Verdict::unknown) != nullptr) {
        return target.name + " cannot be checked";
    }
    if (condition.of_degraded) return target.name + " is not quite well";
    const TargetWorld world(*this, index, now, false);
    const std::string of =
        target.kind == Target::Kind::service ? " of " + target.name : std::string();
    for (const Condition::Part& part : condition.parts) {
        for (const expr::Part& piece : expr::explain(*part, world).parts) {
            if (!piece.value.is_quantity()) continue;
            const std::string called = title_of_call(piece, target.name);
            if (!called.empty()) return called;
            for (const FactTitle& known : kFactTitles) {
                if (known.fact != own_name(target, piece.text)) continue;
                return std::string(known.title) + " " + rounded(piece.value) + of;
            }
        }
        for (const std::string& name : part->facts()) {
            const Value* const value = world.fact(name);
            if (target.kind != Target::Kind::signal || value == nullptr) continue;
            const std::string shown =
                value->type() == Type::string ? value->text() : rounded(*value);
            return condition.name() + ": " + shown;
        }
    }
    return condition.name() + (target.kind == Target::Kind::signal ? "" : ": " + target.name);
}

namespace {

struct Printer {
    std::string operator()(const TargetChanged& c) const {
        return c.target + " is " + std::string(name_of(c.status)) +
               (c.reason.empty() ? "" : ": " + c.reason);
    }
    std::string operator()(const IncidentOpen& c) const {
        std::string text = "open " + c.key + " [" + c.rule + "] " + c.title;
        if (!c.reason.empty()) text += ": " + c.reason;
        return text;
    }
    std::string operator()(const IncidentUpdate& c) const {
        return "update " + c.key + ": " + c.reason;
    }
    std::string operator()(const IncidentFolded& c) const {
        return "fold " + c.key + " into " + c.into;
    }
    std::string operator()(const IncidentClear& c) const {
        return "clear " + c.key + ": " + c.reason;
    }
    std::string operator()(const CriterionHit& c) const {
        return "hit " + c.key + " [" + c.criterion + "] " + std::string(name_of(c.level)) + ": " +
               c.reason;
    }
    std::string operator()(const CriterionCleared& c) const {
        return "unhit " + c.key + " [" + c.criterion + "]";
    }
    std::string operator()(const Recheck& c) const { return "recheck " + std::to_string(c.check); }
    std::string operator()(const FlappingChanged& c) const {
        return c.target + (c.flapping ? " flaps" : " flaps no more");
    }
    std::string operator()(const Suppressed& c) const {
        return c.by.empty() ? "release " + c.target : "suppress " + c.target + " by " + c.by;
    }
    std::string operator()(const TargetEvent& c) const {
        return "event " + c.target + " " + c.kind;
    }
};

}  // namespace

std::string print(const Change& change) { return std::visit(Printer{}, change); }

}  // namespace ops

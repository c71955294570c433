// What failed first above it, and what failed beside it at the same time.
#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "diagnose/around.h"
#include "diagnose/causes_kit.h"

namespace ops {
namespace {

constexpr size_t kMostStarts = 32;    // members of a systemic incident that are looked above of
constexpr size_t kMostSiblings = 60;  // that failed about then and are compared
constexpr size_t kLeastSiblings = 2;
constexpr Duration kStillFelt = std::chrono::minutes(5);  // after it was well again
constexpr double kFitOver = 0.8;                          // what is well again by now
constexpr double kFitSameTime = 0.6;  // which of the two was first cannot be told
constexpr double kFitSiblings = 0.8;
constexpr double kHalfLife = 60 * 60;  // seconds between the one failure and the other

struct Bad {
    const Trouble* trouble = nullptr;
    Above above;                   // of the nearest of them
    std::vector<std::string> who;  // rest on it and failed then: members, or the target
    Time onset{};                  // of the first of them
    Duration before() const { return onset - trouble->from; }  // negative: seen only after
    bool was_over() const { return trouble->until && *trouble->until <= onset; }
};

std::vector<std::string> starts_of(const CauseQuestion& question) {
    std::vector<std::string> starts = question.members;
    std::sort(starts.begin(), starts.end());
    if (starts.size() > kMostStarts) starts.resize(kMostStarts);
    if (starts.empty()) starts.push_back(question.target);
    return starts;
}

bool may_be_cause(const Trouble& trouble, Time onset) {
    const Duration before = onset - trouble.from;
    if (before > kUpstreamWindow || before < -kSameTime) return false;
    return !trouble.until || onset - *trouble.until <= kStillFelt;
}

std::vector<Bad> bad_above(const CauseQuestion& question) {
    std::vector<Bad> bad;
    for (const std::string& start : starts_of(question)) {
        const Time onset = onset_of(question, start);
        for (Above& one : above(question.inventory, start)) {
            const Trouble* const trouble = question.record.happenings.trouble_of(one.name);
            if (trouble == nullptr || one.name == question.target || one.name == start) continue;
            if (!may_be_cause(*trouble, onset)) continue;
            const auto known = std::find_if(bad.begin(), bad.end(), [&](const Bad& other) {
                return other.above.name == one.name;
            });
            if (known == bad.end()) {
                bad.push_back({trouble, std::move(one), {start}, onset});
                continue;
            }
            known->who.push_back(start);
            known->onset = std::min(known->onset, onset);
            if (one.hops < known->above.hops) known->above = std::move(one);
        }
    }
    // What most of them rest on, the earliest, is the root; of several the furthest up.
    std::sort(bad.begin(), bad.end(), [](const Bad& one, const Bad& other) {
        if (one.who.size() != other.who.size()) return one.who.size() > other.who.size();
        if (one.trouble->from != other.trouble->from) {
            return one.trouble->from < other.trouble->from;
        }
        if (one.above.hops != other.above.hops) return one.above.hops > other.above.hops;
        return one.above.name < other.above.name;
    });
    return bad;
}

std::string when_words(const Bad& bad) {
    if (bad.before() < std::chrono::seconds(1)) return "at the same time";
    return span_words(bad.before()) + " before" + (bad.was_over() ? " (well again by then)" : "");
}

std::string what_words(const CauseQuestion& question, const Bad& bad) {
    const std::vector<std::string>& members = question.members;
    // One of those that are counted together: there is no time before to tell of.
    if (std::find(members.begin(), members.end(), bad.trouble->target) != members.end()) {
        return bad.trouble->target + " failed first";
    }
    const std::string& what = bad.trouble->what;
    if (what == "down") return bad.trouble->target + " went down " + when_words(bad);
    if (what == "degraded") return bad.trouble->target + " became degraded " + when_words(bad);
    return bad.trouble->target + " had '" + what + "' " + when_words(bad);
}

std::string relation_words(const CauseQuestion& question, const Bad& bad) {
    constexpr size_t kNamed = 3;
    const size_t others = question.members.size() - std::min(question.members.size(), size_t{1});
    const bool is_one = bad.who.size() == 1;
    std::string who = bad.who.front();
    if (bad.who.size() > kNamed && bad.who.size() >= others) {
        who = "all that failed";
    } else if (bad.who.size() > kNamed) {
        who = join({bad.who.begin(), bad.who.begin() + kNamed}, ", ") + " and " +
              std::to_string(bad.who.size() - kNamed) + " more";
    } else if (!is_one) {
        who = join({bad.who.begin(), bad.who.end() - 1}, ", ") + " and " + bad.who.back();
    }
    const bool is_host = question.inventory.find_host(bad.trouble->target) != nullptr;
    if (bad.above.hops == 1 && is_host)
        return ", and " + who + (is_one ? " runs" : " run") + " on it";
    who += is_one ? " depends on it" : " depend on it";
    return ", and " + who + (bad.above.hops == 1 ? "" : " through " + bad.above.via);
}

void add_root(const CauseQuestion& question, const std::vector<Bad>& bad,
              std::vector<Ranked>& out) {
    const Bad& root = bad.front();
    Ranked ranked;
    Cause& cause = ranked.cause;
    cause.kind = CauseKind::upstream;
    cause.about = root.trouble->target;
    cause.text = what_words(question, root) + relation_words(question, root);
    const bool is_host = question.inventory.find_host(cause.about) != nullptr;
    cause.counted_as = is_host ? "upstream/host" : "upstream/dependency";
    cause.names = {cause.about};
    constexpr size_t kMostTold = 5;
    for (size_t i = 0; i < std::min(bad.size(), kMostTold); ++i) {
        const Trouble& one = *bad[i].trouble;
        cause.evidence.push_back(
            one.target + ": " + one.what + " from " + format_rfc3339(one.from) +
            (one.until ? " to " + format_rfc3339(*one.until) : ", and it still is"));
    }
    const double seconds = std::max(0.0, std::chrono::duration<double>(root.before()).count());
    ranked.fit = std::exp2(-seconds / kHalfLife) * (root.trouble->until ? kFitOver : 1) *
                 (root.before() < Duration{} ? kFitSameTime : 1);
    out.push_back(std::move(ranked));
}

// What two targets may have in common, the most telling first.
std::vector<std::string> shared_things(const Inventory& inventory, const std::string& target) {
    std::vector<std::string> things;
    const Service* const service = inventory.find_service(target);
    if (service == nullptr) return things;
    if (service->keeper == Service::Keeper::supervisord) {
        things.push_back("supervisord on " +
                         (service->host.empty() ? "this machine" : service->host));
    }
    for (std::string& parent : inventory.parents_of(target)) things.push_back(std::move(parent));
    return things;
}

struct Sharing {
    std::string what;
    std::vector<std::string> who;
    Duration apart{};
};

std::optional<Sharing> siblings_of(const CauseQuestion& question, Time onset) {
    const Inventory& inventory = question.inventory;
    const std::vector<std::string> own = shared_things(inventory, question.target);
    std::vector<Sharing> all;
    for (const std::string& what : own) all.push_back({what, {}, {}});
    const auto about_then = question.record.happenings.began(onset - kSiblingWindow,
                                                             onset + kSiblingWindow, kMostSiblings);
    for (const Trouble* const one : about_then) {
        if (one->target == question.target) continue;
        if (rests_on(inventory, one->target, question.target)) continue;  // its own victims
        const std::vector<std::string> theirs = shared_things(inventory, one->target);
        const Duration apart = one->from - onset;
        for (Sharing& sharing : all) {
            if (std::find(theirs.begin(), theirs.end(), sharing.what) == theirs.end()) continue;
            sharing.who.push_back(one->target);
            sharing.apart = std::max(sharing.apart, std::max(apart, -apart));
        }
    }
    const auto most = std::max_element(
        all.begin(), all.end(),
        [](const Sharing& one, const Sharing& other) { return one.who.size() < other.who.size(); });
    if (most == all.end() || most->who.size() < kLeastSiblings) return std::nullopt;
    std::sort(most->who.begin(), most->who.end());
    return *most;
}

void add_siblings(const CauseQuestion& question, Time onset, std::vector<Ranked>& out) {
    const std::optional<Sharing> sharing = siblings_of(question, onset);
    if (!sharing) return;
    constexpr size_t kNamed = 3;
    const auto count = static_cast<std::ptrdiff_t>(std::min(kNamed, sharing->who.size()));
    std::string who =
        join(std::vector<std::string>(sharing->who.begin(), sharing->who.begin() + count), ", ");
    if (sharing->who.size() > kNamed) {
        who += " and " + std::to_string(sharing->who.size() - kNamed) + " more";
    }
    Ranked ranked;
    Cause& cause = ranked.cause;
    cause.kind = CauseKind::upstream;
    cause.about = sharing->what;
    cause.text = who + " failed within " + span_words(sharing->apart) +
                 " of it: what they share is " + sharing->what;
    cause.counted_as = "upstream/siblings";
    cause.names = sharing->who;
    cause.names.push_back(sharing->what);
    ranked.fit = kFitSiblings;
    out.push_back(std::move(ranked));
}

}  // namespace

void add_upstream(const CauseQuestion& question, std::vector<Ranked>& out) {
    const std::vector<Bad> bad = bad_above(question);
    if (!bad.empty()) return add_root(question, bad, out);
    add_siblings(question, onset_of(question), out);
}

}  // namespace ops

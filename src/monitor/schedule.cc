#include "monitor/schedule.h"

#include <algorithm>
#include <map>

namespace ops {
namespace {

// FNV-1a: the same on every machine and in every build, unlike std::hash.
uint64_t hash_of(std::string_view text) {
    uint64_t hash = 14695981039346656037u;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 1099511628211u;
    }
    return hash;
}

struct Waiting {
    uint64_t order;
    size_t index;
};

// The phases of the checks with one interval and one gap, in order.
void spread(std::vector<Waiting>& group, Duration interval, Duration gap,
            std::vector<Scheduled>& plan) {
    std::sort(group.begin(), group.end(), [](const Waiting& a, const Waiting& b) {
        return a.order != b.order ? a.order < b.order : a.index < b.index;
    });
    const auto count = static_cast<int64_t>(group.size());
    const int64_t span = std::min(gap.count() * count, interval.count());
    for (int64_t i = 0; i < count; ++i) {
        plan[group[static_cast<size_t>(i)].index].phase = Duration(span * i / count);
    }
}

}  // namespace

std::vector<Scheduled> plan_schedule(const CheckList& list) {
    std::vector<Scheduled> plan;
    std::map<std::pair<Duration, bool>, std::vector<Waiting>> groups;  // interval, runs a program
    for (size_t i = 0; i < list.checks.size(); ++i) {
        const Check* check = list.checks[i].get();
        if (check == nullptr) continue;
        Scheduled scheduled;
        scheduled.ask = check->ask();
        scheduled.interval = std::max(list.intervals[i], Duration(1));
        const bool command = std::holds_alternative<CommandAsk>(scheduled.ask.question);
        const std::string key =
            check->target() + '\n' + std::string(check->kind()) + '\n' + std::to_string(i);
        groups[{scheduled.interval, command}].push_back({hash_of(key), plan.size()});
        plan.push_back(std::move(scheduled));
    }
    for (auto& [group, waiting] : groups) {
        spread(waiting, group.first, group.second ? kGapBetweenCommands : kGapBetweenAsks, plan);
    }
    return plan;
}

}  // namespace ops

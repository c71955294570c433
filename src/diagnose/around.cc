#include "diagnose/around.h"

#include <algorithm>

namespace ops {

std::vector<Above> above(const Inventory& inventory, std::string_view target) {
    std::vector<Above> found;
    const auto is_new = [&](const std::string& name) {
        return name != target && std::none_of(found.begin(), found.end(),
                                              [&](const Above& one) { return one.name == name; });
    };
    const auto add_parents = [&](const std::string& of, int hops) {
        for (std::string& parent : inventory.parents_of(of)) {
            if (found.size() >= kMostAbove) return;
            if (is_new(parent)) found.push_back({std::move(parent), hops, of});
        }
    };
    add_parents(std::string(target), 1);
    for (size_t i = 0; i < found.size(); ++i) {
        if (found[i].hops >= kMostHops) break;
        add_parents(std::string(found[i].name), found[i].hops + 1);
    }
    return found;
}

bool rests_on(const Inventory& inventory, std::string_view target, std::string_view other) {
    if (other.empty() || other == target) return true;
    const std::vector<Above> all = above(inventory, target);
    return std::any_of(all.begin(), all.end(), [&](const Above& one) { return one.name == other; });
}

}  // namespace ops

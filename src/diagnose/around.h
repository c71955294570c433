// Around: what a target needs in order to be well, near first. Pure, and bounded: of a large graph
// only what is near the target is walked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/inventory.h"

namespace ops {

struct Above {
    std::string name;
    int hops = 1;     // 1: named in depends_on, or its host
    std::string via;  // the one below it on the way
};

inline constexpr int kMostHops = 8;
inline constexpr size_t kMostAbove = 64;

// What `target` depends on, and what that depends on, nearest first; not the target itself.
std::vector<Above> above(const Inventory& inventory, std::string_view target);
// Is `other` the target itself or among what it depends on? An empty `other` may be anything.
bool rests_on(const Inventory& inventory, std::string_view target, std::string_view other);

}  // namespace ops

// One name that stands for many: worker_{1..7}, disk_{01..12}, shop-{eu,us}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ops {

struct RangeMember {
    std::string name;      // worker_3
    std::string own_name;  // 3, as written: 03 stays 03
    int number = 0;        // 3; 0 when it is not one
};

inline constexpr int kMaxRangeMembers = 10'000;

// The members in order; one with own_name equal to name when there is no {...}. At most 10,000.
Result<std::vector<RangeMember>> expand_name(std::string_view name);

}  // namespace ops

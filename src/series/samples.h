// What the functions of this room share: picking samples, and saying why there are too few.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "series/series.h"

namespace ops::series {

// The samples that are finite and inside the window, and the newest finite one at or before its
// start.
struct Picked {
    std::vector<Sample> inside;
    std::optional<Sample> held;
};
Picked pick(Samples samples, Window window);

// The usual time between two samples: the median of the gaps, zero when there are fewer than two
// samples.
Duration usual_gap(Samples samples);

// "1 of 3 minutes seen", in the largest unit of which the window has at least two.
std::string seen_of(Duration seen, Duration window);

// "no sample in the last 5m", and how old the newest is if there is one before.
std::string nothing_inside(const Picked& picked, Window window);

double seconds_between(Time from, Time to);
// Reorders `values`. Requires: not empty.
double median_of(std::vector<double>& values);

}  // namespace ops::series

#include "agent/recorded_samples.h"

namespace ops {

Result<std::vector<Sample>> recorded_samples(History& history, std::string_view target,
                                             std::string_view fact, Time from, Time to) {
    // A value a second for a day and an hour more, from which the one that held at its start comes.
    constexpr size_t kMostOfADay = 90'000;
    constexpr size_t kMostBeyond = 2000;
    const bool is_a_day = to - from <= std::chrono::hours(25);
    std::vector<Sample> samples;
    for (const HistorySample& one :
         TRY(history.window(target, fact, from, to, is_a_day ? kMostOfADay : kMostBeyond))) {
        samples.push_back(
            {one.at, one.value, one.low, one.high, static_cast<double>(one.count), one.span});
    }
    return samples;
}

}  // namespace ops

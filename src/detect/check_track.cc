#include "detect/check_track.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace ops {

void FlapMeter::add(bool good) {
    changed_[oldest_] = seen_ && good != last_good_;
    oldest_ = (oldest_ + 1) % kResults;
    last_good_ = good;
    seen_ = true;
}

double FlapMeter::percent() const {
    double weight = 0;
    for (size_t i = 0; i < kResults; ++i) {
        if (changed_[(oldest_ + i) % kResults]) weight += 0.8 + 0.02 * static_cast<double>(i);
    }
    return 100.0 * weight / static_cast<double>(kResults);
}

Json FlapMeter::save() const {
    if (!seen_) return {};
    // Oldest first, so that the ring's turn need not be kept.
    std::bitset<kResults> turned;
    for (size_t i = 0; i < kResults; ++i) turned[i] = changed_[(oldest_ + i) % kResults];
    return Json(static_cast<int64_t>(turned.to_ulong()) * 2 + (last_good_ ? 1 : 0));
}

void FlapMeter::restore(const Json& saved) {
    if (!saved.is_number()) return;
    const auto bits = static_cast<uint64_t>(saved.as_int());
    changed_ = std::bitset<kResults>(bits >> 1);
    oldest_ = 0;
    last_good_ = (bits & 1) != 0;
    seen_ = true;
}

bool CheckTrack::take(const Observation& seen) {
    const bool first = bad_row == 0;
    last = seen.health;
    last_at = seen.at;
    answered = true;
    asked_at = Time{};
    certain = seen.health == Health::bad && seen.certain;
    reached = shows_network_works(seen);
    if (seen.health == Health::unknown) {
        // Neither a failure nor a recovery: what was known stays, and a recovery starts again.
        good_row = 0;
        if (unknown_row++ == 0) first_unknown_at = seen.at;
        if (verdict != Verdict::bad && unknown_row >= failures) {
            verdict = Verdict::unknown;
            reason = seen.reason;
        }
        return false;
    }
    unknown_row = 0;
    degraded = seen.health == Health::good && seen.degraded;
    flapping.add(seen.health == Health::good);
    if (seen.health == Health::good) {
        ++good_row;
        bad_row = 0;
        if (verdict != Verdict::bad || good_row >= recoveries) {
            verdict = Verdict::good;
            reason = seen.reason;  // of one that works, but not well; else empty
        }
        return false;
    }
    if (first) first_bad_at = seen.at;
    ++bad_row;
    good_row = 0;
    if (verdict == Verdict::bad || seen.certain || bad_row >= failures) {
        verdict = Verdict::bad;
        reason = seen.reason;
        return false;
    }
    return first && can_recheck;
}

bool shows_network_works(const Observation& seen) {
    if (seen.health == Health::good) return true;
    for (const Fact& fact : seen.facts) {
        if (fact.name == "http_status" && !fact.value.is_unknown()) return true;
    }
    constexpr auto kAnswers =
        std::to_array<std::string_view>({"refused", "http ", "reset by peer"});
    const std::string reason = to_lower(seen.reason);
    return std::any_of(kAnswers.begin(), kAnswers.end(), [&reason](std::string_view words) {
        return reason.find(words) != std::string::npos;
    });
}

}  // namespace ops

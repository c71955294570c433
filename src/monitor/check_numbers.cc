#include "monitor/check_numbers.h"

#include <map>

namespace ops {

std::vector<uint32_t> CheckNumbers::assign(const std::vector<uint64_t>& identities, Duration now) {
    std::multimap<uint64_t, uint32_t> known;  // of alike ones the first comes first
    for (uint32_t number = 0; number < identities_.size(); ++number) {
        if (is_in_use(number)) known.emplace(identities_[number], number);
    }
    std::vector<uint32_t> numbers(identities.size());
    std::vector<size_t> fresh;
    for (size_t i = 0; i < identities.size(); ++i) {
        const auto same = known.lower_bound(identities[i]);
        if (same == known.end() || same->first != identities[i]) {
            fresh.push_back(i);
        } else {
            numbers[i] = same->second;
            known.erase(same);
        }
    }
    for (const auto& [identity, number] : known) {
        identities_[number] = 0;
        resting_.emplace_back(now, number);
    }
    for (const size_t i : fresh) {
        if (!resting_.empty() && now - resting_.front().first >= kRest) {
            numbers[i] = resting_.front().second;
            resting_.pop_front();
            identities_[numbers[i]] = identities[i];
        } else {
            numbers[i] = static_cast<uint32_t>(identities_.size());
            identities_.push_back(identities[i]);
        }
    }
    return numbers;
}

}  // namespace ops

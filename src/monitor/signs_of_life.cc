#include "monitor/signs_of_life.h"

#include <algorithm>

#include "base/units.h"

namespace ops {
namespace {

constexpr size_t kMost = 100;
constexpr int kPausesToLearn = 3;
constexpr int kTimesLongest = 3;
constexpr Duration kLeast = std::chrono::minutes(15);
constexpr Duration kAfterEnd = std::chrono::minutes(5);  // it may fire again: a restart
constexpr Duration kLongest = std::chrono::hours(24 * 7);

}  // namespace

void SignsOfLife::heard(const std::string& id, const std::string& who, Time now) {
    const auto [found, is_new] = known_.try_emplace(id);
    Sign& sign = found->second;
    // A pause in which it was missed was none of its usual ones.
    if (!is_new && !sign.is_silent && now > sign.last) {
        sign.longest = std::min(std::max(sign.longest, now - sign.last), kLongest);
        sign.pauses = std::min(sign.pauses + 1, kPausesToLearn);
    }
    sign.who = who;
    sign.last = now;
    sign.ended.reset();
    sign.is_silent = false;
    if (known_.size() <= kMost) return;
    known_.erase(std::min_element(known_.begin(), known_.end(), [](const auto& a, const auto& b) {
        return a.second.last < b.second.last;
    }));
}

void SignsOfLife::ended(const std::string& id, Time now) {
    const auto found = known_.find(id);
    if (found != known_.end() && !found->second.ended) found->second.ended = now;
}

void SignsOfLife::listen_from(Time now) {
    for (auto& [id, sign] : known_) {
        if (sign.is_silent) continue;
        sign.last = now;
        sign.ended.reset();
    }
}

std::optional<Duration> SignsOfLife::patience(const Sign& sign, std::optional<Duration> after) {
    if (after) return after->count() > 0 ? after : std::nullopt;
    if (sign.pauses < kPausesToLearn) return std::nullopt;
    return std::max(kTimesLongest * sign.longest, kLeast);
}

std::vector<SignsOfLife::Silent> SignsOfLife::become_silent(Time now,
                                                            std::optional<Duration> after) {
    std::vector<Silent> late;
    for (auto& [id, sign] : known_) {
        const auto patience = this->patience(sign, after);
        if (!patience || sign.is_silent) continue;
        const bool has_ended = sign.ended && now - *sign.ended >= std::min(*patience, kAfterEnd);
        if (!has_ended && now - sign.last < *patience) continue;
        sign.is_silent = true;
        std::string reason = "its alert 'Watchdog', which fires as long as all is well, ";
        if (has_ended) {
            reason += "has ended: what makes its alerts is down, or was told to send it no more";
        } else {
            reason += "has not come for " + format_duration_short(now - sign.last);
            if (sign.pauses > 0) {
                reason += "; before, it came at least every " + format_duration_short(sign.longest);
            }
        }
        late.push_back({id, sign.who, reason});
    }
    return late;
}

std::vector<std::string> SignsOfLife::silent() const {
    std::vector<std::string> ids;
    for (const auto& [id, sign] : known_) {
        if (sign.is_silent) ids.push_back(id);
    }
    return ids;
}

Json SignsOfLife::to_json() const {
    Json json = Json::object();
    for (const auto& [id, sign] : known_) {
        json.set(id, Json::object({{"who", sign.who},
                                   {"last", format_rfc3339(sign.last)},
                                   {"longest_ms", sign.longest.count()},
                                   {"pauses", sign.pauses},
                                   {"silent", sign.is_silent}}));
    }
    return json;
}

void SignsOfLife::restore(const Json& saved) {
    known_.clear();
    for (const auto& [id, json] : saved.members()) {
        const Result<Time> last = parse_rfc3339(json["last"].as_string());
        if (!last.ok() || known_.size() >= kMost) continue;
        Sign& sign = known_[id];
        sign.who = json["who"].as_string();
        sign.last = last.value();
        sign.longest = std::clamp(Duration(json["longest_ms"].as_int()), Duration{}, kLongest);
        sign.pauses =
            static_cast<int>(std::clamp<int64_t>(json["pauses"].as_int(), 0, kPausesToLearn));
        sign.is_silent = json["silent"].as_bool();
    }
}

}  // namespace ops

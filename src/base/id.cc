#include "base/id.h"

#include <algorithm>

namespace ops {
namespace {

constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr Time kBeginning = std::chrono::sys_days{std::chrono::year{2020} / 1 / 1};
constexpr int kTimeDigits = 6;  // 30 bits of seconds: until January 2054
constexpr int kRandomDigits = 4;

void append_base32(std::string& text, uint64_t number, int digits) {
    for (int digit = digits - 1; digit >= 0; --digit) {
        text += kDigits[(number >> (5 * digit)) & 31];
    }
}

}  // namespace

std::string make_id(std::string_view prefix, Time now, uint64_t random) {
    constexpr int64_t kLastSecond = (int64_t{1} << (5 * kTimeDigits)) - 1;
    const Time late_enough = std::max(now, kBeginning);
    const int64_t seconds =
        std::chrono::floor<std::chrono::seconds>(late_enough - kBeginning).count();
    std::string id(prefix);
    id += '-';
    append_base32(id, static_cast<uint64_t>(std::min(seconds, kLastSecond)), kTimeDigits);
    append_base32(id, random, kRandomDigits);
    return id;
}

}  // namespace ops

#include "config/name_range.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"

namespace ops {
namespace {

Error error_about(std::string_view name, std::string_view wrong) {
    std::string message = "'" + printable(clip_end(name, 64), Lines::flatten) + "' ";
    return Error{Fault::invalid, message.append(wrong)};
}

std::optional<int> read_number(std::string_view digits) {
    int number = 0;
    const char* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, number);
    const bool fine =
        read.ec == std::errc{} && read.ptr == end && number >= 0 && digits.size() <= 9;
    return fine ? std::optional(number) : std::nullopt;
}

Result<std::vector<std::string>> numbers_between(std::string_view name, std::string_view first,
                                                 std::string_view last) {
    const std::optional<int> from = read_number(first);
    const std::optional<int> to = read_number(last);
    if (!from || !to) return error_about(name, "needs whole numbers, such as worker_{1..7}");
    if (*from > *to) return error_about(name, "counts backwards");
    if (*to - *from >= kMaxRangeMembers) {
        return error_about(name,
                           "stands for more than " + std::to_string(kMaxRangeMembers) + " names");
    }
    // {01..12} is written with the zeros that its first number has.
    const size_t width = first.size() > 1 && first.front() == '0' ? first.size() : 0;
    std::vector<std::string> numbers;
    for (int i = *from; i <= *to; ++i) {
        std::string digits = std::to_string(i);
        if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
        numbers.push_back(std::move(digits));
    }
    return numbers;
}

}  // namespace

Result<std::vector<RangeMember>> expand_name(std::string_view name) {
    const size_t open = name.find('{');
    const size_t close = name.find('}');
    if (open == std::string_view::npos && close == std::string_view::npos) {
        return std::vector<RangeMember>{{std::string(name), std::string(name), 0}};
    }
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
        return error_about(name, "has a brace without its other half");
    }
    if (name.find_first_of("{}", close + 1) != std::string_view::npos ||
        name.substr(open + 1, close - open - 1).find('{') != std::string_view::npos) {
        return error_about(name, "may hold one {...} only");
    }
    const std::string_view inside = name.substr(open + 1, close - open - 1);
    std::vector<std::string> parts;
    if (const size_t dots = inside.find(".."); dots != std::string_view::npos) {
        parts = TRY(numbers_between(name, inside.substr(0, dots), inside.substr(dots + 2)));
    } else {
        for (const std::string_view part : split(inside, ',')) parts.emplace_back(trim(part));
        const bool has_empty = std::any_of(parts.begin(), parts.end(),
                                           [](const std::string& part) { return part.empty(); });
        if (has_empty || parts.size() < 2) {
            return error_about(name, "needs {first..last} or {one,two}");
        }
    }
    std::vector<RangeMember> members;
    for (std::string& part : parts) {
        std::string full(name.substr(0, open));
        full.append(part).append(name.substr(close + 1));
        const int number = read_number(part).value_or(0);
        members.push_back({std::move(full), std::move(part), number});
    }
    return members;
}

}  // namespace ops

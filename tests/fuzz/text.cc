// Any bytes: times, durations and sizes are read or refused, and text is shown or cut, without a
// crash; what is read is written and read back the same; what is shown stays as it is when shown
// again.
#include "base/text.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "base/time.h"
#include "base/units.h"

namespace {

void read_quantities(std::string_view text) {
    if (const auto span = ops::parse_duration(text); span.ok()) {
        const auto again = ops::parse_duration(ops::format_duration(span.value()));
        ASSERT(again.ok() && again.value() == span.value());
    }
    if (const auto size = ops::parse_size(text); size.ok()) ASSERT(size.value() >= 0);
    if (const auto at = ops::parse_rfc3339(text); at.ok()) {
        // A zone may move the first or the last hours of the calendar out of its four digits.
        const auto again = ops::parse_rfc3339(ops::format_rfc3339(at.value()));
        const auto distance = again.value() - at.value();
        ASSERT(distance < std::chrono::hours{24} && distance > -std::chrono::hours{24});
    }
}

void show(std::string_view text) {
    for (const auto lines : {ops::Lines::keep, ops::Lines::flatten}) {
        const std::string shown = ops::printable(text, lines);
        ASSERT(ops::printable(shown, lines) == shown);
        for (const size_t limit : {0u, 1u, 5u, 40u, 100u}) {
            // Printable text is UTF-8, and stays it when it is cut.
            const std::string end = ops::clip_end(shown, limit);
            const std::string middle = ops::clip_middle(shown, limit);
            ASSERT(end.size() <= limit && middle.size() <= limit);
            ASSERT(ops::printable(end, lines) == end);
            ASSERT(ops::printable(middle, ops::Lines::keep) == middle);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    read_quantities(text);
    show(text);
    const std::vector<std::string> known{"restart", "command", std::string(text.substr(0, 100))};
    (void)ops::nearest(text, known);  // any answer will do, as long as there is one
    return 0;
}

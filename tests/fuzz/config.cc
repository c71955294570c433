// Any bytes are either a configuration or refused with a place inside the text; reading twice gives
// the same, and what lint reads leniently does not crash either.
#include "config/settings.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/assert.h"

namespace {

std::optional<std::string> no_environment(const std::string&) { return std::nullopt; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    const int lines = 1 + static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    ops::Problems problems;
    const auto settings = ops::read_settings({{"ops-agent.yaml", text}}, no_environment, problems);
    ASSERT(settings.has_value() != problems.has_errors());
    for (const ops::Problem& problem : problems.all()) {
        ASSERT(!problem.message.empty());
        ASSERT(problem.place.line >= 0 && problem.place.line <= lines);
    }
    ops::Problems again;
    const auto twice = ops::read_settings({{"ops-agent.yaml", text}}, no_environment, again);
    ASSERT(again.print() == problems.print());
    if (settings) ASSERT(settings->sha256 == twice->sha256);
    ops::Problems lenient;
    (void)ops::read_settings_leniently({{"ops-agent.yaml", text}}, no_environment,
                                       lenient);  // only that it comes back
    return 0;
}

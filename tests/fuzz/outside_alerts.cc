// Any bytes that are posted as alerts of another monitor are read or refused: what comes out is
// bounded, and each alert can be told from others and spoken of. The first byte says who sends
// them.
#include "monitor/outside_alerts.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "base/json.h"
#include "base/text.h"

namespace {

void look_over(const ops::OutsideAlert& alert) {
    ASSERT(alert.identity.size() == 32);
    ASSERT(!alert.name.empty() && alert.name.size() <= 200);
    ASSERT(alert.labels.size() <= ops::kMostLabels);
    for (const auto& [name, value] : alert.labels) {
        ASSERT(ops::is_label_name(name));
        ASSERT(value.size() <= ops::kMostLabelBytes);
    }
    ASSERT(alert.summary.size() <= ops::kMostAnnotationBytes);
    ASSERT(alert.description.size() <= ops::kMostAnnotationBytes);
    ASSERT(alert.runbook_url.size() <= ops::kMostAnnotationBytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    if (size == 0) return 0;
    const std::string text(bytes + 1, bytes + size);
    const auto body = ops::Json::parse(text);
    if (!body.ok()) return 0;
    const auto source = static_cast<ops::AlertSource>(bytes[0] % 4);
    ASSERT(ops::parse_alert_source(ops::name_of(source)) == source);
    const ops::Time now{std::chrono::seconds(1'790'000'000)};
    const auto read = ops::read_outside_alerts(source, body.value(), now);
    if (!read.ok()) {
        const std::string& why = read.error().message;
        ASSERT(!why.empty() && why.size() < 500);
        ASSERT(why == ops::printable(why, ops::Lines::flatten));
        return 0;
    }
    ASSERT(read.value().alerts.size() <= ops::kMostOutsideAlerts);
    for (const ops::OutsideAlert& alert : read.value().alerts) look_over(alert);
    // Sent again, it is the same.
    const auto again = ops::read_outside_alerts(source, body.value(), now);
    ASSERT(again.ok() && again.value().alerts.size() == read.value().alerts.size());
    for (size_t i = 0; i < read.value().alerts.size(); ++i) {
        ASSERT(again.value().alerts[i].identity == read.value().alerts[i].identity);
    }
    return 0;
}

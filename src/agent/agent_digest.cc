// The digest: once a period what happened, over restarts too.
#include <algorithm>

#include "agent/ops_agent.h"
#include "agent/report.h"

namespace ops {
namespace {

// What is older than this is no news, however long the agent was away.
constexpr Duration kLongestDigest = std::chrono::hours(24 * 31);

}  // namespace

// What nothing is told of now.
void OpsAgent::add_quiet(Json& report) const {
    report.set("silences", silences_json());
    report.set("maintenance", maintenance_json(Windows::open));
}

// After some time away there is one, late, of all that time. Its key is the day's: one that is
// composed again after a crash is not sent again.
void OpsAgent::keep_digest(Time now) {
    const DigestSettings& settings = loaded_->escalation.digest;
    const std::optional<DigestPeriod> period = digest_period(settings, now);
    if (!period || !watching_) return;
    const Time since = std::max(digest_until_, now - kLongestDigest);
    const bool is_first = digest_day_.empty();
    if (!is_first && period->day <= digest_day_) return;
    digest_day_ = period->day;
    digest_until_ = now;
    states_changed_ = true;
    if (is_first) return;  // what was before there were digests is no news
    Result<Json> counted = report_since(*store_, since, now);
    if (!counted.ok()) {
        ports_.log.line(Severity::error, "no digest: " + counted.error().message);
        return;
    }
    Json report = std::move(counted).value();
    add_quiet(report);
    if (!settings.empty && is_uneventful(report)) return;
    tell(escalator_->digest(compose_digest(report, period->day, loaded_->escalation, now), now));
}

}  // namespace ops

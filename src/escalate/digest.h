// Digest: once a day or a week what happened, in one message for those who want to know without
// being woken. Pure: the report is the agent's (agent/report.h), when it is due is decided here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "config/fields.h"
#include "escalate/alert.h"

namespace ops {

struct EscalationSettings;

struct DigestSettings {
    enum class Every { never, day, week };
    Every every = Every::never;
    int at = 8 * 60;  // minute of the day, in its zone
    int weekday = 1;  // of a week's; 0 is Sunday
    std::string time_zone;
    std::vector<std::string> channels;  // empty: those of warnings
    bool empty = false;                 // is sent, too, when nothing happened
};

struct DigestPeriod {
    std::string day;  // "2026-11-30", on which it is due, in its zone
    Time from{}, until{};
};
// The newest period that is over at `now`: it ended when the clock of the zone showed `at`. A time
// that summer time leaves out has come when it is left out; of one that comes twice the first
// counts. Nothing: there are no digests.
std::optional<DigestPeriod> digest_period(const DigestSettings& settings, Time now);

// Is there nothing in this report that anybody would want to read?
bool is_uneventful(const Json& report);
using DigestRows = std::vector<std::pair<std::string, std::string>>;
// What of it has a name: what was repaired, told, is open, silent, in maintenance, gave trouble.
DigestRows digest_rows(const Json& report, const std::string& time_zone);
// The message about a report; `day` makes its key.
AlertDraft compose_digest(const Json& report, const std::string& day,
                          const EscalationSettings& settings, Time now);

// `left_out`: channels of a kind that this version does not have.
void read_digest(const Node& node, EscalationSettings& settings,
                 const std::vector<std::string>& left_out, Problems& problems);

}  // namespace ops

// Alert: what a person is told, and its text in exactly the shape of product.md 5.
//
//     🚨 CRITICAL: Revenue dropped 25%
//     Time: 2026-01-29 14:30
//     Current: $1,837 MRR (was $2,450)
//     Auto-action: Checking recent events, no app issues detected
//     👉 ACTION REQUIRED: Investigate manually
//
// Pure. Everything in it that came from outside goes through ops::printable and is one line.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "runbook/runbook.h"

namespace ops {

// `answered`: what was told, with what somebody answered to it. `closed`: by a person, whether it
// is well or not.
enum class AlertState { raised, changed, answered, acknowledged, recovered, closed, digest, test };
std::string_view name_of(AlertState state);
inline bool is_end(AlertState state) {
    return state == AlertState::recovered || state == AlertState::closed;
}

// The parts of the text, for channels that set them in their own form. Each is one harmless line;
// markup of the other side is not escaped yet.
struct AlertLines {
    std::string sign;                                       // "🚨"
    std::string headline;                                   // "CRITICAL: Revenue dropped 25%"
    std::vector<std::pair<std::string, std::string>> rows;  // Time first, Auto-action in its place
    std::string ask;  // "👉 ACTION REQUIRED: Investigate manually", or empty
};

struct AlertDraft {
    std::string key;  // stable: "inc-…/raised/critical"; the outbox sends a key once to a channel
    std::string incident;  // id; messages of one incident are edited or threaded by it
    Level level = Level::alert;
    AlertState state = AlertState::raised;
    std::string title;  // one line
    Time at{};
    std::vector<std::pair<std::string, std::string>>
        before;               // fields above Auto-action: {"Current", "$1,837 MRR (…)"}
    std::string auto_action;  // what was really done; empty: line left out
    std::vector<std::pair<std::string, std::string>> after;  // fields below it: {"Disk now", "89%"}
    std::string ask;  // what is asked of the founder: "No action needed, monitoring"
    bool action_required = false;
    std::vector<std::string> channels;

    AlertLines lines(std::string_view time_zone) const;
    std::string text(std::string_view time_zone) const;  // no newline at the end
    Json fields() const;                                 // before and after, in order
    // All of it, for alert.queued, webhooks and $OPS_ALERT; from_json reads it back.
    Json to_json(std::string_view time_zone) const;
    static AlertDraft from_json(const Json& json);
};

// Words of numbers in alerts: "$1,837", "3GB", "89%", "12m". The value's name tells money
// (revenue_*, *_usd, *_mrr).
std::string say(std::string_view fact, const Value& value);
std::string money(double dollars);  // "$1,837", "$0.50", "-$12"
// "2026-01-29 14:30" in the zone ("" or unknown: the machine's); escalate/local_time.cc is the one
// that knows zones.
std::string local_time(Time at, std::string_view time_zone);
bool is_time_zone(std::string_view name);

}  // namespace ops

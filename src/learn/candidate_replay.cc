#include "learn/candidate_replay.h"

#include <algorithm>

#include "base/text.h"

namespace ops {
namespace {

constexpr size_t kMostNamed = 100;  // incidents

Json count_of(size_t number) { return Json(static_cast<int64_t>(number)); }

std::string counted(int64_t number, const std::string& what) {
    return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

}  // namespace

Result<Json> replay_candidate(const std::string& data_dir, const StoreOptions& options,
                              const Settings& settings, const Entry& entry,
                              const std::set<std::string>& own) {
    StoreOptions reading = options;
    reading.access = Access::read;
    const std::unique_ptr<Store> store = TRY(Store::open(data_dir, reading));
    const std::unique_ptr<History> history = TRY(History::open(data_dir, reading));
    Runbook alone;
    alone.entries.push_back(entry);
    const Recorded recorded = TRY(load_recorded(*store, *history, settings, {&alone}, kReplaySpan));
    const EntryReplay replayed = replay_entry(recorded, alone.entries[0], settings.inventory);
    size_t others = 0;
    for (const RecordedIncident& incident : recorded.incidents) {
        if (!own.contains(incident.id)) ++others;
    }
    std::vector<std::string> fired = replayed.fired_on_incidents;
    if (fired.size() > kMostNamed) fired.resize(kMostNamed);
    return Json::object({{"share_of_others", share_of_other_incidents(replayed, recorded, own)},
                         {"from", format_rfc3339(recorded.from)},
                         {"to", format_rfc3339(recorded.to)},
                         {"incidents", count_of(recorded.incidents.size())},
                         {"others", count_of(others)},
                         {"fired_on", Json::of_strings(fired)},
                         {"healthy_days", count_of(replayed.healthy_days)},
                         {"healthy_days_fired", count_of(replayed.healthy_days_fired)},
                         {"unjudged_incidents", count_of(replayed.unjudged_incidents.size())},
                         {"unjudged_days", count_of(replayed.unjudged_days)},
                         {"not_recorded", Json::of_strings(replayed.not_recorded)}});
}

std::string replay_words(const Json& replayed) {
    const int64_t incidents = replayed["unjudged_incidents"].as_int();
    const int64_t days = replayed["unjudged_days"].as_int();
    std::string words = "on " + std::to_string(replayed["fired_on"].items().size()) + " of " +
                        counted(replayed["incidents"].as_int(), "incident") + ", " +
                        std::to_string(replayed["healthy_days_fired"].as_int()) + " of " +
                        counted(replayed["healthy_days"].as_int(), "healthy day");
    if (incidents == 0 && days == 0) return words;
    words += "; ";
    if (incidents > 0) words += counted(incidents, "incident");
    if (incidents > 0 && days > 0) words += " and ";
    if (days > 0) words += counted(days, "day");
    return words + " not judged";
}

}  // namespace ops

#include "escalate/digest.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/units.h"
#include "escalate/escalate.h"
#include "escalate/hours_settings.h"

namespace ops {
namespace {

constexpr size_t kMostRows = 8;  // of each kind; the report has all
constexpr auto kDays = std::to_array<std::string_view>(
    {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"});

std::string many(int64_t count, const std::string& one, const std::string& more) {
    return std::to_string(count) + " " + (count == 1 ? one : more);
}

// " (3 times)", where there is more than one.
std::string times(const Json& row) {
    const int64_t count = row["times"].as_int();
    return count > 1 ? " (" + std::to_string(count) + " times)" : "";
}

template <class Say>
void add(DigestRows& rows, const std::string& heading, const Json& list, Say say) {
    size_t said = 0;
    for (const Json& one : list.items()) {
        if (said++ == kMostRows) break;
        rows.emplace_back(heading, say(one));
    }
    const size_t all = list.items().size();
    if (all > kMostRows) rows.emplace_back(heading, std::to_string(all - kMostRows) + " more");
}

std::string moment(const Json& rfc3339, const std::string& zone) {
    const Result<Time> at = parse_rfc3339(rfc3339.as_string());
    return at.ok() ? local_time(at.value(), zone) : "-";
}

std::string by_whom_and_why(const Json& order) {
    const std::string by = order["by"].as_string(), why = order["reason"].as_string();
    if (by.empty() && why.empty()) return "";
    return " (" + by + (by.empty() || why.empty() ? "" : ": ") + why + ")";
}

}  // namespace

std::optional<DigestPeriod> digest_period(const DigestSettings& settings, Time now) {
    if (settings.every == DigestSettings::Every::never) return std::nullopt;
    const bool weekly = settings.every == DigestSettings::Every::week;
    const std::chrono::days step{weekly ? 7 : 1};
    std::chrono::sys_days day = local_day(now, settings.time_zone);
    if (weekly) {
        const auto weekday = static_cast<int>(std::chrono::weekday(day).c_encoding());
        day -= std::chrono::days((weekday - settings.weekday + 7) % 7);
    }
    const auto end_on = [&](std::chrono::sys_days on) {
        return moment_of(on, settings.at, settings.time_zone);
    };
    if (end_on(day) > now) day -= step;
    DigestPeriod period;
    period.day = format_rfc3339(Time(day)).substr(0, 10);
    period.from = end_on(day - step);
    period.until = end_on(day);
    return period;
}

bool is_uneventful(const Json& report) {
    const Json& trouble = report["trouble"];
    return report["incidents"].as_int() == 0 && report["open"].as_int() == 0 &&
           report["alerts"].as_int() == 0 && trouble["channels"].items().empty() &&
           trouble["budgets"].items().empty() && report["learned"].items().empty();
}

DigestRows digest_rows(const Json& report, const std::string& zone) {
    DigestRows rows;
    add(rows, "Repaired", report["repaired_what"], [](const Json& one) {
        const std::string did = one["did"].as_string();
        return one["title"].as_string() + times(one) + (did.empty() ? "" : ": " + did);
    });
    add(rows, "Told", report["told_what"], [](const Json& one) {
        return one["level"].as_string() + ", " + one["title"].as_string() + times(one);
    });
    add(rows, "Open", report["open_what"], [&](const Json& one) {
        return one["title"].as_string() + ", since " + moment(one["opened_at"], zone) +
               (one["acknowledged"].as_bool() ? ", acknowledged" : "");
    });
    add(rows, "Silent", report["silences"], [&](const Json& one) {
        return join(one["matchers"].strings(), " ") + " until " + moment(one["until"], zone) +
               by_whom_and_why(one);
    });
    add(rows, "Maintenance", report["maintenance"], [&](const Json& one) {
        return join(one["names"].strings(), " ") + " until " + moment(one["until"], zone) +
               by_whom_and_why(one);
    });
    add(rows, "Channel", report["trouble"]["channels"], [](const Json& one) {
        return one["channel"].as_string() + " failed" + times(one) + ": " +
               one["error"].as_string();
    });
    add(rows, "Limit", report["trouble"]["budgets"], [](const Json& one) {
        return one["target"].as_string() + times(one) + ": " + one["reason"].as_string();
    });
    add(rows, "Learned", report["learned"], [](const Json& one) {
        return "'" + one["entry"].as_string() + "', " + one["to"].as_string();
    });
    return rows;
}

AlertDraft compose_digest(const Json& report, const std::string& day,
                          const EscalationSettings& settings, Time now) {
    const auto count = [&](const char* key) { return report[key].as_int(); };
    AlertDraft draft;
    draft.key = "digest/" + day;
    draft.level = Level::log;
    draft.state = AlertState::digest;
    draft.at = now;
    draft.title = settings.agent + ": " + std::to_string(count("repaired")) +
                  " repaired unaided, " + many(count("alerts"), "message", "messages") +
                  " to people, " + std::to_string(count("open")) + " still open";
    draft.before.emplace_back("Since", moment(report["since"], settings.time_zone));
    draft.before.emplace_back(
        "Incidents", std::to_string(count("incidents")) + ": " + std::to_string(count("repaired")) +
                         " repaired unaided, " + std::to_string(count("recovered_by_themselves")) +
                         " went by themselves, " + std::to_string(count("closed_by_people")) +
                         " closed by people");
    for (auto& row : digest_rows(report, settings.time_zone))
        draft.before.push_back(std::move(row));
    draft.ask = count("open") > 0 ? "See what is open: ops-agent incidents" : "No action needed";
    draft.channels = settings.digest.channels;
    return draft;
}

void read_digest(const Node& node, EscalationSettings& settings,
                 const std::vector<std::string>& left_out, Problems& problems) {
    if (!node) return;
    Fields fields(node, "'digest'", problems);
    DigestSettings& read = settings.digest;
    const std::string every = fields.text("every", "day");
    read.every = every == "week" ? DigestSettings::Every::week : DigestSettings::Every::day;
    if (every != "day" && every != "week") {
        problems.error(fields.place_of("every"), "'every' is day or week, not '" + every + "'");
    }
    const Result<int> at = parse_clock(fields.text("at", "08:00"));
    if (at.ok()) read.at = at.value() % (24 * 60);
    if (!at.ok()) problems.error(fields.place_of("at"), at.error().message);
    const std::string on = to_lower(fields.text("on", "monday"));
    const auto weekday = std::find(kDays.begin(), kDays.end(), on);
    if (weekday != kDays.end()) read.weekday = static_cast<int>(weekday - kDays.begin());
    const std::vector<std::string> days(kDays.begin(), kDays.end());
    if (weekday == kDays.end()) {
        problems.error(fields.place_of("on"),
                       "'" + on + "' is no day of the week" + did_you_mean(on, days));
    }
    if (fields.has("on") && every == "day") {
        problems.warning(fields.place_of("on"), "'on' is of 'every: week'; this one is daily");
    }
    read.time_zone = fields.text("time_zone", settings.time_zone);
    check_zone(fields, read.time_zone, problems);
    read.empty = fields.boolean("empty", read.empty);
    // Pages of open problems: a digest would be one more of them, and stay open.
    const auto takes = [&](const std::string& name) {
        const ChannelSettings* channel = settings.find(name);
        return channel != nullptr && channel->kind != "pagerduty" &&
               channel->kind != "alertmanager";
    };
    const std::vector<std::string> named = fields.texts("channels");
    for (const std::string& name : settings.names_as_channels(named)) {
        if (std::find(left_out.begin(), left_out.end(), name) != left_out.end()) continue;
        if (takes(name)) {
            read.channels.push_back(name);
        } else if (settings.find(name) != nullptr) {
            problems.error(fields.place_of("channels"),
                           "channel '" + name + "' takes problems only, and no digest");
        } else {
            std::vector<std::string> known;
            for (const ChannelSettings& one : settings.channels) known.push_back(one.name);
            for (const Person& one : settings.people) known.push_back(one.name);
            problems.error(fields.place_of("channels"),
                           "no channel or person '" + name + "'" + did_you_mean(name, known));
        }
    }
    fields.done();
    if (!named.empty()) return;
    for (const std::string& name : settings.route(Level::warning)) {
        if (takes(name)) read.channels.push_back(name);
    }
    if (read.channels.empty()) {
        problems.error(node.place, "'digest' needs 'channels': none of those of warnings takes it");
    }
}

}  // namespace ops

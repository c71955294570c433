#include "escalate/digest.h"

#include <gtest/gtest.h>

#include "escalate/desk_for_test.h"
#include "escalate/escalate.h"

namespace ops {
namespace {

using Names = std::vector<std::string>;

Time at(const std::string& text) { return parse_rfc3339(text).value(); }

std::string minute(Time time) { return format_rfc3339(time).substr(0, 16); }

TEST(Digest, IsDueByTheClockOfItsZone) {
    using Every = DigestSettings::Every;
    const struct {
        const char* why;
        Every every;
        int at;  // minute
        const char* zone;
        const char* now;
        const char* is;  // "DAY FROM UNTIL"
    } rows[] = {
        {"a minute before it is that of the day before", Every::day, 8 * 60, "UTC",
         "2026-11-30T07:59:59Z", "2026-11-29 2026-11-28T08:00 2026-11-29T08:00"},
        {"at its minute", Every::day, 8 * 60, "UTC", "2026-11-30T08:00:00Z",
         "2026-11-30 2026-11-29T08:00 2026-11-30T08:00"},
        {"all day long", Every::day, 8 * 60, "UTC", "2026-11-30T23:59:59Z",
         "2026-11-30 2026-11-29T08:00 2026-11-30T08:00"},
        {"in winter", Every::day, 8 * 60, "Europe/Berlin", "2026-11-30T07:00:00Z",
         "2026-11-30 2026-11-29T07:00 2026-11-30T07:00"},
        {"on the day of summer time the day is an hour shorter", Every::day, 8 * 60,
         "Europe/Berlin", "2026-03-29T06:00:00Z", "2026-03-29 2026-03-28T07:00 2026-03-29T06:00"},
        {"and not a minute earlier", Every::day, 8 * 60, "Europe/Berlin", "2026-03-29T05:59:59Z",
         "2026-03-28 2026-03-27T07:00 2026-03-28T07:00"},
        {"on its last day an hour longer", Every::day, 8 * 60, "Europe/Berlin",
         "2026-10-25T07:00:00Z", "2026-10-25 2026-10-24T06:00 2026-10-25T07:00"},
        {"02:30 is left out: it is due when it is left out", Every::day, 150, "Europe/Berlin",
         "2026-03-29T01:00:00Z", "2026-03-29 2026-03-28T01:30 2026-03-29T01:00"},
        {"02:30 comes twice: the first counts", Every::day, 150, "Europe/Berlin",
         "2026-10-25T00:30:00Z", "2026-10-25 2026-10-24T00:30 2026-10-25T00:30"},
        {"the date is the zone's", Every::day, 0, "Asia/Tokyo", "2026-11-29T15:00:00Z",
         "2026-11-30 2026-11-28T15:00 2026-11-29T15:00"},
        {"a week's, on its Monday", Every::week, 8 * 60, "UTC", "2026-11-30T08:00:00Z",
         "2026-11-30 2026-11-23T08:00 2026-11-30T08:00"},
        {"before its hour it is the last week's", Every::week, 8 * 60, "UTC",
         "2026-11-30T07:59:00Z", "2026-11-23 2026-11-16T08:00 2026-11-23T08:00"},
        {"on a Sunday, too", Every::week, 8 * 60, "UTC", "2026-12-06T12:00:00Z",
         "2026-11-30 2026-11-23T08:00 2026-11-30T08:00"},
        {"a week over the change of time", Every::week, 8 * 60, "Europe/Berlin",
         "2026-03-30T06:00:00Z", "2026-03-30 2026-03-23T07:00 2026-03-30T06:00"},
    };
    for (const auto& row : rows) {
        DigestSettings settings;
        settings.every = row.every;
        settings.at = row.at;
        settings.time_zone = row.zone;
        const auto period = digest_period(settings, at(row.now));
        ASSERT_TRUE(period) << row.why;
        EXPECT_EQ(period->day + " " + minute(period->from) + " " + minute(period->until), row.is)
            << row.why;
    }
    EXPECT_FALSE(digest_period({}, at("2026-11-30T08:00:00Z"))) << "nobody asked for one";
}

const std::string kChannels = R"(agent: {name: alien, time_zone: Europe/Berlin}
channels:
  - {name: mail, console: {}}
  - {name: phone, console: {}}
  - {name: bob-sms, console: {}}
  - {name: pd, pagerduty: {routing_key_file: pd.key}}
)";

EscalationSettings read(const std::string& escalation) {
    EscalationSettings settings;
    EXPECT_EQ(lint_channels(kChannels + "escalation:\n" + escalation, &settings), "");
    return settings;
}

TEST(Digest, GoesWhereItIsToldTo) {
    const struct {
        const char* why;
        const char* escalation;
        Names channels;
    } rows[] = {
        {"the channels that are named", "  digest: {channels: [phone, mail]}\n", {"phone", "mail"}},
        {"else those of warnings", "  warning: [mail]\n  digest: {every: week}\n", {"mail"}},
        {"but none that takes problems only", "  warning: [pd, mail]\n  digest: {}\n", {"mail"}},
        {"a person is their channels",
         "  people: [{name: bob, channels: [bob-sms, phone]}]\n  digest: {channels: [bob, "
         "phone]}\n",
         {"bob-sms", "phone"}},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(read(row.escalation).digest.channels, row.channels) << row.why;
    }
    EXPECT_EQ(read("  warning: [mail]\n").digest.every, DigestSettings::Every::never);
}

TEST(Digest, SaysWhatIsWrongWithItsSettings) {
    const struct {
        const char* digest;
        const char* says;
    } rows[] = {
        {"{every: month}", "'every' is day or week, not 'month'"},
        {"{at: \"8\"}", "'8' is no time of the day"},
        {"{every: week, on: mondy}", "'mondy' is no day of the week (did you mean 'monday'?)"},
        {"{on: monday}", "'on' is of 'every: week'; this one is daily"},
        {"{time_zone: Europe/Berlon}", "no time zone 'Europe/Berlon'"},
        {"{channels: [maill]}", "no channel or person 'maill' (did you mean 'mail'?)"},
        {"{channels: [pd]}", "channel 'pd' takes problems only, and no digest"},
        {"{evry: day}", "evry"},
    };
    for (const auto& row : rows) {
        const std::string said = lint_channels(
            kChannels + "escalation:\n  warning: [mail]\n  digest: " + row.digest + "\n");
        EXPECT_NE(said.find(row.says), std::string::npos) << row.digest << ":\n" << said;
    }
}

Json some_report() {
    return Json::parse(R"json({
        "since": "2026-11-29T07:00:00Z", "until": "2026-11-30T07:00:00Z",
        "incidents": 5, "repaired": 3, "recovered_by_themselves": 1, "closed_by_people": 0,
        "open": 1, "alerts": 2, "median_repair_seconds": 35,
        "repaired_what": [
            {"title": "worker_3 is down", "did": "Restarted worker_3", "times": 2},
            {"title": "Disk space at 92%", "did": "Cleared 3GB of old logs", "times": 1}],
        "told_what": [{"title": "web is down", "level": "alert", "times": 2}],
        "open_what": [{"title": "web is down", "id": "inc-1", "level": "alert",
                       "opened_at": "2026-11-29T20:15:00Z", "acknowledged": true}],
        "silences": [{"matchers": ["db", "level<=warning"], "until": "2026-11-30T12:00:00Z",
                      "by": "ann", "reason": "new cables"}],
        "maintenance": [{"names": ["pc"], "until": "2026-11-30T09:00:00Z", "by": "", "reason": ""}],
        "trouble": {"channels": [{"channel": "phone", "error": "HTTP 404", "times": 3}],
                    "budgets": [{"target": "web", "times": 1,
                                 "reason": "5 actions within an hour (actions_per_hour)"}]
}
, "learned" : [ {"entry" : "restart web", "to" : "shadow"} ]
})json")
        .value();
}

TEST(Digest, ReadsLikeThis) {
    EscalationSettings settings = read("  digest: {channels: [mail, phone]}\n");
    const AlertDraft draft =
        compose_digest(some_report(), "2026-11-30", settings, at("2026-11-30T07:00:00Z"));
    EXPECT_EQ(draft.key, "digest/2026-11-30");
    EXPECT_EQ(draft.level, Level::log);
    EXPECT_EQ(draft.channels, (Names{"mail", "phone"}));
    EXPECT_EQ(draft.text(settings.time_zone),
              "📋 DIGEST: alien: 3 repaired unaided, 2 messages to people, 1 still open\n"
              "Time: 2026-11-30 08:00\n"
              "Since: 2026-11-29 08:00\n"
              "Incidents: 5: 3 repaired unaided, 1 went by themselves, 0 closed by people\n"
              "Repaired: worker_3 is down (2 times): Restarted worker_3\n"
              "Repaired: Disk space at 92%: Cleared 3GB of old logs\n"
              "Told: alert, web is down (2 times)\n"
              "Open: web is down, since 2026-11-29 21:15, acknowledged\n"
              "Silent: db level<=warning until 2026-11-30 13:00 (ann: new cables)\n"
              "Maintenance: pc until 2026-11-30 10:00\n"
              "Channel: phone failed (3 times): HTTP 404\n"
              "Limit: web: 5 actions within an hour (actions_per_hour)\n"
              "Learned: 'restart web', shadow\n"
              "👉 See what is open: ops-agent incidents");
    EXPECT_EQ(AlertDraft::from_json(draft.to_json("UTC")).state, AlertState::digest);
}

TEST(Digest, IsShortWhateverHappened) {
    Json report = some_report();
    Json many = Json::array();
    for (int i = 0; i < 20; ++i) many.push(Json::object({{"title", "x"}, {"times", 1}}));
    report.set("repaired_what", many);
    const DigestRows rows = digest_rows(report, "UTC");
    EXPECT_EQ(std::count_if(rows.begin(), rows.end(),
                            [](const auto& row) { return row.first == "Repaired"; }),
              9);
    EXPECT_EQ(rows[8].second, "12 more");
}

TEST(Digest, IsOfSomething) {
    const std::string nothing =
        R"({"incidents":0,"open":0,"alerts":0,"trouble":{"channels":[],"budgets":[]},"learned":[],
            "silences":[{"matchers":["db"]}],"maintenance":[{}]})";
    EXPECT_TRUE(is_uneventful(Json::parse(nothing).value())) << "a silence alone is no event";
    for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
             {"incidents", "1"},
             {"open", "1"},
             {"alerts", "1"},
             {"learned", "[{}]"},
             {"trouble", R"({"channels":[{}],"budgets":[]})"},
             {"trouble", R"({"channels":[],"budgets":[{}]})"}}) {
        Json report = Json::parse(nothing).value();
        report.set(key, Json::parse(value).value());
        EXPECT_FALSE(is_uneventful(report)) << key;
    }
}

TEST(Digest, WaitsForWhoIsInQuietHoursAndIsItself) {
    EscalationSettings settings = read(
        "  people:\n"
        "    - {name: bob, channels: bob-sms, time_zone: UTC,\n"
        "       quiet_hours: {from: \"22:00\", to: \"09:00\"}}\n"
        "  digest: {channels: [mail, bob]}\n");
    Time now = at("2026-11-30T07:00:00Z");
    Escalator escalator(settings, now);
    const auto digest = compose_digest(some_report(), "2026-11-30", settings, now);
    const auto first = escalator.digest(digest, now);
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].channels, Names{"mail"});
    const Json saved = Json::parse(escalator.save().dump()).value();
    Escalator again(settings, now);
    again.restore(saved, now);
    std::vector<AlertDraft> told;
    for (; now <= at("2026-11-30T09:00:00Z"); now += std::chrono::minutes(1)) {
        for (AlertDraft& draft : again.tick(now)) told.push_back(std::move(draft));
    }
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].channels, Names{"bob-sms"});
    EXPECT_EQ(told[0].text("UTC"), digest.text("UTC"));
}

}  // namespace
}  // namespace ops

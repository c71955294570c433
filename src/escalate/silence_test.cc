#include "escalate/silence.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "escalate/desk_for_test.h"
#include "escalate/escalate.h"

namespace ops {
namespace {

const Time kNow = parse_rfc3339("2026-01-29T13:30:00Z").value();
constexpr Duration kHour = std::chrono::hours(1);
using Names = std::vector<std::string>;

TEST(Matchers, HoldOrNot) {
    const SilenceSubject subject{.target = "worker_3",
                                 .group = "worker",
                                 .host = "pc",
                                 .rule = "Disk space critical",
                                 .incident = "inc-1",
                                 .level = Level::alert};
    const struct {
        const char* why;
        Names matchers;
        bool holds;
    } rows[] = {
        {"a name", {"worker_3"}, true},
        {"another name", {"worker_4"}, false},
        {"a pattern", {"worker_*"}, true},
        {"the same with its key", {"target=worker_*"}, true},
        {"a group", {"group=worker"}, true},
        {"a group is no target", {"worker"}, false},
        {"a host", {"host=pc"}, true},
        {"a rule is told by its beginning, in any case", {"rule=disk*"}, true},
        {"another rule", {"rule=down"}, false},
        {"one incident", {"incident=inc-1"}, true},
        {"another one", {"incident=inc-2"}, false},
        {"its level", {"level=alert"}, true},
        {"as the runbook writes it", {"level==alert"}, true},
        {"a lower level", {"level=warning"}, false},
        {"below it", {"level<alert"}, false},
        {"up to it", {"level<=alert"}, true},
        {"up to less", {"level<=warning"}, false},
        {"above it", {"level>alert"}, false},
        {"from it on", {"level>=alert"}, true},
        {"from less on", {"level>warning"}, true},
        {"all of several", {"worker_*", "level<=alert", "host=pc"}, true},
        {"all but one of several", {"worker_*", "level<=warning"}, false},
        {"spaces around a sign", {"level <= alert"}, true},
    };
    for (const auto& row : rows) {
        Silence silence;
        const auto matchers = parse_matchers(row.matchers);
        ASSERT_TRUE(matchers.ok()) << row.why << ": " << matchers.error().message;
        silence.matchers = matchers.value();
        EXPECT_EQ(silence.holds(subject), row.holds) << row.why;
    }
    EXPECT_FALSE(Silence{}.holds(subject)) << "no matcher at all holds nothing";
}

TEST(Matchers, AreShownInOneWay) {
    for (const auto& [written, shown] :
         std::vector<std::pair<std::string, std::string>>{{"target=db", "db"},
                                                          {"level == alert", "level=alert"},
                                                          {" group = worker ", "group=worker"},
                                                          {"level<= warning", "level<=warning"},
                                                          {"level>warning", "level>warning"}}) {
        EXPECT_EQ(parse_matcher(written).value().text(), shown);
    }
}

TEST(Matchers, WhatIsCriticalMustBeNamed) {
    const SilenceSubject subject{.target = "worker_3",
                                 .group = "worker",
                                 .host = "pc",
                                 .rule = "down",
                                 .incident = "inc-1",
                                 .level = Level::critical};
    const struct {
        Names matchers;
        bool holds;
    } rows[] = {
        {{"worker_3"}, true},
        {{"*"}, true},
        {{"level=critical"}, true},
        {{"level>=warning"}, true},
        {{"group=worker"}, false},
        {{"host=pc"}, false},
        {{"rule=down"}, false},
        {{"incident=inc-1"}, false},
        {{"group=worker", "level<=critical"}, true},
        {{"group=worker", "worker_*"}, true},
    };
    for (const auto& row : rows) {
        Silence silence;
        silence.matchers = parse_matchers(row.matchers).value();
        EXPECT_EQ(silence.holds(subject), row.holds) << join(row.matchers, " ");
    }
}

TEST(Matchers, SayWhatIsWrongWithThem) {
    const std::string keys = "; there are target, group, host, rule, incident, level";
    const struct {
        const char* text;
        std::string error;
    } rows[] = {
        {"levl=warning", "a silence cannot ask for 'levl' (did you mean 'level'?)" + keys},
        {"grup=worker", "a silence cannot ask for 'grup' (did you mean 'group'?)" + keys},
        {"owner=ann", "a silence cannot ask for 'owner'" + keys},
        {"=ann", "a silence cannot ask for ''" + keys},
        {"level=warn", "no level 'warn'; there are log, warning, alert, critical"},
        {"level=critcal",
         "no level 'critcal' (did you mean 'critical'?); there are log, warning, alert, critical"},
        {"level<=none", "no level 'none'; there are log, warning, alert, critical"},
        {"level=", "'level=' names no level"},
        {"group<=worker",
         "'group<=worker': a group is compared with '=' only, a level also with '<='"},
        {"", "a silence needs a name or a pattern"},
        {"  ", "a silence needs a name or a pattern"},
        {"db\x1b[2J", "a matcher is plain text: 'db'"},
    };
    for (const auto& row : rows) {
        const auto matcher = parse_matcher(row.text);
        ASSERT_FALSE(matcher.ok()) << row.text;
        EXPECT_EQ(matcher.error().message, row.error) << row.text;
    }
    EXPECT_FALSE(parse_matcher(std::string(201, 'a')).ok()) << "too long";
    EXPECT_FALSE(parse_matchers(Names(11, "a")).ok()) << "too many";
    EXPECT_FALSE(parse_matchers({}).ok());
}

class Room {
public:
    explicit Room(const std::string& more = "") {
        const std::string config = "channels:\n  - {name: mail, console: {}}\n" + more;
        EXPECT_EQ(lint_channels(config, &settings), "");
        begin();
    }
    void begin() { escalator = std::make_unique<Escalator>(settings, now); }
    Silence silence(const Names& matchers, Duration span = kHour) {
        const auto made = escalator->silence({matchers, now + span, "ann", "new cables"}, now);
        EXPECT_TRUE(made.ok()) << made.error().message;
        return made.ok() ? made.value() : Silence{};
    }
    size_t news(const std::string& target, const char* level, const char* group = "") {
        Incident& incident = incidents[target];
        incident.id = "inc-" + target;
        incident.title = target + " is down";
        incident.target = target;
        incident.rule = incident.seen = incident.reason = "something";
        incident.level = level;
        incident.opened_at = now;
        return escalator
            ->news({.incident = incident,
                    .actions = {},
                    .before = {},
                    .now = {},
                    .criterion = "",
                    .alert_step = "",
                    .group = group},
                   now)
            .size();
    }
    size_t pass(Duration span) {
        size_t told = 0;
        for (const Time end = now + span; now < end;) {
            now += std::chrono::seconds(10);
            told += escalator->tick(now).size();
        }
        return told;
    }
    EscalationSettings settings;
    Time now = kNow;
    std::map<std::string, Incident> incidents;
    std::unique_ptr<Escalator> escalator;
};

TEST(Silences, OfALevelLetWhatRisesAboveItThrough) {
    Room room;
    room.silence({"level<=warning"});
    EXPECT_EQ(room.news("db", "warning"), 0U);
    EXPECT_EQ(room.pass(kHour / 2), 0U);
    EXPECT_EQ(room.news("db", "alert"), 1U) << "it is worse than what is silent";
    EXPECT_EQ(room.news("web", "critical"), 1U);
}

TEST(Silences, OfALowerLevelDoNotHoldWhatBecomesAnAlertByItself) {
    Room room;
    room.silence({"level<=warning"}, 2 * kHour);
    Incident& incident = room.incidents["db"];
    EXPECT_EQ(room.news("db", "none"), 0U);
    incident.rule = "down";
    EXPECT_EQ(room.escalator
                  ->news({.incident = incident,
                          .actions = {},
                          .before = {},
                          .now = {},
                          .criterion = "",
                          .alert_step = ""},
                         room.now)
                  .size(),
              0U);
    EXPECT_EQ(room.pass(std::chrono::minutes(11)), 1U) << "down for 10 minutes is an alert";
}

TEST(Silences, BegunInQuietHoursHoldOnWhatWaits) {
    Room room("escalation: {quiet_hours: {from: \"13:00\", to: \"14:00\", time_zone: UTC}}\n");
    EXPECT_EQ(room.news("db", "warning"), 0U);
    EXPECT_EQ(room.news("web", "warning"), 0U);
    room.silence({"db"}, 2 * kHour);
    EXPECT_EQ(room.pass(kHour), 1U) << "web, at the end of the quiet hours";
    EXPECT_EQ(room.pass(kHour + std::chrono::minutes(1)), 1U) << "db, at the end of the silence";
}

TEST(Silences, OfAGroupHoldWhatIsNotCritical) {
    Room room;
    room.silence({"group=worker"});
    EXPECT_EQ(room.news("w1", "alert", "worker"), 0U);
    EXPECT_EQ(room.news("db", "alert", "store"), 1U);
    EXPECT_EQ(room.news("w2", "critical", "worker"), 1U) << "nobody named it";
    EXPECT_EQ(room.pass(kHour + std::chrono::minutes(1)), 1U) << "w1 is still bad at the end";
}

TEST(Silences, EndedEarlyTellWhatIsStillBadAndOnlyThen) {
    Room room;
    const Silence made = room.silence({"db"});
    EXPECT_EQ(made.id.substr(0, 4), "sil-");
    EXPECT_EQ(room.news("db", "alert"), 0U);
    EXPECT_EQ(room.pass(kHour / 4), 0U);
    EXPECT_FALSE(room.escalator->end_silence("sil-nothing", room.now));
    const auto ended = room.escalator->end_silence(made.id, room.now);
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->reason, "new cables");
    EXPECT_EQ(room.pass(std::chrono::seconds(10)), 1U);
    EXPECT_FALSE(room.escalator->end_silence(made.id, room.now)) << "it is over";
}

TEST(Silences, OfTheSameMatchersAreOne) {
    Room room;
    const Silence first = room.silence({"db", "level<=alert"});
    room.now += kHour / 2;
    const Silence again = room.silence({"level<=alert", "db"}, 2 * kHour);
    EXPECT_EQ(again.id, first.id);
    EXPECT_EQ(again.since, first.since);
    EXPECT_EQ(room.escalator->silences(room.now).size(), 1U);
    EXPECT_NE(room.silence({"db"}).id, first.id);
    EXPECT_EQ(room.escalator->silences(room.now + 2 * kHour).size(), 0U);
}

TEST(Silences, HaveAnEndInSight) {
    Room room;
    const auto said = [&](Time until) {
        const auto made = room.escalator->silence({{"db"}, until, "ann", ""}, room.now);
        return made.ok() ? "" : made.error().message;
    };
    EXPECT_EQ(said(room.now), "the silence would be over already");
    EXPECT_EQ(said(room.now + kLongestSilence + kHour), "a silence lasts a year at most");
    EXPECT_EQ(said(room.now + kLongestSilence), "");
}

TEST(Silences, GoOnAfterARestart) {
    Room room;
    const Silence made = room.silence({"group=worker", "level<=alert"});
    EXPECT_EQ(room.news("w1", "alert", "worker"), 0U);
    const Json saved = Json::parse(room.escalator->save().dump()).value();
    room.begin();
    room.escalator->restore(saved, room.now);
    const auto all = room.escalator->silences(room.now);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].to_json().dump(), made.to_json().dump());
    EXPECT_EQ(room.pass(kHour / 2), 0U) << "it knows still what w1 is";
    EXPECT_EQ(room.pass(kHour), 1U);
}

TEST(Silences, OfAnOlderVersionAreUnderstood) {
    const Json saved = Json::parse(R"({"version":1,"silences":[
        {"matcher":"worker_*","until":"2026-01-29T15:30:00Z","by":"ann"},
        {"matcher":"db","until":"nonsense","by":"ann"},
        {"matcher":"","until":"2026-01-29T15:30:00Z","by":"ann"}]})")
                           .value();
    Room room;
    room.escalator->restore(saved, room.now);
    const auto all = room.escalator->silences(room.now);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].texts(), Names{"worker_*"});
    EXPECT_EQ(all[0].by, "ann");
    EXPECT_EQ(all[0].id.substr(0, 4), "sil-");
    EXPECT_EQ(room.news("worker_1", "critical"), 0U);
    room.begin();
    room.escalator->restore(saved, room.now);
    EXPECT_EQ(room.escalator->silences(room.now)[0].id, all[0].id) << "always the same id";
}

}  // namespace
}  // namespace ops

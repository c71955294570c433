// Quiet hours, people, repeats and reminders; and the hours themselves.
#include <gtest/gtest.h>

#include "escalate/desk_for_test.h"
#include "escalate/escalate.h"
#include "escalate/hours_settings.h"

namespace ops {
namespace {

using Names = std::vector<std::string>;

Time at(const char* text) { return parse_rfc3339(text).value(); }

const std::string kPeople = R"(channels:
  - {name: phone, console: {}}
  - {name: mail, console: {}}
  - {name: bob-sms, console: {}}
escalation:
  people:
    - {name: ann, channels: [phone, mail], time_zone: Europe/Berlin,
       quiet_hours: {from: "22:00", to: "07:00"}}
    - {name: bob, channels: bob-sms}
  critical: [ann, bob]
  warning: ann
  unacked_after: 5m
  repeat_every: 1h
)";

class Night {
public:
    explicit Night(const char* begins = "2026-01-29T22:30:00Z", const std::string& config = kPeople)
        : now(at(begins)) {
        EXPECT_EQ(lint_channels(config, &read), "");
        begin();
    }
    void begin() { escalator = std::make_unique<Escalator>(read, now); }
    std::vector<AlertDraft> news(const std::string& id, const char* level,
                                 IncidentState state = IncidentState::open,
                                 bool acknowledged = false) {
        Incident& incident = incidents[id];
        incident.id = id;
        incident.title = id + " is down";
        incident.target = id;
        incident.level = level;
        incident.rule = incident.seen = incident.reason = "something";
        incident.state = state;
        incident.acknowledged = acknowledged;
        if (incident.opened_at == Time{}) incident.opened_at = now;
        return escalator->news({.incident = incident,
                                .actions = {},
                                .before = {},
                                .now = {},
                                .criterion = "",
                                .alert_step = ""},
                               now);
    }
    std::vector<AlertDraft> until(const char* end) {
        std::vector<AlertDraft> said;
        while (now < at(end)) {
            now += std::chrono::seconds(10);
            for (AlertDraft& draft : escalator->tick(now)) said.push_back(std::move(draft));
        }
        return said;
    }
    static Names to(const std::vector<AlertDraft>& drafts) {
        Names channels;
        for (const AlertDraft& draft : drafts) {
            channels.insert(channels.end(), draft.channels.begin(), draft.channels.end());
        }
        return channels;
    }
    EscalationSettings read;
    Time now;
    std::map<std::string, Incident> incidents;
    std::unique_ptr<Escalator> escalator;
};

TEST(People, AreWaysInTheOrderOfTheLadder) {
    const Night day;
    EXPECT_EQ(day.read.route(Level::critical), (Names{"phone", "mail", "bob-sms"}));
    EXPECT_EQ(day.read.route(Level::warning), (Names{"phone", "mail"}));
}

TEST(QuietHours, WarningsWaitAndAreOneMessageInTheMorning) {
    Night night;  // 23:30 in Berlin
    EXPECT_TRUE(night.news("a", "warning").empty());
    EXPECT_TRUE(night.news("b", "warning").empty());
    EXPECT_TRUE(night.news("c", "warning").empty());
    EXPECT_TRUE(night.news("c", "warning", IncidentState::resolved).empty()) << "nobody was told";
    EXPECT_TRUE(night.until("2026-01-30T05:59:50Z").empty()) << "06:59:50 in Berlin";
    const auto said = night.until("2026-01-30T06:00:10Z");
    ASSERT_EQ(Night::to(said), Names{"phone"});
    EXPECT_EQ(said[0].title, "2 messages of the quiet hours") << "what is over is left out";
    EXPECT_EQ(Night::to(night.news("a", "warning", IncidentState::resolved)), Names{"phone"})
        << "who was told in the morning is told of its end";
}

TEST(QuietHours, OneThatWaitsIsItself) {
    Night night;
    EXPECT_TRUE(night.news("a", "warning").empty());
    const auto said = night.until("2026-01-30T06:00:10Z");
    ASSERT_EQ(said.size(), 1U);
    EXPECT_EQ(said[0].title, "a is down");
    EXPECT_EQ(said[0].incident, "a") << "so that it is changed when it is over";
}

TEST(QuietHours, WhatIsCriticalWakes) {
    Night night;
    EXPECT_EQ(Night::to(night.news("a", "critical")), Names{"phone"});
    EXPECT_TRUE(night.news("b", "warning").empty());
    EXPECT_EQ(Night::to(night.news("b", "critical")), Names{"phone"}) << "became critical";
    EXPECT_EQ(night.until("2026-01-30T06:00:10Z")[0].state, AlertState::raised);
}

TEST(QuietHours, AnAlertGoesToWhoIsAwakeAndClimbsNoneOfTheOthers) {
    Night night;
    EXPECT_EQ(Night::to(night.news("a", "alert")), Names{"bob-sms"});
    EXPECT_TRUE(night.until("2026-01-30T05:59:00Z").empty());
    EXPECT_EQ(Night::to(night.until("2026-01-30T06:00:10Z")), Names{"phone"});
}

const std::string kOneAMinute = kPeople + "  storm: 1\n";

TEST(QuietHours, AStormOfWarningsWaits) {
    Night night("2026-01-29T22:30:00Z", kOneAMinute);
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(night.news("inc-" + std::to_string(i), "warning").empty());
    }
    EXPECT_TRUE(night.until("2026-01-30T05:59:50Z").empty()) << "06:59 in Berlin";
    const auto morning = night.until("2026-01-30T06:00:00Z");
    ASSERT_EQ(morning.size(), 1U);
    EXPECT_EQ(morning[0].channels, Names{"phone"});
    EXPECT_NE(morning[0].text("UTC").find("19 more incidents"), std::string::npos)
        << morning[0].text("UTC");
    EXPECT_TRUE(Night::to(night.until("2026-01-30T06:04:00Z")).empty()) << "nothing twice";
    EXPECT_EQ(Night::to(night.until("2026-01-30T06:06:00Z")), (Names{"mail", "mail"}))
        << "from then on both climb, the first incident and the storm";
}

TEST(QuietHours, AStormThatIsOverByMorningIsNotTold) {
    Night night("2026-01-29T22:30:00Z", kOneAMinute);
    for (int i = 0; i < 20; ++i) night.news("inc-" + std::to_string(i), "warning");
    EXPECT_TRUE(night.until("2026-01-30T01:00:00Z").empty());
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(
            night.news("inc-" + std::to_string(i), "warning", IncidentState::resolved).empty());
    }
    EXPECT_TRUE(night.until("2026-01-30T08:00:00Z").empty());
}

TEST(QuietHours, AStormOfAlertsGoesToWhoIsAwake) {
    Night night("2026-01-29T22:30:00Z", kOneAMinute);
    for (int i = 0; i < 20; ++i) night.news("inc-" + std::to_string(i), "alert");
    EXPECT_EQ(Night::to(night.until("2026-01-29T22:31:00Z")), Names{"bob-sms"});
    const Names later = Night::to(night.until("2026-01-30T05:59:50Z"));
    EXPECT_EQ(std::count(later.begin(), later.end(), "phone"), 0);
}

TEST(QuietHours, AStormThatBecomesCriticalWakes) {
    Night night("2026-01-29T22:30:00Z", kOneAMinute);
    for (int i = 0; i < 20; ++i) night.news("inc-" + std::to_string(i), "warning");
    EXPECT_TRUE(night.until("2026-01-29T22:40:00Z").empty());
    EXPECT_EQ(Night::to(night.news("inc-a", "critical")), Names{"phone"});
    for (int i = 0; i < 5; ++i) night.news("inc-b" + std::to_string(i), "critical");
    const Names woken = Night::to(night.until("2026-01-29T22:42:00Z"));
    EXPECT_EQ(woken, Names{"phone"}) << "the storm's own message, too";
}

TEST(QuietHours, ARecoveryOfWhatWasToldByDayWaitsToo) {
    Night night("2026-01-29T20:30:00Z");
    EXPECT_EQ(Night::to(night.news("a", "warning")), Names{"phone"});
    (void)night.until("2026-01-29T22:30:00Z");
    EXPECT_TRUE(night.news("a", "warning", IncidentState::resolved).empty());
    const auto said = night.until("2026-01-30T06:00:10Z");
    ASSERT_EQ(Night::to(said), (Names{"mail", "phone"})) << "both had heard of it by then";
    EXPECT_EQ(said[0].state, AlertState::recovered);
}

TEST(QuietHours, WhatWaitsIsNotForgottenByARestart) {
    Night night;
    EXPECT_TRUE(night.news("a", "warning").empty());
    const Json saved = Json::parse(night.escalator->save().dump()).value();
    night.begin();
    night.escalator->restore(saved, night.now);
    EXPECT_TRUE(night.news("a", "warning").empty());
    EXPECT_EQ(Night::to(night.until("2026-01-30T06:00:10Z")), Names{"phone"});
}

TEST(Repeat, CriticalUntilAcknowledgedAndThenOnceADay) {
    Night night;
    (void)night.news("a", "critical");
    EXPECT_EQ(Night::to(night.until("2026-01-29T22:45:00Z")), (Names{"mail", "bob-sms"}));
    const auto again = night.until("2026-01-29T23:45:00Z");
    ASSERT_EQ(again.size(), 1U) << "an hour after the last word";
    EXPECT_NE(again[0].key.find(kSaidAgain), std::string::npos);
    EXPECT_EQ(again[0].channels, (Names{"bob-sms", "mail", "phone"}));
    (void)night.news("a", "critical", IncidentState::open, true);
    EXPECT_TRUE(night.until("2026-01-30T23:30:00Z").empty()) << "a day, and then their night";
    const auto reminder = night.until("2026-01-31T06:00:10Z");
    ASSERT_GE(reminder.size(), 1U);
    EXPECT_EQ(reminder[0].before.back().first, "Reminder");
}

TEST(Recall, WhatAReminderAddsIsOfThatReminderAlone) {
    // Killed after a reminder and before the next save: the journal alone knows of it.
    Night night;
    (void)night.news("a", "critical");
    (void)night.until("2026-01-29T22:45:00Z");
    const Json saved = Json::parse(night.escalator->save().dump()).value();
    const auto first = night.until("2026-01-29T23:45:00Z");
    ASSERT_EQ(first.size(), 1U);
    night.begin();
    night.escalator->restore(saved, night.now);
    night.escalator->recall(night.incidents["a"], "", first);
    const auto second = night.until("2026-01-30T00:45:10Z");
    ASSERT_EQ(second.size(), 1U);
    EXPECT_NE(second[0].key, first[0].key);
    EXPECT_EQ(second[0].before.size(), first[0].before.size()) << second[0].text("UTC");
}

TEST(Recall, AQuestionThatWasHeldIsAskedAfterARestart) {
    Night night;
    const auto asks = [&](int questions) {
        night.incidents["a"].questions = questions;
        return night.news("a", "warning", IncidentState::awaiting_approval);
    };
    night.now = at("2026-01-29T12:00:00Z");
    const auto first = asks(1);
    ASSERT_EQ(first.size(), 1U);
    (void)night.news("a", "warning", IncidentState::verifying);
    const Json saved = Json::parse(night.escalator->save().dump()).value();
    for (const bool was_told : {true, false}) {
        night.begin();
        night.escalator->restore(saved, night.now);
        night.incidents["a"].questions = was_told ? 1 : 2;
        night.incidents["a"].state = IncidentState::awaiting_approval;
        night.escalator->recall(night.incidents["a"], "", first);
        EXPECT_EQ(asks(was_told ? 1 : 2).size(), was_told ? 0U : 1U) << was_told;
    }
}

TEST(Repeat, ZeroIsNever) {
    Night night("2026-01-29T12:00:00Z",
                "channels: [{name: a, console: {}}]\nescalation: {repeat_every: 0s, "
                "remind_every: 0s}\n");
    (void)night.news("a", "critical");
    EXPECT_TRUE(night.until("2026-02-03T12:00:00Z").empty());
}

TEST(Hours, OverMidnightAndInTheirZone) {
    struct Row {
        const char *from, *to, *zone, *at;
        bool is;
        const char* why;
    };
    const Row rows[] = {
        {"22:00", "07:00", "Europe/Berlin", "2026-01-29T21:00:00Z", true, "22:00 there"},
        {"22:00", "07:00", "Europe/Berlin", "2026-01-29T20:59:59Z", false, "21:59 there"},
        {"22:00", "07:00", "Europe/Berlin", "2026-01-30T06:00:00Z", false, "07:00 there"},
        {"22:00", "07:00", "Europe/Berlin", "2026-07-29T20:00:00Z", true, "22:00 in summer"},
        {"12:00", "13:00", "Asia/Kolkata", "2026-01-29T06:30:00Z", true, "noon in India"},
        {"12:00", "24:00", "UTC", "2026-01-29T23:59:00Z", true, "until midnight"},
    };
    for (const Row& row : rows) {
        const QuietHours hours{parse_clock(row.from).value(), parse_clock(row.to).value(),
                               row.zone};
        EXPECT_EQ(hours.contains(at(row.at)), row.is) << row.why;
    }
}

TEST(Windows, OfCronAreOpenForTheirTime) {
    MaintenanceWindow window;
    window.targets = {"db*"};
    window.cron = parse_cron("30 3 * * 0").value();
    window.lasts = std::chrono::hours(2);
    window.time_zone = "Europe/Berlin";
    EXPECT_FALSE(window.open_until(at("2026-02-01T02:29:59Z"))) << "03:29 on a Sunday";
    EXPECT_EQ(window.open_until(at("2026-02-01T02:30:00Z")), at("2026-02-01T04:30:00Z"));
    EXPECT_EQ(window.open_until(at("2026-02-01T04:29:59Z")), at("2026-02-01T04:30:00Z"));
    EXPECT_FALSE(window.open_until(at("2026-02-01T04:30:00Z")));
    EXPECT_FALSE(window.open_until(at("2026-02-02T02:30:00Z"))) << "a Monday";
    EXPECT_TRUE(window.open_until(at("2026-07-05T01:30:00Z"))) << "summer";
    EXPECT_TRUE(window.covers("db1"));
    EXPECT_FALSE(window.covers("web"));
}

TEST(Windows, OpenNext) {
    MaintenanceWindow window;
    window.time_zone = "Europe/Berlin";
    window.lasts = std::chrono::hours(1);
    const struct {
        const char* why;
        const char* cron;
        const char* now;
        const char* next;  // empty: never
    } rows[] = {
        {"later on the day", "30 3 * * 0", "2026-02-01T01:00:00Z", "2026-02-01T02:30:00Z"},
        {"the next, not the one that opens now", "30 3 * * 0", "2026-02-01T02:30:00Z",
         "2026-02-08T02:30:00Z"},
        {"the last minute before", "30 3 * * 0", "2026-02-01T02:29:59Z", "2026-02-01T02:30:00Z"},
        {"over the change to summer time", "30 3 * * 0", "2026-03-28T12:00:00Z",
         "2026-03-29T01:30:00Z"},
        {"an hour that summer time leaves out: the day after", "30 2 29,30 3 *",
         "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z"},
        {"once a year", "0 0 1 1 *", "2026-01-01T00:00:00Z", "2026-12-31T23:00:00Z"},
        {"every minute", "* * * * *", "2026-01-01T00:00:30Z", "2026-01-01T00:01:00Z"},
        {"a day that there is not", "0 0 31 2 *", "2026-01-01T00:00:00Z", ""},
    };
    for (const auto& row : rows) {
        window.cron = parse_cron(row.cron).value();
        const auto next = window.next_opening(at(row.now));
        EXPECT_EQ(next ? format_rfc3339(*next).substr(0, 19) + "Z" : "", row.next) << row.why;
    }
    window.cron.reset();
    window.from = at("2026-02-01T00:00:00Z");
    window.until = at("2026-02-02T00:00:00Z");
    EXPECT_EQ(window.next_opening(at("2026-01-31T23:59:59Z")), window.from);
    EXPECT_FALSE(window.next_opening(window.from)) << "it is open";
    EXPECT_FALSE(window.next_opening(window.until)) << "it is over";
}

TEST(Windows, AreOfSomething) {
    Inventory inventory;
    inventory.services.resize(1);
    inventory.services[0].name = "worker_1";
    inventory.services[0].group = "worker";
    inventory.hosts.resize(1);
    inventory.hosts[0].name = "pc";
    inventory.signals = {"revenue"};
    for (const char* const name : {"worker_1", "worker_*", "worker", "pc", "revenue", "*"}) {
        EXPECT_TRUE(check_window_target(name, inventory).ok()) << name;
    }
    EXPECT_EQ(check_window_target("worke", inventory).error().message,
              "no service, host, group or signal is called 'worke' (did you mean 'worker'?)");
    EXPECT_FALSE(check_window_target("db*", inventory).ok());
}

TEST(Windows, CronLines) {
    struct Row {
        const char* line;
        const char* at;
        bool fires;
    };
    const Row rows[] = {
        {"*/15 * * * *", "2026-01-29T10:45:00Z", true},
        {"*/15 * * * *", "2026-01-29T10:46:00Z", false},
        {"0 9-17 * * 1-5", "2026-01-29T17:00:00Z", true},
        {"0 9-17 * * 1-5", "2026-01-31T17:00:00Z", false},
        {"0 0 1 * 7", "2026-02-01T00:00:00Z", true},
        {"0 0 13 * 5", "2026-01-30T00:00:00Z", true},  // a Friday: one of both is enough
        {"0 0 29 2 *", "2028-02-29T00:00:00Z", true},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(parse_cron(row.line).value().fires(civil_time(at(row.at), "UTC")), row.fires)
            << row.line << " " << row.at;
    }
    for (const char* wrong : {"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
                              "* * * * 8", "*/0 * * * *", "5-1 * * * *", "a * * * *", "1,, * * * *",
                              "* * * * * *", "99999999999 * * * *"}) {
        EXPECT_FALSE(parse_cron(wrong).ok()) << wrong;
    }
}

TEST(Lint, SaysEveryMistakeOfRouting) {
    const std::string said = lint_channels(R"(channels:
  - {name: phone, console: {}}
escalation:
  quiet_hours: {from: "25:00", to: "07:00"}
  people:
    - {name: ann, channels: phon}
    - {name: ann, channels: phone}
    - {name: bob, channels: phone, quiet_hours: {from: "07:00", to: "07:00"}, time_zone: Mars}
    - {name: cid}
  critical: [anne]
  dead_man: {url: "ftp://x", every: 1s}
  maintenance:
    - {targets: nothing, cron: "0 3 * *", lasts: 1h}
    - {cron: "0 3 * * 0", lasts: 8d}
    - {from: "2026-12-02T00:00:00Z", until: "2026-12-01T00:00:00Z"}
    - {from: tomorrow, until: "2026-12-01T00:00:00Z"}
)");
    for (const char* part :
         {"c.yaml:6:23: error: '25:00' is no time of the day", "error: no channel 'phon' (did you",
          "person 'ann' is defined twice", "channel 'phone' is 'ann's already",
          "quiet hours of no length", "no time zone 'Mars' on this machine",
          "a person needs 'channels'", "no channel or person 'anne' (did you mean 'ann'?)",
          "no service, host, group or signal is called 'nothing'", "expected five fields",
          "'lasts' is from 1m to 7d", "ends before it begins", "'from' is no moment",
          "'url' must begin with http:// or https://", "'every' is 10s at least"}) {
        EXPECT_NE(said.find(part), std::string::npos) << part << "\nin\n" << said;
    }
}

TEST(Lint, AnAlertmanagerMayAskWhoKnocks) {
    struct Row {
        const char* written;
        const char* said;
    };
    for (const Row& row : {
             Row{"alertmanager: \"http://am:9093/\"", ""},
             Row{"alertmanager: {url: \"http://am:9093/\", token_file: am.key}", ""},
             Row{"alertmanager: {url: \"http://am\", user: ops, password_file: am.key}", ""},
             Row{"alertmanager: {token_file: am.key}", "'alertmanager' needs 'url'"},
             Row{"alertmanager: {url: am}", "'url' must begin with http:// or https://"},
             Row{"alertmanager: {url: \"http://am\", user: ops}", "belong together"},
             Row{"alertmanager: {url: \"http://am\", user: u, password_file: p, token_file: t}",
                 "not both"},
             Row{"{token_file: am.key, alertmanager: \"http://am\"}", "below 'alertmanager'"},
         }) {
        const std::string written(row.written);
        const std::string map = written.starts_with('{') ? written : "{" + written + "}";
        EscalationSettings read;
        const std::string said = lint_channels(
            "channels: [{name: c, console: {}}]\nescalation: {dead_man: " + map + "}\n", &read);
        if (*row.said == '\0') {
            EXPECT_EQ(said, "") << written;
            EXPECT_TRUE(read.dead_man.is_set()) << written;
        } else {
            EXPECT_NE(said.find(row.said), std::string::npos) << written << "\n" << said;
        }
    }
}

}  // namespace
}  // namespace ops

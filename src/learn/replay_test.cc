// Replay over records made by hand: what it calls a match, a false alarm, and unknown.
#include "learn/replay.h"

#include <gtest/gtest.h>

#include "runbook/runbook.h"

namespace ops {
namespace {

using namespace std::chrono_literals;

constexpr Time kDay0{Duration(1'767'225'600'000)};  // 2026-01-01T00:00:00Z

class ReplayTest : public testing::Test {
protected:
    ReplayTest() {
        Problems problems;
        auto settings = read_settings(
            {{"ops-agent.yaml", R"(
agent: {name: alien}
hosts:
  - {name: alien, local: true}
services:
  - {name: api, host: alien, check: {http: "http://api/"}, restart: "systemctl restart api"}
  - {name: db, host: alien, check: {http: "http://db/"}, restart: "systemctl restart db"}
)"}},
            [](const std::string&) -> std::optional<std::string> { return std::nullopt; },
            problems);
        EXPECT_TRUE(settings) << problems.print();
        if (settings) settings_ = std::move(*settings);
        recorded_.from = kDay0;
        recorded_.exact_from = kDay0;
        recorded_.to = kDay0 + 72h;
        recorded_.own_machine = "alien";
        recorded_.watched = {{kDay0, kDay0 + 72h}};
        for (const char* name : {"api", "db"}) {
            recorded_.statuses[name] = {{kDay0, "up"}};
            change(name, "process_status", kDay0, Value::string("running"));
        }
    }

    void change(const std::string& target, const std::string& fact, Time at, Value value) {
        recorded_.changes[{target, fact}].emplace_back(at, std::move(value));
    }
    // A minute of `value` each, from `from` on.
    void sample(const std::string& target, const std::string& fact, Time from,
                const std::vector<double>& values) {
        for (size_t i = 0; i < values.size(); ++i) {
            recorded_.samples[{target, fact}].push_back(
                {from + static_cast<int>(i) * 1min, values[i]});
        }
    }
    void incident(const std::string& id, const std::string& target, Time from, Time to,
                  const std::string& ran, RecordedEnd end, const char* facts = "{}") {
        RecordedIncident one;
        one.id = id;
        one.target = target;
        one.rule = "down";
        one.opened_at = from;
        one.ended_at = to;
        one.facts = Json::parse(facts).value();
        one.ran = ran;
        one.end = end;
        recorded_.incidents.push_back(one);
    }
    // The process of api is dead for ten minutes of the second day, and that was repaired.
    void api_dies() {
        change("api", "process_status", kDay0 + 30h, Value::string("dead"));
        change("api", "process_status", kDay0 + 30h + 10min, Value::string("running"));
        recorded_.statuses["api"].emplace_back(kDay0 + 30h + 15s, "down");
        recorded_.statuses["api"].emplace_back(kDay0 + 30h + 10min, "up");
        incident("inc-1", "api", kDay0 + 30h + 15s, kDay0 + 30h + 12min, "Dead",
                 RecordedEnd::verified, R"({"process_status":"dead","status":"down"})");
    }
    Runbook runbook(const std::string& entries) {
        Problems problems;
        auto read =
            read_runbook({"runbook.yaml", "common_issues:\n" + entries}, settings_, problems);
        EXPECT_TRUE(read) << problems.print();
        return read ? std::move(*read) : Runbook();
    }
    static std::string entry(const std::string& name, const std::string& symptoms,
                             const std::string& more = "", const std::string& verb = "restart") {
        return "  - name: \"" + name + "\"\n    symptoms: [" + symptoms + "]\n" + more +
               "    auto_resolve: [{command: \"systemctl " + verb + " {service}\"}]\n";
    }
    EntryReplay only(const std::string& entries) {
        return replay(recorded_, runbook(entries), settings_.inventory).entries.at(0);
    }
    ReplayComparison compare_with(const std::string& old_entries, const std::string& new_entries) {
        const Runbook before = runbook(old_entries), after = runbook(new_entries);
        return compare(replay(recorded_, before, settings_.inventory), before,
                       replay(recorded_, after, settings_.inventory), after);
    }

    Settings settings_;
    Recorded recorded_;
};

const std::string kDead = "'process_status == \"dead\"'";

TEST_F(ReplayTest, FiresOnTheIncidentAndOnNoHealthyDay) {
    api_dies();
    const EntryReplay dead = only(entry("Dead", kDead));
    EXPECT_EQ(dead.fired_on_incidents, std::vector<std::string>{"inc-1"});
    EXPECT_EQ(dead.judged_incidents, 1U);
    EXPECT_EQ(dead.healthy_days, 5U);  // three of db, two of api
    EXPECT_EQ(dead.healthy_days_fired, 0U);
    ASSERT_EQ(dead.firings.size(), 1U);
    EXPECT_EQ(dead.firings[0].at, kDay0 + 30h);
    EXPECT_EQ(dead.firings[0].symptoms, std::vector<std::string>{"process_status == \"dead\""});
    EXPECT_EQ(share_of_other_incidents(dead, recorded_, {"inc-1"}), 0);
    EXPECT_EQ(share_of_other_incidents(dead, recorded_, {}), 1);
}

TEST_F(ReplayTest, TellsFalseAlarms) {
    change("db", "cpu_usage", kDay0, Value::percentage(5));
    sample("db", "cpu_usage", kDay0 + 50h, {5, 95, 96, 97, 5, 5});
    const EntryReplay hot = only(entry("Hot", "cpu_usage > 90%, 'service == \"db\"'"));
    EXPECT_EQ(hot.healthy_days_fired, 1U);
    EXPECT_EQ(hot.healthy_days, 3U);
    ASSERT_EQ(hot.firings.size(), 1U);
    EXPECT_TRUE(hot.firings[0].on_healthy_day);
    EXPECT_EQ(hot.firings[0].at, kDay0 + 50h + 1min);
}

TEST_F(ReplayTest, WaitsForAsLongAsTheEntrySays) {
    change("db", "cpu_usage", kDay0, Value::percentage(5));
    sample("db", "cpu_usage", kDay0 + 50h, {5, 95, 96, 97, 5, 5});
    const std::string symptoms = "cpu_usage > 90%, 'service == \"db\"'";
    EXPECT_EQ(only(entry("Hot", symptoms, "    for: 2m\n")).firings.size(), 1U);
    EXPECT_EQ(only(entry("Hot", symptoms, "    for: 4m\n")).firings.size(), 0U);
}

TEST_F(ReplayTest, AnswersWindowsFromTheRecord) {
    change("db", "cpu_usage", kDay0, Value::percentage(5));
    sample("db", "cpu_usage", kDay0 + 50h, std::vector<double>(60, 50));
    sample("db", "cpu_usage", kDay0 + 51h, std::vector<double>(20, 99));
    const std::string of_db = ", 'service == \"db\"'";
    const EntryReplay mean = only(entry("Hot", "'avg(cpu_usage, 10m) > 90%'" + of_db));
    ASSERT_EQ(mean.firings.size(), 1U);
    EXPECT_GE(mean.firings[0].at, kDay0 + 51h + 7min);
    EXPECT_LE(mean.firings[0].at, kDay0 + 51h + 10min);
    EXPECT_EQ(only(entry("Hot", "'min(cpu_usage, 40m) > 90%'" + of_db)).firings.size(), 0U);
}

TEST_F(ReplayTest, HoldsBackWhatItsCooldownForbids) {
    for (const auto at : {10h, 11h, 20h}) {
        change("db", "process_status", kDay0 + at, Value::string("dead"));
        change("db", "process_status", kDay0 + at + 5min, Value::string("running"));
    }
    EXPECT_EQ(only(entry("Dead", kDead)).firings.size(), 3U);
    const EntryReplay rested = only(entry("Dead", kDead, "    cooldown: 2h\n"));
    EXPECT_EQ(rested.firings.size(), 2U);
    EXPECT_EQ(rested.held_back, 1U);
}

TEST_F(ReplayTest, CallsUnknownWhatIsNotOnRecord) {
    api_dies();
    const EntryReplay swap = only(entry("Much memory", "memory_usage > 90%"));
    EXPECT_EQ(swap.healthy_days, 0U);
    EXPECT_EQ(swap.unjudged_days, 3U + 2U + 3U);  // db, api, and the machine they run on
    EXPECT_EQ(swap.unjudged_incidents, std::vector<std::string>{"inc-1"});
    EXPECT_EQ(swap.not_recorded, std::vector<std::string>{"memory_usage"});
    EXPECT_TRUE(swap.firings.empty());
    // What could not be judged earns nothing.
    EXPECT_EQ(share_of_other_incidents(swap, recorded_, {}), 1);
}

TEST_F(ReplayTest, KnowsNothingWhileTheAgentWasAway) {
    recorded_.watched = {{kDay0, kDay0 + 20h}, {kDay0 + 48h, kDay0 + 72h}};
    // Left as it was when the agent went; what it told of itself then is not known after.
    change("db", "cpu_usage", kDay0 + 1h, Value::percentage(95));
    const EntryReplay hot = only(entry("Hot", "cpu_usage > 90%, 'service == \"db\"'"));
    ASSERT_EQ(hot.firings.size(), 1U);
    EXPECT_EQ(hot.firings[0].at, kDay0 + 1h);
    EXPECT_EQ(hot.healthy_days_fired, 1U);
    // Of the second nothing was watched; on the third the agent had no value and did not act.
    EXPECT_EQ(hot.healthy_days, 2U);
    EXPECT_EQ(hot.unjudged_days, 0U);
}

TEST_F(ReplayTest, ThatThereIsNoneIsOnRecord) {
    // It did not answer for a day: no status then, which is no 500.
    change("db", "http_status", kDay0, Value::number(200));
    change("db", "http_status", kDay0 + 24h, Value());
    change("db", "http_status", kDay0 + 48h, Value::number(500));
    const EntryReplay errors = only(entry("Errors", "http_status >= 500"));
    EXPECT_EQ(errors.healthy_days, 3U) << "of db; the others have no status of HTTP at all";
    EXPECT_EQ(errors.healthy_days_fired, 1U);
    EXPECT_EQ(errors.unjudged_days, 0U);
    EXPECT_TRUE(errors.not_recorded.empty());
}

TEST_F(ReplayTest, BeforeItsFirstValueAFactIsNotOnRecord) {
    change("db", "http_status", kDay0 + 24h, Value::number(200));
    const EntryReplay errors = only(entry("Errors", "http_status >= 500"));
    EXPECT_EQ(errors.healthy_days, 2U);
    EXPECT_EQ(errors.unjudged_days, 1U);
    EXPECT_EQ(errors.not_recorded, std::vector<std::string>{"http_status"});
}

TEST_F(ReplayTest, AWindowWithTooFewValuesDidNotMatch) {
    change("db", "http_status", kDay0, Value::number(200));
    sample("db", "latency", kDay0, {1});
    const EntryReplay slow = only(entry("Slow", "'avg(latency, 5m) > 2s'"));
    EXPECT_EQ(slow.unjudged_days, 0U);
    EXPECT_EQ(slow.healthy_days_fired, 0U);
}

TEST_F(ReplayTest, IsWorseWhereAVerifiedRepairNoLongerMatches) {
    api_dies();
    const std::string before = entry("Dead", kDead);
    EXPECT_FALSE(compare_with(before, before).is_worse());
    EXPECT_TRUE(compare_with(before, entry("Dead", "'process_status == \"fatal\"'")).is_worse());
    // The same by another name is no harm; other steps are.
    EXPECT_FALSE(compare_with(before, entry("Gone", kDead)).is_worse());
    EXPECT_TRUE(compare_with(before, entry("Gone", kDead, "", "stop")).is_worse());
}

TEST_F(ReplayTest, IsWorseWhereItActsOnHealthyDays) {
    const std::string before = entry("Dead", kDead);
    const std::string running = "'process_status == \"running\"'";
    EXPECT_TRUE(compare_with(before, before + entry("Well", running)).is_worse());
    EXPECT_FALSE(
        compare_with(before, before + entry("Well", running, "    autonomy: shadow\n")).is_worse());
    EXPECT_FALSE(compare_with(before + entry("Well", running), before).is_worse());
}

TEST_F(ReplayTest, SaysTheSameEachTime) {
    api_dies();
    const Runbook book = runbook(entry("Dead", kDead));
    EXPECT_EQ(to_json(replay(recorded_, book, settings_.inventory)).dump(),
              to_json(replay(recorded_, book, settings_.inventory)).dump());
}

}  // namespace
}  // namespace ops

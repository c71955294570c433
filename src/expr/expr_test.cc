// What callers in other rooms rely on beyond values: what an expression reads, how it is explained.
#include "expr/expr.h"

#include <gtest/gtest.h>

#include <cmath>

#include "expr/twin_for_test.h"

namespace ops::expr {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using Strings = std::vector<std::string>;

Expression parsed(std::string_view text, const Names& names = TwinNames()) {
    const Parsed result = parse(text, names);
    EXPECT_TRUE(result.expression.has_value())
        << text << ": " << (result.problems.empty() ? "" : result.problems[0].message);
    return *result.expression;
}

TEST(Expression, TellsWhatItReads) {
    const Expression expression = parsed(
        "load > 5 and load < 9 and avg(memory_usage, 10m) > 90% and count(crash, 2h) > 3 and "
        "age(deploy) > 1h and up");
    EXPECT_EQ(expression.facts(), (Strings{"load", "up"}));
    EXPECT_EQ(expression.history_facts(), Strings{"memory_usage"});
    EXPECT_EQ(expression.events(), (Strings{"crash", "deploy"}));
    EXPECT_EQ(expression.type(), Type::boolean);
    EXPECT_EQ(expression.text().substr(0, 8), "load > 5");
}

TEST(Expression, TellsHowMuchHistoryItNeeds) {
    EXPECT_EQ(parsed("load > 5").longest_window(), Duration{0});
    EXPECT_EQ(parsed("count(crash, 2h) > 3").longest_window(), hours(2));
    EXPECT_FALSE(parsed("count(crash, 2h) > 3").ages_events());
    EXPECT_TRUE(parsed("count(crash, 2h) > 3 and age(crash) > 1m").ages_events());
    EXPECT_EQ(parsed("avg(load, 1m) > 3").longest_window(), minutes(6)) << "and the value before";
    EXPECT_EQ(parsed("avg(load, 1d) > 3").longest_window(), hours(25));
    EXPECT_EQ(parsed("forecast(disk_usage, 2h) > 3%").longest_window(), hours(3));
    EXPECT_EQ(parsed("anomaly(load) > 3").longest_window(), hours(24 * 7 + 1));
}

// A world that notes what it was asked.
class Asked final : public World {
public:
    mutable Strings questions;
    Time now() const override { return Time(hours(1000)); }
    const Value* fact(std::string_view) const override { return nullptr; }
    std::vector<Sample> samples(std::string_view fact, Time from, Time to) const override {
        questions.push_back(std::string(fact) + " " + format_rfc3339(from) + " " +
                            std::to_string((to - from) / minutes(1)));
        return {};
    }
    std::vector<Time> events(std::string_view kind, Time from, Time to) const override {
        questions.push_back(std::string(kind) + " " + std::to_string((to - from) / minutes(1)));
        return {};
    }
};

TEST(Expression, AsksForNoMoreThanItSaid) {
    const Asked world;
    evaluate(parsed("avg(load, 10m) > 3 or count(crash, 5m) > 1 or age(deploy) < 5m"), world);
    EXPECT_EQ(world.questions,
              (Strings{"load 1970-02-11T15:40:00.000Z 20", "crash 5", "deploy 60000"}));
}

TEST(Expression, TakesNoNanForANumber) {
    TwinWorld world;
    for (const double amount : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
        world.facts.set("load", Value::number(amount));
        const Explained explained = explain(parsed("load != 5"), world);
        EXPECT_TRUE(explained.value.is_unknown()) << amount;
        EXPECT_EQ(explained.missing, Strings{"load"});
    }
}

// A record may answer by whole minutes; what lies outside the window still does not count.
TEST(Expression, CountsOnlyInsideTheWindow) {
    class Generous final : public World {
    public:
        Time now() const override { return Time(hours(1000)); }
        const Value* fact(std::string_view) const override { return nullptr; }
        std::vector<Sample> samples(std::string_view, Time, Time) const override { return {}; }
        std::vector<Time> events(std::string_view, Time from, Time to) const override {
            return {from - minutes(1), from, from + minutes(1), to, to + minutes(1)};
        }
    };
    EXPECT_EQ(evaluate(parsed("count(crash, 1h)"), Generous()), Value::number(2));
    EXPECT_EQ(evaluate(parsed("age(deploy)"), Generous()), Value::seconds(0)) << "never below 0";
}

TEST(Expression, StopsAskingWhenDecided) {
    const Asked world;
    evaluate(parsed("false and avg(load, 10m) > 3"), world);
    evaluate(parsed("true or avg(load, 10m) > 3"), world);
    EXPECT_TRUE(world.questions.empty());
    explain(parsed("true or avg(load, 10m) > 3"), world);
    EXPECT_EQ(world.questions.size(), 1u) << "who wants it explained wants all of it";
}

TEST(Expression, ExplainsEveryPart) {
    TwinWorld world;
    world.facts.set("memory_usage", Value::percentage(92));
    world.facts.set("up", Value());
    const Explained explained = explain(
        parsed("(memory_usage > 90% or load * 2 > 5) and not up and avg(load, 5m) > 1"), world);
    struct Row {
        int depth;
        size_t offset;
        const char* text;
        const char* value;
        const char* why;
    };
    const std::vector<Row> rows = {
        {0, 0, "(memory_usage > 90% or load * 2 > 5) and not up and avg(load, 5m) > 1", "unknown",
         "up is not known now"},
        {1, 0, "(memory_usage > 90% or load * 2 > 5) and not up", "unknown", "up is not known now"},
        {2, 1, "memory_usage > 90% or load * 2 > 5", "true", ""},
        {3, 1, "memory_usage > 90%", "true", ""},
        {4, 1, "memory_usage", "92%", ""},
        {3, 23, "load * 2 > 5", "unknown", "load was never seen"},
        {4, 23, "load * 2", "unknown", "load was never seen"},
        {5, 23, "load", "unknown", "load was never seen"},
        {2, 41, "not up", "unknown", "up is not known now"},
        {3, 45, "up", "unknown", "up is not known now"},
        {1, 52, "avg(load, 5m) > 1", "unknown", "no sample in the last 5m"},
        {2, 52, "avg(load, 5m)", "unknown", "no sample in the last 5m"},
    };
    ASSERT_EQ(explained.parts.size(), rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
        SCOPED_TRACE(rows[i].text);
        EXPECT_EQ(explained.parts[i].text, rows[i].text);
        EXPECT_EQ(explained.parts[i].depth, rows[i].depth);
        EXPECT_EQ(explained.parts[i].offset, rows[i].offset);
        EXPECT_EQ(explained.parts[i].value.print(), rows[i].value);
        EXPECT_EQ(explained.parts[i].why_unknown, rows[i].why);
    }
    EXPECT_EQ(explained.missing, (Strings{"load", "up"}));
}

// What may_match and lint do: with only the name known, false means never.
TEST(Expression, KnowsWhenItCanNeverMatch) {
    TwinWorld world;
    world.facts.set("service", Value::string("worker_3"));
    const auto value = [&](std::string_view text) { return evaluate(parsed(text), world); };
    EXPECT_EQ(value("memory_usage > 90% and service == \"brain-api\""), Value::boolean(false));
    EXPECT_EQ(value("memory_usage > 90% and service == \"worker_3\""), Value());
}

TEST(Expression, ConditionsHoldOnlyWhenTrue) {
    EXPECT_TRUE(holds(Value::boolean(true)));
    for (const Value& value : {Value::boolean(false), Value(), Value::number(1),
                               Value::string("true"), Value::list({Value::boolean(true)})}) {
        EXPECT_FALSE(holds(value)) << value.print();
    }
}

TEST(Expression, ValuesMayBeGivenByTheNames) {
    class Own final : public Names {
    public:
        std::optional<Type> fact(std::string_view) const override { return Type::string; }
        bool event(std::string_view) const override { return false; }
        std::vector<std::string> all() const override { return {}; }
        std::vector<std::string> values(std::string_view name) const override {
            if (name == "colour") return {"red", "blue"};
            return {};
        }
    };
    EXPECT_TRUE(parse("colour == \"red\"", Own()).problems.empty());
    EXPECT_EQ(
        parse("colour == \"rad\"", Own()).problems,
        (std::vector<Problem>{
            {10, 5, "colour is never \"rad\" (did you mean 'red'?), it is one of red, blue"}}));
    EXPECT_TRUE(parse("status == \"whatever\"", Own()).problems.empty());
}

}  // namespace
}  // namespace ops::expr

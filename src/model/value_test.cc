#include "model/value.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <cmath>

namespace ops {
namespace {

struct Row {
    const char* why;
    Value value;
    Type type;
    const char* printed;
    const char* json;
    const char* plain;
};

const std::vector<Row>& rows() {
    static const std::vector<Row> kRows{
        {"nothing known", Value(), Type::unknown, "unknown", R"({"t":"unknown"})", "null"},
        {"a whole number", Value::number(200), Type::number, "200", R"({"t":"number","v":200})",
         "200"},
        {"a fraction", Value::number(0.25), Type::number, "0.25", R"({"t":"number","v":0.25})",
         "0.25"},
        {"per cent", Value::percentage(92), Type::percentage, "92%", R"({"t":"percentage","v":92})",
         "92"},
        {"seconds", Value::seconds(300), Type::duration, "5m", R"({"t":"duration","v":300})",
         "300"},
        {"a duration", Value::duration(Duration{1500}), Type::duration, "1s500ms",
         R"({"t":"duration","v":1.5})", "1.5"},
        {"below zero", Value::seconds(-60), Type::duration, "-1m", R"({"t":"duration","v":-60})",
         "-60"},
        {"bytes", Value::size(3.2e9), Type::size, "3.2GB", R"({"t":"size","v":3200000000})",
         "3200000000"},
        {"text", Value::string("dead"), Type::string, "\"dead\"", R"({"t":"string","v":"dead"})",
         "\"dead\""},
        {"quotes", Value::string("a\"\\\n"), Type::string, R"("a\"\\\n")",
         R"({"t":"string","v":"a\"\\\n"})", R"("a\"\\\n")"},
        {"truth", Value::boolean(true), Type::boolean, "true", R"({"t":"boolean","v":true})",
         "true"},
        {"a list", Value::list({Value::string("a"), Value::percentage(5)}), Type::list,
         R"(["a", 5%])", R"({"t":"list","v":[{"t":"string","v":"a"},{"t":"percentage","v":5}]})",
         R"(["a",5])"},
        {"an empty list", Value::list({}), Type::list, "[]", R"({"t":"list","v":[]})", "[]"},
    };
    return kRows;
}

TEST(Value, IsPrintedAndKept) {
    for (const Row& row : rows()) {
        EXPECT_EQ(row.value.type(), row.type) << row.why;
        EXPECT_EQ(row.value.print(), row.printed) << row.why;
        EXPECT_EQ(row.value.to_json().dump(), row.json) << row.why;
        EXPECT_EQ(row.value.to_plain_json().dump(), row.plain) << row.why;
        EXPECT_EQ(Value::from_json(Json::parse(row.json).value()), row.value) << row.why;
    }
}

TEST(Value, DiffersFromAnotherUnit) {
    EXPECT_NE(Value::percentage(90), Value::seconds(90));
    EXPECT_NE(Value::number(90), Value::percentage(90));
    EXPECT_NE(Value(), Value::boolean(false));
    // By what they say, not by where they stand.
    EXPECT_EQ(Value::string("dead"), Value::string("dead"));
    EXPECT_NE(Value::string("dead"), Value::string("running"));
    EXPECT_EQ(Value::list({Value::string("a")}), Value::list({Value::string("a")}));
    EXPECT_NE(Value::list({Value::string("a")}), Value::list({}));
    EXPECT_TRUE(Value::size(1).is_quantity());
    EXPECT_FALSE(Value::string("1").is_quantity());
}

TEST(Value, ReadFromRubbishIsUnknown) {
    for (const char* text : {"null", "{}", "[]", R"({"t":"size"})", R"({"t":"number","v":"5"})",
                             R"({"t":"string","v":5})", R"({"t":"boolean","v":1})",
                             R"({"t":"colour","v":1})", R"({"t":5,"v":5})"}) {
        EXPECT_TRUE(Value::from_json(Json::parse(text).value()).is_unknown()) << text;
    }
}

TEST(Value, NumbersBeyondMeasureArePrintedNotWrapped) {
    EXPECT_EQ(Value::seconds(1e15).print(), "11574074074d1h46m40s");
    EXPECT_EQ(Value::seconds(1e21).print(), "1000000000000000000000s");
    EXPECT_EQ(Value::seconds(std::nan("")).print(), "nans");
    EXPECT_EQ(Value::number(INFINITY).to_plain_json().dump(), "null");
    EXPECT_TRUE(
        Value::from_json(Json::parse(Value::number(NAN).to_json().dump()).value()).is_unknown());
}

TEST(Value, QuantitiesKeepTheirTypeAndAmount) {
    EXPECT_TRUE(rc::check([](double amount) {
        const Type type =
            *rc::gen::element(Type::number, Type::percentage, Type::duration, Type::size);
        const Value value = Value::quantity(type, amount);
        RC_ASSERT(Value::from_json(Json::parse(value.to_json().dump()).value()) == value);
    }));
}

TEST(Value, EveryTypeHasAName) {
    EXPECT_EQ(name_of(Type::unknown), "unknown");
    EXPECT_EQ(name_of(Type::percentage), "percentage");
    EXPECT_EQ(name_of(Type::list), "list");
}

}  // namespace
}  // namespace ops

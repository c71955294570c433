#include "base/json.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <cmath>
#include <limits>

namespace ops {
namespace {

Json parsed(std::string_view text) {
    auto json = Json::parse(text);
    EXPECT_TRUE(json.ok()) << text << ": " << (json.ok() ? "" : json.error().message);
    return json.ok() ? std::move(json).value() : Json();
}

std::string nested(size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(Json, IsReadAndWrittenBack) {
    struct Row {
        const char* why;
        const char* text;
        const char* written;
    };
    const auto rows = std::to_array<Row>({
        {"null", "null", "null"},
        {"booleans", "[true,false]", "[true,false]"},
        {"integers", "[0,-1,9223372036854775807]", "[0,-1,9223372036854775807]"},
        {"the least integer", "-9223372036854775808", "-9223372036854775808"},
        {"larger ones lose digits, not size", "18446744073709551615", "18446744073709551616.0"},
        {"a double stays one", "92.0", "92.0"},
        {"the shortest digits that are exact", "0.1", "0.1"},
        {"exponents", "1E3", "1000.0"},
        {"empty containers", R"({"a":[],"b":{}})", R"({"a":[],"b":{}})"},
        {"order is kept", R"({"z":1,"a":2})", R"({"z":1,"a":2})"},
        {"space is not", " { \"a\" : 1 } \n", R"({"a":1})"},
        {"escapes", R"("\u00e4\n\"\\\/\u0001")", "\"\xC3\xA4\\n\\\"\\\\/\\u0001\""},
        {"a pair of surrogates", R"("\ud83d\udea8")", "\"\xF0\x9F\x9A\xA8\""},
        {"of equal names the last counts", R"({"a":1,"b":2,"a":3,"a":4})", R"({"a":4,"b":2})"},
        {"an empty name is a name", R"({"":1})", R"({"":1})"},
    });
    for (const Row& row : rows) {
        EXPECT_EQ(parsed(row.text).dump(), row.written) << row.why;
        EXPECT_EQ(parsed(row.written), parsed(row.text)) << row.why;
    }
}

TEST(Json, RefusesWhatRfc8259Does) {
    struct Row {
        const char* why;
        std::string text;
        const char* says;
    };
    const auto rows = std::to_array<Row>({
        {"nothing", "", "line 1, column 1"},
        {"something after the value", "{} x", "line 1, column 4"},
        {"two values", "1 2", "line 1, column 3"},
        {"on a later line", "{\n  \"a\": 1,\n}", "line 3, column 1"},
        {"a comment", "/* no */ 1", "line 1"},
        {"single quotes", "{'a':1}", "line 1, column 2"},
        {"not a number", "NaN", "line 1"},
        {"a leading zero", "01", "line 1, column 2"},
        {"a number that is too large", "1e999", "1e999"},
        {"a control character", "\"a\nb\"", "line 2"},
        {"text that is not UTF-8", "\"\xFF\"", "UTF-8"},
        {"half a surrogate pair", R"("\ud83d")", "surrogate"},
        {"an end that is missing", "[1,2", "line 1, column 5"},
    });
    for (const Row& row : rows) {
        const auto json = Json::parse(row.text);
        ASSERT_FALSE(json.ok()) << row.why;
        EXPECT_EQ(json.error().fault, Fault::invalid) << row.why;
        EXPECT_TRUE(json.error().message.starts_with("not JSON: ")) << json.error().message;
        EXPECT_NE(json.error().message.find(row.says), std::string::npos)
            << row.why << ": " << json.error().message;
    }
}

TEST(Json, RefusalsDoNotRepeatALongText) {
    const auto json = Json::parse("\"" + std::string(100'000, 'x'));
    ASSERT_FALSE(json.ok());
    EXPECT_LT(json.error().message.size(), 300u);
}

TEST(Json, HasSixtyFourLevels) {
    EXPECT_TRUE(Json::parse(nested(64)).ok());
    const auto deeper = Json::parse(nested(65));
    ASSERT_FALSE(deeper.ok());
    EXPECT_EQ(deeper.error().message, "not JSON: more than 64 levels deep");
    EXPECT_FALSE(Json::parse(std::string(1'000'000, '[')).ok());
    std::string objects;
    for (int i = 0; i < 65; ++i) objects += "{\"a\":";
    EXPECT_FALSE(Json::parse(objects).ok());
}

TEST(Json, WhatIsWrittenCanBeRead) {
    Json json = parsed(nested(64));
    json = Json::object({{"body", std::move(json)}});
    const Json back = parsed(json.dump());
    EXPECT_TRUE(back["body"].is_array()) << "only the innermost level is lost";
    for (int i = 0; i < 1000; ++i) json = Json(Json::Array{std::move(json)});
    EXPECT_TRUE(Json::parse(json.dump()).ok());
    EXPECT_TRUE(Json::parse(json.dump_pretty()).ok());
}

TEST(Json, ManyMembersAreReadInTime) {
    // 50,000 members compared each with each would take minutes.
    std::string text = "{";
    for (int i = 0; i < 50'000; ++i) text += "\"member" + std::to_string(i % 49'999) + "\":1,";
    text.back() = '}';
    EXPECT_EQ(parsed(text).members().size(), 49'999u);
}

TEST(Json, NumbersReadBackTheSame) {
    EXPECT_TRUE(rc::check([](double number, int64_t integer) {
        const Json json = Json::Array{Json(number), Json(integer)};
        RC_ASSERT(parsed(json.dump()) == json);
    }));
    const auto edges =
        std::to_array<double>({0.0, -0.0, 1e308, 5e-324, 0x1p53, 1e21, 123456789012345680.0});
    for (const double number : edges) {
        const Json back = parsed(Json(number).dump());
        EXPECT_EQ(back, Json(number));
        EXPECT_EQ(std::signbit(back.as_number()), std::signbit(number));
    }
    EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).dump(), "null");
    EXPECT_EQ(Json(std::nan("")).dump(), "null");
}

TEST(Json, AnyStringIsWrittenAsValidText) {
    EXPECT_TRUE(rc::check([](const std::string& bytes) {
        const Json back = parsed(Json(bytes).dump());
        RC_ASSERT(back.is_string());
        RC_ASSERT(parsed(back.dump()) == back);
    }));
    EXPECT_EQ(Json("a\xFF"
                   "b")
                  .dump(),
              "\"a\xEF\xBF\xBD"
              "b\"");
    EXPECT_EQ(Json("\xED\xA0\x80").dump(), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    EXPECT_EQ(Json("\x7f").dump(), "\"\\u007f\"");
    EXPECT_EQ(Json("\xF0\x9F\x9A\xA8").dump(), "\"\xF0\x9F\x9A\xA8\"");
}

TEST(Json, IsBuiltAndLookedAt) {
    Json json;
    json.set("name", "worker_3").set("up", true).set("load", 0.5).set("n", 3);
    json.set("up", false);
    EXPECT_EQ(json.dump(), R"({"name":"worker_3","up":false,"load":0.5,"n":3})");
    EXPECT_EQ(json["name"].as_string(), "worker_3");
    EXPECT_EQ(json["nothing"]["at"]["all"].as_string("none"), "none");
    EXPECT_TRUE(json.has("n"));
    EXPECT_FALSE(json.has("m"));
    EXPECT_EQ(json["n"].as_number(), 3);
    EXPECT_EQ(json["load"].as_int(7), 0) << "the part after the point is dropped";
    EXPECT_EQ(json["name"].as_int(7), 7);
    EXPECT_TRUE(json["name"].as_bool(true));
    EXPECT_EQ(Json(1e300).as_int(7), 7) << "does not fit";
    EXPECT_EQ(Json(std::nan("")).as_int(7), 7);
    Json list;
    list.push("a").push(1).push("b");
    EXPECT_EQ(list.strings(), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(Json::of_strings({"a", "b"}).dump(), R"(["a","b"])");
    EXPECT_TRUE(json.items().empty());
    EXPECT_TRUE(list.members().empty());
}

TEST(Json, IsPrettyForPeople) {
    EXPECT_EQ(parsed(R"({"a":[1,{}],"b":[]})").dump_pretty(),
              "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}

}  // namespace
}  // namespace ops

#include "agent/outside_case.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ops {
namespace {

// Knows one fact, and no alert.
class Below final : public expr::World {
public:
    Time now() const override { return Time{}; }
    const Value* fact(std::string_view name) const override {
        return name == "up" ? &up_ : nullptr;
    }
    std::vector<Sample> samples(std::string_view, Time, Time) const override { return {}; }
    std::vector<Time> events(std::string_view, Time, Time) const override { return {}; }

private:
    Value up_ = Value::boolean(true);
};

OutsideAlert alert() {
    OutsideAlert alert;
    alert.source = AlertSource::grafana;
    alert.name = "High load";
    alert.labels = {{"alertname", "High load"}, {"severity", "page"}};
    return alert;
}

TEST(OutsideCase, ALabelNamedAsASecretIsOne) {
    OutsideAlert told = alert();
    told.labels["db_password"] = "hunter2";
    EXPECT_EQ(alert_json(told)["labels"]["db_password"].as_string(), "<secret>");
    EXPECT_EQ(alert_json(told)["labels"]["severity"].as_string(), "page");
}

TEST(OutsideCase, TheAlertsFactsLieOverThoseOfTheTarget) {
    const OutsideCase known = OutsideCase::from_json(alert_json(alert()));
    const Below below;
    const AlertWorld world(below, &known), without(below, nullptr);
    const struct {
        const char* fact;
        const char* with;  // empty: unknown
        const char* without;
    } rows[] = {{"alert", "\"High load\"", ""},
                {"alert_source", "\"grafana\"", ""},
                {"alert_label_severity", "\"page\"", ""},
                {"alert_label_alertname", "\"High load\"", ""},
                {"alert_label_other", "", ""},
                {"up", "true", "true"}};
    const auto print = [](const Value* value) { return value == nullptr ? "" : value->print(); };
    for (const auto& row : rows) {
        EXPECT_EQ(print(world.fact(row.fact)), row.with) << row.fact;
        EXPECT_EQ(print(without.fact(row.fact)), row.without) << row.fact;
    }
}

TEST(OutsideCase, WhatStrangersWroteIsOneHarmlessLine) {
    const char* const texts[] = {"a\nb", "\x1b[2Jred", "\xe2\x80\xaetxt", "password=hunter2hunter2",
                                 "a \xff b"};
    for (const char* const text : texts) {
        OutsideAlert told = alert();
        told.name = told.labels["x"] = text;
        const Json json = alert_json(told);
        for (const std::string& shown :
             {json["name"].as_string(), json["labels"]["x"].as_string(), harmless_line(text)}) {
            EXPECT_EQ(shown, printable(shown, Lines::flatten)) << text;
            EXPECT_EQ(shown.find("hunter2"), std::string::npos) << text;
        }
    }
    EXPECT_LE(harmless_line(std::string(100'000, 'a')).size(), 303U);
}

TEST(OutsideCase, IsReadBackAsItWas) {
    OutsideAlert told = alert();
    EXPECT_FALSE(OutsideCase::from_json(alert_json(told)).expires);
    told.ends_at = Time{};
    const OutsideCase known = OutsideCase::from_json(alert_json(told));
    EXPECT_TRUE(known.expires);
    EXPECT_EQ(known.source, "grafana");
    EXPECT_EQ(known.name, "High load");
    EXPECT_TRUE(OutsideCase::from_json(Json()).name.empty()) << "any JSON is read";
}

}  // namespace
}  // namespace ops

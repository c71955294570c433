#include "learn/ladder.h"

#include <gtest/gtest.h>

namespace ops {
namespace {

using std::chrono::hours;
const Time kStart = Time(hours(24 * 365 * 50));

struct Told {
    Ladder ladder;
    Time now = kStart;
    void event(const std::string& kind, Json body) {
        body.set("id", "lrn-1");
        Event event;
        event.at = now;
        event.kind = kind;
        event.body = std::move(body);
        ladder.apply(event);
    }
    Told() {
        event("learned.candidate",
              Json::object({{"entry", "restart x"},
                            {"incidents", Json::of_strings({"inc-1", "inc-2"})},
                            {"text", "..."}}));
    }
    void judged(const char* judged, int times = 1) {
        for (int i = 0; i < times; ++i) {
            event("learned.judged", Json::object({{"judged", judged}}));
        }
    }
    void moved(const Move& move) { event("learned.moved", move.to_json()); }
    const Standing& standing() const { return *ladder.find("lrn-1"); }
    std::optional<Move> due(std::optional<double> share = 0.0) const {
        return ladder.due(standing(), share, now);
    }
    std::string refusal(std::optional<double> share = 0.0) const {
        const auto move = ladder.promote("lrn-1", share);
        return move.ok() ? "" : move.error().message;
    }
};

TEST(Ladder, ThreeTimesRightInARowIsAsked) {
    Told told;
    told.judged("right", 2);
    EXPECT_FALSE(told.due()) << "twice";
    told.judged("unknown", 5);
    EXPECT_FALSE(told.due()) << "what is not known counts for nothing";
    told.judged("wrong");
    told.judged("right", 2);
    EXPECT_FALSE(told.due()) << "in a row";
    EXPECT_NE(told.refusal(), "") << "nor by a person";
    told.judged("right");
    ASSERT_TRUE(told.due());
    EXPECT_EQ(told.due()->to, Rung::ask);
    EXPECT_FALSE(told.due(0.01)) << "it must match under 1% of others";
    EXPECT_TRUE(told.due(0.0099));
    EXPECT_FALSE(told.due(std::nullopt)) << "what was not replayed does not rise";
}

TEST(Ladder, AutoNeedsThreeVerifiedAndAPerson) {
    Told told;
    told.judged("right", 3);
    told.moved(*told.due());
    EXPECT_EQ(told.standing().rung, Rung::ask);
    told.judged("right", 9);
    EXPECT_NE(told.refusal().find("0 of 3"), std::string::npos) << "shadow's counts are spent";
    told.judged("verified", 2);
    EXPECT_NE(told.refusal().find("2 of 3"), std::string::npos);
    told.judged("verified");
    EXPECT_FALSE(told.due()) << "never by counts alone";
    EXPECT_NE(told.refusal(0.5).find("50%"), std::string::npos);
    EXPECT_NE(told.refusal(std::nullopt), "");
    const auto move = told.ladder.promote("lrn-1", 0.0);
    ASSERT_TRUE(move.ok()) << move.error().message;
    told.moved(move.value());
    EXPECT_EQ(told.standing().rung, Rung::automatic);
    EXPECT_NE(told.refusal(), "");
}

TEST(Ladder, OneFailureCostsARungAtOnce) {
    Told told;
    told.moved({"lrn-1", "restart x", Rung::ask, Rung::automatic, ""});
    for (const Rung expected : {Rung::ask, Rung::shadow}) {
        const auto move = told.ladder.after_failure("lrn-1", "it did not help");
        ASSERT_TRUE(move);
        EXPECT_EQ(move->to, expected);
        told.moved(*move);
    }
    EXPECT_FALSE(told.ladder.after_failure("lrn-1", "")) << "in shadow nothing of it runs";
    told.judged("verified", 3);
    EXPECT_NE(told.refusal(), "") << "everything begins anew";
}

TEST(Ladder, ExpiresAfterNinetyDaysWithoutUse) {
    Told told;
    told.now += hours(24 * 80);
    told.event("learned.would", Json::object());
    told.now += hours(24 * 90);
    EXPECT_FALSE(told.due());
    told.now += hours(1);
    ASSERT_TRUE(told.due());
    EXPECT_EQ(told.due()->to, Rung::out);
    told.moved(*told.due());
    EXPECT_FALSE(told.due());
    EXPECT_NE(told.refusal(), "");
    EXPECT_FALSE(told.ladder.demote("lrn-1").ok());
}

TEST(Ladder, APersonMayTakeItDownAlways) {
    Told told;
    told.moved({"lrn-1", "restart x", Rung::ask, Rung::automatic, ""});
    for (const Rung expected : {Rung::ask, Rung::shadow, Rung::out}) {
        const auto move = told.ladder.demote("lrn-1");
        ASSERT_TRUE(move.ok());
        EXPECT_EQ(move.value().to, expected);
        told.moved(move.value());
    }
    EXPECT_EQ(told.ladder.promote("nobody", 0.0).error().fault, Fault::not_found);
}

TEST(Ladder, JudgesAShadowByWhatRepairedIt) {
    struct Row {
        const char* why;
        std::vector<std::string> would;
        WhatHappened happened;
        Trial judged;
    };
    const Row rows[] = {
        {"a person did the same", {"a"}, {"human", {"a"}, Provenance::person}, Trial::right},
        {"and more", {"a"}, {"human", {"b", "a"}, Provenance::person}, Trial::right},
        {"our own entry did the same", {"a"}, {"auto", {"a"}, Provenance::checks}, Trial::right},
        {"half of it", {"a", "b"}, {"human", {"a"}, Provenance::person}, Trial::wrong},
        {"something else", {"a"}, {"human", {"b"}, Provenance::person}, Trial::wrong},
        {"nobody said what", {"a"}, {"human", {}, Provenance::person}, Trial::unknown},
        {"nothing was needed", {"a"}, {"self", {}, Provenance::checks}, Trial::wrong},
        {"anybody may have written it",
         {"a"},
         {"human", {"a"}, Provenance::untrusted},
         Trial::unknown},
        {"another Brain says so", {"a"}, {"human", {"a"}, Provenance::outside}, Trial::unknown},
        {"it would have done nothing", {}, {"human", {"a"}, Provenance::person}, Trial::wrong},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(judge_shadow(row.would, row.happened).judged, row.judged) << row.why;
    }
}

}  // namespace
}  // namespace ops

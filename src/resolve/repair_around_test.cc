// Who is blamed for what got worse while a repair was under way, and who is not.
#include <gtest/gtest.h>

#include "resolve/theatre_for_test.h"

namespace ops {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// `api` depends on `web`: it is what a repair of web may harm.
Theatre* make_theatre() {
    auto* t = new Theatre(make_entry("restart", {command_step({"fix", "{service}"})}));
    t->believed["api"] = true;
    return t;
}

struct Row {
    const char* why;
    std::function<void(Theatre&)> before;  // the first effect, unseen by any check so far
    std::function<void(Theatre&)> with;    // what the effect does beside mending `web`
    const char* ending;
    bool harmed;
};

TEST(RepairAround, BlamesARepairForWhatItDid) {
    const Row rows[] = {
        {"nothing else changed", [](Theatre&) {}, [](Theatre&) {}, "verified", false},
        {"it was dead before the step, and no check had seen it yet",
         [](Theatre& t) { t.well["api"] = false; }, [](Theatre&) {}, "verified", false},
        {"it did not answer before the step: it was not known to be well",
         [](Theatre& t) { t.mute.insert("api"); },
         [](Theatre& t) {
             t.mute.clear();
             t.well["api"] = false;
         },
         "verified", false},
        {"the step killed it, and no schedule looks at it in time", [](Theatre&) {},
         [](Theatre& t) { t.well["api"] = false; }, "gave up", true},
        {"it dips while what it depends on starts anew", [](Theatre&) {},
         [](Theatre& t) {
             t.well["api"] = false;
             t.at(seconds(8), [&t] { t.well["api"] = true; });
         },
         "verified", false},
        {"it died late in the soak", [](Theatre&) {},
         [](Theatre& t) { t.at(seconds(29), [&t] { t.well["api"] = false; }); }, "gave up", true},
        {"the step killed it, and another incident had to repair it", [](Theatre&) {},
         [](Theatre& t) {
             t.well["api"] = false;
             t.at(seconds(7), [&t] {
                 Event intent;
                 intent.kind = "action.intent";
                 intent.at = t.clock.at;
                 intent.incident = "inc-2";
                 intent.target = "api";
                 intent.body = Json::object({{"action", "k"}, {"entry", "e"}, {"attempt", 1}});
                 t.limiter.apply(intent);
                 t.well["api"] = true;
             });
         },
         "gave up", true},
    };
    for (const Row& row : rows) {
        const std::unique_ptr<Theatre> t(make_theatre());
        row.before(*t);
        t->programs["fix"] = [&] {
            t->well["web"] = true;
            row.with(*t);
            return Exit{};
        };
        t->begin();
        t->play(minutes(20));
        EXPECT_EQ(t->ending(), row.ending) << row.why;
        if (!t->finished) continue;
        EXPECT_EQ(t->finished->harmed, row.harmed) << row.why << ": " << t->finished->reason;
        EXPECT_EQ(t->ran("fix"), 1U) << row.why << ": what is well is not repaired again";
        EXPECT_EQ(t->finished->reason.find("'api' was well before") != std::string::npos,
                  row.harmed)
            << row.why << ": " << t->finished->reason;
    }
}

TEST(RepairAround, LooksOnceMoreAfterItWasHeldBack) {
    const std::unique_ptr<Theatre> t(make_theatre());
    t->programs["fix"] = [&] {
        t->well["web"] = true;
        return Exit{};
    };
    Event other;  // an action on the same target that is not settled
    other.kind = "action.intent";
    other.at = t->clock.at;
    other.incident = "inc-2";
    other.target = "web";
    other.body = Json::object({{"action", "k"}, {"entry", "e"}, {"attempt", 1}});
    t->limiter.apply(other);
    t->at(seconds(40), [&] {
        other.kind = "action.verified";
        t->limiter.apply(other);
        t->well["api"] = false;  // just before our step, and nobody has seen it
    });
    t->begin();
    t->play(minutes(20));
    EXPECT_EQ(t->ending(), "verified") << t->finished->reason;
    EXPECT_EQ(t->ran("fix"), 1U);
}

// The journal says who was well; a core that starts again looks at those, and only those.
TEST(RepairAround, IsRememberedOverARestart) {
    for (const bool kills : {true, false}) {
        const std::unique_ptr<Theatre> t(make_theatre());
        t->programs["fix"] = [&] {
            t->well["web"] = true;
            t->well["api"] = !kills;
            return Exit{};
        };
        t->begin();
        t->play(seconds(2));
        ASSERT_EQ(t->ran("fix"), 1U);
        t->restart_core();
        t->play(minutes(20));
        EXPECT_EQ(t->ending(), kills ? "gave up" : "verified") << t->finished->reason;
        EXPECT_EQ(t->ran("fix"), 1U);
    }
}

// A host of a thousand services is not asked about all of them, but about those that depend on it.
TEST(RepairAround, AsksTheNearestAndNotTheWholeHost) {
    const std::unique_ptr<Theatre> t(make_theatre());
    Inventory& inventory = t->rules.rules.settings.inventory;
    for (int i = 0; i < 1000; ++i) {
        Service other;
        other.name = other.own_name = "other_" + std::to_string(i);
        other.host = "alpha";
        if (i >= 990) other.depends_on = {"web"};
        inventory.services.push_back(other);
        t->well[other.name] = true;
    }
    inventory.index();
    t->programs["fix"] = [&] {
        t->well["web"] = true;
        t->well["other_995"] = false;
        return Exit{};
    };
    t->begin();
    t->play(minutes(20));
    EXPECT_EQ(t->ending(), "gave up") << "it depends on web, so it was asked";
    EXPECT_TRUE(t->finished->harmed);
    EXPECT_TRUE(t->looks.contains("other_999"));
    EXPECT_FALSE(t->looks.contains("other_500"));
    EXPECT_LE(t->looks.size(), 33U) << "32 and the target";
}

TEST(RepairAround, ASurveyIsLeftWhenTheTargetIsWellAgain) {
    const std::unique_ptr<Theatre> t(make_theatre());
    t->mute.insert("api");
    t->begin();
    EXPECT_EQ(t->repair->phase(), "looking at what else could be harmed");
    EXPECT_TRUE(t->repair->is_resting());
    t->give(RepairWithdrawn{"it is well again"});
    EXPECT_EQ(t->ending(), "withdrawn");
    EXPECT_EQ(t->ran("fix"), 0U);
}

// Maintenance put off the second attempt: what died meanwhile is none of its doing.
TEST(RepairAround, IsLookedAtAnewAfterALongWait) {
    for (const bool looks_again : {true, false}) {
        const std::unique_ptr<Theatre> t(make_theatre());
        int tries = 0;
        t->programs["fix"] = [&] {
            t->well["web"] = ++tries == 2;
            return Exit{};
        };
        t->begin();
        for (int i = 0; i < 600 && !t->repair->is_between_attempts(); ++i) t->play(seconds(1));
        ASSERT_TRUE(t->repair->is_between_attempts());
        t->well["api"] = false;
        if (looks_again) t->repair->look_around_again();
        t->play(minutes(20));
        EXPECT_EQ(t->ending(), looks_again ? "verified" : "gave up") << t->finished->reason;
        EXPECT_EQ(t->ran("fix"), 2U);
        EXPECT_EQ(t->finished->harmed, !looks_again);
    }
}

}  // namespace
}  // namespace ops

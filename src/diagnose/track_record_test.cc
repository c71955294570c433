#include "diagnose/track_record.h"

#include <gtest/gtest.h>

#include "diagnose/causes_for_test.h"
#include "runbook/builtin.h"

namespace ops {
namespace {

Cause cause_of(CauseKind kind, const std::string& about, const std::string& counted_as,
               std::vector<std::string> names) {
    Cause cause;
    cause.kind = kind;
    cause.about = about;
    cause.counted_as = counted_as;
    cause.names = std::move(names);
    return cause;
}
const Cause kEntry = cause_of(CauseKind::entry, "Stuck", "entry/Stuck", {"Stuck"});
const Cause kNear = cause_of(CauseKind::near_miss, "High memory", "near_miss", {"High memory"});
const Cause kUpstream = cause_of(CauseKind::upstream, "db", "upstream/dependency", {"db"});
const Cause kTogether = cause_of(CauseKind::upstream, "supervisord on pc", "upstream/siblings",
                                 {"worker_1", "worker_3", "supervisord on pc"});
const Cause kDeploy =
    cause_of(CauseKind::change, "deploy of api", "change/near", {"api", "deploy", "rolled back"});
const Cause kMemory = cause_of(CauseKind::memory, "mem-1", "memory/same", {"Stuck", "mem-1"});

enum class Is { right, wrong, not_counted };

// An incident of web that opens at 100 with these causes; what then happens; what is counted.
struct Row {
    const char* why;
    std::vector<Cause> causes;
    std::function<void(CauseStory&)> then;
    Is is;
};

void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        CauseStory story;
        for (const char* name : {"db", "worker_1", "worker_3"}) story.becomes(name, "down", 90);
        story.becomes("web", "down", 100);
        story.opens("inc-1", "web", 100);
        story.diagnosed("inc-1", row.causes, 100);
        row.then(story);
        story.becomes("lone", "up", 100'000);  // time goes on
        const Tally tally = story.record.track.of(row.causes.front().counted_as);
        EXPECT_EQ(tally.right, row.is == Is::right ? 1 : 0) << row.why;
        EXPECT_EQ(tally.wrong, row.is == Is::wrong ? 1 : 0) << row.why;
    }
}

void fails(CauseStory& s, int seconds) {
    s.happen("action.failed", "web", Json::object(), seconds, "inc-1");
}

TEST(TrackRecord, EntriesAreJudgedByTheirRepair) {
    check({
        {"its repair was verified",
         {kEntry},
         [](CauseStory& s) {
             s.acts("inc-1", "web", "Stuck", 110);
             s.resolves("inc-1", "web", "auto", 150);
         },
         Is::right},
        {"another entry's was: another cause is established",
         {kEntry},
         [](CauseStory& s) {
             s.acts("inc-1", "web", "Other", 110);
             s.resolves("inc-1", "web", "auto", 150);
         },
         Is::wrong},
        {"its repair failed",
         {kEntry},
         [](CauseStory& s) {
             s.acts("inc-1", "web", "Stuck", 110);
             fails(s, 120);
             s.resolves("inc-1", "web", "human", 900);
         },
         Is::wrong},
        {"the first attempt failed and the second helped",
         {kEntry},
         [](CauseStory& s) {
             s.acts("inc-1", "web", "Stuck", 110);
             fails(s, 120);
             s.acts("inc-1", "web", "Stuck", 130);
             s.resolves("inc-1", "web", "auto", 160);
         },
         Is::right},
        {"nothing was done and it went by itself: nobody knows",
         {kEntry},
         [](CauseStory& s) { s.resolves("inc-1", "web", "self", 150); },
         Is::not_counted},
        {"it is still open",
         {kEntry},
         [](CauseStory& s) { s.acts("inc-1", "web", "Stuck", 110); },
         Is::not_counted},
        {"a near miss whose entry came to fit and helped",
         {kNear},
         [](CauseStory& s) {
             s.acts("inc-1", "web", "High memory", 200);
             s.resolves("inc-1", "web", "auto", 250);
         },
         Is::right},
        {"a near miss, and another entry helped",
         {kNear},
         [](CauseStory& s) {
             s.acts("inc-1", "web", "Stuck", 110);
             s.resolves("inc-1", "web", "auto", 150);
         },
         Is::wrong},
        {"what helped then helped again",
         {kMemory},
         [](CauseStory& s) {
             s.acts("inc-1", "web", "Stuck", 110);
             s.resolves("inc-1", "web", "auto", 150);
         },
         Is::right},
        {"something else helped this time",
         {kMemory},
         [](CauseStory& s) {
             s.acts("inc-1", "web", "Other", 110);
             s.resolves("inc-1", "web", "auto", 150);
         },
         Is::wrong},
    });
}

TEST(TrackRecord, WhatSpeaksForAnotherCauseSpeaksAgainstTheFirst) {
    check({
        {"an upstream's recovery",
         {kEntry, kUpstream},
         [](CauseStory& s) {
             s.becomes("db", "up", 300);
             s.resolves("inc-1", "web", "self", 360);
         },
         Is::wrong},
        {"a rollback",
         {kEntry, kMemory, kDeploy},
         [](CauseStory& s) {
             s.push("rollback", "api", 300);
             s.resolves("inc-1", "web", "self", 360);
         },
         Is::wrong},
        {"after an action of ours nobody knows",
         {kEntry, kUpstream},
         [](CauseStory& s) {
             s.acts("inc-1", "web", "Stuck", 110);
             s.becomes("db", "up", 300);
             s.resolves("inc-1", "web", "self", 360);
         },
         Is::not_counted},
    });
}

TEST(TrackRecord, UpstreamsAreJudgedByWhatFollowsTheirRecovery) {
    check({
        {"it was well minutes after",
         {kUpstream},
         [](CauseStory& s) {
             s.becomes("db", "up", 300);
             s.resolves("inc-1", "web", "self", 360);
         },
         Is::right},
        {"the slower check of the upstream sees it a little later",
         {kUpstream},
         [](CauseStory& s) {
             s.resolves("inc-1", "web", "self", 360);
             s.becomes("db", "up", 390);
         },
         Is::right},
        {"long after",
         {kUpstream},
         [](CauseStory& s) {
             s.becomes("db", "up", 300);
             s.resolves("inc-1", "web", "self", 1200);
         },
         Is::wrong},
        {"while it was still bad",
         {kUpstream},
         [](CauseStory& s) { s.resolves("inc-1", "web", "self", 360); },
         Is::wrong},
        {"repaired while it was still bad",
         {kUpstream},
         [](CauseStory& s) {
             s.acts("inc-1", "web", "Stuck", 110);
             s.resolves("inc-1", "web", "auto", 150);
         },
         Is::wrong},
        {"both: which of them did it cannot be told",
         {kUpstream},
         [](CauseStory& s) {
             s.acts("inc-1", "web", "Stuck", 110);
             s.becomes("db", "up", 120);
             s.resolves("inc-1", "web", "auto", 150);
         },
         Is::not_counted},
        {"it was well and became bad again",
         {kUpstream},
         [](CauseStory& s) {
             s.becomes("db", "up", 300);
             s.becomes("db", "down", 310);
             s.resolves("inc-1", "web", "self", 360);
         },
         Is::wrong},
        {"those that failed with it came back with it",
         {kTogether},
         [](CauseStory& s) {
             s.becomes("worker_1", "up", 350);
             s.becomes("worker_3", "up", 361);
             s.resolves("inc-1", "web", "self", 360);
         },
         Is::right},
        {"one of them came up for the first time: it never failed",
         {kUpstream},
         [](CauseStory& s) {
             s.becomes("lone", "up", 350);
             s.resolves("inc-1", "web", "self", 360);
         },
         Is::wrong},
        {"they did not",
         {kTogether},
         [](CauseStory& s) {
             s.becomes("worker_1", "up", 350);
             s.resolves("inc-1", "web", "self", 360);
         },
         Is::wrong},
    });
}

TEST(TrackRecord, ChangesAreJudgedByTakingThemBack) {
    check({
        {"a rollback, and it was well",
         {kDeploy},
         [](CauseStory& s) {
             s.push("rollback", "api", 300);
             s.resolves("inc-1", "web", "self", 360);
         },
         Is::right},
        {"a deploy that says it is one",
         {kDeploy},
         [](CauseStory& s) {
             s.push("deploy", "api", 300, Json::object({{"rollback", true}}));
             s.resolves("inc-1", "web", "self", 360);
         },
         Is::right},
        {"a rollback of something else",
         {kDeploy},
         [](CauseStory& s) {
             s.push("rollback", "lone", 300);
             s.resolves("inc-1", "web", "self", 360);
         },
         Is::not_counted},
        {"a rollback that did not help",
         {kDeploy},
         [](CauseStory& s) {
             s.push("rollback", "api", 300);
             s.resolves("inc-1", "web", "self", 3000);
         },
         Is::not_counted},
        {"a repair helped, and nothing was taken back",
         {kDeploy},
         [](CauseStory& s) {
             s.acts("inc-1", "web", "Stuck", 110);
             s.resolves("inc-1", "web", "auto", 150);
         },
         Is::wrong},
    });
}

TEST(TrackRecord, APersonsNoteSaysWhatItWas) {
    const std::vector<Cause> all{kUpstream, kDeploy, kEntry};
    check({
        {"the first is named", all,
         [](CauseStory& s) {
             s.resolves("inc-1", "web", "human", 900, "DB was out of connections");
         },
         Is::right},
        {"another is", all,
         [](CauseStory& s) { s.resolves("inc-1", "web", "human", 900, "bad deploy"); }, Is::wrong},
        {"none is", all,
         [](CauseStory& s) { s.resolves("inc-1", "web", "human", 900, "the dbase, a cable"); },
         Is::not_counted},
        {"what was changed is not the change",
         {kDeploy, kEntry},
         [](CauseStory& s) { s.resolves("inc-1", "web", "human", 900, "api was stuck"); },
         Is::wrong},
        {"in a note of ours nobody says anything", all,
         [](CauseStory& s) { s.resolves("inc-1", "web", "self", 900, "bad deploy"); }, Is::wrong},
    });
}

TEST(TrackRecord, CountedOnceAnIncidentByItsNewestDiagnosis) {
    CauseStory story;
    story.opens("inc-1", "web", 100);
    story.diagnosed("inc-1", {kDeploy}, 100);
    story.diagnosed("inc-1", {kEntry}, 110);
    // A model's proposal says nothing of causes.
    story.happen("incident.diagnosed", "web", Json::object({{"entry", "Other"}}), 115, "inc-1");
    story.acts("inc-1", "web", "Stuck", 120);
    story.resolves("inc-1", "web", "auto", 150);
    story.resolves("inc-1", "web", "human", 160);
    story.becomes("lone", "up", 1000);
    story.becomes("lone", "up", 2000);
    EXPECT_EQ(story.record.track.of("entry/Stuck").right, 1);
    EXPECT_EQ(story.record.track.of("change/near").all(), 0);
}

// --- confidence ---

double confidence(const std::vector<std::tuple<std::string, int, int>>& tallies,
                  const std::string& of) {
    Json json = Json::object();
    for (const auto& [name, right, wrong] : tallies) {
        json.set(name, Json::object({{"right", right}, {"wrong", wrong}}));
    }
    TrackRecord record;
    record.restore(Json::object({{"tallies", json}}));
    return record.confidence(of);
}

TEST(TrackRecord, ConfidenceIsThePosteriorMean) {
    EXPECT_EQ(confidence({}, "near_miss"), 0.5) << "Beta(1, 1)";
    EXPECT_DOUBLE_EQ(confidence({{"near_miss", 7, 1}}, "near_miss"), 8 / 10.0);
    EXPECT_DOUBLE_EQ(confidence({{"entry/A", 7, 1}}, "entry/A"), 8 / 10.0)
        << "alone of its kind it is judged by itself";
    EXPECT_DOUBLE_EQ(confidence({{"entry/A", 7, 1}}, "entry/B"), 8 / 10.0)
        << "of a new one the others are the best guess";
    EXPECT_DOUBLE_EQ(confidence({{"entry/A", 7, 1}, {"entry/B", 0, 3}}, "entry/B"), 1.6 / 5)
        << "and weigh as much as two outcomes";
    EXPECT_EQ(confidence({{"entry/A", 7, 1}}, std::string(kBuiltinRestart)), 0.5) << "another kind";
    EXPECT_EQ(confidence({{"entry/A", 7, 1}}, "entr/A"), 0.5) << "its name only begins alike";
}

TEST(TrackRecord, ConfidenceIsAProbabilityAndMoreRightNeverLowersIt) {
    for (int right = 0; right <= 40; ++right) {
        for (int wrong = 0; wrong <= 40; wrong += 3) {
            for (int others = 0; others <= 40; others += 8) {
                const auto of = [&](int own_right, int own_wrong, int other_right) {
                    return confidence(
                        {{"entry/A", own_right, own_wrong}, {"entry/B", other_right, 40 - others}},
                        "entry/A");
                };
                const double now = of(right, wrong, others);
                ASSERT_GT(now, 0);
                ASSERT_LT(now, 1);
                ASSERT_GT(of(right + 1, wrong, others), now);
                ASSERT_LT(of(right, wrong + 1, others), now);
                ASSERT_GE(of(right, wrong, others + 1), now);
            }
        }
    }
}

// --- changes and chance ---

TEST(ChangeRisk, IncidentsAfterChangesAgainstThoseAtOtherTimes) {
    struct Deploys {
        const char* why;
        int days;
        bool breaks;      // each deploy of api is followed by an incident of web
        int at_any_time;  // incidents of web a day, far from a deploy
        double least, most;
    };
    const Deploys rows[] = {
        {"no deploy yet", 0, false, 0, 1, 1},
        {"one that broke something is nearly chance", 1, true, 0, 2, 3.1},
        {"ten that all did are not", 10, true, 0, 10, 40},
        {"nor is it chance where incidents are common", 10, true, 4, 4, 15},
        {"ten that broke nothing", 10, false, 1, 0.5, 1},
    };
    for (const Deploys& row : rows) {
        CauseStory story;
        int incident = 0;
        for (int day = 0; day < row.days; ++day) {
            const int morning = day * 86'400;
            story.push("deploy", "api", morning);
            const auto open = [&](int at) {
                story.opens("inc-" + std::to_string(++incident), "web", at);
            };
            if (row.breaks) open(morning + 180);
            for (int i = 0; i < row.at_any_time; ++i) open(morning + 20'000 + i * 4'000);
        }
        const double lift = story.record.risk.of("deploy").lift();
        EXPECT_GE(lift, row.least) << row.why;
        EXPECT_LE(lift, row.most) << row.why;
    }
}

TEST(ChangeRisk, AnIncidentElsewhereIsNotAfterIt) {
    CauseStory story;
    story.push("deploy", "web", 0);
    story.opens("inc-1", "db", 60);     // web rests on db, not db on web
    story.opens("inc-2", "web", 1000);  // too late
    EXPECT_EQ(story.record.risk.of("deploy").followed, 0);
    story.push("deploy", "db", 2000);
    story.opens("inc-3", "web", 2060);
    story.opens("inc-4", "api", 2070);
    EXPECT_EQ(story.record.risk.of("deploy").followed, 1) << "a change is counted once";
}

TEST(ChangeRisk, IsToldOnceItIsMoreThanAFew) {
    CauseStory story;
    for (int day = 0; day < 4; ++day) {
        story.push("deploy", "api", day * 86'400);
        story.opens("inc-" + std::to_string(day), "web", day * 86'400 + 180);
        story.resolves("inc-" + std::to_string(day), "web", "human", day * 86'400 + 400);
    }
    story.push("deploy", "api", 4 * 86'400);
    const std::vector<Cause> causes = story.ask("web", 4 * 86'400 + 60);
    ASSERT_FALSE(causes.empty());
    ASSERT_EQ(causes[0].evidence.size(), 2U);
    EXPECT_TRUE(causes[0].evidence[1].starts_with(
        "4 of 5 of kind 'deploy' were followed by an incident within 15m, "))
        << causes[0].evidence[1];
}

}  // namespace
}  // namespace ops

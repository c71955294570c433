// Channels that refuse, fail and come back.
#include <gtest/gtest.h>

#include "escalate/story_for_test.h"

namespace ops {
namespace {

using namespace test;

DeliveryError refusal(bool retry) {
    return {.error = {Fault::unavailable, "connection refused"}, .retry = retry};
}

// A message of somebody's incident, as it was sent.
AlertDraft message(const std::string& key, const std::string& channel) {
    AlertDraft draft;
    draft.key = key;
    draft.title = "something";
    draft.channels = {channel};
    return draft;
}

TEST(Channels, AFailingOneIsAnIncidentOnceAndItsMessagesGoOn) {
    Story story(kThree);
    story.incident.level = "critical";
    const AlertDraft sent = story.news().at(0);
    for (int tries = 1; tries <= 2; ++tries) {
        const Refused first =
            story.escalator->failed(sent, "phone", refusal(true), tries, story.now);
        EXPECT_FALSE(first.channel_fails) << tries;
        EXPECT_TRUE(first.drafts.empty()) << tries;
    }
    const Refused third = story.escalator->failed(sent, "phone", refusal(true), 3, story.now);
    EXPECT_TRUE(third.channel_fails);
    EXPECT_EQ(Story::to(story.keep(third.drafts)), Names{"tg"}) << "it does not wait 5 minutes";
    const std::string said = third.drafts.at(0).text("UTC");
    EXPECT_NE(said.find("\nTold here: because channel 'phone' fails\n"), std::string::npos) << said;
    EXPECT_EQ(sent.text("UTC").find("Told here"), std::string::npos);
    const Refused fourth = story.escalator->failed(sent, "phone", refusal(true), 4, story.now);
    EXPECT_FALSE(fourth.channel_fails) << "said once";
    EXPECT_TRUE(fourth.drafts.empty());
    EXPECT_TRUE(fourth.next_try) << "it is tried until it is delivered";
    story.escalator->delivered("phone");
    for (int tries = 1; tries <= 3; ++tries) {
        const Refused again =
            story.escalator->failed(message("k", "phone"), "phone", refusal(true), 1, story.now);
        EXPECT_EQ(again.channel_fails, tries == 3) << "after it worked, counting begins anew";
    }
}

TEST(Channels, WhatIsRefusedForGoodIsNotTriedAgainAndGoesElsewhere) {
    Story story(kThree);
    story.incident.level = "warning";  // told by mail only
    const AlertDraft sent = story.news().at(0);
    ASSERT_EQ(sent.channels, Names{"mail"});
    const Refused refused = story.escalator->failed(sent, "mail", refusal(false), 1, story.now);
    EXPECT_FALSE(refused.next_try);
    EXPECT_TRUE(refused.channel_fails) << "at once: it will not get better by waiting";
    EXPECT_EQ(Story::to(story.keep(refused.drafts)), Names{"phone"}) << "never lost";
    // One that belongs to no open incident (a storm's summary) is not lost either.
    AlertDraft storm = message("storm/1", "mail");
    storm.level = Level::warning;
    const Refused other = story.escalator->failed(storm, "mail", refusal(false), 1, story.now);
    EXPECT_FALSE(other.channel_fails);
    EXPECT_EQ(Story::to(other.drafts), Names{"phone"});
    storm.state = AlertState::recovered;
    EXPECT_TRUE(story.escalator->failed(storm, "mail", refusal(false), 1, story.now).drafts.empty())
        << "a recovery goes only to those who were told";
}

TEST(Channels, AFailingOneHoldsUpNoStorm) {
    Story story(kThree);
    for (int i = 0; i < 25; ++i) {
        story.incident.id = "inc-" + std::to_string(i);
        story.incident.level = "critical";
        (void)story.news();
    }
    const auto said = story.pass(kMinute + std::chrono::seconds(1));
    ASSERT_EQ(Story::to(said), Names{"phone"});
    for (int tries = 1; tries <= 2; ++tries) {
        EXPECT_TRUE(story.escalator->failed(said[0], "phone", refusal(true), tries, story.now)
                        .drafts.empty());
    }
    const Refused third = story.escalator->failed(said[0], "phone", refusal(true), 3, story.now);
    EXPECT_EQ(Story::to(story.keep(third.drafts)), Names{"tg"}) << "it does not wait 5 minutes";
    EXPECT_TRUE(third.next_try);
    EXPECT_TRUE(
        story.escalator->failed(said[0], "phone", refusal(true), 3, story.now).drafts.empty())
        << "tg has it";
    story.incident.id = "inc-26";
    (void)story.news();
    std::set<std::string> later;
    for (const AlertDraft& draft : story.pass(4 * kMinute)) {
        if (draft.incident != said[0].incident) continue;
        later.insert(draft.channels.begin(), draft.channels.end());
    }
    EXPECT_EQ(later, (std::set<std::string>{"phone", "tg"})) << "who knows of it hears the rest";
}

// What waited for the morning is one message of several incidents.
TEST(Channels, AFailingOneHoldsUpNoMessageOfANight) {
    Story story(kThree);
    AlertDraft night = message("quiet/mail/x", "mail");
    night.level = Level::warning;
    EXPECT_TRUE(story.escalator->failed(night, "mail", refusal(true), 2, story.now).drafts.empty());
    EXPECT_EQ(Story::to(story.escalator->failed(night, "mail", refusal(true), 3, story.now).drafts),
              Names{"phone"});
    AlertDraft over = message("inc-9/raised/warning", "mail");
    over.incident = "inc-9";
    over.level = Level::warning;
    EXPECT_TRUE(story.escalator->failed(over, "mail", refusal(true), 3, story.now).drafts.empty())
        << "of an incident that is over";
}

TEST(Channels, AFailingOneIsPassedOverUntilItWorks) {
    Story story(kThree);
    (void)story.escalator->failed(message("k", "phone"), "phone", refusal(false), 1, story.now);
    const Json saved = Json::parse(story.escalator->save().dump()).value();
    story.begin();
    story.escalator->restore(saved, story.now);
    story.incident.level = "critical";
    const auto first = story.news();
    EXPECT_EQ(Story::to(first), Names{"tg"}) << "after a restart too";
    EXPECT_NE(first.at(0).text("UTC").find("because channel 'phone' fails"), std::string::npos);
    EXPECT_EQ(Story::to(story.pass(5 * kMinute)), Names{"mail"});
    const auto last = story.pass(5 * kMinute);
    EXPECT_EQ(Story::to(last), Names{"phone"}) << "the last hope";
    EXPECT_EQ(last.at(0).text("UTC").find("Told here"), std::string::npos) << "not of itself";
    story.escalator->delivered("phone");
    story.incident.id = "inc-2";
    EXPECT_EQ(Story::to(story.news()), Names{"phone"});
}

TEST(Channels, TheIncidentAboutOneIsNeverSaidOnIt) {
    for (const char* failing : {"phone", "tg", "mail"}) {
        Story story(kThree);
        (void)story.escalator->failed(message("k", failing), failing, refusal(false), 1, story.now);
        story.incident.rule = kRuleChannelFailing;
        story.incident.target = "alien";
        story.incident.title = std::string("Channel '") + failing + "' fails";
        story.incident.seen = story.incident.reason = "connection refused";
        story.incident.members = {failing};
        const auto said = story.news();
        ASSERT_EQ(said.size(), 1U);
        EXPECT_EQ(said[0].level, Level::warning);
        EXPECT_EQ(said[0].text(kZone),
                  std::string("⚠️ WARNING: Channel '") + failing +
                      "' fails\nTime: 2026-01-29 14:30\nReason: connection refused\n"
                      "👉 ACTION REQUIRED: Repair the channel, then try it: ops-agent notify test " +
                      failing);
        for (const auto& draft : story.pass(60 * kMinute)) {
            EXPECT_NE(draft.channels, Names{failing});
        }
        EXPECT_FALSE(story.keys.contains(said[0].key + " " + failing));
    }
}

TEST(Channels, BackOffIsFiveSecondsToTenMinutesUnlessAsked) {
    struct Row {
        const char* why;
        int tries;
        std::optional<Duration> wait;
        std::optional<Time> until;
        int64_t seconds;
    };
    const Row rows[] = {
        {"the first", 1, {}, {}, 5},
        {"doubling", 4, {}, {}, 40},
        {"at most", 400, {}, {}, 600},
        {"Retry-After: 120", 1, std::chrono::seconds(120), {}, 120},
        {"Retry-After: a date", 1, {}, kNow + std::chrono::seconds(90), 90},
        {"a date that is past", 1, {}, kNow - std::chrono::hours(1), 5},
        {"a date far off", 1, {}, kNow + std::chrono::hours(48), 3600},
    };
    for (const Row& row : rows) {
        Story story(kThree);
        DeliveryError error = refusal(true);
        error.wait = row.wait;
        error.wait_until = row.until;
        const Refused refused =
            story.escalator->failed(message("k", "tg"), "tg", error, row.tries, kNow);
        ASSERT_TRUE(refused.next_try) << row.why;
        EXPECT_EQ(*refused.next_try - kNow, std::chrono::seconds(row.seconds)) << row.why;
    }
}

TEST(Channels, OneThatIsNoLongerThereIsNoIncident) {
    Story story(kThree);
    const Refused refused =
        story.escalator->failed(message("k", "pager"), "pager", refusal(false), 1, story.now);
    EXPECT_FALSE(refused.channel_fails);
    EXPECT_FALSE(refused.next_try);
}

}  // namespace
}  // namespace ops

#include "escalate/press.h"

#include <gtest/gtest.h>

#include "base/hash.h"

namespace ops {
namespace {

const std::string kKey = "0123456789abcdef";
const std::string kPlan = sha256_hex("systemctl restart brain-api");
const Time kNow = parse_rfc3339("2026-01-29T13:30:00Z").value();

Press approval() { return {PressKind::approve, "inc-0a1b2c3d4e", kPlan, "tg", kNow}; }

// What becomes of a token: "" when it is taken, else what the person is told.
std::string judged(const std::string& token, Time now = kNow, const std::string& plan = kPlan,
                   const std::string& channel = "tg", const std::string& key = kKey) {
    const auto claim = read_press(token, channel);
    if (!claim) return "no token";
    const Result<> result = judge_press(*claim, plan, key, now);
    return result.ok() ? "" : result.error().message;
}

TEST(Press, ATokenOfEachKindIsReadBackAndFitsTelegram) {
    using enum PressKind;
    for (const PressKind kind :
         {acknowledge, silence_1h, silence_4h, approve, reject, show, pause, resume}) {
        Press press = approval();
        press.kind = kind;
        if (kind != approve && kind != reject) press.shown.clear();
        const std::string token = press_token(press, kKey);
        EXPECT_LE(token.size(), 64U) << token;
        const auto claim = read_press(token, "tg");
        ASSERT_TRUE(claim) << token;
        EXPECT_EQ(claim->press.kind, kind);
        EXPECT_EQ(claim->press.incident, "inc-0a1b2c3d4e");
        EXPECT_EQ(judged(token), "") << token;
    }
}

TEST(Press, IsOnlyGoodForWhatItShowedWhereItWasShownAndSoon) {
    const std::string token = press_token(approval(), kKey);
    constexpr const char* kNoneOfOurs = "this button is none of ours";
    constexpr const char* kOther = "the commands that this button showed are not waiting any more";
    constexpr const char* kOld = "this button was too old";
    EXPECT_EQ(judged(token, kNow + std::chrono::minutes(10)), "");
    EXPECT_EQ(judged(token, kNow + std::chrono::minutes(10) + std::chrono::seconds(1)), kOld);
    EXPECT_EQ(judged(token, kNow - std::chrono::minutes(2)), kOld) << "from the future";
    EXPECT_EQ(judged(token, kNow, sha256_hex("rm -rf /")), kOther);
    EXPECT_EQ(judged(token, kNow, ""), kOther) << "nothing waits any more";
    EXPECT_EQ(judged(token, kNow, kPlan.substr(0, 8) + std::string(56, '0')), kNoneOfOurs)
        << "all of the hash counts";
    EXPECT_EQ(judged(token, kNow, kPlan, "slack"), kNoneOfOurs) << "another channel";
    EXPECT_EQ(judged(token, kNow, kPlan, "tg", "another key"), kNoneOfOurs);
}

TEST(Press, NoCharacterOfATokenCanBeChanged) {
    const std::string token = press_token(approval(), kKey);
    for (size_t at = 0; at < token.size(); ++at) {
        for (const char other : {'a', 'y', '0', '1', '.', '-'}) {
            std::string forged = token;
            if (forged[at] == other) continue;
            forged[at] = other;
            EXPECT_NE(judged(forged), "") << forged;
        }
    }
}

TEST(Press, WhatIsNoTokenIsNone) {
    for (const std::string& text :
         {std::string(), std::string("."), std::string("...."), std::string("/start"),
          std::string("y.inc-1.-.99999999999999999999.000000000000000000000000"),
          std::string("y.inc 1.-.1769693400.000000000000000000000000"),
          std::string("z.inc-1.-.1769693400.000000000000000000000000"),
          std::string("y.inc-1.-.1769693400.00000000000000000000000g"),
          std::string(100'000, 'a')}) {
        EXPECT_FALSE(read_press(text, "tg")) << text.substr(0, 80);
    }
}

std::string offered(const Incident& incident, bool is_paused = false) {
    std::string all;
    for (const PressKind kind : presses_for(incident, is_paused)) {
        all += (all.empty() ? "" : " ") + std::string(name_of(kind));
    }
    return all;
}

TEST(Press, WhatIsOfferedFitsTheIncident) {
    Incident incident;
    EXPECT_EQ(offered(incident), "acknowledge silence_1h silence_4h show pause");
    EXPECT_EQ(offered(incident, true), "acknowledge silence_1h silence_4h show resume");
    incident.state = IncidentState::awaiting_approval;
    EXPECT_EQ(offered(incident), "approve reject show acknowledge silence_1h silence_4h pause");
    incident.state = IncidentState::acknowledged;
    incident.acknowledged = true;
    EXPECT_EQ(offered(incident), "silence_1h silence_4h show pause");
    incident.state = IncidentState::resolved;
    EXPECT_EQ(offered(incident), "");
}

TEST(Press, OnlyWhoIsNamedMayPress) {
    ChannelSettings channel;
    EXPECT_FALSE(allowed_person(channel, "42"));
    EXPECT_FALSE(allowed_person(channel, ""));
    channel.values["allowed"] = {"ann=42", "7", "odd="};
    EXPECT_EQ(allowed_person(channel, "42"), "ann");
    EXPECT_EQ(allowed_person(channel, "7"), "7");
    for (const char* other : {"", "ann", "ann=42", "4", "421"}) {
        EXPECT_FALSE(allowed_person(channel, other)) << other;
    }
}

}  // namespace
}  // namespace ops

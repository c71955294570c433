// What comes back over channels: how it is asked for, who is believed, and what rubbish does.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/hash.h"
#include "base/text.h"
#include "escalate/base64.h"
#include "escalate/desk_for_test.h"

namespace ops {
namespace {

constexpr const char* kAskedTelegram =
    "telegram: {token_file: bot.token, chat_id: -42, allowed: [ann=7]}";
constexpr const char* kAskedNtfy =
    "ntfy: {topic: my-ops, answers: my-answers, token_file: hook.key}";
constexpr const char* kAskedSlack =
    "slack: {token_file: hook.key, channel: \"#ops\", allowed: [ann=U1], "
    "signing_secret_file: bot.token}";

Result<Heard> listened(Desk& desk, const std::string& cursor, const std::string& body,
                       int status = 200) {
    desk.http.reply = HttpReply{status, {}, body};
    return desk.sender.listen(desk.channel, cursor, std::chrono::seconds(10));
}

std::string print(const Result<Heard>& heard) {
    if (!heard.ok()) return "error: " + heard.error().message;
    std::string all = heard.value().cursor + ":";
    for (const SeenPress& press : heard.value().presses) {
        all += " [" + press.token + "|" + press.person + "|" + press.reply_to + "]";
    }
    return all;
}

TEST(Answers, TelegramIsAskedForPressesOnlyAndNeverForTheSameTwice) {
    Desk desk(kAskedTelegram);
    ASSERT_EQ(desk.wrong, "");
    EXPECT_EQ(print(listened(desk, "", R"({"ok":true,"result":[]})")), ":");
    EXPECT_EQ(desk.http.asked.url, "https://api.telegram.org/bot42:s3cret/getUpdates");
    EXPECT_EQ(desk.http.asked.body,
              R"({"timeout":10,"limit":100,"allowed_updates":["callback_query"]})");
    EXPECT_EQ(desk.http.asked.time_limit, std::chrono::seconds(30)) << "time-out and patience";
    EXPECT_EQ(print(listened(desk, "11",
                             R"({"ok":true,"result":[{"update_id":11,"callback_query":{"id":"q1",)"
                             R"("from":{"id":7,"first_name":"Ann"},"data":"t1"}},)"
                             R"({"update_id":12,"message":{"text":"/start"}},)"
                             R"({"update_id":13,"callback_query":{"id":"q2","from":{},"data":5}},)"
                             R"({"update_id":14,"callback_query":{"id":"q3","data":"t2"}}]})")),
              "15: [t1|7|q1] [t2||q3]");
    EXPECT_NE(desk.http.asked.body.find(R"("offset":11)"), std::string::npos);
}

TEST(Answers, WhatCannotBeFetchedIsAnErrorThatShowsNoSecret) {
    for (const char* kind : {kAskedTelegram, kAskedNtfy}) {
        Desk desk(kind);
        ASSERT_EQ(desk.wrong, "");
        const std::string refused =
            print(listened(desk, "", R"({"ok":false,"description":"Conflict: 42:s3cret"})", 409));
        EXPECT_EQ(refused.find("error: HTTP 409"), 0U) << refused;
        EXPECT_EQ(refused.find("s3cret"), std::string::npos) << refused;
        for (const char* rubbish : {"", "[]", "null", "{\"result\":7}", "<html>", "\xff\xfe{"}) {
            EXPECT_EQ(print(listened(desk, "3", rubbish)), "3:") << kind << rubbish;
        }
    }
}

TEST(Answers, ToWhoPressedInTelegramIsShort) {
    Desk desk(kAskedTelegram);
    desk.http.reply = HttpReply{200, {}, R"({"ok":true,"result":true})"};
    ASSERT_TRUE(desk.sender.respond(desk.channel, {"t", "7", "q1"}, std::string(500, 'x')).ok());
    const Json body = Json::parse(desk.http.asked.body).value();
    EXPECT_EQ(desk.http.asked.url, "https://api.telegram.org/bot42:s3cret/answerCallbackQuery");
    EXPECT_EQ(body["callback_query_id"].as_string(), "q1");
    EXPECT_LE(body["text"].as_string().size(), 203U);
}

TEST(Answers, NtfyCarriesTokensToAnotherTopicAndBack) {
    Desk desk(kAskedNtfy);
    ASSERT_EQ(desk.wrong, "");
    desk.delivery.actions = {{.id = "approve", .label = "Approve", .url = "", .token = "t1"}};
    ASSERT_TRUE(desk.send().delivered);
    EXPECT_NE(
        desk.http.asked.body.find(
            R"("actions":[{"action":"http","label":"Approve","url":"https://ntfy.sh/my-answers",)"
            R"("method":"POST","clear":true,"body":"t1"}])"),
        std::string::npos)
        << desk.http.asked.body;
    EXPECT_EQ(print(listened(desk, "",
                             "{\"id\":\"a\",\"event\":\"open\"}\n"
                             "{\"id\":\"b\",\"event\":\"message\",\"message\":\"t1\"}\n"
                             "{\"id\":\"c\",\"event\":\"keepalive\"}\nrubbish\n")),
              "b: [t1||]");
    EXPECT_EQ(desk.http.asked.url, "https://ntfy.sh/my-answers/json?poll=1&since=10m");
    EXPECT_EQ(desk.header("Authorization"), "Bearer s3cret");
    (void)listened(desk, "b c", "");
    EXPECT_EQ(desk.http.asked.url, "https://ntfy.sh/my-answers/json?poll=1&since=b%20c");
}

TEST(Answers, APhoneGetsOnlyTheKeyThatIsMeantForIt) {
    Desk desk("ntfy: {topic: t, answers: a, token_file: hook.key, answers_token_file: bot.token}");
    ASSERT_EQ(desk.wrong, "");
    desk.delivery.actions = {{.id = "a", .label = "A", .url = "", .token = "t1"}};
    ASSERT_TRUE(desk.send().delivered);
    EXPECT_NE(desk.http.asked.body.find(R"("headers":{"Authorization":"Bearer 42:s3cret"})"),
              std::string::npos)
        << desk.http.asked.body;
}

TEST(Answers, MoreThanAHundredAtOnceWaitForTheNextTime) {
    Desk desk(kAskedNtfy);
    std::string lines;
    for (int i = 0; i < 300; ++i) {
        lines += "{\"id\":\"" + std::to_string(i) + "\",\"event\":\"message\",\"message\":\"x\"}\n";
    }
    const Result<Heard> heard = listened(desk, "", lines);
    ASSERT_TRUE(heard.ok());
    EXPECT_EQ(heard.value().presses.size(), 100U);
    EXPECT_EQ(heard.value().cursor, "99");
}

// --- Slack ---

const Time kNow = parse_rfc3339("2026-01-29T13:30:00Z").value();

Knock signed_knock(const std::string& body, const std::string& secret = "42:s3cret") {
    const std::string at = std::to_string(kNow.time_since_epoch().count() / 1000);
    return {body, at, "v0=" + hmac_sha256_hex(secret, "v0:" + at + ":" + body)};
}

TEST(Answers, OnlyWhatSlackSignedIsHeard) {
    Desk desk(kAskedSlack);
    ASSERT_EQ(desk.wrong, "");
    const std::string body =
        "a=b&payload=%7B%22type%22%3A%22block_actions%22%2C%22user%22%3A%7B%22id%22%3A%22U1%22%7D"
        "%2C%22response_url%22%3A%22https%3A%2F%2Fhooks.slack.com%2Fa%22%2C%22actions%22%3A%5B%7B"
        "%22value%22%3A%22t1%22%7D%5D%7D";
    const auto heard = [&](const Knock& knock, Time now = kNow) {
        return print(desk.sender.hear(desk.channel, knock, now));
    };
    EXPECT_EQ(heard(signed_knock(body)), ": [t1|U1|https://hooks.slack.com/a]");
    EXPECT_EQ(heard(signed_knock(body, "other")), "error: the signature is not Slack's");
    EXPECT_EQ(heard({body, "", ""}), "error: no time of Slack's is on the request");
    EXPECT_EQ(heard(signed_knock(body), kNow + std::chrono::seconds(301)),
              "error: the request is not of now: it may be a repetition");
    EXPECT_EQ(heard(signed_knock(body), kNow - std::chrono::seconds(301)),
              "error: the request is not of now: it may be a repetition");
    for (const char* other : {"", "payload=", "payload=%7", "payload=%zz", "payload=%7B%7D",
                              "payload=%7B%22type%22%3A%22view_submission%22%7D"}) {
        EXPECT_EQ(heard(signed_knock(other)),
                  "error: the body is no press: 'payload' of type block_actions")
            << other;
    }
}

// Made with and judged by Slack's own @slack/bolt, which lets a request from the future pass; we
// do not.
TEST(Answers, SignaturesAreAsSlacksOwnLibraryJudgesThem) {
    std::ifstream file(std::string(OPS_SOURCE_DIR) +
                       "/../shared/contracts/captures/slack/signature_vectors.json");
    if (!file) GTEST_SKIP() << "no ../shared";
    std::stringstream text;
    text << file.rdbuf();
    const Json vectors = Json::parse(text.str()).value();
    ASSERT_GT(vectors.items().size(), 5U);
    for (const Json& vector : vectors.items()) {
        const Json& headers = vector["headers"];
        const Knock knock{vector["body"].as_string(),
                          headers["X-Slack-Request-Timestamp"].as_string(),
                          headers["X-Slack-Signature"].as_string()};
        const Time now{Duration{vector["now_ms"].as_int()}};
        const Result<> judged =
            check_slack_signature(vector["signing_secret"].as_string(), knock, now);
        const bool is_future = vector["name"].as_string().find("future") != std::string::npos;
        EXPECT_EQ(judged.ok(), vector["bolt_accepts"].as_bool() && !is_future)
            << vector["name"].as_string();
    }
}

TEST(Answers, AreSentToSlackAndNowhereElse) {
    Desk desk(kAskedSlack);
    const auto respond = [&](const std::string& where) {
        return desk.sender.respond(desk.channel, {"t", "U1", where}, "<!channel> done").ok();
    };
    desk.http.reply = HttpReply{200, {}, "ok"};
    EXPECT_TRUE(respond("https://hooks.slack.com/actions/T/1"));
    EXPECT_EQ(desk.http.asked.body, R"({"response_type":"ephemeral","replace_original":false,)"
                                    R"("text":"&lt;!channel&gt; done"})");
    for (const char* other : {"http://169.254.169.254/latest", "https://hooks.slack.com.evil.org/",
                              "https://evil.org/https://hooks.slack.com/", "file:///etc/passwd"}) {
        EXPECT_FALSE(respond(other)) << other;
    }
}

// --- settings ---

TEST(Answers, WhatIsWrongWithTheirSettingsIsSaid) {
    const struct {
        const char* channel;
        const char* says;
    } rows[] = {
        {"telegram: {token_file: bot.token, chat_id: 1, allowed: [\"ann smith=4\"]}",
         "must be the id of a person, or NAME=ID, such as ann=42"},
        {"telegram: {token_file: bot.token, chat_id: 1, allowed: [\"ann=\"]}",
         "must be the id of a person"},
        {"ntfy: {topic: a, answers: a}", "'answers' is another topic than 'topic'"},
        {"ntfy: {topic: a, answers: \"a/b\"}", "a topic is at most 64 letters"},
        {"slack: {webhook_url_file: hook.url, allowed: [U1]}", "'allowed' is for a bot"},
        {"slack: {token_file: hook.key, channel: C1, allowed: [U1]}",
         "needs 'signing_secret_file'"},
        {"email: {to: a@b.c, from: a@b.c, links: true}", "need 'public_url' of agent"},
    };
    for (const auto& row : rows) {
        const std::string said =
            lint_channels("channels:\n  - {name: c, " + std::string(row.channel) + "}\n");
        EXPECT_NE(said.find(row.says), std::string::npos) << row.channel << "\n" << said;
    }
    // A proxy on this machine would make everybody somebody on this machine.
    for (const char* lacks : {"", ", password_file: a.key", ", push_token_file: b.key"}) {
        const std::string said = lint_channels("agent: {public_url: \"https://ops.example.org\"" +
                                               std::string(lacks) + "}\n");
        EXPECT_NE(said.find("set 'password_file' and 'push_token_file' as well"), std::string::npos)
            << said;
    }
    EXPECT_EQ(
        lint_channels("agent: {public_url: \"https://ops.example.org/\", password_file: a.key, "
                      "push_token_file: b.key}\nchannels:\n"
                      "  - {name: c, email: {to: a@b.c, from: a@b.c, links: true}}\n"),
        "");
}

TEST(Answers, AMailHasItsLinksInBothParts) {
    Desk desk("email: {to: a@b.c, from: a@b.c}");
    desk.delivery.actions = {{.id = "a",
                              .label = "Approve",
                              .url = "https://ops.example.org/press/mail/t1",
                              .token = ""}};
    ASSERT_TRUE(desk.send().delivered);
    const std::string text =
        desk.delivery.alert.text("UTC") + "\nApprove: https://ops.example.org/press/mail/t1\n";
    const std::string mail = replace_all(desk.mail.sent.text, "\r\n", "");
    EXPECT_NE(mail.find(base64(replace_all(text, "\n", "\r\n"))), std::string::npos);
    // Its place in the other part moves with what stands before: one of the three is there.
    const std::string link = "href=\"https://ops.example.org/press/mail/t1\">Approve";
    size_t found = 0;
    for (size_t skip = 0; skip < 3; ++skip) {
        const std::string middle = link.substr(skip, (link.size() - skip) / 3 * 3);
        found += mail.find(base64(middle)) != std::string::npos ? 1U : 0U;
    }
    EXPECT_EQ(found, 1U);
}

// Slack has 2,800 bytes, Telegram and ntfy 4,096: a long reason pushes the commands out.
TEST(Answers, NobodySaysYesToWhatAMessageHasNoRoomFor) {
    const auto offers = [](const char* kind, size_t commands, size_t length) {
        Desk desk(kind);
        desk.http.reply = good_reply(desk.channel.kind);
        AlertDraft& alert = desk.delivery.alert;
        alert.before = {{"Reason", std::string(900, 'r')}};
        for (size_t i = 1; i <= commands; ++i) {
            alert.before.emplace_back("Would run " + std::to_string(i),
                                      "echo '<&>' " + std::string(length, 'x'));
        }
        desk.delivery.actions = {
            {.id = "approve", .label = "Yes", .url = "", .token = "y.inc-1.0.0.0"},
            {.id = "reject", .label = "No", .url = "", .token = "n.inc-1.0.0.0"}};
        EXPECT_TRUE(desk.send().delivered) << kind;
        const std::string& body = desk.http.asked.body;
        EXPECT_NE(body.find("n.inc-1.0.0.0"), std::string::npos) << "who has not seen may refuse";
        return body.find("y.inc-1.0.0.0") != std::string::npos;
    };
    for (const char* kind : {kAskedTelegram, kAskedNtfy, kAskedSlack}) {
        EXPECT_TRUE(offers(kind, 2, 100)) << kind;
        EXPECT_FALSE(offers(kind, 5, 800)) << kind;
    }
    EXPECT_TRUE(offers(kAskedTelegram, 3, 800));
    EXPECT_FALSE(offers(kAskedSlack, 3, 800)) << "Slack has less room";
}

}  // namespace
}  // namespace ops

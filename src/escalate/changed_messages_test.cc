// Messages that are changed as their incident goes on.
#include <gtest/gtest.h>

#include "escalate/desk_for_test.h"

namespace ops {
namespace {

// What is acknowledged or over changes the message that is there; news is a message of its own.
TEST(ChannelKinds, ChangeTheirMessageQuietlyAndTellNewsAloud) {
    struct Row {
        const char* kind;
        const char* edit_url;  // ends so
        const char* edit_holds;
        const char* reply_holds;  // news refers to the first
    };
    const Row rows[] = {
        {kTelegram, "/editMessageText", "\"message_id\":7}",
         "\"reply_parameters\":{\"message_id\":7,"},
        {kSlackBot, "/chat.update", "\"ts\":\"1.2\"",
         "\"thread_ts\":\"1.2\",\"reply_broadcast\":true"},
        {kDiscord, "/T/s3cret/messages/m1", "\"content\":\"✅ RECOVERED",
         "\"content\":\"🚨 CRITICAL"},
        {kMatrix, "", "\"m.relates_to\":{\"rel_type\":\"m.replace\",\"event_id\":\"$e\"}",
         "\"m.relates_to\":{\"m.in_reply_to\":{\"event_id\":\"$e\"}}"},
    };
    for (const Row& row : rows) {
        Desk desk(row.kind);
        desk.http.reply = good_reply(desk.channel.kind);
        const Json reference = desk.send().delivered->reference;
        EXPECT_TRUE(reference.is_object()) << row.kind;
        const std::string first_url = desk.http.asked.url;
        desk.becomes(AlertState::changed, reference);
        EXPECT_TRUE(desk.send().delivered) << row.kind;
        EXPECT_NE(desk.http.asked.body.find(row.reply_holds), std::string::npos)
            << row.kind << ": " << desk.http.asked.body;
        desk.becomes(AlertState::recovered, reference);
        desk.http.all.clear();
        const DeliveryResult edited = desk.send();
        ASSERT_TRUE(edited.delivered) << row.kind;
        EXPECT_EQ(desk.http.all.size(), 1U) << row.kind;
        EXPECT_TRUE(desk.http.asked.url.ends_with(row.edit_url)) << desk.http.asked.url;
        EXPECT_NE(desk.http.asked.body.find(row.edit_holds), std::string::npos)
            << row.kind << ": " << desk.http.asked.body;
        EXPECT_NE(edited.delivered->answer.find("was changed"), std::string::npos);
        EXPECT_TRUE(edited.delivered->reference.is_null()) << "it is what it was";
        // Without `edits`, or when nothing is known of a message before, it is a new one.
        desk.channel.values["edits"] = {"false"};
        EXPECT_TRUE(desk.send().delivered);
        EXPECT_EQ(desk.http.asked.body.find(row.edit_holds) == std::string::npos,
                  std::string(row.kind) != kDiscord)
            << row.kind;
        EXPECT_EQ(desk.http.asked.method, std::string(row.kind) == kMatrix ? "PUT" : "POST");
    }
}

// The first message does not go on looking open, and answers are answers to it.
TEST(ChannelKinds, BringTheFirstMessageToItsEndToo) {
    struct Row {
        const char* kind;
        const char* second;  // what the other side answers to the second message
        std::vector<std::string> first_and_newest;  // in a change of each
        const char* thread;
    };
    const Row rows[] = {
        {kTelegram,
         R"({"ok":true,"result":{"message_id":9}})",
         {"\"message_id\":7}", "\"message_id\":9}"},
         "\"reply_parameters\":{\"message_id\":7,"},
        {kSlackBot,
         R"({"ok":true,"channel":"C1","ts":"3.4"})",
         {"\"ts\":\"1.2\"", "\"ts\":\"3.4\""},
         "\"thread_ts\":\"1.2\""},
        {kDiscord, R"({"id":"m2"})", {"/messages/m1", "/messages/m2"}, ""},
        {kMatrix,
         R"({"event_id":"$f"})",
         {"\"event_id\":\"$e\"}", "\"event_id\":\"$f\"}"},
         "\"m.in_reply_to\":{\"event_id\":\"$e\"}"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.kind);
        Desk desk(row.kind);
        desk.http.reply = good_reply(desk.channel.kind);
        const Json first = desk.send().delivered->reference;
        desk.http.reply = HttpReply{200, {}, row.second};
        desk.becomes(AlertState::changed, first);
        const Json second = desk.send().delivered->reference;
        desk.becomes(AlertState::changed, second);
        const Json third = desk.send().delivered->reference;
        EXPECT_NE(desk.http.asked.body.find(row.thread), std::string::npos)
            << "an answer to the first, not to the second: " << desk.http.asked.body;
        EXPECT_EQ(third["first"].dump(), first.dump());
        desk.becomes(AlertState::answered, second);
        desk.http.all.clear();
        ASSERT_TRUE(desk.send().delivered);
        EXPECT_EQ(desk.http.all.size(), 1U) << "an answer stands where it was given";
        desk.becomes(AlertState::recovered, second);
        desk.http.all.clear();
        ASSERT_TRUE(desk.send().delivered);
        ASSERT_EQ(desk.http.all.size(), 2U);
        for (size_t i = 0; i < 2; ++i) {
            const HttpRequest& asked = desk.http.all[i];
            EXPECT_NE((asked.url + asked.body).find(row.first_and_newest[i]), std::string::npos)
                << asked.url << " " << asked.body;
        }
        EXPECT_NE(desk.http.all[0].url + desk.http.all[0].body,
                  desk.http.all[1].url + desk.http.all[1].body);
    }
}

TEST(ChannelKinds, SayAnewWhatCannotBeChanged) {
    struct Row {
        const char* why;
        const char* kind;
        Json reference;
        HttpReply refusal;
        bool again;
    };
    const Json telegram = Json::object({{"message_id", 7}});
    const Json slack = Json::object({{"channel", "C1"}, {"ts", "1.2"}});
    const Json discord = Json::object({{"id", "m1"}});
    const Row rows[] = {
        {"deleted",
         kTelegram,
         telegram,
         {400, {}, R"({"description":"message to edit not found"})"},
         true},
        {"it says so already",
         kTelegram,
         telegram,
         {400, {}, R"({"description":"Bad Request: message is not modified: x"})"},
         false},
        {"too fast is tried again as it was", kTelegram, telegram, {429, {}, ""}, false},
        {"deleted",
         kSlackBot,
         slack,
         {200, {}, R"({"ok":false,"error":"message_not_found"})"},
         true},
        {"busy", kSlackBot, slack, {200, {}, R"({"ok":false,"error":"ratelimited"})"}, false},
        {"deleted", kDiscord, discord, {404, {}, R"({"message":"Unknown Message"})"}, true},
        {"down", kDiscord, discord, {503, {}, ""}, false},
    };
    for (const Row& row : rows) {
        Desk desk(row.kind);
        desk.http.replies = {row.refusal};
        desk.http.reply = good_reply(desk.channel.kind);
        desk.becomes(AlertState::recovered, row.reference);
        const DeliveryResult result = desk.send();
        EXPECT_EQ(desk.http.all.size(), row.again ? 2U : 1U) << row.kind << " " << row.why;
        EXPECT_EQ(result.delivered && result.delivered->reference.is_object(), row.again)
            << row.kind << " " << row.why;
    }
}

}  // namespace
}  // namespace ops

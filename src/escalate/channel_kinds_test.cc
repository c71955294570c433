// What each kind sends, byte for byte, and what it makes of the answers.
#include "escalate/channel_kinds.h"

#include <gtest/gtest.h>

#include <set>

#include "escalate/desk_for_test.h"

namespace ops {
namespace {

constexpr const char* kAllHttp[] = {kNtfy,   kTelegram,  kSlackHook, kSlackBot, kDiscord,
                                    kMatrix, kPagerduty, kPushover,  kGotify,   kAlertmanager};

// The second sample of the contract, with a row that means mischief.
void hostile(AlertDraft& alert) {
    alert.level = Level::warning;
    alert.title = "Disk <b>&</b> @everyone <!channel>";
    alert.before = {{"Reason", "a & b\r\nX-Evil: 1 \x1b[31m"}};
    alert.auto_action = "Cleared 3GB of old logs";
    alert.after = {{"Disk now", "89%"}};
    alert.ask = "No action needed, monitoring";
    alert.action_required = false;
}

TEST(ChannelKinds, SendTheseBytes) {
    struct Row {
        const char* kind;
        const char* method;
        const char* url;
        const char* body;
    };
    const Row rows[] = {
        {kNtfy, "POST", "https://ntfy.sh/",
         R"({"topic":"my-ops","title":"WARNING: Disk <b>&</b> @everyone <!channel>",)"
         R"("message":"Time: 2026-01-29 13:30\nReason: a & b X-Evil: 1 \nAuto-action: Cleared 3GB of )"
         R"(old logs\nDisk now: 89%\n👉 No action needed, monitoring","priority":3,)"
         R"("tags":["warning","alien"]})"},
        {kTelegram, "POST", "https://api.telegram.org/bot42:s3cret/sendMessage",
         R"({"chat_id":-42,"text":"<b>⚠️ WARNING: Disk &lt;b&gt;&amp;&lt;/b&gt; @everyone )"
         R"(&lt;!channel&gt;</b>\n<b>Time:</b> 2026-01-29 13:30\n<b>Reason:</b> a &amp; b X-Evil: 1 )"
         R"(\n<b>Auto-action:</b> Cleared 3GB of old logs\n<b>Disk now:</b> 89%\n👉 No action )"
         R"(needed, monitoring","parse_mode":"HTML","link_preview_options":{"is_disabled":true}})"},
        {kSlackHook, "POST", "https://hooks.example.com/T/s3cret",
         R"({"text":"⚠️ WARNING: Disk &lt;b&gt;&amp;&lt;/b&gt; @everyone &lt;!channel&gt;",)"
         R"("attachments":[{"color":"#daa038","fallback":"WARNING: Disk &lt;b&gt;&amp;&lt;/b&gt; )"
         R"(@everyone &lt;!channel&gt;","blocks":[{"type":"section","text":{"type":"mrkdwn","text":)"
         R"("*Time:* 2026-01-29 13:30\n*Reason:* a &amp; b X-Evil: 1 \n*Auto-action:* Cleared 3GB of )"
         R"(old logs\n*Disk now:* 89%\n👉 No action needed, monitoring","verbatim":true}}]}]})"},
        {kDiscord, "POST", "https://hooks.example.com/T/s3cret?wait=true",
         R"({"content":"⚠️ WARNING: Disk \\<b\\>&\\</b\\> \\@everyone \\<!channel\\>",)"
         R"("embeds":[{"description":"**Time:** 2026-01-29 13:30\n**Reason:** a & b X-Evil: 1 )"
         R"(\n**Auto-action:** Cleared 3GB of old logs\n**Disk now:** 89%\n👉 No action needed, )"
         R"(monitoring","color":14327864,"timestamp":"2026-01-29T13:30:00.000Z","footer":{"text":"alien"}}],)"
         R"("allowed_mentions":{"parse":[]}})"},
        {kPagerduty, "POST", "https://events.pagerduty.com/v2/enqueue",
         R"({"routing_key":"s3cret","event_action":"trigger","dedup_key":"inc-1","payload":{"summary":)"
         R"("WARNING: Disk <b>&</b> @everyone <!channel>","source":"alien","severity":"warning",)"
         R"("timestamp":"2026-01-29T13:30:00.000Z","custom_details":{"Time":"2026-01-29 13:30","Reason":)"
         R"("a & b X-Evil: 1 ","Auto-action":"Cleared 3GB of old logs","Disk now":"89%",)"
         R"("Asked of you":"👉 No action needed, monitoring"}},"client":"ops-agent"})"},
        {kPushover, "POST", "https://api.pushover.net/1/messages.json",
         R"({"token":"s3cret","user":"42:s3cret","title":"⚠️ WARNING: Disk <b>&</b> @everyone )"
         R"(<!channel>","message":"Time: 2026-01-29 13:30\nReason: a & b X-Evil: 1 \nAuto-action: )"
         R"(Cleared 3GB of old logs\nDisk now: 89%\n👉 No action needed, monitoring","priority":0,)"
         R"("timestamp":1769693400})"},
        {kGotify, "POST", "https://g.example.org/message",
         R"({"title":"⚠️ WARNING: Disk <b>&</b> @everyone <!channel>","message":"Time: 2026-01-29 )"
         R"(13:30\nReason: a & b X-Evil: 1 \nAuto-action: Cleared 3GB of old logs\nDisk now: 89%\n)"
         R"(👉 No action needed, monitoring","priority":5,"extras":{"client::display":{"contentType":)"
         R"("text/plain"}}})"},
        {kMatrix, "PUT",
         "https://m.example.org/_matrix/client/v3/rooms/%21a%3Ab.c/send/m.room.message/"
         "TRANSACTION",
         R"({"msgtype":"m.text","body":"⚠️ WARNING: Disk <b>&</b> @everyone <!channel>\nTime: )"
         R"(2026-01-29 13:30\nReason: a & b X-Evil: 1 \nAuto-action: Cleared 3GB of old logs\nDisk )"
         R"(now: 89%\n👉 No action needed, monitoring","format":"org.matrix.custom.html",)"
         R"("formatted_body":"<strong>⚠️ WARNING: Disk &lt;b&gt;&amp;&lt;/b&gt; @everyone )"
         R"(&lt;!channel&gt;</strong><br>\n<strong>Time:</strong> 2026-01-29 13:30<br>\n<strong>Reason:)"
         R"(</strong> a &amp; b X-Evil: 1 <br>\n<strong>Auto-action:</strong> Cleared 3GB of old logs)"
         R"(<br>\n<strong>Disk now:</strong> 89%<br>\n👉 No action needed, monitoring",)"
         R"("m.mentions":{}})"},
        {kAlertmanager, "POST", "http://127.0.0.1:9/hook",
         R"({"receiver":"c","status":"firing","alerts":[{"status":"firing","labels":{"agent":"alien",)"
         R"("alertname":"Disk <b>&</b> @everyone <!channel>","incident":"inc-1","severity":"warning"},)"
         R"("annotations":{"summary":"WARNING: Disk <b>&</b> @everyone <!channel>","description":)"
         R"("Time: 2026-01-29 13:30\nReason: a & b X-Evil: 1 \nAuto-action: Cleared 3GB of old logs\n)"
         R"(Disk now: 89%\n👉 No action needed, monitoring"},"startsAt":"2026-01-29T13:30:00.000Z","endsAt":)"
         R"("0001-01-01T00:00:00Z","generatorURL":"https://ops.example.org/incidents/inc-1",)"
         R"("fingerprint":"FINGERPRINT"}],"groupLabels":{"incident":"inc-1"},"commonLabels":{"agent":)"
         R"("alien","alertname":"Disk <b>&</b> @everyone <!channel>","incident":"inc-1","severity":)"
         R"("warning"},"commonAnnotations":{"summary":"WARNING: Disk <b>&</b> @everyone <!channel>",)"
         R"("description":"Time: 2026-01-29 13:30\nReason: a & b X-Evil: 1 \nAuto-action: Cleared 3GB )"
         R"(of old logs\nDisk now: 89%\n👉 No action needed, monitoring"},"externalURL":)"
         R"("https://ops.example.org","version":"4","groupKey":"{}:{incident=\"inc-1\"}",)"
         R"("truncatedAlerts":0})"},
    };
    for (const Row& row : rows) {
        Desk desk(row.kind);
        EXPECT_EQ(desk.wrong, "") << row.kind;
        hostile(desk.delivery.alert);
        desk.http.reply = good_reply(desk.channel.kind);
        const DeliveryResult result = desk.send();
        ASSERT_TRUE(result.delivered) << row.kind << ": " << result.failed->error.message;
        std::string url = desk.http.asked.url, body = desk.http.asked.body;
        if (desk.channel.kind == "matrix") url.replace(url.rfind('/') + 1, 32, "TRANSACTION");
        const size_t print = body.find("\"fingerprint\":\"");
        if (print != std::string::npos) body.replace(print + 15, 16, "FINGERPRINT");
        EXPECT_EQ(desk.http.asked.method, row.method) << row.kind;
        EXPECT_EQ(url, row.url) << row.kind;
        EXPECT_EQ(body, row.body) << row.kind;
        EXPECT_EQ(desk.header("Content-Type").substr(0, 16), "application/json") << row.kind;
    }
}

TEST(ChannelKinds, SayWhoTheyAreWithTheirSecret) {
    struct Row {
        const char* kind;
        const char* header;
        const char* value;
    };
    const Row rows[] = {
        {kNtfy, "Authorization", "Bearer s3cret"},
        {"ntfy: {topic: t, user: me, password_file: hook.key}", "Authorization",
         "Basic bWU6czNjcmV0"},
        {"ntfy: {topic: t}", "Authorization", ""},
        {kSlackBot, "Authorization", "Bearer s3cret"},
        {kMatrix, "Authorization", "Bearer s3cret"},
        {kGotify, "X-Gotify-Key", "s3cret"},
        {"alertmanager: {url: \"http://x\", token_file: hook.key}", "Authorization",
         "Bearer s3cret"},
    };
    for (const Row& row : rows) {
        Desk desk(row.kind);
        EXPECT_EQ(desk.wrong, "") << row.kind;
        desk.http.reply = good_reply(desk.channel.kind);
        EXPECT_TRUE(desk.send().delivered) << row.kind;
        EXPECT_EQ(desk.header(row.header), row.value) << row.kind;
    }
}

TEST(ChannelKinds, NeverShowASecretOfTheirs) {
    for (const char* kind : kAllHttp) {
        for (const int status : {200, 400, 500}) {
            Desk desk(kind);
            if (desk.channel.kind == "alertmanager") continue;  // it has none here
            // The other side says back what it was sent.
            desk.http.reply = HttpReply{
                status,
                {},
                R"({"ok":false,"error":"bad s3cret","description":"https://x/42:s3cret"})"};
            const DeliveryResult result = desk.send();
            const std::string said =
                result.failed ? result.failed->error.message : result.delivered->answer;
            EXPECT_EQ(said.find("s3cret"), std::string::npos) << kind << ": " << said;
        }
        Desk desk(kind);
        if (desk.channel.kind == "alertmanager") continue;
        desk.files.files.clear();
        EXPECT_TRUE(desk.send().failed) << kind << ": without its secret nothing is sent";
        EXPECT_TRUE(desk.http.all.empty()) << kind;
        desk.files.files = {{"/etc/hook.key", "a\r\nX-Evil: 1"},
                            {"/etc/hook.url", "https://x/\r\nX-Evil: 1"},
                            {"/etc/bot.token", "42:x\r\nX-Evil: 1"}};
        EXPECT_TRUE(desk.send().failed) << kind << ": nor with one of two lines";
        EXPECT_TRUE(desk.http.all.empty()) << kind;
    }
}

TEST(ChannelKinds, WhetherToTryAgainFollowsFromTheAnswer) {
    struct Row {
        const char* why;
        const char* kind;
        HttpReply reply;
        bool retry;
        std::optional<Duration> wait;
        const char* words;
    };
    using std::chrono::milliseconds;
    using std::chrono::seconds;
    const Row rows[] = {
        {"no such chat",
         kTelegram,
         {400, {}, R"({"ok":false,"error_code":400,"description":"Bad Request: chat not found"})"},
         false,
         {},
         "HTTP 400: Bad Request: chat not found"},
        {"too fast, as the body says",
         kTelegram,
         {429,
          {},
          R"({"ok":false,"description":"Too Many Requests","parameters":{"retry_after":7}})"},
         true,
         seconds(7),
         "HTTP 429: Too Many Requests"},
        {"the group has moved",
         kTelegram,
         {400, {}, R"({"description":"upgraded","parameters":{"migrate_to_chat_id":-1009}})"},
         false,
         {},
         "chat_id: -1009"},
        {"a fraction of a second, rounded up",
         kDiscord,
         {429,
          {},
          R"({"message":"You are being rate limited.","retry_after":0.25,"global":false})"},
         true,
         milliseconds(250),
         "HTTP 429: You are being rate limited."},
        {"the header counts more",
         kDiscord,
         {429, {{"retry-after", "3"}}, R"({"retry_after":9})"},
         true,
         seconds(3),
         "HTTP 429"},
        {"a webhook that is gone",
         kDiscord,
         {404, {}, R"({"message":"Unknown Webhook","code":10015})"},
         false,
         {},
         "HTTP 404: Unknown Webhook"},
        {"milliseconds",
         kMatrix,
         {429, {}, R"({"errcode":"M_LIMIT_EXCEEDED","error":"slow down","retry_after_ms":1500})"},
         true,
         milliseconds(1500),
         "HTTP 429: slow down"},
        {"not in the room",
         kMatrix,
         {403, {}, R"({"errcode":"M_FORBIDDEN","error":"not in room"})"},
         false,
         {},
         "HTTP 403: not in room"},
        {"Slack says no with 200",
         kSlackBot,
         {200, {}, R"({"ok":false,"error":"channel_not_found"})"},
         false,
         {},
         "channel_not_found"},
        {"Slack is busy with 200",
         kSlackBot,
         {200, {{"retry-after", "30"}}, R"({"ok":false,"error":"ratelimited"})"},
         true,
         seconds(30),
         "ratelimited"},
        {"Slack says nothing that it should",
         kSlackBot,
         {200, {}, "<html>"},
         false,
         {},
         "HTTP 200"},
        {"a webhook that was taken back",
         kSlackHook,
         {410, {}, "channel_is_archived"},
         false,
         {},
         "HTTP 410: channel_is_archived"},
        {"an event that is none",
         kPagerduty,
         {400,
          {},
          R"({"status":"invalid event","message":"Event object is invalid","errors":["x is bad"]})"},
         false,
         {},
         "HTTP 400: Event object is invalid: x is bad"},
        {"throttled", kPagerduty, {429, {}, ""}, true, {}, "HTTP 429"},
        {"a wrong key",
         kPushover,
         {400, {}, R"({"token":"invalid","errors":["application token is invalid"],"status":0})"},
         false,
         {},
         "HTTP 400: application token is invalid"},
        {"too large for ntfy",
         kNtfy,
         {413, {}, R"({"code":41303,"http":413,"error":"JSON body too large"})"},
         false,
         {},
         "HTTP 413: JSON body too large"},
        {"a server that is down",
         kGotify,
         {502, {}, "<html>Bad gateway</html>"},
         true,
         {},
         "HTTP 502"},
        {"an answer with escapes",
         kGotify,
         {400, {}, "{\"errorDescription\":\"\\u001b[31mred\\nX\"}"},
         false,
         {},
         "HTTP 400: red X"},
        {"a wait that no clock can count",
         kDiscord,
         {429, {}, R"({"retry_after":1e300})"},
         true,
         seconds(1'000'000),
         "HTTP 429"},
        {"a wait before now", kDiscord, {429, {}, R"({"retry_after":-5})"}, true, {}, "HTTP 429"},
    };
    for (const Row& row : rows) {
        Desk desk(row.kind);
        desk.http.reply = row.reply;
        const DeliveryResult result = desk.send();
        ASSERT_TRUE(result.failed) << row.why;
        EXPECT_EQ(result.failed->retry, row.retry) << row.why;
        EXPECT_EQ(result.failed->wait, row.wait) << row.why;
        EXPECT_NE(result.failed->error.message.find(row.words), std::string::npos)
            << row.why << ": " << result.failed->error.message;
    }
}

TEST(ChannelKinds, StayWithinTheirLimits) {
    struct Row {
        const char* kind;
        size_t body;
    };
    // Of all of the body; what single fields take is in its parts below.
    const Row rows[] = {{kNtfy, 6000},     {kTelegram, 6000}, {kSlackBot, 8000},
                        {kDiscord, 10000}, {kMatrix, 65000},  {kPushover, 2500}};
    for (const Row& row : rows) {
        Desk desk(row.kind);
        desk.http.reply = good_reply(desk.channel.kind);
        desk.delivery.alert.title = std::string(900, 'x') + "ü<&";
        for (int i = 0; i < 300; ++i) {
            desk.delivery.alert.before.emplace_back("Row " + std::to_string(i), "ü<&>\"*_ x");
        }
        ASSERT_TRUE(desk.send().delivered) << row.kind;
        EXPECT_LE(desk.http.asked.body.size(), row.body) << row.kind;
        const Json body = Json::parse(desk.http.asked.body).value();
        EXPECT_LE(body["message"].as_string().size(), 4096U) << row.kind;
        EXPECT_LE(body["title"].as_string().size(), 250U) << row.kind;
        EXPECT_LE(body["text"].as_string().size(), 4096U) << row.kind;
        EXPECT_LE(body["content"].as_string().size(), 2000U) << row.kind;
        EXPECT_NE(desk.http.asked.body.find("ACTION REQUIRED: Investigate manually"),
                  std::string::npos)
            << row.kind << ": what is asked is never cut away";
    }
}

const std::vector<AlertAction> kActions = {
    {.id = "ack", .label = "Acknowledge", .token = "a:1:ack", .style = AlertAction::Style::good},
    {.id = "show", .label = "Show", .url = "https://ops.example.org/incidents/inc-1"},
    {.id = "pause",
     .label = "Pause",
     .url = "https://ops.example.org/press/1",
     .style = AlertAction::Style::danger,
     .calls = true},
};

TEST(ChannelKinds, MakeButtonsOfActions) {
    struct Row {
        const char* kind;
        const char* holds;
    };
    const Row rows[] = {
        {kTelegram,
         R"("reply_markup":{"inline_keyboard":[[{"text":"Acknowledge","callback_data":"a:1:ack"},)"
         R"({"text":"Show","url":"https://ops.example.org/incidents/inc-1"})"},
        {kSlackBot,
         R"({"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":)"
         R"("Acknowledge"},"action_id":"ack","value":"a:1:ack","style":"primary"})"},
        {kNtfy,
         R"("actions":[{"action":"view","label":"Show","url":"https://ops.example.org/incidents/inc-1"},)"
         R"({"action":"http","label":"Pause","url":"https://ops.example.org/press/1","method":"POST",)"
         R"("clear":true}])"},
        {kDiscord,
         R"("components":[{"type":1,"components":[{"type":2,"style":5,"label":"Show","url":)"},
        {kPagerduty,
         R"("links":[{"href":"https://ops.example.org/incidents/inc-1","text":"Show"}])"},
        {kPushover, R"("url":"https://ops.example.org/incidents/inc-1","url_title":"Show")"},
        {kGotify, R"("client::notification":{"click":{"url":)"},
    };
    for (const Row& row : rows) {
        Desk desk(row.kind);
        desk.http.reply = good_reply(desk.channel.kind);
        desk.delivery.actions = kActions;
        ASSERT_TRUE(desk.send().delivered) << row.kind;
        EXPECT_NE(desk.http.asked.body.find(row.holds), std::string::npos)
            << row.kind << ": " << desk.http.asked.body;
    }
}

TEST(Pagerduty, TriggersAcknowledgesAndResolvesOneAlert) {
    Desk desk(kPagerduty);
    desk.http.reply = HttpReply{202, {}, R"({"status":"success","message":"Event processed"})"};
    EXPECT_EQ(desk.send().delivered->answer, "HTTP 202: Event processed");
    desk.becomes(AlertState::acknowledged, {});
    EXPECT_TRUE(desk.send().delivered);
    EXPECT_EQ(desk.http.asked.body,
              R"({"routing_key":"s3cret","event_action":"acknowledge","dedup_key":"inc-1"})");
    desk.becomes(AlertState::recovered, {});
    EXPECT_TRUE(desk.send().delivered);
    EXPECT_EQ(desk.http.asked.body,
              R"({"routing_key":"s3cret","event_action":"resolve","dedup_key":"inc-1"})");
}

TEST(Pagerduty, ATestLeavesNothingOpen) {
    Desk desk(kPagerduty);
    desk.delivery.alert.state = AlertState::test;
    desk.delivery.alert.incident = "";
    EXPECT_TRUE(desk.send().delivered);
    ASSERT_EQ(desk.http.all.size(), 2U);
    EXPECT_NE(desk.http.all[0].body.find("\"trigger\""), std::string::npos);
    EXPECT_NE(desk.http.all[1].body.find("\"resolve\""), std::string::npos);
}

TEST(Pushover, WhatIsCriticalCallsUntilItIsOver) {
    Desk desk("pushover: {token_file: hook.key, user_file: bot.token, retry: 2m, sound: siren}");
    desk.http.reply = good_reply("pushover");
    const DeliveryResult first = desk.send();
    EXPECT_NE(desk.http.asked.body.find(R"("priority":2,)"), std::string::npos);
    EXPECT_NE(desk.http.asked.body.find(R"("retry":120,"expire":3600,"sound":"siren")"),
              std::string::npos)
        << desk.http.asked.body;
    desk.becomes(AlertState::acknowledged, first.delivered->reference);
    desk.http.all.clear();
    EXPECT_EQ(desk.send().delivered->answer,
              "taken as request q1; the call before it was called off");
    ASSERT_EQ(desk.http.all.size(), 2U);
    EXPECT_EQ(desk.http.all[0].url, "https://api.pushover.net/1/receipts/r1/cancel.json");
    EXPECT_NE(desk.http.all[1].body.find(R"("priority":-1)"), std::string::npos);
}

TEST(Matrix, TheSameMessageHasTheSameTransaction) {
    Desk desk(kMatrix);
    desk.http.reply = HttpReply{503, {}, ""};
    EXPECT_TRUE(desk.send().failed);
    const std::string first = desk.http.asked.url;
    EXPECT_TRUE(desk.send().failed);
    EXPECT_EQ(desk.http.asked.url, first);
    desk.delivery.alert.key = "inc-1/recovered";
    EXPECT_TRUE(desk.send().failed);
    EXPECT_NE(desk.http.asked.url, first);
}

TEST(AlertmanagerChannel, AnAlertStaysTheSameOneUntilItIsResolved) {
    Desk desk(kAlertmanager);
    desk.delivery.alert.level = Level::warning;
    const DeliveryResult first = desk.send();
    const Json fired = Json::parse(desk.http.asked.body).value()["alerts"].items()[0];
    desk.delivery.alert.at += std::chrono::minutes(5);
    desk.becomes(AlertState::recovered, first.delivered->reference);
    EXPECT_TRUE(desk.send().delivered);
    const Json body = Json::parse(desk.http.asked.body).value();
    const Json over = body["alerts"].items()[0];
    EXPECT_EQ(body["status"].as_string(), "resolved");
    EXPECT_EQ(over["status"].as_string(), "resolved");
    EXPECT_EQ(over["fingerprint"], fired["fingerprint"]);
    EXPECT_EQ(over["startsAt"].as_string(), "2026-01-29T13:30:00.000Z");
    EXPECT_EQ(over["endsAt"].as_string(), "2026-01-29T13:35:00.000Z");
}

TEST(AlertmanagerChannel, ANewSeverityEndsTheAlertWithTheOld) {
    Desk desk(kAlertmanager);
    desk.delivery.alert.level = Level::warning;
    const DeliveryResult first = desk.send();
    const Json fired = Json::parse(desk.http.asked.body).value()["alerts"].items()[0];
    desk.delivery.alert.level = Level::critical;
    desk.becomes(AlertState::changed, first.delivered->reference);
    EXPECT_TRUE(desk.send().delivered);
    const Json body = Json::parse(desk.http.asked.body).value();
    ASSERT_EQ(body["alerts"].items().size(), 2U);
    EXPECT_EQ(body["status"].as_string(), "firing");
    EXPECT_EQ(body["alerts"].items()[0]["labels"]["severity"].as_string(), "critical");
    EXPECT_EQ(body["alerts"].items()[1]["fingerprint"], fired["fingerprint"]);
    EXPECT_EQ(body["alerts"].items()[1]["status"].as_string(), "resolved");
    EXPECT_FALSE(body["commonLabels"].has("severity"));
}

TEST(Apprise, GetsTheTextAndNoWordOfItOnTheCommandLine) {
    Desk desk("apprise: {config_file: apprise.yml, tag: ops}");
    EXPECT_EQ(desk.wrong, "");
    EXPECT_EQ(desk.send().delivered->answer, "apprise: all services took it");
    EXPECT_EQ(desk.processes.ran.argv,
              (std::vector<std::string>{"apprise", "--input-format=text",
                                        "--config=/etc/apprise.yml", "--tag=ops"}));
    EXPECT_EQ(desk.processes.ran.input, desk.delivery.alert.text("UTC") + "\n");
    Exit exit;
    exit.code = 1;
    exit.output = "WARNING - Failed to send JSON notification: error=500.\n";
    desk.processes.exit = exit;
    const DeliveryResult result = desk.send();
    ASSERT_TRUE(result.failed);
    EXPECT_TRUE(result.failed->retry);
    EXPECT_NE(result.failed->error.message.find("Failed to send"), std::string::npos);
}

TEST(Apprise, SaysBeforeItIsNeededThatItIsNotThere) {
    Desk desk("apprise: {config_file: apprise.yml}");
    const Result<> missing = desk.sender.prepare(desk.channel);
    ASSERT_FALSE(missing.ok());
    EXPECT_NE(missing.error().message.find("install Debian's package apprise"), std::string::npos);
    desk.files.files["/usr/bin/apprise"] = "#!/usr/bin/python3\n";
    EXPECT_TRUE(desk.sender.prepare(desk.channel).ok());
}

}  // namespace
}  // namespace ops

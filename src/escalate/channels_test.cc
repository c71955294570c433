#include <gtest/gtest.h>

#include <set>

#include "base/hash.h"
#include "base/text.h"
#include "escalate/desk_for_test.h"

namespace ops {
namespace {

TEST(Console, IsOneLine) {
    Desk desk("console: {}");
    EXPECT_TRUE(desk.send().delivered);
    EXPECT_EQ(desk.log.lines,
              (std::vector<std::string>{"🚨 CRITICAL: worker_3 is down | Time: 2026-01-29 13:30 | "
                                        "👉 ACTION REQUIRED: Investigate manually"}));
}

TEST(CommandChannel, GetsTheTextAndTheFields) {
    Desk desk("command: {run: \"/usr/local/bin/tell --to 'the founder'\"}");
    EXPECT_EQ(desk.send().delivered->answer, "exit 0");
    EXPECT_EQ(desk.processes.ran.argv,
              (std::vector<std::string>{"/usr/local/bin/tell", "--to", "the founder"}));
    EXPECT_EQ(desk.processes.ran.input, desk.delivery.alert.text("UTC") + "\n");
    const Json json = Json::parse(desk.processes.ran.environment.at("OPS_ALERT")).value();
    EXPECT_EQ(json["level"].as_string(), "critical");
    EXPECT_EQ(json["incident"].as_string(), "inc-1");
}

TEST(CommandChannel, APathStartsAtTheConfiguration) {
    Desk desk("command: {run: \"./tell --to 'the founder'\"}");  // in /etc/c.yaml
    EXPECT_TRUE(desk.send().delivered);
    EXPECT_EQ(desk.processes.ran.argv,
              (std::vector<std::string>{"/etc/tell", "--to", "the founder"}));
}

TEST(CommandChannel, AFailureIsTriedAgain) {
    Desk desk("command: {run: tell}");
    Exit exit;
    exit.code = 3;
    exit.output = "no network\x1b[31m\n";
    desk.processes.exit = exit;
    const DeliveryResult result = desk.send();
    ASSERT_TRUE(result.failed);
    EXPECT_TRUE(result.failed->retry);
    EXPECT_NE(result.failed->error.message.find("no network"), std::string::npos);
    EXPECT_EQ(result.failed->error.message.find('\x1b'), std::string::npos);
}

TEST(Webhook, IsSignedJson) {
    Desk desk("webhook: {url: \"https://example.com/ops\", secret_file: hook.key}");
    EXPECT_EQ(desk.send().delivered->answer, "HTTP 200");
    EXPECT_EQ(desk.header("X-Ops-Signature"),
              "sha256=" + hmac_sha256_hex("s3cret", desk.http.asked.body))
        << "without the newline at the end of the file";
    const Json body = Json::parse(desk.http.asked.body).value();
    EXPECT_EQ(body["agent"].as_string(), "alien");
    EXPECT_EQ(body["title"].as_string(), "worker_3 is down");
    EXPECT_EQ(body["text"].as_string(), desk.delivery.alert.text("UTC"));
    EXPECT_EQ(desk.http.asked.body.find("s3cret"), std::string::npos);
}

TEST(Webhook, WhetherToTryAgainFollowsFromTheAnswer) {
    struct Row {
        const char* why;
        Result<HttpReply> reply;
        bool retry;
        std::optional<Duration> wait;
    };
    const Row rows[] = {
        {"server error", HttpReply{500, {}, ""}, true, {}},
        {"busy", HttpReply{429, {{"retry-after", "30"}}, ""}, true, std::chrono::seconds(30)},
        {"nonsense in Retry-After", HttpReply{503, {{"retry-after", "soon"}}, ""}, true, {}},
        {"negative Retry-After", HttpReply{503, {{"retry-after", "-5"}}, ""}, true, {}},
        {"forbidden", HttpReply{403, {}, ""}, false, {}},
        {"moved, not followed", HttpReply{302, {}, ""}, false, {}},
        {"refused", Error{Fault::unavailable, "refused"}, true, {}},
        {"timeout", Error{Fault::timeout, "no answer"}, true, {}},
        {"bad url", Error{Fault::invalid, "bad url"}, false, {}},
    };
    for (const Row& row : rows) {
        Desk desk("webhook: {url: \"https://example.com/\"}");
        desk.http.reply = row.reply;
        const DeliveryResult result = desk.send();
        ASSERT_TRUE(result.failed) << row.why;
        EXPECT_EQ(result.failed->retry, row.retry) << row.why;
        EXPECT_EQ(result.failed->wait, row.wait) << row.why;
    }
}

TEST(Webhook, AMissingSecretSendsNothingUnsigned) {
    Desk desk("webhook: {url: \"https://example.com/\", secret_file: other.key}");
    EXPECT_TRUE(desk.send().failed);
    EXPECT_TRUE(desk.http.asked.url.empty());
}

std::string header(const std::string& mail, const std::string& name) {
    const size_t at = mail.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    size_t end = mail.find("\r\n", at + 2);
    while (end != std::string::npos && end + 2 < mail.size() && mail[end + 2] == ' ') {
        end = mail.find("\r\n", end + 2);
    }
    const size_t start = at + 2 + name.size() + 2;
    return mail.substr(start, end - start);
}

constexpr const char* kMail =
    "email: {to: [founder@example.com, second@example.com], from: ops@example.com}";

TEST(Email, HasCorrectHeaders) {
    const Desk desk(kMail);
    const std::string mail = compose_mail(desk.channel, desk.delivery);
    EXPECT_TRUE(mail.starts_with("Date: Thu, 29 Jan 2026 13:30:00 +0000\r\n")) << mail;
    EXPECT_EQ(header(mail, "From"), "ops@example.com");
    EXPECT_EQ(header(mail, "To"), "founder@example.com,\r\n second@example.com");
    // "🚨 CRITICAL: worker_3 is down [alien]"
    EXPECT_EQ(header(mail, "Subject"),
              "=?UTF-8?B?8J+aqCBDUklUSUNBTDogd29ya2VyXzMgaXMgZG93biBbYWxpZW5d?=");
    EXPECT_EQ(mail.find("\n\n"), std::string::npos) << "CRLF everywhere";
    for (const std::string_view line : split(mail, '\n')) EXPECT_LE(line.size(), 78U) << line;
}

TEST(Email, LongSubjectsAreFoldedBetweenCharacters) {
    Desk desk(kMail);
    desk.delivery.alert.title = "";
    for (int i = 0; i < 60; ++i) desk.delivery.alert.title += "ü";
    const std::string mail = compose_mail(desk.channel, desk.delivery);
    const std::string subject = header(mail, "Subject");
    size_t words = 0;
    for (const std::string_view word : split(subject, ' ')) {
        const std::string_view one = trim(word);
        if (one.empty()) continue;
        ++words;
        EXPECT_LE(one.size(), 75U);
        EXPECT_TRUE(one.starts_with("=?UTF-8?B?") && one.ends_with("?=")) << one;
    }
    EXPECT_GE(words, 3U);
}

TEST(Email, NothingInAnAlertCanAddAHeader) {
    for (const char* evil :
         {"x\r\nBcc: all@example.com", "x\nBcc: all@example.com", "x\rBcc: all@example.com",
          "x\r\n\r\nbody", "=?UTF-8?B?DQpCY2M6IHg=?="}) {
        Desk desk(kMail);
        desk.delivery.alert.title = evil;
        desk.delivery.alert.before = {{evil, evil}};
        desk.delivery.alert.key = evil;
        desk.delivery.agent = evil;
        const std::string mail = compose_mail(desk.channel, desk.delivery);
        const std::string headers = mail.substr(0, mail.find("\r\n\r\n"));
        EXPECT_EQ(headers.find("Bcc"), std::string::npos) << headers;
        EXPECT_EQ(headers.find("DQpCY2M"), std::string::npos) << "nor an encoded word of theirs";
        EXPECT_NE(headers.find("Content-Type: multipart/alternative"), std::string::npos) << evil;
    }
}

TEST(Email, MessagesOfOneIncidentAreOneThread) {
    Desk desk(kMail);
    const std::string first = compose_mail(desk.channel, desk.delivery);
    desk.delivery.alert.state = AlertState::recovered;
    desk.delivery.alert.key = "inc-1/recovered";
    const std::string later = compose_mail(desk.channel, desk.delivery);
    EXPECT_EQ(header(later, "In-Reply-To"), header(first, "Message-ID"));
    EXPECT_EQ(header(later, "References"), header(first, "Message-ID"));
    EXPECT_NE(header(later, "Message-ID"), header(first, "Message-ID"));
    desk.delivery.alert.incident = "inc-2";
    desk.delivery.alert.state = AlertState::raised;
    EXPECT_NE(header(compose_mail(desk.channel, desk.delivery), "Message-ID"),
              header(first, "Message-ID"));
}

TEST(Email, GoesToTheServer) {
    Desk desk(kMail);
    EXPECT_TRUE(desk.send().delivered);
    EXPECT_EQ(desk.mail.sent.smtp_url, "smtp://127.0.0.1:25");
    EXPECT_EQ(desk.mail.sent.to.size(), 2U);
    desk.mail.reply = Error{Fault::denied, "550 no such user"};
    EXPECT_FALSE(desk.send().failed->retry);
    desk.mail.reply = Error{Fault::unavailable, "connection refused"};
    EXPECT_TRUE(desk.send().failed->retry);
}

TEST(Retry, FiveSecondsDoublingToTenMinutes) {
    struct Row {
        int tries;
        int seconds;
    };
    for (const Row& row :
         {Row{1, 5}, Row{2, 10}, Row{3, 20}, Row{7, 320}, Row{8, 600}, Row{1000000, 600}}) {
        EXPECT_EQ(retry_delay(row.tries, {}), std::chrono::seconds(row.seconds)) << row.tries;
    }
    EXPECT_EQ(retry_delay(1, std::chrono::seconds(90)), std::chrono::seconds(90));
    EXPECT_EQ(retry_delay(1, std::chrono::hours(48)), std::chrono::hours(1));
    EXPECT_EQ(retry_delay(9, std::chrono::seconds(0)), std::chrono::seconds(5));
}

TEST(Kinds, EachHasHelpAndThoseThatAreHereCanSend) {
    for (const ChannelKind& kind : channel_kinds()) {
        EXPECT_FALSE(kind.help.empty()) << kind.name;
        EXPECT_EQ(find_channel_kind(kind.name), &kind);
        std::set<std::string_view> names;
        for (const ChannelSetting& setting : kind.settings()) {
            EXPECT_FALSE(setting.help.empty()) << kind.name << " " << setting.name;
            EXPECT_TRUE(names.insert(setting.name).second) << kind.name << " " << setting.name;
        }
    }
}

TEST(Lint, NamesEveryMistakeWithItsPlace) {
    struct Row {
        const char* why;
        const char* config;
        const char* said;
    };
    const Row rows[] = {
        {"a later kind", "channels:\n  - {name: phone, teams: {url: \"https://x\", topic: y}}\n",
         "c.yaml:4:26: warning: channel kind 'teams' is not in this version, nothing is sent to "
         "'phone'"},
        {"no kind", "channels:\n  - {name: phone}\n",
         "c.yaml:4:5: error: channel 'phone' needs a kind, such as email, webhook or command"},
        {"twice", "channels:\n  - {name: a, console: {}}\n  - {name: a, console: {}}\n",
         "c.yaml:5:12: error: channel 'a' is defined twice"},
        {"unknown key", "channels:\n  - {name: a, webhook: {url: \"https://x\", secret_fil: y}}\n",
         "unknown key 'secret_fil' (did you mean 'secret_file'?)"},
        {"header injection",
         "channels:\n  - {name: a, email: {to: \"x@y.z\\nBcc: q@r.s\", from: "
         "\"o@y.z\"}}\n",
         "is not a mail address"},
        {"unknown channel",
         "channels:\n  - {name: phone, console: {}}\nescalation: {critical: [phnoe]}\n",
         "c.yaml:5:24: error: no channel 'phnoe' (did you mean 'phone'?)"},
        {"a shell operator", "channels:\n  - {name: a, command: {run: \"tell | tee x\"}}\n",
         "error: "},
        {"ftp", "channels:\n  - {name: a, webhook: {url: \"ftp://x\"}}\n",
         "error: 'url' begins with http:// or https://"},
        {"a secret in the configuration",
         "channels:\n  - {name: a, discord: {webhook_url: \"https://x/y\"}}\n",
         "c.yaml:4:38: error: a secret does not stand in the configuration: write "
         "'webhook_url_file'"},
        {"no secret", "channels:\n  - {name: a, gotify: {url: \"https://x\"}}\n",
         "c.yaml:4:23: error: 'gotify' needs 'token_file'"},
        {"a misspelt secret is said once",
         "channels:\n  - {name: a, gotify: {url: \"https://x\", token_fil: y}}\n",
         "unknown key 'token_fil' (did you mean 'token_file'?)"},
        {"a topic that would be a path", "channels:\n  - {name: a, ntfy: {topic: \"a/b\"}}\n",
         "error: a topic is at most 64 letters"},
        {"a user without a password", "channels:\n  - {name: a, ntfy: {topic: a, user: b}}\n",
         "error: 'user' and 'password_file' belong together"},
        {"a chat that is none", "channels:\n  - {name: a, telegram: {token_file: x, chat_id: y}}\n",
         "error: 'chat_id' is a number, or @name of a channel"},
        {"slack without a way", "channels:\n  - {name: a, slack: {}}\n",
         "error: 'slack' needs 'webhook_url_file', or 'token_file' and 'channel'"},
        {"slack with two ways",
         "channels:\n  - {name: a, slack: {webhook_url_file: x, token_file: y, channel: z}}\n",
         "error: 'webhook_url_file' or 'token_file', not both"},
        {"a bot without a channel", "channels:\n  - {name: a, slack: {token_file: y}}\n",
         "error: a bot needs 'channel' too"},
        {"a room's name",
         "channels:\n  - {name: a, matrix: {url: \"https://x\", room: \"#ops:x\", token_file: "
         "y}}\n",
         "error: 'room' is the id of a room"},
        {"too often",
         "channels:\n  - {name: a, pushover: {token_file: x, user_file: y, retry: 5s}}\n",
         "error: Pushover repeats every 30s at most"},
        {"a line end in a URL", "channels:\n  - {name: a, webhook: {url: \"https://x\\r\\ny\"}}\n",
         "error: 'url' is not a URL"},
    };
    for (const Row& row : rows) {
        EXPECT_NE(lint_channels(row.config).find(row.said), std::string::npos)
            << row.why << ":\n"
            << lint_channels(row.config);
    }
    EXPECT_EQ(lint_channels("channels:\n  - {name: a, console: {}}\n"), "");
}

}  // namespace
}  // namespace ops

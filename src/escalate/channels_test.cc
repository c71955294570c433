#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/text.h"
#include "escalate/channel_kinds.h"
#include "escalate/escalate.h"

namespace ops {
namespace {

class FakeHttp final : public Http {
public:
    Result<HttpReply> send(const HttpRequest& request) override {
        asked = request;
        return reply;
    }
    HttpRequest asked;
    Result<HttpReply> reply = HttpReply{200, {}, ""};
};
class FakeMail final : public Mail {
public:
    Result<MailTaken> send(const MailMessage& message) override {
        sent = message;
        return reply;
    }
    MailMessage sent;
    Result<MailTaken> reply = MailTaken{};
};
class FakeProcesses final : public Processes {
public:
    Result<Exit> run(const Command& command) override {
        ran = command;
        return exit;
    }
    std::optional<ProcessIdentity> identify(int) override { return std::nullopt; }
    std::string boot_id() override { return ""; }
    Command ran;
    Result<Exit> exit = Exit{};
};
class FakeFiles final : public Files {
public:
    Result<std::string> read(const std::string& path) override {
        if (path == "/etc/hook.key") return std::string("s3cret\n");
        return Error{Fault::not_found, "no such file"};
    }
    Result<> replace(const std::string&, std::string_view) override { return {}; }
    Result<> create_new(const std::string&, std::string_view) override { return {}; }
    Result<> remove(const std::string&) override { return {}; }
    Result<> make_folder(const std::string&) override { return {}; }
    Result<std::vector<std::string>> list(const std::string&) override {
        return std::vector<std::string>{};
    }
};
class FakeLog final : public LogSink {
public:
    void alert_line(Level, std::string_view line) override { lines.emplace_back(line); }
    std::vector<std::string> lines;
};

struct Desk {
    FakeHttp http;
    FakeMail mail;
    FakeProcesses processes;
    FakeFiles files;
    FakeLog log;
    Sender sender{{http, mail, processes, files, log}};
    ChannelSettings channel;
    Delivery delivery;

    explicit Desk(const std::string& kind) {
        channel.name = "c";
        channel.kind = kind;
        delivery.agent = "alien";
        delivery.time_zone = "UTC";
        delivery.alert.key = "inc-1/raised/critical";
        delivery.alert.incident = "inc-1";
        delivery.alert.level = Level::critical;
        delivery.alert.title = "worker_3 is down";
        delivery.alert.at = parse_rfc3339("2026-01-29T13:30:00Z").value();
        delivery.alert.ask = "Investigate manually";
        delivery.alert.action_required = true;
    }
    DeliveryResult send() { return sender.deliver(channel, delivery); }
};

TEST(Console, IsOneLine) {
    Desk desk("console");
    EXPECT_TRUE(desk.send().delivered);
    EXPECT_EQ(desk.log.lines,
              (std::vector<std::string>{"🚨 CRITICAL: worker_3 is down | Time: 2026-01-29 13:30 | "
                                        "👉 ACTION REQUIRED: Investigate manually"}));
}

TEST(CommandChannel, GetsTheTextAndTheFields) {
    Desk desk("command");
    desk.channel.run = "/usr/local/bin/tell --to 'the founder'";
    EXPECT_EQ(desk.send().delivered->answer, "exit 0");
    EXPECT_EQ(desk.processes.ran.argv,
              (std::vector<std::string>{"/usr/local/bin/tell", "--to", "the founder"}));
    EXPECT_EQ(desk.processes.ran.input, desk.delivery.alert.text("UTC") + "\n");
    const Json json = Json::parse(desk.processes.ran.environment.at("OPS_ALERT")).value();
    EXPECT_EQ(json["level"].as_string(), "critical");
    EXPECT_EQ(json["incident"].as_string(), "inc-1");
}

TEST(CommandChannel, AFailureIsTriedAgain) {
    Desk desk("command");
    desk.channel.run = "tell";
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
    Desk desk("webhook");
    desk.channel.url = "https://example.com/ops";
    desk.channel.secret_file = "/etc/hook.key";
    EXPECT_EQ(desk.send().delivered->answer, "HTTP 200");
    std::string signature;
    for (const auto& [name, value] : desk.http.asked.headers) {
        if (name == "X-Ops-Signature") signature = value;
    }
    EXPECT_EQ(signature, "sha256=" + hmac_sha256_hex("s3cret", desk.http.asked.body))
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
        Desk desk("webhook");
        desk.channel.url = "https://example.com/";
        desk.http.reply = row.reply;
        const DeliveryResult result = desk.send();
        ASSERT_TRUE(result.failed) << row.why;
        EXPECT_EQ(result.failed->retry, row.retry) << row.why;
        EXPECT_EQ(result.failed->wait, row.wait) << row.why;
    }
}

TEST(Webhook, AMissingSecretSendsNothingUnsigned) {
    Desk desk("webhook");
    desk.channel.url = "https://example.com/";
    desk.channel.secret_file = "/etc/other.key";
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

Desk mail_desk() {
    Desk desk("email");
    desk.channel.to = {"founder@example.com", "second@example.com"};
    desk.channel.from = "ops@example.com";
    desk.channel.smtp = "smtp://127.0.0.1:25";
    return desk;
}

TEST(Email, HasCorrectHeaders) {
    ChannelSettings channel = mail_desk().channel;
    const std::string mail = compose_mail(channel, mail_desk().delivery);
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
    Desk desk = mail_desk();
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
        Desk desk = mail_desk();
        desk.delivery.alert.title = evil;
        desk.delivery.alert.before = {{evil, evil}};
        desk.delivery.alert.key = evil;
        desk.delivery.agent = evil;
        const std::string mail = compose_mail(desk.channel, desk.delivery);
        const std::string headers = mail.substr(0, mail.find("\r\n\r\n"));
        EXPECT_EQ(headers.find("Bcc"), std::string::npos) << headers;
        EXPECT_EQ(headers.find("DQpCY2M"), std::string::npos) << "nor an encoded word of theirs";
        EXPECT_NE(headers.find("Content-Transfer-Encoding: base64"), std::string::npos) << evil;
    }
}

TEST(Email, MessagesOfOneIncidentAreOneThread) {
    Desk desk = mail_desk();
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
    Desk desk = mail_desk();
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
        EXPECT_EQ(kind.available, kind.deliver != nullptr) << kind.name;
    }
}

std::string lint(const std::string& config) {
    Problems problems;
    const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
    auto settings = read_settings(
        {{"c.yaml", "services:\n  - {name: a, check: {tcp: \"127.0.0.1:1\"}}\n" + config}}, nothing,
        problems);
    if (settings) (void)read_escalation(*settings, problems);
    problems.sort_by_place();
    return problems.print();
}

TEST(Lint, NamesEveryMistakeWithItsPlace) {
    struct Row {
        const char* why;
        const char* config;
        const char* said;
    };
    const Row rows[] = {
        {"a later kind", "channels:\n  - {name: phone, ntfy: {url: \"https://x\", topic: y}}\n",
         "c.yaml:4:25: warning: channel kind 'ntfy' is not in this version, nothing is sent to "
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
         "error: a webhook's url begins with http:// or https://"},
    };
    for (const Row& row : rows) {
        EXPECT_NE(lint(row.config).find(row.said), std::string::npos) << row.why << ":\n"
                                                                      << lint(row.config);
    }
    EXPECT_EQ(lint("channels:\n  - {name: a, console: {}}\n"), "");
}

}  // namespace
}  // namespace ops

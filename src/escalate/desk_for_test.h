// A channel read from its configuration, with everything it may touch played.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "escalate/channel_kinds.h"
#include "escalate/escalate.h"

namespace ops {

class FakeHttp final : public Http {
public:
    Result<HttpReply> send(const HttpRequest& request) override {
        asked = request;
        all.push_back(request);
        if (replies.empty()) return reply;
        Result<HttpReply> next = std::move(replies.front());
        replies.erase(replies.begin());
        return next;
    }
    HttpRequest asked;
    std::vector<HttpRequest> all;
    Result<HttpReply> reply = HttpReply{200, {}, ""};
    std::vector<Result<HttpReply>> replies;  // before `reply`, one each
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
        const auto known = files.find(path);
        if (known != files.end()) return known->second;
        return Error{Fault::not_found, "no such file"};
    }
    Result<> replace(const std::string&, std::string_view) override { return {}; }
    Result<> create_new(const std::string&, std::string_view) override { return {}; }
    Result<> remove(const std::string&) override { return {}; }
    Result<> make_folder(const std::string&) override { return {}; }
    Result<std::vector<std::string>> list(const std::string&) override {
        return std::vector<std::string>{};
    }
    Result<DiskSpace> space(const std::string&) override { return DiskSpace{}; }
    std::map<std::string, std::string> files = {
        {"/etc/hook.key", "s3cret\n"},
        {"/etc/bot.token", "42:s3cret\n"},
        {"/etc/hook.url", "https://hooks.example.com/T/s3cret\n"},
    };
};
class FakeLog final : public LogSink {
public:
    void alert_line(Level, std::string_view line) override { lines.emplace_back(line); }
    std::vector<std::string> lines;
};

inline std::string lint_channels(const std::string& config,
                                 EscalationSettings* escalation = nullptr) {
    Problems problems;
    const auto nothing = [](const std::string&) { return std::optional<std::string>(); };
    auto settings = read_settings(
        {{"/etc/c.yaml", "services:\n  - {name: a, check: {tcp: \"127.0.0.1:1\"}}\n" + config}},
        nothing, problems);
    if (settings) {
        EscalationSettings read = read_escalation(*settings, problems);
        if (escalation != nullptr) *escalation = std::move(read);
    }
    problems.sort_by_place();
    return problems.print();
}

struct Desk {
    FakeHttp http;
    FakeMail mail;
    FakeProcesses processes;
    FakeFiles files;
    FakeLog log;
    Sender sender{{http, mail, processes, files, log}};
    ChannelSettings channel;
    Delivery delivery;

    // `kind`: what follows the name: "ntfy: {topic: x}".
    explicit Desk(const std::string& kind) {
        EscalationSettings escalation;
        wrong = lint_channels("channels:\n  - {name: c, " + kind + "}\n", &escalation);
        if (!escalation.channels.empty()) channel = escalation.channels[0];
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
    // The same incident, later.
    void becomes(AlertState state, Json reference) {
        delivery.alert.state = state;
        delivery.alert.key = "inc-1/" + std::string(name_of(state));
        delivery.previous = PreviousMessage{std::move(reference)};
    }
    std::string header(std::string_view name) const {
        for (const auto& [known, value] : http.asked.headers) {
            if (known == name) return value;
        }
        return "";
    }
    std::string wrong;  // of its configuration
};

inline constexpr const char* kNtfy = "ntfy: {topic: my-ops, token_file: hook.key}";
inline constexpr const char* kTelegram = "telegram: {token_file: bot.token, chat_id: -42}";
inline constexpr const char* kSlackHook = "slack: {webhook_url_file: hook.url}";
inline constexpr const char* kSlackBot = "slack: {token_file: hook.key, channel: \"#ops\"}";
inline constexpr const char* kDiscord = "discord: {webhook_url_file: hook.url}";
inline constexpr const char* kMatrix =
    "matrix: {url: \"https://m.example.org/\", room: \"!a:b.c\", token_file: hook.key}";
inline constexpr const char* kPagerduty = "pagerduty: {routing_key_file: hook.key}";
inline constexpr const char* kPushover = "pushover: {token_file: hook.key, user_file: bot.token}";
inline constexpr const char* kGotify =
    "gotify: {url: \"https://g.example.org\", token_file: hook.key}";
inline constexpr const char* kAlertmanager =
    "alertmanager: {url: \"http://127.0.0.1:9/hook\", external_url: \"https://ops.example.org\"}";

// The answer of one that took it, for each of them.
inline HttpReply good_reply(const std::string& kind) {
    if (kind == "slack") return {200, {}, R"({"ok":true,"channel":"C1","ts":"1.2"})"};
    if (kind == "telegram") return {200, {}, R"({"ok":true,"result":{"message_id":7}})"};
    return {200, {}, R"({"id":"m1","event_id":"$e","receipt":"r1","request":"q1"})"};
}

}  // namespace ops

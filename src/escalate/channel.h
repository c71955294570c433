// Channel: one way to a person. Each kind is one file and one row in channels.cc; a row's name,
// help and settings make the CLI help, lint and the manual.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/settings.h"
#include "escalate/alert.h"
#include "io/files.h"
#include "io/http.h"
#include "io/mail.h"
#include "io/processes.h"

namespace ops {

// What a channel may touch. `log_line` writes one line where the program's log goes.
class LogSink {
public:
    virtual ~LogSink() = default;
    virtual void alert_line(Level level, std::string_view line) = 0;
};
struct ChannelPorts {
    Http& http;
    Mail& mail;
    Processes& processes;
    Files& files;  // for *_file secrets, read at each delivery so that a new key needs no restart
    LogSink& log;
};

struct ChannelSettings {
    std::string name;
    std::string kind;
    Place place;
    std::string url, secret_file;  // webhook
    std::string run;               // command: words of a command line, no shell
    std::vector<std::string> to;   // email
    std::string from, smtp, user, password_file;
    bool require_tls = false;
    Duration timeout = std::chrono::seconds(20);
};

struct Outgoing;
struct DeliveryResult;
enum class SendsBy { itself, http, mail };
struct ChannelKind {
    std::string_view name;
    std::string_view help;
    std::string_view settings;  // "url secret_file", as in the configuration
    bool available;             // false: a name of a later version; lint warns, nothing is sent
    void (*read)(const Node& node, ChannelSettings& channel, Problems& problems);
    DeliveryResult (*deliver)(const Outgoing& out);
    SendsBy by = SendsBy::itself;
};
std::span<const ChannelKind> channel_kinds();

// Of a channel of the kind `command`: what is run, without what it is told.
Command command_of(const ChannelSettings& channel);

// `delivery` is what the outbox has: who it is for, which try it is. An Error tells by its fault
// whether to try again.
struct Delivery {
    AlertDraft alert;
    std::string time_zone;
    std::string agent;  // its name, for subjects and From
};
// The other side's answer in a few words: "HTTP 200", "exit 0", "accepted by mail.example.com".
struct Delivered {
    std::string answer;
};
struct DeliveryError {
    Error error;
    bool retry = false;  // trying again may help: timeout, unavailable, HTTP 429 and 5xx
    // The other side asked for it (Retry-After), as a span or as a moment of its clock.
    std::optional<Duration> wait{};
    std::optional<Time> wait_until{};
};
struct DeliveryResult {
    std::optional<Delivered> delivered;
    std::optional<DeliveryError> failed;
};

// Blocking; for a worker. Keeps nothing between calls, safe from many threads if the ports are.
class Sender {
public:
    Sender(ChannelPorts ports) : ports_(ports) {}
    DeliveryResult deliver(const ChannelSettings& channel, const Delivery& delivery);
    // Whether what the channel needs of this machine is there; sends nothing.
    Result<> prepare(const ChannelSettings& channel);

private:
    ChannelPorts ports_;
};

// How long to wait before try number `tries` + 1: 5 s doubling to 10 min, or what the other side
// asked for (at most 1 h).
Duration retry_delay(int tries, std::optional<Duration> asked);

}  // namespace ops

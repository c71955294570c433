// Channel: one way to a person. Each kind is one file and one row in channels.cc; a row's help and
// its table of settings make lint and the manual (docs/channels.md, compared by a test).
//
// What a channel sends stands on its own: a channel keeps nothing between messages. Where the other
// side lets a message be changed, what finds it again goes into the journal with alert.sent and is
// handed back with the next message of that incident.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
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

// One setting of a kind, below its key in the configuration.
struct ChannelSetting {
    enum class Form {
        text,
        list,      // of texts, or one
        url,       // http:// or https://, kept without a slash at the end
        secret,    // NAME_file: a file that only we can read, or NAME: from ${ENV} and nowhere else
        file,      // seen from the configuration's folder
        flag,      // true or false
        number,    // whole, from 0
        duration,  // at least 1 s
    };
    std::string_view name;
    std::string_view help;
    Form form = Form::text;
    bool required = false;
    std::string_view otherwise{};
};

struct ChannelSettings {
    std::string name;
    std::string kind;
    Place place;
    Duration timeout = std::chrono::seconds(20);
    // By the name of the setting (of a secret also NAME_file), what was written or the default.
    std::map<std::string, std::vector<std::string>, std::less<>> values{};

    bool has(std::string_view setting) const;          // and it is not empty
    std::string text(std::string_view setting) const;  // "" when there is none
    std::vector<std::string> list(std::string_view setting) const;
    bool flag(std::string_view setting) const;
    int64_t number(std::string_view setting) const;
    Duration duration(std::string_view setting) const;
    std::vector<std::string> secret_files() const;
};

struct Outgoing;
struct DeliveryResult;
struct Heard;
struct Knock;
struct SeenPress;
class Fields;
enum class SendsBy { itself, http, mail, program };
// How a press on a message of this channel comes back to us. `token`: the other side hands back
// what the button carries. `relay`: it is posted to a place from which we fetch it. `link`: a page
// of our own is opened.
enum class PressedBy { nothing, token, relay, link };
struct ChannelKind {
    std::string_view name;
    std::string_view help;
    std::span<const ChannelSetting> (*table)() = nullptr;  // nothing to be set
    DeliveryResult (*deliver)(const Outgoing& out) = nullptr;
    SendsBy by = SendsBy::itself;
    // What the table cannot say of the settings, such as which two belong together.
    void (*check)(const ChannelSettings& channel, Fields& fields, Problems& problems) = nullptr;
    // Of one that can be answered.
    PressedBy (*pressed_by)(const ChannelSettings& channel) = nullptr;
    // Fetches what was pressed since the last time; blocks for `patience` at most while there is
    // nothing. Works from behind a router: no port of ours is open.
    Result<Heard> (*listen)(const Outgoing& out, const std::string& cursor,
                            Duration patience) = nullptr;
    Duration listen_every{};  // after a listening ended; zero: at once
    // What the other side brings to a port of ours, if it is signed.
    Result<Heard> (*hear)(const Outgoing& out, const Knock& knock, Time now) = nullptr;
    // The answer to who pressed, where it is pressed: words that vanish again.
    Result<> (*respond)(const Outgoing& out, const SeenPress& press,
                        const std::string& words) = nullptr;
    // Otherwise a name of a later version: lint warns, nothing is sent.
    bool is_available() const { return deliver != nullptr; }
    std::span<const ChannelSetting> settings() const;
};
std::span<const ChannelKind> channel_kinds();
const ChannelKind* find_channel_kind(std::string_view name);

PressedBy pressed_by(const ChannelSettings& channel);

// Of a channel that sends by a program: what is run, without what it is told.
Command command_of(const ChannelSettings& channel);

// What a person can answer with one press, as data: each kind makes buttons of it as far as the
// other side has any.
struct AlertAction {
    enum class Style { plain, good, danger };
    std::string id;     // "acknowledge", "silence_1h", "approve", "show"
    std::string label;  // "Acknowledge"
    std::string url;    // is opened; or, where a press can call by itself (ntfy), called by POST
    std::string token;  // what the other side hands back on a press; at most 64 bytes
    Style style = Style::plain;
    bool calls = false;  // the url is called by POST, with the token as its body, and not opened
};

// A press that came back, as the other side tells it: not judged yet.
struct SeenPress {
    std::string token;
    std::string person;    // whom the other side knows by this id; empty: it knows nobody
    std::string reply_to;  // for `respond`
};
struct Heard {
    std::vector<SeenPress> presses;  // at most 100
    std::string cursor;              // for the next time
};
// Brought to a port of ours by the server of a channel.
struct Knock {
    std::string body;  // as it came, byte for byte
    std::string timestamp, signature;
};

// The message about the same incident that went to this channel before, as the other side calls it.
// Only the kind that wrote the reference reads it.
struct PreviousMessage {
    Json reference;
};

// `delivery` is what the outbox has.
struct Delivery {
    AlertDraft alert;
    std::string time_zone;
    std::string agent;  // its name, for subjects and From
    std::optional<PreviousMessage> previous{};
    std::vector<AlertAction> actions{};
};
// The other side's answer in a few words: "HTTP 200", "exit 0", "accepted by mail.example.com".
struct Delivered {
    std::string answer;
    Json reference{};  // null: there is none, or it is as it was
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
    // No secret of the channel is in the result, whatever the other side answered.
    DeliveryResult deliver(const ChannelSettings& channel, const Delivery& delivery);
    // Whether what the channel needs of this machine is there; sends nothing.
    Result<> prepare(const ChannelSettings& channel);
    // See ChannelKind. Requires: the kind can.
    Result<Heard> listen(const ChannelSettings& channel, const std::string& cursor,
                         Duration patience);
    Result<Heard> hear(const ChannelSettings& channel, const Knock& knock, Time now);
    // With what its secret files hold, for who must not wait for a disk.
    Result<ChannelSettings> with_secrets(const ChannelSettings& channel);
    Result<> respond(const ChannelSettings& channel, const SeenPress& press,
                     const std::string& words);

private:
    ChannelPorts ports_;
};

// How long to wait before try number `tries` + 1: 5 s doubling to 10 min, or what the other side
// asked for (at most 1 h).
Duration retry_delay(int tries, std::optional<Duration> asked);

}  // namespace ops

// A secret of every kind, wherever text of others comes in and in what people write, in a whole
// agent with a model and an outside Brain: nothing of it leaves the machine, is remembered or is
// shown. And what is asked of them holds no control, bidirectional or zero-width character.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "patterns/secrets.h"
#include "patterns/secrets_for_test.h"
#include "scenario/machine.h"

namespace ops {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Answer = sim::World::ModelAnswer;

constexpr std::string_view kConfig = R"(
agent: {name: alien, mode: auto}
hosts: [{name: alien, local: true}]
services:
  - {name: shop, host: alien, check: {http: "http://shop.sim/health"}, interval: 15s, heartbeat: {every: 1h, grace: 1h}}
  - {name: quiet, host: alien, check: {http: "http://quiet.sim/health"}, interval: 15s}
  - {name: known, host: alien, check: {http: "http://known.sim/health"}, interval: 15s, restart: "systemctl restart known"}
channels: [{name: hook, webhook: {url: "http://hook.sim/"}}]
facts: {note: string}
logs: [{name: app, service: quiet, file: /var/log/app.log, learning: 10s}]
brain: {url: "http://brain.sim"}
ai: {provider: openai, base_url: "http://model.sim/v1", model: m}
)";
constexpr std::string_view kRunbook = R"(
common_issues:
  - {name: "Shop has a bad note", symptoms: [service == "shop", note == "bad"], auto_resolve: [{command: "systemctl restart shop"}]}
)";
// In front of the secret and behind it: moves a cursor, turns the reading order, cannot be seen.
constexpr std::string_view kTricks = "\x1b[2J\x07\u202e\u2066\u200b\xf3\xa0\x81\x81";

std::string percent_decoded(std::string_view text) {
    std::string decoded;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%' || i + 2 >= text.size()) {
            decoded += text[i];
            continue;
        }
        decoded += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
        i += 2;
    }
    return decoded;
}

// Who may see it, and all that they saw.
struct Seen {
    std::string model, outside, person;
};

class World {
public:
    Seen play(const std::string& text) {
        machine_.set_files(std::string(kConfig), std::string(kRunbook));
        sim::World& world = machine_.world();
        world.host("alien").local = true;
        for (const char* const name : {"shop", "quiet", "known"}) {
            world.service(name).host = "alien";
        }
        world.model = [this](const std::string&) {
            return ++asked_ == 1 ? Answer{"", "host_log", Answer::How::whole}
                                 : Answer{"no idea", "", Answer::How::whole};
        };
        EXPECT_TRUE(machine_.start_agent().ok());
        machine_.run_until(machine_.now() + seconds(40));
        place(text);
        machine_.run_until(machine_.now() + minutes(2));
        world.set_condition(world.service("shop"), sim::Condition::failing);
        world.set_condition(world.service("known"), sim::Condition::dead);
        machine_.run_until(machine_.now() + minutes(4));
        people_say(text);
        world.set_condition(world.service("shop"), sim::Condition::up);
        machine_.run_until(machine_.now() + minutes(4));
        return seen();
    }

private:
    void place(const std::string& text) {
        sim::World& world = machine_.world();
        world.service("shop").says = text;
        Exit exit;
        exit.output = text;
        world.on_command("journalctl", [exit](sim::World&) { return exit; });
        exit.code = 1;
        world.on_command("systemctl restart known", [exit](sim::World&) { return exit; });
        for (const std::string_view line : split(text, '\n')) {
            world.logs["/var/log/app.log"].push_back("ERROR " + std::string(line));
        }
        post("facts/shop", Json::object({{"facts", Json::object({{"note", text}})}}));
        post("events/deploy", Json::object({{"service", "shop"}, {"text", text}}));
        post("brain/memories", Json::object({{"title", "shop: " + text}, {"text", text}}));
        (void)machine_.ask("POST", "/ping/known/fail", Json(text));
    }

    // What was told of them is about these incidents, so all that is open.
    void people_say(const std::string& text) {
        const auto open = machine_.ask("GET", "/api/v1/incidents");
        ASSERT_TRUE(open.ok());
        for (const char* const deed : {"ack", "resolve"}) {
            for (const Json& one : open.value()["incidents"].items()) {
                if (one["state"].as_string() == "resolved") continue;
                // Not everything that is open may be closed now; of shop it may.
                const auto done =
                    machine_.ask("POST", "/api/v1/incidents/" + one["id"].as_string() + "/" + deed,
                                 Json::object({{"by", "ann"}, {"user", "ann"}, {"note", text}}));
                if (one["service"].as_string() == "shop") {
                    EXPECT_TRUE(done.ok()) << done.error().message;
                }
            }
        }
        post("silences", Json::object({{"match", "quiet"}, {"for", "1h"}, {"note", text}}));
    }

    void post(const std::string& path, const Json& body) {
        (void)machine_.ask("POST", "/api/v1/" + path, body);
    }

    Seen seen() {
        Seen seen;
        for (const std::string& body : machine_.world().asked_of_models) seen.model += body + "\n";
        for (const std::string& url : machine_.world().outside_asked)
            seen.outside += percent_decoded(url) + "\n";
        for (const Json& told : machine_.world().outside_told) seen.outside += told.dump() + "\n";
        for (const auto& sent : machine_.world().sent) seen.person += sent.text + "\n";
        for (const std::string& line : machine_.log_lines()) seen.person += line + "\n";
        EventQuery all;
        all.limit = 100'000;
        const auto events = machine_.agent()->store().events(all);
        EXPECT_TRUE(events.ok());
        for (const Event& event : events.value()) seen.person += event.body.dump() + "\n";
        for (const char* const page : {"services", "silences", "brain/memories"}) {
            const auto shown = machine_.ask("GET", std::string("/api/v1/") + page);
            EXPECT_TRUE(shown.ok()) << page;
            if (shown.ok()) seen.person += shown.value().dump() + "\n";
        }
        return seen;
    }

    Machine machine_{1};
    int asked_ = 0;
};

std::string around(const std::string& text, std::string_view part) {
    const size_t at = text.find(part);
    return at == std::string::npos ? "" : text.substr(at > 300 ? at - 300 : 0, 600);
}

void expect_none_of(const std::string& secret, const Seen& seen) {
    for (const auto& [who, all] : {std::pair("a model", &seen.model),
                                   {"an outside Brain", &seen.outside},
                                   {"a person", &seen.person}}) {
        EXPECT_EQ(around(*all, secret), "") << who << " saw the secret";
        for (const char* const trick :
             {"\x1b", "\\u001b", "\x07", "\\u0007", "\u202e", "\u2066", "\u200b", "\xf3\xa0\x81"}) {
            EXPECT_EQ(around(*all, trick), "") << who << " saw a trick";
        }
    }
}

TEST(SecretsInAnAgent, OfEveryKindStayHere) {
    std::set<std::string_view> asked, told;
    for (const std::string_view kind : kSecretKinds) {
        for (const SecretRow& row : secret_rows()) {
            if (row.kind != kind || row.secret.empty()) continue;
            SCOPED_TRACE(row.text);
            const Seen seen = World().play(row.text + std::string(kTricks));
            expect_none_of(row.secret, seen);
            // Else it never came that far, and this shows nothing.
            const std::string placeholder = "<secret:" + row.kind + ">";
            EXPECT_NE(seen.outside.find(placeholder), std::string::npos) << "nothing was told";
            EXPECT_NE(seen.person.find(placeholder), std::string::npos) << "nothing was shown";
            EXPECT_NE(seen.model.find("<secret:"), std::string::npos) << "nothing was asked";
            break;  // the others of a kind are the redactor's own test
        }
    }
}

// A name that only looks like one, for those who read it: it is folded before it is looked at.
TEST(SecretsInAnAgent, NamedInDisguiseStayHereToo) {
    for (const char* const name :
         {"p\u200bassword", "pass\x1b[1mword", "ｐａｓｓｗｏｒｄ", "𝗉𝖺𝗌𝗌𝗐𝗈𝗋𝖽", "PASS\u2066WORD"}) {
        SCOPED_TRACE(name);
        expect_none_of("hunter2zqpass",
                       World().play(std::string("vault has ") + name + "=hunter2zqpass now"));
    }
}

}  // namespace
}  // namespace ops

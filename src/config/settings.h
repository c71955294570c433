// ops-agent.yaml, read and checked. Rooms read their own part (a check, a channel) from the Node
// kept here.
//
// Merged from FILE and, beside it, conf.d/*.yaml (maps merge, lists append, a scalar may be set
// once).
// ${ENV} is replaced from the environment handed in, $$ is a dollar; an unset variable is an error
// with its place. Every key is described in docs/configuration.md.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/ai_settings.h"
#include "config/learn_settings.h"
#include "config/yaml.h"
#include "model/inventory.h"

namespace ops {

enum class Mode { observe, ask, automatic };
std::string_view name_of(Mode mode);

// Every bound of product.md 7, each a key of `limits:` with this default.
struct Limits {
    int attempts = 3;  // an incident
    Duration backoff_first = std::chrono::seconds(10);
    Duration backoff_most = std::chrono::minutes(5);
    Duration attempts_reset = std::chrono::minutes(10);  // healthy for so long clears the counter
    int actions_per_hour = 5;                            // per target
    int actions_per_day = 10;
    int group_share_percent = 50;  // of a group's members repaired within group_window
    Duration group_window = std::chrono::minutes(10);
    int mass_failure_least = 3;  // targets
    int mass_failure_percent = 50;
    Duration mass_failure_window = std::chrono::minutes(2);
    Duration approval_valid = std::chrono::minutes(10);
    Duration soak = std::chrono::seconds(30);  // verification: good for so long
    int soak_checks = 2;                       // and so many good checks in a row
    Duration verify_timeout = std::chrono::seconds(60);
    Duration step_timeout = std::chrono::seconds(60);
    int inbox = 65536;
    int workers = 8;
    int64_t output = 64 * 1024;       // kept of a command's output, head and tail
    int64_t http_body = 1024 * 1024;  // read of an HTTP answer
    Duration http_timeout = std::chrono::seconds(10);
    int http_redirects = 3;
    int llm_calls = 8;  // an incident
    int llm_tokens = 20000;
    int evidence_looks = 4;  // diagnostics run for an incident that opens
};

struct AgentSettings {
    std::string name = "ops-agent";
    Mode mode = Mode::automatic;
    std::string data_dir = "./var";
    std::string listen = "127.0.0.1:8321";
    std::string runbook = "runbook.yaml";  // relative to the config file's folder
    std::string store = "sqlite";
    std::string time_zone;      // empty: the machine's
    std::string password_file;  // empty: none set
    // Where people reach this server, without a slash at the end; empty: nowhere.
    std::string public_url;
    std::string push_token_file;  // empty: pushes from loopback need none
    // host:port or URL, asked to tell the loss of our own network from everybody's outage.
    std::vector<std::string> uplink;
    Duration keep_raw = std::chrono::hours(24);
    Duration keep_minutes = std::chrono::hours(24 * 30);
    Duration keep_hours = std::chrono::hours(24 * 730);
    Duration keep_incidents = std::chrono::hours(24 * 730);
    std::string executor_socket;  // empty: `run` starts the executor itself
    std::string prober_socket;    // empty: `run` starts the prober itself
};

// One check of one target, as written; monitor/ makes it a Check.
struct CheckSettings {
    std::string target;
    // The `check:` map without the keys below; placeholders {n}, {name}, {service}, {host}, {group}
    // are filled in. Of a host: {host: disks} or {host: machine}. Of a signal: its entry without
    // name.
    Node check;
    Duration interval = std::chrono::seconds(30);
    Duration timeout = std::chrono::seconds(5);
    int failures = 2;         // bad in a row before it counts; the second is asked at once
    int recoveries = 2;       // good in a row before it is well again
    bool host_check = false;  // one every host has without being asked: disks, machine
    bool signal = false;
    // The machine it asks over the network, once `check` is let go (agent/load.h).
    std::optional<std::string> remote;
};

struct Settings {
    std::string file;
    AgentSettings agent;
    Limits limits;
    Inventory inventory;
    std::vector<CheckSettings> checks;
    // Facts that are pushed or that a signal gives, for the expression checker: name and type name,
    // or
    // "" where only run time knows it.
    std::vector<std::pair<std::string, std::string>> declared_facts;
    std::vector<std::string> events;  // declared, beside those that everybody knows
    // Commands of the operator, as written: `restart:` of services (of a range its first member's),
    // and those of `clear_cache: NAME` and `rotate_logs: NAME`. The runbook checks them.
    std::vector<std::pair<std::string, Node>> restarts, caches, rotations;
    Node signals, logs, channels, escalation, brain;
    AiSettings ai;
    LearnSettings learn;
    std::string sha256;  // of all the text read
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;
struct ConfigText {
    std::string file;
    std::string text;
};

// `texts`: the main file first, then conf.d in order. Nothing when there was an error; warnings may
// be noted either way.
std::optional<Settings> read_settings(const std::vector<ConfigText>& texts,
                                      const Environment& environment, Problems& problems);

// Where the agent listens and where it keeps its data, whatever is wrong elsewhere; all else is as
// by default. Nothing when one of the two cannot be read: then `problems` says why.
std::optional<AgentSettings> read_whereabouts(const std::vector<ConfigText>& texts,
                                              const Environment& environment, Problems& problems);

// As far as it can be read, in spite of errors: for lint, which goes on to the runbook. Never run
// it.
Settings read_settings_leniently(const std::vector<ConfigText>& texts,
                                 const Environment& environment, Problems& problems);

}  // namespace ops

// ops-agent.yaml, read and checked. Rooms read their own part (a check, a channel) from the Node kept here.
//
// Merged from FILE and, beside it, conf.d/*.yaml (maps merge, lists append, a scalar may be set once). ${ENV} is
// replaced from the environment handed in, $$ is a dollar; an unset variable is an error with its place.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/yaml.h"
#include "model/inventory.h"

namespace ops {

enum class Mode { observe, ask, automatic };
std::string_view name_of(Mode mode);

// Every bound of product.md 7, each a key of `limits:` with this default.
struct Limits {
    int attempts = 3;                 // an incident
    Duration backoff_first = std::chrono::seconds(10);
    Duration backoff_most = std::chrono::minutes(5);
    Duration attempts_reset = std::chrono::minutes(10);  // healthy for so long clears the counter
    int actions_per_hour = 5;         // per target
    int actions_per_day = 10;
    int group_share_percent = 50;     // of a group's members repaired within group_window
    Duration group_window = std::chrono::minutes(10);
    int mass_failure_least = 3;       // targets
    int mass_failure_percent = 50;
    Duration mass_failure_window = std::chrono::minutes(2);
    Duration approval_valid = std::chrono::minutes(10);
    Duration soak = std::chrono::seconds(30);  // verification: good for so long
    int soak_checks = 2;                       // and so many good checks in a row
    Duration verify_timeout = std::chrono::seconds(60);
    Duration step_timeout = std::chrono::seconds(60);
    int inbox = 65536;
    int workers = 8;
};

struct AgentSettings {
    std::string name = "ops-agent";
    Mode mode = Mode::automatic;
    std::string data_dir = "./var";
    std::string listen = "127.0.0.1:8321";
    std::string runbook = "runbook.yaml";  // relative to the config file's folder
    std::string store = "sqlite";
    std::string time_zone;                 // empty: the machine's
    std::string password_file;             // empty: none set
    std::string push_token_file;           // empty: pushes from loopback need none
    std::vector<std::string> uplink;       // host:port or URL lists asked to tell our own network's loss from everybody's
    Duration keep_raw = std::chrono::hours(24);
    Duration keep_minutes = std::chrono::hours(24 * 30);
    Duration keep_hours = std::chrono::hours(24 * 730);
    Duration keep_incidents = std::chrono::hours(24 * 730);
    std::string executor_socket;           // empty: `run` starts the executor itself
};

// One check of one target, as written; monitor/ makes it a Check.
struct CheckSettings {
    std::string target;
    Node check;                            // the `check:` map, placeholders {n}, {name} already filled in
    Duration interval = std::chrono::seconds(30);
    Duration timeout = std::chrono::seconds(5);
    int failures = 2;                      // bad in a row before it counts; the second is asked at once
    int recoveries = 2;                    // good in a row before it is well again
    bool host_check = false;               // one that every host has without being asked: disks, machine
    bool signal = false;
};

struct Settings {
    std::string file;
    AgentSettings agent;
    Limits limits;
    Inventory inventory;
    std::vector<CheckSettings> checks;
    // Names of facts that are pushed or that a signal gives, with their types, for the expression checker.
    std::vector<std::pair<std::string, std::string>> declared_facts;  // name, type name or ""
    Node signals, logs, channels, escalation, ai, brain;
    std::string sha256;                    // of all the text read
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;
struct ConfigText {
    std::string file;
    std::string text;
};

// `texts`: the main file first, then conf.d in order. Nothing when there was an error; warnings may be noted either way.
std::optional<Settings> read_settings(const std::vector<ConfigText>& texts, const Environment& environment,
                                      Problems& problems);

}  // namespace ops

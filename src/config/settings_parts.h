// How settings.cc divides its work: each section of ops-agent.yaml has its reader. Only for the
// .cc files of this room.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace ops {

// A name that one target uses for another one.
struct Reference {
    std::string from;
    std::string to;
    Place place;
};

// What the readers share.
struct SettingsDraft {
    Settings& settings;
    Problems& problems;
    // Hosts, services and signals share one space of names.
    std::map<std::string, std::pair<std::string, Place>, std::less<>> names = {};  // kind and place
    std::vector<Reference> depends_on = {};
    std::vector<Reference> on_host = {};
    // What was complained about already: members of one range make the same mistakes.
    std::map<std::string, bool, std::less<>> told = {};

    // Notes an error when the name is unsafe or taken; false then.
    bool claim(std::string_view kind, const std::string& name, const Place& place);
    void error_once(const Place& place, const std::string& message);
};

// Name by which each key of a check, host or signal is common to all kinds of checks.
struct CheckDefaults {
    Duration interval = std::chrono::seconds(30);
    Duration timeout = std::chrono::seconds(5);
    Duration http_timeout = Limits{}.http_timeout;  // `timeout` of an http check
    int failures = 2;
    int recoveries = 2;
};
class Fields;
// Reads interval, timeout, failures and recoveries.
CheckDefaults read_check_defaults(Fields& fields, const CheckDefaults& otherwise,
                                  SettingsDraft& draft);
// The items of a section that is a list of maps; notes what is none.
std::vector<const Node*> maps_of(const Node& section, std::string_view what, Problems& problems);

void read_agent(const Node& node, AgentSettings& agent, Problems& problems);
void read_limits(const Node& node, Limits& limits, Problems& problems);
void read_hosts(const Node& node, const Place& agent_place, SettingsDraft& draft);
void read_services(const Node& node, SettingsDraft& draft);
void read_signals(const Node& node, SettingsDraft& draft);
void read_facts(const Node& node, SettingsDraft& draft);
void read_events(const Node& node, SettingsDraft& draft);
void read_named_commands(const Node& node, std::string_view what,
                         std::vector<std::pair<std::string, Node>>& commands, Problems& problems);
// Notes an error when there is text there that is no address of HTTP.
void check_url(Fields& fields, std::string_view key, Problems& problems);
LearnSettings read_learn(const Node& node, Problems& problems);
AiSettings read_ai(const Node& node, const Limits& limits, Problems& problems);
void read_brain(const Node& node, Problems& problems);
// Checks of one target, from a map or a list of maps, with its placeholders filled in.
void read_checks(const Node& check, const CheckDefaults& defaults, const Service& service,
                 SettingsDraft& draft);
// Unknown names and cycles; a group's name becomes its members.
void check_references(SettingsDraft& draft);

}  // namespace ops

// `channels:` and `escalation:` of the configuration.
#include <algorithm>

#include "base/text.h"
#include "config/fields.h"
#include "escalate/channel_kinds.h"
#include "escalate/escalate.h"

namespace ops {
namespace {

// As written in the configuration, seen from its folder.
std::string beside(const std::string& config, const std::string& path) {
    const size_t slash = config.rfind('/');
    if (path.empty() || path.starts_with('/') || slash == std::string::npos) return path;
    return config.substr(0, slash + 1) + path;
}

struct Reading {
    const Settings& settings;
    Problems& problems;
    EscalationSettings& into;
    std::vector<std::string> left_out;  // channels of a kind that this version does not have
};

void read_channel(const Node& node, Reading& reading) {
    Problems& problems = reading.problems;
    Fields fields(node, "a channel", problems);
    ChannelSettings channel;
    channel.place = node.place;
    channel.name = fields.required_text("name");
    channel.timeout = fields.duration("timeout", channel.timeout);
    const ChannelKind* kind = nullptr;
    for (const ChannelKind& known : channel_kinds()) {
        if (!fields.has(known.name)) continue;
        if (kind != nullptr) {
            problems.error(fields.place_of(known.name),
                           "channel '" + channel.name + "' is of two kinds, '" +
                               std::string(kind->name) + "' and '" + std::string(known.name) + "'");
        }
        kind = &known;
        const Node& own = fields.node(known.name);
        if (known.is_available()) read_channel_settings(known, own, channel, problems);
    }
    fields.done();
    if (kind == nullptr) {
        if (node.is_map() && !node.damaged) {
            problems.error(node.place, "channel '" + channel.name +
                                           "' needs a kind, such as email, webhook or command");
        }
        return;
    }
    if (channel.name.empty()) return;
    if (!kind->is_available()) {
        problems.warning(fields.place_of(kind->name),
                         "channel kind '" + std::string(kind->name) +
                             "' is not in this version, nothing is sent to '" + channel.name + "'");
        reading.left_out.push_back(channel.name);
        return;
    }
    if (reading.into.find(channel.name) != nullptr) {
        problems.error(fields.place_of("name"), "channel '" + channel.name + "' is defined twice");
        return;
    }
    channel.kind = kind->name;
    for (const ChannelSetting& setting : kind->settings()) {
        const bool is_secret = setting.form == ChannelSetting::Form::secret;
        if (!is_secret && setting.form != ChannelSetting::Form::file) continue;
        const auto known =
            channel.values.find(std::string(setting.name) + (is_secret ? "_file" : ""));
        if (known == channel.values.end()) continue;
        for (std::string& path : known->second) path = beside(reading.settings.file, path);
    }
    reading.into.channels.push_back(std::move(channel));
}

void read_route(Fields& fields, Level level, Reading& reading) {
    const std::string key(name_of(level));
    if (!fields.has(key)) return;
    std::vector<std::string> known = reading.left_out;
    for (const ChannelSettings& channel : reading.into.channels) known.push_back(channel.name);
    std::vector<std::string> route;
    for (const std::string& name : fields.texts(key)) {
        if (reading.into.find(name) != nullptr) {
            route.push_back(name);
        } else if (std::find(known.begin(), known.end(), name) == known.end()) {
            reading.problems.error(fields.place_of(key),
                                   "no channel '" + name + "'" + did_you_mean(name, known));
        }
    }
    if (!route.empty()) reading.into.routes[level] = std::move(route);
}

}  // namespace

EscalationSettings read_escalation(const Settings& settings, Problems& problems) {
    EscalationSettings read;
    read.time_zone = settings.agent.time_zone;
    read.agent = settings.agent.name;
    Reading reading{settings, problems, read, {}};
    if (settings.channels && !settings.channels.is_list()) {
        problems.error(settings.channels.place,
                       "'channels' must be a list, not " + settings.channels.describe());
    }
    for (const Node& node : settings.channels.items) read_channel(node, reading);
    if (read.channels.empty()) {
        ChannelSettings console;
        console.name = console.kind = "console";
        read.channels.push_back(std::move(console));
    }
    Fields fields(settings.escalation, "'escalation'", problems);
    for (const Level level : {Level::critical, Level::alert, Level::warning}) {
        read_route(fields, level, reading);
    }
    read.unacked_after = fields.duration("unacked_after", read.unacked_after);
    read.unexplained_after = fields.duration("unexplained_after", read.unexplained_after);
    read.storm = fields.integer("storm", read.storm, 1, 10000);
    fields.done();
    if (!read.time_zone.empty() && !is_time_zone(read.time_zone)) {
        problems.warning(settings.escalation.place, "no time zone '" + read.time_zone +
                                                        "' on this machine, times are told "
                                                        "in the machine's own");
    }
    return read;
}

const ChannelSettings* EscalationSettings::find(std::string_view channel) const {
    for (const ChannelSettings& known : channels) {
        if (known.name == channel) return &known;
    }
    return nullptr;
}

std::vector<std::string> EscalationSettings::route(Level level) const {
    if (level <= Level::log) return {};
    for (const Level at : {Level::warning, Level::alert, Level::critical}) {
        const auto known = routes.find(at);
        if (at >= level && known != routes.end()) return known->second;
    }
    std::vector<std::string> all;
    for (const ChannelSettings& channel : channels) all.push_back(channel.name);
    return all;
}

}  // namespace ops

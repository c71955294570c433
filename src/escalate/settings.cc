// `channels:` and `escalation:` of the configuration.
#include <algorithm>

#include "base/shell_words.h"
#include "base/text.h"
#include "config/fields.h"
#include "config/program_place.h"
#include "escalate/channel_kinds.h"
#include "escalate/escalate.h"
#include "escalate/hours_settings.h"

namespace ops {
namespace {

// As written in the configuration, seen from its folder.
std::string beside(const std::string& config, const std::string& path) {
    const size_t slash = config.rfind('/');
    if (path.empty() || path.starts_with('/') || slash == std::string::npos) return path;
    return config.substr(0, slash + 1) + path;
}

void run_from_config_folder(ChannelSettings& channel, const std::string& config) {
    const PlacedWords split = split_placed_words(channel.text("run"));
    std::string run;
    for (const Word& word : split.words) {
        const bool is_first = &word == &split.words.front();
        if (!is_first) run += ' ';
        run += quote_for_shell(is_first ? program_beside(config, word.text) : word.text);
    }
    if (!run.empty()) channel.values["run"] = {std::move(run)};
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
    if (pressed_by(channel) == PressedBy::link && reading.settings.agent.public_url.empty()) {
        problems.error(fields.place_of(kind->name),
                       "'links' of channel '" + channel.name +
                           "' need 'public_url' of agent: where people reach this server");
    }
    for (const ChannelSetting& setting : kind->settings()) {
        const bool is_secret = setting.form == ChannelSetting::Form::secret;
        if (!is_secret && setting.form != ChannelSetting::Form::file) continue;
        const auto known =
            channel.values.find(std::string(setting.name) + (is_secret ? "_file" : ""));
        if (known == channel.values.end()) continue;
        for (std::string& path : known->second) path = beside(reading.settings.file, path);
    }
    if (channel.kind == "command") run_from_config_folder(channel, reading.settings.file);
    reading.into.channels.push_back(std::move(channel));
}

void read_route(Fields& fields, Level level, Reading& reading) {
    const std::string key(name_of(level));
    if (!fields.has(key)) return;
    std::vector<std::string> known = reading.left_out;
    for (const ChannelSettings& channel : reading.into.channels) known.push_back(channel.name);
    for (const Person& person : reading.into.people) known.push_back(person.name);
    std::vector<std::string> route;
    const auto add = [&route](const std::string& name) {
        if (std::find(route.begin(), route.end(), name) == route.end()) route.push_back(name);
    };
    for (const std::string& name : fields.texts(key)) {
        const auto& people = reading.into.people;
        const auto person = std::find_if(people.begin(), people.end(),
                                         [&](const Person& one) { return one.name == name; });
        if (reading.into.find(name) != nullptr) {
            add(name);
        } else if (person != people.end()) {
            for (const std::string& channel : person->channels) add(channel);
        } else if (std::find(known.begin(), known.end(), name) == known.end()) {
            reading.problems.error(fields.place_of(key),
                                   "no channel" + std::string(people.empty() ? "" : " or person") +
                                       " '" + name + "'" + did_you_mean(name, known));
        }
    }
    if (!route.empty()) reading.into.routes[level] = std::move(route);
}

void read_person(const Node& node, Reading& reading) {
    Problems& problems = reading.problems;
    Fields fields(node, "a person", problems);
    Person person;
    person.name = fields.required_text("name");
    for (const std::string& name : fields.texts("channels")) {
        std::vector<std::string> known = reading.left_out;
        for (const ChannelSettings& channel : reading.into.channels) known.push_back(channel.name);
        if (reading.into.find(name) != nullptr) {
            person.channels.push_back(name);
        } else if (std::find(known.begin(), known.end(), name) == known.end()) {
            problems.error(fields.place_of("channels"),
                           "no channel '" + name + "'" + did_you_mean(name, known));
        }
        for (const Person& other : reading.into.people) {
            const auto& theirs = other.channels;
            if (std::find(theirs.begin(), theirs.end(), name) == theirs.end()) continue;
            problems.error(fields.place_of("channels"),
                           "channel '" + name + "' is '" + other.name + "'s already");
        }
    }
    if (!fields.has("channels") && !fields.has_misspelt("channels") && node.is_map()) {
        problems.error(node.place, "a person needs 'channels', the ways to them in order");
    }
    const std::string zone = fields.text("time_zone", reading.into.time_zone);
    check_zone(fields, zone, problems);
    person.quiet = read_quiet_hours(fields.node("quiet_hours"), zone, problems);
    fields.done();
    if (reading.into.find(person.name) != nullptr) {
        problems.error(fields.place_of("name"), "'" + person.name + "' is a channel's name");
    }
    for (const Person& other : reading.into.people) {
        if (other.name == person.name) {
            problems.error(fields.place_of("name"),
                           "person '" + person.name + "' is defined twice");
        }
    }
    if (!person.name.empty()) reading.into.people.push_back(std::move(person));
}

std::string address(Fields& fields, const std::string& key, Problems& problems) {
    std::string url = fields.text(key);
    while (url.ends_with('/')) url.pop_back();
    if (!url.empty() && !url.starts_with("http://") && !url.starts_with("https://")) {
        problems.error(fields.place_of(key), "'" + key + "' must begin with http:// or https://");
    }
    return url;
}

// An address, or what stands before it asks for more.
SignReceiver read_alertmanager(Fields& dead_man, Problems& problems) {
    SignReceiver read;
    const Node& node = dead_man.node("alertmanager");
    if (!node.is_map()) {
        read.url = address(dead_man, "alertmanager", problems);
        return read;
    }
    Fields fields(node, "'alertmanager'", problems);
    fields.required_text("url");
    read.url = address(fields, "url", problems);
    read.token_file = fields.text("token_file");
    read.user = fields.text("user");
    read.password_file = fields.text("password_file");
    fields.done();
    if (read.user.empty() != read.password_file.empty()) {
        problems.error(node.place, "'user' and 'password_file' belong together");
    } else if (!read.user.empty() && !read.token_file.empty()) {
        problems.error(node.place, "'token_file', or 'user' and 'password_file', not both");
    }
    return read;
}

void read_dead_man(const Node& node, Reading& reading) {
    if (!node) return;
    Problems& problems = reading.problems;
    Fields fields(node, "'dead_man'", problems);
    DeadMan& read = reading.into.dead_man;
    SignReceiver& to = read.address;
    to.url = address(fields, "url", problems);
    to.url_file = fields.text("url_file");
    to.token_file = fields.text("token_file");
    read.alertmanager = read_alertmanager(fields, problems);
    read.every = fields.duration("every", read.every);
    if (read.every < std::chrono::seconds(10)) {
        problems.error(fields.place_of("every"), "'every' is 10s at least");
    }
    if (!to.url.empty() && !to.url_file.empty()) {
        problems.error(fields.place_of("url"), "'url' and 'url_file' say the same: take one");
    }
    if (!to.token_file.empty() && !to.is_set()) {
        problems.error(fields.place_of("token_file"),
                       "'token_file' belongs to 'url' or 'url_file'; of an Alertmanager it stands "
                       "below 'alertmanager', beside its 'url'");
    }
    fields.done();
    if (!read.is_set()) {
        problems.error(node.place, "'dead_man' needs 'url', 'url_file' or 'alertmanager'");
    }
}

void read_people(const Node& node, Reading& reading) {
    if (node && !node.is_list()) {
        reading.problems.error(node.place, "'people' must be a list, not " + node.describe());
    }
    for (const Node& one : node.items) read_person(one, reading);
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
    read.quiet = read_quiet_hours(fields.node("quiet_hours"), read.time_zone, problems);
    read_people(fields.node("people"), reading);
    read_dead_man(fields.node("dead_man"), reading);
    read.maintenance = read_maintenance(fields.node("maintenance"), settings, problems);
    for (const Level level : {Level::critical, Level::alert, Level::warning}) {
        read_route(fields, level, reading);
    }
    read_digest(fields.node("digest"), read, reading.left_out, problems);
    read.unacked_after = fields.duration("unacked_after", read.unacked_after);
    read.repeat_every = fields.duration("repeat_every", read.repeat_every);
    read.remind_every = fields.duration("remind_every", read.remind_every);
    read.unexplained_after = fields.duration("unexplained_after", read.unexplained_after);
    if (fields.has("monitor_silent_after")) {
        read.monitor_silent_after = fields.duration("monitor_silent_after", Duration{});
    }
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

std::vector<std::string> EscalationSettings::names_as_channels(
    const std::vector<std::string>& names) const {
    std::vector<std::string> all;
    const auto add = [&all](const std::string& name) {
        if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
    };
    for (const std::string& name : names) {
        const auto person = std::find_if(people.begin(), people.end(),
                                         [&](const Person& one) { return one.name == name; });
        if (person == people.end()) {
            add(name);
        } else {
            for (const std::string& channel : person->channels) add(channel);
        }
    }
    return all;
}

const QuietHours* EscalationSettings::quiet_hours(std::string_view channel) const {
    for (const Person& person : people) {
        const auto& theirs = person.channels;
        if (std::find(theirs.begin(), theirs.end(), channel) == theirs.end()) continue;
        if (person.quiet) return &*person.quiet;
    }
    return quiet ? &*quiet : nullptr;
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

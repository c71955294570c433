// The settings of a channel, read by the table of its kind.
#include <charconv>

#include "base/text.h"
#include "base/units.h"
#include "config/fields.h"
#include "escalate/channel_kinds.h"
#include "io/secret.h"

namespace ops {
namespace {

using Form = ChannelSetting::Form;

// Of digits that we wrote ourselves.
int64_t whole(std::string_view digits) {
    int64_t number = 0;
    (void)std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

struct Reading {
    Fields& fields;
    ChannelSettings& channel;
    Problems& problems;
};

void read_secret_setting(const ChannelSetting& setting, Reading& reading) {
    Fields& fields = reading.fields;
    const std::string key(setting.name), file_key = key + "_file";
    const std::string file = fields.text(file_key);
    if (!file.empty()) reading.channel.values[file_key] = {file};
    if (!fields.has(key)) return;
    const std::string value = fields.text(key);
    const std::vector<Problem>& all = reading.problems.all();
    const std::string place = fields.place_of(key).print();
    const bool is_told = std::any_of(all.begin(), all.end(), [&](const Problem& known) {
        return known.place.print() == place && known.message.find("in clear") != std::string::npos;
    });
    if (!fields.node(key).from_environment && !is_told) {
        reading.problems.error(fields.place_of(key),
                               "a secret does not stand in the configuration: write '" + file_key +
                                   "', or take '" + key + "' from the environment with ${...}");
    }
    if (fields.node(key).from_environment && !file.empty()) {
        reading.problems.error(fields.place_of(key),
                               "'" + key + "' and '" + file_key + "' cannot both be given");
    }
    reading.channel.values[key] = {value};
}

void read_url(const ChannelSetting& setting, Reading& reading) {
    const std::string key(setting.name);
    std::string url = reading.fields.text(key, setting.otherwise);
    if (url.empty()) return;
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
        reading.problems.error(reading.fields.place_of(key),
                               "'" + key + "' begins with http:// or https://");
    }
    for (const char c : url) {
        if (c > ' ' && c != '\x7f') continue;
        reading.problems.error(reading.fields.place_of(key), "'" + key + "' is not a URL");
        break;
    }
    while (url.ends_with('/')) url.pop_back();
    reading.channel.values[key] = {url};
}

void read_one(const ChannelSetting& setting, Reading& reading) {
    Fields& fields = reading.fields;
    const std::string key(setting.name), otherwise(setting.otherwise);
    auto& values = reading.channel.values;
    switch (setting.form) {
        case Form::secret: return read_secret_setting(setting, reading);
        case Form::url: return read_url(setting, reading);
        case Form::list: values[key] = fields.texts(key); break;
        case Form::flag:
            values[key] = {fields.boolean(key, otherwise == "true") ? "true" : "false"};
            break;
        case Form::number:
            if (fields.has(key) || !otherwise.empty()) {
                values[key] = {std::to_string(
                    fields.integer(key, static_cast<int>(whole(otherwise)), 0, 2'000'000'000))};
            }
            break;
        case Form::duration: {
            const Result<Duration> given = parse_duration(otherwise);
            const Duration read = fields.duration(key, given.ok() ? given.value() : Duration{});
            if (read < std::chrono::seconds(1)) {
                reading.problems.error(fields.place_of(key), "'" + key + "' must be 1s or more");
            }
            values[key] = {std::to_string(read.count())};
            break;
        }
        case Form::file:
        case Form::text: {
            const std::string text = fields.text(key, otherwise);
            if (!text.empty()) values[key] = {text};
            break;
        }
    }
}

bool is_missing(const ChannelSetting& setting, const ChannelSettings& channel) {
    if (channel.has(setting.name)) return false;
    return setting.form != Form::secret || !channel.has(std::string(setting.name) + "_file");
}

const std::vector<std::string>* find(const ChannelSettings& channel, std::string_view setting) {
    const auto known = channel.values.find(setting);
    return known == channel.values.end() || known->second.empty() ? nullptr : &known->second;
}

}  // namespace

void read_channel_settings(const ChannelKind& kind, const Node& node, ChannelSettings& channel,
                           Problems& problems) {
    Fields fields(node, "'" + std::string(kind.name) + "'", problems);
    Reading reading{fields, channel, problems};
    for (const ChannelSetting& setting : kind.settings()) read_one(setting, reading);
    const bool readable = (node.is_map() || node.kind == Node::Kind::null) && !node.damaged;
    for (const ChannelSetting& setting : kind.settings()) {
        const std::string key =
            std::string(setting.name) + (setting.form == Form::secret ? "_file" : "");
        const bool is_told = !readable || fields.has(key) || fields.has_misspelt(key);
        if (!setting.required || is_told || !is_missing(setting, channel)) continue;
        problems.error(node.place, "'" + std::string(kind.name) + "' needs '" + key + "'");
    }
    if (kind.check != nullptr) kind.check(channel, fields, problems);
    fields.done();
}

void check_allowed(const ChannelSettings& channel, Fields& fields, Problems& problems) {
    for (const std::string& one : channel.list("allowed")) {
        const size_t equals = one.find('=');
        const std::string id = equals == std::string::npos ? one : one.substr(equals + 1);
        const std::string name = one.substr(0, equals);
        if (is_safe_word(id) && is_safe_word(name)) continue;
        problems.error(fields.place_of("allowed"),
                       "'" + printable(one, Lines::flatten) +
                           "' must be the id of a person, or NAME=ID, such as ann=42");
    }
}

Result<std::string> Outgoing::secret(std::string_view setting) const {
    std::string secret = channel.text(setting);
    const std::string file = channel.text(std::string(setting) + "_file");
    if (!file.empty()) secret = TRY(read_secret(ports.files, file));
    if (secret.empty()) {
        if (file.empty()) return secret;
        return Error{Fault::invalid, "secret file '" + file + "' is empty"};
    }
    secrets.push_back(secret);
    // Of the URL of a webhook, what stands last in its path is as good as all of it.
    if (secret.starts_with("http")) {
        const std::string path = secret.substr(0, secret.find('?'));
        const std::string last = path.substr(path.rfind('/') + 1);
        if (!last.empty()) secrets.push_back(last);
    }
    for (const char c : secret) {
        if (static_cast<unsigned char>(c) >= ' ' && c != '\x7f') continue;
        return Error{Fault::invalid, "secret '" + std::string(setting) + "' of channel '" +
                                         channel.name + "' is more than one line of text"};
    }
    return secret;
}

bool ChannelSettings::has(std::string_view setting) const { return !text(setting).empty(); }

std::string ChannelSettings::text(std::string_view setting) const {
    const auto* known = find(*this, setting);
    return known == nullptr ? "" : known->front();
}

std::vector<std::string> ChannelSettings::list(std::string_view setting) const {
    const auto* known = find(*this, setting);
    return known == nullptr ? std::vector<std::string>() : *known;
}

bool ChannelSettings::flag(std::string_view setting) const { return text(setting) == "true"; }

int64_t ChannelSettings::number(std::string_view setting) const { return whole(text(setting)); }

Duration ChannelSettings::duration(std::string_view setting) const {
    return Duration{number(setting)};
}

std::vector<std::string> ChannelSettings::secret_files() const {
    std::vector<std::string> files;
    const ChannelKind* known = find_channel_kind(kind);
    if (known == nullptr) return files;
    for (const ChannelSetting& setting : known->settings()) {
        if (setting.form != Form::secret) continue;
        std::string file = text(std::string(setting.name) + "_file");
        if (!file.empty()) files.push_back(std::move(file));
    }
    return files;
}

}  // namespace ops

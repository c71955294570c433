#include "monitor/heartbeats.h"

#include <algorithm>
#include <charconv>

#include "base/units.h"
#include "monitor/check_kind.h"

namespace ops {
namespace {

std::string message_of(const Json& body) {
    return shown(body.is_string() ? body.as_string() : body["message"].as_string());
}

}  // namespace

std::optional<Beat> parse_beat(std::string_view word) {
    Beat beat;
    if (word.empty()) return beat;
    if (word == "start" || word == "fail") {
        beat.kind = word == "start" ? Beat::Kind::start : Beat::Kind::fail;
        return beat;
    }
    const auto read = std::from_chars(word.data(), word.data() + word.size(), beat.exit_code);
    const bool whole = read.ec == std::errc{} && read.ptr == word.data() + word.size();
    if (!whole || beat.exit_code < 0 || beat.exit_code > 255) return {};
    beat.kind = Beat::Kind::exit;
    return beat;
}

HeartbeatBook::HeartbeatBook(const Inventory& inventory, Time watching_since,
                             std::span<const uint32_t> checks) {
    size_t next = 0;
    for (const Service& service : inventory.services) {
        if (!service.heartbeat) continue;
        Line line;
        line.check = checks[next++];
        line.due = *service.heartbeat;
        line.last_good = watching_since;
        lines_.emplace(service.name, std::move(line));
    }
}

bool HeartbeatBook::expects(std::string_view service) const {
    return lines_.find(service) != lines_.end();
}

bool HeartbeatBook::beat(std::string_view service, Time at, const Beat& beat) {
    const auto found = lines_.find(service);
    if (found == lines_.end()) return false;
    Line& line = found->second;
    at = std::max(at, line.last_good);
    if (beat.kind == Beat::Kind::start) {
        line.started = at;
        return true;
    }
    line.ran.reset();
    if (line.started && at >= *line.started) line.ran = at - *line.started;
    line.started.reset();
    const bool good =
        beat.kind == Beat::Kind::ok || (beat.kind == Beat::Kind::exit && beat.exit_code == 0);
    if (good) {
        line.last_good = at;
        line.seen = true;
        line.fault.reset();
        return true;
    }
    std::string fault = beat.kind == Beat::Kind::exit
                            ? "it told of exit " + std::to_string(beat.exit_code)
                            : "it told of a failure";
    const std::string message = message_of(beat.body);
    if (!message.empty()) fault += ": " + message;
    line.fault = std::move(fault);
    return true;
}

void HeartbeatBook::shift_clock(Duration by) {
    for (auto& [service, line] : lines_) {
        line.last_good += by;
        if (line.started) *line.started += by;
    }
}

void HeartbeatBook::heard(std::string_view service, Time last_good) {
    const auto found = lines_.find(service);
    if (found == lines_.end()) return;
    found->second.last_good = last_good;
    found->second.seen = true;
    found->second.started.reset();
    found->second.fault.reset();
}

Json HeartbeatBook::save(Time now) const {
    const auto ms = [](auto time) { return Json(int64_t{time.count()}); };
    Json lines = Json::object();
    for (const auto& [service, line] : lines_) {
        Json json = Json::object({{"good", ms(line.last_good.time_since_epoch())}});
        if (line.seen) json.set("seen", true);
        if (line.started) json.set("started", ms(line.started->time_since_epoch()));
        if (line.ran) json.set("ran", ms(*line.ran));
        if (line.fault) json.set("fault", *line.fault);
        lines.set(service, std::move(json));
    }
    return Json::object({{"saved_at", ms(now.time_since_epoch())}, {"services", std::move(lines)}});
}

void HeartbeatBook::restore(const Json& saved, Time now) {
    const Time saved_at{Duration{saved["saved_at"].as_int()}};
    const Duration away = std::max(now - saved_at, Duration{0});
    const auto moved = [&](const Json& at) {
        return std::min(Time{Duration{at.as_int()}} + away, now);
    };
    for (const auto& [service, json] : saved["services"].members()) {
        const auto found = lines_.find(service);
        if (found == lines_.end()) continue;
        Line& line = found->second;
        line.last_good = moved(json["good"]);
        line.seen = json["seen"].as_bool();
        if (json.has("started")) line.started = moved(json["started"]);
        if (json.has("ran")) line.ran = Duration{json["ran"].as_int()};
        if (json.has("fault")) line.fault = json["fault"].as_string();
    }
}

std::vector<Observation> HeartbeatBook::evaluate(Time now) const {
    std::vector<Observation> all;
    for (const auto& [service, line] : lines_) all.push_back(judge(service, line, now));
    std::sort(all.begin(), all.end(),
              [](const Observation& a, const Observation& b) { return a.check < b.check; });
    return all;
}

std::optional<Observation> HeartbeatBook::evaluate(std::string_view service, Time now) const {
    const auto found = lines_.find(service);
    if (found == lines_.end()) return {};
    return judge(found->first, found->second, now);
}

Observation HeartbeatBook::judge(const std::string& service, const Line& line, Time now) {
    Observation seen;
    seen.check = line.check;
    seen.target = service;
    seen.at = now;
    const Duration age = std::max(Duration{}, now - line.last_good);
    const Duration patience = line.due.every + line.due.grace;
    if (line.fault) {
        seen.health = Health::bad;
        seen.certain = true;
        seen.reason = *line.fault;
    } else if (age > patience) {
        seen.health = Health::bad;
        seen.certain = true;  // it waited for its time already, a second look adds nothing
        // Not for how long: whoever reads it reads it later.
        seen.reason = line.seen ? "no heartbeat for more than " + format_duration_short(patience)
                                : "no heartbeat since watching began";
        seen.reason += ", expected every " + format_duration_short(line.due.every);
    } else if (line.started && now - *line.started > line.due.grace) {
        seen.health = Health::bad;
        seen.certain = true;
        seen.reason = "started " + format_duration_short(now - *line.started) +
                      " ago and has not ended, at most " + format_duration_short(line.due.grace) +
                      " expected";
    } else {
        // Before the first beat nothing is known, and within its time nothing is wrong.
        seen.health = line.seen ? Health::good : Health::unknown;
        if (!line.seen) seen.reason = "no heartbeat yet";
    }
    add_fact(seen, "last_heartbeat", Value::duration(age));
    if (seen.health != Health::unknown) {
        add_fact(seen, "up", Value::boolean(seen.health == Health::good));
    }
    if (line.ran) add_fact(seen, "heartbeat_duration", Value::duration(*line.ran));
    return seen;
}

std::optional<Time> HeartbeatBook::late_at(const Line& line, Time now) const {
    std::optional<Time> late;
    const auto consider = [&](Time at) {
        if (at >= now && (!late || at < *late)) late = at;
    };
    consider(add_saturating(line.last_good, line.due.every + line.due.grace));
    if (line.started) consider(add_saturating(*line.started, line.due.grace));
    if (!late) return {};
    return add_saturating(*late, Duration(1));
}

std::optional<Time> HeartbeatBook::next_late(Time now) const {
    std::optional<Time> next;
    for (const auto& [service, line] : lines_) {
        const auto late = late_at(line, now);
        if (late && (!next || *late < *next)) next = late;
    }
    return next;
}

}  // namespace ops

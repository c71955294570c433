#include <algorithm>
#include <deque>
#include <set>

#include "base/text.h"
#include "escalate/compose.h"
#include "escalate/escalate.h"

namespace ops {
namespace {

constexpr Duration kStormSpan = std::chrono::minutes(1);
constexpr int kFailuresToTell = 3;

// What people know of one incident.
struct Told {
    std::string target, title;
    std::string about_channel;       // that fails: nothing of this is said on it
    Level level = Level::none;       // highest told
    std::set<std::string> channels;  // told on
    std::set<std::string> refused;   // would not take it, ever: not told on
    AlertDraft last;
    Time last_at{};
    Time opened_at{};
    bool acknowledged = false;
    bool approval_told = false;
    bool gave_up_told = false;
    int events = 0;            // told of
    bool only_note = false;    // nothing but an entry's own `alert` step
    bool held = false;         // by a silence: `last` waits
    bool unexplained = false;  // down, and no entry for it; `last` is what will be said
};

struct ChannelHealth {
    int failures = 0;  // in a row
    bool is_failing = false;
};

Json save_told(const Told& told) {
    return Json::object({
        {"target", told.target},
        {"title", told.title},
        {"about_channel", told.about_channel},
        {"level", name_of(told.level)},
        {"channels", Json::of_strings({told.channels.begin(), told.channels.end()})},
        {"refused", Json::of_strings({told.refused.begin(), told.refused.end()})},
        {"last", told.last.to_json("UTC")},
        {"last_at", int64_t{told.last_at.time_since_epoch().count()}},
        {"opened_at", int64_t{told.opened_at.time_since_epoch().count()}},
        {"acknowledged", told.acknowledged},
        {"approval", told.approval_told},
        {"gave_up", told.gave_up_told},
        {"only_note", told.only_note},
        {"held", told.held},
        {"unexplained", told.unexplained},
    });
}

Told restore_told(const Json& saved) {
    Told told;
    told.target = saved["target"].as_string();
    told.title = saved["title"].as_string();
    told.about_channel = saved["about_channel"].as_string();
    told.level = parse_level(saved["level"].as_string()).value_or(Level::none);
    for (const std::string& channel : saved["channels"].strings()) told.channels.insert(channel);
    for (const std::string& channel : saved["refused"].strings()) told.refused.insert(channel);
    told.last = AlertDraft::from_json(saved["last"]);
    told.last_at = Time{Duration{saved["last_at"].as_int()}};
    told.opened_at = Time{Duration{saved["opened_at"].as_int()}};
    told.acknowledged = saved["acknowledged"].as_bool();
    told.approval_told = saved["approval"].as_bool();
    told.gave_up_told = saved["gave_up"].as_bool();
    told.only_note = saved["only_note"].as_bool();
    told.held = saved["held"].as_bool();
    told.unexplained = saved["unexplained"].as_bool();
    return told;
}

// "Down for" as it is when the message goes out, not when it was composed.
void refresh_age(AlertDraft& draft, Time opened_at, Time now) {
    draft.at = now;
    for (auto& [name, value] : draft.before) {
        if (name == "Down for") {
            value = say("down_for", Value::duration(now - opened_at));
            return;
        }
    }
}

Level entry_level(const Entry* entry, Level otherwise) {
    return entry != nullptr && entry->level ? *entry->level : otherwise;
}

// By the founder's criteria, by what kind of incident it is, and by what its entry says.
Level level_now(const IncidentNews& news) {
    const Incident& incident = news.incident;
    Level level = parse_level(incident.level).value_or(Level::none);
    level = std::max(level, level_of(incident, news.entry));
    if (news.entry != nullptr && news.entry->escalate == EscalateWhen::always) {
        level = std::max(level, entry_level(news.entry, Level::warning));
    }
    if (incident.rule == "flapping" || incident.rule == "own network" ||
        incident.rule == kRuleChannelFailing) {
        level = std::max(level, Level::warning);
    }
    // Nothing is done about it by itself, so a person must know.
    if (incident.rule == "systemic" && incident.entry.empty()) {
        level = std::max(level, Level::alert);
    }
    return level;
}

}  // namespace

class Escalator::Core {
public:
    Core(EscalationSettings settings, Time now) : settings_(std::move(settings)), began_(now) {}

    std::vector<AlertDraft> news(const IncidentNews& news, Time now);
    std::vector<AlertDraft> tick(Time now);
    void delivered(std::string_view channel);
    Refused failed(const AlertDraft& message, std::string_view channel, const DeliveryError& error,
                   int tries, Time now);
    bool is_silenced(std::string_view target, Time now) const;
    Json save() const;
    void restore(const Json& saved);

    EscalationSettings settings_;
    std::vector<Silence> silences_;

private:
    using Drafts = std::vector<AlertDraft>;
    void resolved(const IncidentNews& news, Time now, Drafts& out);
    void acknowledged(const IncidentNews& news, Told& told, Time now, Drafts& out);
    void problem(const IncidentNews& news, Told& told, Time now, Drafts& out);
    void emit(AlertDraft draft, Told& told, Time now, Drafts& out);
    void next_channel(Told& told, Time now, Drafts& out);
    void tell_storm(Time now, Drafts& out);
    bool is_failing(std::string_view channel) const;
    std::vector<std::string> route(Level level, const std::string& but = "") const;
    std::vector<std::string> others_open(const std::string& incident) const;

    Time began_{};
    std::map<std::string, Told> told_;  // open incidents by id
    std::map<std::string, ChannelHealth, std::less<>> channels_;
    std::deque<Time> sent_;           // problem messages of the last minute
    std::vector<std::string> storm_;  // titles held back
    Level storm_level_ = Level::none;
    Time storm_until_{};
};

bool Escalator::Core::is_silenced(std::string_view target, Time now) const {
    return std::any_of(silences_.begin(), silences_.end(), [&](const Silence& silence) {
        return now < silence.until && glob_match(silence.matcher, target);
    });
}

std::vector<std::string> Escalator::Core::others_open(const std::string& incident) const {
    std::vector<std::string> titles;
    for (const auto& [id, told] : told_) {
        if (id != incident) titles.push_back(told.title);
    }
    return titles;
}

bool Escalator::Core::is_failing(std::string_view channel) const {
    const auto known = channels_.find(channel);
    return known != channels_.end() && known->second.is_failing;
}

// The level's channels, those that work first; when none of them does, any other that works stands
// before them. Without `but`.
std::vector<std::string> Escalator::Core::route(Level level, const std::string& but) const {
    std::vector<std::string> route = settings_.route(level);
    if (route.empty()) return route;
    std::erase(route, but);
    const auto works = [this](const std::string& name) { return !is_failing(name); };
    const auto failing = std::stable_partition(route.begin(), route.end(), works);
    if (failing != route.begin()) return route;
    for (const ChannelSettings& other : settings_.channels) {
        if (other.name == but || is_failing(other.name)) continue;
        route.insert(route.begin(), other.name);
        break;
    }
    return route;
}

void Escalator::Core::emit(AlertDraft draft, Told& told, Time now, Drafts& out) {
    // Only problems are silenced; the message waits, and is told if it is still so when the silence
    // ends.
    if (is_silenced(told.target, now)) {
        told.held = true;
        told.last = std::move(draft);
        return;
    }
    told.held = false;
    const std::vector<std::string> route = this->route(draft.level, told.about_channel);
    std::vector<std::string> to(told.channels.begin(), told.channels.end());
    if (!route.empty() && std::find(to.begin(), to.end(), route[0]) == to.end()) {
        to.push_back(route[0]);
    }
    told.level = std::max(told.level, draft.level);
    told.last_at = now;
    told.unexplained = false;
    told.channels.insert(to.begin(), to.end());
    draft.channels = std::move(to);
    told.last = draft;
    if (draft.channels.empty()) return;
    while (!sent_.empty() && now - sent_.front() >= kStormSpan) sent_.pop_front();
    if (sent_.size() >= static_cast<size_t>(settings_.storm)) {
        if (storm_.empty()) storm_until_ = now + kStormSpan;
        storm_.push_back(draft.title);
        storm_level_ = std::max(storm_level_, draft.level);
        return;
    }
    sent_.push_back(now);
    out.push_back(std::move(draft));
}

void Escalator::Core::resolved(const IncidentNews& news, Time now, Drafts& out) {
    const auto known = told_.find(news.incident.id);
    if (known == told_.end()) return;
    const Told told = std::move(known->second);
    told_.erase(known);
    // A repaired incident whose message said already that nothing is to be done is done.
    if (told.channels.empty() || told.only_note) return;
    AlertDraft draft = compose(news, told.level, AlertState::recovered, settings_.agent,
                               others_open(news.incident.id), now);
    draft.key = news.incident.id + "/recovered";
    draft.channels.assign(told.channels.begin(), told.channels.end());
    out.push_back(std::move(draft));
}

void Escalator::Core::acknowledged(const IncidentNews& news, Told& told, Time now, Drafts& out) {
    if (told.acknowledged || !news.incident.acknowledged) return;
    told.acknowledged = true;
    if (told.channels.empty()) return;
    AlertDraft draft = compose(news, told.level, AlertState::acknowledged, settings_.agent,
                               others_open(news.incident.id), now);
    draft.key = news.incident.id + "/acknowledged";
    draft.channels.assign(told.channels.begin(), told.channels.end());
    out.push_back(std::move(draft));
}

void Escalator::Core::problem(const IncidentNews& news, Told& told, Time now, Drafts& out) {
    const Incident& incident = news.incident;
    const Level level = level_now(news);
    const bool is_note = !news.alert_step.empty();
    const bool asks = incident.state == IncidentState::awaiting_approval && !told.approval_told;
    const bool gave_up = incident.state == IncidentState::escalated && !told.gave_up_told &&
                         told.level >= Level::warning && !told.last.action_required;
    const Level known = told.held ? told.last.level : told.level;
    const bool rises = level > Level::log && level > known;
    const bool goes_on = news.events > std::max(told.events, 1) && level > Level::log;
    told.events = news.events;
    if (!is_note && !asks && !gave_up && !rises && !goes_on) return;
    Level said = std::max(level, told.level);
    if (is_note || asks) said = std::max(said, entry_level(news.entry, Level::warning));
    const bool first = told.channels.empty();
    AlertDraft draft = compose(news, said, first ? AlertState::raised : AlertState::changed,
                               settings_.agent, others_open(incident.id), now);
    draft.key = incident.id;
    if (is_note) {
        // The same words are the same message, after a restart too.
        draft.key += "/note/" + news.alert_step.substr(0, 40);
    } else if (asks) {
        draft.key += "/approval/" + std::to_string(incident.attempts);
    } else if (goes_on && !rises) {
        draft.key += "/event/" + std::to_string(news.events);  // the same after a restart
    } else if (gave_up && !rises) {
        draft.key += "/gave_up";
    } else {
        draft.key += "/raised/" + std::string(name_of(said));
    }
    told.only_note = is_note && (first || told.only_note);
    told.approval_told = told.approval_told || asks;
    told.gave_up_told = told.gave_up_told || incident.state == IncidentState::escalated;
    emit(std::move(draft), told, now, out);
}

std::vector<AlertDraft> Escalator::Core::news(const IncidentNews& news, Time now) {
    Drafts out;
    const Incident& incident = news.incident;
    if (!incident.is_open()) {
        resolved(news, now, out);
        return out;
    }
    Told& told = told_[incident.id];
    told.target = incident.target;
    told.title = incident.title;
    told.opened_at = incident.opened_at;
    if (incident.rule == kRuleChannelFailing && !incident.members.empty()) {
        told.about_channel = incident.members[0];
    }
    if (incident.state != IncidentState::awaiting_approval) told.approval_told = false;
    acknowledged(news, told, now, out);
    problem(news, told, now, out);
    // Down, and nothing is known to be done about it: that is told after a while whatever the
    // criteria say.
    const bool unexplained = incident.rule == "down" && incident.entry.empty() &&
                             told.level == Level::none && !told.held && !told.acknowledged;
    if (unexplained && !told.unexplained) {
        IncidentNews later = news;
        told.last =
            compose(later, Level::alert, AlertState::raised, settings_.agent,
                    others_open(incident.id), incident.opened_at + settings_.unexplained_after);
        told.last.key = incident.id + "/raised/alert";
    }
    told.unexplained = unexplained;
    return out;
}

void Escalator::Core::next_channel(Told& told, Time now, Drafts& out) {
    for (const std::string& channel : route(told.level, told.about_channel)) {
        if (told.refused.contains(channel) || !told.channels.insert(channel).second) continue;
        told.last_at = now;
        AlertDraft draft = told.last;
        draft.state = AlertState::raised;
        refresh_age(draft, told.opened_at, now);
        draft.channels = {channel};
        out.push_back(std::move(draft));
        return;
    }
}

void Escalator::Core::tell_storm(Time now, Drafts& out) {
    if (storm_.empty() || now < storm_until_) return;
    AlertDraft draft;
    draft.key = "storm/" + format_rfc3339(storm_until_);
    draft.level = storm_level_;
    draft.title = std::to_string(storm_.size()) + " more incidents within a minute";
    draft.at = now;
    constexpr size_t kNamed = 10;
    std::vector<std::string> named(
        storm_.begin(),
        storm_.begin() + static_cast<std::ptrdiff_t>(std::min(kNamed, storm_.size())));
    draft.before.emplace_back("Incidents",
                              join(named, "; ") + (storm_.size() > kNamed ? "; ..." : ""));
    draft.ask = "See all of them: ops-agent incidents";
    draft.action_required = true;
    const std::vector<std::string> route = this->route(storm_level_);
    if (!route.empty()) draft.channels = {route[0]};
    storm_.clear();
    storm_level_ = Level::none;
    sent_.push_back(now);
    if (!draft.channels.empty()) out.push_back(std::move(draft));
}

std::vector<AlertDraft> Escalator::Core::tick(Time now) {
    Drafts out;
    std::erase_if(silences_, [now](const Silence& silence) { return now >= silence.until; });
    for (auto& [id, told] : told_) {
        if (is_silenced(told.target, now)) continue;
        const bool due = told.unexplained && now - told.opened_at >= settings_.unexplained_after;
        if (told.held || due) {
            AlertDraft draft = told.last;
            refresh_age(draft, told.opened_at, now);
            emit(std::move(draft), told, now, out);
            continue;
        }
        const bool wants_answer = told.level >= Level::alert || told.last.action_required;
        if (told.level == Level::none || told.acknowledged || told.only_note || !wants_answer) {
            continue;
        }
        if (now - told.last_at >= settings_.unacked_after) next_channel(told, now, out);
    }
    tell_storm(now, out);
    return out;
}

void Escalator::Core::delivered(std::string_view channel) {
    const auto known = channels_.find(channel);
    if (known != channels_.end()) channels_.erase(known);
}

Refused Escalator::Core::failed(const AlertDraft& message, std::string_view channel,
                                const DeliveryError& error, int tries, Time now) {
    Refused out;
    if (error.retry) {
        std::optional<Duration> asked = error.wait;
        if (error.wait_until) asked = *error.wait_until - now;
        out.next_try = add_saturating(now, retry_delay(tries, asked));
    }
    if (settings_.find(channel) == nullptr) return out;  // taken out of the configuration
    ChannelHealth& health = channels_.try_emplace(std::string(channel)).first->second;
    ++health.failures;
    const bool fails = !error.retry || health.failures >= kFailuresToTell;
    out.channel_fails = fails && !health.is_failing;
    health.is_failing = health.is_failing || fails;
    // Nobody has seen it there: the next channel need not wait for its time.
    const bool goes_on = !error.retry || out.channel_fails || tries == kFailuresToTell;
    if (!goes_on) return out;
    for (auto& [id, told] : told_) {
        if (told.last.key != message.key) continue;
        if (!error.retry) {
            told.channels.erase(std::string(channel));
            told.refused.insert(std::string(channel));
        }
        if (told.acknowledged) return out;
        next_channel(told, now, out.drafts);
        return out;
    }
    const bool is_news =
        message.state == AlertState::raised || message.state == AlertState::changed;
    const bool others_work = std::any_of(message.channels.begin(), message.channels.end(),
                                         [this](const auto& one) { return !is_failing(one); });
    if (error.retry || !is_news || others_work) return out;
    const std::vector<std::string> route = this->route(message.level);
    if (route.empty() || is_failing(route[0])) return out;
    AlertDraft draft = message;
    draft.channels = {route[0]};
    out.drafts.push_back(std::move(draft));
    return out;
}

Json Escalator::Core::save() const {
    Json told = Json::object();
    for (const auto& [id, one] : told_) told.set(id, save_told(one));
    Json silences = Json::array();
    for (const Silence& silence : silences_) {
        silences.push(Json::object({{"matcher", silence.matcher},
                                    {"until", format_rfc3339(silence.until)},
                                    {"by", silence.by}}));
    }
    Json channels = Json::object();
    for (const auto& [name, health] : channels_) {
        channels.set(name,
                     Json::object({{"failures", health.failures}, {"failing", health.is_failing}}));
    }
    return Json::object({{"version", 1},
                         {"told", std::move(told)},
                         {"silences", std::move(silences)},
                         {"channels", std::move(channels)},
                         {"storm", Json::of_strings(storm_)},
                         {"storm_level", name_of(storm_level_)},
                         {"storm_until", format_rfc3339(storm_until_)}});
}

void Escalator::Core::restore(const Json& saved) {
    if (saved["version"].as_int() != 1) return;
    for (const auto& [id, one] : saved["told"].members()) told_[id] = restore_told(one);
    for (const Json& one : saved["silences"].items()) {
        const Result<Time> until = parse_rfc3339(one["until"].as_string());
        if (!until.ok()) continue;
        silences_.push_back({one["matcher"].as_string(), until.value(), one["by"].as_string()});
    }
    for (const auto& [name, one] : saved["channels"].members()) {
        ChannelHealth& health = channels_[name];
        health.failures = static_cast<int>(one["failures"].as_int());
        health.is_failing = one["failing"].as_bool();
    }
    storm_ = saved["storm"].strings();
    storm_level_ = parse_level(saved["storm_level"].as_string()).value_or(Level::none);
    const Result<Time> until = parse_rfc3339(saved["storm_until"].as_string());
    if (until.ok()) storm_until_ = until.value();
}

// --- the public face ---

Escalator::Escalator(EscalationSettings settings, Time now)
    : core_(std::make_unique<Core>(std::move(settings), now)) {}
Escalator::~Escalator() = default;

const EscalationSettings& Escalator::settings() const { return core_->settings_; }
std::vector<AlertDraft> Escalator::news(const IncidentNews& news, Time now) {
    return core_->news(news, now);
}
std::vector<AlertDraft> Escalator::tick(Time now) { return core_->tick(now); }

Result<> Escalator::silence(std::string_view matcher, Time until, std::string_view by, Time now) {
    constexpr size_t kMost = 1000;
    if (matcher.empty()) return Error{Fault::invalid, "a silence needs a name or a pattern"};
    if (until <= now) return Error{Fault::invalid, "the silence would be over already"};
    end_silence(matcher, now);
    if (core_->silences_.size() >= kMost) {
        return Error{Fault::denied, "there are 1000 silences already"};
    }
    core_->silences_.push_back({std::string(matcher), until, std::string(by)});
    return {};
}

bool Escalator::end_silence(std::string_view matcher, Time now) {
    const auto gone = std::erase_if(core_->silences_, [&](const Silence& silence) {
        return silence.matcher == matcher && now < silence.until;
    });
    return gone > 0;
}

std::vector<Escalator::Silence> Escalator::silences(Time now) const {
    std::vector<Silence> all;
    for (const Silence& silence : core_->silences_) {
        if (now < silence.until) all.push_back(silence);
    }
    return all;
}

bool Escalator::is_silenced(std::string_view target, Time now) const {
    return core_->is_silenced(target, now);
}

void Escalator::delivered(std::string_view channel) { core_->delivered(channel); }
Refused Escalator::failed(const AlertDraft& message, std::string_view channel,
                          const DeliveryError& error, int tries, Time now) {
    return core_->failed(message, channel, error, tries, now);
}

Json Escalator::save() const { return core_->save(); }
void Escalator::restore(const Json& saved, Time) { core_->restore(saved); }

Level level_of(const Incident& incident, const Entry* entry) {
    if (incident.state != IncidentState::escalated) return Level::none;
    if (entry != nullptr && entry->escalate == EscalateWhen::never) return Level::none;
    return entry_level(entry, Level::alert);
}

AlertDraft test_alert(const EscalationSettings& settings, std::string_view channel, Time now) {
    AlertDraft draft;
    draft.key = "test/" + std::string(channel) + "/" + format_rfc3339(now);
    draft.level = Level::log;
    draft.state = AlertState::test;
    draft.title = "Alerts from " + settings.agent + " arrive on '" + std::string(channel) + "'";
    draft.at = now;
    draft.ask = "No action needed, this is a test";
    draft.channels = {std::string(channel)};
    return draft;
}

bool glob_match(std::string_view pattern, std::string_view name) {
    size_t p = 0, n = 0, star = std::string_view::npos, mark = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = n;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;  // the star takes in one more
            n = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

}  // namespace ops

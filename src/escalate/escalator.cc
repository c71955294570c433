#include <algorithm>

#include "base/text.h"
#include "escalate/compose.h"
#include "escalate/escalator_core.h"

namespace ops {
namespace {

constexpr int kFailuresToTell = 3;

Level entry_level(const Entry* entry, Level otherwise) {
    return entry != nullptr && entry->level ? *entry->level : otherwise;
}

// What asks for people by its level. (A question, and the entry's word, are asked apart.)
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

bool is_plan(const std::pair<std::string, std::string>& row) {
    return row.first.starts_with(kPlanRow);
}

bool is_question(const AlertDraft& draft) {
    return draft.key.substr(draft.incident.size()).starts_with(kApproval) ||
           std::any_of(draft.before.begin(), draft.before.end(), is_plan);
}

bool Escalator::Core::is_silenced(const SilenceSubject& subject, Time now) const {
    const auto window = maintenance_.find(subject.target);
    if (window != maintenance_.end() && now < window->second) return true;
    return std::any_of(silences_.begin(), silences_.end(), [&](const Silence& silence) {
        return now < silence.until && silence.holds(subject);
    });
}

bool Escalator::Core::is_silenced(const std::string& incident, const Told& told, Level level,
                                  Time now) const {
    const auto is_quiet_at = [&](std::string_view target, std::string_view group,
                                 std::string_view host) {
        return is_silenced({.target = target,
                            .group = group,
                            .host = host,
                            .rule = told.rule,
                            .incident = incident,
                            .level = level},
                           now);
    };
    if (is_quiet_at(told.target, told.group, told.host)) return true;
    // A larger one is about its members, and nothing else.
    return !told.members.empty() &&
           std::all_of(told.members.begin(), told.members.end(), [&](const MemberPlace& member) {
               return is_quiet_at(member.target, member.group, member.host);
           });
}

std::vector<std::string> Escalator::Core::others_open(const std::string& incident) const {
    std::vector<std::string> titles;
    for (const auto& [id, told] : told_) {
        if (titles.size() > kNamedOfOthers) break;
        // What is only noted of the agent itself says nothing of the company.
        const bool is_noted = told.rule == kRuleSelf && told.level <= Level::log;
        if (id != incident && !is_noted) titles.push_back(told.title);
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

// Who is told on another way than usual is told why. (What is told of a failing channel says it
// anyway.)
void Escalator::Core::note_fail_over(const Told& told, AlertDraft& draft) const {
    if (!told.about_channel.empty()) return;
    const std::vector<std::string> wanted = settings_.route(draft.level);
    if (wanted.empty() || !is_failing(wanted[0])) return;
    const auto& to = draft.channels;
    if (std::find(to.begin(), to.end(), wanted[0]) != to.end()) return;
    draft.before.emplace_back(kToldHereRow, "because channel '" + wanted[0] + "' fails");
}

void Escalator::Core::emit(AlertDraft draft, Told& told, Time now, Drafts& out) {
    // Only problems are silenced; the message waits, and is told if it is still so when the silence
    // ends.
    if (is_silenced(draft.incident, told, draft.level, now)) {
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
    // Whoever has it knows nothing of what it has become.
    const bool was_told = told.level != Level::none || draft.level >= Level::critical;
    if (was_told && draft.level > told.level) told.acknowledged = false;
    told.level = std::max(told.level, draft.level);
    told.last_at = now;
    told.unexplained = false;
    told.last = draft;
    if (to.empty() || take_into_storm(draft, told, now)) return;
    to = hold_for_quiet(draft, std::move(to), true, now);
    // Who can be reached in their day hears of what cannot wait for the others' morning.
    const bool wants_answer = draft.level >= Level::alert || draft.action_required;
    for (const std::string& channel : route) {
        if (!to.empty() || !wants_answer) break;
        if (!is_quiet(channel, now)) to.push_back(channel);
    }
    told.channels.insert(to.begin(), to.end());
    draft.channels = std::move(to);
    told.last.channels = draft.channels;
    if (draft.channels.empty()) return;
    note_fail_over(told, draft);
    out.push_back(std::move(draft));
}

// A recovery or an acknowledgement: to those who know of the problem, in their day.
void Escalator::Core::tell_those_told(AlertDraft draft, const Told& told, Time now, Drafts& out) {
    draft.channels =
        hold_for_quiet(draft, {told.channels.begin(), told.channels.end()}, false, now);
    if (!draft.channels.empty()) out.push_back(std::move(draft));
}

void Escalator::Core::resolved(const IncidentNews& news, Time now, Drafts& out) {
    const auto known = told_.find(news.incident.id);
    if (known == told_.end()) return;
    leaves_storm(known->second);
    const Told told = std::move(known->second);
    told_.erase(known);
    drop_held(news.incident.id, told.channels);
    // A repaired incident whose message said already that nothing is to be done is done.
    if (told.channels.empty() || told.only_note) return;
    AlertDraft draft = compose(news, told.level, AlertState::recovered, settings_.agent,
                               others_open(news.incident.id), now);
    if (news.incident.resolved_by == "human") say_closed(news, draft);
    draft.key = news.incident.id + "/recovered";
    tell_those_told(std::move(draft), told, now, out);
}

void Escalator::Core::note_acknowledged(const std::string& incident, Told& told) {
    told.acknowledged = true;
    told.acknowledgements = std::max(told.acknowledgements, 1);
    // Known without having been told: the end of the silence is no news, only a higher level is.
    if (told.held) told.level = std::max(told.level, told.last.level);
    told.held = false;
    if (told.in_storm) storm_.acknowledged = true;
    drop_held(incident, told.channels);
}

void Escalator::Core::acknowledged(const IncidentNews& news, Told& told, Time now, Drafts& out) {
    const int count = std::max(news.acknowledgements, 1);
    if (!news.incident.acknowledged || count <= told.acknowledgements) return;
    const bool was_known = told.acknowledged;  // by somebody else, too
    note_acknowledged(news.incident.id, told);
    told.acknowledgements = count;
    if (was_known || told.channels.empty()) return;
    AlertDraft draft = compose(news, told.level, AlertState::acknowledged, settings_.agent,
                               others_open(news.incident.id), now);
    draft.key = news.incident.id + "/acknowledged";
    if (count > 1) draft.key += "/" + std::to_string(count);
    tell_those_told(std::move(draft), told, now, out);
}

void Escalator::Core::problem(const IncidentNews& news, Told& told, Time now, Drafts& out) {
    const Incident& incident = news.incident;
    const Level level = level_now(news);
    const bool is_note = !news.alert_step.empty();
    const bool asks = incident.state == IncidentState::awaiting_approval &&
                      told.question_told < std::max(incident.questions, 1);
    // Whoever was asked to look into it knows already; whoever was asked for a yes does not.
    const bool is_known = told.last.action_required && !is_question(told.last);
    const bool gave_up = incident.state == IncidentState::escalated && !told.gave_up_told &&
                         told.level >= Level::warning && !is_known;
    const Level known = told.held ? told.last.level : told.level;
    const bool rises = level > Level::log && level > known;
    const bool goes_on = news.events > std::max(told.events, 1) && level > Level::log;
    told.events = news.events;
    if (!is_note && !asks && !gave_up && !rises && !goes_on) {
        if (!told.unexplained) bring_up_to_date(news, told, now);
        return;
    }
    const Level said = std::max(level_of(news), told.level);
    const bool first = told.channels.empty();
    AlertDraft draft = compose(news, said, first ? AlertState::raised : AlertState::changed,
                               settings_.agent, others_open(incident.id), now);
    draft.key = incident.id;
    if (is_note) {
        // The same words are the same message, after a restart too.
        draft.key += std::string(kNote) + news.alert_step.substr(0, 40);
    } else if (asks) {
        draft.key += std::string(kApproval) + std::to_string(incident.questions);
    } else if (goes_on && !rises) {
        draft.key += "/event/" + std::to_string(news.events);  // the same after a restart
    } else if (gave_up && !rises) {
        draft.key += kGaveUp;
    } else {
        draft.key += "/raised/" + std::string(name_of(said));
    }
    told.only_note = is_note && (first || told.only_note);
    if (asks) told.question_told = std::max(incident.questions, 1);
    told.gave_up_told = told.gave_up_told || incident.state == IncidentState::escalated;
    emit(std::move(draft), told, now, out);
}

// The next channel, a reminder and whoever waits for the end of a silence or of their night hear
// what is so then. It is the same message: its key, level and state stay.
void Escalator::Core::bring_up_to_date(const IncidentNews& news, Told& told, Time now) const {
    AlertDraft& last = told.last;
    if (last.key.empty()) return;
    IncidentNews newest = news;
    for (const auto& [name, text] : last.before) {
        if (name == kNoteRow) newest.alert_step = text;  // was said once, and is no state
    }
    AlertDraft draft = compose(newest, last.level, last.state, settings_.agent,
                               others_open(news.incident.id), now);
    draft.key = std::move(last.key);
    draft.channels = std::move(last.channels);
    last = std::move(draft);
}

std::vector<MemberPlace> places_of(const Incident& incident, const Inventory& inventory) {
    std::vector<MemberPlace> places;
    if (incident.rule != "systemic") return places;
    for (const std::string& member : incident.members) {
        const Service* const service = inventory.find_service(member);
        places.push_back(service == nullptr ? MemberPlace{member, "", ""}
                                            : MemberPlace{member, service->group, service->host});
    }
    return places;
}

void describe(Told& told, const Incident& incident, const std::string& group,
              const std::vector<MemberPlace>& members) {
    told.target = incident.target;
    told.title = incident.title;
    told.group = group;
    told.host = incident.host;
    told.members = members;
    told.rule = incident.rule;
    if (told.opened_at == Time{}) told.opened_at = incident.opened_at;  // it goes with the clock
    if (incident.rule == kRuleChannelFailing && !incident.members.empty()) {
        told.about_channel = incident.members[0];
    }
}

std::vector<AlertDraft> Escalator::Core::news(const IncidentNews& news, Time now) {
    Drafts out;
    const Incident& incident = news.incident;
    if (!incident.is_open()) {
        resolved(news, now, out);
        return out;
    }
    Told& told = told_[incident.id];
    describe(told, incident, news.group, news.members);
    told.down_since = now - time_down(news, now);
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

bool Escalator::Core::next_channel(Told& told, const Newest& newest, Time now, Drafts& out) {
    for (const std::string& channel : route(told.level, told.about_channel)) {
        if (told.refused.contains(channel)) continue;
        if (told.level < Level::critical && is_quiet(channel, now)) continue;
        if (!told.channels.insert(channel).second) continue;
        told.last_at = now;
        look_again(told.last.incident, told, newest, now);
        AlertDraft draft = told.last;
        draft.state = AlertState::raised;
        draft.channels = {channel};
        note_fail_over(told, draft);
        out.push_back(std::move(draft));
        return true;
    }
    return false;
}

// Everybody knows, and nobody answered, or somebody did and it is still not over.
void Escalator::Core::say_again(Told& told, const Newest& newest, Time now, Drafts& out) {
    const bool repeats = told.level >= Level::critical && !told.acknowledged;
    const Duration every = repeats ? settings_.repeat_every : settings_.remind_every;
    if (every <= Duration{} || told.channels.empty() || now - told.last_at < every) return;
    std::vector<std::string> channels;
    for (const std::string& channel : told.channels) {
        if (repeats || !is_quiet(channel, now)) channels.push_back(channel);
    }
    if (channels.empty()) return;
    look_again(told.last.incident, told, newest, now);
    AlertDraft draft = told.last;
    draft.channels = std::move(channels);
    ++told.repeats;
    told.last_at = now;
    draft.key = told.last.incident + std::string(kSaidAgain) + std::to_string(told.repeats);
    draft.state = AlertState::changed;
    draft.before.emplace_back(kReminderRow,
                              "open for " + say("", Value::duration(now - told.opened_at)) +
                                  (told.acknowledged ? ", acknowledged" : ", nobody acknowledged"));
    out.push_back(std::move(draft));
}

std::vector<AlertDraft> Escalator::Core::tick(Time now, const Newest& newest) {
    Drafts out;
    std::erase_if(silences_, [now](const Silence& silence) { return now >= silence.until; });
    end_quiet(newest, now, out);
    for (auto& [id, told] : told_) {
        const bool due = told.unexplained && now - told.opened_at >= settings_.unexplained_after;
        const Level level = told.held || due ? told.last.level : told.level;
        if (is_silenced(id, told, level, now)) continue;
        if (told.held || due) {
            look_again(id, told, newest, now);
            emit(AlertDraft(told.last), told, now, out);
            continue;
        }
        const bool wants_answer = told.level >= Level::alert || told.last.action_required;
        // What nobody was told yet does not age: it waits for the end of somebody's night, or is
        // in a storm's message.
        if (told.level == Level::none || told.only_note || !wants_answer || told.channels.empty()) {
            continue;
        }
        const bool climbs = !told.acknowledged && now - told.last_at >= settings_.unacked_after;
        if (!climbs || !next_channel(told, newest, now, out)) say_again(told, newest, now, out);
    }
    tell_storm(now, out);
    return out;
}

std::vector<AlertDraft> Escalator::Core::answered(const PersonsAnswer& answer, Time now) const {
    const auto known = told_.find(answer.incident);
    if (known == told_.end()) return {};
    AlertDraft draft = known->second.last;
    draft.key = answer.incident + "/answered/" + answer.key;
    draft.state = AlertState::answered;
    draft.channels.clear();
    for (const std::string& name : known->second.channels) {
        const ChannelSettings* channel = settings_.find(name);
        if (channel == nullptr || pressed_by(*channel) == PressedBy::nothing) continue;
        draft.channels.push_back(name);
    }
    if (draft.channels.empty()) return {};
    refresh_age(draft, known->second.down_since, now);
    draft.after.insert(draft.after.end(), answer.rows.begin(), answer.rows.end());
    if (answer.ask) {
        draft.ask = *answer.ask;
        draft.action_required = false;
    }
    return {draft};
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
        next_channel(told, {}, now, out.drafts);
        return out;
    }
    if (std::optional<AlertDraft> draft = for_another(message, channel, error.retry, now)) {
        out.drafts.push_back(*std::move(draft));
    }
    return out;
}

// A message that is no open incident's (of a storm, of a night), for a channel that works, when
// nobody else has it.
std::optional<AlertDraft> Escalator::Core::for_another(const AlertDraft& message,
                                                       std::string_view channel, bool comes_yet,
                                                       Time now) {
    const bool is_news =
        message.state == AlertState::raised || message.state == AlertState::changed;
    const bool is_storm = !storm_.id.empty() && message.incident == storm_.id;
    // One that is over may come late; nobody else needs it.
    if (!is_news || (comes_yet && !is_storm && !message.incident.empty())) return std::nullopt;
    if (is_storm && (storm_.acknowledged || storm_.open == 0)) return std::nullopt;
    std::set<std::string> told(message.channels.begin(), message.channels.end());
    if (is_storm) told.insert(storm_.channels.begin(), storm_.channels.end());
    for (const std::string& one : told) {
        if (one != channel && !is_failing(one)) return std::nullopt;
    }
    for (const std::string& next : route(message.level, std::string(channel))) {
        const bool is_asleep = message.level < Level::critical && is_quiet(next, now);
        if (told.contains(next) || is_failing(next) || is_asleep) continue;
        if (is_storm) {
            storm_.channels.insert(next);
            storm_.ladder_at = now;
        }
        AlertDraft draft = message;
        draft.channels = {next};
        return draft;
    }
    return std::nullopt;
}

// --- the public face ---

Escalator::Escalator(EscalationSettings settings, Time now)
    : core_(std::make_unique<Core>(std::move(settings), now)) {}
Escalator::~Escalator() = default;

const EscalationSettings& Escalator::settings() const { return core_->settings_; }
std::vector<AlertDraft> Escalator::news(const IncidentNews& news, Time now) {
    return core_->news(news, now);
}
std::vector<AlertDraft> Escalator::tick(Time now, const Newest& newest) {
    return core_->tick(now, newest);
}
void Escalator::shift_clock(Duration by) { core_->shift_clock(by); }
std::vector<AlertDraft> Escalator::answered(const PersonsAnswer& answer, Time now) const {
    return core_->answered(answer, now);
}

Result<Silence> Escalator::silence(const SilenceWish& wish, Time now) {
    constexpr size_t kMost = 1000;
    std::vector<Silence>& all = core_->silences_;
    Silence silence;
    silence.matchers = TRY(parse_matchers(wish.matchers));
    silence.since = now;
    silence.until = wish.until;
    silence.by = wish.by;
    silence.reason = wish.reason;
    if (silence.until <= now) return Error{Fault::invalid, "the silence would be over already"};
    if (silence.until - now > kLongestSilence) {
        return Error{Fault::invalid, "a silence lasts a year at most"};
    }
    const auto known = std::find_if(all.begin(), all.end(), [&](const Silence& one) {
        return now < one.until && one.texts() == silence.texts();
    });
    if (known != all.end()) {
        silence.id = known->id;
        silence.since = known->since;
        *known = silence;
        return silence;
    }
    if (all.size() >= kMost) return Error{Fault::denied, "there are 1000 silences already"};
    silence.id = silence_id(silence, all);
    all.push_back(silence);
    return silence;
}

std::optional<Silence> Escalator::end_silence(std::string_view id, Time now) {
    std::vector<Silence>& all = core_->silences_;
    const auto known = std::find_if(all.begin(), all.end(), [&](const Silence& one) {
        return one.id == id && now < one.until;
    });
    if (known == all.end()) return std::nullopt;
    Silence ended = std::move(*known);
    all.erase(known);
    return ended;
}

std::vector<Silence> Escalator::silences(Time now) const {
    std::vector<Silence> all;
    for (const Silence& silence : core_->silences_) {
        if (now < silence.until) all.push_back(silence);
    }
    return all;
}

void Escalator::set_maintenance(std::map<std::string, Time> until) {
    core_->maintenance_ = {until.begin(), until.end()};
}

bool Escalator::is_silenced(const SilenceSubject& subject, Time now) const {
    return core_->is_silenced(subject, now);
}

std::vector<AlertDraft> Escalator::digest(AlertDraft draft, Time now) {
    return core_->digest(std::move(draft), now);
}

void Escalator::delivered(std::string_view channel) { core_->delivered(channel); }
Refused Escalator::failed(const AlertDraft& message, std::string_view channel,
                          const DeliveryError& error, int tries, Time now) {
    return core_->failed(message, channel, error, tries, now);
}

Json Escalator::save() const { return core_->save(); }
void Escalator::restore(const Json& saved, Time) { core_->restore(saved); }
void Escalator::recall_silence(const Json& added) {
    std::vector<Silence>& all = core_->silences_;
    for (Silence& silence : read_silences(Json::array().push(added))) {
        const auto known = std::find_if(all.begin(), all.end(),
                                        [&](const Silence& one) { return one.id == silence.id; });
        if (known == all.end()) {
            all.push_back(std::move(silence));
        } else {
            known->until = silence.until;
            known->by = std::move(silence.by);
            known->reason = std::move(silence.reason);
        }
    }
}
void Escalator::recall(const Incident& incident, const std::string& group,
                       const std::vector<AlertDraft>& queued,
                       const std::vector<MemberPlace>& members) {
    core_->recall(incident, group, queued, members);
}

Level level_of(const Incident& incident, const Entry* entry) {
    if (incident.state != IncidentState::escalated) return Level::none;
    if (entry != nullptr && entry->escalate == EscalateWhen::never) return Level::none;
    return entry_level(entry, Level::alert);
}

Level level_of(const IncidentNews& news) {
    const bool asks = news.incident.state == IncidentState::awaiting_approval;
    const bool is_said = asks || !news.alert_step.empty();
    const Level level = level_now(news);
    return is_said ? std::max(level, entry_level(news.entry, Level::warning)) : level;
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

}  // namespace ops

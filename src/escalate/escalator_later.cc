// What is told later: at the end of quiet hours, and what a storm becomes one message of.
#include <algorithm>

#include "base/counted.h"
#include "base/text.h"
#include "escalate/compose.h"
#include "escalate/escalator_core.h"

namespace ops {
namespace {

constexpr Duration kStormSpan = std::chrono::minutes(1);
constexpr Duration kStormPauseMost = std::chrono::minutes(30);
constexpr size_t kNamed = 10;
constexpr size_t kMostHeld =
    1000;  // on a channel; what is beyond is in the journal, and is counted

void forget_before(std::deque<Time>& times, Time now) {
    while (!times.empty() && now - times.front() >= kStormSpan) times.pop_front();
}

bool is_over(const AlertDraft& draft) {
    return is_end(draft.state) || draft.state == AlertState::acknowledged;
}

// One message of several that waited.
AlertDraft together(const std::vector<AlertDraft>& waited, const std::string& channel, Time now) {
    AlertDraft draft;
    draft.key = "quiet/" + channel + "/" + format_rfc3339(now);
    draft.level = Level::warning;
    draft.title = counted(waited.size(), "message") + " of the quiet hours";
    draft.at = now;
    for (const AlertDraft& one : waited) {
        draft.level = std::max(draft.level, one.level);
        draft.action_required = draft.action_required || (one.action_required && !is_over(one));
        if (draft.before.size() < kNamed) {
            draft.before.emplace_back(std::string(name_of(one.state)), one.title);
        }
    }
    if (waited.size() > kNamed) {
        draft.before.emplace_back("And", std::to_string(waited.size() - kNamed) + " more");
    }
    draft.ask = "See all of them: ops-agent incidents";
    return draft;
}

}  // namespace

void refresh_age(AlertDraft& draft, Time down_since, Time now) {
    draft.at = now;
    for (auto& [name, value] : draft.before) {
        if (name == "Down for") {
            value = say("down_for", Value::duration(now - down_since));
            return;
        }
    }
}

// --- what is told later ---

// What is told later is told as it is then, also when nothing was news meanwhile: values move.
void Escalator::Core::look_again(const std::string& incident, Told& told, const Newest& newest,
                                 Time now) const {
    const std::optional<IncidentNews> news = newest ? newest(incident) : std::nullopt;
    if (news && news->incident.is_open()) {
        told.down_since = now - time_down(*news, now);
        bring_up_to_date(*news, told, now);
    }
    refresh_age(told.last, told.down_since, now);
}

// --- quiet hours ---

bool Escalator::Core::is_quiet(const std::string& channel, Time now) const {
    const QuietHours* hours = settings_.quiet_hours(channel);
    return hours != nullptr && hours->contains(now);
}

// Those of `channels` that may be told now. What is not critical waits for the others; of one
// incident the newest word is enough.
std::vector<std::string> Escalator::Core::hold_for_quiet(const AlertDraft& draft,
                                                         std::vector<std::string> channels,
                                                         bool is_problem, Time now) {
    if (draft.level >= Level::critical) {
        if (is_problem) drop_held(draft.incident, {});
        return channels;
    }
    std::vector<std::string> awake;
    for (std::string& channel : channels) {
        if (!is_quiet(channel, now)) {
            awake.push_back(std::move(channel));
            continue;
        }
        std::vector<AlertDraft>& waiting = quiet_[channel];
        std::erase_if(waiting, [&](const auto& one) { return one.incident == draft.incident; });
        if (waiting.size() >= kMostHeld) continue;
        waiting.push_back(draft);
        waiting.back().channels = {channel};
    }
    return awake;
}

std::vector<AlertDraft> Escalator::Core::digest(AlertDraft draft, Time now) {
    draft.channels = hold_for_quiet(draft, draft.channels, false, now);
    if (draft.channels.empty()) return {};
    return {std::move(draft)};
}

void Escalator::Core::drop_held(const std::string& incident, const std::set<std::string>& but) {
    for (auto& [channel, waiting] : quiet_) {
        if (but.contains(channel)) continue;
        std::erase_if(waiting, [&](const auto& one) { return one.incident == incident; });
    }
}

void Escalator::Core::end_quiet(const Newest& newest, Time now, Drafts& out) {
    for (auto at = quiet_.begin(); at != quiet_.end();) {
        const std::string channel = at->first;
        if (is_quiet(channel, now)) {
            ++at;
            continue;
        }
        std::vector<AlertDraft> waited = std::move(at->second);
        at = quiet_.erase(at);
        // A digest is one message already.
        std::erase_if(waited, [&](const AlertDraft& draft) {
            if (draft.state != AlertState::digest) return false;
            if (settings_.find(channel) != nullptr) out.push_back(draft);
            return true;
        });
        // A silence that began meanwhile holds it on; tick() tells what is still so at its end.
        std::erase_if(waited, [&](const AlertDraft& draft) {
            const auto known = told_.find(draft.incident);
            if (known == told_.end() || is_over(draft)) return false;
            if (!is_silenced(draft.incident, known->second, draft.level, now)) return false;
            return known->second.held = true;
        });
        if (settings_.find(channel) == nullptr || waited.empty()) continue;
        for (AlertDraft& draft : waited) {
            if (!storm_.id.empty() && draft.incident == storm_.id) {
                // As it is by now; from here on it is a message like those told by day.
                if (storm_.channels.insert(channel).second) {
                    draft = storm_message(now);
                    draft.key = storm_.id + "/to/" + channel;
                    draft.state = AlertState::raised;
                    storm_.ladder_at = now;
                }
                continue;
            }
            const auto known = told_.find(draft.incident);
            if (known == told_.end() || is_over(draft)) continue;
            look_again(draft.incident, known->second, newest, now);
            if (known->second.last.key == draft.key) draft = known->second.last;
            known->second.channels.insert(channel);
            known->second.last_at = now;
            refresh_age(draft, known->second.down_since, now);
        }
        AlertDraft draft = waited.size() == 1 ? waited[0] : together(waited, channel, now);
        draft.channels = {channel};
        out.push_back(std::move(draft));
    }
}

// --- storms ---

// More than `storm` messages in a minute are one. Something critical is not lost among what is
// less: it has a count of its own.
bool Escalator::Core::take_into_storm(const AlertDraft& draft, Told& told, Time now) {
    forget_before(sent_, now);
    forget_before(sent_critical_, now);
    const auto most = static_cast<size_t>(settings_.storm);
    const bool is_critical = draft.level >= Level::critical;
    const bool stands_out =
        is_critical && storm_.level < Level::critical && sent_critical_.size() < most;
    if (stands_out || (!storm_.takes_in && sent_.size() < most)) {
        sent_.push_back(now);
        if (is_critical) sent_critical_.push_back(now);
        leaves_storm(told);
        return false;
    }
    if (storm_.id.empty()) {
        storm_.id = "storm/" + format_rfc3339(now);
        storm_.began = now;
        storm_.pause = kStormSpan;
        storm_.next = now + kStormSpan;
    } else if (!storm_.takes_in) {
        storm_.pause = kStormSpan;
        storm_.next = now + kStormSpan;
    }
    storm_.takes_in = true;
    storm_.level = std::max(storm_.level, draft.level);
    if (told.in_storm) return true;
    told.in_storm = true;
    ++storm_.count;
    ++storm_.open;
    if (storm_.titles.size() < kNamed) storm_.titles.push_back(draft.title);
    return true;
}

void Escalator::Core::leaves_storm(Told& told) {
    if (!told.in_storm) return;
    told.in_storm = false;
    --storm_.open;
}

AlertDraft Escalator::Core::storm_message(Time now) {
    AlertDraft draft;
    draft.incident = storm_.id;
    draft.key = storm_.id + "/" + std::to_string(storm_.said);
    draft.level = storm_.level;
    draft.state = storm_.said == 0  ? AlertState::raised
                  : storm_.open > 0 ? AlertState::changed
                                    : AlertState::recovered;
    const Duration span = now - storm_.began;
    draft.title = counted(storm_.count, "more incident") + " within " +
                  (span < 2 * kStormSpan ? "a minute" : say("", Value::duration(span)));
    if (storm_.open == 0)
        draft.title =
            counted(storm_.count, "incident") + (storm_.count == 1 ? " is over" : " are over");
    draft.at = now;
    draft.before.emplace_back(
        "Incidents", join(storm_.titles, "; ") +
                         (static_cast<size_t>(storm_.count) > storm_.titles.size() ? "; ..." : ""));
    if (storm_.said > 0) draft.before.emplace_back("Still open", std::to_string(storm_.open));
    draft.ask = storm_.open == 0 ? "No action needed" : "See all of them: ops-agent incidents";
    draft.action_required = storm_.open > 0;
    return draft;
}

// Nobody answered: the next of the ladder who is in their day hears of it too.
void Escalator::Core::climb_with_storm(const std::vector<std::string>& route, Time now,
                                       Drafts& out) {
    const bool climbs = !storm_.channels.empty() && storm_.open > 0 && !storm_.acknowledged &&
                        now - storm_.ladder_at >= settings_.unacked_after;
    if (!climbs) return;
    storm_.ladder_at = now;
    for (const std::string& channel : route) {
        if (storm_.level < Level::critical && is_quiet(channel, now)) continue;
        if (!storm_.channels.insert(channel).second) continue;
        AlertDraft draft = storm_message(now);
        draft.state = AlertState::raised;
        draft.key = storm_.id + "/to/" + channel;
        draft.channels = {channel};
        out.push_back(std::move(draft));
        return;
    }
}

// The storm's message as it is now, to those who know of it, or to the first who is to. In quiet
// hours it waits as any other message does, and an alert goes to who is awake.
void Escalator::Core::say_storm(const std::vector<std::string>& route, Time now, Drafts& out) {
    AlertDraft draft = storm_message(now);
    storm_.said_count = storm_.count;
    storm_.said_open = storm_.open;
    ++storm_.said;
    std::vector<std::string> to(storm_.channels.begin(), storm_.channels.end());
    if (storm_.open == 0) {
        // It is over for those who were told; who would have been told in the morning is not.
        drop_held(storm_.id, storm_.channels);
    } else if (to.empty() && !route.empty()) {
        to.push_back(route[0]);
    }
    to = hold_for_quiet(draft, std::move(to), true, now);
    for (const std::string& channel : route) {
        if (!to.empty() || storm_.level < Level::alert || storm_.open == 0) break;
        if (!storm_.channels.empty()) break;
        if (!is_quiet(channel, now)) to.push_back(channel);
    }
    if (to.empty()) return;
    if (storm_.channels.empty()) {
        storm_.ladder_at = now;
        draft.state = AlertState::raised;
    }
    storm_.channels.insert(to.begin(), to.end());
    draft.channels = std::move(to);
    out.push_back(std::move(draft));
}

void Escalator::Core::tell_storm(Time now, Drafts& out) {
    if (storm_.id.empty()) return;
    const std::vector<std::string> route = this->route(storm_.level);
    climb_with_storm(route, now, out);
    if (now < storm_.next) return;
    const bool is_new = storm_.count != storm_.said_count || storm_.open != storm_.said_open;
    const bool comes_on = storm_.count != storm_.said_count;
    // What was over before anybody was told of it is in the journal, and that is enough.
    if (is_new && (storm_.said > 0 || storm_.open > 0)) say_storm(route, now, out);
    storm_.takes_in = comes_on;
    storm_.pause = std::min(storm_.pause * 2, kStormPauseMost);
    storm_.next = now + storm_.pause;
    if (storm_.open == 0 && !storm_.takes_in) storm_ = Storm{};
}

void Escalator::Core::shift_clock(Duration by) {
    const auto move = [by](Time& at) {
        if (at != Time{}) at = add_saturating(at, by);
    };
    for (auto& [incident, told] : told_) {
        move(told.last_at);
        move(told.opened_at);
        move(told.down_since);
    }
    for (Time* at : {&began_, &storm_.began, &storm_.next, &storm_.ladder_at}) move(*at);
    for (auto* times : {&sent_, &sent_critical_}) {
        for (Time& at : *times) move(at);
    }
}

}  // namespace ops

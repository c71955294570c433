// Escalate: who is told what, when, and on which channel; what is not told, and why not.
//
// Pure. The agent gives news of incidents; out come AlertDrafts whose `channels` say where each
// goes. It appends each as alert.queued; the outbox (record/) does the sending through a Sender
// (escalate/channel.h) and gives back the results.
//
// Promises:
//   - A repaired incident below the criteria tells nobody, unless its entry has an `alert` step or
//   `escalate: always`.
//   - One message per incident, state and level: the key of a draft is stable, so nothing is told
//   twice after a restart.
//   - An acknowledgement is of what was told until then: a higher level wants one of its own.
//   - A recovery is told only to those who were told of the problem, and always to them, silenced
//   meanwhile or not.
//   - A silence (escalate/silence.h) holds back news of problems only: never acknowledgements,
//   recoveries or tests. When it ends, what is still bad is told.
//   - More than `storm` messages in a minute become one, which is brought up to date; nothing is
//   lost, each is in the journal.
//   - In quiet hours what is not critical waits, and is told in one message at their end, unless it
//   is over by then.
//   - A channel that failed three times in a row, or refused for good, is passed over: what would
//   go to it first goes to the next that works. The agent makes an incident of it.
//   - A message that a channel refused for good is tried there no more, and goes to another one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "config/settings.h"
#include "escalate/alert.h"
#include "escalate/channel.h"
#include "escalate/digest.h"
#include "escalate/hours.h"
#include "escalate/silence.h"
#include "model/fact.h"
#include "model/incident.h"
#include "runbook/runbook.h"

namespace ops {

// Somebody, and the ways to them in the order in which they are tried.
struct Person {
    std::string name;
    std::vector<std::string> channels;
    std::optional<QuietHours> quiet;
};

// A sign of life to others, who tell when it does not come: an address of Healthchecks' kind, an
// Alertmanager that always has the alert Watchdog.
struct SignReceiver {
    std::string url, url_file;
    std::string token_file;           // a bearer token; or:
    std::string user, password_file;  // Basic
    bool is_set() const { return !url.empty() || !url_file.empty(); }
};
struct DeadMan {
    SignReceiver address, alertmanager;
    Duration every = std::chrono::minutes(1);
    bool is_set() const { return address.is_set() || alertmanager.is_set(); }
};

struct EscalationSettings {
    std::vector<ChannelSettings> channels;  // never empty: without any, one named "console"
    std::map<Level, std::vector<std::string>> routes;
    std::vector<Person> people;
    std::optional<QuietHours> quiet;  // of people and channels without their own
    std::vector<MaintenanceWindow> maintenance;
    DeadMan dead_man;
    DigestSettings digest;
    Duration unacked_after = std::chrono::minutes(5);
    Duration repeat_every = std::chrono::hours(2);   // critical, until acknowledged; 0: never
    Duration remind_every = std::chrono::hours(24);  // of what is not over; 0: never
    int storm = 10;                                  // messages a minute
    Duration unexplained_after = std::chrono::minutes(10);  // down, and no entry for it
    std::optional<Duration> monitor_silent_after;  // its Watchdog; nothing: learned; zero: never
    std::string time_zone;
    std::string agent;

    const ChannelSettings* find(std::string_view channel) const;
    // Where a level goes: its route; else that of the next level above that has one; else every
    // channel. Level::log and none: nowhere.
    std::vector<std::string> route(Level level) const;
    // People stand for their channels; each channel once. What is neither stays as it is.
    std::vector<std::string> names_as_channels(const std::vector<std::string>& names) const;
    const QuietHours* quiet_hours(std::string_view channel) const;  // null: it has none
};
// Reads `channels:` and `escalation:` (channel lists and unacked_after; criteria under it are the
// runbook's).
EscalationSettings read_escalation(const Settings& settings, Problems& problems);

// As silences and windows know it: a member of a larger incident.
struct MemberPlace {
    std::string target, group, host;
};

// Of one that is about many at once; of others none.
std::vector<MemberPlace> places_of(const Incident& incident, const Inventory& inventory);

// What the text is made from.
struct IncidentNews {
    const Incident& incident;
    const std::vector<Action>& actions;  // of this incident, oldest first
    Facts before;                        // when it was opened
    Facts now;
    const Entry* entry = nullptr;  // that was or is applied
    std::string criterion;         // that raised it, or empty
    std::string alert_step;    // text of the entry's `alert` step when that is what tells, or empty
    std::string upstream{};    // what failed first above it, as a sentence, or empty
    std::string event_text{};  // what the newest event that it is about said, or empty
    int events = 0;            // how many such events there were: each is told
    std::string group{};       // of its target, for silences
    std::vector<std::string> plan{};  // what waits for a yes: a command each, as it will run
    std::string barred{};             // an entry that fits and may not be applied, with the reason
    std::vector<std::string> criterion_facts{};  // that the criterion compares as they are
    std::vector<std::string> unwell{};           // services that are not up: "shop (maintenance)"
    std::vector<MemberPlace> members{};          // of a larger incident
    int acknowledgements = 0;                    // so far
    std::vector<std::string> still_down{};       // of its members
};

// In the key of a message that is said again. It is a new message also where one could be edited:
// an edit wakes nobody.
inline constexpr std::string_view kSaidAgain = "/again/";

// The incident about a channel that fails; its `members` is the channel's name.
inline constexpr std::string_view kRuleChannelFailing = "Channel failing";

// The incidents about the agent itself: a clock that jumped, a sign of life that is not taken.
inline constexpr std::string_view kRuleSelf = "Agent unwell";
// The incident of an alert that another monitor sent: its level is that alert's severity.
inline constexpr std::string_view kRuleOutsideAlert = "Outside alert";
// Channel or agent: nothing of the inventory is the matter, and no runbook is about it.
inline bool is_about_ourselves(const Incident& incident) {
    return incident.rule == kRuleSelf || incident.rule == kRuleChannelFailing;
}

// What becomes of a message that a channel did not take.
struct Refused {
    std::vector<AlertDraft> drafts;  // the same message, for a channel that comes next
    std::optional<Time> next_try;    // nothing: never again on this channel
    bool channel_fails = false;      // from now on; not said again until it has worked
};

// What a person answered to a message.
struct PersonsAnswer {
    std::string incident;
    std::string key;  // stable, of this one answer
    std::vector<std::pair<std::string, std::string>> rows;
    std::optional<std::string> ask{};  // in place of what was asked before
};

// News of an open incident as it is at this moment; nothing when it is not known any more.
using Newest = std::function<std::optional<IncidentNews>(const std::string& incident)>;

class Escalator {
public:
    Escalator(EscalationSettings settings, Time now);
    ~Escalator();
    Escalator(const Escalator&) = delete;
    Escalator& operator=(const Escalator&) = delete;

    const EscalationSettings& settings() const;

    // Anything about the incident changed: opened, level, state, action finished, acknowledged,
    // resolved. Call it after the change was folded into news.incident. What must be told now;
    // usually nothing.
    std::vector<AlertDraft> news(const IncidentNews& news, Time now);
    // Once a second: what was not acknowledged goes to the next channel, silences end, a storm's
    // summary is due. What is told so is told as `newest` has it.
    std::vector<AlertDraft> tick(Time now, const Newest& newest = {});

    // The clock was set, forward or back, by so much: what waits for a span goes on waiting for it.
    // Silences, windows and quiet hours end when it shows their end.
    void shift_clock(Duration by);

    // What a person answered, for those who were told of the incident on a channel that can be
    // answered: the newest message once more, with `rows` below it.
    std::vector<AlertDraft> answered(const PersonsAnswer& answer, Time now) const;

    // The same matchers again are the same silence, with another end.
    Result<Silence> silence(const SilenceWish& wish, Time now);
    std::optional<Silence> end_silence(std::string_view id, Time now);  // nothing: there was none
    std::vector<Silence> silences(Time now) const;                      // oldest first
    bool is_silenced(const SilenceSubject& subject, Time now) const;
    // Targets under maintenance and until when, all of them: of what they have open already nothing
    // is told meanwhile, as in a silence.
    void set_maintenance(std::map<std::string, Time> until);

    // To its channels, those in their quiet hours at the end of them.
    std::vector<AlertDraft> digest(AlertDraft draft, Time now);

    // What became of a message on a channel; `tries` counts those of this message, with this one.
    void delivered(std::string_view channel);
    Refused failed(const AlertDraft& message, std::string_view channel, const DeliveryError& error,
                   int tries, Time now);

    Json save() const;
    void restore(const Json& saved, Time now);
    // After restore(): what the journal says was queued about an incident that is open, oldest
    // first. What came after the last save() is known again, so nothing that was told is forgotten.
    void recall(const Incident& incident, const std::string& group,
                const std::vector<AlertDraft>& queued,
                const std::vector<MemberPlace>& members = {});

    // The same for a silence, as its to_json() is on record.
    void recall_silence(const Json& added);

    class Core;

private:
    std::unique_ptr<Core> core_;
};

// Level an incident has by itself: a repair that failed or was given up is an alert, and so on
// (product.md 4.4).
Level level_of(const Incident& incident, const Entry* entry);
// At which level people are told of it now, silenced or not: by criteria, by what kind of incident
// it is, by what its entry says, and that a yes is asked for.
Level level_of(const IncidentNews& news);
// "Cleared 3GB of old logs, restarted worker_3": what was really done, from the journal; empty when
// nothing was.
std::string describe_actions(const std::vector<Action>& actions, const Facts& before,
                             const Facts& now);
// Text for `notify test CHANNEL`.
AlertDraft test_alert(const EscalationSettings& settings, std::string_view channel, Time now);
}  // namespace ops

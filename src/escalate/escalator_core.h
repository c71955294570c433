// Escalator's inside, for its own files: escalator.cc says what is told, escalator_later.cc what
// waits and what becomes one message, escalator_state.cc keeps it over a restart.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "escalate/escalate.h"

namespace ops {

// Parts of keys that say what a message was.
inline constexpr std::string_view kNote = "/note/", kApproval = "/approval/", kGaveUp = "/gave_up";
// Rows of one message only, not of what is said of the incident.
inline constexpr std::string_view kReminderRow = "Reminder", kToldHereRow = "Told here";

// What people know of one incident.
struct Told {
    std::string target, title, group, host, rule;
    std::string about_channel;       // that fails: nothing of this is said on it
    Level level = Level::none;       // highest told
    std::set<std::string> channels;  // told on
    std::set<std::string> refused;   // would not take it, ever: not told on
    AlertDraft last;
    Time last_at{};
    Time opened_at{};
    Time down_since{};                 // or opened, where that is not known
    std::vector<MemberPlace> members;  // of a larger one
    bool acknowledged = false;         // what was told so far
    int acknowledgements = 0;          // told of
    int question_told = 0;             // of Incident::questions
    bool gave_up_told = false;
    int events = 0;            // told of
    bool only_note = false;    // nothing but an entry's own `alert` step
    bool held = false;         // by a silence: `last` waits
    bool unexplained = false;  // down, and no entry for it; `last` is what will be said
    bool in_storm = false;     // told of in the storm's message, and nowhere else
    int repeats = 0;           // said again because nobody answered
};

// Too much at once, told in one message that is brought up to date: by an edit where the channel
// can, and at longer and longer spans.
struct Storm {
    std::string id;                   // "storm/2026-01-29T13:30:00Z"; empty: there is none
    std::vector<std::string> titles;  // the first of them
    Level level = Level::none;
    int count = 0;  // incidents that came
    int open = 0;   // of them not over yet
    int said = 0;   // messages about it
    int said_count = 0, said_open = 0;
    bool takes_in = false;      // still: what comes now belongs to it
    bool acknowledged = false;  // one of its incidents was
    Time began{}, next{}, ladder_at{};
    Duration pause{};
    std::set<std::string> channels;  // told on
};

struct ChannelHealth {
    int failures = 0;  // in a row
    bool is_failing = false;
};

// Whom and what it is about.
void describe(Told& told, const Incident& incident, const std::string& group,
              const std::vector<MemberPlace>& members);

// A row with a command that waits for a yes; somebody was asked for one.
bool is_plan(const std::pair<std::string, std::string>& row);
bool is_question(const AlertDraft& draft);

// "Down for" as it is when the message goes out, not when it was composed.
void refresh_age(AlertDraft& draft, Time down_since, Time now);

class Escalator::Core {
public:
    Core(EscalationSettings settings, Time now) : settings_(std::move(settings)), began_(now) {}

    std::vector<AlertDraft> news(const IncidentNews& news, Time now);
    std::vector<AlertDraft> tick(Time now, const Newest& newest);
    std::vector<AlertDraft> answered(const PersonsAnswer& answer, Time now) const;
    std::vector<AlertDraft> digest(AlertDraft draft, Time now);
    void shift_clock(Duration by);
    void delivered(std::string_view channel);
    Refused failed(const AlertDraft& message, std::string_view channel, const DeliveryError& error,
                   int tries, Time now);
    bool is_silenced(const SilenceSubject& subject, Time now) const;
    bool is_silenced(const std::string& incident, const Told& told, Level level, Time now) const;
    Json save() const;
    void restore(const Json& saved);
    void recall(const Incident& incident, const std::string& group,
                const std::vector<AlertDraft>& queued, const std::vector<MemberPlace>& members);

    EscalationSettings settings_;
    std::vector<Silence> silences_;
    std::map<std::string, Time, std::less<>> maintenance_;

private:
    using Drafts = std::vector<AlertDraft>;
    void resolved(const IncidentNews& news, Time now, Drafts& out);
    void note_acknowledged(const std::string& incident, Told& told);
    void acknowledged(const IncidentNews& news, Told& told, Time now, Drafts& out);
    void problem(const IncidentNews& news, Told& told, Time now, Drafts& out);
    void bring_up_to_date(const IncidentNews& news, Told& told, Time now) const;
    void look_again(const std::string& incident, Told& told, const Newest& newest, Time now) const;
    void emit(AlertDraft draft, Told& told, Time now, Drafts& out);
    void tell_those_told(AlertDraft draft, const Told& told, Time now, Drafts& out);
    bool next_channel(Told& told, const Newest& newest, Time now, Drafts& out);
    void say_again(Told& told, const Newest& newest, Time now, Drafts& out);
    std::optional<AlertDraft> for_another(const AlertDraft& message, std::string_view channel,
                                          bool comes_yet, Time now);
    // escalator_later.cc
    bool is_quiet(const std::string& channel, Time now) const;
    std::vector<std::string> hold_for_quiet(const AlertDraft& draft,
                                            std::vector<std::string> channels, bool is_problem,
                                            Time now);
    void drop_held(const std::string& incident, const std::set<std::string>& but);
    void end_quiet(const Newest& newest, Time now, Drafts& out);
    bool take_into_storm(const AlertDraft& draft, Told& told, Time now);
    void leaves_storm(Told& told);
    void climb_with_storm(const std::vector<std::string>& route, Time now, Drafts& out);
    void say_storm(const std::vector<std::string>& route, Time now, Drafts& out);
    void tell_storm(Time now, Drafts& out);
    AlertDraft storm_message(Time now);
    bool is_failing(std::string_view channel) const;
    void note_fail_over(const Told& told, AlertDraft& draft) const;
    std::vector<std::string> route(Level level, const std::string& but = "") const;
    std::vector<std::string> others_open(const std::string& incident) const;

    Time began_{};
    std::map<std::string, Told> told_;  // open incidents by id
    std::map<std::string, ChannelHealth, std::less<>> channels_;
    std::deque<Time> sent_, sent_critical_;  // problem messages of the last minute
    Storm storm_;
    std::map<std::string, std::vector<AlertDraft>> quiet_;  // by channel, until its hours end
};

}  // namespace ops

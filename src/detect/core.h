// Detector::Core: the state behind Detector, and the steps of one observation, in the order they
// are taken:
//
//   take in (intake.cc)        the check's track, the target's facts and events
//   conditions (conditions.cc) entries and criteria that read what changed: do they hold?
//   review (problems.cc)       what is wrong with the target now, against the incidents that are
//   open causes (causes.cc)         may it be raised, or is something else the cause: parent,
//   network, mass failure
//
// Targets, tracks and conditions are known by their index; names are looked up once, at the edge.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "detect/check_track.h"
#include "detect/detect.h"
#include "detect/rare.h"

namespace ops {

inline constexpr uint32_t kNone = UINT32_MAX;

// An entry's symptoms or a criterion, with what they read. The same for all targets.
struct Condition {
    const Entry* entry = nullptr;  // one of the two
    const Criterion* criterion = nullptr;
    // What one symptom reads. `facts` and `events` are those of the expression.
    struct Part {
        explicit Part(const expr::Expression& read);
        const expr::Expression* expression;
        std::vector<std::string> facts, events;
        bool may_settle;  // reads neither history nor an age, which change with time
        const expr::Expression* operator->() const { return expression; }
        const expr::Expression& operator*() const { return *expression; }
    };
    std::vector<Part> parts;
    bool any = false;
    Duration hold{};
    std::vector<std::string> reads;  // facts, now and through windows, and events, sorted
    bool timed = false;              // time alone can change it
    bool counts_only = false;        // it reads nothing but events: count(crash, 1h) > 3, or facts
                                     // that an event makes true
    bool of_events = false;          // a criterion that counts only events that follow from no
                                     // failure: security, but not crash
    bool asks_history = false;       // evaluating it costs a look at the record
    bool of_degraded = false;        // it reads nothing but degraded_for
    const std::string& name() const { return entry ? entry->name : criterion->name; }
};

// Facts that an event makes true, and for how long: long enough for a criterion to see it, and for
// people to find it in `show`.
struct EventFact {
    std::string_view fact, kind;
    Duration holds;
};
std::span<const EventFact> event_facts();

// One condition on one target.
struct Instance {
    uint32_t condition = 0;
    bool holds : 1 = false;    // when last evaluated
    bool active : 1 = false;   // held for its `for:`, and not gone for good yet
    bool told : 1 = false;     // a criterion's hit on the open incident
    bool settled : 1 = false;  // it does not hold, and time alone will not change that
    bool kept : 1 = false;     // it held while the target was paused or in maintenance, and is told
                               // when that is over: as of `seen_at`, when it held last
    uint8_t false_row = 0;     // times evaluated false since it was active
    Time holds_since{};
    Time evaluated_at{};
    Time seen_at{};  // as `evaluated_at`, when an observation or a moving clock was the cause
};

// Events of one kind on record since `from`, from before the program began, of the targets that
// were asked for so far. Most have none.
struct OlderEvents {
    Time from{};
    std::vector<bool> asked;
    std::unordered_map<uint32_t, std::vector<Time>> times;
};

// What was seen of a target and what follows from it: it goes on over a reload.
struct WhatIsKnown {
    Facts facts;   // as observed and pushed
    struct Well {  // as they were at the last good look before it went bad
        Time at{};
        Facts facts;
    };
    std::unique_ptr<Well> well;  // null while it never was bad
    EventTimes events;
    Time last_good{};  // or when watching began
    std::optional<Time> last_beat;
    int restarts = 0;
    std::optional<Time> acted_at;    // we act on it: the process that ran then may go
    std::optional<Time> excused_at;  // and it went then

    Status status = Status::unknown;
    Time since{};
    RareText reason = std::string("not checked yet");
    RareText degraded_by;           // the source that `reason` tells of
    std::optional<Status> held_as;  // paused, maintenance
    std::optional<Time> held_until;

    enum class Looks : uint8_t { not_noted, good, bad } looks = Looks::not_noted;
    bool down = false;      // a check's verdict is bad
    bool degraded = false;  // a symptom or criterion holds, or it flaps
    bool ailing = false;    // either
    Time down_since{};
    Time degraded_since{};  // by its checks alone: not_quite_well(); Time{}: it is not
    Time bad_since{};       // anything wrong, without a break
    bool flapping = false;
    bool raised_while_flapping = false;
    double flap_percent = 0;

    RareText suppressed_by;
    bool suppressed = false;
    Time suppressed_since{};
    Duration held_back{};   // of down_for: spent suppressed, when timers stand still, or as a
                            // member of a mass failure
    Time evidence_after{};  // only what is seen bad after this may be raised; first: our start
    Time counted_until{};   // events until then were the reason of an incident that is over
    std::unique_ptr<std::set<std::string>> pushed;  // facts, since the start; null: none
    // When facts that windows are put over were last seen. One is entered when it is asked for.
    mutable std::unique_ptr<std::map<std::string, Time, std::less<>>> seen_at;
    Time waiting_since{};  // for the verdict on its parents; Time{}: not waiting
    RareText systemic;     // key of the systemic incident it is a member of
};

struct Target : WhatIsKnown {
    enum class Kind : uint8_t { host, service, signal };
    Target(Kind of, const std::string& named, const std::string& on, const std::string& among,
           const std::string& group_prefix)
        : kind(of), name(named), host(on), group(among), prefix(group_prefix) {}

    Kind kind;
    bool local_host = false;
    bool own_heartbeat = false;              // it sends heartbeats
    const std::string &name, &host, &group;  // those of the inventory
    const std::string& prefix;               // of its facts in the group's spelling: "worker_"
    std::vector<uint32_t> parents;
    std::vector<uint32_t> children;
    std::vector<uint32_t> tracks;
    std::vector<Instance> instances;
    std::vector<uint32_t> scopes;    // those it counts in, for mass failure
    uint32_t sibling_scope = kNone;  // the one of its group
};

// Open incident: why it is open.
struct OpenIncident {
    std::string key;
    uint32_t target = kNone;  // kNone: systemic or the own network
    std::string rule;
    std::string reason;
    std::set<std::string> sources;  // "down", "flapping", names of conditions
    std::set<std::string> members;
    Time told_at{};     // last update
    Time changed_at{};  // last new member
    uint32_t scope = kNone;
    bool grown = false;    // new members, not told yet
    bool adopted = false;  // known from the journal only: its target is still to be looked at
    RareText folded;       // key of the larger one that it is part of: nothing is raised of it, it
                           // ends when its target is well
};

// Where many failing together mean one cause: a group, the services of a host, the fleet.
struct MassScope {
    std::string name;   // "group worker", "host pc", "fleet"
    std::string label;  // "workers" in titles: "4 of 7 in group worker"
    std::vector<uint32_t> members;
    std::deque<std::pair<Time, uint32_t>> newest;  // problems by age
    std::unordered_map<uint32_t, Time> failing;    // those within the window
};

class Detector::Core {
public:
    Core(const Settings& settings, const Runbook& runbook, const HistorySource* history, Time now,
         DetectOptions options);

    // --- intake.cc: what comes in ---
    Changes observe(const Observation& seen, Time now);
    void expect(uint32_t check, int step) const;
    Changes tick(Time now);
    Changes push_facts(uint32_t target, const std::vector<Fact>& facts, Time now);
    Changes push_event(uint32_t target, std::string_view kind, Time now, size_t times);
    Changes heartbeat(uint32_t target, Time now);
    void acting(uint32_t target, Time now);
    Changes hold(uint32_t target, std::optional<Status> status, std::optional<Time> until,
                 Time now);
    void closed(std::string_view key, Time now);
    void shift_clock(Duration by);
    void adopt(const IncidentOpen& known, Time now);
    bool is_fresh(uint32_t target) const;
    bool is_seen_well(uint32_t target) const;
    uint32_t find(std::string_view name) const;
    TargetState state_of(uint32_t target) const;

    // --- facts.cc: what is known of a target ---
    const Value* fact(uint32_t target, std::string_view name, Time now, bool for_timers,
                      std::vector<std::unique_ptr<Value>>& made) const;
    std::vector<Time> events(uint32_t target, std::string_view kind, Time from, Time to) const;
    std::vector<Time> older_events(uint32_t target, std::string_view kind, Time from,
                                   Time to) const;
    std::vector<Sample> samples(uint32_t target, std::string_view fact, Time from, Time to) const;
    Time seen_at(const Target& target, const std::string& name) const;
    std::vector<Fact> follows(const Observation& seen, Time now) const;
    std::optional<Value> looked_back(uint32_t target, std::string_view name, Time now) const;
    Facts all_facts(uint32_t target, Time now) const;
    // The fact's or event's own name when `name` is the group's spelling of it.
    std::string_view own_name(const Target& target, std::string_view name) const;
    bool set_fact(Target& target, const Fact& fact, Time at,
                  std::vector<std::string_view>& changed);
    void note_fact(const Target& target, std::string_view fact, Value value, Time at);

    // --- conditions.cc ---
    void make_conditions();
    void note_looked_back(std::string_view name);
    void adopt(uint32_t index, const std::string& name_or_fact);
    enum class Evidence { fresh, none };  // did an observation bring something new?
    // `changed` facts have another value than before, `seen` ones came again.
    void evaluate_reading(uint32_t target, const std::vector<std::string_view>& changed,
                          const std::vector<std::string_view>& seen, Time now);
    // By condition: does it read any of the names?
    std::vector<bool> readers_of(const Target& target,
                                 const std::vector<std::string_view>& names) const;
    void evaluate_in_turn(Time now);
    void evaluate(uint32_t target, uint32_t place, Evidence evidence, Time now);
    // Kleene's: nothing when it is not known.
    std::optional<bool> holds_now(uint32_t target, const Condition& condition, Time now) const;
    bool is_about(uint32_t target, const Condition& condition) const;
    bool is_settled(uint32_t target, const Condition& condition, Time now) const;
    bool is_steady(uint32_t target, const Condition::Part& part, Time now) const;
    void unsettle(uint32_t target);  // an event came, which conditions may count
    std::string explain(uint32_t target, const Condition& condition, Time now) const;

    // --- problems.cc ---
    void refresh_down(uint32_t target, Time now);
    void refresh_status(uint32_t target, Time now, Changes& out);
    // The first of its checks with this verdict, and that says `degraded` in it if that is asked.
    const CheckTrack* track_of(uint32_t target, Verdict verdict, bool degraded = false) const;
    std::string not_quite_well(uint32_t target, Time now) const;
    bool is_host_blind(const Target& target) const;
    std::vector<std::string> keys_of(uint32_t target) const;  // of its open incidents
    // What is wrong with a target now: "down", "flapping", or the name of a condition.
    struct Source {
        std::string name;
        Instance* instance = nullptr;
    };
    std::vector<Source> sources_of(uint32_t target);
    bool is_only_noted(const Source& source) const;
    bool is_of_events(const Source& source) const;
    void review_events(uint32_t target, const std::vector<Source>& sources, Time now, Changes& out);
    void review(uint32_t target, Time now, Changes& out);
    void review_children(uint32_t target, Time now, Changes& out);
    void raise(uint32_t target, const Source& source, const std::string& key, Time now,
               Changes& out);
    void attach(uint32_t target, const Source& source, OpenIncident& open, Time now, Changes& out);
    void hit(uint32_t target, const Source& source, const std::string& key, Time now, Changes& out);
    void clear_gone(uint32_t target, const std::vector<Source>& sources, Changes& out);
    void say_cleared(uint32_t target, Changes& out);
    std::string key_of(uint32_t target, const Source& source) const;
    std::string key_of_same_matter(uint32_t target, const Condition& condition) const;
    bool is_of_its_state(uint32_t target, const Condition& condition) const;
    bool is_another_matter(uint32_t target, const Condition& condition) const;
    bool was_counted(uint32_t index, const Instance& instance, Time now) const;
    bool has_evidence(uint32_t index, const Source& source, Time now) const;
    bool is_certain(const Target& target) const;
    Facts facts_at_opening(uint32_t target, const Source& source, Time now) const;
    std::string reason_of(uint32_t target, const Source& source, Time now) const;

    // --- causes.cc: may a problem be raised, or is its cause above it? ---
    struct Above {
        std::string by;     // who holds it back, or empty
        bool wait = false;  // not known yet: somebody was asked
    };
    Above cause_above(uint32_t target, Time now, Changes& out);
    void ask(CheckTrack& track, Time now, Changes& out);
    void ask_around(const CheckTrack& track, Time now, Changes& out);  // at a first bad answer
    void ask_heartbeat(uint32_t target, Time now, Changes& out);
    bool reads_pushed(const Target& target, const Condition& condition) const;
    void recheck_later(uint32_t target, Time now, Changes& out);
    void set_suppressed(uint32_t target, const std::string& by, Time now, Changes& out);
    void watch_network(const CheckTrack& track, Time now, Changes& out);
    void lose_network(Time now, Changes& out);
    Time first_bad_of(uint32_t target) const;
    std::vector<uint32_t> witnesses_for(const Target& child, Time since) const;
    bool is_blind(const CheckTrack& witness, Time since) const;
    Verdict uplink_verdict(Time since) const;
    Verdict network_verdict(uint32_t child, bool patient) const;
    void ask_network(const Target& child, Time since, Time now, Changes& out);
    bool await_parent(uint32_t parent, Time since, Time now, Changes& out);
    bool uses_network(const Target& target) const;

    // --- systemic.cc: many at once are one ---
    bool await_siblings(uint32_t target, Time now, Changes& out);
    bool join_systemic(uint32_t target, Time now, Changes& out);
    void note_failing(uint32_t target, Time now);
    void no_longer_failing(uint32_t target);
    uint32_t scope_of_mass_failure(uint32_t target, size_t most);
    OpenIncident* systemic_above(uint32_t target);
    void open_systemic(uint32_t scope, Time now, Changes& out);
    void add_member(OpenIncident& systemic, uint32_t target, Changes& out);
    bool fold_own(uint32_t target);
    void review_systemic(Time now, Changes& out);
    std::vector<uint32_t> release_members(std::string_view key, Time now);  // of a systemic one
    void begin_timers_anew(uint32_t target, Time now);                      // of criteria
    std::string systemic_title(const MassScope& scope, size_t failed) const;
    bool is_mass(const MassScope& scope, size_t failing) const;

    // --- titles.cc ---
    std::string title_of(uint32_t target, const Source& source, Time now) const;

    // --- save.cc ---
    std::string save_text(std::optional<Time> now) const;
    Json save_target(const Target& target) const;
    void restore(const Json& saved, Time now);
    void restore_instances(const Json& saved, uint32_t target);

    // --- take_over.cc: over a reload ---
    void take_over(Core& before, std::span<const uint32_t> checks, Time now);

    const Settings& settings_;
    const Runbook& runbook_;
    const HistorySource* history_;
    DetectOptions options_;
    Time began_{};
    Time events_from_{};  // since when every event is in `Target::events`
    std::vector<Target> targets_;
    std::set<std::string> prefixes_;  // Target::prefix
    std::unordered_map<std::string_view, uint32_t> names_;
    mutable std::map<std::string, OlderEvents, std::less<>> older_;  // by kind; read when asked for
    std::vector<CheckTrack> tracks_;
    std::vector<uint32_t> track_of_check_;  // kNone: it has none yet
    std::vector<Condition> conditions_;
    std::unordered_map<std::string_view, std::vector<uint32_t>> readers_;  // of facts and events
    std::set<std::string_view> looked_back_;  // derived facts that conditions put windows over
    std::map<std::string, uint32_t, std::less<>> signal_of_fact_;
    std::map<std::string, OpenIncident, std::less<>> open_;
    std::vector<MassScope> scopes_;
    std::set<uint32_t> awaiting_siblings_;  // looked at again with each answer
    std::set<uint32_t> to_review_;          // not well, waiting or suppressed: looked at each tick
    std::set<uint32_t> unsettled_;  // status unknown, or held for a time: as well, until it is over
    std::vector<std::pair<uint32_t, uint32_t>> timed_;  // target, place in instances
    size_t next_timed_ = 0;
    std::set<std::pair<uint32_t, uint32_t>> pending_;  // instances to look at each tick
    uint32_t own_machine_ = kNone;                     // target of events that name none
    std::vector<NotedFact> noted_;                     // until take_noted()
    size_t noted_lost_ = 0;

    // Our own network.
    std::vector<uint32_t> uplinks_;    // tracks of agent.uplink
    std::vector<uint32_t> machines_;   // else: one track each of those asked over it
    std::set<std::string> addresses_;  // of these
    Time network_worked_at_{};         // when one of them answered last
    Time machines_asked_at_{};         // all of them, once the few asked first were silent
    std::set<uint32_t> unheard_;       // who has not answered that yet
    bool network_lost_ = false;

private:
    void take_tracks(const Core& before, std::span<const uint32_t> checks);
    bool goes_on_as_before(const Core& before, const Target& was) const;
    void take_target(Target& was, uint32_t target, bool goes_on);
    // `same`: by condition, which one of `before` it is; kNone: it is new or changed.
    void take_instances(const Core& before, const Target& was, uint32_t target,
                        const std::vector<uint32_t>& same, Time now);
    void take_instance(uint32_t target, uint32_t place, const Instance& was);
    void take_open(const OpenIncident& was, const Core& before,
                   const std::set<uint32_t>& begun_anew);
    void take_scopes(const Core& before);
    uint32_t same_target(const Core& before, uint32_t target) const;  // kNone: there is none
    void make_targets();
    const std::string& prefix_of(const std::string& group);
    void make_tracks();
    void make_scopes();
    uint32_t make_track(uint32_t check, uint32_t target, const CheckSettings* given);
    void take_facts(const Observation& seen, const CheckTrack& track, Changes& out);
    void take_looks(const Observation& seen, const CheckTrack& track);
    void take_process_status(const Observation& seen, uint32_t target, Changes& out);
    bool note_event(uint32_t target, std::string_view kind, Time at, Changes& out);
    void add_event(uint32_t target, std::string_view kind, Time at, Changes& out);
    void take_flapping(uint32_t target, Changes& out);
    void review_pending(Time now, Changes& out);
    uint32_t owner_of(uint32_t target, std::string_view name) const;
    const Value* derived(uint32_t target, std::string_view name, Time now, bool for_timers,
                         std::vector<std::unique_ptr<Value>>& made) const;
};

// For evaluating expressions about one target: what is known of it at one moment.
class TargetWorld final : public expr::World {
public:
    // `for_timers`: down_for leaves out Target::held_back.
    TargetWorld(const Detector::Core& core, uint32_t target, Time now, bool for_timers)
        : core_(core), target_(target), now_(now), for_timers_(for_timers) {}
    Time now() const override { return now_; }
    const Value* fact(std::string_view name) const override {
        return core_.fact(target_, name, now_, for_timers_, made_);
    }
    std::vector<Sample> samples(std::string_view fact, Time from, Time to) const override {
        return core_.samples(target_, fact, from, to);
    }
    std::vector<Time> events(std::string_view kind, Time from, Time to) const override {
        return core_.events(target_, kind, from, to);
    }

private:
    const Detector::Core& core_;
    uint32_t target_;
    Time now_;
    bool for_timers_;
    mutable std::vector<std::unique_ptr<Value>> made_;  // derived values, good until this goes
};

// Told by signals only: revenue_mrr, review_state.
bool is_only_a_signals(std::string_view name);

}  // namespace ops

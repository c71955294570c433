// Detector: turns what checks see into states of targets and into problems, one open incident per
// cause.
//
// Pure: values in, Changes out, time is an argument; history comes in through HistorySource. The
// agent gives every Observation, every event from outside and one tick() a second, records the
// Changes and acts on them.
//
// Promises:
//   - A problem is raised once: one IncidentOpen per key until its IncidentClear (or closed()). A
//   service has one
//     incident (key: its name); a host or signal has one per entry or criterion (key: "host/name").
//   - Nothing is raised while its cause is known or being asked for: a parent that is down, our own
//   network that is lost, maintenance. Checking, states and clearing go on meanwhile.
//   - After a start only what is seen since then raises anything: what was remembered may be over.
//   - save() and restore() carry all of it over a restart: what was open stays open and is not
//   raised again.
//   - An answer that could not be had (Health::unknown) never raises an incident.
//
// Flapping is Icinga 2's rule (checkable-flapping.cpp; Nagios' with fixed weights): of the last 20
// results of a check, each change counts 0.8 (oldest) to 1.18 (newest); above 30 % it flaps, until
// below 25 %. Costs: an observation re-evaluates only the conditions that read a fact it changed; a
// tick looks at conditions that time alone can change, a bounded number each second in turn.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "config/settings.h"
#include "expr/expr.h"
#include "model/fact.h"
#include "model/observation.h"
#include "runbook/runbook.h"

namespace ops {

enum class Status { up, down, degraded, unknown, paused, maintenance };
std::string_view name_of(Status status);
std::optional<Status> parse_status(std::string_view text);

// What was recorded. The agent implements it over record/; tests over a list.
class HistorySource {
public:
    virtual ~HistorySource() = default;
    // In (from, to], oldest first, in the fact's own unit (series::sample_value).
    virtual std::vector<Sample> samples(std::string_view target, std::string_view fact, Time from,
                                        Time to) const = 0;
    // Times of events of this kind on this target in (from, to], oldest first.
    virtual std::vector<Time> events(std::string_view target, std::string_view kind, Time from,
                                     Time to) const = 0;
};

// Observations of checks of our own network (agent.uplink) carry a target that begins with this.
inline constexpr std::string_view kUplinkPrefix = "uplink:";
// The checks of agent.uplink, each a list item "host:port" or a URL, under such a target: append
// them to Settings::checks before anything is made of those.
std::vector<CheckSettings> uplink_checks(const AgentSettings& agent);
// The machine a check asks over the network: "10.0.0.8", "db.example.com", an ssh destination;
// empty when the check stays on this machine.
std::string remote_address(const CheckSettings& check, const Inventory& inventory);
// `rule` of incidents that no entry or criterion names.
inline constexpr std::string_view kRuleDown = "down";
inline constexpr std::string_view kRuleFlapping = "flapping";
inline constexpr std::string_view kRuleSystemic = "systemic";
inline constexpr std::string_view kRuleOwnNetwork = "own network";

// --- what comes out ---

struct TargetChanged {  // always told, also while problems are suppressed
    std::string target;
    Status status = Status::unknown;
    std::string reason;
    Time since{};
};
struct IncidentOpen {
    std::string key;     // names the cause; the agent maps it to the incident's id
    std::string target;  // service, host or signal; of a systemic one the common host, or empty
    std::string host;
    std::string rule;                  // kRule..., or the name of the entry or criterion
    std::string title;                 // "worker_3 is down"
    std::string reason;                // what was seen: "connection refused"
    Facts facts;                       // of the target, at this moment
    std::vector<std::string> members;  // of a systemic incident
};
struct IncidentUpdate {  // of an open one: another symptom, more members, a new reason
    std::string key;
    std::string reason;
    std::string title;                 // its new one; empty: as it was
    std::vector<std::string> members;  // all of them; empty unless systemic
    std::string_view rule{};           // its new one: kRuleDown of what was open for less; or empty
};
// Its cause is a larger one: no action of its own any more. It is cleared when its target is well,
// or opened again when the larger one is over and it is not.
struct IncidentFolded {
    std::string key;
    std::string into;
};
struct IncidentClear {  // seen to be well again; the agent decides what that proves
    std::string key;
    std::string reason;
    bool unwatched = false;  // nothing was seen: the configuration has its target no more
};
struct CriterionHit {  // raises the level of an incident that is open (opened just before if need
                       // be); once each
    std::string key;
    std::string criterion;
    Level level = Level::alert;
    std::string target;
    std::string reason;  // the criterion's text with the values it read: "disk_usage > 95%
                         // (disk_usage 97%)"
};
struct CriterionCleared {
    std::string key;
    std::string criterion;
};
struct Recheck {  // ask this check, or heartbeat, again now, beside its schedule
    uint32_t check = 0;
};
struct FlappingChanged {
    std::string target;
    bool flapping = false;
    double percent = 0;
};
struct Suppressed {  // a problem that is not raised, and why; or, `by` empty, that is no longer
                     // held back
    std::string target;
    std::string by;  // the parent's name, kRuleOwnNetwork, kRuleSystemic, "maintenance", "paused"
};
struct TargetEvent {  // for the record: "crash"
    std::string target;
    std::string kind;
    Time at{};
};

// A fact took a value that samples do not tell: a text, a yes or no, none any more, or a number of
// another unit than before. `last_heartbeat` of what sends none: the age of the last good look when
// it began to grow, and true when it ended growing.
struct NotedFact {
    std::string target;
    std::string fact;
    Value value;
    Time at{};
};

using Change =
    std::variant<TargetChanged, IncidentOpen, IncidentUpdate, IncidentFolded, IncidentClear,
                 CriterionHit, CriterionCleared, Recheck, FlappingChanged, Suppressed, TargetEvent>;
std::string print(const Change& change);  // one line, for logs and tests
using Changes = std::vector<Change>;

// --- what can be asked ---

struct TargetState {
    std::string target;
    Status status = Status::unknown;
    Time since{};
    std::string reason;
    int bad_in_a_row = 0;   // of the worst check
    int good_in_a_row = 0;  // of the check with the fewest
    Time last_seen{};       // newest observation of any check
    bool flapping = false;
    std::string suppressed_by;
};

struct DetectOptions {
    Duration unknown_patience =
        std::chrono::minutes(5);  // a check that cannot be made: degraded after that
    Duration parent_patience =
        std::chrono::seconds(15);  // how long a child waits for its parent's verdict
    Duration sibling_patience =
        std::chrono::seconds(1);  // how long one of a group waits for the others' answers
    double flapping_low = 25, flapping_high = 30;  // per cent
    size_t conditions_per_tick = 2000;
    // The numbers of observations: of Settings::checks in their order, and of heartbeats in that of
    // the inventory. By default from 0, and from the end of the checks.
    std::span<const uint32_t> checks{}, heartbeats{};
};

class Detector {
public:
    // `settings`, `runbook` and `history` (may be null) must outlive it. `now`: when watching
    // begins.
    Detector(const Settings& settings, const Runbook& runbook, const HistorySource* history,
             Time now, DetectOptions options = {});
    ~Detector();
    Detector(const Detector&) = delete;
    Detector& operator=(const Detector&) = delete;

    Changes observe(const Observation& seen, Time now);
    // An answer of this check is observed soon. `step` 0, 1, 2: each some answers after the one
    // before, whose memory says what is next (base/prefetch.h).
    void expect(uint32_t check, int step) const;
    // What windows look back on and follows from this answer, which was observed just now: for the
    // record, in place of what the answer itself says of it. Of a target with several checks `up`
    // is of all of them together.
    std::vector<Fact> follows(const Observation& seen, Time now) const;
    Changes tick(Time now);
    // Pushed by others. An event without a target is the agent's own machine's. A target that is
    // not in the inventory is refused by the agent before; here it is ignored.
    Changes push_facts(std::string_view target, const std::vector<Fact>& facts, Time now);
    // Whether it would have at most so many facts with these. Those that it has it may always have.
    bool has_room_for(std::string_view target, const std::vector<Fact>& facts) const;
    static constexpr size_t kMostFacts = 200;
    // `times`: so many of them were seen in one look.
    Changes push_event(std::string_view target, std::string_view kind, Time now, size_t times = 1);
    Changes heartbeat(std::string_view target, Time now);
    // The clock was set, forward or back, by so much: no span grows or shrinks by it.
    void shift_clock(Duration by);
    // An action of ours begins on it: that the process which runs now goes is no crash. The next
    // one that goes after it is.
    void acting(std::string_view target, Time now);
    // Status::paused or maintenance until `until` (nothing: until taken away); nothing: taken away.
    Changes hold(std::string_view target, std::optional<Status> status, std::optional<Time> until,
                 Time now);
    // The incident was closed by somebody else (a person, the verifier). If what caused it is seen
    // again in an observation after this, it is raised anew.
    void closed(std::string_view key, Time now);

    TargetState state(std::string_view target) const;  // of a target that is not known: unknown
    std::vector<TargetState> states() const;  // hosts, services, signals, in the inventory's order
    Facts facts(std::string_view target, Time now) const;  // observed, pushed and derived ones
    // Its facts at the last good look before it went bad, and when that was; nothing when it never
    // was. (Before any good look: what was known when watching began.)
    std::optional<std::pair<Time, Facts>> when_well(std::string_view target) const;
    // One fact by any of its names (also worker_<fact>, a signal's, the host's): a copy, unknown
    // when never seen.
    Value fact(std::string_view target, std::string_view name, Time now) const;
    // For evaluating any expression about a target: eval, diagnosis, verification. Good while the
    // detector is.
    std::unique_ptr<expr::World> world(std::string_view target, Time now) const;
    // How long this entry's symptoms have been holding on the target; nothing when they do not, or
    // not for its `for:`.
    std::optional<Duration> held(const Entry& entry, std::string_view target, Time now) const;
    // What was noted since the last call, for the record. Nothing is noted while nothing changes.
    // At most 65,536 are kept; `lost`, when given, counts those that found no room.
    std::vector<NotedFact> take_noted(size_t* lost = nullptr);
    std::vector<std::string> open_keys() const;  // without those that are part of a larger one
    // An incident that the journal knows as open and save() was too early for: it is held as open
    // from now on, and cleared when its target is seen to be well. No Change comes of it.
    void adopt(const IncidentOpen& known, Time now);
    // Has every check of the target answered since the start? Then its facts are today's.
    bool is_fresh(std::string_view target) const;
    // Which checks belong to a target: for re-running them.
    std::vector<uint32_t> checks_of(std::string_view target) const;
    // What else must be well, in the same systemic incident or above it: empty when nothing holds
    // it back.
    std::string suppressed_by(std::string_view target) const;

    // As JSON text. With the time of saving, the ages of the last heartbeat and the last good look
    // do not count the time until restore().
    std::string save_text(Time now) const;
    // Without that time.
    Json save() const;
    // Call before the first observation. What the new configuration no longer names is dropped: its
    // open incidents are cleared in the first tick.
    void restore(const Json& saved, Time now);

    // After a reload, instead of restore(): goes on as `before`, which is of no use afterwards.
    // What is configured as it was is known as it was: facts, what the answers add up to, how long
    // conditions have held. What is new or changed begins anew, and of what is no longer named the
    // open incidents are cleared in the first tick. `checks` are the numbers of all that are looked
    // at now: one that `before` knows, too, is the same check.
    void take_over(Detector& before, std::span<const uint32_t> checks, Time now);

    class Core;

private:
    std::unique_ptr<Core> core_;
};

}  // namespace ops

// Repair: the repair of one incident by one runbook entry, from the first attempt until it is
// verified or given up.
//
// A pure state machine. The agent feeds it what happened (take) and carries out what it orders, in
// this order:
//   1. append Orders::record to the journal, all or none; when that fails, carry out nothing and
//   stop acting;
//   2. give each recorded event to Limiter::apply (and to whoever folds events);
//   3. carry out Orders::then, each once.
// It remembers nothing that the journal does not hold: resume() makes it again from the incident's
// actions.
//
// Invariants: at most one ticket is under way; an intent is recorded before its ticket is ordered;
// what may have happened is looked up, never sent again blindly; `verified` is only said after the
// soak.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.h"
#include "expr/expr.h"
#include "io/http.h"
#include "model/event.h"
#include "model/incident.h"
#include "model/observation.h"
#include "resolve/kill_switch.h"
#include "resolve/limiter.h"
#include "resolve/plan.h"
#include "resolve/policy.h"
#include "resolve/ticket.h"
#include "runbook/runbook.h"

namespace ops {

// --- what it is told ---

struct RepairBegin {};   // first input after making it; also after resume()
struct RepairTime {};    // a WakeAt has come, or anything may have changed (pause, systemic)
struct RepairApproved {  // one authenticated person said yes
    std::string by;
    std::string argv_sha256;  // of action.awaiting: what that person was shown
    std::string via{};        // how it is known who asked: "token", "password"
};
struct RepairRejected {
    std::string by;
    std::string via{};
};
struct RepairReply {  // to SendTicket; an Error as the port gave it
    std::string step_key;
    Result<TicketReply> reply;
};
struct RepairLooked {  // to LookUp
    std::string step_key;
    Result<Seen> seen;
};
struct RepairHttp {  // to SendHttp
    std::string step_key;
    Result<HttpReply> reply;
};
struct RepairObserved {  // every Observation of what it watches() while it lives, rechecks included
    Observation observation;
};
// The incident is over without us (well again, resolved by a person, folded into another). Takes
// effect when nothing is under way; a verification that has begun is ended first when we acted.
struct RepairWithdrawn {
    std::string reason;
};
using RepairInput =
    std::variant<RepairBegin, RepairTime, RepairApproved, RepairRejected, RepairReply, RepairLooked,
                 RepairHttp, RepairObserved, RepairWithdrawn>;

// --- what it asks about the world ---

class RepairWorld {
public:
    virtual ~RepairWorld() = default;
    virtual Value evaluate(const expr::Expression& expression, std::string_view target) const = 0;
    virtual Health health(
        std::string_view target) const = 0;  // after thresholds; unknown when never checked
    struct Check {
        uint32_t index;  // as in Observation::check
        bool http;
    };
    virtual std::vector<Check> checks(std::string_view target) const = 0;
    virtual std::optional<Time> last_heartbeat(std::string_view target) const = 0;
    // For the intent: process id and start, unit invocation, last check result, as far as known.
    virtual Json before(std::string_view target) const = 0;
    virtual bool systemic(
        std::string_view incident) const = 0;  // it is systemic, or a member of one
};

// As things are now; read anew for every input. References must be good for the call only.
struct Conditions {
    Time now{};
    Duration steady{};  // Clock::steady at the same moment: tells when the wall clock was set
    Mode mode = Mode::observe;
    const Limits& limits;
    const Inventory& inventory;
    const Limiter& limiter;
    const Protected& protected_things;
    KillSwitch kill_switch;
    uint64_t epoch = 0;
    std::string boot;
    const RepairWorld& world;
};

// --- what it orders ---

struct SendTicket {  // on a worker: Executors::execute; answer with RepairReply
    Ticket ticket;
};
struct LookUp {  // on a worker: Executors::look; answer with RepairLooked
    Look look;
};
struct SendHttp {  // on a worker: Http::send; answer with RepairHttp
    std::string step_key;
    HttpRequest request;
};
struct RecheckTarget {  // ask all its checks (or the HTTP ones) now, beside the schedule
    std::string target;
    bool http_only = false;
};
struct WakeAt {  // give RepairTime then; a later WakeAt replaces an earlier one
    Time at;
};
struct TellPeople {  // an `alert` or a true `alert_if` step
    int step = 0;
    std::string text;
    std::string condition;  // as written, of alert_if
};
struct Evidence {  // output of one collect command, untrusted
    int step = 0;
    std::string command;
    Exit exit;
};
struct Finished {  // the last order; the Repair may be forgotten
    enum class How {
        verified,  // good over the soak: the incident is resolved by auto
        gave_up,   // attempts spent, rejected, not approved in time, executor away, or it did harm:
                   // escalate
        denied,    // policy said no, and nothing ran in this attempt
        unknown,   // may have happened, and the target is not well: never again by itself; escalate
        withdrawn,  // as told by RepairWithdrawn
    };
    How how = How::gave_up;
    Refusal refusal = Refusal::none;  // of denied
    std::string reason;
    int attempts = 0;              // made
    std::optional<Time> again_at;  // of denied by a budget: when it has room
    // Of gave_up: the target is well, and something else got worse. That the target is well is no
    // reason to close the incident: people are told.
    bool harmed = false;
};
using RepairOrder = std::variant<SendTicket, LookUp, SendHttp, RecheckTarget, WakeAt, TellPeople,
                                 Evidence, Finished>;
struct RepairOrders {
    std::vector<Event> record;  // `seq` and `hash` empty; action.* and incident.state
    std::vector<RepairOrder> then;
};

struct RepairCase {
    std::string incident;
    std::string target;                // a name of the inventory
    Entry entry;                       // a copy: a reload does not change a repair under way
    int attempts_before = 0;           // Limiter::attempts of the target without this incident's
    std::vector<std::string> members;  // of a systemic incident: must be well in the end, too
    bool proposed = false;             // by a model: nothing is done without a person's yes
};

class Repair {
public:
    // `actions` are all of this incident so far, oldest first, as folded from the journal.
    explicit Repair(RepairCase the_case, const std::vector<Action>& actions = {});
    // After a restart. Give RepairBegin next; it looks up, verifies or goes on as the case may be.
    static Repair resume(RepairCase the_case, const std::vector<Action>& actions);

    RepairOrders take(const RepairInput& input, const Conditions& now);

    bool is_finished() const { return phase_ == Phase::finished; }
    bool has_acted() const { return attempts_made_ > 0; }  // anything may have been changed by it
    // Nothing is under way and no verdict is waited for: RepairWithdrawn ends it at once.
    bool is_resting() const;
    // More of them failed while it went on: they must be well in the end, too.
    void set_members(std::vector<std::string> members) { case_.members = std::move(members); }
    bool is_between_attempts() const {
        return phase_ == Phase::backing_off || (is_paused_ && done_.empty());
    }
    // Nothing of it runs, and nobody is asked or has said yes: it may be left to a person.
    bool may_be_left() const { return is_resting() && phase_ != Phase::asking && !approval_; }
    bool is_asking() const { return phase_ == Phase::asking; }  // people
    // It waits for something else before a step: nothing of it runs, and it may be left there.
    bool is_held() const { return phase_ == Phase::holding; }
    // It waited for so long that what was well around it before says nothing any more.
    void look_around_again();
    // Does it want to see the observations of this target? Its own, and those of its surroundings.
    bool watches(std::string_view target) const;
    // Is it the target, or one that a step of the entry names?
    bool acts_on(std::string_view target) const;
    int attempt() const { return attempt_; }
    std::string phase() const;  // for status pages: "step 2 of 4", "verifying"
    const RepairCase& the_case() const { return case_; }

private:
    friend class RepairTurn;  // repair_turn.h: what happens within one take()
    void remember(const Action& action);
    void bound_attempts(const Action& action);
    bool continues_after(int step) const;
    bool follow_clock(const Conditions& now);  // true: it was set, and all times with it

    enum class Phase {
        idle,
        stepping,   // not waiting for anything: go on with step_
        holding,    // a policy said "not now", the executor was away, or the kill switch is on
        asking,     // people
        surveying,  // the surroundings, directly before the first effect, until wake_
        sending,    // a ticket or an http step is under way
        looking,    // up what became of it
        waiting,    // a `wait` step, until wake_
        checking,   // a verify or alert_if step, until deadline_
        verifying,  // the final one
        backing_off,
        finished,
    };
    enum class Stage { steps, undo };

    // One action of this attempt that ran, or may have.
    struct Done {
        std::string key;
        int step = 0;
        bool undo = false;
        bool unknown = false;
    };
    struct Streak {  // of one check of the target, since the last effect
        int good = 0;
        Time first_good{};
        Time last{};  // newest answer of any kind
        Health health = Health::unknown;
    };
    struct Glance {  // the newest answer of one check of something else
        Time at{};
        Health health = Health::unknown;
    };
    struct Asked {
        std::string key, plan;
        int needed = 1;
        Time until{};
        std::vector<std::string> yes;
    };

    RepairCase case_;
    Phase phase_ = Phase::idle;
    Stage stage_ = Stage::steps;
    int attempt_ = 1;
    int attempts_made_ = 0;       // in which something may have been changed
    int attempts_most_ = 0;       // 0: as the limits say; less after an unknown outcome
    bool changed_entry_ = false;  // resumed, and the runbook has another entry of this name now
    size_t step_ = 0;
    int sub_ = 0;
    int tries_ = 0;                       // of whatever is under way
    std::set<std::string> asked_before_;  // step keys of what only reads
    std::vector<Done> done_;
    std::vector<PlannedCommand> undo_;
    size_t undo_at_ = 0;
    std::optional<std::string> withdrawn_;

    PlannedCommand command_;  // under way
    Ticket ticket_;
    std::string key_;
    Time intended_at_{};
    std::optional<Asked> asked_;
    struct Question {  // that waited for a yes before the restart
        std::string key, plan;
        Time at{};
        std::vector<std::string> yes;
    };
    std::optional<Question> asked_before_restart_;
    std::optional<Approval> approval_;
    std::optional<Time> approval_used_at_;

    // All times are the wall clock's, so that they compare with those of observations and tickets;
    // when it is set they go with it.
    std::optional<Duration> wall_ahead_;  // of the steady clock
    std::optional<Time> wake_;
    Time phase_since_{};
    Time deadline_{};
    Time effect_at_{};   // when the last effect ended
    Time check_from_{};  // answers before this are too old for the step that checks
    std::map<uint32_t, Streak> streaks_;
    bool bad_before_ = false;            // the target, before the first action
    std::set<std::string> good_before_;  // its surroundings
    std::map<std::string, std::map<uint32_t, Glance>, std::less<>> glances_;  // at those
    std::optional<Time> surveyed_at_;
    bool survey_again_ = false;
    Time acted_from_{};                    // the first intent of an effect
    std::optional<Time> asked_around_at_;  // since this verification began
    bool harmed_ = false;
    std::string trouble_;        // why this attempt is lost unless the target is well all the same
    bool unknown_once_ = false;  // a `once` step may have happened: never again
    bool last_word_ = false;     // no further attempt, whatever the limits say
    bool quick_look_ = false;    // a step failed for certain: one look decides
    bool undo_failed_ = false;
    bool resend_ = false;     // holding a ticket that could not be sent
    std::string waits_;       // what it holds for, as last recorded
    bool is_paused_ = false;  // holding by the kill switch: goes on when that is off
    std::optional<Time> hold_since_, away_since_;
    std::string state_;  // of the incident, as last recorded by us
    enum class Resumed { no, verified, pending, failed, over, doubtful, going };
    Resumed resumed_ = Resumed::no;
    bool pending_http_ = false;
    std::set<size_t> told_;  // steps
};

}  // namespace ops

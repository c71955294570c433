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
};
struct RepairRejected {
    std::string by;
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
struct RepairObserved {  // every Observation of the target while the repair lives, rechecks
                         // included
    Observation observation;
};
using RepairInput = std::variant<RepairBegin, RepairTime, RepairApproved, RepairRejected,
                                 RepairReply, RepairLooked, RepairHttp, RepairObserved>;

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
        gave_up,   // attempts spent, rejected, not approved in time: escalate
        denied,    // policy said no and nothing ran in this attempt: escalate unless the reason is
                   // the mode
        unknown,   // may have happened, and the target is not well: never again by itself; escalate
    };
    How how = How::gave_up;
    Refusal refusal = Refusal::none;  // of denied
    std::string reason;
    int attempts = 0;              // made
    std::optional<Time> again_at;  // of denied by a budget: when it has room
};
using RepairOrder = std::variant<SendTicket, LookUp, SendHttp, RecheckTarget, WakeAt, TellPeople,
                                 Evidence, Finished>;
struct RepairOrders {
    std::vector<Event> record;  // `seq` and `hash` empty; action.* and incident.state
    std::vector<RepairOrder> then;
};

struct RepairCase {
    std::string incident;
    std::string target;
    std::string host;
    Entry entry;              // a copy: a reload does not change a repair under way
    int attempts_before = 0;  // Limiter::attempts of the target without this incident's
    std::vector<std::string>
        bad_at_start;  // targets that were bad when the incident opened (its members)
};

class Repair {
public:
    explicit Repair(RepairCase the_case);
    // After a restart. `actions` are all of this incident, oldest first, as folded from the
    // journal.
    static Repair resume(RepairCase the_case, const std::vector<Action>& actions);

    RepairOrders take(const RepairInput& input, const Conditions& now);

    bool is_finished() const { return phase_ == Phase::finished; }
    int attempt() const { return attempt_; }
    std::string phase() const;  // for status pages: "step 2 of 4: wait 30s", "verifying"
    const RepairCase& the_case() const { return case_; }

private:
    enum class Phase {
        idle,
        planning,
        awaiting_approval,
        stepping,
        sending,
        looking,
        waiting,
        checking,
        verifying,
        undoing,
        backing_off,
        finished
    };
    friend class RepairTurn;  // repair_turn.h: one call of take()

    RepairCase case_;
    Phase phase_ = Phase::idle;
    int attempt_ = 1;
};

}  // namespace ops

// Ticket: what the core hands to the executor, and all that it may hand over. It names a step of
// the operator's runbook; it carries no command. The executor makes the command from its own copy.
//
// A step key names one effect for ever: the same key never runs twice (docs/formats/executor.md).
// Times are the wall clock's; core and executor share one machine, so one clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "io/processes.h"
#include "runbook/runbook.h"

namespace ops {

enum class TicketKind {
    run,             // a step with an effect
    undo,            // takes one back
    collect,         // evidence, read only
    verify_command,  // asks whether it worked, read only
};
std::string_view name_of(TicketKind kind);
std::optional<TicketKind> parse_ticket_kind(std::string_view text);
// run and undo: what budgets, approvals and "one at a time" are about.
bool is_effect(TicketKind kind);

inline constexpr int kEntryUndo = -1;  // Ticket::step of the entry's own undo list

// One yes to one plan: every command of one attempt, as shown to the people who said it.
struct Approval {
    std::string id;               // of what was asked: the step key of the plan's first effect
    std::vector<std::string> by;  // different people, authenticated by the core
    std::string plan_sha256;      // plan_sha256() of what was shown
    Time at{};                    // of the last yes; good for Limits::approval_valid
    Json to_json() const;
    static Result<Approval> from_json(const Json& json);
};

struct Ticket {
    TicketKind kind = TicketKind::run;
    std::string incident;
    std::string entry;  // name
    std::string entry_sha256;
    int step = 0;  // index in Entry::steps; kEntryUndo for the entry's own undo
    // Index in an undo list; number of the try of a verify_command or of a step that only reads; of
    // a collect list both: it begins again at its end.
    int sub = 0;
    std::string target;  // a name of the inventory: where it has its effect
    int attempt = 1;
    uint64_t epoch = 0;       // fencing token: older than the highest seen is refused
    Time not_after{};         // refused from then on
    std::string argv_sha256;  // of what the core journaled; refused when the executor's differs
    bool systemic = false;    // the incident is systemic: only entries for a common cause may run
    bool proposed = false;    // the entry was proposed by a model: only with an approval
    std::optional<Approval> approval;

    Json to_json() const;
    // Strict: every key, no other key, each of its type, names bounded in length.
    static Result<Ticket> from_json(const Json& json);
};

// sha256 of incident, entry and its hash, kind, step, sub, target and attempt.
std::string step_key(const Ticket& ticket);
bool is_step_key(std::string_view text);  // 64 lower-case hex digits

// Why nothing was run. Each is certain: a refused ticket has had no effect.
enum class Refusal {
    none,
    seen,   // this step key was taken before: look it up
    epoch,  // an older core speaks
    expired,
    paused,  // kill switch on, or it cannot be read
    entry,   // not in the executor's runbook with this hash, disabled
    step,    // no such step, or none that runs a command
    target,  // not in the inventory, or the entry cannot be about it
    argv,    // no command can be made of it, or another one than was journaled
    busy,    // another action on the target, or another destructive one, is running
    budget,
    policy,
    approval,  // missing, of another plan, too old, or used before
    disk,      // the marker could not be written
    stopping,  // the executor is about to end
};
std::string_view name_of(Refusal refusal);
std::optional<Refusal> parse_refusal(std::string_view text);

struct TicketReply {
    enum class Status {
        done,
        refused,
        unknown
    };  // unknown: may have happened; look, never send again
    std::string step_key;
    Status status = Status::refused;
    Refusal refusal = Refusal::none;
    std::string reason;        // of refused and unknown, for people
    std::optional<Exit> exit;  // of done
    Json to_json() const;
    static Result<TicketReply> from_json(const Json& json);
};

// Asks what became of a step key. Its epoch raises the fence: a ticket of an older core that is
// still under way is refused when it arrives, so `never` stays true.
struct Look {
    std::string step_key;
    uint64_t epoch = 0;
};

struct Seen {
    enum class What { never, done, running, unknown };
    What what = What::unknown;
    std::string reason;
    std::optional<Exit> exit;  // of done
    Json to_json() const;
    static Result<Seen> from_json(const Json& json);
};

Json to_json(const Exit& exit);
Result<Exit> exit_from_json(const Json& json);

// The way to the executor, blocking: for workers. Over a socket (executor_client.h) or in process
// (executor.h).
class Executors {
public:
    virtual ~Executors() = default;
    // Fault::unavailable: not sent, nothing happened. Fault::timeout: sent, effect unknown: look().
    virtual Result<TicketReply> execute(const Ticket& ticket) = 0;
    virtual Result<Seen> look(const Look& look) = 0;
    // For a core that starts: an epoch above `known` and all that were ever heard, given to it
    // alone and on the disk, so that whoever spoke before is refused from now on. The core's own
    // count may be behind: its records were moved away, or are those of a backup.
    virtual Result<uint64_t> next_epoch(uint64_t known) = 0;
    // The kill switch, durable before it returns. Ends nothing that runs.
    virtual Result<> set_paused(bool paused, const std::string& by) = 0;
};

}  // namespace ops

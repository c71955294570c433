#include "resolve/executor.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "base/text.h"
#include "base/units.h"
#include "resolve/kill_switch.h"
#include "resolve/markers.h"
#include "resolve/plan.h"
#include "runbook/builtin.h"
#include "runbook/diagnostics.h"

namespace ops {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// A ticket is for now: one that is good for longer was not made by the rules.
constexpr Duration kTicketLife = minutes(10);
// What a step may take beyond its own limit to be ended and written down.
constexpr Duration kEndGrace = seconds(15);
// Evidence and verify commands on one target: they only read, but nothing here is unbounded.
constexpr int kReadsPerHour = 240;
constexpr uint64_t kMostEpoch = std::numeric_limits<int64_t>::max();  // as JSON has numbers

Exit never_started(const Error& error) {
    Exit exit;
    exit.code = 127;  // as a shell says it
    exit.output = "not started: " + error.message;
    exit.output_bytes = exit.output.size();
    return exit;
}

struct Refused {
    Refusal refusal;
    std::string reason;
};

// A ticket that passed every question.
struct Cleared {
    std::string key;
    SeenMarker marker;
    Command command;
};

// A step that an earlier executor began and whose outcome is not on disk. It may still run.
struct Orphan {
    std::string key;
    SeenMarker marker;
};

}  // namespace

struct Executor::State {
    State(Files& the_files, Processes& the_processes, Clock& the_clock, RuleSource& the_source,
          ExecutorConfig the_config)
        : files(the_files),
          processes(the_processes),
          clock(the_clock),
          source(the_source),
          config(std::move(the_config)),
          markers(files, config.folder) {}

    Files& files;
    Processes& processes;
    Clock& clock;
    RuleSource& source;
    const ExecutorConfig config;
    Markers markers;

    std::mutex mutex;  // deciding is one at a time
    std::condition_variable ended;
    std::optional<Rules> rules;
    Protected protected_things;
    uint64_t highest_epoch = 0;
    bool has_epoch = false;  // on the disk
    Limiter ledger{Limits{}};
    std::vector<std::pair<std::string, Time>> reads;  // target, when
    std::map<std::string, SeenMarker> running;        // by step key
    std::vector<Orphan> orphans;
    bool stopping = false;

    void point(std::string_view name) const {
        if (config.at_point) config.at_point(name);
    }

    Result<> load();
    void count(const std::string& key, const SeenMarker& marker);
    Result<> hear_epoch();
    std::optional<Refused> raise_epoch(uint64_t epoch);
    std::optional<Refused> refresh_rules();
    std::optional<Refused> check_ticket(const Ticket& ticket, const std::string& key, Time now);
    std::optional<Refused> check_busy(const std::string& target, Risk risk, Time now);
    std::optional<Refused> check_undo(const Ticket& ticket, const Entry& entry);
    std::optional<Refused> check_reads(const std::string& target, Time now);
    bool may_still_run(const Orphan& orphan, Time now);
    std::optional<Refused> judge_it(const Ticket& ticket, const Entry& entry,
                                    const PlannedCommand& planned, Time now);
    std::variant<Refused, Cleared> clear(const Ticket& ticket, const std::string& key);
    Command command_for(const std::string& key, const Ticket& ticket,
                        const PlannedCommand& planned) const;
    TicketReply run(const Cleared& cleared);
    Seen find(const std::string& key);
    bool unit_is_active(const std::string& key);
};

// What was spent and what may still run, from the markers of whoever was here before.
Result<> Executor::State::load() {
    highest_epoch = TRY(markers.read_epoch());
    has_epoch = highest_epoch > 0;
    const Time now = clock.now();
    for (Markers::Remembered& one : TRY(markers.read_all())) {
        if (!one.seen) continue;
        highest_epoch = std::max(highest_epoch, one.seen->ticket.epoch);
        const Duration age = now - one.seen->at;
        if (one.has_outcome && age > kKeepMarkers) {
            TRY(markers.remove(one.key));
            continue;
        }
        count(one.key, *one.seen);
        if (!one.has_outcome) orphans.push_back({one.key, *one.seen});
    }
    return {};
}

// Whether it was verified only the core knows, and what runs is in `running`: the ledger only
// counts.
void Executor::State::count(const std::string& key, const SeenMarker& marker) {
    if (!is_effect(marker.ticket.kind)) {
        reads.emplace_back(marker.target, marker.at);
        return;
    }
    Event event;
    event.at = marker.at;
    event.kind = "action.intent";
    event.incident = marker.ticket.incident;
    event.target = marker.target;
    event.body = Json::object({{"action", key},
                               {"entry", marker.ticket.entry},
                               {"attempt", marker.ticket.attempt},
                               {"kind", name_of(marker.ticket.kind)},
                               {"undo", marker.ticket.kind == TicketKind::undo},
                               {"risk", name_of(marker.risk)}});
    ledger.apply(event);
    event.kind = "action.verified";
    ledger.apply(event);
}

// The file is read anew: an executor that is about to end must hear of the core that its successor
// serves. One that vanished under us took the other markers and the kill switch with it.
Result<> Executor::State::hear_epoch() {
    const uint64_t written = TRY(markers.read_epoch());
    if (written == 0 && has_epoch) {
        return Error{Fault::unavailable, "the markers in '" + config.folder + "' are gone"};
    }
    has_epoch = written > 0;
    highest_epoch = std::max(highest_epoch, written);
    return {};
}

std::optional<Refused> Executor::State::raise_epoch(uint64_t epoch) {
    const Result<> heard = hear_epoch();
    if (!heard.ok()) return Refused{Refusal::disk, heard.error().message};
    if (epoch < highest_epoch) {
        return Refused{Refusal::epoch, "epoch " + std::to_string(epoch) + " is older than " +
                                           std::to_string(highest_epoch)};
    }
    if (epoch == highest_epoch) return std::nullopt;
    const Result<> written = markers.write_epoch(epoch);
    if (!written.ok()) return Refused{Refusal::disk, written.error().message};
    highest_epoch = epoch;
    has_epoch = true;
    return std::nullopt;
}

std::optional<Refused> Executor::State::refresh_rules() {
    Result<std::optional<Rules>> read = source.read_if_changed();
    if (!read.ok()) {
        // As in the core: a bad new file leaves the old one in force.
        if (rules) return std::nullopt;
        return Refused{Refusal::entry, read.error().message};
    }
    if (read.value()) rules = *std::move(read).value();
    if (!rules) return Refused{Refusal::entry, "there is no runbook"};
    ledger.set_limits(rules->settings.limits);
    std::vector<std::string> own = config.own_paths;
    own.push_back(config.folder);
    own.push_back(config.data_folder);
    protected_things = protected_with(own);
    return std::nullopt;
}

// What can be said of a ticket without looking at the runbook.
std::optional<Refused> Executor::State::check_ticket(const Ticket& ticket, const std::string& key,
                                                     Time now) {
    if (stopping) return Refused{Refusal::stopping, "the executor is about to end"};
    const Result<bool> seen = markers.is_seen(key);
    if (!seen.ok()) return Refused{Refusal::disk, seen.error().message};
    if (seen.value() || running.contains(key)) {
        return Refused{Refusal::seen, "this step was taken before"};
    }
    if (auto refused = raise_epoch(ticket.epoch)) return refused;
    if (now >= ticket.not_after) return Refused{Refusal::expired, "the ticket has expired"};
    if (ticket.not_after - now > kTicketLife) {
        return Refused{Refusal::expired,
                       "a ticket may not be good for more than " + format_duration(kTicketLife)};
    }
    return std::nullopt;
}

bool Executor::State::may_still_run(const Orphan& orphan, Time now) {
    const Result<std::optional<Exit>> outcome = markers.read_outcome(orphan.key);
    if (outcome.ok() && outcome.value()) return false;  // written meanwhile by who began it
    if (orphan.marker.boot != processes.boot_id()) return false;
    if (const auto started = markers.read_started(orphan.key)) {
        return processes.identify(started->process.pid) == started->process;
    }
    // Who it is was not written down: it may have been started all the same. Its own limit ends the
    // doubt.
    return now < add_saturating(orphan.marker.at, orphan.marker.time_limit + kEndGrace);
}

std::optional<Refused> Executor::State::check_busy(const std::string& target, Risk risk, Time now) {
    std::erase_if(orphans, [&](const Orphan& orphan) { return !may_still_run(orphan, now); });
    const auto in_the_way = [&](const SeenMarker& other) -> std::optional<Refused> {
        if (!is_effect(other.ticket.kind)) return std::nullopt;
        if (other.target == target) {
            return Refused{Refusal::busy, "another action on '" + target + "' is running"};
        }
        if (risk == Risk::destructive && other.risk == Risk::destructive) {
            return Refused{Refusal::busy, "another destructive action is running"};
        }
        return std::nullopt;
    };
    for (const auto& [key, marker] : running) {
        if (auto refused = in_the_way(marker)) return refused;
    }
    for (const Orphan& orphan : orphans) {
        if (auto refused = in_the_way(orphan.marker)) return refused;
    }
    return std::nullopt;
}

// Only what was done can be taken back. What an `http` step did only the core knows.
std::optional<Refused> Executor::State::check_undo(const Ticket& ticket, const Entry& entry) {
    if (ticket.kind != TicketKind::undo) return std::nullopt;
    Ticket done = ticket;
    done.kind = TicketKind::run;
    done.sub = 0;
    for (size_t i = 0; i < entry.steps.size(); ++i) {
        const int step = static_cast<int>(i);
        if (ticket.step != kEntryUndo && ticket.step != step) continue;
        if (!entry.steps[i].has_effect()) continue;
        if (entry.steps[i].kind == Step::Kind::http) return std::nullopt;
        done.step = step;
        const Result<bool> seen = markers.is_seen(step_key(done));
        if (!seen.ok()) return Refused{Refusal::disk, seen.error().message};
        if (seen.value()) return std::nullopt;
    }
    return Refused{Refusal::step, "there is nothing to undo: it was never run"};
}

std::optional<Refused> Executor::State::check_reads(const std::string& target, Time now) {
    std::erase_if(reads, [&](const auto& read) { return read.second <= now - hours(1); });
    const auto count_of = std::count_if(reads.begin(), reads.end(),
                                        [&](const auto& read) { return read.first == target; });
    if (count_of < kReadsPerHour) return std::nullopt;
    return Refused{Refusal::budget, std::to_string(kReadsPerHour) + " commands that read '" +
                                        target + "' were run in the last hour"};
}

std::optional<Refused> Executor::State::judge_it(const Ticket& ticket, const Entry& entry,
                                                 const PlannedCommand& planned, Time now) {
    const Settings& settings = rules->settings;
    const Result<std::vector<PlannedCommand>> effects =
        plan_effects(entry, ticket.target, settings.inventory);
    if (!effects.ok()) return Refused{Refusal::argv, effects.error().message};
    const std::string plan = plan_sha256(entry, ticket.target, effects.value());
    PolicyQuestion question{.entry = entry,
                            .command = planned,
                            .attempt = ticket.attempt,
                            .plan_sha256 = plan,
                            .inventory = settings.inventory,
                            .mode = settings.agent.mode,
                            .limits = settings.limits,
                            .kill_switch = read_kill_switch(files, config.data_folder),
                            .systemic = ticket.systemic,
                            .proposed = ticket.proposed,
                            .budget = {},
                            .approval = ticket.approval,
                            .approval_used_at = std::nullopt,
                            .protected_things = protected_things,
                            .now = now};
    if (is_effect(planned.kind)) {
        question.budget = ledger.ask({.entry = entry,
                                      .incident = ticket.incident,
                                      .target = planned.target,
                                      .attempt = ticket.attempt,
                                      .actions = 1,
                                      .undo = ticket.kind == TicketKind::undo,
                                      .now = now},
                                     settings.inventory);
    }
    const bool needs_approval = is_effect(planned.kind) &&
                                approvers_needed(entry, settings.agent.mode, ticket.proposed) > 0;
    ApprovalUse use{plan, ticket.incident, ticket.attempt, now};
    bool used = false;
    if (needs_approval && ticket.approval) {
        const Result<std::optional<ApprovalUse>> before =
            markers.read_approval(ticket.approval->id);
        if (!before.ok()) return Refused{Refusal::approval, before.error().message};
        if (before.value()) {
            used = true;
            use.at = before.value()->at;
            if (*before.value() != use) {
                return Refused{Refusal::approval, "the approval was used before"};
            }
            question.approval_used_at = use.at;
        }
    }
    const Decision decision = judge(question);
    if (decision.verdict != Decision::Verdict::allow) {
        return Refused{decision.refusal, decision.reason};
    }
    point("checked");
    if (!needs_approval || used) return std::nullopt;
    const Result<> taken = markers.write_approval(ticket.approval->id, use);
    if (taken.ok()) {
        point("approved");
        return std::nullopt;
    }
    const bool raced = taken.error().fault == Fault::denied;
    return Refused{raced ? Refusal::approval : Refusal::disk, taken.error().message};
}

std::variant<Refused, Cleared> Executor::State::clear(const Ticket& ticket,
                                                      const std::string& key) {
    const Time now = clock.now();
    if (auto refused = check_ticket(ticket, key, now)) return *refused;
    const KillSwitch kill_switch = read_kill_switch(files, config.data_folder);
    if (kill_switch.on) return Refused{Refusal::paused, kill_switch.reason};
    if (auto refused = refresh_rules()) return *refused;
    const Inventory& inventory = rules->settings.inventory;
    if (!inventory.has_target(ticket.target)) {
        return Refused{Refusal::target, "'" + ticket.target + "' is not in the inventory"};
    }
    std::optional<Entry> entry = find_entry(rules->runbook, inventory, ticket.entry, ticket.target);
    if (!entry) {
        // What was learned comes after what was written: it can take no entry's place.
        if (const Entry* const learned = rules->learned.find(ticket.entry)) entry = *learned;
    }
    if (!entry) return Refused{Refusal::entry, "no entry '" + ticket.entry + "'"};
    if (entry->sha256 != ticket.entry_sha256) {
        return Refused{Refusal::entry, "entry '" + ticket.entry + "' is not what it was"};
    }
    if (!entry->symptoms.empty() && !may_match(*entry, ticket.target, inventory)) {
        return Refused{Refusal::target,
                       "entry '" + ticket.entry + "' cannot be about '" + ticket.target + "'"};
    }
    const Result<PlannedCommand> planned =
        plan_command(*entry, ticket.kind, ticket.step, ticket.sub, ticket.target, inventory);
    if (!planned.ok()) {
        const bool no_step = planned.error().fault == Fault::not_found;
        return Refused{no_step ? Refusal::step : Refusal::argv, planned.error().message};
    }
    const PlannedCommand& command = planned.value();
    if (ticket.kind == TicketKind::run &&
        entry->steps[static_cast<size_t>(ticket.step)].kind == Step::Kind::http) {
        return Refused{Refusal::step, "an http step is the core's: the executor has no network"};
    }
    if (command.argv_sha256 != ticket.argv_sha256) {
        return Refused{Refusal::argv, "the command is not the one that was journaled"};
    }
    if (auto refused = check_undo(ticket, *entry)) return *refused;
    if (is_effect(ticket.kind)) {
        if (auto refused = check_busy(command.target, entry->risk, now)) return *refused;
    } else if (auto refused = check_reads(command.target, now)) {
        return *refused;
    }
    if (auto refused = judge_it(ticket, *entry, command, now)) return *refused;
    Cleared cleared;
    cleared.key = key;
    cleared.command = command_for(key, ticket, command);
    cleared.marker = {ticket,
                      now,
                      command.target,
                      command.argv,
                      entry->risk,
                      cleared.command.time_limit,
                      processes.boot_id()};
    return cleared;
}

Command Executor::State::command_for(const std::string& key, const Ticket& ticket,
                                     const PlannedCommand& planned) const {
    Command command;
    command.argv = planned.argv;
    if (!config.own_program.empty() && command.argv.front() == kOwnProgram &&
        ticket.entry.starts_with(kDiagnosticPrefix)) {
        command.argv.front() = config.own_program;
        command.argv.insert(command.argv.end(), {"--config", config.config_file});
    }
    command.as_user = planned.as_user;
    command.time_limit = planned.time_limit > Duration::zero()
                             ? planned.time_limit
                             : rules->settings.limits.step_timeout;
    command.environment = {
        {"OPS_STEP_KEY", key}, {"OPS_INCIDENT", ticket.incident}, {"OPS_TARGET", planned.target}};
    if (!config.transient_units) return command;
    std::vector<std::string> unit = {"systemd-run", "--wait",
                                     "--pipe",      "--collect",
                                     "--quiet",     "--unit=ops-step-" + key.substr(0, 16)};
    unit.push_back("--property=RuntimeMaxSec=" +
                   std::to_string(command.time_limit.count() / 1000 + 1));
    if (!command.as_user.empty()) unit.push_back("--uid=" + command.as_user);
    for (const auto& [name, value] : command.environment) {
        unit.push_back("--setenv=" + name + "=" + value);
    }
    unit.emplace_back("--");
    unit.insert(unit.end(), command.argv.begin(), command.argv.end());
    command.argv = std::move(unit);
    command.as_user.clear();
    return command;
}

TicketReply Executor::State::run(const Cleared& cleared) {
    TicketReply reply;
    reply.step_key = cleared.key;
    Command command = cleared.command;
    command.on_start = [&](const ProcessIdentity& identity) {
        // Best effort: without it, look() waits for the time limit instead of the process.
        (void)markers.write_started(cleared.key, {identity, cleared.marker.boot});
        point("started");
    };
    const Result<Exit> exit = processes.run(command);
    point("ran");
    const Exit outcome = exit.ok() ? exit.value() : never_started(exit.error());
    const Result<> written = markers.write_outcome(cleared.key, outcome);
    if (!written.ok()) {
        reply.status = TicketReply::Status::unknown;
        reply.reason = "it ran (" + outcome.print() +
                       "), but the outcome could not be written: " + written.error().message;
        return reply;
    }
    point("outcome");
    reply.status = TicketReply::Status::done;
    reply.exit = outcome;
    return reply;
}

bool Executor::State::unit_is_active(const std::string& key) {
    if (!config.transient_units) return false;
    Command command;
    command.argv = {"systemctl", "is-active", "--quiet", "ops-step-" + key.substr(0, 16)};
    command.time_limit = seconds(5);
    const Result<Exit> exit = processes.run(command);
    return exit.ok() && exit.value().good();
}

Seen Executor::State::find(const std::string& key) {
    using What = Seen::What;
    if (running.contains(key)) return {What::running, "it is running", std::nullopt};
    const Result<std::optional<Exit>> outcome = markers.read_outcome(key);
    if (!outcome.ok()) return {What::unknown, outcome.error().message, std::nullopt};
    if (outcome.value()) return {What::done, "", outcome.value()};
    const Result<bool> seen = markers.is_seen(key);
    if (!seen.ok()) return {What::unknown, seen.error().message, std::nullopt};
    if (!seen.value()) return {What::never, "", std::nullopt};
    for (const Orphan& orphan : orphans) {
        if (orphan.key == key && may_still_run(orphan, clock.now())) {
            return {What::running, "an earlier executor started it, and it may still run",
                    std::nullopt};
        }
    }
    if (unit_is_active(key)) return {What::running, "its unit is active", std::nullopt};
    return {What::unknown, "it was begun, and its outcome is lost", std::nullopt};
}

Executor::Executor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Executor::~Executor() = default;

Result<std::unique_ptr<Executor>> Executor::open(Files& files, Processes& processes, Clock& clock,
                                                 RuleSource& rules, ExecutorConfig config) {
    auto state = std::make_unique<State>(files, processes, clock, rules, std::move(config));
    TRY(state->load().during("read the executor's markers"));
    return std::unique_ptr<Executor>(new Executor(std::move(state)));
}

Result<TicketReply> Executor::execute(const Ticket& ticket) {
    TicketReply refusal;
    refusal.step_key = step_key(ticket);
    Cleared cleared;
    {
        const std::lock_guard lock(state_->mutex);
        std::variant<Refused, Cleared> answer = state_->clear(ticket, refusal.step_key);
        if (const Refused* refused = std::get_if<Refused>(&answer)) {
            refusal.refusal = refused->refusal;
            refusal.reason = refused->reason;
            return refusal;
        }
        cleared = std::get<Cleared>(std::move(answer));
        // From here on the key is taken, for ever: at most once is decided by this one file.
        const Result<> taken = state_->markers.write_seen(cleared.key, cleared.marker);
        if (!taken.ok()) {
            const bool raced = taken.error().fault == Fault::denied;
            refusal.refusal = raced ? Refusal::seen : Refusal::disk;
            refusal.reason = taken.error().message;
            return refusal;
        }
        state_->count(cleared.key, cleared.marker);
        state_->running.emplace(cleared.key, cleared.marker);
        state_->point("seen");
    }
    const TicketReply reply = state_->run(cleared);
    {
        const std::lock_guard lock(state_->mutex);
        state_->running.erase(cleared.key);
        // Whether its process group is all gone is not known when the outcome is not on disk.
        ASSERT(reply.status != TicketReply::Status::refused);
    }
    state_->ended.notify_all();
    return reply;
}

Result<Seen> Executor::look(const Look& look) {
    if (!is_step_key(look.step_key)) return Error{Fault::invalid, "look: not a step key"};
    const std::lock_guard lock(state_->mutex);
    if (const auto refused = state_->raise_epoch(look.epoch)) {
        const bool old = refused->refusal == Refusal::epoch;
        return Error{old ? Fault::denied : Fault::unavailable, "look: " + refused->reason};
    }
    return state_->find(look.step_key);
}

Result<uint64_t> Executor::next_epoch(uint64_t known) {
    const std::lock_guard lock(state_->mutex);
    TRY(state_->hear_epoch());
    const uint64_t next = std::max(state_->highest_epoch, known) + 1;
    if (next > kMostEpoch) return Error{Fault::denied, "there is no higher epoch"};
    TRY(state_->markers.write_epoch(next));
    state_->highest_epoch = next;
    state_->has_epoch = true;
    return next;
}

Result<> Executor::set_paused(bool paused, const std::string& by) {
    const std::lock_guard lock(state_->mutex);
    return set_kill_switch(state_->files, state_->config.data_folder, paused, by,
                           state_->clock.now());
}

void Executor::drain() {
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    state_->ended.wait(lock, [this] { return state_->running.empty(); });
}

}  // namespace ops

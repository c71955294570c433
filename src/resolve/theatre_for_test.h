// A whole incident on one thread: the repair under test, a real executor on a simulated disk,
// services that are well or not, a journal, and time that jumps. The core can be killed at every
// point; the world goes on.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "resolve/kit_for_test.h"
#include "resolve/markers.h"
#include "resolve/repair.h"

namespace ops {

inline Exit exit_of(int code, Exit::How how = Exit::How::exited) {
    Exit exit;
    exit.how = how;
    exit.code = code;
    return exit;
}

struct CoreKilled {};

class Theatre final : public RepairWorld {
public:
    explicit Theatre(Entry entry, std::string target = "web") {
        rules.rules.settings.inventory = make_inventory();
        rules.rules.settings.agent.mode = Mode::automatic;
        rules.rules.runbook.entries = {entry};
        files.contents["/data/state.db"] = "x";
        the_case.incident = "inc-1";
        the_case.target = std::move(target);
        the_case.entry = std::move(entry);
        for (const Service& service : inventory().services) well[service.name] = true;
        well[the_case.target] = false;
        processes.on_run = [this](const Command& command) { return run_command(command); };
        open_executor();
    }

    // --- how the world is ---
    std::map<std::string, bool> well;
    // What checks have shown of some of them so far; the next look shows the truth.
    std::map<std::string, bool> believed;
    std::set<std::string> mute;           // whose checks do not answer
    std::map<std::string, Value> values;  // of expressions, by their text
    std::map<std::string, Time> heartbeats;
    // What a command does, by its program: sets things and answers with an exit.
    std::map<std::string, std::function<Exit()>> programs;
    std::function<Result<TicketReply>(const Ticket&)> instead_of_executor;
    std::function<Result<HttpReply>(const HttpRequest&)> on_http;
    bool is_systemic = false;

    Value evaluate(const expr::Expression& expression, std::string_view) const override {
        const auto found = values.find(expression.text());
        return found == values.end() ? Value() : found->second;
    }
    Health health(std::string_view target) const override {
        const auto belief = believed.find(std::string(target));
        if (belief != believed.end()) return belief->second ? Health::good : Health::bad;
        return truth(target);
    }
    Health truth(std::string_view target) const {
        const auto found = well.find(std::string(target));
        if (found == well.end()) return Health::unknown;
        return found->second ? Health::good : Health::bad;
    }
    std::vector<Check> checks(std::string_view) const override { return {{7, true}}; }
    std::optional<Time> last_heartbeat(std::string_view target) const override {
        const auto found = heartbeats.find(std::string(target));
        if (found == heartbeats.end()) return std::nullopt;
        return found->second;
    }
    Json before(std::string_view) const override { return Json::object({{"pid", 1}}); }
    bool systemic(std::string_view) const override { return is_systemic; }

    // --- the agent's part ---
    const Inventory& inventory() const { return rules.rules.settings.inventory; }
    void open_executor() {
        rules.changed = true;
        ExecutorConfig config{"/data/executor", "/data", {}, false, "", "", {}};
        executor = std::move(Executor::open(files, processes, clock, rules, config)).value();
    }
    void begin() {
        repair.emplace(the_case, actions());
        give(RepairBegin{});
    }
    // As after a kill: nothing is left but the journal.
    void restart_core() {
        ++epoch;
        queue.clear();
        wake.reset();
        limiter = Limiter(limits);
        for (const Event& event : journal) limiter.apply(event);
        repair.emplace(Repair::resume(the_case, actions()));
        give(RepairBegin{});
    }
    std::vector<Action> actions() const {
        std::vector<Action> list;
        for (const Event& event : journal) {
            const std::string id = event.body["action"].as_string();
            if (id.empty()) continue;
            auto found = std::find_if(list.begin(), list.end(),
                                      [&](const Action& action) { return action.id == id; });
            if (found == list.end()) found = list.insert(list.end(), Action{});
            apply(event, *found);
        }
        return list;
    }
    void give(const RepairInput& input) {
        const RepairOrders orders = repair->take(input, conditions());
        if (orders.record.empty() && orders.then.empty()) return;
        point();
        for (const Event& event : orders.record) {
            journal.push_back(event);
            limiter.apply(event);
        }
        point();
        for (const RepairOrder& order : orders.then) {
            std::visit([this](const auto& one) { carry_out(one); }, order);
            point();
        }
    }
    Conditions conditions() {
        return {.now = clock.at,
                .steady = clock.at.time_since_epoch() - clock_set_by,
                .mode = rules.rules.settings.agent.mode,
                .limits = limits,
                .inventory = inventory(),
                .limiter = limiter,
                .protected_things = things,
                .kill_switch = read_kill_switch(files, "/data"),
                .epoch = epoch,
                .boot = "boot-1",
                .world = *this};
    }
    // Until it is finished, or for so long.
    void play(Duration most = std::chrono::hours(2)) {
        const Time end = clock.at + most;
        while (!finished) {
            const auto next = queue.begin();
            const bool waking = wake && (next == queue.end() || *wake <= next->first);
            const Time at = waking ? *wake : next == queue.end() ? Time::max() : next->first;
            if (at > end) {
                clock.at = end;
                return;
            }
            clock.at = std::max(clock.at, at);
            if (waking) {
                wake.reset();
                give(RepairTime{});
                continue;
            }
            const auto happen = std::move(next->second);
            queue.erase(next);
            happen();
        }
    }
    // From the beginning to the end; whenever the core is killed it starts again.
    void play_over_kills() {
        bool begun = false;
        while (!finished) {
            try {
                std::exchange(begun, true) ? play() : begin();
            } catch (const CoreKilled&) {
                finished.reset();
                restart_core();
            }
        }
    }
    // An executor that went away had taken the step of this ticket.
    void mark_seen(const Ticket& ticket, const std::string& in_boot) {
        Markers markers(files, "/data/executor");
        const Result<> written =
            markers.write_seen(step_key(ticket), {.ticket = ticket,
                                                  .at = clock.at,
                                                  .target = the_case.target,
                                                  .argv = {"fix"},
                                                  .risk = Risk::low,
                                                  .time_limit = std::chrono::seconds(60),
                                                  .boot = in_boot});
        ASSERT(written.ok());
    }
    // The wall clock is set; what is to happen in so many seconds still does, in as many.
    void set_clock_by(Duration by) {
        clock.at += by;
        clock_set_by += by;
        std::multimap<Time, std::function<void()>> moved;
        for (auto& [when, what] : queue) moved.emplace(when + by, std::move(what));
        queue = std::move(moved);
    }
    void at(Duration later, std::function<void()> what) {
        queue.emplace(clock.at + later, std::move(what));
    }

    // --- what came of it ---
    size_t ran(const std::string& program) const {
        return static_cast<size_t>(
            std::count_if(processes.ledger.begin(), processes.ledger.end(),
                          [&](const LedgerLine& line) { return line.argv[0] == program; }));
    }
    std::vector<std::string> kinds() const {
        std::vector<std::string> list;
        for (const Event& event : journal) list.push_back(event.kind);
        return list;
    }
    std::string state_of(const std::string& program) const {
        std::string state = "none";
        for (const Action& action : actions()) {
            if (!action.argv.empty() && action.argv[0] == program) state = action.state;
        }
        return state;
    }
    std::string ending() const {
        static const char* const names[] = {"verified", "gave up", "denied", "unknown",
                                            "withdrawn"};
        return finished ? names[static_cast<int>(finished->how)] : "not finished";
    }

    Power power;
    HandClock clock;
    Duration clock_set_by{};
    MemoryFiles files{power};
    LedgerProcesses processes{power, clock};
    HandRules rules;
    std::unique_ptr<Executor> executor;
    Limits limits;
    Limiter limiter{limits};
    Protected things = protected_with({"/data"});
    RepairCase the_case;
    std::optional<Repair> repair;
    std::vector<Event> journal;
    std::multimap<Time, std::function<void()>> queue;
    std::optional<Time> wake;
    std::optional<Finished> finished;
    std::vector<TellPeople> told;
    std::map<std::string, int> looks;  // ordered, by target
    std::vector<Evidence> evidence;
    uint64_t epoch = 5;
    int points_left = -1;  // until the core is killed; below 0: never
    int points = 0;

private:
    void point() {
        ++points;
        if (points_left == 0) {
            points_left = -1;
            throw CoreKilled{};
        }
        if (points_left > 0) --points_left;
    }
    Exit run_command(const Command& command) {
        const std::string& key = command.environment.at("OPS_STEP_KEY");
        const bool intended = std::any_of(journal.begin(), journal.end(), [&](const Event& event) {
            return event.kind == "action.intent" && event.body["action"].as_string() == key;
        });
        EXPECT_TRUE(intended) << "an effect without an intent on disk";
        const auto found = programs.find(command.argv[0]);
        return found == programs.end() ? Exit{} : found->second();
    }
    void carry_out(const SendTicket& order) {
        auto reply = instead_of_executor ? instead_of_executor(order.ticket)
                                         : executor->execute(order.ticket);
        const std::string key = step_key(order.ticket);
        at(Duration(300), [this, key, reply] { give(RepairReply{key, reply}); });
    }
    void carry_out(const LookUp& order) {
        const auto seen = executor->look(order.look);
        at(Duration(5), [this, key = order.look.step_key, seen] { give(RepairLooked{key, seen}); });
    }
    void carry_out(const SendHttp& order) {
        const Result<HttpReply> reply = on_http(order.request);
        at(Duration(20), [this, key = order.step_key, reply] { give(RepairHttp{key, reply}); });
    }
    void carry_out(const RecheckTarget& order) {
        ++looks[order.target];
        at(Duration(50), [this, target = order.target] {
            if (mute.contains(target)) return;
            if (believed.contains(target)) believed[target] = well[target];
            Observation seen;
            seen.check = 7;
            seen.target = target;
            seen.at = clock.at;
            seen.health = truth(target);
            give(RepairObserved{seen});
        });
    }
    void carry_out(const WakeAt& order) { wake = order.at; }
    void carry_out(const TellPeople& order) { told.push_back(order); }
    void carry_out(const Evidence& order) { evidence.push_back(order); }
    void carry_out(const Finished& order) { finished = order; }
};

inline Step wait_step(Duration span) {
    Step step;
    step.kind = Step::Kind::wait;
    step.wait = span;
    return step;
}

inline Step verify_step(Verification::Kind kind = Verification::Kind::checks) {
    Step step;
    step.kind = Step::Kind::verify;
    step.verification.kind = kind;
    step.verification.text = "check it";
    return step;
}

inline Entry restart_entry(Effect effect = Effect::idempotent) {
    return make_entry("restart", {command_step({"fix", "{service}"}, effect)});
}

// `fix` makes the target well at this call of it.
inline void fix_works_at(Theatre& t, int call) {
    t.programs["fix"] = [&t, call, calls = 0]() mutable {
        if (++calls >= call) t.well[t.the_case.target] = true;
        return Exit{};
    };
}

inline Entry heartbeat_entry() {
    Entry entry = restart_entry();
    entry.steps.push_back(verify_step(Verification::Kind::heartbeat));
    return entry;
}

// All send heartbeats, the target just now; the first fix works, and there is no second.
inline void send_heartbeats(Theatre& t) {
    for (Service& service : t.rules.rules.settings.inventory.services) {
        service.heartbeat = Heartbeat{std::chrono::minutes(1), std::chrono::minutes(5)};
    }
    t.open_executor();
    t.limits.attempts = 1;
    fix_works_at(t, 1);
    t.heartbeats[t.the_case.target] = t.clock.at;
}

}  // namespace ops

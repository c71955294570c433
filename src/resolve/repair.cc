#include "resolve/repair.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "base/units.h"
#include "resolve/repair_turn.h"

namespace ops {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
    using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

std::optional<Effect> parse_effect(std::string_view text) {
    for (const Effect effect : {Effect::read, Effect::idempotent, Effect::once}) {
        if (text == name_of(effect)) return effect;
    }
    return std::nullopt;
}

TicketKind kind_of(const Action& action) {
    const auto kind = parse_ticket_kind(action.intent["kind"].as_string());
    return kind.value_or(action.undo ? TicketKind::undo : TicketKind::run);
}

// The command of a journaled intent, as far as recovery needs it.
PlannedCommand command_of(const Action& action) {
    const Json& intent = action.intent;
    PlannedCommand command;
    command.kind = kind_of(action);
    command.step = action.step;
    command.sub = static_cast<int>(intent["sub"].as_int());
    command.target = action.target;
    command.host = intent["host"].as_string();
    command.argv = action.argv;
    command.as_user = intent["as_user"].as_string();
    command.time_limit = Duration(intent["time_limit_ms"].as_int());
    command.effect = parse_effect(action.effect).value_or(Effect::once);
    command.argv_sha256 = action.argv_sha256;
    return command;
}

}  // namespace

RepairOrders Repair::take(const RepairInput& input, const Conditions& now) {
    RepairOrders orders;
    if (is_finished()) return orders;
    RepairTurn turn(*this, now, orders);
    if (follow_clock(now) && wake_) orders.then.emplace_back(WakeAt{*wake_});
    std::visit(Overloaded{
                   [&](const RepairBegin&) { turn.begin(); },
                   [&](const RepairTime&) { turn.time_passed(); },
                   [&](const RepairApproved& approved) { turn.approved(approved); },
                   [&](const RepairRejected& rejected) { turn.rejected(rejected); },
                   [&](const RepairReply& reply) { turn.replied(reply); },
                   [&](const RepairLooked& looked) { turn.looked(looked); },
                   [&](const RepairHttp& http) { turn.http_done(http); },
                   [&](const RepairObserved& observed) { turn.observed(observed.observation); },
                   [&](const RepairWithdrawn& withdrawn) { turn.withdrawn(withdrawn); },
               },
               input);
    turn.go_on();
    return orders;
}

// A clock set back would make every answer look like one of before the effect, until it has caught
// up; one set forward would end every wait and soak at once.
bool Repair::follow_clock(const Conditions& now) {
    constexpr Duration kSet = std::chrono::seconds(1);  // less is how clocks are kept right
    const Duration ahead = now.now.time_since_epoch() - now.steady;
    if (!wall_ahead_) wall_ahead_ = ahead;
    const Duration by = ahead - *wall_ahead_;
    if (by < kSet && by > -kSet) return false;
    wall_ahead_ = ahead;
    const auto move = [by](Time& at) { at = add_saturating(at, by); };
    for (Time* at :
         {&phase_since_, &deadline_, &effect_at_, &check_from_, &acted_from_, &ticket_.not_after}) {
        move(*at);
    }
    for (auto* at : {&wake_, &surveyed_at_, &asked_around_at_, &hold_since_, &away_since_}) {
        if (*at) move(**at);
    }
    for (auto& [check, streak] : streaks_) {
        move(streak.first_good);
        move(streak.last);
    }
    for (auto& [name, checks] : glances_) {
        for (auto& [check, glance] : checks) move(glance.at);
    }
    if (asked_) move(asked_->until);
    // Of one that was used the executor has the time, too.
    if (approval_ && !approval_used_at_) move(approval_->at);
    return true;
}

std::string Repair::phase() const {
    const std::string attempt = attempt_ > 1 ? ", attempt " + std::to_string(attempt_) : "";
    if (is_paused_) return "paused" + attempt;
    switch (phase_) {
        case Phase::idle: return "not begun";
        case Phase::asking: return "waiting for approval" + attempt;
        case Phase::surveying: return "looking at what else could be harmed" + attempt;
        case Phase::looking: return "looking up what became of a step" + attempt;
        case Phase::verifying: return "verifying" + attempt;
        case Phase::backing_off: return "waiting before attempt " + std::to_string(attempt_);
        case Phase::finished: return "finished";
        case Phase::stepping:
        case Phase::holding:
        case Phase::sending:
        case Phase::waiting:
        case Phase::checking: break;
    }
    if (stage_ == Stage::undo) return "undoing" + attempt;
    return "step " + std::to_string(step_ + 1) + " of " + std::to_string(case_.entry.steps.size()) +
           attempt;
}

bool Repair::is_resting() const {
    switch (phase_) {
        case Phase::idle:
        case Phase::asking:
        case Phase::surveying:
        case Phase::backing_off: return true;
        case Phase::holding: return done_.empty() || (is_paused_ && !harmed_);
        case Phase::waiting:
        case Phase::checking: return done_.empty();
        case Phase::stepping:
        case Phase::sending:
        case Phase::looking:
        case Phase::verifying:
        case Phase::finished: break;
    }
    return false;
}

void Repair::look_around_again() {
    survey_again_ = true;
    surveyed_at_.reset();
}

bool Repair::watches(std::string_view target) const {
    return target == case_.target || good_before_.contains(std::string(target));
}

bool Repair::acts_on(std::string_view target) const {
    const std::vector<Step>& steps = case_.entry.steps;
    return target == case_.target || std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
               return step.has_effect() && target_of(step, case_.target) == target;
           });
}

Repair::Repair(RepairCase the_case, const std::vector<Action>& actions)
    : case_(std::move(the_case)) {
    for (const Action& action : actions) {
        if (!is_effect(kind_of(action))) asked_before_.insert(action.id);
        if (action.state != "awaiting_approval") continue;
        asked_before_restart_ = {action.id, action.argv_sha256, action.started_at, {}};
        for (const std::string_view name : split(action.approved_by, ',')) {
            if (!trim(name).empty()) asked_before_restart_->yes.emplace_back(trim(name));
        }
    }
}

// What the journal says decides where to go on; begin() does it. Only this entry's newest attempt
// is of interest: an earlier one has ended, or there would be no later one, and so has what another
// entry did for this incident.
Repair Repair::resume(RepairCase the_case, const std::vector<Action>& actions) {
    Repair repair(std::move(the_case), actions);
    std::vector<Action> own;
    std::copy_if(actions.begin(), actions.end(), std::back_inserter(own), [&](const Action& one) {
        return one.intent.is_object() && one.entry == repair.case_.entry.name;
    });
    int attempt = 0;
    for (const Action& action : own) {
        if (action.state == "denied") continue;
        if (attempt == 0) repair.bad_before_ = action.intent["bad_before"].as_bool();
        attempt = std::max(attempt, action.attempt);
        if (!is_effect(kind_of(action))) continue;
        repair.bound_attempts(action);
        if (!repair.has_acted()) {
            repair.acted_from_ = action.started_at;
            for (const std::string& name : action.intent["good_before"].strings()) {
                repair.good_before_.insert(name);
            }
        }
        repair.attempts_made_ = attempt;
    }
    if (attempt == 0) return repair;
    repair.attempt_ = attempt;
    for (const Action& action : own) {
        if (action.attempt == attempt && action.state != "denied") repair.remember(action);
    }
    return repair;
}

// After an unknown outcome there is one attempt more, whatever the verdict on it was. (What may be
// done once only is not tried again at all.)
void Repair::bound_attempts(const Action& action) {
    if (!action.was_unknown || command_of(action).effect != Effect::idempotent) return;
    if (kind_of(action) != TicketKind::run) return;
    const int most = action.attempt + 1;
    attempts_most_ = attempts_most_ > 0 ? std::min(attempts_most_, most) : most;
}

// One action of the attempt that goes on, oldest first: the newest one says where we are.
void Repair::remember(const Action& action) {
    const TicketKind kind = kind_of(action);
    if (action.intent["entry_sha256"].as_string() != case_.entry.sha256) changed_entry_ = true;
    Result<Approval> approval = Approval::from_json(action.intent["approval"]);
    if (approval.ok() && !approval_) {
        approval_ = std::move(approval).value();
        approval_used_at_ = action.started_at;
    }
    if (resumed_ == Resumed::no) resumed_ = Resumed::going;
    const bool pending = action.state == "intent";
    if (pending) {
        resumed_ = Resumed::pending;
        pending_http_ = action.intent["http"].as_bool();
        command_ = command_of(action);
        key_ = action.id;
        intended_at_ = action.started_at;
        stage_ = kind == TicketKind::undo ? Stage::undo : Stage::steps;
        step_ = static_cast<size_t>(std::max(0, action.step));
        sub_ = is_effect(kind) ? command_.sub : 0;
        asked_before_.erase(key_);  // it may not have been
    }
    if (kind == TicketKind::undo) {
        if (!pending) ++undo_at_;
        const bool is_done = action.state != "failed" && action.state != "unknown";
        if (!is_done) undo_failed_ = last_word_ = true;
        return;
    }
    if (kind != TicketKind::run || pending) return;
    done_.push_back({action.id, action.step, false, action.state == "unknown"});
    harmed_ = harmed_ || action.harmed;
    effect_at_ = action.ended_at.value_or(action.started_at);
    step_ = static_cast<size_t>(action.step) + 1;
    if (action.state == "verified") resumed_ = Resumed::verified;
    if (action.state == "failed") resumed_ = Resumed::failed;
    if (action.state == "undone") resumed_ = Resumed::over;
    if (action.state == "unknown") {
        resumed_ = Resumed::doubtful;
        trouble_ = action.reason;
        if (command_of(action).effect == Effect::once) unknown_once_ = true;
    }
    const bool failed =
        action.state == "running" && (action.exit.value_or(0) != 0 || !action.reason.empty());
    if (failed && !continues_after(action.step)) {
        resumed_ = Resumed::doubtful;
        quick_look_ = true;
        trouble_ = "step " + std::to_string(action.step + 1) + " failed";
    }
}

bool Repair::continues_after(int step) const {
    const auto index = static_cast<size_t>(step);
    return index < case_.entry.steps.size() && case_.entry.steps[index].continue_on_error;
}

void RepairTurn::begin() {
    if (r_.phase_ != Phase::idle) return;
    r_.effect_at_ = std::min(r_.effect_at_, now_.now);  // the clock was set back meanwhile
    if (r_.stage_ == Stage::undo || r_.resumed_ == Repair::Resumed::failed) {
        r_.trouble_ = "it failed before the restart";
        if (r_.undo_failed_) r_.trouble_ += ", and it could not be undone";
    }
    switch (r_.resumed_) {
        case Repair::Resumed::no: return start_attempt();
        case Repair::Resumed::verified:
            return finish(How::verified, "it was verified before the restart");
        case Repair::Resumed::pending:
            r_.deadline_ = add_saturating(now_.now, now_.limits.verify_timeout);
            if (r_.stage_ == Stage::undo) list_undo();
            if (r_.pending_http_) return may_have_run("the program ended while it was under way");
            return look_up();
        case Repair::Resumed::failed:
            r_.stage_ = Stage::undo;
            list_undo();
            return enter(Phase::stepping);
        case Repair::Resumed::over:
            return attempt_over("it failed before the restart, and was undone");
        case Repair::Resumed::doubtful: return start_verifying();
        case Repair::Resumed::going: return enter(Phase::stepping);
    }
}

void RepairTurn::time_passed() {
    switch (r_.phase_) {
        case Phase::holding:
            if (is_due()) hold_ended();
            return;
        case Phase::asking:
            if (!is_due()) return;
            record_action("action.denied", r_.asked_->key,
                          Json::object({{"reason", "nobody approved it in time"}}));
            if (now_.kill_switch.on) {  // people are asked again when it may be done
                return cannot_act(now_.kill_switch.reason, Refusal::paused, std::nullopt);
            }
            return finish(How::gave_up,
                          "not approved within " + format_duration(now_.limits.approval_valid));
        case Phase::surveying: return go_on_surveying();
        case Phase::looking:
            if (!is_due()) return;
            r_.wake_.reset();
            return order(LookUp{{r_.key_, now_.epoch}});
        case Phase::waiting:
            if (is_due()) next_step();
            return;
        case Phase::checking: return go_on_checking();
        case Phase::verifying: return go_on_verifying();
        case Phase::backing_off:
            if (is_due()) back_off_ended();
            return;
        case Phase::idle:
        case Phase::stepping:
        case Phase::sending:
        case Phase::finished: return;
    }
}

void RepairTurn::approved(const RepairApproved& input) {
    if (r_.phase_ != Phase::asking) return;
    Repair::Asked& asked = *r_.asked_;
    const std::string name = to_lower(trim(input.by));
    // A yes to anything but exactly what was shown is no yes.
    if (name.empty() || input.argv_sha256 != asked.plan || now_.now >= asked.until) return;
    if (std::find(asked.yes.begin(), asked.yes.end(), name) != asked.yes.end()) return;
    asked.yes.push_back(name);
    record_action("action.approved", asked.key,
                  Json::object({{"by", name}, {"via", input.via}, {"argv_sha256", asked.plan}}));
    if (static_cast<int>(asked.yes.size()) < asked.needed) return;
    r_.approval_ = Approval{
        asked.key + "@" + format_rfc3339(add_saturating(asked.until, -now_.limits.approval_valid)),
        asked.yes, asked.plan, now_.now};
    r_.approval_used_at_.reset();
    r_.asked_.reset();
    start_again();
}

void RepairTurn::rejected(const RepairRejected& input) {
    if (r_.phase_ != Phase::asking) return;
    record_action("action.rejected", r_.asked_->key,
                  Json::object({{"by", input.by}, {"via", input.via}}));
    finish(How::gave_up, "rejected by " + input.by);
}

void RepairTurn::withdrawn(const RepairWithdrawn& input) {
    r_.withdrawn_ = input.reason;
    switch (r_.phase_) {
        case Phase::asking:
            record_action("action.denied", r_.asked_->key,
                          Json::object({{"reason", "no longer needed: " + input.reason}}));
            break;
        case Phase::holding:
            if (r_.resend_) not_run("no longer needed: " + input.reason);
            if (r_.stage_ == Stage::undo) return;  // what is taken back is taken back
            if (!r_.done_.empty()) return start_verifying();
            break;
        case Phase::idle:
        case Phase::surveying:
        case Phase::backing_off: break;
        case Phase::waiting:
        case Phase::checking:
            if (r_.done_.empty()) break;
            if (!is_watched()) start_verifying();
            return;
        case Phase::verifying: return go_on_verifying();
        case Phase::stepping:
        case Phase::sending:
        case Phase::looking:
        case Phase::finished: return;  // first see how what is under way ends
    }
    finish(How::withdrawn, input.reason);
}

// --- small words ---

void RepairTurn::record(std::string kind, Json body) {
    Event event;
    event.at = now_.now;
    event.incident = r_.case_.incident;
    event.target = kind.starts_with("action.") && !r_.command_.target.empty() ? r_.command_.target
                                                                              : r_.case_.target;
    event.kind = std::move(kind);
    event.body = std::move(body);
    orders_.record.push_back(std::move(event));
}

void RepairTurn::record_action(std::string kind, const std::string& key, Json more) {
    Json body = Json::object({{"action", key}});
    for (const auto& [name, value] : more.members()) body.set(name, value);
    record(std::move(kind), std::move(body));
}

void RepairTurn::set_state(std::string_view state, const std::string& reason) {
    if (r_.state_ == state) return;
    r_.state_ = state;
    record("incident.state", Json::object({{"state", state}, {"reason", reason}}));
}

// That nothing is done, why, and until when at most: people see it and can do something about it.
void RepairTurn::say_waits(const std::string& reason, std::optional<Time> until) {
    if (r_.waits_ == reason) return;
    r_.waits_ = reason;
    r_.state_ = r_.has_acted() ? "resolving" : "open";
    Json body = Json::object({{"state", r_.state_}, {"reason", reason}, {"waits", reason}});
    if (until) body.set("waits_until", format_rfc3339(*until));
    record("incident.state", std::move(body));
}

void RepairTurn::enter(Phase phase) {
    if (r_.phase_ != phase) r_.phase_since_ = now_.now;
    if (phase != Phase::holding) {
        r_.is_paused_ = false;
        r_.waits_.clear();
    }
    r_.phase_ = phase;
}

void RepairTurn::wake_at(Time at) {
    r_.wake_ = at;
    order(WakeAt{at});
}

void RepairTurn::finish(How how, const std::string& reason, Refusal refusal,
                        std::optional<Time> again_at) {
    order(Finished{how, refusal, reason, r_.attempts_made_, again_at, r_.harmed_});
    r_.wake_.reset();
    enter(Phase::finished);
}

int RepairTurn::attempts_most() const {
    const int allowed = attempts_allowed(entry(), now_.limits) - r_.case_.attempts_before;
    return r_.attempts_most_ > 0 ? std::min(r_.attempts_most_, allowed) : allowed;
}

std::string RepairTurn::step_words() const {
    const bool undo = r_.command_.kind == TicketKind::undo;
    const std::string words = clip_end(r_.command_.print(), 120);
    if (undo) return "undo '" + words + "'";
    return "step " + std::to_string(r_.command_.step + 1) + " '" + words + "'";
}

}  // namespace ops

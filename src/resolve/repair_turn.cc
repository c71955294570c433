#include "resolve/repair_turn.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/units.h"

namespace ops {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// From the intent to the moment the executor may no longer begin.
constexpr Duration kTicketLife = seconds(60);
constexpr Duration kHoldStep = seconds(5);
// How long others may keep us waiting, and how long the executor may be away, before people are
// told.
constexpr Duration kHoldMost = minutes(30);
constexpr Duration kAwayMost = minutes(2);

Json approval_or_null(const std::optional<Approval>& approval) {
    return approval ? approval->to_json() : Json();
}

}  // namespace

// --- steps ---

void RepairTurn::start_attempt() {
    if (r_.attempt_ > attempts_most()) {
        return finish(How::gave_up,
                      std::to_string(r_.case_.attempts_before) +
                          " attempts were made on it lately, no more are allowed (attempts)",
                      Refusal::budget);
    }
    if (!r_.has_acted()) {
        r_.bad_before_ = now_.world.health(r_.case_.target) == Health::bad;
    }
    r_.step_ = 0;
    r_.sub_ = 0;
    const Result<std::vector<PlannedCommand>>& effects = effects_of_plan();
    if (!effects.ok()) {
        return finish(How::denied, effects.error().message, Refusal::argv);
    }
    if (!effects.value().empty()) {
        const PlannedCommand& first = effects.value().front();
        if (!prepare(first.kind, first.step, first.sub)) return;
        const Decision decision = ask_policy();
        // What can never be is not begun: not even evidence is collected for it.
        if (decision.verdict == Decision::Verdict::refuse) return denied(decision);
    }
    enter(Phase::stepping);
}

const Result<std::vector<PlannedCommand>>& RepairTurn::effects_of_plan() const {
    if (!plan_) plan_ = plan_effects(entry(), r_.case_.target, now_.inventory);
    return *plan_;
}

void RepairTurn::go_on() {
    while (r_.phase_ == Phase::stepping) {
        if (r_.changed_entry_ && r_.stage_ == Stage::steps) {
            entry_changed();
        } else if (r_.stage_ == Stage::undo) {
            next_undo();
        } else if (r_.step_ >= entry().steps.size()) {
            start_verifying();
        } else {
            do_step(step());
        }
    }
}

// What was resumed belongs to an entry that is no more: its end is verified, its steps are not gone
// on with.
void RepairTurn::entry_changed() {
    if (r_.done_.empty()) {
        r_.changed_entry_ = false;
        return start_attempt();
    }
    r_.trouble_ = "the entry was changed while it was under way";
    start_verifying();
}

void RepairTurn::do_step(const Step& step) {
    const int index = static_cast<int>(r_.step_);
    switch (step.kind) {
        case Step::Kind::collect:
            if (static_cast<size_t>(r_.sub_) >= step.collect.size()) return next_step();
            return start_command(TicketKind::collect, index, r_.sub_);
        case Step::Kind::command:
        case Step::Kind::restart:
        case Step::Kind::clear_cache:
        case Step::Kind::rotate_logs:
        case Step::Kind::http: return start_command(TicketKind::run, index, r_.sub_);
        case Step::Kind::wait: enter(Phase::waiting); return wake_in(step.wait);
        case Step::Kind::verify:
        case Step::Kind::alert_if: return start_checking(step);
        case Step::Kind::alert:
            if (r_.told_.insert(r_.step_).second) order(TellPeople{index, step.text, ""});
            return next_step();
    }
}

void RepairTurn::next_step() {
    ++r_.step_;
    r_.sub_ = 0;
    enter(Phase::stepping);
}

// The executor answers a key that it knows with the outcome of then, however old. How things are
// now is asked under a key that was never asked.
void RepairTurn::take_unasked_key() {
    Ticket& ticket = r_.ticket_;
    const bool collect = ticket.kind == TicketKind::collect;
    const int round = collect ? static_cast<int>(step().collect.size()) : 1;
    while (r_.asked_before_.contains(r_.key_)) {
        ticket.sub += round;
        r_.key_ = step_key(ticket);
    }
}

bool RepairTurn::prepare(TicketKind kind, int step, int sub) {
    r_.ticket_ = Ticket{};
    r_.ticket_.kind = kind;
    r_.ticket_.incident = r_.case_.incident;
    r_.ticket_.entry = entry().name;
    r_.ticket_.entry_sha256 = entry().sha256;
    r_.ticket_.step = step;
    r_.ticket_.sub = sub;
    r_.ticket_.target = r_.case_.target;
    r_.ticket_.attempt = r_.attempt_;
    r_.key_ = step_key(r_.ticket_);
    if (!is_effect(kind)) take_unasked_key();
    r_.tries_ = 0;
    Result<PlannedCommand> planned =
        plan_command(entry(), kind, step, r_.ticket_.sub, r_.case_.target, now_.inventory);
    if (!planned.ok()) {
        cannot_act(planned.error().message, Refusal::argv, std::nullopt);
        return false;
    }
    r_.command_ = std::move(planned).value();
    r_.ticket_.argv_sha256 = r_.command_.argv_sha256;
    return true;
}

void RepairTurn::start_command(TicketKind kind, int step, int sub) {
    if (r_.withdrawn_ && r_.stage_ == Stage::steps && kind != TicketKind::verify_command) {
        if (r_.done_.empty()) return finish(How::withdrawn, *r_.withdrawn_);
        return start_verifying();
    }
    if (!prepare(kind, step, sub)) return;
    act_on(ask_policy());
}

// --- policy ---

int RepairTurn::actions_left() const {
    if (r_.command_.kind == TicketKind::undo) return 1;
    const Result<std::vector<PlannedCommand>>& effects = effects_of_plan();
    if (!effects.ok()) return 1;
    const auto left = std::count_if(
        effects.value().begin(), effects.value().end(), [&](const PlannedCommand& command) {
            if (command.target != r_.command_.target) return false;
            return command.kind == TicketKind::undo || command.step >= r_.command_.step;
        });
    return std::max(1, static_cast<int>(left));
}

Decision RepairTurn::ask_policy() {
    const Result<std::vector<PlannedCommand>>& effects = effects_of_plan();
    Decision decision;
    if (!effects.ok()) {
        decision.refusal = Refusal::argv;
        decision.reason = effects.error().message;
        return decision;
    }
    BudgetAnswer budget;
    if (is_effect(r_.command_.kind)) {
        budget = now_.limiter.ask({.entry = entry(),
                                   .incident = r_.case_.incident,
                                   .target = r_.command_.target,
                                   .attempt = r_.attempt_,
                                   .actions = actions_left(),
                                   .undo = r_.command_.kind == TicketKind::undo,
                                   .now = now_.now},
                                  now_.inventory);
    }
    return judge({.entry = entry(),
                  .command = r_.command_,
                  .attempt = r_.attempt_ + r_.case_.attempts_before,
                  .plan_sha256 = plan_sha256(entry(), r_.case_.target, effects.value()),
                  .inventory = now_.inventory,
                  .mode = now_.mode,
                  .limits = now_.limits,
                  .kill_switch = now_.kill_switch,
                  .systemic = now_.world.systemic(r_.case_.incident),
                  .proposed = r_.case_.proposed,
                  .budget = std::move(budget),
                  .approval = r_.approval_,
                  .approval_used_at = r_.approval_used_at_,
                  .protected_things = now_.protected_things,
                  .now = now_.now});
}

void RepairTurn::act_on(const Decision& decision) {
    switch (decision.verdict) {
        case Decision::Verdict::allow:
            if (survey_first()) return;
            return intend();
        case Decision::Verdict::ask: return ask_people(decision);
        case Decision::Verdict::wait: return hold(decision);
        case Decision::Verdict::refuse: return denied(decision);
    }
}

void RepairTurn::ask_people(const Decision& decision) {
    const Result<std::vector<PlannedCommand>>& effects = effects_of_plan();
    if (!effects.ok()) return cannot_act(effects.error().message, Refusal::argv, std::nullopt);
    const std::string plan = plan_sha256(entry(), r_.case_.target, effects.value());
    const Time until = add_saturating(now_.now, now_.limits.approval_valid);
    r_.approval_.reset();
    r_.approval_used_at_.reset();
    if (goes_on_asking(decision, plan)) return;
    r_.asked_ = Repair::Asked{r_.key_, plan, decision.approvers_needed, until, {}};
    Json commands = Json::array();  // the very words that will run, for whoever says yes
    for (const PlannedCommand& command : effects.value()) {
        commands.push(Json::object({{"kind", ops::name_of(command.kind)},
                                    {"step", command.step},
                                    {"target", command.target},
                                    {"host", command.host},
                                    {"as", command.as_user},
                                    {"argv", Json::of_strings(command.argv)}}));
    }
    record_action("action.awaiting", r_.key_,
                  Json::object({{"entry", entry().name},
                                {"step", r_.command_.step},
                                {"attempt", r_.attempt_},
                                {"argv", Json::of_strings(r_.command_.argv)},
                                {"argv_sha256", plan},
                                {"needed", decision.approvers_needed},
                                {"expires", format_rfc3339(until)},
                                {"reason", decision.reason},
                                {"risk", ops::name_of(entry().risk)},
                                {"commands", std::move(commands)}}));
    // A question that takes the place of another is a new one: people hear of it.
    if (r_.state_ == "awaiting_approval") set_state("open", decision.reason);
    set_state("awaiting_approval", decision.reason);
    enter(Phase::asking);
    wake_at(until);
}

// Whoever has said yes before a restart is not asked for it again, as long as it was the same
// question.
bool RepairTurn::goes_on_asking(const Decision& decision, const std::string& plan) {
    const auto before = std::exchange(r_.asked_before_restart_, std::nullopt);
    if (!before || before->key != r_.key_ || before->plan != plan || before->at > now_.now) {
        return false;
    }
    const Time until = add_saturating(before->at, now_.limits.approval_valid);
    const auto needed = static_cast<size_t>(decision.approvers_needed);
    if (before->yes.empty() || before->yes.size() >= needed || now_.now >= until) return false;
    r_.asked_ = Repair::Asked{r_.key_, plan, decision.approvers_needed, until, before->yes};
    set_state("awaiting_approval", decision.reason);
    enter(Phase::asking);
    wake_at(until);
    return true;
}

// Another one has to be settled first. Bounded: people are told when it takes too long.
void RepairTurn::hold(const Decision& decision) {
    if (!r_.hold_since_) r_.hold_since_ = now_.now;
    if (now_.now - *r_.hold_since_ > kHoldMost) {
        Decision refusal = decision;
        refusal.reason = "waited " + format_duration(kHoldMost) + ": " + decision.reason;
        return denied(refusal);
    }
    r_.resend_ = false;
    enter(Phase::holding);
    const Time most = add_saturating(*r_.hold_since_, kHoldMost);
    say_waits(decision.reason, std::min(decision.again_at.value_or(most), most));
    wake_in(kHoldStep);
}

void RepairTurn::hold_ended() {
    if (r_.is_paused_) {
        if (now_.kill_switch.on) return wake_in(kHoldStep);
        return pause_ended();
    }
    if (!r_.resend_) return start_again();
    if (now_.now < r_.ticket_.not_after) return send();
    // It was never sent; a ticket of now is made, and policy asked again.
    not_run("the executor could not be reached in time");
    start_again();
}

// A pause gives nothing up: neither the attempts that are left, nor the undo of one that failed,
// nor a yes.
void RepairTurn::rest_while_paused(const std::string& reason) {
    r_.hold_since_.reset();
    r_.is_paused_ = true;
    enter(Phase::holding);
    say_waits(reason, std::nullopt);
    wake_in(kHoldStep);
}

// What was seen before it says nothing now: of an attempt that has begun, all is asked again that
// came after its last effect; and what a person has repaired meanwhile is left alone.
void RepairTurn::pause_ended() {
    r_.is_paused_ = false;
    r_.state_.clear();
    if (r_.has_acted()) set_state("resolving", "it goes on after the pause");
    r_.survey_again_ = true;
    r_.surveyed_at_.reset();
    const bool is_well = r_.has_acted() && is_well_again();
    if (r_.stage_ == Stage::undo) {
        if (is_well && !r_.harmed_) return attempt_over(r_.trouble_);
        return enter(Phase::stepping);
    }
    if (r_.done_.empty()) return is_well ? look_whether_well() : start_attempt();
    r_.step_ = static_cast<size_t>(r_.done_.back().step) + 1;
    r_.sub_ = 0;
    enter(Phase::stepping);
}

void RepairTurn::not_run(const std::string& reason) {
    r_.resend_ = false;
    record_action("action.denied", r_.key_,
                  Json::object({{"entry", entry().name},
                                {"step", r_.command_.step},
                                {"attempt", r_.attempt_},
                                {"argv", Json::of_strings(r_.command_.argv)},
                                {"reason", reason}}));
}

void RepairTurn::denied(const Decision& decision) {
    not_run(decision.reason);
    cannot_act(decision.reason, decision.refusal, decision.again_at);
}

// No further effect can be had. What was done already is verified all the same.
void RepairTurn::cannot_act(const std::string& reason, Refusal refusal,
                            std::optional<Time> again_at) {
    if (refusal == Refusal::paused) {
        if (r_.has_acted() || r_.approval_) return rest_while_paused(reason);
        // One that has done nothing ends; the agent asks anew what to do when it may act again.
        say_waits(reason, std::nullopt);
    }
    if (r_.stage_ == Stage::undo) {
        not_undone("it could not be undone: " + reason);
        ++r_.undo_at_;
        return enter(Phase::stepping);
    }
    if (r_.done_.empty()) {
        return finish(r_.has_acted() ? How::gave_up : How::denied, reason, refusal, again_at);
    }
    r_.last_word_ = true;
    r_.trouble_ = step_words() + " was not run: " + reason;
    start_verifying();
}

// --- intent and ticket ---

Json RepairTurn::intent_body() const {
    const PlannedCommand& command = r_.command_;
    const Service* service = now_.inventory.find_service(command.target);
    const bool http = command.kind == TicketKind::run && step().kind == Step::Kind::http;
    return Json::object(
        {{"action", r_.key_},
         {"kind", ops::name_of(command.kind)},
         {"entry", entry().name},
         {"entry_sha256", entry().sha256},
         {"step", command.step},
         {"sub", command.sub},
         {"attempt", r_.attempt_},
         {"about", r_.case_.target},
         {"argv", Json::of_strings(command.argv)},
         {"argv_sha256", command.argv_sha256},
         {"host", command.host},
         {"as_user", command.as_user},
         {"time_limit_ms", int64_t{command.time_limit.count()}},
         {"effect", ops::name_of(command.effect)},
         {"risk", ops::name_of(entry().risk)},
         {"group", service == nullptr ? "" : service->group},
         {"approval", approval_or_null(r_.ticket_.approval)},
         {"epoch", now_.epoch},
         {"not_after", format_rfc3339(r_.ticket_.not_after)},
         {"boot", now_.boot},
         {"before", now_.world.before(command.target)},
         {"bad_before", r_.bad_before_},
         {"good_before", Json::of_strings({r_.good_before_.begin(), r_.good_before_.end()})},
         {"http", http},
         {"undo", command.kind == TicketKind::undo}});
}

void RepairTurn::intend() {
    r_.hold_since_.reset();
    r_.resumed_ = Repair::Resumed::no;  // what is under way from here on was begun in this life
    r_.intended_at_ = now_.now;
    r_.ticket_.epoch = now_.epoch;
    r_.ticket_.not_after = add_saturating(now_.now, kTicketLife);
    r_.ticket_.systemic = now_.world.systemic(r_.case_.incident);
    r_.ticket_.proposed = r_.case_.proposed;
    if (is_effect(r_.command_.kind) &&
        approvers_needed(entry(), now_.mode, r_.case_.proposed) > 0) {
        r_.ticket_.approval = r_.approval_;
        if (!r_.approval_used_at_) r_.approval_used_at_ = now_.now;
    }
    if (is_effect(r_.command_.kind) && !r_.has_acted() && r_.done_.empty()) {
        r_.acted_from_ = now_.now;
    }
    record("action.intent", intent_body());
    if (r_.stage_ == Stage::steps) set_state("resolving", "running entry '" + entry().name + "'");
    send();
}

void RepairTurn::send() {
    enter(Phase::sending);
    r_.resend_ = false;
    const bool http = r_.command_.kind == TicketKind::run && step().kind == Step::Kind::http;
    if (!http) return order(SendTicket{r_.ticket_});
    HttpRequest request;
    request.method = step().http_method;
    request.url = step().http_url;
    request.body = step().http_body;
    if (step().timeout > Duration::zero()) request.time_limit = step().timeout;
    order(SendHttp{r_.key_, std::move(request)});
}

void RepairTurn::replied(const RepairReply& input) {
    if (r_.phase_ != Phase::sending || input.step_key != r_.key_) return;
    if (input.reply.ok()) {
        r_.away_since_.reset();
        const TicketReply& reply = input.reply.value();
        switch (reply.status) {
            case TicketReply::Status::done: return ran(reply.exit.value_or(Exit{}), "reply");
            case TicketReply::Status::refused: return refused(reply);
            case TicketReply::Status::unknown: return may_have_run(reply.reason);
        }
    }
    const Error& error = input.reply.error();
    switch (error.fault) {
        case Fault::unavailable: return send_again_later();
        case Fault::timeout:
        case Fault::corrupt: return look_up();
        case Fault::invalid:
        case Fault::not_found:
        case Fault::denied: break;
    }
    not_run(error.message);
    cannot_act(error.message, Refusal::policy, std::nullopt);
}

void RepairTurn::send_again_later() {
    if (!r_.away_since_) r_.away_since_ = now_.now;
    if (now_.now - *r_.away_since_ > kAwayMost) {
        const std::string reason = "the executor cannot be reached";
        not_run(reason);
        return cannot_act(reason, Refusal::none, std::nullopt);
    }
    r_.resend_ = true;
    enter(Phase::holding);
    wake_in(std::min<Duration>(seconds(1 << std::min(r_.tries_++, 3)), kHoldStep));
}

void RepairTurn::refused(const TicketReply& reply) {
    switch (reply.refusal) {
        case Refusal::seen: return look_up();
        case Refusal::busy:
        case Refusal::expired:
        case Refusal::stopping: {
            not_run(reply.reason);
            Decision decision;
            decision.reason = reply.reason;
            decision.refusal = reply.refusal;
            return hold(decision);
        }
        default: break;
    }
    not_run(reply.reason);
    cannot_act(reply.reason, reply.refusal, std::nullopt);
}

void RepairTurn::http_done(const RepairHttp& input) {
    if (r_.phase_ != Phase::sending || input.step_key != r_.key_) return;
    Exit exit;
    if (input.reply.ok()) {
        const HttpReply& reply = input.reply.value();
        exit.code = reply.status >= 200 && reply.status < 300 ? 0 : reply.status;
        exit.output = "HTTP " + std::to_string(reply.status) + "\n" + clip_end(reply.body, 4096);
        exit.output_bytes = reply.body.size();
        return ran(exit, "reply");
    }
    const Error& error = input.reply.error();
    if (error.fault == Fault::timeout || error.fault == Fault::corrupt) {
        return may_have_run(error.message);
    }
    exit.code = -1;
    exit.output = error.message;
    ran(exit, "reply");
}

}  // namespace ops

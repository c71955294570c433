#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/units.h"
#include "resolve/repair_turn.h"
#include "runbook/alert_facts.h"

namespace ops {
namespace {

using std::chrono::seconds;

constexpr Duration kAskStep = seconds(5);  // between two looks, beside the checks' own schedule
constexpr Duration kSoakGrace = seconds(10);

Duration back_off(int failed, const Limits& limits) {
    Duration span = limits.backoff_first;
    for (int i = 1; i < failed && span < limits.backoff_most; ++i) span *= 2;
    return std::min(span, limits.backoff_most);
}

bool is_only_a_name(const expr::Expression& symptom) {
    const std::vector<std::string> facts = symptom.facts();
    return symptom.history_facts().empty() && symptom.events().empty() &&
           std::all_of(facts.begin(), facts.end(), [](const std::string& fact) {
               return fact == "service" || fact == "host" || fact == "group";
           });
}

}  // namespace

// --- what was seen ---

void RepairTurn::observed(const Observation& observation) {
    if (observation.at > now_.now) return;  // it was on its way when the clock was set back
    if (observation.target != r_.case_.target) {
        Repair::Glance& newest = r_.glances_[observation.target][observation.check];
        if (observation.at >= newest.at) newest = {observation.at, observation.health};
        if (r_.phase_ == Phase::surveying) go_on_surveying();
        if (r_.phase_ == Phase::verifying) go_on_verifying();
        return;
    }
    Repair::Streak& streak = r_.streaks_[observation.check];
    if (observation.at <= r_.effect_at_ || observation.at < streak.last) return;  // of before
    streak.last = observation.at;
    streak.health = observation.health;
    if (observation.health == Health::good) {
        if (streak.good++ == 0) streak.first_good = observation.at;
    } else {
        streak.good = 0;
    }
    if (r_.phase_ == Phase::checking) go_on_checking();
    if (r_.phase_ == Phase::verifying) go_on_verifying();
}

bool RepairTurn::all_fresh_since(Time from) const {
    for (const RepairWorld::Check& check : now_.world.checks(r_.case_.target)) {
        const auto streak = r_.streaks_.find(check.index);
        if (streak == r_.streaks_.end() || streak->second.last <= from) return false;
    }
    return true;
}

bool RepairTurn::all_good_since(Time from) const {
    if (!all_fresh_since(from)) return false;
    for (const RepairWorld::Check& check : now_.world.checks(r_.case_.target)) {
        if (r_.streaks_.at(check.index).health != Health::good) return false;
    }
    return now_.world.health(r_.case_.target) != Health::bad ||
           !now_.world.checks(r_.case_.target).empty();
}

// --- verify and alert_if steps ---

void RepairTurn::start_checking(const Step& step) {
    const Verification& verification = step.verification;
    Duration span = now_.limits.verify_timeout;
    if (step.kind == Step::Kind::verify && verification.timeout > Duration::zero()) {
        span = verification.timeout;
    }
    r_.check_from_ = now_.now;
    r_.deadline_ = add_saturating(now_.now, span);
    r_.sub_ = 0;
    enter(Phase::checking);
    if (step.kind == Step::Kind::verify && verification.kind == Verification::Kind::command) {
        return start_command(TicketKind::verify_command, static_cast<int>(r_.step_), r_.sub_);
    }
    ask_again_soon();
    go_on_checking();
}

void RepairTurn::ask_again_soon() {
    const bool http_only = r_.phase_ == Phase::checking && step().kind == Step::Kind::verify &&
                           step().verification.kind == Verification::Kind::http;
    order(RecheckTarget{r_.case_.target, http_only});
    const Time soon = add_saturating(now_.now, kAskStep);
    wake_at(r_.deadline_ > now_.now ? std::min(soon, r_.deadline_) : soon);
}

RepairTurn::Answer RepairTurn::answer_of(const Verification& verification) const {
    const std::string& target = r_.case_.target;
    const auto yes_if = [](bool truth) { return truth ? Answer::yes : Answer::not_yet; };
    switch (verification.kind) {
        case Verification::Kind::checks: return yes_if(all_good_since(r_.check_from_));
        case Verification::Kind::http: {
            bool any = false;
            for (const RepairWorld::Check& check : now_.world.checks(target)) {
                if (!check.http) continue;
                any = true;
                const auto streak = r_.streaks_.find(check.index);
                if (streak == r_.streaks_.end() || streak->second.last <= r_.check_from_ ||
                    streak->second.health != Health::good) {
                    return Answer::not_yet;
                }
            }
            return any ? Answer::yes : yes_if(all_good_since(r_.check_from_));
        }
        case Verification::Kind::heartbeat: {
            const Service* service = now_.inventory.find_service(target);
            if (service == nullptr || !service->heartbeat) {
                return yes_if(all_good_since(r_.check_from_));
            }
            const std::optional<Time> last = now_.world.last_heartbeat(target);
            return yes_if(last && *last <= now_.now &&
                          *last > (r_.done_.empty() ? r_.check_from_ : r_.effect_at_));
        }
        case Verification::Kind::expression:
            if (!verification.expression || !all_fresh_since(r_.check_from_)) {
                return Answer::not_yet;
            }
            return yes_if(expr::holds(now_.world.evaluate(*verification.expression, target)));
        case Verification::Kind::command: break;
    }
    return Answer::not_yet;
}

void RepairTurn::go_on_checking() {
    const bool late = now_.now >= r_.deadline_;
    if (step().kind == Step::Kind::alert_if) {
        if (!late && !all_fresh_since(r_.check_from_)) {
            if (is_due()) ask_again_soon();
            return;
        }
        const bool holds = step().condition &&
                           expr::holds(now_.world.evaluate(*step().condition, r_.case_.target));
        if (holds && r_.told_.insert(r_.step_).second) {
            order(TellPeople{static_cast<int>(r_.step_), "", step().text});
        }
        return next_step();
    }
    const Verification& verification = step().verification;
    if (answer_of(verification) == Answer::yes) return next_step();
    if (!late) {
        if (!is_due()) return;
        if (verification.kind != Verification::Kind::command) return ask_again_soon();
        return start_command(TicketKind::verify_command, static_cast<int>(r_.step_), r_.sub_);
    }
    if (step().continue_on_error) return next_step();
    attempt_failed("step " + std::to_string(r_.step_ + 1) + ": '" + verification.text +
                   "' did not come true in time");
}

// --- the final verification ---

void RepairTurn::start_verifying() {
    Duration patience = now_.limits.verify_timeout;
    for (const Step& step : entry().steps) {
        if (step.kind == Step::Kind::verify) {
            patience = std::max(patience, step.verification.timeout);
        }
    }
    r_.check_from_ = now_.now;
    r_.deadline_ = add_saturating(now_.now, patience + now_.limits.soak);
    r_.asked_around_at_.reset();
    enter(Phase::verifying);
    set_state("verifying", "");
    ask_again_soon();
    go_on_verifying();
}

RepairTurn::Answer RepairTurn::symptoms_gone() const {
    bool unknown = false, any_true = false, all_true = true, any_own = false;
    const bool is_of_alert = reads_alert(entry());
    for (const expr::Expression& symptom : entry().symptoms) {
        // Another monitor needs minutes to see what we did; the agent waits for it (agent_outside).
        // Beside it the name of the service says nothing.
        if (reads_alert(symptom) || (is_of_alert && is_only_a_name(symptom))) continue;
        any_own = true;
        const Value value = now_.world.evaluate(symptom, r_.case_.target);
        const bool holds = expr::holds(value);
        unknown = unknown || value.is_unknown();
        any_true = any_true || holds;
        all_true = all_true && (holds || value.is_unknown());
    }
    if (!any_own) return Answer::yes;
    const bool certain = entry().any ? any_true : all_true && !unknown;
    if (certain) return Answer::no;
    const bool possible = entry().any ? unknown : all_true;
    if (!possible) return Answer::yes;
    // A service that was down and passes its checks is well, though a fact of it may not be known
    // again yet.
    const bool vouched = r_.bad_before_ && !now_.world.checks(r_.case_.target).empty();
    return vouched ? Answer::yes : Answer::not_yet;
}

// Nothing unless every check has been good since then, to this moment.
std::optional<Time> RepairTurn::good_from() const {
    Time from = r_.effect_at_;
    const std::vector<RepairWorld::Check> checks = now_.world.checks(r_.case_.target);
    for (const RepairWorld::Check& check : checks) {
        const auto streak = r_.streaks_.find(check.index);
        if (streak == r_.streaks_.end() || streak->second.good == 0) return std::nullopt;
        from = std::max(from, streak->second.first_good);
    }
    if (checks.empty() && now_.world.health(r_.case_.target) == Health::bad) return std::nullopt;
    return from;
}

std::string RepairTurn::what_is_wrong() const {
    const std::string& target = r_.case_.target;
    const std::vector<RepairWorld::Check> checks = now_.world.checks(target);
    const std::optional<Time> from = good_from();
    if (!from) return "'" + target + "' is not well";
    const Limits& limits = now_.limits;
    bool soaked = checks.empty() ? now_.now - *from >= limits.soak : true;
    for (const RepairWorld::Check& check : checks) {
        const Repair::Streak& streak = r_.streaks_.at(check.index);
        soaked = soaked && streak.good >= limits.soak_checks && streak.last - *from >= limits.soak;
    }
    if (!soaked) return "'" + target + "' has not been well for " + format_duration(limits.soak);
    switch (symptoms_gone()) {
        case Answer::no: return "the symptoms still hold";
        case Answer::not_yet: return "whether the symptoms are gone cannot be told";
        case Answer::yes: break;
    }
    for (const std::string& member : r_.case_.members) {
        if (now_.world.health(member) != Health::good) return "'" + member + "' is not well";
    }
    return "";
}

bool RepairTurn::is_watched() const { return now_.inventory.has_target(r_.case_.target); }

// The configuration has the target no more: nobody will ever say that it helped, or that it did
// not.
void RepairTurn::end_unwatched() {
    for (const Repair::Done& done : r_.done_) {
        if (done.unknown && r_.unknown_once_) continue;  // said already
        record_action("action.unknown", done.key,
                      Json::object({{"reason", "no longer configured: nobody sees what it did"}}));
    }
    finish(How::withdrawn, r_.withdrawn_.value_or("no longer configured"));
}

void RepairTurn::go_on_verifying() {
    if (!r_.done_.empty() && !is_watched()) return end_unwatched();
    const std::string own = what_is_wrong();
    const std::optional<Time> from = good_from();
    const Time soaked = from ? add_saturating(*from, now_.limits.soak) : Time::max();
    const std::string around = own.empty() ? what_is_wrong_around(soaked) : "";
    if (own.empty() && around.empty()) return verified(r_.trouble_);
    const bool hopeful = from && symptoms_gone() != Answer::no;
    if (r_.quick_look_ && !hopeful && all_fresh_since(r_.check_from_)) {
        return attempt_failed(r_.trouble_);
    }
    if (now_.now >= r_.deadline_) {
        const Time last = add_saturating(r_.deadline_, now_.limits.soak + kSoakGrace);
        if (!hopeful || !got_worse().empty() || now_.now >= last) {
            r_.harmed_ = own.empty();
            const std::string wrong = own.empty() ? around : own;
            return attempt_failed(r_.trouble_.empty() ? wrong : r_.trouble_ + "; " + wrong);
        }
    }
    if (own.empty()) ask_around_in_time(soaked);
    if (!is_due()) {
        // The answer that ends the soak is asked for when it is over, not when a schedule comes
        // round.
        if (soaked > now_.now && r_.wake_ && soaked < *r_.wake_) wake_at(soaked);
        return;
    }
    if (!r_.asked_around_at_) ask_around(r_.check_from_);
    ask_again_soon();
    if (soaked > now_.now && soaked < *r_.wake_) wake_at(soaked);
}

void RepairTurn::verified(const std::string& reason) {
    for (const Repair::Done& done : r_.done_) {
        const std::string after = done.unknown ? "verified after unknown: " : "";
        record_action("action.verified", done.key,
                      Json::object({{"reason", after + "well over the soak"}}));
    }
    finish(How::verified, reason.empty() ? "well for " + format_duration(now_.limits.soak)
                                         : "well, though " + reason);
}

// --- when it did not work ---

void RepairTurn::attempt_failed(const std::string& reason) {
    r_.trouble_ = reason;
    for (const Repair::Done& done : r_.done_) {
        if (done.unknown && r_.unknown_once_) continue;  // stays unknown: people must look
        Json body = Json::object({{"reason", reason}});
        if (r_.harmed_) {
            body.set("harmed", true);
            body.set("harmed_targets", Json::of_strings(all_worse()));
        }
        record_action("action.failed", done.key, std::move(body));
    }
    if (r_.unknown_once_) return finish(How::unknown, reason);
    start_undo();
}

void RepairTurn::list_undo() {
    r_.undo_.clear();
    const auto add = [&](int step, size_t count) {
        for (size_t sub = 0; sub < count; ++sub) {
            PlannedCommand command;
            command.step = step;
            command.sub = static_cast<int>(sub);
            r_.undo_.push_back(std::move(command));
        }
    };
    if (r_.changed_entry_ || r_.done_.empty()) return;
    for (auto done = r_.done_.rbegin(); done != r_.done_.rend(); ++done) {
        add(done->step, entry().steps[static_cast<size_t>(done->step)].undo.size());
    }
    add(kEntryUndo, entry().undo.size());
}

void RepairTurn::start_undo() {
    r_.stage_ = Stage::undo;
    r_.undo_at_ = 0;
    r_.undo_failed_ = false;
    list_undo();
    enter(Phase::stepping);
}

void RepairTurn::next_undo() {
    if (r_.undo_at_ < r_.undo_.size()) {
        const PlannedCommand& next = r_.undo_[r_.undo_at_];
        return start_command(TicketKind::undo, next.step, next.sub);
    }
    if (!r_.undo_.empty() && !r_.undo_failed_) {
        for (const Repair::Done& done : r_.done_) {
            record_action("action.undone", done.key, Json::object({{"reason", r_.trouble_}}));
        }
    }
    attempt_over(r_.trouble_);
}

void RepairTurn::attempt_over(std::string reason) {
    r_.stage_ = Stage::steps;
    const bool any_effect = std::any_of(entry().steps.begin(), entry().steps.end(),
                                        [](const Step& step) { return step.has_effect(); });
    if (r_.withdrawn_) return finish(How::withdrawn, *r_.withdrawn_);
    // What did harm is not tried again: people are told, though the target may be well.
    if (r_.last_word_ || r_.harmed_ || !any_effect) return finish(How::gave_up, reason);
    if (r_.attempt_ >= attempts_most()) {
        return finish(How::gave_up, std::to_string(r_.attempt_) + " of " +
                                        std::to_string(attempts_most()) +
                                        " attempts failed: " + reason);
    }
    enter(Phase::backing_off);
    wake_in(back_off(r_.attempt_, now_.limits));
    ++r_.attempt_;
    r_.step_ = 0;
    r_.sub_ = 0;
    r_.done_.clear();
    r_.undo_.clear();
    r_.trouble_.clear();
    r_.quick_look_ = false;
    r_.changed_entry_ = false;
    r_.approval_.reset();
    r_.approval_used_at_.reset();
    set_state("resolving", "attempt failed: " + reason);
}

// A slow start may have ended well meanwhile: what is well is not repaired.
void RepairTurn::back_off_ended() {
    if (is_well_again()) return look_whether_well();
    start_attempt();
}

bool RepairTurn::is_well_again() const {
    return good_from() && !r_.streaks_.empty() && symptoms_gone() == Answer::yes;
}

void RepairTurn::look_whether_well() {
    r_.step_ = entry().steps.size();
    start_verifying();
}

}  // namespace ops

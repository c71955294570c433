// What became of a step that was sent: its outcome, or that nobody knows it (safety.md, section 2).
#include <algorithm>

#include "base/text.h"
#include "resolve/markers.h"
#include "resolve/recover.h"
#include "resolve/repair_turn.h"

namespace ops {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kLookStep = seconds(2);
constexpr Duration kLookMost = minutes(5);
// That the executor does not know a step says that it never ran only while its marker would still
// be there. A day less: the clock may have been moved meanwhile.
constexpr Duration kNeverIsCertain = kKeepMarkers - std::chrono::hours(24);
// Between two tries of a verify command.
constexpr Duration kTryStep = seconds(5);
constexpr int kReadTries = 3;  // of a step that only reads, when its outcome was lost

std::string_view name_of(Exit::How how) {
    switch (how) {
        case Exit::How::exited: return "exited";
        case Exit::How::signalled: return "signalled";
        case Exit::How::timed_out: break;
    }
    return "timed_out";
}

}  // namespace

void RepairTurn::look_up() {
    enter(Phase::looking);
    r_.wake_.reset();
    order(LookUp{{r_.key_, now_.epoch}});
}

void RepairTurn::look_again() { wake_in(kLookStep); }

void RepairTurn::looked(const RepairLooked& input) {
    if (r_.phase_ != Phase::looking || input.step_key != r_.key_) return;
    const Duration asked = now_.now - r_.phase_since_;
    if (!input.seen.ok()) {
        if (asked <= kLookMost) return look_again();
        return may_have_run("the executor cannot be asked: " + input.seen.error().message);
    }
    Seen seen = input.seen.value();
    if (seen.what == Seen::What::never && now_.now - r_.intended_at_ > kNeverIsCertain) {
        seen.what = Seen::What::unknown;
        seen.reason = "it was begun so long ago that the executor may have forgotten it";
    }
    const Found found = found_of(seen);
    bool approval_stands = true;
    if (found == Found::never_seen && !r_.changed_entry_) {
        const int step = r_.command_.step, sub = r_.command_.sub;
        if (!prepare(r_.command_.kind, step, sub)) return;
        approval_stands = ask_policy().verdict != Decision::Verdict::ask;
    }
    switch (recover(found, r_.command_.effect, approval_stands)) {
        case RecoverAct::run:
        case RecoverAct::ask_again:
            if (r_.changed_entry_) {
                not_run("it never ran, and the entry was changed since");
                return enter(Phase::stepping);
            }
            if (r_.withdrawn_) not_run("it never ran, and is no longer needed");
            if (!approval_stands) not_run("it never ran, and its approval no longer stands");
            return start_again();
        case RecoverAct::use_outcome: return ran(seen.exit.value_or(Exit{}), "disk");
        case RecoverAct::wait:
            if (asked <= std::max(r_.command_.time_limit, now_.limits.step_timeout) + kLookMost) {
                return look_again();
            }
            return may_have_run("it runs for longer than its limit");
        case RecoverAct::run_again:
        case RecoverAct::verify_else_retry:
        case RecoverAct::verify_else_escalate: return may_have_run(seen.reason);
    }
}

void RepairTurn::ran(const Exit& exit, std::string_view found) {
    record_action("action.outcome", r_.key_,
                  Json::object({{"how", name_of(exit.how)},
                                {"code", exit.code},
                                {"output", exit.output},
                                {"output_sha256", exit.output_sha256},
                                {"took_ms", int64_t{exit.took.count()}},
                                {"found", found}}));
    switch (r_.command_.kind) {
        case TicketKind::run: return after_run(exit);
        case TicketKind::collect:
        case TicketKind::verify_command: return after_read(exit);
        case TicketKind::undo: break;
    }
    r_.effect_at_ = now_.now;
    if (!exit.good()) not_undone("it could not be undone: " + step_words() + ": " + exit.print());
    record_action(exit.good() ? "action.verified" : "action.failed", r_.key_,
                  Json::object({{"reason", "undo: " + exit.print()}}));
    ++r_.undo_at_;
    enter(Phase::stepping);
}

// Did it do its work, although it did not say so? ssh's own failure is 255, and it may come after
// the command began.
bool RepairTurn::is_doubtful(const Exit& exit) const {
    if (exit.how == Exit::How::timed_out) return true;
    return !r_.command_.host.empty() && exit.how == Exit::How::exited && exit.code == 255;
}

void RepairTurn::after_run(const Exit& exit) {
    r_.attempts_made_ = r_.attempt_;
    r_.effect_at_ = now_.now;
    r_.streaks_.clear();
    r_.done_.push_back({r_.key_, r_.command_.step, false, false});
    if (exit.good() || (!r_.changed_entry_ && step().continue_on_error)) return next_step();
    r_.trouble_ = step_words() + ": " + exit.print();
    const bool doubtful = is_doubtful(exit);
    if (doubtful && r_.command_.effect == Effect::once) {
        r_.done_.back().unknown = true;
        r_.unknown_once_ = true;
        record_action("action.unknown", r_.key_,
                      Json::object({{"reason", exit.print() + ": it may have had its effect"}}));
    }
    r_.quick_look_ = !doubtful;
    start_verifying();
}

void RepairTurn::after_read(const Exit& exit) {
    const bool collect = r_.command_.kind == TicketKind::collect;
    record_action(exit.good() ? "action.verified" : "action.failed", r_.key_,
                  Json::object({{"reason", exit.print()}}));
    r_.asked_before_.insert(r_.key_);
    // Asked before a restart: that settles it, but how things were then is no answer now.
    if (r_.resumed_ == Repair::Resumed::pending) return enter(Phase::stepping);
    if (collect) {
        order(Evidence{r_.command_.step, r_.command_.print(), exit});
        ++r_.sub_;
        return enter(Phase::stepping);
    }
    if (exit.good() || r_.changed_entry_) return next_step();
    r_.trouble_ = step_words() + ": " + exit.print();
    enter(Phase::checking);
    if (now_.now >= r_.deadline_) return go_on_checking();
    wake_at(std::min(add_saturating(now_.now, kTryStep), r_.deadline_));
}

// Nobody knows how things are then: nothing is begun on top of it.
void RepairTurn::not_undone(const std::string& why) {
    r_.undo_failed_ = true;
    r_.last_word_ = true;
    r_.trouble_ += ", and " + why;
}

// safety.md, section 2, the row "seen, outcome unknown".
void RepairTurn::may_have_run(const std::string& reason) {
    record_action("action.unknown", r_.key_, Json::object({{"reason", reason}}));
    switch (r_.command_.kind) {
        case TicketKind::collect:
            r_.asked_before_.insert(r_.key_);
            ++r_.sub_;
            return enter(Phase::stepping);
        case TicketKind::verify_command:
            r_.asked_before_.insert(r_.key_);
            if (r_.changed_entry_) return enter(Phase::stepping);
            enter(Phase::checking);
            return wake_at(std::min(add_saturating(now_.now, kTryStep), r_.deadline_));
        case TicketKind::undo:
            not_undone("whether it was undone is not known");
            ++r_.undo_at_;
            return enter(Phase::stepping);
        case TicketKind::run: break;
    }
    if (r_.command_.effect == Effect::read && !r_.changed_entry_ && r_.sub_ + 1 < kReadTries) {
        ++r_.sub_;
        return enter(Phase::stepping);
    }
    r_.attempts_made_ = r_.attempt_;
    r_.effect_at_ = now_.now;
    r_.streaks_.clear();
    r_.done_.push_back({r_.key_, r_.command_.step, false, true});
    r_.trouble_ = step_words() + " may have run: " + reason;
    if (r_.command_.effect == Effect::once) {
        r_.unknown_once_ = true;
    } else {
        r_.attempts_most_ = std::min(attempts_most(), r_.attempt_ + 1);
    }
    start_verifying();
}

}  // namespace ops

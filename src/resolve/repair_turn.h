// RepairTurn: what happens within one Repair::take(). It has the repair, how things are, and the
// orders so far.
//
// repair.cc        resume, and which input goes where
// repair_turn.cc   steps: planning, policy, intents, tickets and their replies
// repair_outcome.cc what became of a step that was sent
// repair_verify.cc looking at the world: verify steps, final verification, undo, next attempt
// repair_around.cc what else could be harmed, before and after
#pragma once

#include <string>

#include "resolve/repair.h"

namespace ops {

class RepairTurn {
public:
    RepairTurn(Repair& repair, const Conditions& now, RepairOrders& orders)
        : r_(repair), now_(now), orders_(orders) {}

    // repair.cc
    void begin();
    void go_on();  // until something has to be waited for
    void time_passed();
    void approved(const RepairApproved& input);
    void rejected(const RepairRejected& input);
    void withdrawn(const RepairWithdrawn& input);

    // repair_turn.cc
    void replied(const RepairReply& input);
    void http_done(const RepairHttp& input);

    // repair_outcome.cc
    void looked(const RepairLooked& input);

    // repair_verify.cc
    void observed(const Observation& observation);

private:
    using Phase = Repair::Phase;
    using Stage = Repair::Stage;
    using How = Finished::How;

    // repair_turn.cc
    void start_attempt();
    void hold_ended();
    void rest_while_paused(const std::string& reason);
    void pause_ended();
    void entry_changed();
    const Result<std::vector<PlannedCommand>>& effects_of_plan() const;
    void not_run(const std::string& reason);
    void do_step(const Step& step);
    void next_step();
    void take_unasked_key();
    bool prepare(TicketKind kind, int step,
                 int sub);  // false: it cannot be, and that is dealt with
    void start_command(TicketKind kind, int step, int sub);
    void start_again() { start_command(r_.command_.kind, r_.command_.step, r_.command_.sub); }
    Decision ask_policy();
    void act_on(const Decision& decision);
    int actions_left() const;
    void ask_people(const Decision& decision);
    bool goes_on_asking(const Decision& decision, const std::string& plan);
    void hold(const Decision& decision);
    void denied(const Decision& decision);
    void intend();
    Json intent_body() const;
    void send();
    void send_again_later();
    void refused(const TicketReply& reply);
    void cannot_act(const std::string& reason, Refusal refusal, std::optional<Time> again_at);

    // repair_outcome.cc
    void look_up();
    void look_again();
    void ran(const Exit& exit, std::string_view found);
    void may_have_run(const std::string& reason);
    void not_undone(const std::string& why);
    void after_run(const Exit& exit);
    void after_read(const Exit& exit);
    bool is_doubtful(const Exit& exit) const;

    // repair_verify.cc
    void start_checking(const Step& step);
    void go_on_checking();
    enum class Answer { yes, no, not_yet };
    Answer answer_of(const Verification& verification) const;
    void start_verifying();
    void go_on_verifying();
    bool is_watched() const;
    void end_unwatched();
    bool all_fresh_since(Time from) const;
    bool all_good_since(Time from) const;
    std::string what_is_wrong() const;  // "" when all is well and has been for the soak
    Answer symptoms_gone() const;
    std::optional<Time> good_from() const;  // since when every check has been good
    void attempt_failed(const std::string& reason);
    void list_undo();
    void start_undo();
    void next_undo();
    void attempt_over(std::string reason);  // a copy: what it tells of is cleared
    void back_off_ended();
    bool is_well_again() const;
    void look_whether_well();
    void verified(const std::string& reason);

    // repair_around.cc
    bool survey_first();  // true: it has begun, and start_again() follows
    void go_on_surveying();
    void note_surroundings();
    std::optional<Health> glance(const std::string& name, Time since) const;  // at all its checks
    std::vector<std::string> all_worse() const;
    std::string got_worse() const;  // the first of them
    std::string what_is_wrong_around(Time since) const;
    void ask_around(Time since);  // those who were not seen well since then
    void ask_around_in_time(Time soaked);

    // small words
    void record(std::string kind, Json body);
    void record_action(std::string kind, const std::string& key, Json more);
    void set_state(std::string_view state, const std::string& reason);
    void say_waits(const std::string& reason, std::optional<Time> until);
    void order(RepairOrder order) { orders_.then.push_back(std::move(order)); }
    void enter(Phase phase);
    void wake_at(Time at);
    void wake_in(Duration span) { wake_at(add_saturating(now_.now, span)); }
    void
    ask_again_soon();  // a recheck now and the next look in a while, the deadline at the latest
    bool is_due() const { return r_.wake_ && now_.now >= *r_.wake_; }
    void finish(How how, const std::string& reason, Refusal refusal = Refusal::none,
                std::optional<Time> again_at = std::nullopt);
    const Entry& entry() const { return r_.case_.entry; }
    const Step& step() const { return entry().steps[r_.step_]; }
    std::string step_words() const;  // "step 2 'systemctl restart x'"
    int attempts_most() const;

    Repair& r_;
    const Conditions& now_;
    RepairOrders& orders_;
    mutable std::optional<Result<std::vector<PlannedCommand>>> plan_;  // made once a turn
};

}  // namespace ops

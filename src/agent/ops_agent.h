// OpsAgent: the loop of the specification, and the only thread that decides.
//
//     monitor -> detect -> diagnose -> resolve -> escalate -> learn
//
// It is fed Inputs and ticks, hands each to the room it concerns, and carries plain values between
// rooms. What must be remembered goes to the journal first: every turn ends with one commit, and
// only after it anything is done in the world (a ticket, a message, an HTTP reply). When the commit
// fails nothing is done, and the agent stops
// (`failure`): what is certain is on the disk, and the next start reads it from there.
//
// Rooms never call back into it but through the small interfaces at the end of this header.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/case.h"
#include "agent/evidence.h"
#include "agent/load.h"
#include "agent/log_book.h"
#include "agent/orders.h"
#include "agent/ports.h"
#include "agent/recorded_samples.h"
#include "agent/security_book.h"
#include "detect/detect.h"
#include "diagnose/causes.h"
#include "diagnose/diagnose.h"
#include "escalate/escalate.h"
#include "escalate/press.h"
#include "learn/candidate.h"
#include "learn/candidate_replay.h"
#include "learn/ladder.h"
#include "monitor/check_numbers.h"
#include "monitor/heartbeats.h"
#include "monitor/signs_of_life.h"
#include "record/history.h"
#include "record/memories.h"
#include "record/store.h"
#include "resolve/limiter.h"
#include "resolve/policy.h"
#include "web/api.h"
#include "web/control.h"

namespace ops {

struct AgentOptions {
    std::string config_file;
    Environment environment;
    StoreOptions store;  // the simulator's disk
    std::string version;
    WebAccess access;  // of the HTTP API
    // What the buttons of messages are sealed with; empty: messages have none.
    std::string press_key;
};

// A channel's lines go where the program's own log goes.
std::unique_ptr<LogSink> channel_log(Log& log);
ChannelPorts channel_ports(const Ports& ports, LogSink& log);

Json causes_json(const std::vector<Cause>& causes);  // for the journal

class OpsAgent final : private Control, private RepairWorld, private HistorySource {
public:
    // Opens the journal in the data folder, raises the epoch, takes up what was under way, and
    // starts watching.
    static Result<std::unique_ptr<OpsAgent>> start(Ports ports, AgentOptions options,
                                                   std::unique_ptr<Loaded> loaded);
    ~OpsAgent() override;
    OpsAgent(const OpsAgent&) = delete;
    OpsAgent& operator=(const OpsAgent&) = delete;

    void handle(std::vector<Input> inputs);
    // About once a second, and whenever next_wake() has come.
    void tick();
    std::optional<Time> next_wake() const;
    // A clean end: states are saved, what runs is in the journal.
    void stop();
    // Set once the journal could not be written: nothing more is decided or done.
    const std::optional<Error>& failure() const { return failure_; }

    // For the simulator's invariants and the tests.
    Store& store() { return *store_; }
    const std::map<std::string, Case>& cases() const { return cases_; }

private:
    OpsAgent(Ports ports, AgentOptions options, std::unique_ptr<Loaded> loaded);

    // The specification's steps, in the order of an incident's life.
    void monitor_all_services(const Reply& reply);
    void observe(const Observation& observation, const std::vector<std::string>& events);
    void detect(const Changes& changes);
    void diagnose(Case& the_case);
    void attempt_resolve(Case& the_case);
    bool should_escalate(const Case& the_case) const;
    void escalate(Case& the_case);
    std::optional<IncidentNews> news_of(const Case* the_case, Time now) const;
    std::vector<std::string> down_of(const std::vector<std::string>& targets) const;
    void tell_criteria();
    void learn_from_resolution(Case& the_case);

    // ops_agent.cc
    void turn();
    void settle();
    bool commit();
    void note(std::string kind, const Case* the_case, const std::string& target, Json body);
    void append(Event event);
    bool is_old_refusal(const Event& event);
    void ask_again_after_pause();
    void take(const Input& input);
    void expect(const std::vector<Input>& inputs, size_t at) const;
    void on_probe(const ProbeEvent& event);
    void judged(ops::Check& check, const Judged& judged);
    void keep_samples(const Observation& observation, const std::vector<Fact>& follows = {});
    void keep_answer(const Observation& observation);
    uint32_t index_of_fact(const std::string& name);
    void flush_samples();
    void flush_noted();
    void save_states();
    void hear_heartbeats(Time now);
    void restore_heartbeats(const Json& saved);

    // agent_start.cc
    Result<> open();
    Result<> raise_epoch();
    void take_epoch(uint64_t epoch);
    Result<> take_up();
    Result<> count_again();
    Result<> hold_its_targets(const Incident& incident);
    Result<std::vector<Action>> actions_of(const Incident& incident);
    Result<> take_up_incident(const Incident& incident);
    Result<> take_up_told(const Incident& incident);
    void resume_repair(Case& the_case);
    void watch();
    void look_at_all();  // from now on, as the loaded configuration says
    // Detector, heartbeats and escalator of the loaded configuration; `before` are the checks that
    // were in force until now. Returns the numbers of those that are from now on.
    std::vector<uint32_t> arrange(CheckList before);
    Result<> reload();

    // agent_detect.cc
    void on(const TargetChanged& change);
    void on(const IncidentOpen& change);
    void on(const IncidentUpdate& change);
    void on(const IncidentFolded& change);
    void on(const IncidentClear& change);
    void on(const CriterionHit& change);
    void on(const CriterionCleared& change);
    void on(const Recheck& change);
    void on(const FlappingChanged& change);
    void on(const Suppressed& change);
    void on(const TargetEvent& change);
    bool is_closed_by_people(const std::string& key);
    void open_anew(const IncidentOpen& change);
    void clear(Case& the_case, const IncidentClear& change);
    void end_harm(Time now);
    void give_up_key(const Case& ended);
    void adopt(const Case& the_case);
    Case& open_case(const std::string& key, const std::string& target, Json body);
    Case* find_by_key(const std::string& key);
    Case* find_case(std::string_view id);
    void no_longer_watched(Case& the_case, const std::string& reason);
    void resolve_case(Case& the_case, const std::string& by, const std::string& reason,
                      const std::string& note);

    // agent_repair.cc
    void start_repair(Case& the_case);
    RepairCase repair_case_of(const Case& the_case) const;  // requires: it has an entry
    bool is_held_back(const std::string& target) const;
    bool put_off(Case& the_case, const RepairInput& input);
    bool is_left(Case& the_case, const RepairInput& input);
    void feed(Case& the_case, const RepairInput& input);
    void withdraw_repair(Case& the_case, const std::string& reason);
    void carry_out(const std::string& incident, const RepairOrder& order);
    void finished(Case& the_case, const Finished& finished);
    void recheck(const std::string& target, bool http_only);
    void wake_repairs();
    void repairs_follow_clock();
    bool is_seen_again(const Case& the_case) const;
    bool is_note(const Incident& incident) const;  // pages nobody, and is nothing to repair
    void no_longer_waits(const Case& the_case);
    void gave_up(Case& the_case);  // for now or for good: people are told
    std::optional<BudgetAnswer> barred(const Entry& entry, const std::string& target) const;

    // agent_causes.cc
    Result<> restore_causes();
    void save_causes(Time now);
    void follow_causes(const Event& event);
    std::vector<Cause> causes_of(const Case& the_case, const Diagnosis& diagnosis) const;
    void note_diagnosis(Case& the_case, const std::string& entry);  // requires: diagnosed
    void review_causes();
    std::string upstream_of(const Case& the_case) const;

    // agent_investigate.cc
    void investigate(Case& the_case);
    bool may_investigate(const Case& the_case) const;
    InvestigationCase what_is_known(const Case& the_case) const;
    void feed(Case& the_case, const InvestigationInput& input);
    void carry_out(Case& the_case, const InvestigationOrder& order);
    void ask_model(Case& the_case, const Prompt& prompt);
    // The ticket of a diagnostic, whose asking is in the journal; or why it cannot be run.
    Result<Ticket> order_look(Case& the_case, const RunDiagnostic& wanted);
    void run_diagnostic(Case& the_case, const RunDiagnostic& wanted);
    void check_prediction(Case& the_case);
    void on_replied(const ModelReplied& replied);
    void on_replied(const DiagnosticReplied& replied);
    void concluded(Case& the_case, const Concluded& concluded);
    void propose(Case& the_case, const Hypothesis& hypothesis);
    void start_looking(const std::string& incident, const LookCloser& look);
    void start_asking(const std::string& incident, const CallModel& call);

    // agent_brain.cc: memory decides nothing; without it all goes on
    void open_memories();
    void without_memories(const Error& error);
    void recall_similar(Case& the_case);
    std::vector<std::string> log_signs(const Incident& incident) const;
    void take_up_similar(Case& the_case);
    void note_recalled(const Case& the_case, const std::vector<Recalled>& recalled);
    void mark_used(Memory& memory);
    void remember(const Case& the_case);
    void judge_memories(Case& the_case);  // those that came up: was what they say right?
    std::vector<KnownDeed> deeds_of(const Memory& memory, const std::string& target) const;
    bool was_right(const Case& the_case, const KnownDeed& deed) const;
    void judge_memory(Memory& memory, bool was_right, const Case& the_case);
    void keep_up_memories();
    Result<Json> search_memories(const View& view);
    Result<Json> add_memory(const Deed& deed);
    std::string group_of(const std::string& target) const;
    void start_asking(const std::string& incident, const AskBrain& ask);
    void start_telling(const TellBrain& tell);
    void tell_outside();
    void on_replied(BrainAnswered answered);
    void on_replied(const BrainTold& told);
    void outside_brain_is(const std::optional<Error>& error);
    // agent_learn.cc: entries that were learned, and their rungs
    enum class Hand { off, may_have_changed_it };  // the file, since it was read last
    Result<> take_up_learned();
    void settle_learned(Hand hand);
    std::optional<Entry> entry_named(const std::string& name, const std::string& target) const;
    void consider_learned(Case& the_case, const Situation& situation, Diagnosis& diagnosis);
    void note_would(Case& the_case, const Entry& entry);
    void take_up_shadows(Case& the_case) const;
    void learn_entries(Case& the_case);
    void learned_failed(Case& the_case, const std::string& reason);
    void judge_learned(Case& the_case, const std::string& id, const std::string& entry,
                       Trial judged, const std::string& why);
    void rise(const std::string& id);
    void move_learned(const Move& move, const std::string& by, const std::string& via,
                      Case* the_case);
    void write_learned();
    void read_learned_again(const ConfigText& text);
    Json learned_json() const;
    Result<Json> move_candidate(const Deed& deed, const std::string& by);

    // agent_candidates.cc: what people do, written down as entries
    struct Deeds {
        std::vector<KnownDeed> done;
        std::vector<std::string> typed;  // made harmless: what is nothing we know
    };
    Deeds note_deeds(Case& the_case);
    Deeds typed_deeds(const Incident& incident, const std::vector<KnownDeed>& known) const;
    std::vector<std::string> typed_since(const Incident& incident) const;
    std::optional<Episode> episode_of(const Incident& incident) const;
    std::vector<Episode> episodes(const std::string& target, const std::string& group) const;
    std::set<std::string> own_incidents(const Standing& standing) const;
    void keep_up_replays(Time now);
    void on_replayed(const CandidateReplayed& replayed);
    HealthyFacts healthy_facts(const std::vector<Episode>& pattern) const;
    void keep_up_learning();
    bool look_for_pattern(const std::string& id);
    void write_candidate(const std::vector<Episode>& pattern);

    // agent_evidence.cc
    void want_evidence(Case& the_case);
    bool gather_evidence();  // of some that are waiting; false: of none
    void gather(Case& the_case);
    void gather_facts(Case& the_case, const std::string& target);
    void add_evidence(Case& the_case, const std::string& source, const std::string& target,
                      std::string text, Json more = Json::object());
    void skip_evidence(Case& the_case, const std::string& what, const std::string& reason);
    std::string what_differs(const std::string& target) const;
    std::string around(const Incident& incident) const;
    std::string recent_changes() const;
    std::vector<std::string> diagnostics_of(const std::string& target) const;
    Complaint trouble_of(const Case& the_case) const;
    void plan_looks(Case& the_case);
    void start_next_looks();
    void looked(const DiagnosticReplied& replied);
    void add_printed(Case& the_case, const std::string& diagnostic, const Exit& exit);
    void look_is_over(Case& the_case);
    void gathered(Case& the_case);
    std::vector<EvidenceItem> evidence_for_model(const Case& the_case) const;
    Result<> remember_evidence(Case& the_case);

    // agent_logs.cc
    void learn_log(const ops::Check& check, const Judged& judged);
    const LogRow* log_row_of(const ops::Check& check) const;  // null: it is no log's
    void tell_new_patterns();
    bool save_logs(LogBook::Save what);
    Result<> restore_logs();

    // agent_security.cc
    void learn_security(const ops::Check& check, const Judged& judged);
    void tell_security();
    void push_security(const std::string& target, std::string title, const std::string& text);
    bool is_of_security(const Case& the_case) const;
    void take_criterion(Case& the_case, const std::string& name) const;
    Case* security_case_of(const std::string& target);
    bool save_security();
    Result<> restore_security();

    // agent_maintenance.cc
    struct OrderedWindow {  // that a person opened
        MaintenanceWindow window;
        std::string id, by, via, reason;
    };
    struct OpenWindow {
        const MaintenanceWindow* window;
        const OrderedWindow* order;  // null: it is of the configuration
        Time until;
    };
    enum class Windows { open, also_next };
    std::vector<OpenWindow> open_windows(Time now) const;
    std::optional<OpenWindow> window_of(const std::string& target,
                                        const std::vector<OpenWindow>& open) const;
    std::optional<Time> open_until(const MaintenanceWindow& window, Time now) const;
    bool is_in_maintenance(const std::string& target) const;
    void keep_windows(Time now, const Json& deed);
    void note_began(const std::string& target, const OpenWindow& window);
    void repairs_go_on(const std::string& target, Time at);
    Result<> restore_silences();
    Result<> restore_windows(const Json& saved);
    Result<Json> order_maintenance(const Deed& deed, const std::string& by);
    Result<Json> end_maintenance(const Deed& deed, const std::string& by);
    Result<Json> end_opening(const Deed& deed, const std::string& by);
    Json maintenance_json(Windows which) const;

    // agent_digest.cc
    void keep_digest(Time now);
    void add_quiet(Json& report) const;

    // agent_watch.cc
    void send_sign_of_life(Time now);
    void on_sign_sent(const SignSent& sent);
    void follow_clock();
    bool is_clock_trusted(Time now) const;
    void remove_old_records(Time now);
    void check_self(Time now);
    void prune_journal(Time now);
    void check_below(Time now);
    void check_lateness();
    void on_self_checked(const SelfChecked& checked);
    void note_model(const std::string& incident, const std::optional<Error>& error);
    void check_own_disk(const Result<DiskSpace>& disk);
    void self_fails(const std::string& what, const std::string& title, const std::string& reason,
                    Level level);
    void self_is_well(const std::string& what, const std::string& why);

    // agent_outside.cc
    Result<> push_alerts(const Push& push);
    Result<> push_event(const Push& push);
    Result<Json> push_facts(const Push& push);
    Result<> push_heartbeat(const Push& push);
    void note_truncated(const std::string& source, int64_t truncated);
    void take_alert(const OutsideAlert& alert);
    void open_alert(const OutsideAlert& alert);
    void end_alert(Case& the_case, const std::string& reason);
    // False: the case is about no alert that still fires.
    bool wait_for_alert(Case& the_case, const std::string& reason);
    void keep_alerts(Time now);
    void keep_alert(Case& the_case, Time now);
    std::optional<BudgetAnswer> barred_for_alert(const Case& the_case, const Entry& entry,
                                                 Time now) const;
    std::optional<Duration> held_for_alert(const Case& the_case, const Entry& entry,
                                           Time now) const;
    bool is_of_repair(const IncidentOpen& change) const;
    Result<> take_up_alert(Case& the_case, const Json& opened);

    // agent_signs.cc
    void take_sign(const OutsideAlert& alert);
    void keep_signs(Time now);

    // agent_alerts.cc
    void raise_level(Case& the_case, Level level);
    void tell(const std::vector<AlertDraft>& drafts);
    void send_due();
    std::optional<PreviousMessage> sent_before(const OutboxRow& row);
    void on_delivered(const AlertDelivered& delivered);
    void prepare_channels();
    void channel_fails(const std::string& channel, const std::string& reason);
    void channel_works(const std::string& channel, const std::string& why);

    // agent_presses.cc
    std::vector<AlertAction> actions_for(const AlertDraft& alert, const ChannelSettings& channel);
    void listen_for_presses(Time now);
    void end_unasked_answers();
    bool is_answerable(const std::string& channel) const;
    void on_heard(const PressesHeard& heard);
    void take_press(const ChannelSettings& channel, const SeenPress& press);
    void start_answering(const AnswerPress& answer);
    Error refuse_press(const std::string& channel, const std::string& person, Error why);
    Result<std::string> pressed(const std::string& channel, const std::string& token,
                                const std::string& person, const std::string& via);
    Result<std::string> do_press(Case& the_case, const PressClaim& claim, const std::string& person,
                                 const std::string& via);
    std::vector<std::pair<std::string, std::string>> what_is_shown(const Case& the_case) const;
    void know_knocks(const ChannelSettings& channel);
    Result<Json> press_by_knock(const Deed& deed);
    Result<Json> press_by_link(const Deed& deed);
    Result<Json> look_at_link(const View& view) const;
    Result<> restore_presses();

    // agent_control.cc: Control
    Result<Json> look(const View& view) override;
    Result<Json> act(const Deed& deed) override;
    Result<Json> push(const Push& push) override;
    std::string metrics() override;
    std::string late_metrics() const;
    bool is_ready() override;
    Json health_json() const;
    Json target_json(const TargetState& state) const;
    Result<Json> act_on_case(const Deed& deed);
    Result<Json> set_paused(bool paused, const Deed& deed);

    // agent_silences.cc
    Result<> check_names(const std::vector<Matcher>& matchers) const;
    Result<Json> add_silence(const Deed& deed, const std::string& by);
    Result<Json> end_silence(const Deed& deed, const std::string& by);
    Json silences_json() const;
    void save_soon();

    // RepairWorld
    Value evaluate(const expr::Expression& expression, std::string_view target) const override;
    Health health(std::string_view target) const override;
    std::vector<RepairWorld::Check> checks(std::string_view target) const override;
    std::optional<Time> last_heartbeat(std::string_view target) const override;
    Json before(std::string_view target) const override;
    bool systemic(std::string_view incident) const override;

    // HistorySource
    std::vector<Sample> samples(std::string_view target, std::string_view fact, Time from,
                                Time to) const override;
    std::vector<Time> events(std::string_view target, std::string_view kind, Time from,
                             Time to) const override;

    struct Deferred {  // done in the world after the commit that it rests on
        std::string incident;
        std::variant<RepairOrder, WebReply, LookCloser, CallModel, AskBrain, TellBrain, AnswerPress>
            what;
        uint64_t connection = 0;
    };

    struct Life;
    std::shared_ptr<Life> life_;
    Ports ports_;  // of which its jobs hold a copy: they may end when it is gone
    AgentOptions options_;
    std::unique_ptr<Loaded> loaded_;
    CheckNumbers numbers_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<History> history_;
    std::unique_ptr<Memories> memories_;  // null: they cannot be opened or written
    Time next_expiry_{};
    int recalls_ = 0;  // since the last tick
    // Of the outside Brain.
    std::deque<std::string> untold_;  // ids of memories, oldest first
    bool is_telling_ = false;
    bool outside_brain_fails_ = false;
    Time ask_outside_again_{};
    std::unique_ptr<Detector> detector_;
    std::unique_ptr<HeartbeatBook> heartbeats_;
    Time heartbeats_seen_at_{};            // those late until then are known
    std::set<uint32_t> heartbeats_asked_;  // by the detector: at the next tick
    std::unique_ptr<Escalator> escalator_;
    std::vector<std::optional<Time>> open_windows_;  // of the configuration's, in its order
    std::vector<OrderedWindow> ordered_windows_;
    std::map<std::string, Time> ended_openings_;  // by a person, of the configuration's windows
    std::map<std::string, Time> in_maintenance_;  // targets, until when
    Time windows_seen_at_{};
    std::string digest_day_;  // of the newest; empty: there was none yet
    Time digest_until_{};     // what happened until then was in it
    Time next_sign_{};
    bool is_signing_ = false;
    Time next_self_check_{};
    bool is_self_checking_ = false;
    int executor_failed_ = 0, models_failed_ = 0;   // in a row
    std::set<std::string> models_failed_for_;       // open incidents
    uint64_t checks_before_ = 0, late_before_ = 0;  // at the last self-check
    int signs_failed_ = 0;                          // in a row
    std::optional<Duration> last_tick_;             // by the steady clock
    std::optional<Duration> wall_ahead_;            // of the steady clock
    Duration jumped_by_{};                          // since the last tick
    Time stalled_at_{}, jumped_at_{};
    Limiter limiter_;
    Spending spending_;
    CauseRecord cause_record_;
    bool causes_unsaved_ = false;
    bool causes_stale_ = false;  // something happened that may be a cause
    Time next_causes_save_{};
    Protected protected_;
    uint64_t epoch_ = 0;
    bool is_epoch_given_ = false;  // by the executor; else it is our own count
    std::string boot_;

    std::map<std::string, Case> cases_;  // open incidents by id
    std::map<std::string, std::string> case_by_key_;
    std::vector<Event> pending_;  // of this turn, not yet on the disk
    std::deque<Deferred> deferred_;
    std::vector<PendingLook> pending_looks_;
    std::vector<PendingSample> pending_samples_;
    std::map<std::string, uint32_t, std::less<>> fact_index_;
    std::vector<std::string> fact_names_;
    LogBook logs_;
    // What an event that is being told says, and the incident it led to.
    struct BeingTold {
        std::string title;  // of the incident that it opens; empty: the detector's
        std::string line;
        std::string event_text;  // for the alert; empty: nothing beyond the reason
        std::string incident;
    };
    std::optional<BeingTold> being_told_;
    std::map<std::string, int64_t> alerts_truncated_;  // by source, as it was told last
    SignsOfLife signs_;
    SecurityBook security_;
    Time next_security_save_{};
    struct SudoRan {
        Time at;
        std::string user, command;
    };
    std::deque<SudoRan> sudo_ran_;  // where learn: {journal: true}
    Time next_trim_{};
    // What checks that are not well were answered last, and of whom.
    std::map<uint32_t, std::pair<std::string, std::string>> answers_;
    std::deque<std::string> to_gather_;  // incidents whose evidence is to be collected
    struct PlannedLook {
        std::string incident, diagnostic;
        Time not_before{};
    };
    std::deque<PlannedLook> planned_looks_;
    std::map<std::string, Time> looks_under_way_;   // incident and diagnostic: given up then
    std::set<std::string> looking_up_;              // incidents whose past is being asked for
    std::set<std::string> criteria_met_;            // keys of incidents: people hear of them soon
    std::map<std::string, Time> closed_by_people_;  // keys; quiet until then while it stays down
    std::set<std::pair<std::string, std::string>> sending_;  // alert key, channel
    std::shared_ptr<LogSink> channel_log_;                   // of messages under way, too
    // What a channel was asked for presses.
    struct Ear {
        std::string cursor;
        bool is_listening = false;
        Time next{};
        int failed = 0;  // in a row
    };
    std::map<std::string, Ear> ears_;                 // by channel
    std::map<std::string, ChannelSettings> knocked_;  // those answered at our port, with secrets
    std::map<std::string, Time> used_presses_;        // seals
    std::deque<Time> refused_presses_;                // those that were written down
    std::map<std::string, Time> last_beat_;
    // What was learned.
    static constexpr Duration kGoodTimesFirst = std::chrono::minutes(10);
    Ladder ladder_;
    Runbook learned_;                       // the entries that are in force
    std::string learned_text_;              // of the file, as it was last seen
    std::string learned_problem_;           // why it cannot be written
    bool learned_changed_ = false;          // the journal says more than the file
    std::map<std::string, Time> to_learn_;  // incidents that are over, and when to look at them
    Time next_learning_{};
    bool is_replaying_ = false;
    std::set<std::string> to_replay_;           // learned entries that have earned a rung
    std::map<std::string, Time> replay_tried_;  // learned entries
    std::optional<Error> failure_;
    bool watching_ = false;
    Time watching_since_{};
    bool states_changed_ = false;
    bool outbox_may_have_work_ = true;
    bool reload_wanted_ = false;
    Time next_save_{}, soonest_save_{};
    Time next_outbox_{};
    Time next_upkeep_{};
    // While a reply is judged that brought its re-check along: does the detector ask for it?
    struct SecondLook {
        uint32_t check = 0;
        bool is_wanted = false;
    };
    std::optional<SecondLook> second_look_;
    uint64_t checks_done_ = 0;
    // Replies whose check began at most so late; the last counts those that were later still.
    static constexpr auto kLateSteps = std::to_array<int>(
        {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000});  // milliseconds
    std::array<uint64_t, kLateSteps.size() + 1> late_{};
    uint64_t late_ms_ = 0;  // all of them together
    uint64_t actions_done_ = 0;
    uint64_t alerts_sent_ = 0;
};

}  // namespace ops

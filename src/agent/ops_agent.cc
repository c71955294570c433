#include "agent/ops_agent.h"

#include <algorithm>
#include <mutex>

#include "agent/redacted.h"
#include "agent/views.h"
#include "base/assert.h"
#include "base/id.h"
#include "base/prefetch.h"
#include "base/text.h"
#include "io/free_memory.h"
#include "series/series.h"

namespace ops {
namespace {

constexpr Duration kSaveEvery = std::chrono::seconds(30);
constexpr Duration kUpkeepEvery = std::chrono::seconds(10);
constexpr Duration kTrimFirst = std::chrono::seconds(30);
constexpr Duration kTrimEvery = std::chrono::minutes(10);
constexpr int kMostRoundsATurn = 64;  // of commit and carrying out; more is a bug of ours

}  // namespace

// Held while an answer is handed over, so that none comes in once it is over.
struct OpsAgent::Life {
    std::mutex mutex;
    bool is_over = false;
};

OpsAgent::OpsAgent(Ports ports, AgentOptions options, std::unique_ptr<Loaded> loaded)
    : life_(std::make_shared<Life>()),
      ports_(std::move(ports)),
      options_(std::move(options)),
      loaded_(std::move(loaded)),
      limiter_(loaded_->settings.limits),
      channel_log_(channel_log(ports_.log)) {
    ports_.post = [life = life_, post = std::move(ports_.post)](Input input) {
        const std::lock_guard lock(life->mutex);
        if (!life->is_over) post(std::move(input));
    };
}

// What it ordered and nobody answered yet is in the journal; the next life asks for itself.
OpsAgent::~OpsAgent() {
    const std::lock_guard lock(life_->mutex);
    life_->is_over = true;
}

void OpsAgent::handle(std::vector<Input> inputs) {
    if (!failure_) follow_clock();
    for (size_t i = 0; i < inputs.size(); ++i) {
        if (failure_) return;
        expect(inputs, i);
        take(inputs[i]);
    }
    turn();
}

// What the answers after this one will touch is asked for now (base/prefetch.h).
void OpsAgent::expect(const std::vector<Input>& inputs, size_t at) const {
    const auto& checks = loaded_->checks.checks;
    constexpr size_t kStep = 2;  // answers from one step to the next
    if (at + 4 * kStep < inputs.size()) prefetch(&inputs[at + 4 * kStep]);
    for (size_t step = 0, ahead = 3 * kStep; step < 3; ++step, ahead -= kStep) {
        if (at + ahead >= inputs.size()) continue;
        const auto* const probe = std::get_if<ProbeEvent>(&inputs[at + ahead]);
        const auto* const reply = probe == nullptr ? nullptr : std::get_if<Reply>(probe);
        if (reply == nullptr || reply->check >= checks.size()) continue;
        if (step == 0 && checks[reply->check]) prefetch(checks[reply->check].get());
        detector_->expect(reply->check, static_cast<int>(step));
    }
}

void OpsAgent::take(const Input& input) {
    if (const auto* probe = std::get_if<ProbeEvent>(&input)) return on_probe(*probe);
    if (const auto* answer = std::get_if<RepairAnswer>(&input)) {
        looking_up_.erase(answer->incident);
        if (Case* the_case = find_case(answer->incident)) feed(*the_case, answer->input);
        return;
    }
    if (const auto* replied = std::get_if<ModelReplied>(&input)) return on_replied(*replied);
    if (const auto* replied = std::get_if<DiagnosticReplied>(&input)) return on_replied(*replied);
    if (const auto* answered = std::get_if<BrainAnswered>(&input)) return on_replied(*answered);
    if (const auto* told = std::get_if<BrainTold>(&input)) return on_replied(*told);
    if (const auto* delivered = std::get_if<AlertDelivered>(&input))
        return on_delivered(*delivered);
    if (const auto* replayed = std::get_if<CandidateReplayed>(&input)) {
        return on_replayed(*replayed);
    }
    if (const auto* checked = std::get_if<SelfChecked>(&input)) return on_self_checked(*checked);
    if (const auto* heard = std::get_if<PressesHeard>(&input)) return on_heard(*heard);
    if (const auto* sent = std::get_if<SignSent>(&input)) return on_sign_sent(*sent);
    if (const auto* request = std::get_if<WebRequest>(&input)) {
        deferred_.push_back(
            {"", ops::answer(*request, options_.access, *this), request->connection});
        return;
    }
    reload_wanted_ = true;
}

void OpsAgent::tick() {
    if (failure_) return;
    // Also when there is nothing to write: with the data folder the kill switch is gone, too.
    if (const Result<> writable = store_->is_writable(); !writable.ok()) {
        failure_ = writable.error();
        return;
    }
    follow_clock();
    const Time now = ports_.clock.now();
    recalls_ = 0;
    // Recovery comes before any new event: nothing is watched until the past is settled.
    if (!watching_ && looking_up_.empty()) watch();
    keep_windows(now, Json::object());
    if (watching_) {
        hear_heartbeats(now);
        // As detect(), but people hear of it after the repairs had their say.
        for (const Change& change : detector_->tick(now)) {
            std::visit([this](const auto& one) { on(one); }, change);
        }
        tell_new_patterns();
        tell_security();
        if (failure_) return;
    }
    keep_alerts(now);
    check_self(now);
    keep_signs(now);
    check_below(now);
    send_sign_of_life(now);
    listen_for_presses(now);
    ask_again_after_pause();
    wake_repairs();
    tell_criteria();
    review_causes();
    tell(escalator_->tick(now, [&](const std::string& id) { return news_of(find_case(id), now); }));
    keep_digest(now);
    keep_up_learning();
    turn();
    if (failure_) return;
    write_learned();
    flush_samples();
    if (outbox_may_have_work_ || now >= next_outbox_) send_due();
    if (now >= next_save_ || (states_changed_ && now >= soonest_save_)) save_states();
    if (now >= next_upkeep_) {
        next_upkeep_ = now + kUpkeepEvery;
        limiter_.forget_old(now);
        // Upkeep that fails is told by the next write; nothing depends on it.
        (void)store_->maintain();
        if (is_clock_trusted(now)) remove_old_records(now);
        keep_up_memories();
    }
    if (now >= next_trim_) {
        // What the first look at everything and other bursts took and no longer need.
        next_trim_ = now + (next_trim_ == Time{} ? kTrimFirst : kTrimEvery);
        give_back_free_memory();
    }
    if (reload_wanted_ && watching_) {
        reload_wanted_ = false;
        const Result<> reloaded = reload();
        if (!reloaded.ok()) {
            ports_.log.line(Severity::error, "reload refused, the old configuration stays: " +
                                                 reloaded.error().message);
            note("config.refused", nullptr, "",
                 Json::object({{"reason", reloaded.error().message}}));
        }
        turn();
    }
}

// Whatever became late since the last tick, however long ago that was, and what was asked for; at
// the first tick all of which anything is known.
void OpsAgent::hear_heartbeats(Time now) {
    const auto late = heartbeats_->next_late(heartbeats_seen_at_);
    const bool is_first = heartbeats_seen_at_ == Time{};
    const std::set<uint32_t> asked = std::exchange(heartbeats_asked_, {});
    heartbeats_seen_at_ = now;
    if (!is_first && asked.empty() && (!late || *late > now)) return;
    for (const Observation& seen : heartbeats_->evaluate(now)) {
        const bool is_wanted = is_first || asked.contains(seen.check);
        if (seen.health == Health::bad || (is_wanted && seen.health == Health::good)) {
            observe(seen, {});
        }
    }
}

std::optional<Time> OpsAgent::next_wake() const {
    std::optional<Time> next;
    for (const auto& [id, the_case] : cases_) {
        for (const auto& wake : {the_case.wake, the_case.look_again}) {
            if (wake && (!next || *wake < *next)) next = wake;
        }
    }
    return next;
}

// One turn: what was decided is committed, then done; what that leads to is committed and done in
// its turn.
void OpsAgent::turn() {
    settle();
    // Nothing that was decided waits for evidence: it is looked for when all else is on its way.
    if (!failure_ && gather_evidence()) settle();
    if (outbox_may_have_work_ && !failure_) send_due();
}

void OpsAgent::settle() {
    for (int round = 0; !failure_ && (!pending_.empty() || !deferred_.empty()); ++round) {
        ASSERT(round < kMostRoundsATurn);
        if (!commit()) return;
        std::deque<Deferred> now = std::exchange(deferred_, {});
        for (const Deferred& deferred : now) {
            if (const auto* reply = std::get_if<WebReply>(&deferred.what)) {
                ports_.reply(deferred.connection, *reply);
            } else if (const auto* look = std::get_if<LookCloser>(&deferred.what)) {
                start_looking(deferred.incident, *look);
            } else if (const auto* call = std::get_if<CallModel>(&deferred.what)) {
                start_asking(deferred.incident, *call);
            } else if (const auto* ask = std::get_if<AskBrain>(&deferred.what)) {
                start_asking(deferred.incident, *ask);
            } else if (const auto* tell = std::get_if<TellBrain>(&deferred.what)) {
                start_telling(*tell);
            } else if (const auto* answer = std::get_if<AnswerPress>(&deferred.what)) {
                start_answering(*answer);
            } else {
                carry_out(deferred.incident, std::get<RepairOrder>(deferred.what));
            }
        }
    }
}

bool OpsAgent::commit() {
    if (pending_.empty()) return true;
    std::vector<Event> events = std::exchange(pending_, {});
    const Result<> appended = store_->append(events);
    if (appended.ok()) {
        if (ports_.publish) {
            for (const Event& event : events) {
                ports_.publish(stream_event(event.seq, event.kind, event_json(event)));
            }
        }
        return true;
    }
    failure_ = appended.error();
    // Whoever asked over HTTP is told that it did not happen; nothing else is done.
    for (const Deferred& deferred : deferred_) {
        if (deferred.connection != 0) {
            ports_.reply(deferred.connection, problem(503, "the journal cannot be written"));
        }
    }
    deferred_.clear();
    return false;
}

void OpsAgent::note(std::string kind, const Case* the_case, const std::string& target, Json body) {
    Event event;
    event.kind = std::move(kind);
    event.incident = the_case == nullptr ? "" : the_case->incident.id;
    event.target = target;
    event.body = std::move(body);
    append(std::move(event));
}

void OpsAgent::append(Event event) {
    if (event.at == Time{}) event.at = ports_.clock.now();
    redact(event);
    if (is_old_refusal(event)) return;
    limiter_.apply(event);
    ladder_.apply(event);
    follow_causes(event);
    if (event.kind == "model.called") spending_.note(event.incident, event.body, event.at);
    if (!event.incident.empty()) {
        if (Case* the_case = find_case(event.incident)) fold(event, *the_case);
    }
    if (event.kind == "alert.queued") outbox_may_have_work_ = true;
    if (event.kind == "action.intent") ++actions_done_;
    pending_.push_back(std::move(event));
}

// The same action refused again for the same reason is nothing new: the journal has it.
bool OpsAgent::is_old_refusal(const Event& event) {
    if (event.kind != "action.denied") return false;
    const Case* the_case = find_case(event.incident);
    if (the_case == nullptr) return false;
    const std::string id = event.body["action"].as_string();
    return std::any_of(the_case->actions.begin(), the_case->actions.end(),
                       [&](const Action& known) {
                           return known.id == id && known.state == "denied" &&
                                  known.reason == event.body["reason"].as_string();
                       });
}

// The switch goes off by our API, or by a hand that takes the file away.
void OpsAgent::ask_again_after_pause() {
    const bool anyone = std::any_of(cases_.begin(), cases_.end(),
                                    [](const auto& one) { return one.second.waits_for_resume; });
    if (!anyone || read_kill_switch(ports_.files, loaded_->data_dir).on) return;
    for (auto& [id, the_case] : cases_) {
        if (std::exchange(the_case.waits_for_resume, false)) {
            the_case.again_at = ports_.clock.now();
            no_longer_waits(the_case);
        }
    }
}

// --- monitor ---

void OpsAgent::on_probe(const ProbeEvent& event) {
    if (const auto* reply = std::get_if<Reply>(&event)) return monitor_all_services(*reply);
    const auto& died = std::get<ProcessDied>(event);
    auto& checks = loaded_->checks.checks;
    if (died.check >= checks.size() || !checks[died.check]) return;
    judged(*checks[died.check], checks[died.check]->died(died));
}

void OpsAgent::monitor_all_services(const Reply& reply) {
    ++checks_done_;
    const auto step = std::lower_bound(kLateSteps.begin(), kLateSteps.end(), reply.late.count());
    ++late_[static_cast<size_t>(step - kLateSteps.begin())];
    late_ms_ += static_cast<uint64_t>(std::max<int64_t>(reply.late.count(), 0));
    auto& checks = loaded_->checks.checks;
    if (reply.check >= checks.size() || !checks[reply.check]) return;  // of an older configuration
    // A re-check that the detector asks for now was already made: Ask::second_look.
    if (!reply.second_look.empty()) second_look_ = {reply.check, false};
    judged(*checks[reply.check], checks[reply.check]->judge(reply));
    const bool is_wanted = second_look_ && second_look_->is_wanted;
    second_look_.reset();
    if (is_wanted) monitor_all_services(reply.second_look.front());
}

void OpsAgent::judged(ops::Check& check, const Judged& judged) {
    if (judged.watch) ports_.probes.watch_process(check.index(), *judged.watch);
    if (judged.next_question) ports_.probes.replace_question(check.index(), *judged.next_question);
    if (judged.ask_now) {
        Ask ask = check.ask();
        ask.question = *judged.ask_now;
        ports_.probes.start(std::move(ask));
        return;
    }
    if (check.kind() == "log") learn_log(check, judged);
    learn_security(check, judged);
    observe(judged.observation, judged.events);
}

uint32_t OpsAgent::index_of_fact(const std::string& name) {
    const auto found = fact_index_.find(name);
    if (found != fact_index_.end()) return found->second;
    const auto index = static_cast<uint32_t>(fact_names_.size());
    fact_names_.push_back(name);
    fact_index_.emplace(name, index);
    return index;
}

// `follows` stands for what the observation says of the same.
void OpsAgent::keep_samples(const Observation& observation, const std::vector<Fact>& follows) {
    const size_t before = pending_samples_.size();
    const auto keep = [this](const Fact& fact) {
        const std::optional<double> value = series::sample_value(fact.value);
        if (value) pending_samples_.push_back({index_of_fact(fact.name), *value});
    };
    for (const Fact& fact : observation.facts) {
        const bool is_replaced = std::any_of(
            follows.begin(), follows.end(), [&](const Fact& one) { return one.name == fact.name; });
        if (!is_replaced) keep(fact);
    }
    for (const Fact& fact : follows) keep(fact);
    const size_t added = pending_samples_.size() - before;
    if (added > 0) pending_looks_.push_back({observation.target, observation.at, added});
}

// Of a log the lines are kept elsewhere, and it is well.
void OpsAgent::keep_answer(const Observation& observation) {
    constexpr size_t kMostAnswers = 1000;
    if (observation.health == Health::unknown) return;
    if (observation.health == Health::good || observation.evidence.empty()) {
        answers_.erase(observation.check);
    } else if (answers_.size() < kMostAnswers || answers_.contains(observation.check)) {
        answers_[observation.check] = {observation.target, observation.evidence};
    }
}

void OpsAgent::observe(const Observation& observation, const std::vector<std::string>& events) {
    keep_answer(observation);
    const Time now = ports_.clock.now();
    std::map<std::string, size_t> times;
    for (const std::string& kind : events) ++times[kind];
    for (const auto& [kind, count] : times) {
        detect(detector_->push_event(observation.target, kind, now, count));
    }
    detect(detector_->observe(observation, now));
    keep_samples(observation, detector_->follows(observation, now));
    for (auto& [id, the_case] : cases_) {
        if (the_case.repair && the_case.repair->watches(observation.target)) {
            feed(the_case, RepairObserved{observation});
        }
    }
}

// What numbers at regular times do not tell; for replay and learning.
void OpsAgent::flush_noted() {
    size_t lost = 0;
    std::vector<NotedFact> noted = detector_->take_noted(&lost);
    if (lost > 0) {
        ports_.log.line(Severity::warning, std::to_string(lost) +
                                               " changes of facts came at once and are not on "
                                               "record: a replay of this moment is not exact");
    }
    if (noted.empty()) return;
    std::vector<FactChange> changes;
    changes.reserve(noted.size());
    for (NotedFact& one : noted) {
        changes.push_back(
            {std::move(one.target), std::move(one.fact), one.at, std::move(one.value)});
    }
    const Result<> added = history_->add_changes(changes);
    if (!added.ok()) {
        ports_.log.line(Severity::warning, "changes of facts lost: " + added.error().message);
    }
}

void OpsAgent::flush_samples() {
    flush_noted();
    if (pending_samples_.empty()) return;
    std::vector<SampleRow> rows;
    rows.reserve(pending_samples_.size());
    const PendingSample* sample = pending_samples_.data();
    for (const PendingLook& look : pending_looks_) {
        for (size_t i = 0; i < look.samples; ++i, ++sample) {
            rows.push_back({look.target, fact_names_[sample->fact], look.at, sample->value});
        }
    }
    const Result<> added = history_->add(rows);
    if (!added.ok()) {
        ports_.log.line(Severity::warning, "samples lost: " + added.error().message);
    }
    pending_looks_.clear();
    pending_samples_.clear();
}

// --- states that are no events ---

void OpsAgent::save_states() {
    const Time now = ports_.clock.now();
    // What is saved grows with the targets: of thousands not every change is worth a second's work,
    // and what the save is for when nothing changed (ages, counts) may be some minutes old.
    const auto targets = static_cast<int64_t>(loaded_->settings.inventory.services.size());
    next_save_ = now + std::max(kSaveEvery, Duration(targets * 10));
    soonest_save_ = now + std::min(kSaveEvery, Duration(targets));
    states_changed_ = false;
    Json maintenance = Json::object();
    for (const auto& [target, until] : in_maintenance_) {
        maintenance.set(target, format_rfc3339(until));
    }
    const Json digest =
        Json::object({{"day", digest_day_}, {"until", format_rfc3339(digest_until_)}});
    const std::string states =
        "{\"detector\":" + detector_->save_text(now) +
        ",\"heartbeats\":" + heartbeats_->save(now).dump() +
        ",\"escalator\":" + escalator_->save().dump() + ",\"maintenance\":" + maintenance.dump() +
        ",\"digest\":" + digest.dump() + ",\"signs\":" + signs_.to_json().dump() + "}";
    const Result<> saved = store_->set_state("states", states);
    if (!saved.ok()) failure_ = saved.error();
}

void OpsAgent::stop() {
    if (failure_) return;
    note("agent.stopped", nullptr, "", Json::object());
    if (!commit()) return;
    flush_samples();
    save_causes(ports_.clock.now());
    if (save_logs(LogBook::Save::all) && save_security()) save_states();
}

}  // namespace ops

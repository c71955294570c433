// From an incident to a repair, and what a repair orders.
#include <algorithm>
#include <set>

#include "agent/ops_agent.h"
#include "agent/recorded_samples.h"
#include "base/text.h"
#include "expr/expr.h"

namespace ops {

namespace {

// What a rule is about: all that it reads, without who it is of.
std::set<std::string> matter_of(const std::vector<expr::Expression>& symptoms) {
    std::set<std::string> reads;
    for (const expr::Expression& symptom : symptoms) {
        for (const auto& names : {symptom.facts(), symptom.history_facts(), symptom.events()}) {
            reads.insert(names.begin(), names.end());
        }
    }
    for (const char* const name : {"service", "host", "group"}) reads.erase(name);
    return reads;
}

// worker_memory_usage and memory_usage are one fact of a worker.
bool is_one_fact(const std::string& one, const std::string& other) {
    return one == other || one.ends_with("_" + other) || other.ends_with("_" + one);
}

// An incident of a rule of its own ("shop/Revenue drop") is for the entries that read the same;
// what else is wrong with its target has another incident.
bool is_of_its_matter(const Case& the_case, const Entry& entry, const Runbook& runbook) {
    const Incident& incident = the_case.incident;
    if (the_case.outside || the_case.key == incident.target || entry.name == incident.rule) {
        return true;
    }
    std::set<std::string> about;
    for (const Criterion& criterion : runbook.criteria) {
        if (criterion.name == incident.rule && criterion.when) about = matter_of({*criterion.when});
    }
    if (const Entry* const own = runbook.find(incident.rule)) about = matter_of(own->symptoms);
    const std::set<std::string> reads = matter_of(entry.symptoms);
    return about.empty() || std::any_of(reads.begin(), reads.end(), [&](const std::string& read) {
               return std::any_of(about.begin(), about.end(),
                                  [&](const std::string& one) { return is_one_fact(read, one); });
           });
}

}  // namespace

void OpsAgent::diagnose(Case& the_case) {
    const Incident& incident = the_case.incident;
    if (is_note(incident)) {
        the_case.diagnosed = true;
        return investigate(the_case);
    }
    if (the_case.outside && the_case.outside->repaired_until) {  // its alert is waited for
        the_case.diagnosed = true;
        return;
    }
    const Time now = ports_.clock.now();
    const bool is_alert = the_case.outside.has_value();
    const std::unique_ptr<expr::World> own = detector_->world(incident.target, now);
    const AlertWorld world(*own, is_alert ? &*the_case.outside : nullptr);
    std::optional<Time> room_at;  // for an entry that fits and may not be used now
    const auto bar = [&](const Entry& entry) -> std::string {
        if (!is_of_its_matter(the_case, entry, loaded_->runbook)) {
            return "what it is about is another incident";
        }
        const std::optional<BudgetAnswer> answer =
            is_alert ? barred_for_alert(the_case, entry, now) : barred(entry, incident.target);
        if (!answer) return "";
        if (answer->again_at) room_at = std::min(room_at.value_or(Time::max()), *answer->again_at);
        return answer->reason;
    };
    const auto held = [&](const Entry& entry) {
        if (!is_alert) return detector_->held(entry, incident.target, now);
        const std::optional<Duration> since = held_for_alert(the_case, entry, now);
        const Time then = incident.opened_at + entry.hold;
        if (!since) room_at = std::min(room_at.value_or(Time::max()), then);
        return since;
    };
    const Situation situation{.target = incident.target,
                              .down = detector_->state(incident.target).status == Status::down,
                              .systemic = the_case.is_folded || systemic(incident.id),
                              .world = world,
                              .held = held,
                              .barred = bar};
    the_case.diagnosis = ops::diagnose(loaded_->runbook, loaded_->settings.inventory, situation);
    if (!is_alert) consider_learned(the_case, situation, *the_case.diagnosis);
    const Diagnosis& diagnosis = *the_case.diagnosis;
    the_case.causes = causes_of(the_case, diagnosis);
    the_case.causes_at = now;

    const std::string entry = diagnosis.entry ? diagnosis.entry->name : "";
    const bool is_news = !the_case.diagnosed || entry != incident.entry;
    the_case.diagnosed = true;
    if (is_news) note_diagnosis(the_case, entry);
    the_case.entry = diagnosis.entry;
    if (!diagnosis.entry) the_case.again_at = room_at;
    attempt_resolve(the_case);
    if (!diagnosis.entry) investigate(the_case);
}

// An entry that reads the same facts has an incident of its own name.
bool OpsAgent::is_note(const Incident& incident) const {
    const auto& criteria = loaded_->runbook.criteria;
    return std::any_of(criteria.begin(), criteria.end(), [&](const Criterion& one) {
        return one.name == incident.rule && one.level <= Level::log;
    });
}

// Only an entry's own limits: while it cools down, another one may do. What is spent on the target
// is the policy's to say, and is told.
std::optional<BudgetAnswer> OpsAgent::barred(const Entry& entry, const std::string& target) const {
    return limiter_.of_entry({.entry = entry,
                              .incident = "",
                              .target = target,
                              .attempt = 1,
                              .actions = 1,
                              .undo = false,
                              .now = ports_.clock.now()});
}

// A repair of another incident acts on it: that it is down meanwhile is for its verifier to judge.
// Should it stay down it is raised by the next bad look.
bool OpsAgent::is_of_repair(const IncidentOpen& change) const {
    if (change.rule != kRuleDown && change.rule != kRuleFlapping) return false;
    return std::any_of(cases_.begin(), cases_.end(), [&](const auto& one) {
        const std::unique_ptr<Repair>& repair = one.second.repair;
        return repair && one.second.key != change.key && !repair->is_resting() &&
               repair->acts_on(change.target);
    });
}

void OpsAgent::attempt_resolve(Case& the_case) {
    const Incident& incident = the_case.incident;
    if (!the_case.entry || the_case.repair || incident.acknowledged || the_case.is_folded) return;
    if (incident.state == IncidentState::escalated) return;  // its attempts are spent
    if (the_case.again_at && ports_.clock.now() < *the_case.again_at) return;
    the_case.is_put_off = is_held_back(incident.target);
    if (the_case.is_put_off) return;
    start_repair(the_case);
}

// Begun and resumed repairs are made alike: what needed a yes before a restart needs it after.
RepairCase OpsAgent::repair_case_of(const Case& the_case) const {
    const Incident& incident = the_case.incident;
    return {.incident = incident.id,
            .target = incident.target,
            .entry = *the_case.entry,
            .attempts_before = limiter_.attempts(incident.target, incident.id, ports_.clock.now()),
            .members = incident.members,
            .proposed = incident.proposed};
}

void OpsAgent::start_repair(Case& the_case) {
    the_case.again_at.reset();
    the_case.waits_for_resume = false;
    if (the_case.outside) the_case.outside->repair_began = ports_.clock.now();
    the_case.repair = std::make_unique<Repair>(repair_case_of(the_case), the_case.actions);
    feed(the_case, RepairBegin{});
}

// By a window, or by what it depends on and our own network: whoever works on it is not to be
// surprised, and no attempt helps what stands on something that is down.
bool OpsAgent::is_held_back(const std::string& target) const {
    if (is_in_maintenance(target)) return true;
    const std::string by = detector_->state(target).suppressed_by;
    return !by.empty() && by != kRuleSystemic;
}

// The next attempt waits for the end of that, and a question does not run out meanwhile. What runs
// is seen through, and what people say is heard.
bool OpsAgent::put_off(Case& the_case, const RepairInput& input) {
    if (!std::holds_alternative<RepairTime>(input)) return false;
    if (!the_case.repair->is_between_attempts() && !the_case.repair->is_asking()) return false;
    if (!is_held_back(the_case.incident.target)) return false;
    the_case.is_put_off = true;
    return true;
}

// Whoever acknowledged it works on it: what has begun is seen through, and no attempt follows but
// one to which somebody says yes.
bool OpsAgent::is_left(Case& the_case, const RepairInput& input) {
    if (!std::holds_alternative<RepairTime>(input)) return false;
    if (!the_case.incident.acknowledged || !the_case.repair->may_be_left()) return false;
    const std::string reason = "no new attempt: " + the_case.incident.acknowledged_by + " has it";
    withdraw_repair(the_case, reason);
    note("incident.state", &the_case, the_case.incident.target,
         Json::object({{"state", "open"}, {"reason", reason}}));
    return true;
}

void OpsAgent::feed(Case& the_case, const RepairInput& input) {
    if (!the_case.repair || is_left(the_case, input) || put_off(the_case, input)) return;
    const Conditions conditions{.now = ports_.clock.now(),
                                .steady = ports_.clock.steady(),
                                .mode = loaded_->settings.agent.mode,
                                .limits = loaded_->settings.limits,
                                .inventory = loaded_->settings.inventory,
                                .limiter = limiter_,
                                .protected_things = protected_,
                                .kill_switch = read_kill_switch(ports_.files, loaded_->data_dir),
                                .epoch = epoch_,
                                .boot = boot_,
                                .world = *this};
    RepairOrders orders = the_case.repair->take(input, conditions);
    const std::string id = the_case.incident.id;
    const bool news = !orders.record.empty();
    for (Event& event : orders.record) {
        const std::string kind = event.body["kind"].as_string();
        if (event.kind == "action.intent" && (kind == "run" || kind == "undo")) {
            detector_->acting(event.target, event.at);
        }
        append(std::move(event));
    }
    for (RepairOrder& order : orders.then) {
        the_case.is_ending |= std::holds_alternative<Finished>(order);
        deferred_.push_back({id, std::move(order), 0});
    }
    if (news && !the_case.is_ending) escalate(the_case);
}

// The incident ends, or somebody else takes it: what was asked for is taken back, what may run is
// left to its journal.
void OpsAgent::withdraw_repair(Case& the_case, const std::string& reason) {
    if (!the_case.repair) return;
    feed(the_case, RepairWithdrawn{reason});
    the_case.repair.reset();
    the_case.wake.reset();
}

void OpsAgent::carry_out(const std::string& incident, const RepairOrder& order) {
    Case* the_case = find_case(incident);
    if (the_case == nullptr) return;
    const auto answer_later = [post = ports_.post, incident](RepairInput input) {
        post(RepairAnswer{incident, std::move(input)});
    };
    bool taken = true;
    if (const auto* ticket = std::get_if<SendTicket>(&order)) {
        taken = ports_.workers.submit([ports = ports_, answer_later, sent = ticket->ticket] {
            answer_later(RepairReply{step_key(sent), ports.executors.execute(sent)});
        });
        if (!taken) {
            answer_later(RepairReply{step_key(ticket->ticket),
                                     Error{Fault::unavailable, "the workers are all busy"}});
        }
    } else if (const auto* look = std::get_if<LookUp>(&order)) {
        taken = ports_.workers.submit([ports = ports_, answer_later, asked = look->look] {
            answer_later(RepairLooked{asked.step_key, ports.executors.look(asked)});
        });
        if (!taken) {
            answer_later(RepairLooked{look->look.step_key,
                                      Error{Fault::unavailable, "the workers are all busy"}});
        }
    } else if (const auto* http = std::get_if<SendHttp>(&order)) {
        taken = ports_.workers.submit([ports = ports_, answer_later, sent = *http] {
            answer_later(RepairHttp{sent.step_key, ports.http.send(sent.request)});
        });
        if (!taken) {
            answer_later(
                RepairHttp{http->step_key, Error{Fault::unavailable, "the workers are all busy"}});
        }
    } else if (const auto* again = std::get_if<RecheckTarget>(&order)) {
        recheck(again->target, again->http_only);
    } else if (const auto* wake = std::get_if<WakeAt>(&order)) {
        if (the_case->repair) the_case->wake = wake->at;
    } else if (const auto* words = std::get_if<TellPeople>(&order)) {
        the_case->alert_step = words->text;
        escalate(*the_case);
        the_case->alert_step.clear();
    } else if (const auto* evidence = std::get_if<Evidence>(&order)) {
        note("incident.evidence", the_case, the_case->incident.target,
             Json::object({{"command", evidence->command},
                           {"output", printable(evidence->exit.output, Lines::keep)}}));
    } else if (const auto* done = std::get_if<Finished>(&order)) {
        the_case->is_ending = false;
        finished(*the_case, *done);
        if (Case* const open = find_case(incident)) escalate(*open);
    }
}

void OpsAgent::finished(Case& the_case, const Finished& finished) {
    the_case.repair.reset();
    the_case.wake.reset();
    looking_up_.erase(the_case.incident.id);
    // The detector may have had nothing to clear: it saw it well again, but not for the soak.
    the_case.unwatched =
        the_case.unwatched || (finished.how == Finished::How::withdrawn &&
                               !loaded_->settings.inventory.has_target(the_case.incident.target));
    if (the_case.unwatched) return resolve_case(the_case, "human", finished.reason, "");
    if (finished.how == Finished::How::verified) {
        if (wait_for_alert(the_case, finished.reason)) return;
        return resolve_case(the_case, "auto", finished.reason, "");
    }
    learned_failed(the_case, finished.reason);
    if (finished.how == Finished::How::withdrawn) return;
    if (the_case.cleared && !finished.harmed && !did_harm(the_case)) {
        return resolve_case(the_case, "self", finished.reason, "");
    }
    if (finished.how == Finished::How::denied) {
        const bool will_come = finished.again_at.has_value();
        const bool by_mode = loaded_->settings.agent.mode == Mode::observe;
        const bool paused = finished.refusal == Refusal::paused;
        if (finished.reason != the_case.barred) {  // a limit that is hit is told, once
            the_case.barred = finished.reason;
            note("incident.noted", &the_case, the_case.incident.target,
                 Json::object({{"text", "no action: " + finished.reason}, {"by", "ops-agent"}}));
        }
        // It was too late for one alone: many fail at once. It is its own again when that is over.
        if (the_case.is_folded) return;
        // It is tried again when there is room, but not in silence.
        if (will_come && finished.refusal == Refusal::budget) gave_up(the_case);
        if (paused || will_come || by_mode) {
            // A mode changes by a reload, the switch is looked at: nothing to wake up for.
            the_case.waits_for_resume = paused;
            if (!paused) the_case.again_at = finished.again_at;
            return;
        }
    }
    note("incident.state", &the_case, the_case.incident.target,
         Json::object({{"state", "escalated"}, {"reason", finished.reason}}));
    gave_up(the_case);
}

void OpsAgent::no_longer_waits(const Case& the_case) {
    const Incident& incident = the_case.incident;
    if (incident.waits.empty()) return;
    note("incident.state", &the_case, incident.target,
         Json::object({{"state", name_of(incident.state)}, {"reason", ""}}));
}

void OpsAgent::gave_up(Case& the_case) {
    judge_memories(the_case);
    Incident given_up = the_case.incident;  // it may stay open, to be tried again
    given_up.state = IncidentState::escalated;
    const Level level = level_of(given_up, the_case.entry ? &*the_case.entry : nullptr);
    if (level != Level::none &&
        parse_level(the_case.incident.level).value_or(Level::none) < level) {
        note("incident.level", &the_case, the_case.incident.target,
             Json::object({{"level", name_of(level)}, {"criterion", "Repair failed or gave up"}}));
    }
    escalate(the_case);
    investigate(the_case);
}

void OpsAgent::recheck(const std::string& target, bool http_only) {
    auto& checks = loaded_->checks.checks;
    for (const uint32_t index : detector_->checks_of(target)) {
        if (index >= checks.size() || !checks[index]) continue;
        if (http_only && checks[index]->kind() != "http") continue;
        ports_.probes.start(checks[index]->ask());
    }
}

// After a start an open incident is diagnosed with what is true now.
bool OpsAgent::is_seen_again(const Case& the_case) const {
    constexpr Duration kPatience = std::chrono::seconds(10);
    return detector_->is_fresh(the_case.incident.target) ||
           ports_.clock.now() - watching_since_ >= kPatience;
}

// When a repair is to be woken stands in times of the clock as it was: each says anew.
void OpsAgent::repairs_follow_clock() {
    std::vector<std::string> ids;
    for (const auto& [id, the_case] : cases_) ids.push_back(id);
    for (const std::string& id : ids) {
        Case* const found = find_case(id);
        if (found != nullptr && found->repair) feed(*found, RepairTime{});
    }
}

void OpsAgent::wake_repairs() {
    const Time now = ports_.clock.now();
    end_harm(now);
    std::vector<std::string> ids;
    for (const auto& [id, the_case] : cases_) ids.push_back(id);
    for (const std::string& id : ids) {
        Case* const found = find_case(id);
        if (found == nullptr) continue;  // over with one before it
        Case& the_case = *found;
        if (the_case.look_again && *the_case.look_again <= now) {
            the_case.look_again.reset();
            if (the_case.prediction) {
                check_prediction(the_case);
            } else if (!the_case.investigation) {
                gathered(the_case);
            } else {
                feed(the_case, InvestigationTime{});
            }
        }
        if (the_case.repair) {
            if (!the_case.wake || *the_case.wake > now) continue;
            the_case.wake.reset();
            feed(the_case, RepairTime{});
        } else if (watching_ && the_case.again_at && *the_case.again_at <= now) {
            the_case.again_at.reset();
            no_longer_waits(the_case);
            diagnose(the_case);
        } else if (watching_ && !the_case.diagnosed && is_seen_again(the_case)) {
            diagnose(the_case);
        }
    }
}

// --- what a repair asks about the world ---

Value OpsAgent::evaluate(const expr::Expression& expression, std::string_view target) const {
    const std::unique_ptr<expr::World> world = detector_->world(target, ports_.clock.now());
    return expr::evaluate(expression, *world);
}

Health OpsAgent::health(std::string_view target) const {
    switch (detector_->state(target).status) {
        case Status::up: return Health::good;
        case Status::down: return Health::bad;
        default: return Health::unknown;
    }
}

std::vector<RepairWorld::Check> OpsAgent::checks(std::string_view target) const {
    std::vector<RepairWorld::Check> out;
    const auto& all = loaded_->checks.checks;
    for (const uint32_t index : detector_->checks_of(target)) {
        if (index < all.size() && all[index]) out.push_back({index, all[index]->kind() == "http"});
    }
    return out;
}

std::optional<Time> OpsAgent::last_heartbeat(std::string_view target) const {
    const auto found = last_beat_.find(std::string(target));
    return found == last_beat_.end() ? std::nullopt : std::optional<Time>(found->second);
}

Json OpsAgent::before(std::string_view target) const {
    const TargetState state = detector_->state(target);
    return Json::object({{"status", name_of(state.status)},
                         {"reason", state.reason},
                         {"facts", detector_->facts(target, ports_.clock.now()).to_event_json()}});
}

bool OpsAgent::systemic(std::string_view incident) const {
    const auto found = cases_.find(std::string(incident));
    if (found == cases_.end()) return false;
    return found->second.is_folded || found->second.incident.rule == kRuleSystemic ||
           found->second.incident.rule == kRuleOwnNetwork;
}

// --- history, for the language's windows ---

std::vector<Sample> OpsAgent::samples(std::string_view target, std::string_view fact, Time from,
                                      Time to) const {
    Result<std::vector<Sample>> samples = recorded_samples(*history_, target, fact, from, to);
    if (samples.ok()) return std::move(samples).value();
    ports_.log.line(Severity::warning, "history: " + samples.error().message);
    return {};
}

std::vector<Time> OpsAgent::events(std::string_view target, std::string_view kind, Time from,
                                   Time to) const {
    Result<std::vector<Time>> times = history_->event_times(target, kind, from, to);
    if (times.ok()) return std::move(times).value();
    ports_.log.line(Severity::warning, "history: " + times.error().message);
    return {};
}

}  // namespace ops

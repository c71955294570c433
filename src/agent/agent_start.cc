// How the agent begins: what was true when it stopped, what has become of what was under way, and
// the watch.
#include <algorithm>
#include <set>

#include "agent/ops_agent.h"
#include "base/text.h"
#include "learn/signature.h"
#include "monitor/schedule.h"
#include "runbook/builtin.h"

namespace ops {
namespace {

// The newest event of this kind about an incident: one, or none.
Result<std::vector<Event>> newest(Store& store, const Incident& incident, const char* kind) {
    EventQuery query;
    query.incident = incident.id;
    query.kind_prefix = kind;
    query.order = EventQuery::Order::newest_first;
    query.limit = 1;
    return store.events(query);
}

bool wants_answer(const RepairOrder& order) {
    return std::holds_alternative<LookUp>(order) || std::holds_alternative<SendTicket>(order) ||
           std::holds_alternative<SendHttp>(order);
}

}  // namespace

Result<std::unique_ptr<OpsAgent>> OpsAgent::start(Ports ports, AgentOptions options,
                                                  std::unique_ptr<Loaded> loaded) {
    std::unique_ptr<OpsAgent> agent(
        new OpsAgent(std::move(ports), std::move(options), std::move(loaded)));
    TRY(agent->open().during("start"));
    return agent;
}

Result<> OpsAgent::open() {
    store_ = TRY(Store::open(loaded_->data_dir, options_.store));
    StoreOptions samples = options_.store;
    samples.durability = Durability::normal;
    history_ = TRY(History::open(loaded_->data_dir, samples));
    open_memories();

    TRY(raise_epoch());
    boot_ = ports_.processes.boot_id();
    protected_ = protected_with({loaded_->data_dir, options_.config_file, loaded_->runbook_file});

    arrange({});
    const std::optional<std::string> states = TRY(store_->state("states"));
    Json windows;
    if (states) {
        const Json saved = TRY(Json::parse(*states).during("read saved states"));
        windows = saved["maintenance"];
        digest_day_ = saved["digest"]["day"].as_string();
        const Result<Time> until = parse_rfc3339(saved["digest"]["until"].as_string());
        if (until.ok()) digest_until_ = until.value();
        signs_.restore(saved["signs"]);
        signs_.listen_from(ports_.clock.now());
        detector_->restore(saved["detector"], ports_.clock.now());
        escalator_->restore(saved["escalator"], ports_.clock.now());
        restore_heartbeats(saved["heartbeats"]);
    }
    TRY(restore_silences());
    TRY(restore_windows(windows));
    keep_windows(ports_.clock.now(), Json::object());
    TRY(restore_logs());
    TRY(restore_security());
    TRY(restore_presses());
    TRY(restore_causes());
    note("agent.started", nullptr, "",
         Json::object({{"epoch", epoch_},
                       {"version", options_.version},
                       {"boot", boot_},
                       {"mode", name_of(loaded_->settings.agent.mode)},
                       {"config_sha256", loaded_->settings.sha256},
                       {"runbook_sha256", loaded_->runbook.sha256}}));
    TRY(take_up_learned());
    TRY(take_up());
    turn();
    if (failure_) return *failure_;
    return {};
}

// The executor knows of every core before us, our records may not. While it cannot be reached our
// own count is the best there is; the self-check asks again.
Result<> OpsAgent::raise_epoch() {
    const std::optional<std::string> known = TRY(store_->state("epoch"));
    epoch_ = known ? std::stoull(*known) : 0;
    const Result<uint64_t> given = ports_.executors.next_epoch(epoch_);
    is_epoch_given_ = given.ok();
    epoch_ = given.ok() ? given.value() : epoch_ + 1;
    return store_->set_state("epoch", std::to_string(epoch_));
}

void OpsAgent::take_epoch(uint64_t epoch) {
    is_epoch_given_ = true;
    if (epoch <= epoch_) return;
    epoch_ = epoch;
    const Result<> saved = store_->set_state("epoch", std::to_string(epoch_));
    if (!saved.ok()) failure_ = saved.error();
}

std::vector<uint32_t> OpsAgent::arrange(CheckList before) {
    const Time now = ports_.clock.now();
    std::vector<uint32_t> numbers =
        numbers_.assign(loaded_->checks.identities, ports_.clock.steady());
    const auto heartbeats = std::span(numbers).subspan(loaded_->checks.checks.size());
    renumber(loaded_->checks, numbers, std::move(before));
    detector_ = std::make_unique<Detector>(
        loaded_->settings, loaded_->runbook, static_cast<const HistorySource*>(this), now,
        DetectOptions{.checks = numbers, .heartbeats = heartbeats});
    // Each has its check and its track now. (Assigning {} would keep the room of all.)
    loaded_->settings.checks = std::vector<CheckSettings>();
    heartbeats_seen_at_ = {};
    heartbeats_ = std::make_unique<HeartbeatBook>(loaded_->settings.inventory, now, heartbeats);
    escalator_ = std::make_unique<Escalator>(loaded_->escalation, now);
    open_windows_.clear();
    windows_seen_at_ = {};
    escalator_->set_maintenance(in_maintenance_);
    return numbers;
}

// Beats that came after the last save, before a kill, are on record as ages.
void OpsAgent::restore_heartbeats(const Json& saved) {
    const Time now = ports_.clock.now();
    heartbeats_->restore(saved, now);
    const Time saved_at{Duration{saved["saved_at"].as_int()}};
    for (const Service& service : loaded_->settings.inventory.services) {
        if (!service.heartbeat || !saved.has("saved_at")) continue;
        const std::vector<Sample> ages = samples(service.name, "last_heartbeat", saved_at, now);
        const bool beat = std::any_of(ages.begin(), ages.end(), [&](const Sample& age) {
            return age.at - Duration(static_cast<int64_t>(age.value * 1000)) > saved_at;
        });
        if (beat) heartbeats_->heard(service.name, now);
    }
}

// What the limiter counts, in the order in which it happened: also what settled an action, and
// how long a target has been well.
Result<> OpsAgent::count_again() {
    std::vector<Event> counted;
    for (const char* const kinds :
         {"action.", "incident.resolved", "target.changed", "model.called"}) {
        EventQuery query;
        query.kind_prefix = kinds;
        query.since = ports_.clock.now() - std::chrono::hours(25);
        query.limit = 100'000;
        for (Event& event : TRY(store_->events(query))) counted.push_back(std::move(event));
    }
    std::sort(counted.begin(), counted.end(),
              [](const Event& a, const Event& b) { return a.seq < b.seq; });
    for (const Event& event : counted) {
        limiter_.apply(event);
        if (event.kind == "model.called") spending_.note(event.incident, event.body, event.at);
    }
    return {};
}

// What was open is open, and what was under way is looked at before anything new is believed.
Result<> OpsAgent::take_up() {
    TRY(count_again());

    IncidentQuery open;
    open.states = {IncidentState::open,      IncidentState::awaiting_approval,
                   IncidentState::resolving, IncidentState::verifying,
                   IncidentState::escalated, IncidentState::acknowledged};
    open.limit = 10'000;
    const std::vector<Incident> incidents = TRY(store_->incidents(open));
    for (const Incident& incident : incidents) TRY(hold_its_targets(incident));
    for (const Incident& incident : incidents) TRY(take_up_incident(incident));

    // What the detector remembers as open and the journal does not know was never raised.
    for (const std::string& key : detector_->open_keys()) {
        if (find_by_key(key) == nullptr) detector_->closed(key, ports_.clock.now());
    }
    return {};
}

// What has no verdict holds its target however long ago it was: none of it may be missing when the
// first repair asks whether it may go on.
Result<> OpsAgent::hold_its_targets(const Incident& incident) {
    for (const Action& action : TRY(actions_of(incident))) {
        const bool is_open =
            action.state == "intent" || action.state == "running" || action.state == "unknown";
        if (!is_open || !action.intent.is_object()) continue;
        Event event;
        event.at = action.started_at;
        event.kind = "action.intent";
        event.incident = incident.id;
        event.target = action.target;
        event.body = action.intent;
        limiter_.apply(event);
        if (action.state != "running") continue;
        event.kind = "action.outcome";
        limiter_.apply(event);
    }
    return {};
}

// Oldest first.
Result<std::vector<Action>> OpsAgent::actions_of(const Incident& incident) {
    ActionQuery query;
    query.incident = incident.id;
    query.limit = 1000;
    std::vector<Action> actions = TRY(store_->actions(query));
    std::reverse(actions.begin(), actions.end());
    return actions;
}

Result<> OpsAgent::take_up_incident(const Incident& incident) {
    const std::vector<Event> events = TRY(newest(*store_, incident, "incident.opened"));
    Case the_case;
    the_case.incident = incident;
    the_case.key = events.empty() ? incident.target : events[0].body["key"].as_string();
    the_case.actions = TRY(actions_of(incident));
    the_case.entry = entry_named(incident.entry, incident.target);
    take_up_shadows(the_case);
    // One whose repair had not begun, or was to be tried again, is asked anew what to do.
    const bool is_decided = !incident.entry.empty() && incident.state != IncidentState::open;
    the_case.diagnosed = is_decided || is_about_ourselves(incident);
    if (!events.empty()) TRY(take_up_alert(the_case, events[0].body));
    const std::string id = incident.id;
    if (!events.empty() && !the_case.outside) adopt(the_case);
    for (const Event& event : TRY(newest(*store_, incident, "incident.diagnosed"))) {
        for (const Json& json : event.body["causes"].items()) {
            if (auto cause = read_cause(json)) the_case.causes.push_back(*std::move(cause));
        }
    }
    for (const Event& event : TRY(newest(*store_, incident, "action.awaiting"))) {
        the_case.plan = plan_of(event);
    }
    for (const Event& event : TRY(store_->events(
             {.incident = incident.id, .kind_prefix = "incident.", .limit = 10'000}))) {
        take_criterion(the_case, event.body["criterion"].as_string());
        fold_words(event, the_case);
    }
    the_case.is_investigated = !TRY(newest(*store_, incident, "incident.investigated")).empty();
    TRY(remember_evidence(the_case));
    case_by_key_.try_emplace(the_case.key, id);  // the newest comes first
    Case& kept = cases_.emplace(id, std::move(the_case)).first->second;
    if (!events.empty()) kept.signature = signature_of(events[0].body["facts"], incident.seen);
    take_up_similar(kept);
    TRY(take_up_told(incident));

    const bool under_way = incident.state == IncidentState::awaiting_approval ||
                           incident.state == IncidentState::resolving ||
                           incident.state == IncidentState::verifying;
    // One that was repaired waits for the alert that it is about, and for nothing else.
    const bool is_repaired = kept.outside && kept.outside->repaired_until;
    if (under_way && !is_repaired) resume_repair(kept);
    return {};
}

// The journal has every message; what the escalator made of them is only saved now and then.
Result<> OpsAgent::take_up_told(const Incident& incident) {
    EventQuery query;
    query.incident = incident.id;
    query.kind_prefix = "alert.queued";
    query.limit = 10'000;
    std::vector<AlertDraft> queued;
    for (const Event& event : TRY(store_->events(query))) {
        queued.push_back(AlertDraft::from_json(event.body));
    }
    escalator_->recall(incident, group_of(incident.target), queued,
                       places_of(incident, loaded_->settings.inventory));
    return {};
}

void OpsAgent::resume_repair(Case& the_case) {
    const Incident& incident = the_case.incident;
    if (!the_case.entry) {
        const std::string reason = "its runbook entry '" + incident.entry + "' is gone";
        // Nobody goes on with it: what it did gets no other verdict, and retention waits for one.
        std::vector<std::pair<std::string, std::string>> verdicts;
        for (const Action& action : the_case.actions) {
            if (action.state == "intent" || action.state == "running") {
                verdicts.emplace_back("action.unknown", action.id);
            } else if (action.state == "awaiting_approval") {
                verdicts.emplace_back("action.denied", action.id);
            }
        }
        for (const auto& [verdict, action] : verdicts) {
            note(verdict, &the_case, incident.target,
                 Json::object({{"action", action}, {"reason", reason}}));
        }
        note("incident.state", &the_case, incident.target,
             Json::object(
                 {{"state", "escalated"}, {"reason", reason + ", and a repair was under way"}}));
        return;
    }
    the_case.repair =
        std::make_unique<Repair>(Repair::resume(repair_case_of(the_case), the_case.actions));
    feed(the_case, RepairBegin{});
    // What asks nobody about its past is settled: one that waits for a yes, or for its checks.
    const bool asks = std::any_of(deferred_.begin(), deferred_.end(), [&](const Deferred& one) {
        const auto* order = std::get_if<RepairOrder>(&one.what);
        return one.incident == incident.id && order != nullptr && wants_answer(*order);
    });
    if (asks) looking_up_.insert(incident.id);
}

void OpsAgent::watch() {
    watching_ = true;
    watching_since_ = ports_.clock.now();
    look_at_all();
    // What was wrong is looked at first, and not only when its turn comes.
    std::set<std::string> open;
    for (auto& [id, the_case] : cases_) {
        if (!is_about_ourselves(the_case.incident)) want_evidence(the_case);
        open.insert(the_case.incident.target);
        open.insert(the_case.incident.members.begin(), the_case.incident.members.end());
    }
    for (const std::string& target : open) recheck(target, false);
}

void OpsAgent::look_at_all() {
    ports_.probes.schedule(plan_schedule(loaded_->checks));
    prepare_channels();
}

Result<> OpsAgent::reload() {
    if (!watching_) return Error{Fault::unavailable, "what was under way is still asked for"};
    Problems problems;
    std::unique_ptr<Loaded> next =
        load(ports_.files, options_.config_file, options_.environment, problems);
    if (!next) return Error{Fault::invalid, problems.print()};
    if (next->data_dir != loaded_->data_dir) {
        return Error{Fault::invalid, "'data_dir' cannot change while running"};
    }
    const Time now = ports_.clock.now();
    const Json escalator = escalator_->save(), heartbeats = heartbeats_->save(now);
    flush_noted();
    const std::string learned_before = learned_text_;
    // The detector holds references into what was loaded, which is let go after it.
    std::swap(loaded_, next);
    const std::unique_ptr<Detector> before = std::move(detector_);
    limiter_.set_limits(loaded_->settings.limits);
    logs_.arrange(loaded_->checks.logs, now);
    const std::vector<uint32_t> numbers = arrange(std::move(next->checks));
    std::erase_if(answers_, [this](const auto& one) { return !numbers_.is_in_use(one.first); });
    std::erase_if(heartbeats_asked_, [this](uint32_t one) { return !numbers_.is_in_use(one); });
    settle_learned(Hand::may_have_changed_it);
    detector_->take_over(*before, numbers, now);
    escalator_->restore(escalator, now);
    heartbeats_->restore(heartbeats, now);
    // What is new in an open window is in it before its first look.
    windows_seen_at_ = {};
    keep_windows(now, Json::object());
    const bool is_the_same = next->settings.sha256 == loaded_->settings.sha256 &&
                             next->runbook.sha256 == loaded_->runbook.sha256 &&
                             learned_before == learned_text_;
    std::vector<std::string> gone;  // channels that failed and are no more
    for (auto& [id, the_case] : cases_) {
        const Incident& incident = the_case.incident;
        if (incident.rule == kRuleSelf) continue;  // by its own look
        if (incident.rule != kRuleChannelFailing) {
            if (!the_case.repair && !is_the_same) the_case.diagnosed = false;
        } else if (!incident.members.empty() &&
                   loaded_->escalation.find(incident.members[0]) == nullptr) {
            gone.push_back(incident.members[0]);
        }
    }
    for (const std::string& channel : gone) {
        channel_works(channel, "it was taken out of the configuration");
    }
    look_at_all();
    note("config.loaded", nullptr, "",
         Json::object({{"config_sha256", loaded_->settings.sha256},
                       {"runbook_sha256", loaded_->runbook.sha256}}));
    ports_.log.line(Severity::info, "configuration reloaded");
    return {};
}

}  // namespace ops

// Evidence at every opening: what was known when an incident began, written down at once, whether
// or not a model will ever see it (docs/evidence.md).
//
// What is free (facts, history, logs, what changed) is taken from memory and the record, a few
// incidents a turn and after everything that was decided is on its way. Diagnostics run beside the
// repair through the same executor and journal as an investigation's: a few at once, and in a storm
// they are left out, which is said.
#include <algorithm>

#include "agent/ops_agent.h"
#include "base/text.h"
#include "base/units.h"
#include "monitor/endpoint.h"
#include "patterns/quarantine.h"
#include "runbook/diagnostics.h"

namespace ops {
namespace {

constexpr size_t kMostWaiting = 100;  // incidents whose evidence is still to be collected
constexpr size_t kMostPlanned = 32;   // diagnostics that wait for their turn
constexpr size_t kLooksAtOnce = 2;
constexpr size_t kIncidentsATurn = 2;
constexpr Duration kLookPatience = std::chrono::seconds(30);
// The first moments are the repair's: its disk, its processor, its turn in the executor.
constexpr Duration kLookAfter = std::chrono::seconds(1);
constexpr size_t kMostFacts = 24;  // of one target, with their history
constexpr size_t kMostText = size_t{6} * 1024;
constexpr size_t kMostItems = 40;
constexpr size_t kMostChanges = 30;
constexpr size_t kMostNeighbours = 20;
constexpr Duration kRecent = std::chrono::hours(1);

// Of our own words, facts and names of the configuration; all else is text from outside.
bool is_own(std::string_view source) {
    constexpr auto kOwn =
        std::to_array<std::string_view>({"facts", "since it was well", "around", "changes"});
    return std::find(kOwn.begin(), kOwn.end(), source) != kOwn.end();
}

std::string safe(const std::string& source, const std::string& text, Reader reader) {
    return quarantine({source, {}, {}, text}, Templates(), reader).text;
}

}  // namespace

void OpsAgent::want_evidence(Case& the_case) {
    Gathering& gathering = the_case.gathering;
    if (gathering.is_queued || gathering.is_over) return;
    if (to_gather_.size() >= kMostWaiting) {
        gathering.is_over = true;
        return skip_evidence(the_case, "all", "too many incidents at once");
    }
    gathering.is_queued = true;
    to_gather_.push_back(the_case.incident.id);
}

bool OpsAgent::gather_evidence() {
    bool any = false;
    for (size_t done = 0; done < kIncidentsATurn && !to_gather_.empty();) {
        const std::string id = std::move(to_gather_.front());
        to_gather_.pop_front();
        Case* const the_case = find_case(id);
        if (the_case == nullptr) continue;  // well again before anybody could look
        gather(*the_case);
        plan_looks(*the_case);
        the_case->gathering.is_over = true;
        if (the_case->gathering.waiting == 0) gathered(*the_case);
        any = true;
        ++done;
    }
    const size_t before = planned_looks_.size();
    start_next_looks();
    return any || planned_looks_.size() != before;
}

void OpsAgent::gather(Case& the_case) {
    const Incident& incident = the_case.incident;
    const Inventory& inventory = loaded_->settings.inventory;
    const Time now = ports_.clock.now();
    const std::string target = incident.target;
    if (inventory.has_target(target)) gather_facts(the_case, target);
    if (incident.host != target && inventory.has_target(incident.host)) {
        gather_facts(the_case, incident.host);
    }
    add_evidence(the_case, "reason", target, incident.seen);
    for (const uint32_t check : detector_->checks_of(target)) {
        const auto answer = answers_.find(check);
        if (answer == answers_.end() || answer->second.first != target) continue;
        add_evidence(the_case, "answer", target, answer->second.second);
    }
    add_evidence(the_case, "since it was well", target, what_differs(target));
    add_evidence(the_case, "around", target, around(incident));
    add_evidence(the_case, "changes", target, recent_changes());
    std::string similar;
    for (const Recalled& one : the_case.similar) {
        similar += one.memory.title + " (" + format_rfc3339(one.memory.at) + ", " +
                   std::string(name_of(one.memory.outcome)) +
                   (one.memory.entry.empty() ? "" : ", entry " + one.memory.entry) +
                   "): " + join(one.why, ", ") + "\n";
    }
    add_evidence(the_case, "similar", target, similar);
    for (const LogBook::Said& said : logs_.said_by(target, now, Reader::person)) {
        add_evidence(the_case, "log " + said.log, target, said.text);
    }
}

// Each fact as it is, and how it went.
void OpsAgent::gather_facts(Case& the_case, const std::string& target) {
    const Time now = ports_.clock.now();
    constexpr size_t kPoints = 120;
    std::string lines;
    size_t count = 0;
    const Facts facts = detector_->facts(target, now);
    for (const Fact& fact : facts.all()) {
        if (++count > kMostFacts) break;
        std::vector<HistorySample> samples;
        if (fact.value.is_quantity()) {
            auto window = history_->window(target, fact.name, now - kRecent, now, kPoints);
            if (window.ok()) samples = std::move(window).value();
        }
        lines += history_line(fact, samples, kRecent) + "\n";
    }
    add_evidence(the_case, "facts", target, lines);
}

std::string OpsAgent::what_differs(const std::string& target) const {
    const auto well = detector_->when_well(target);
    if (!well) return "";
    const std::string lines =
        differences(well->second, detector_->facts(target, ports_.clock.now()));
    return lines.empty() ? "" : "last well " + format_rfc3339(well->first) + "\n" + lines;
}

// What it stands on, and what stands on it.
std::string OpsAgent::around(const Incident& incident) const {
    const Inventory& inventory = loaded_->settings.inventory;
    const Time now = ports_.clock.now();
    std::string lines;
    size_t count = 0;
    const auto add = [&](const std::string& lead, const std::string& name) {
        if (++count > kMostNeighbours) return;
        const TargetState state = detector_->state(name);
        lines += lead + name + ": " + std::string(name_of(state.status)) + " for " +
                 format_duration_short(now - state.since) + "\n";
    };
    for (const std::string& parent : inventory.parents_of(incident.target)) {
        add("depends on ", parent);
    }
    const Service* const itself = inventory.find_service(incident.target);
    for (const Service& other : inventory.services) {
        if (other.name == incident.target || count > kMostNeighbours) continue;
        const auto& needs = other.depends_on;
        if (std::find(needs.begin(), needs.end(), incident.target) != needs.end()) {
            add("needed by ", other.name);
        } else if (itself != nullptr && !itself->group.empty() && other.group == itself->group) {
            add("of its group ", other.name);
        }
    }
    return lines;
}

// What happened to anything in the last hour, newest first: who failed first, what was deployed.
std::string OpsAgent::recent_changes() const {
    std::vector<Event> all;
    for (const char* const kind : {"event.outside", "config.loaded", "agent.started",
                                   "agent.paused", "action.intent", "target.changed"}) {
        // The newest by their kind: asked for by time as well, all of a kind would be walked.
        EventQuery query;
        query.kind = kind;
        query.order = EventQuery::Order::newest_first;
        query.limit = kMostChanges;
        auto events = store_->events(query);
        if (!events.ok()) continue;
        for (const Event& event : events.value()) {
            if (event.at >= ports_.clock.now() - kRecent) all.push_back(event);
        }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Event& a, const Event& b) { return a.seq > b.seq; });
    if (all.size() > kMostChanges) all.resize(kMostChanges);
    std::string lines;
    for (const Event& event : all) {
        lines += format_rfc3339(event.at) + " " + event.kind;
        for (const std::string& word :
             {event.target, event.body["status"].as_string(), event.body["kind"].as_string(),
              event.body["entry"].as_string()}) {
            if (!word.empty()) lines += " " + word;
        }
        lines += "\n";
    }
    return lines.empty() ? "nothing changed in the last hour" : lines;
}

void OpsAgent::add_evidence(Case& the_case, const std::string& source, const std::string& target,
                            std::string text, Json more) {
    Gathering& gathering = the_case.gathering;
    if (trim(text).empty() || gathering.items.size() >= kMostItems) return;
    EvidenceItem item;
    item.id = "e" + std::to_string(gathering.items.size() + 1);
    item.source = source;
    item.target = target;
    item.at = ports_.clock.now();
    item.text = clip_middle(safe(source, text, Reader::person), kMostText);
    more.set("id", item.id);
    more.set("source", source);
    more.set("text", item.text);
    note("evidence.collected", &the_case, target, std::move(more));
    gathering.items.push_back(std::move(item));
}

void OpsAgent::skip_evidence(Case& the_case, const std::string& what, const std::string& reason) {
    note("evidence.skipped", &the_case, the_case.incident.target,
         Json::object({{"what", what}, {"reason", reason}}));
}

// A model sees less of what comes from outside than a person.
std::vector<EvidenceItem> OpsAgent::evidence_for_model(const Case& the_case) const {
    std::vector<EvidenceItem> items = the_case.gathering.items;
    const auto logs = logs_.said_by(the_case.incident.target, ports_.clock.now(), Reader::model);
    const auto shown = [&](const std::string& text) {
        const bool is_ours = loaded_->settings.inventory.has_target(text);
        return is_ours ? text : std::string(trim(safe("", text, Reader::model)));
    };
    for (EvidenceItem& item : items) {
        if (is_own(item.source)) {
            item.text = with_texts_shown(item.text, shown);
            continue;
        }
        const auto log = std::find_if(logs.begin(), logs.end(), [&](const LogBook::Said& said) {
            return item.source == "log " + said.log;
        });
        item.text = log != logs.end() ? log->text : safe(item.source, item.text, Reader::model);
    }
    return items;
}

// --- diagnostics ---

// Those that can be run on it. Where its checks go is asked of them, not kept.
std::vector<std::string> OpsAgent::diagnostics_of(const std::string& target) const {
    Asked asked;
    const auto& checks = loaded_->checks.checks;
    for (const uint32_t index : detector_->checks_of(target)) {
        if (index >= checks.size() || !checks[index]) continue;
        const auto endpoint = endpoint_of(checks[index]->ask().question);
        asked.by_name = asked.by_name || (endpoint && endpoint->is_name);
        asked.over_tls = asked.over_tls || (endpoint && endpoint->tls);
    }
    return diagnostics_for(target, loaded_->settings.inventory, asked);
}

Complaint OpsAgent::trouble_of(const Case& the_case) const {
    const Incident& incident = the_case.incident;
    Complaint trouble;
    trouble.reason = incident.seen;
    trouble.is_host = loaded_->settings.inventory.find_host(incident.target) != nullptr;
    trouble.is_down = detector_->state(incident.target).status == Status::down;
    const auto& checks = loaded_->checks.checks;
    for (const uint32_t index : detector_->checks_of(incident.target)) {
        if (index >= checks.size() || !checks[index]) continue;
        const std::string_view kind = checks[index]->kind();
        trouble.over_network = trouble.over_network || kind == "http" || kind == "tcp";
    }
    const auto add = [&](const expr::Expression& expression) {
        for (const auto& names :
             {expression.facts(), expression.history_facts(), expression.events()}) {
            trouble.facts.insert(trouble.facts.end(), names.begin(), names.end());
        }
    };
    for (const Criterion& one : loaded_->runbook.criteria) {
        if (one.name == incident.rule && one.when) add(*one.when);
    }
    const Entry* entry = loaded_->runbook.find(incident.rule);
    if (entry == nullptr && the_case.entry) entry = &*the_case.entry;
    if (entry != nullptr) {
        for (const expr::Expression& symptom : entry->symptoms) add(symptom);
    }
    return trouble;
}

void OpsAgent::plan_looks(Case& the_case) {
    const auto most = static_cast<size_t>(loaded_->settings.limits.evidence_looks);
    const std::string& target = the_case.incident.target;
    if (most == 0 || the_case.is_folded || the_case.incident.rule == kRuleOwnNetwork) return;
    const std::vector<std::string> looks =
        looks_for(trouble_of(the_case), diagnostics_of(target), most);
    if (looks.empty()) return;
    const KillSwitch kill_switch = read_kill_switch(ports_.files, loaded_->data_dir);
    if (loaded_->settings.agent.mode == Mode::observe) {
        return skip_evidence(the_case, "diagnostics", "mode 'observe': nothing is ever run");
    }
    if (kill_switch.on) return skip_evidence(the_case, "diagnostics", "paused");
    if (planned_looks_.size() + looks.size() > kMostPlanned) {
        return skip_evidence(the_case, "diagnostics", "too many incidents at once");
    }
    for (const std::string& look : looks) {
        planned_looks_.push_back({the_case.incident.id, look, ports_.clock.now() + kLookAfter});
        ++the_case.gathering.waiting;
    }
    the_case.gathering.looks_until = ports_.clock.now() + kLookPatience;
    if (the_case.gathering.then_investigate) the_case.look_again = the_case.gathering.looks_until;
}

void OpsAgent::start_next_looks() {
    const Time now = ports_.clock.now();
    // One whose answer never came (a full inbox) holds its place only so long.
    std::erase_if(looks_under_way_, [&](const auto& one) { return one.second <= now; });
    while (looks_under_way_.size() < kLooksAtOnce && !planned_looks_.empty() &&
           planned_looks_.front().not_before <= now) {
        const PlannedLook look = std::move(planned_looks_.front());
        planned_looks_.pop_front();
        Case* const the_case = find_case(look.incident);
        if (the_case == nullptr) continue;
        // Part of a larger one by now, or a model looks where it wants to.
        if (the_case->is_folded || the_case->is_investigated) {
            look_is_over(*the_case);
            continue;
        }
        Result<Ticket> ticket = order_look(*the_case, {look.diagnostic, 0});
        if (!ticket.ok()) {
            skip_evidence(*the_case, look.diagnostic, ticket.error().message);
            look_is_over(*the_case);
            continue;
        }
        the_case->gathering.looked.push_back(look.diagnostic);
        looks_under_way_.emplace(look.incident + " " + look.diagnostic, now + 2 * kLookPatience);
        deferred_.push_back(
            {look.incident, LookCloser{std::move(ticket).value(), look.diagnostic, true}, 0});
    }
}

void OpsAgent::looked(const DiagnosticReplied& replied) {
    looks_under_way_.erase(replied.incident + " " + replied.diagnostic);
    Case* const the_case = find_case(replied.incident);
    if (the_case == nullptr) return;
    if (!replied.reply.ok()) {
        skip_evidence(*the_case, replied.diagnostic, replied.reply.error().message);
    } else if (const TicketReply& reply = replied.reply.value(); !reply.exit) {
        skip_evidence(*the_case, replied.diagnostic, reply.reason);
    } else if (the_case->investigation) {
        // It numbers its evidence itself, and began without this.
        skip_evidence(*the_case, replied.diagnostic, "it took too long");
    } else {
        add_printed(*the_case, replied.diagnostic, *reply.exit);
    }
    look_is_over(*the_case);
}

// What a diagnostic printed.
void OpsAgent::add_printed(Case& the_case, const std::string& diagnostic, const Exit& exit) {
    std::string text = exit.output;
    if (trim(text).empty()) text = "(it printed nothing)";
    add_evidence(
        the_case, diagnostic, the_case.incident.target, std::move(text),
        Json::object({{"bytes", static_cast<int64_t>(exit.output.size())}, {"code", exit.code}}));
}

void OpsAgent::look_is_over(Case& the_case) {
    Gathering& gathering = the_case.gathering;
    if (gathering.waiting == 0 || --gathering.waiting > 0) return;
    gathered(the_case);
}

// All that was looked for is there, or is waited for no longer.
void OpsAgent::gathered(Case& the_case) {
    the_case.gathering.waiting = 0;
    the_case.gathering.looks_until.reset();
    if (std::exchange(the_case.gathering.then_investigate, false)) investigate(the_case);
}

// After a restart, from the journal.
Result<> OpsAgent::remember_evidence(Case& the_case) {
    EventQuery query;
    query.incident = the_case.incident.id;
    query.kind_prefix = "evidence.";
    query.limit = 200;
    for (const Event& event : TRY(store_->events(query))) {
        the_case.gathering.is_over = true;
        if (event.kind == "evidence.asked") {
            the_case.gathering.looked.push_back(event.body["diagnostic"].as_string());
        } else if (event.kind == "evidence.collected") {
            the_case.gathering.items.push_back({event.body["id"].as_string(),
                                                event.body["source"].as_string(), event.target,
                                                event.at, event.body["text"].as_string()});
        }
    }
    return {};
}

}  // namespace ops

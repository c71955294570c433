// What the detector saw, as incidents.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "agent/ops_agent.h"
#include "agent/redacted.h"
#include "base/id.h"
#include "base/text.h"

namespace ops {
namespace {

// Its target was well meanwhile, and it is open only because a person was told to look at what a
// repair did, or has seen an attack. What comes now is another one.
bool is_over_but_for_people(const Case& the_case) {
    if (!the_case.cleared || the_case.repair) return false;
    return the_case.incident.acknowledged || did_harm(the_case);
}

// Its target is down, which is more than it was open for. (What a repair does to its own target is
// for its verifier to judge.)
bool grew_worse(const Case& the_case, const IncidentUpdate& change) {
    const bool is_new = !change.rule.empty() && the_case.incident.rule != change.rule;
    return is_new && (!the_case.repair || the_case.repair->is_resting());
}

// Nobody would hear of it, or do anything about it, in an incident that a person has seen or that
// was given up: it is one of its own. The one before ends when its target is well.
IncidentOpen worse_one(const Case& the_case, const IncidentUpdate& change, Facts facts) {
    const Incident& incident = the_case.incident;
    return {.key = change.key,
            .target = incident.target,
            .host = incident.host,
            .rule = std::string(change.rule),
            .title = incident.target + " is down",
            .reason = change.reason,
            .facts = std::move(facts),
            .members = {}};
}

// Of those that a newer one took the key from (worse_one) the one that goes on, or null.
Case* one_before(std::map<std::string, Case>& cases, const Case& ended) {
    for (auto& [id, the_case] : cases) {
        const bool is_other = the_case.key == ended.key && id != ended.incident.id;
        if (is_other && !the_case.cleared) return &the_case;
    }
    return nullptr;
}

}  // namespace

void OpsAgent::detect(const Changes& changes) {
    for (const Change& change : changes) {
        std::visit([this](const auto& one) { on(one); }, change);
    }
    tell_criteria();
}

// Of several that an incident met at once people hear the highest, and only that.
void OpsAgent::tell_criteria() {
    for (const std::string& key : std::exchange(criteria_met_, {})) {
        Case* const the_case = find_by_key(key);
        if (the_case != nullptr && !the_case->is_ending) escalate(*the_case);
    }
}

Case* OpsAgent::find_by_key(const std::string& key) {
    const auto found = case_by_key_.find(key);
    return found == case_by_key_.end() ? nullptr : find_case(found->second);
}

Case* OpsAgent::find_case(std::string_view id) {
    const auto found = cases_.find(std::string(id));
    return found == cases_.end() ? nullptr : &found->second;
}

void OpsAgent::on(const TargetChanged& change) {
    note("target.changed", nullptr, change.target,
         Json::object({{"status", name_of(change.status)},
                       {"reason", change.reason},
                       {"since", format_rfc3339(change.since)}}));
    states_changed_ = true;
    // What goes down after it was well is another failure than the one that somebody closed.
    if (change.status == Status::up) closed_by_people_.erase(change.target);
    for (auto& [id, the_case] : cases_) {
        const Incident& incident = the_case.incident;
        if (change.target == incident.target || change.target == incident.host)
            feed(the_case, SomethingChanged{});
    }
}

void OpsAgent::on(const IncidentOpen& change) {
    states_changed_ = true;
    Case* const known = find_by_key(change.key);
    if (known != nullptr && !is_over_but_for_people(*known)) {
        // Raised again after a restart: it is the same one.
        known->cleared = false;
        if (known->is_folded) {
            note("incident.noted", known, known->incident.target,
                 Json::object({{"text", "the larger incident is over, and it is not"},
                               {"by", "ops-agent"},
                               {"folded_into", ""}}));
        }
        if (!known->repair) diagnose(*known);
        return escalate(*known);
    }
    // It is raised again by the next bad look after a while, if it goes on, or should that repair
    // end without success.
    const bool is_known = change.rule == kRuleDown && is_closed_by_people(change.key);
    if (is_known || is_of_repair(change)) {
        return detector_->closed(change.key, ports_.clock.now());
    }
    open_anew(change);
}

// Whoever closed it a while ago knows that it is down.
bool OpsAgent::is_closed_by_people(const std::string& key) {
    const auto closed = closed_by_people_.find(key);
    if (closed == closed_by_people_.end()) return false;
    if (ports_.clock.now() < closed->second) return true;
    closed_by_people_.erase(closed);
    return false;
}

void OpsAgent::open_anew(const IncidentOpen& change) {
    std::string reason = change.reason;
    if (being_told_) reason += ": " + being_told_->line;
    const bool is_named = being_told_ && !being_told_->title.empty();
    Case& the_case =
        open_case(change.key, change.target,
                  Json::object({{"title", is_named ? being_told_->title : change.title},
                                {"host", change.host},
                                {"rule", change.rule},
                                {"level", name_of(Level::none)},
                                {"reason", reason},
                                {"key", change.key},
                                {"event_text", being_told_ ? being_told_->event_text : ""},
                                {"facts", change.facts.to_event_json()},
                                {"members", Json::of_strings(change.members)}}));
    the_case.before = change.facts;
    recall_similar(the_case);
    if (being_told_) being_told_->incident = the_case.incident.id;
    want_evidence(the_case);
    diagnose(the_case);
    escalate(the_case);
}

// `body` is that of incident.opened.
Case& OpsAgent::open_case(const std::string& key, const std::string& target, Json body) {
    // Of thousands that open in one second two draw the same id now and then.
    std::string id = make_id("inc", ports_.clock.now(), ports_.random.next());
    while (cases_.contains(id)) id = make_id("inc", ports_.clock.now(), ports_.random.next());
    Case& the_case = cases_[id];
    the_case.key = key;
    case_by_key_[key] = id;
    Event event;
    event.kind = "incident.opened";
    event.incident = id;
    event.target = target;
    event.body = std::move(body);
    redact(event);
    ports_.log.line(Severity::warning, "incident " + id + ": " + event.body["title"].as_string() +
                                           ": " + event.body["reason"].as_string());
    append(std::move(event));
    return the_case;
}

void OpsAgent::on(const IncidentUpdate& change) {
    Case* the_case = find_by_key(change.key);
    if (the_case == nullptr) return;
    Json said = Json::object({{"text", change.reason}, {"by", "ops-agent"}});
    const bool is_worse = grew_worse(*the_case, change);
    const Incident& incident = the_case->incident;
    const bool is_left = incident.acknowledged || incident.state == IncidentState::escalated;
    if (is_worse && is_left) {
        if (is_closed_by_people(change.key)) return;
        return open_anew(
            worse_one(*the_case, change, detector_->facts(incident.target, ports_.clock.now())));
    }
    const std::vector<std::string>& members = the_case->incident.members;
    const std::set<std::string> known(members.begin(), members.end());
    Json joined = Json::array();
    for (const std::string& member : change.members) {
        if (!known.contains(member)) joined.push(member);
    }
    if (!joined.items().empty()) said.set("members", std::move(joined));
    if (!change.title.empty() && (is_worse || change.rule.empty())) {
        said.set("title", change.title);
        if (is_worse) said.set("rule", change.rule);
    }
    note("incident.noted", the_case, the_case->incident.target, std::move(said));
    if (the_case->repair) the_case->repair->set_members(members);
    if (!the_case->repair && !the_case->incident.acknowledged) diagnose(*the_case);
    escalate(*the_case);
}

void OpsAgent::on(const IncidentFolded& change) {
    Case* the_case = find_by_key(change.key);
    if (the_case == nullptr) return;
    note("incident.noted", the_case, the_case->incident.target,
         Json::object({{"text", "part of the larger incident '" + change.into + "'"},
                       {"by", "ops-agent"},
                       {"folded_into", change.into}}));
}

void OpsAgent::on(const IncidentClear& change) {
    states_changed_ = true;
    std::vector<std::string> ids;  // those that a newer one took the key from, too
    for (const auto& [id, the_case] : cases_) {
        if (the_case.key == change.key) ids.push_back(id);
    }
    for (const std::string& id : ids) {
        if (Case* const the_case = find_case(id)) clear(*the_case, change);
    }
}

void OpsAgent::clear(Case& the_case, const IncidentClear& change) {
    the_case.cleared = true;
    // That an hour went by makes nobody safe: such an incident ends when a person says so.
    if (is_of_security(the_case)) return;
    if (change.unwatched) return no_longer_watched(the_case, change.reason);
    if (!the_case.repair) {
        // People were told to look at what a repair did, and that is not over.
        if (did_harm(the_case)) return;  // end_harm()
        return resolve_case(the_case, "self", change.reason, "");
    }
    // A repair that waits for a yes, or between two attempts, has nothing left to do. What is
    // under way is for the verifier to judge.
    if (!the_case.repair->is_resting()) return feed(the_case, RepairTime{});
    withdraw_repair(the_case, "it is well again");
    resolve_case(the_case, "self", change.reason, "");
}

// People were told to look at what a repair did. It is over when what it harmed has been well for
// as long as a repair is watched, too.
void OpsAgent::end_harm(Time now) {
    const auto is_up = [&](const std::string& name) {
        const TargetState state = detector_->state(name);
        return state.status == Status::up && now - state.since >= loaded_->settings.limits.soak;
    };
    std::vector<std::string> over;
    for (const auto& [id, the_case] : cases_) {
        if (!the_case.cleared || the_case.repair) continue;
        const std::vector<std::string> harmed = harmed_by(the_case);
        if (!harmed.empty() && std::all_of(harmed.begin(), harmed.end(), is_up)) over.push_back(id);
    }
    for (const std::string& id : over) {
        if (Case* const the_case = find_case(id)) {
            resolve_case(*the_case, "self", "what its repair harmed is well again", "");
        }
    }
}

// That it is gone from the configuration says nothing of how it is: whoever took it out ended it.
// What is under way is waited for, so that its outcome is on record.
void OpsAgent::no_longer_watched(Case& the_case, const std::string& reason) {
    the_case.unwatched = true;
    if (the_case.repair && !the_case.repair->is_resting()) {
        return feed(the_case, RepairWithdrawn{reason});
    }
    withdraw_repair(the_case, reason);
    resolve_case(the_case, "human", reason, "");
}

void OpsAgent::on(const CriterionHit& change) {
    Case* the_case = find_by_key(change.key);
    if (the_case == nullptr) return;
    // What is only noted makes nothing less urgent.
    const Level known = parse_level(the_case->incident.level).value_or(Level::none);
    if (change.level <= Level::log && known > change.level) {
        note("incident.noted", the_case, the_case->incident.target,
             Json::object(
                 {{"text", being_told_ ? being_told_->line : change.reason}, {"by", "ops-agent"}}));
        if (being_told_) being_told_->incident = the_case->incident.id;
        return;
    }
    if (change.level >= known) take_criterion(*the_case, change.criterion);
    note("incident.level", the_case, the_case->incident.target,
         Json::object({{"level", name_of(std::max(known, change.level))},
                       {"criterion", change.criterion},
                       {"reason", change.reason}}));
    criteria_met_.insert(change.key);
}

void OpsAgent::on(const CriterionCleared&) {}

void OpsAgent::on(const Recheck& change) {
    auto& checks = loaded_->checks.checks;
    if (second_look_ && second_look_->check == change.check) {
        second_look_->is_wanted = true;
    } else if (change.check < checks.size() && checks[change.check]) {
        ports_.probes.start(checks[change.check]->ask());
    } else {
        heartbeats_asked_.insert(change.check);
    }
}

void OpsAgent::on(const FlappingChanged& change) {
    note("target.flapping", nullptr, change.target,
         Json::object({{"flapping", change.flapping}, {"percent", change.percent}}));
}

void OpsAgent::on(const Suppressed& change) {
    // Looked at first: it may be well with what it depends on.
    constexpr Duration kLookFirst = std::chrono::seconds(5);
    note("target.suppressed", nullptr, change.target, Json::object({{"by", change.by}}));
    if (change.by.empty()) repairs_go_on(change.target, ports_.clock.now() + kLookFirst);
}

void OpsAgent::on(const TargetEvent& change) {
    // Crash counts are for trends; losing one with the power is no loss of truth.
    (void)history_->add_event(change.target, change.kind, change.at);
}

void OpsAgent::adopt(const Case& the_case) {
    const Incident& incident = the_case.incident;
    detector_->adopt({.key = the_case.key,
                      .target = incident.target,
                      .host = incident.host,
                      .rule = incident.rule,
                      .title = incident.title,
                      .reason = incident.reason,
                      .facts = {},
                      .members = incident.members},
                     ports_.clock.now());
}

void OpsAgent::resolve_case(Case& the_case, const std::string& by, const std::string& reason,
                            const std::string& note_text) {
    const std::string id = the_case.incident.id;
    note("incident.resolved", &the_case, the_case.incident.target,
         Json::object({{"by", by}, {"reason", reason}, {"note", note_text}}));
    ports_.log.line(Severity::info,
                    "incident " + id + " resolved (" + by + "): " + the_case.incident.title);
    states_changed_ = true;
    // What we noted ourselves quotes logs: only what was said at the end is a person's word.
    the_case.incident.note = redacted(Json(note_text)).as_string();
    escalate(the_case);
    if (by == "human" && the_case.incident.rule == kRuleDown) {
        closed_by_people_[the_case.key] =
            ports_.clock.now() + loaded_->escalation.unexplained_after;
    }
    if (!the_case.outside && !the_case.unwatched) learn_entries(the_case);
    if (!the_case.unwatched) learn_from_resolution(the_case);
    give_up_key(the_case);
    cases_.erase(id);
    models_failed_for_.erase(id);
}

// It ends. What the detector cleared itself may be open anew by now.
void OpsAgent::give_up_key(const Case& ended) {
    const auto known = case_by_key_.find(ended.key);
    if (known == case_by_key_.end() || known->second != ended.incident.id) return;
    if (!ended.cleared) detector_->closed(ended.key, ports_.clock.now());
    case_by_key_.erase(known);
    if (Case* const before = one_before(cases_, ended)) {
        case_by_key_[before->key] = before->incident.id;
        adopt(*before);
    }
}

}  // namespace ops

// From what people do to a candidate: what they did is noted when an incident ends, and once its
// target has been well for a while, a pattern is looked for.
#include <algorithm>

#include "agent/ops_agent.h"
#include "base/text.h"
#include "learn/learned_file.h"
#include "learn/signature.h"
#include "patterns/quarantine.h"
#include "resolve/rules.h"
#include "runbook/builtin.h"

namespace ops {
namespace {

constexpr Duration kLookBack = std::chrono::hours(24 * 90);
constexpr Duration kGoodTimes = std::chrono::hours(24 * 7);
constexpr Duration kAround = std::chrono::minutes(2);  // of an incident: neither good nor bad
constexpr Duration kNotYet = std::chrono::minutes(5);
constexpr Duration kLookEvery = std::chrono::minutes(1);
constexpr size_t kMostIncidents = 200;  // that are looked at for one pattern
constexpr size_t kMostEvents = 300;     // of one incident
constexpr size_t kMostPoints = 2000;    // of one fact's good times
constexpr size_t kMostShown = 20;       // typed lines that are nothing we know
constexpr Duration kReplayedAgain = std::chrono::hours(24 * 7);
constexpr Duration kReplayTriedAgain = std::chrono::minutes(10);
constexpr size_t kMostHistory = 4 * 1024 * 1024;

Facts read_facts(const Json& plain, const Settings& settings) {
    const TargetNames names(settings);
    Facts facts;
    for (const auto& [name, value] : plain.members()) {
        const Type type = names.fact(name).value_or(Type::unknown);
        if (value.is_bool()) facts.set(name, Value::boolean(value.as_bool()));
        if (value.is_string()) facts.set(name, Value::string(value.as_string()));
        const bool is_unit =
            type == Type::percentage || type == Type::duration || type == Type::size;
        if (value.is_number()) {
            facts.set(name, Value::quantity(is_unit ? type : Type::number, value.as_number()));
        }
    }
    return facts;
}

bool is_explained(const Json& considered) {
    const auto& all = considered.items();
    return std::any_of(all.begin(), all.end(), [](const Json& one) {
        return one["matched"].as_bool() && one["entry"].as_string() != kBuiltinRestart;
    });
}

void take_in(double value, Healthy& healthy) {
    healthy.least = healthy.samples == 0 ? value : std::min(healthy.least, value);
    healthy.most = healthy.samples == 0 ? value : std::max(healthy.most, value);
    ++healthy.samples;
}

}  // namespace

// --- what was done ---

OpsAgent::Deeds OpsAgent::note_deeds(Case& the_case) {
    const Incident& incident = the_case.incident;
    const std::vector<KnownDeed> known =
        known_deeds(incident.target, loaded_->runbook, loaded_->settings.inventory);
    Deeds deeds;
    std::string from;
    if (incident.resolved_by == "auto") {
        if (!incident.proposed || !the_case.entry) return deeds;
        from = "an approved proposal";
        for (const KnownDeed& deed : known) {
            if (deed.entry == the_case.entry->name) deeds.done.push_back(deed);
        }
    } else {
        deeds = typed_deeds(incident, known);
        from = deeds.done.empty() ? "what was typed" : "shell history";
        if (const auto noted = deeds_in_note(incident.note, known); !noted.empty()) {
            deeds.done = noted;
            from = "note";
        }
    }
    if (deeds.done.empty() && deeds.typed.empty()) return deeds;
    Json list = Json::array();
    for (const KnownDeed& deed : deeds.done) {
        list.push(
            Json::object({{"entry", deed.entry}, {"step", deed.step}, {"command", deed.command}}));
    }
    note("learned.did", &the_case, incident.target,
         Json::object({{"deeds", list},
                       {"from", from},
                       {"provenance", name_of(Provenance::person)},
                       {"typed", Json::of_strings(deeds.typed)}}));
    return deeds;
}

// Only lines that say when they were typed can be of this incident.
OpsAgent::Deeds OpsAgent::typed_deeds(const Incident& incident,
                                      const std::vector<KnownDeed>& known) const {
    Deeds deeds;
    for (const std::string& path : loaded_->settings.learn.shell_history) {
        const Result<std::string> text = ports_.files.read(beside(options_.config_file, path));
        if (!text.ok() || text.value().size() > kMostHistory) continue;
        for (const TypedLine& line : read_history(text.value())) {
            if (!line.at || *line.at < incident.opened_at || *line.at > ports_.clock.now())
                continue;
            if (const auto deed = deed_of_line(line.text, known)) {
                deeds.done.push_back(*deed);
            } else if (deeds.typed.size() < kMostShown) {
                const Quarantined safe = quarantine({.source = "shell history",
                                                     .from = *line.at,
                                                     .to = *line.at,
                                                     .text = line.text},
                                                    Templates(), Reader::person);
                deeds.typed.push_back(clip_end(safe.text, 300));
            }
        }
    }
    // Whoever may write to a log can make such a line up, so it is shown and counts for nothing.
    for (const SudoRan& ran : sudo_ran_) {
        if (ran.at < incident.opened_at || deeds.typed.size() >= kMostShown) continue;
        const auto deed = deed_of_line(ran.command, known);
        const Quarantined safe = quarantine({.source = "sudo",
                                             .from = ran.at,
                                             .to = ran.at,
                                             .text = deed ? deed->command : ran.command},
                                            Templates(), Reader::person);
        const std::string line = clip_end(trim(safe.text), 300);
        if (std::find(deeds.typed.begin(), deeds.typed.end(), line) == deeds.typed.end()) {
            deeds.typed.push_back(line);
        }
    }
    return deeds;
}

std::vector<std::string> OpsAgent::typed_since(const Incident& incident) const {
    Deeds deeds = typed_deeds(
        incident, known_deeds(incident.target, loaded_->runbook, loaded_->settings.inventory));
    std::vector<std::string> lines;
    for (const KnownDeed& deed : deeds.done) lines.push_back(deed.command);
    lines.insert(lines.end(), deeds.typed.begin(), deeds.typed.end());
    return lines;
}

// --- what was, as it is learned from ---

std::optional<Episode> OpsAgent::episode_of(const Incident& incident) const {
    EventQuery query;
    query.incident = incident.id;
    query.limit = kMostEvents;
    const auto events = store_->events(query);
    if (!events.ok()) return std::nullopt;
    Episode episode;
    episode.incident = incident.id;
    episode.target = incident.target;
    const Service* const service = loaded_->settings.inventory.find_service(incident.target);
    if (service != nullptr) episode.group = service->group;
    episode.host = incident.host;
    episode.rule = incident.rule;
    episode.opened_at = incident.opened_at;
    episode.resolved_at = incident.resolved_at.value_or(ports_.clock.now());
    for (const Event& event : events.value()) {
        if (event.kind == "incident.opened") {
            // Its facts do not tell it: what does is what another monitor says.
            if (event.body.has("alert")) return std::nullopt;
            episode.facts = read_facts(event.body["facts"], loaded_->settings);
            episode.signature = signature_of(event.body["facts"], event.body["reason"].as_string());
        }
        if (event.kind == "incident.diagnosed" && is_explained(event.body["considered"])) {
            episode.explained = true;
        }
        if (event.kind != "learned.did") continue;
        episode.provenance =
            parse_provenance(event.body["provenance"].as_string()).value_or(Provenance::untrusted);
        for (const Json& deed : event.body["deeds"].items()) {
            episode.deeds.push_back({deed["entry"].as_string(),
                                     static_cast<int>(deed["step"].as_int()),
                                     deed["command"].as_string(),
                                     {}});
        }
        episode.by_person = !episode.deeds.empty();
    }
    return episode;
}

// The incidents that are over, of one target or group, or of all.
std::vector<Episode> OpsAgent::episodes(const std::string& target, const std::string& group) const {
    IncidentQuery query;
    query.states = {IncidentState::resolved};
    query.since = ports_.clock.now() - kLookBack;
    query.limit = kMostIncidents;
    if (group.empty()) query.target = target;
    std::vector<Episode> episodes;
    const auto incidents = store_->incidents(query);
    if (!incidents.ok()) return episodes;
    for (const Incident& incident : incidents.value()) {
        const Service* const service = loaded_->settings.inventory.find_service(incident.target);
        if (!group.empty() && (service == nullptr || service->group != group)) continue;
        if (auto episode = episode_of(incident)) episodes.push_back(*std::move(episode));
    }
    return episodes;
}

// --- on what is on record ---

// Those it was made from, and those like them: the rest are others.
std::set<std::string> OpsAgent::own_incidents(const Standing& standing) const {
    std::set<std::string> own(standing.incidents.begin(), standing.incidents.end());
    std::vector<Episode> pattern;
    for (const std::string& id : standing.incidents) {
        const auto incident = store_->incident(id);
        if (!incident.ok() || !incident.value()) continue;
        if (auto episode = episode_of(*incident.value())) pattern.push_back(*std::move(episode));
    }
    if (pattern.empty()) return own;
    for (const Episode& one : episodes(pattern[0].target, pattern[0].group)) {
        const bool is_own = std::any_of(pattern.begin(), pattern.end(),
                                        [&](const Episode& known) { return is_alike(known, one); });
        if (is_own) own.insert(one.incident);
    }
    return own;
}

// One at a time, on a worker: it reads up to a month. What is older than a week is not relied on.
void OpsAgent::keep_up_replays(Time now) {
    if (is_replaying_) return;
    for (const Standing& standing : ladder_.all()) {
        if (standing.rung == Rung::out) continue;
        const bool is_due = now - standing.replayed_at >= kReplayedAgain;
        if (!is_due && !to_replay_.contains(standing.id)) continue;
        const Entry* const entry = learned_.find(standing.entry);
        if (entry == nullptr || learned_id(*entry) != standing.id) continue;
        const auto tried = replay_tried_.find(standing.id);
        if (tried != replay_tried_.end() && now - tried->second < kReplayTriedAgain) continue;
        replay_tried_[standing.id] = now;
        const std::set<std::string> own = own_incidents(standing);
        is_replaying_ = ports_.workers.submit([post = ports_.post, id = standing.id, entry = *entry,
                                               own, settings = loaded_->settings,
                                               data_dir = loaded_->data_dir,
                                               options = options_.store] {
            post(CandidateReplayed{id, replay_candidate(data_dir, options, settings, entry, own)});
        });
        return;
    }
}

void OpsAgent::on_replayed(const CandidateReplayed& replayed) {
    is_replaying_ = false;
    to_replay_.erase(replayed.id);
    const Standing* const standing = ladder_.find(replayed.id);
    if (standing == nullptr) return;
    if (!replayed.result.ok()) {
        ports_.log.line(Severity::warning,
                        "learned entry '" + standing->entry +
                            "' was not replayed: " + replayed.result.error().message);
        return;
    }
    Json body = replayed.result.value();
    body.set("id", replayed.id).set("entry", standing->entry);
    note("learned.replayed", nullptr, "", std::move(body));
    rise(replayed.id);
}

// What each fact was in the week before, when nothing was wrong with the target.
HealthyFacts OpsAgent::healthy_facts(const std::vector<Episode>& pattern) const {
    const Time now = ports_.clock.now();
    HealthyFacts healthy;
    std::set<std::string> targets;
    for (const Episode& episode : pattern) targets.insert(episode.target);
    for (const std::string& target : targets) {
        const std::vector<Episode> bad = episodes(target, "");
        const auto is_good = [&](const HistorySample& sample) {
            return std::none_of(bad.begin(), bad.end(), [&](const Episode& episode) {
                return sample.at + sample.span >= episode.opened_at - kAround &&
                       sample.at <= episode.resolved_at + kAround;
            });
        };
        const Facts known = detector_->facts(target, now);
        for (const Fact& fact : known.all()) {
            Healthy& good = healthy[fact.name];
            if (!fact.value.is_quantity()) {
                good.texts.insert(fact.value.print());
                continue;
            }
            take_in(fact.value.amount(), good);
            const auto window =
                history_->window(target, fact.name, now - kGoodTimes, now, kMostPoints);
            if (!window.ok()) continue;
            for (const HistorySample& sample : window.value()) {
                if (!is_good(sample)) continue;
                take_in(sample.low, good);
                take_in(sample.high, good);
            }
        }
    }
    return healthy;
}

// --- from time to time ---

void OpsAgent::keep_up_learning() {
    const Time now = ports_.clock.now();
    if (now < next_learning_ || !watching_) return;
    next_learning_ = now + kLookEvery;
    std::vector<std::string> due;
    for (const auto& [id, at] : to_learn_) {
        if (at <= now) due.push_back(id);
    }
    for (const std::string& id : due) {
        if (look_for_pattern(id)) {
            to_learn_.erase(id);
        } else {
            to_learn_[id] = now + kNotYet;
        }
    }
    for (const Standing& standing : ladder_.all()) {
        if (standing.rung != Rung::out && now - standing.used_at > kUnusedLife) rise(standing.id);
    }
    keep_up_replays(now);
}

// False: its target is not well yet, so nothing says what good times are.
bool OpsAgent::look_for_pattern(const std::string& id) {
    const auto incident = store_->incident(id);
    if (!incident.ok() || !incident.value()) return true;
    const auto newest = episode_of(*incident.value());
    if (!newest || ports_.clock.now() - newest->resolved_at > std::chrono::hours(24)) return true;
    if (detector_->state(newest->target).status != Status::up) return false;
    const std::vector<Episode> past = episodes(newest->target, newest->group);
    const std::vector<Episode> pattern = pattern_of(*newest, past);
    if (static_cast<int>(pattern.size()) < loaded_->settings.learn.repeats) return true;
    const bool is_known =
        std::any_of(learned_.entries.begin(), learned_.entries.end(),
                    [&](const Entry& entry) { return would_match(entry, *newest); });
    if (!is_known) write_candidate(pattern);
    return true;
}

void OpsAgent::write_candidate(const std::vector<Episode>& pattern) {
    const std::string& target = pattern.back().target;
    Result<Candidate> made =
        make_candidate(pattern, healthy_facts(pattern), loaded_->runbook, loaded_->settings);
    const auto refuse = [&](const std::string& why) {
        note("learned.refused", nullptr, target,
             Json::object({{"incident", pattern.back().incident}, {"reason", why}}));
        ports_.log.line(Severity::info, "nothing is learned of '" + target + "': " + why);
    };
    if (!made.ok()) return refuse(made.error().message);
    const Candidate& candidate = made.value();
    const std::string id = learned_id(candidate.entry);
    for (const Standing& standing : ladder_.all()) {
        if (standing.rung == Rung::out || standing.entry != candidate.entry.name) continue;
        return refuse("there is a learned entry '" + standing.entry + "' already");
    }
    note("learned.candidate", nullptr, target,
         Json::object({{"id", id},
                       {"entry", candidate.entry.name},
                       {"incidents", Json::of_strings(candidate.incidents)},
                       {"text", candidate.text}}));
    ports_.log.line(Severity::info,
                    "learned a candidate: '" + candidate.entry.name + "' (" + id + "), in shadow");
    learned_changed_ = true;
}

}  // namespace ops

// Learned entries in the running agent: which are in force, what they would have done, whether they
// were right, and the file that they stand in.
//
// The journal has the rung of each; the file is written from it, after the commit. Where the two
// differ the lower rung counts, so a crash between them costs a promotion and never gives one.
#include <algorithm>

#include "agent/ops_agent.h"
#include "base/text.h"
#include "learn/ladder_view.h"
#include "learn/learned_file.h"
#include "resolve/rules.h"
#include "runbook/builtin.h"

namespace ops {
namespace {

Autonomy autonomy_of(Rung rung) {
    return rung == Rung::automatic ? Autonomy::automatic
           : rung == Rung::ask     ? Autonomy::ask
                                   : Autonomy::shadow;
}

constexpr Duration kReplayIsNew = std::chrono::hours(1);

// What stands in the file for an entry that a hand wrote there.
std::string block_by_hand(const Entry& entry) {
    LearnedBlock block = block_of(entry);
    block.autonomy = Autonomy::shadow;
    block.comments = {"written by hand"};
    return block_yaml(block);
}

std::string whole_file_problem(const LearnedEntries& file) {
    return !file.refused.empty() && file.refused[0].name.empty() ? file.refused[0].why : "";
}

}  // namespace

Result<> OpsAgent::take_up_learned() {
    EventQuery query;
    query.kind_prefix = "learned.";
    query.limit = 100'000;
    const Time now = ports_.clock.now();
    for (const Event& event : TRY(store_->events(query))) {
        ladder_.apply(event);
        // What a crash kept from being learned from.
        if (event.kind == "learned.did" && now - event.at < std::chrono::hours(24)) {
            to_learn_[event.incident] = now;
        }
    }
    settle_learned(Hand::may_have_changed_it);
    return {};
}

// Which entries are in force, and how far: as the file and the journal agree.
void OpsAgent::settle_learned(Hand hand) {
    learned_.entries.clear();
    learned_text_ = read_learned_text(ports_.files, loaded_->data_dir).text;
    const LearnedEntries& file = loaded_->learned;
    const bool is_heard = hand == Hand::may_have_changed_it && !learned_changed_;
    std::set<std::string> there;
    for (size_t i = 0; i < file.entries.size(); ++i) {
        const Entry& entry = file.entries[i];
        const std::string id = learned_id(entry);
        if (ladder_.find(id) == nullptr) {
            note("learned.candidate", nullptr, "",
                 Json::object({{"id", id},
                               {"entry", entry.name},
                               {"incidents", Json::array()},
                               {"text", block_by_hand(entry)},
                               {"by", "a hand in the file"}}));
        }
        there.insert(id);
        const Rung written = rung_of(file.written[i]);
        if (is_heard && written < ladder_.find(id)->rung) {
            move_learned({id, entry.name, ladder_.find(id)->rung, written, "the file says so"},
                         "a hand in the file", "", nullptr);
        }
        const Rung rung = ladder_.find(id)->rung;
        if (written != rung) learned_changed_ = true;
        if (rung == Rung::out) continue;
        const Autonomy earned = autonomy_of(std::min(rung, written));
        learned_.entries.push_back(with_autonomy(entry, std::min(entry.autonomy, earned)));
    }
    for (const Standing& standing : ladder_.all()) {
        if (standing.rung == Rung::out || there.contains(standing.id)) continue;
        const bool is_refused =
            std::any_of(file.refused.begin(), file.refused.end(), [&](const RefusedEntry& one) {
                return one.name.empty() || one.name == standing.entry;
            });
        if (is_refused) continue;
        if (is_heard && !learned_text_.empty()) {
            move_learned({standing.id, standing.entry, standing.rung, Rung::out,
                          "it was taken out of the file"},
                         "a hand in the file", "", nullptr);
        } else {
            learned_changed_ = true;
        }
    }
}

std::optional<Entry> OpsAgent::entry_named(const std::string& name,
                                           const std::string& target) const {
    auto entry = find_entry(loaded_->runbook, loaded_->settings.inventory, name, target);
    if (entry) return entry;
    const Entry* const learned = learned_.find(name);
    return learned == nullptr ? std::nullopt : std::optional<Entry>(*learned);
}

// What nobody wrote an entry for may be known from before. The built-in restart, which knows
// nothing of the case, stands back.
void OpsAgent::consider_learned(Case& the_case, const Situation& situation, Diagnosis& diagnosis) {
    if (learned_.entries.empty() || situation.systemic) return;
    for (const Considered& one : diagnosis.considered) {
        if (one.matched && one.entry != kBuiltinRestart) return;
    }
    const Situation asked{.target = situation.target,
                          .down = false,
                          .systemic = false,
                          .world = situation.world,
                          .held = [](const Entry&) { return Duration::zero(); },
                          .barred = situation.barred};
    Diagnosis learned = ops::diagnose(learned_, loaded_->settings.inventory, asked);
    for (const Considered& one : learned.considered) {
        const Entry* const entry = learned_.find(one.entry);
        if (one.matched && entry != nullptr && entry->autonomy == Autonomy::shadow) {
            note_would(the_case, *entry);
        }
    }
    diagnosis.considered.insert(diagnosis.considered.end(), learned.considered.begin(),
                                learned.considered.end());
    if (!learned.entry) return;
    diagnosis.entry = std::move(learned.entry);
    diagnosis.cause = std::move(learned.cause);
}

void OpsAgent::note_would(Case& the_case, const Entry& entry) {
    const std::string id = learned_id(entry);
    const auto is_same = [&](const Shadow& known) { return known.id == id; };
    if (std::any_of(the_case.shadows.begin(), the_case.shadows.end(), is_same)) return;
    const std::string& target = the_case.incident.target;
    const std::vector<std::string> commands =
        commands_of(entry, target, loaded_->settings.inventory);
    the_case.shadows.push_back({id, entry.name, commands});
    note("learned.would", &the_case, target,
         Json::object(
             {{"id", id}, {"entry", entry.name}, {"commands", Json::of_strings(commands)}}));
}

void OpsAgent::take_up_shadows(Case& the_case) const {
    EventQuery query;
    query.incident = the_case.incident.id;
    query.kind_prefix = "learned.would";
    const auto events = store_->events(query);
    if (!events.ok()) return;  // the journal was read a moment ago: nothing rests on this
    for (const Event& event : events.value()) {
        the_case.shadows.push_back({event.body["id"].as_string(), event.body["entry"].as_string(),
                                    event.body["commands"].strings()});
    }
}

// --- right or wrong ---

void OpsAgent::learn_entries(Case& the_case) {
    const Deeds deeds = note_deeds(the_case);
    const Incident& incident = the_case.incident;
    WhatHappened happened{incident.resolved_by, {}, Provenance::checks};
    for (const KnownDeed& deed : deeds.done) happened.done.push_back(deed.command);
    if (incident.resolved_by == "auto" && the_case.entry) {
        happened.done = commands_of(*the_case.entry, incident.target, loaded_->settings.inventory);
    } else {
        happened.provenance = Provenance::person;
    }
    for (const Shadow& shadow : the_case.shadows) {
        const Judgement judgement = judge_shadow(shadow.commands, happened);
        judge_learned(the_case, shadow.id, shadow.entry, judgement.judged, judgement.why);
    }
    if (incident.resolved_by == "auto" && the_case.entry && the_case.entry->learned) {
        judge_learned(the_case, learned_id(*the_case.entry), the_case.entry->name, Trial::verified,
                      incident.reason);
    }
    if (!deeds.done.empty()) to_learn_[incident.id] = ports_.clock.now() + kGoodTimesFirst;
}

// The repair is over, and not well: what it ran with costs the entry a rung.
void OpsAgent::learned_failed(Case& the_case, const std::string& reason) {
    if (!the_case.entry || !the_case.entry->learned) return;
    const Entry& entry = *the_case.entry;
    const bool ran =
        std::any_of(the_case.actions.begin(), the_case.actions.end(), [&](const Action& action) {
            return action.entry == entry.name && !action.undo &&
                   (action.state == "failed" || action.state == "unknown" ||
                    action.state == "undone" || action.state == "running");
        });
    if (!ran) return;
    const std::string id = learned_id(entry);
    judge_learned(the_case, id, entry.name, Trial::failed, reason);
    const auto down = ladder_.after_failure(id, "it failed: " + reason);
    if (down) move_learned(*down, "ops-agent", "", &the_case);
}

void OpsAgent::judge_learned(Case& the_case, const std::string& id, const std::string& entry,
                             Trial judged, const std::string& why) {
    note("learned.judged", &the_case, the_case.incident.target,
         Json::object({{"id", id}, {"entry", entry}, {"judged", name_of(judged)}, {"why", why}}));
    if (judged == Trial::right) rise(id);
}

void OpsAgent::rise(const std::string& id) {
    const Standing* const standing = ladder_.find(id);
    if (standing == nullptr || standing->rung == Rung::out) return;
    const Time now = ports_.clock.now();
    std::optional<Move> move = ladder_.due(*standing, std::nullopt, now);
    if (!move && ladder_.due(*standing, 0.0, now)) {
        // It has earned a rung: is it so narrow still, on all that is on record by now?
        if (now - standing->replayed_at > kReplayIsNew) {
            to_replay_.insert(id);
            return;
        }
        move = ladder_.due(*standing, standing->share_of_others(), now);
    }
    if (move) move_learned(*move, "ops-agent", "", nullptr);
}

void OpsAgent::move_learned(const Move& move, const std::string& by, const std::string& via,
                            Case* the_case) {
    Json body = move.to_json();
    body.set("by", by);
    body.set("via", via);
    note("learned.moved", the_case, "", std::move(body));
    const std::string said = "learned entry '" + move.entry +
                             "': " + std::string(name_of(move.from)) + " -> " +
                             std::string(name_of(move.to)) + " (" + move.why + ")";
    ports_.log.line(Severity::info, said);
    if (the_case != nullptr) {
        note("incident.noted", the_case, the_case->incident.target,
             Json::object({{"text", said}, {"by", "ops-agent"}}));
    }
    learned_changed_ = true;
    // Down at once, before the file says so.
    for (Entry& entry : learned_.entries) {
        if (learned_id(entry) != move.id) continue;
        entry = with_autonomy(entry, std::min(entry.autonomy, autonomy_of(move.to)));
    }
    if (move.to != Rung::out) return;
    std::erase_if(learned_.entries,
                  [&](const Entry& entry) { return learned_id(entry) == move.id; });
}

// --- the file ---

// Writes what the journal says. A hand that was in the file meanwhile is heard first; a file that
// is no runbook is somebody's work, and is left alone.
void OpsAgent::write_learned() {
    if (!learned_changed_) return;
    for (const auto& [id, the_case] : cases_) {
        // Its tickets name the entry as it is written there now.
        if (the_case.repair && the_case.entry && the_case.entry->learned) return;
    }
    const ConfigText on_disk = read_learned_text(ports_.files, loaded_->data_dir);
    if (on_disk.text != learned_text_) read_learned_again(on_disk);
    std::string problem = whole_file_problem(loaded_->learned);
    const std::vector<Standing> standings = ladder_.all();
    for (const RefusedEntry& one : loaded_->learned.refused) {
        const bool is_known =
            std::any_of(standings.begin(), standings.end(),
                        [&](const Standing& standing) { return standing.entry == one.name; });
        if (problem.empty() && !is_known) problem = "'" + one.name + "': " + one.why;
    }
    const std::string text = learned_file_of(ladder_);
    if (problem.empty() && text != on_disk.text) {
        const Result<> written = ports_.files.replace(on_disk.file, text);
        if (!written.ok()) problem = written.error().message;
    }
    if (!problem.empty()) {
        if (problem != learned_problem_) {
            ports_.log.line(Severity::error, "'" + on_disk.file + "' is not written: " + problem);
        }
        learned_problem_ = problem;
        return;
    }
    learned_problem_.clear();
    if (text != on_disk.text) {
        note("learned.written", nullptr, "",
             Json::object({{"diff", clip_end(diff_of(on_disk.text, text), 8000)}}));
    }
    learned_changed_ = false;
    read_learned_again({on_disk.file, text});
}

void OpsAgent::read_learned_again(const ConfigText& text) {
    loaded_->learned = text.text.empty() ? LearnedEntries()
                                         : read_learned(text, loaded_->runbook, loaded_->settings);
    settle_learned(Hand::off);
}

// --- people ---

Json OpsAgent::learned_json() const {
    Json json = candidates_json(ladder_);
    Json refused = Json::array();
    for (const RefusedEntry& one : loaded_->learned.refused) {
        refused.push(Json::object({{"entry", one.name}, {"why", one.why}}));
    }
    json.set("refused", refused);
    return json;
}

Result<Json> OpsAgent::move_candidate(const Deed& deed, const std::string& by) {
    const Standing* standing = ladder_.find(deed.id);
    const std::vector<Standing> all = ladder_.all();
    for (auto one = all.rbegin(); standing == nullptr && one != all.rend(); ++one) {
        if (one->entry == deed.id) standing = ladder_.find(one->id);
    }
    const std::string id = standing == nullptr ? deed.id : standing->id;
    const Move move =
        deed.what == "promote"
            ? TRY(ladder_.promote(id, standing ? standing->share_of_others() : std::nullopt))
            : TRY(ladder_.demote(id));
    move_learned(move, by, deed.via, nullptr);
    return Json::object({{"id", move.id},
                         {"entry", move.entry},
                         {"from", name_of(move.from)},
                         {"autonomy", name_of(move.to)}});
}

}  // namespace ops

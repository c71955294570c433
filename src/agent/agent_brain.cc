// Memory: what came up for an incident, what is kept of it, and the outside Brain.
//
// Memories are no events: brain.db is written when something was learned, and the journal says so.
// A memory's id follows from its incident, so a crash between the two stores it again, once.
#include <algorithm>
#include <utility>

#include "agent/memory_views.h"
#include "agent/ops_agent.h"
#include "agent/outside_brain.h"
#include "base/id.h"
#include "base/text.h"
#include "learn/brain.h"
#include "learn/signature.h"
#include "learn/terms.h"
#include "patterns/quarantine.h"

namespace ops {
namespace {

constexpr size_t kMostSimilar = 5;
constexpr int kMostRecalls = 20;  // between two ticks: a storm of incidents is not slowed by memory
constexpr Duration kUsedOnce = std::chrono::hours(24);  // as often is "used" written down
constexpr Duration kExpireEvery = std::chrono::hours(1);
constexpr size_t kMostUntold = 1000;
constexpr size_t kLongestNoteKept = 4000;  // as what is added by hand (memory_views.cc)
constexpr Duration kAskOutsideAgain = std::chrono::minutes(1);

std::string for_a_model(const std::string& text, Time now) {
    const Quarantined safe = quarantine({.source = "memory", .from = now, .to = now, .text = text},
                                        Templates(), Reader::model);
    return std::string(trim(safe.text));
}

// Every entry that was tried in this case, and whether it helped.
bool has_action(const Case& the_case, const std::string& entry, std::string_view state) {
    return std::any_of(the_case.actions.begin(), the_case.actions.end(),
                       [&](const Action& one) { return one.entry == entry && one.state == state; });
}

// How a memory is told in one line of the journal and of `show`.
Json short_json(const Recalled& recalled) {
    const Memory& memory = recalled.memory;
    return Json::object({{"id", memory.id},
                         {"title", memory.title},
                         {"score", recalled.score},
                         {"why", Json::of_strings(recalled.why)},
                         {"incident", memory.incident},
                         {"at", format_rfc3339(memory.at)},
                         {"entry", memory.entry},
                         {"outcome", name_of(memory.outcome)},
                         {"provenance", name_of(memory.provenance)}});
}

}  // namespace

std::string OpsAgent::group_of(const std::string& target) const {
    const Service* const service = loaded_->settings.inventory.find_service(target);
    return service == nullptr ? "" : service->group;
}

void OpsAgent::open_memories() {
    Result<std::unique_ptr<Memories>> opened = Memories::open(loaded_->data_dir, options_.store);
    if (!opened.ok()) return without_memories(opened.error());
    memories_ = std::move(opened).value();
}

// Nothing rests on it, so everything else goes on; until the next start nothing is remembered.
void OpsAgent::without_memories(const Error& error) {
    memories_.reset();
    ports_.log.line(Severity::error, "memory: " + error.message + "; it goes on without memory");
    note("memory.failed", nullptr, "", Json::object({{"reason", error.message}}));
}

// --- what comes up ---

// What its logs said shortly before and after it opened: a log is read after the check that failed,
// and what is said later is often of something else.
std::vector<std::string> OpsAgent::log_signs(const Incident& incident) const {
    constexpr Duration kBefore = std::chrono::minutes(10), kAfter = std::chrono::minutes(2);
    return logs_.signs_of(incident.target, add_saturating(incident.opened_at, -kBefore),
                          add_saturating(incident.opened_at, kAfter));
}

void OpsAgent::recall_similar(Case& the_case) {
    const Incident& incident = the_case.incident;
    the_case.signature = signature_of(the_case.before, incident.reason);
    the_case.log_signs = log_signs(incident);
    if (++recalls_ > kMostRecalls) {
        if (recalls_ == kMostRecalls + 1) {
            ports_.log.line(Severity::warning,
                            "memory: more than " + std::to_string(kMostRecalls) +
                                " incidents at once; for the others nothing is looked up");
        }
        return;
    }
    const Likeness question{.text = incident.title + "\n" + incident.reason,
                            .target = incident.target,
                            .group = group_of(incident.target),
                            .host = incident.host,
                            .rule = incident.rule,
                            .signature = the_case.signature,
                            .templates = the_case.log_signs,
                            .now = ports_.clock.now()};
    if (!loaded_->brain.url.empty() && question.now >= ask_outside_again_) {
        deferred_.push_back({incident.id, AskBrain{question.text}, 0});
    }
    if (!memories_) return;
    Result<std::vector<Recalled>> found = recall(*memories_, question, kMostSimilar);
    if (!found.ok()) return without_memories(found.error());
    for (Recalled& one : std::move(found).value()) {
        if (is_alike(one)) the_case.similar.push_back(std::move(one));
    }
    for (Recalled& one : the_case.similar) {
        if (memories_) mark_used(one.memory);
    }
    note_recalled(the_case, the_case.similar);
}

void OpsAgent::note_recalled(const Case& the_case, const std::vector<Recalled>& recalled) {
    if (recalled.empty()) return;
    Json similar = Json::array();
    for (const Recalled& one : recalled) similar.push(short_json(one));
    note("memory.recalled", &the_case, the_case.incident.target,
         Json::object({{"signature", Json::of_strings(the_case.signature)}, {"similar", similar}}));
}

// What is of use lives on.
void OpsAgent::mark_used(Memory& memory) {
    const Time now = ports_.clock.now();
    if (memory.used_at && now - *memory.used_at < kUsedOnce) return;
    memory.used_at = now;
    if (memory.expires_at) memory.expires_at = add_saturating(now, loaded_->brain.keep);
    const Result<bool> done = memories_->update(memory);
    if (!done.ok()) without_memories(done.error());
}

// After a restart: what came up then, as it is now.
void OpsAgent::take_up_similar(Case& the_case) {
    EventQuery query;
    query.incident = the_case.incident.id;
    query.kind_prefix = "memory.";
    query.limit = 100;
    const auto events = store_->events(query);
    if (!events.ok()) return;  // the journal was read a moment ago: nothing rests on this
    for (const Event& event : events.value()) {
        if (event.kind == "memory.confirmed" || event.kind == "memory.contradicted")
            the_case.memories_judged = true;
        if (event.kind != "memory.recalled" || !memories_) continue;
        for (const Json& one : event.body["similar"].items()) {
            auto memory = memories_->memory(one["id"].as_string());
            if (!memory.ok() || !memory.value()) continue;
            the_case.similar.push_back(
                {*std::move(memory).value(), one["score"].as_number(), one["why"].strings()});
        }
    }
}

// --- what is kept ---

void OpsAgent::learn_from_resolution(Case& the_case) {
    // What worked is told apart from what merely passed: only a verified repair is an example to
    // follow.
    const Incident& incident = the_case.incident;
    if (incident.resolved_by == "auto") {
        // For trends only.
        (void)history_->add_event(incident.target, "repaired", ports_.clock.now());
    }
    judge_memories(the_case);
    remember(the_case);
}

void OpsAgent::remember(const Case& the_case) {
    const Incident& incident = the_case.incident;
    if (!memories_ || is_about_ourselves(incident)) return;
    if (the_case.outside) return;  // what it was about are words of others
    const Time now = ports_.clock.now();
    Story story{.incident = incident,
                .actions = the_case.actions,
                .group = group_of(incident.target),
                .signature = the_case.signature,
                .templates = log_signs(incident),
                // Safe since it came in (redacted.h).
                .note = clip_end(trim(incident.note), kLongestNoteKept),
                .foreign = {},
                .now = now,
                .life = loaded_->brain.keep};
    // What an incident that took long began with is no longer in the log book.
    if (story.templates.empty()) story.templates = the_case.log_signs;
    // Sentences of our own checks are in the signature as their class. Any other reason of a dead
    // service may be anybody's text: an answer's body, a command's output. A symptom's is our own.
    if (incident.rule == "down" && reason_class(incident.seen).empty()) {
        story.foreign = for_a_model(incident.seen, now);
    }
    std::optional<Memory> memory = memory_of(story);
    if (!memory) return;
    const Result<std::vector<std::string>> done = memories_->put({with_terms(*memory)});
    if (!done.ok() && done.error().fault == Fault::invalid) {  // it, and not where it goes
        return ports_.log.line(Severity::warning, "not remembered: " + done.error().message);
    }
    if (!done.ok()) return without_memories(done.error());
    note("memory.stored", &the_case, incident.target,
         Json::object({{"id", memory->id},
                       {"title", memory->title},
                       {"outcome", name_of(memory->outcome)},
                       {"provenance", name_of(memory->provenance)}}));
    if (!done.value().empty()) {
        note("memory.expired", nullptr, "",
             Json::object({{"ids", Json::of_strings(done.value())},
                           {"reason", "there is room for " + std::to_string(kMostMemories)}}));
    }
    if (loaded_->brain.url.empty()) return;
    untold_.push_back(memory->id);
    if (untold_.size() > kMostUntold) untold_.pop_front();
    tell_outside();
}

// A memory says that its entry helps. Whether that was right again is seen where the entry was
// tried; nothing is concluded from what was not.
void OpsAgent::judge_memories(Case& the_case) {
    if (the_case.memories_judged) return;
    for (Recalled& one : the_case.similar) {
        Memory& memory = one.memory;
        if (memory.provenance == Provenance::outside) continue;
        bool helped = false, failed = false;
        for (const KnownDeed& deed : deeds_of(memory, the_case.incident.target)) {
            helped = helped || was_right(the_case, deed);
            failed = failed || has_action(the_case, deed.entry, "failed");
        }
        if (!helped && !failed) continue;
        the_case.memories_judged = true;
        judge_memory(memory, helped, the_case);
    }
}

// What a memory says that helped: its entry, or what the note of a person names word for word.
std::vector<KnownDeed> OpsAgent::deeds_of(const Memory& memory, const std::string& target) const {
    if (!memory.entry.empty()) return {{.entry = memory.entry, .command = "", .spoken = {}}};
    if (memory.outcome != MemoryOutcome::human) return {};
    return deeds_in_note(memory.note,
                         known_deeds(target, loaded_->runbook, loaded_->settings.inventory));
}

// It was done again, by us or by a person, and the incident ended with it.
bool OpsAgent::was_right(const Case& the_case, const KnownDeed& deed) const {
    const Incident& incident = the_case.incident;
    if (incident.resolved_by == "auto") return has_action(the_case, deed.entry, "verified");
    if (incident.resolved_by != "human" || deed.command.empty()) return false;
    const auto noted = deeds_in_note(
        incident.note, known_deeds(incident.target, loaded_->runbook, loaded_->settings.inventory));
    return std::any_of(noted.begin(), noted.end(),
                       [&](const KnownDeed& one) { return one.command == deed.command; });
}

void OpsAgent::judge_memory(Memory& memory, bool was_right, const Case& the_case) {
    if (!memories_) return;
    const Result<std::optional<Memory>> newest = memories_->memory(memory.id);
    if (!newest.ok()) return without_memories(newest.error());
    if (!newest.value()) return;  // expired since
    memory = *newest.value();
    ++(was_right ? memory.confirmed : memory.contradicted);
    const Result<bool> done = memories_->update(memory);
    if (!done.ok()) return without_memories(done.error());
    note(was_right ? "memory.confirmed" : "memory.contradicted", &the_case,
         the_case.incident.target,
         Json::object({{"id", memory.id},
                       {"title", memory.title},
                       {"entry", memory.entry},
                       {"confirmed", memory.confirmed},
                       {"contradicted", memory.contradicted},
                       {"demoted", is_demoted(memory)}}));
}

void OpsAgent::keep_up_memories() {
    if (!memories_) return;
    const Time now = ports_.clock.now();
    const Result<> kept = memories_->maintain();
    if (!kept.ok()) return without_memories(kept.error());
    if (now >= next_expiry_) {
        next_expiry_ = now + kExpireEvery;
        const Result<std::vector<std::string>> gone = memories_->expire(now);
        if (!gone.ok()) return without_memories(gone.error());
        if (!gone.value().empty()) {
            note("memory.expired", nullptr, "",
                 Json::object({{"ids", Json::of_strings(gone.value())},
                               {"reason", "of no use for so long"}}));
        }
    }
    tell_outside();
}

// --- the Brain API ---

Result<Json> OpsAgent::search_memories(const View& view) {
    if (!memories_) return Error{Fault::unavailable, "memory cannot be read; see the log"};
    return look_at_memories(*memories_, view, ports_.clock.now());
}

// Of the command line it is a person's word; of another program, which need not say who it is, not.
Result<Json> OpsAgent::add_memory(const Deed& deed) {
    if (!memories_) return Error{Fault::unavailable, "memory cannot be written; see the log"};
    const Time now = ports_.clock.now();
    const bool is_person = !deed.user.empty();
    Json json = deed.body;
    if (!is_person) {  // no structure, no outcome and no id of others
        json = Json::object(
            {{"title", json["title"]}, {"text", json["text"]}, {"meta", json["meta"]}});
    }
    const std::string id = make_id("mem", now, ports_.random.next());
    Memory memory = TRY(read_to_keep(json, id, now, loaded_->brain.keep));
    if (!is_person) memory.provenance = Provenance::outside;
    // What a caller got wrong is told; what the disk got wrong ends memory.
    const Result<std::vector<std::string>> done = memories_->put({with_terms(memory)});
    if (!done.ok()) {
        if (done.error().fault != Fault::invalid) without_memories(done.error());
        return done.error();
    }
    note("memory.stored", nullptr, memory.target,
         Json::object({{"id", memory.id},
                       {"title", memory.title},
                       {"outcome", name_of(memory.outcome)},
                       {"provenance", name_of(memory.provenance)},
                       {"by", deed.by}}));
    return Json::object({{"id", memory.id}});
}

// --- the outside Brain ---

void OpsAgent::start_asking(const std::string& incident, const AskBrain& ask) {
    const Time now = ports_.clock.now();
    // When all workers are busy it is not asked: its answer is only a hint.
    (void)ports_.workers.submit([ports = ports_, incident, ask, now, brain = loaded_->brain] {
        OutsideBrain outside(ports.http, ports.files, brain);
        ports.post(BrainAnswered{incident, outside.search(ask.text, now)});
    });
}

void OpsAgent::on_replied(BrainAnswered answered) {
    if (!answered.found.ok()) return outside_brain_is(answered.found.error());
    outside_brain_is(std::nullopt);
    Case* const the_case = find_case(answered.incident);
    if (the_case == nullptr) return;
    const Incident& incident = the_case->incident;
    std::vector<StoredMemory> candidates;
    for (Memory& one : std::move(answered.found).value()) {
        const std::string own = one.meta["id"].as_string();
        const bool is_ours = !own.empty() && memories_ && memories_->memory(own).ok() &&
                             memories_->memory(own).value().has_value();
        if (!is_ours) candidates.push_back(with_terms(std::move(one)));
    }
    const std::vector<std::string> terms = terms_of(incident.title + "\n" + incident.reason);
    TermStatistics statistics;
    statistics.memories_of.assign(terms.size(), 0);
    if (memories_) {
        if (auto known = memories_->statistics(terms); known.ok()) {
            statistics = std::move(known).value();
        }
    }
    const std::vector<Recalled> found = rank({.text = {}, .now = ports_.clock.now()}, candidates,
                                             statistics, terms, kMostFromOutside);
    note_recalled(*the_case, found);
    the_case->similar.insert(the_case->similar.end(), found.begin(), found.end());
}

// One after another, and when one could not be told, later.
void OpsAgent::tell_outside() {
    if (untold_.empty() || is_telling_ || !memories_ || loaded_->brain.url.empty() ||
        ports_.clock.now() < ask_outside_again_) {
        return;
    }
    const Result<std::optional<Memory>> memory = memories_->memory(untold_.front());
    if (!memory.ok() || !memory.value()) {
        untold_.pop_front();
        return;
    }
    is_telling_ = true;
    deferred_.push_back({"", TellBrain{*memory.value()}, 0});
}

void OpsAgent::start_telling(const TellBrain& tell) {
    const std::string from = loaded_->settings.agent.name;
    const bool taken =
        ports_.workers.submit([ports = ports_, memory = tell.memory, from, brain = loaded_->brain] {
            OutsideBrain outside(ports.http, ports.files, brain);
            ports.post(BrainTold{memory.id, outside.tell(memory, from)});
        });
    if (!taken) is_telling_ = false;
}

void OpsAgent::on_replied(const BrainTold& told) {
    is_telling_ = false;
    const bool is_refused = !told.id.ok() && (told.id.error().fault == Fault::denied ||
                                              told.id.error().fault == Fault::invalid);
    const bool is_done = told.id.ok() || is_refused;  // refused once is refused again
    if (is_done && !untold_.empty() && untold_.front() == told.memory) untold_.pop_front();
    outside_brain_is(told.id.ok() ? std::nullopt : std::optional<Error>(told.id.error()));
    tell_outside();
}

// Its absence changes nothing but a note, once an outage.
void OpsAgent::outside_brain_is(const std::optional<Error>& error) {
    if (error) ask_outside_again_ = ports_.clock.now() + kAskOutsideAgain;
    if (outside_brain_fails_ == error.has_value()) return;
    outside_brain_fails_ = error.has_value();
    const std::string reason =
        error ? printable(clip_end(error->message, 300), Lines::flatten) : "it answers again";
    note("memory.outside", nullptr, "",
         Json::object({{"answers", !error.has_value()}, {"reason", reason}}));
    ports_.log.line(Severity::warning, "outside Brain: " + reason);
}

}  // namespace ops

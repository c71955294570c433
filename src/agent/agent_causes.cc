// What incidents may come from, kept up to date while they are young: for people and for the words
// that a model begins with. No action follows from it.
#include <algorithm>

#include "agent/ops_agent.h"

namespace ops {
namespace {

constexpr std::string_view kState = "causes";
constexpr uint64_t kMostFolded = 50'000;  // events, when nothing was saved
constexpr size_t kPage = 5'000;
constexpr Duration kReviewedFor = std::chrono::minutes(15);  // after it opened
constexpr Duration kReviewEvery = std::chrono::seconds(5);   // an incident
constexpr size_t kReviewsATick = 20;
constexpr int kMostRenewals = 5;  // in the journal, an incident
constexpr Duration kSaveEvery = std::chrono::seconds(30);

bool may_change_causes(const Event& event) {
    return event.kind == "target.changed" || event.kind == "event.outside" ||
           event.kind == "config.loaded" || event.kind == "action.intent" ||
           event.kind == "incident.opened";
}

bool point_at_the_same(const std::vector<Cause>& one, const std::vector<Cause>& other) {
    return std::equal(
        one.begin(), one.end(), other.begin(), other.end(),
        [](const Cause& a, const Cause& b) { return a.kind == b.kind && a.about == b.about; });
}

}  // namespace

Json causes_json(const std::vector<Cause>& causes) {
    Json list = Json::array();
    for (const Cause& cause : causes) list.push(cause.to_json());
    return list;
}

// What was folded is saved now and then, with how far it came; what the journal has since then is
// folded on top. So the counts outlive the events that retention removes.
Result<> OpsAgent::restore_causes() {
    uint64_t next = 1;
    const std::optional<std::string> state = TRY(store_->state(kState));
    const Result<Json> saved = Json::parse(state.value_or("null"));
    if (saved.ok() && saved.value().is_object()) {
        cause_record_.restore(saved.value()["record"]);
        next = static_cast<uint64_t>(saved.value()["through"].as_int()) + 1;
    }
    const uint64_t head = store_->head().seq;
    if (head > kMostFolded) next = std::max(next, head - kMostFolded);
    while (next <= head) {
        EventQuery query;
        query.from_seq = next;
        query.limit = kPage;
        const std::vector<Event> events = TRY(store_->events(query));
        if (events.empty()) break;
        for (const Event& event : events) {
            cause_record_.apply(event, loaded_->settings.inventory);
        }
        next = events.back().seq + 1;
    }
    return {};
}

void OpsAgent::save_causes(Time now) {
    if (failure_ || !pending_.empty() || !causes_unsaved_) return;
    causes_unsaved_ = false;
    next_causes_save_ = now + kSaveEvery;
    const Json json =
        Json::object({{"through", store_->head().seq}, {"record", cause_record_.to_json()}});
    const Result<> saved = store_->set_state(kState, json.dump());
    if (!saved.ok()) failure_ = saved.error();
}

void OpsAgent::follow_causes(const Event& event) {
    cause_record_.apply(event, loaded_->settings.inventory);
    causes_unsaved_ = true;
    if (may_change_causes(event)) causes_stale_ = true;
}

std::vector<Cause> OpsAgent::causes_of(const Case& the_case, const Diagnosis& diagnosis) const {
    const Incident& incident = the_case.incident;
    return rank_causes({.incident = incident.id,
                        .target = incident.target,
                        .opened = incident.opened_at,
                        .members = incident.members,
                        .diagnosis = diagnosis,
                        .inventory = loaded_->settings.inventory,
                        .record = cause_record_,
                        .similar = the_case.similar});
}

// `entry` is what is or will be applied, whoever chose it.
void OpsAgent::note_diagnosis(Case& the_case, const std::string& entry) {
    const Diagnosis& diagnosis = *the_case.diagnosis;
    const std::vector<Cause>& causes = the_case.causes;
    note("incident.diagnosed", &the_case, the_case.incident.target,
         Json::object({{"entry", entry},
                       {"cause", causes.empty() ? diagnosis.cause : causes.front().text},
                       {"confidence", causes.empty() ? 0.0 : causes.front().confidence},
                       {"considered", diagnosis.considered_json()},
                       {"causes", causes_json(causes)},
                       {"proposed", the_case.incident.proposed}}));
}

// Something happened: does a young incident look different now?
void OpsAgent::review_causes() {
    const Time now = ports_.clock.now();
    if (now >= next_causes_save_) save_causes(now);
    if (!causes_stale_ || !watching_) return;
    causes_stale_ = false;
    size_t reviewed = 0;
    for (auto& [id, the_case] : cases_) {
        const bool is_young = now - the_case.incident.opened_at < kReviewedFor;
        if (!the_case.diagnosis || !is_young || the_case.renewals >= kMostRenewals) continue;
        if (now - the_case.causes_at < kReviewEvery || reviewed >= kReviewsATick) {
            causes_stale_ = true;  // its turn comes
            continue;
        }
        ++reviewed;
        the_case.causes_at = now;
        std::vector<Cause> causes = causes_of(the_case, *the_case.diagnosis);
        if (point_at_the_same(causes, the_case.causes)) continue;
        the_case.causes = std::move(causes);
        ++the_case.renewals;
        note_diagnosis(the_case, the_case.incident.entry);
    }
}

// Where something above it failed first, the alert says so: unless an entry of the runbook knows
// better, and has not failed.
std::string OpsAgent::upstream_of(const Case& the_case) const {
    const std::vector<Cause>& causes = the_case.causes;
    const bool is_explained = !causes.empty() && causes.front().kind == CauseKind::entry &&
                              causes.front().counted_as.starts_with("entry/") &&
                              the_case.incident.state != IncidentState::escalated;
    if (is_explained) return "";
    const auto upstream = std::find_if(causes.begin(), causes.end(), [](const Cause& cause) {
        return cause.kind == CauseKind::upstream;
    });
    return upstream == causes.end() ? "" : upstream->text;
}

}  // namespace ops

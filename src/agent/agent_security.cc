// Who came into the machine, and what is new about how they could: told once, with what was
// compared with what.
#include <algorithm>

#include "agent/ops_agent.h"
#include "base/text.h"
#include "patterns/quarantine.h"

namespace ops {
namespace {

constexpr std::string_view kState = "security";
constexpr Duration kSaveCountsEvery = std::chrono::minutes(5);
constexpr size_t kMostSaid = 500;
constexpr size_t kMostSudo = 500;

std::string safe(const std::string& text) {
    return clip_end(trim(quarantine({"", {}, {}, text}, Templates(), Reader::person).text),
                    kMostSaid);
}

}  // namespace

void OpsAgent::learn_security(const ops::Check& check, const Judged& judged) {
    const Time now = ports_.clock.now();
    if (judged.access) security_.observe(check.target(), *judged.access, now);
    const bool was_read = judged.next_question && judged.observation.health == Health::good;
    const LogRow* const row = check.kind() == "log" ? log_row_of(check) : nullptr;
    if (row == nullptr || !was_read) return;
    security_.observe(*row, judged.auth, now);
    if (!loaded_->settings.learn.journal) return;
    for (const AuthEvent& event : judged.auth) {
        if (event.kind != AuthEvent::Kind::sudo_ran) continue;
        sudo_ran_.push_back({now, event.user, event.command});
        if (sudo_ran_.size() > kMostSudo) sudo_ran_.pop_front();
    }
}

// A finding is on the disk as waiting before it is in the journal: whatever crashes, the next start
// knows from the journal whether it was told (restore_security).
void OpsAgent::tell_security() {
    const bool counts_are_due = ports_.clock.now() >= next_security_save_;
    const auto change = security_.change();
    if (change == SecurityBook::Change::findings ||
        (change == SecurityBook::Change::counts && counts_are_due)) {
        if (!save_security()) return;
    }
    const SecurityNews* const next = security_.next();
    if (next == nullptr) return;
    const SecurityNews news = *next;
    // What is of no service or host is seen at our own machine (Detector::push_event).
    const Inventory& inventory = loaded_->settings.inventory;
    const bool is_one = inventory.find_service(news.target) != nullptr ||
                        inventory.find_host(news.target) != nullptr;
    note("security.found", nullptr, news.target,
         Json::object({{"id", news.id}, {"title", safe(news.title)}, {"text", safe(news.text)}}));
    push_security(is_one ? news.target : "", news.title, news.text);
    security_.told(news.id);
}

// The event `security`, with the words that it came with. One that comes while the incident of the
// one before is open is news of that incident: people are told of it there.
void OpsAgent::push_security(const std::string& target, std::string title,
                             const std::string& text) {
    const std::string seen = safe(text);
    being_told_ = BeingTold{title.empty() ? "" : "Security: " + safe(title), seen, seen, ""};
    if (seen.empty()) being_told_.reset();
    detect(detector_->push_event(target, "security", ports_.clock.now()));
    const bool opened = !being_told_ || !being_told_->incident.empty();
    being_told_.reset();
    if (opened) return;
    if (Case* const open = security_case_of(target)) {
        note("incident.noted", open, open->incident.target,
             Json::object({{"text", seen}, {"event_text", seen}, {"by", "ops-agent"}}));
        escalate(*open);
    }
}

// Whether a criterion about security events gave it its level.
bool OpsAgent::is_of_security(const Case& the_case) const {
    return std::any_of(loaded_->runbook.criteria.begin(), loaded_->runbook.criteria.end(),
                       [&](const Criterion& criterion) {
                           if (criterion.name != the_case.criterion || !criterion.when)
                               return false;
                           const auto& facts = criterion.when->facts();
                           return std::find(facts.begin(), facts.end(), "security_incident") !=
                                  facts.end();
                       });
}

// What gave it its level. One of security stays that, whatever else is true of its target later.
void OpsAgent::take_criterion(Case& the_case, const std::string& name) const {
    const auto& all = loaded_->runbook.criteria;
    const bool is_known = std::any_of(all.begin(), all.end(), [&](const Criterion& criterion) {
        return criterion.name == name && criterion.when;
    });
    if (is_known && !is_of_security(the_case)) the_case.criterion = name;
}

Case* OpsAgent::security_case_of(const std::string& target) {
    for (auto& [id, the_case] : cases_) {
        const bool is_here = target.empty() || the_case.incident.target == target;
        if (is_here && is_of_security(the_case)) return &the_case;
    }
    return nullptr;
}

bool OpsAgent::save_security() {
    if (security_.change() == SecurityBook::Change::nothing) return true;
    const Time now = ports_.clock.now();
    next_security_save_ = now + kSaveCountsEvery;
    security_.forget_old(now);
    const Result<> done = store_->set_state(std::string(kState), security_.to_json().dump());
    if (done.ok()) {
        security_.saved();
    } else {
        failure_ = done.error();
    }
    return done.ok();
}

// Before the first reply is taken in. What cannot be read is learned anew, and said.
Result<> OpsAgent::restore_security() {
    const auto saved = TRY(store_->state(std::string(kState)));
    if (!saved) return {};
    const Result<Json> json = Json::parse(*saved);
    Result<SecurityBook> book =
        json.ok() ? SecurityBook::from_json(json.value()) : Result<SecurityBook>(json.error());
    if (!book.ok()) {
        ports_.log.line(Severity::warning,
                        "what is known of logins, ports and keys is learned "
                        "anew: " +
                            book.error().message);
        return {};
    }
    security_ = std::move(book).value();
    const std::deque<SecurityNews> pending = security_.pending();
    for (const SecurityNews& news : pending) {
        EventQuery query;
        query.kind_prefix = "security.found";
        query.target = news.target;
        query.order = EventQuery::Order::newest_first;
        query.limit = 100;
        for (const Event& event : TRY(store_->events(query))) {
            if (event.body["id"].as_string() == news.id) security_.told(news.id);
        }
    }
    return {};
}

}  // namespace ops

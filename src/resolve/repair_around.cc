// What else could be harmed by a repair: it is looked at directly before the first effect, so that
// what was going down already is not blamed on it, and again over the verification
// (docs/decisions/what-a-repair-is-blamed-for.md).
#include <algorithm>

#include "resolve/repair_turn.h"

namespace ops {
namespace {

using std::chrono::seconds;

// How long the surroundings may take to answer before an effect. Who takes longer is not known to
// be well, and so nobody is blamed for it later.
constexpr Duration kSurveyMost = seconds(1);
// So many are asked at most, those that depend on it and its own group first: a repair on a host
// with a thousand services is no reason to ask them all at once.
constexpr size_t kAskedMost = 32;
// How old a survey may be when the effect begins: a repair may be held back after it.
constexpr Duration kSurveyFresh = seconds(5);
// After the effect: what needs a repair of its own within this was harmed by it.
constexpr Duration kHarmShows = seconds(15);

// Does `name` stand on `base`, directly or through others?
bool depends_on(const Inventory& inventory, const std::string& name, std::string_view base,
                std::set<std::string>& asked) {
    if (!asked.insert(name).second) return false;
    for (const std::string& parent : inventory.parents_of(name)) {
        if (parent == base || depends_on(inventory, parent, base, asked)) return true;
    }
    return false;
}

std::string host_of(const Inventory& inventory, std::string_view target) {
    const Service* service = inventory.find_service(target);
    if (service != nullptr) return service->host;
    const Host* host = inventory.find_host(target);
    return host == nullptr ? "" : host->name;
}

bool of_one_group(const Inventory& inventory, std::string_view one, std::string_view other) {
    const Service* const first = inventory.find_service(one);
    const Service* const second = inventory.find_service(other);
    return first != nullptr && second != nullptr && !first->group.empty() &&
           first->group == second->group;
}

}  // namespace

// Who could be harmed: what depends on what we act on, its group, what is on the same hosts or who
// knows where; the nearest first, up to the limit.
void RepairTurn::note_surroundings() {
    const Inventory& inventory = now_.inventory;
    std::set<std::string> bases{r_.case_.target};
    for (const Step& step : entry().steps) {
        if (step.has_effect()) bases.insert(target_of(step, r_.case_.target));
    }
    std::vector<std::string> all = inventory.signals;
    for (const Host& host : inventory.hosts) all.push_back(host.name);
    for (const Service& service : inventory.services) all.push_back(service.name);
    std::vector<std::string> near, far;
    for (const std::string& name : all) {
        if (name == r_.case_.target || now_.world.health(name) != Health::good) continue;
        const std::string its_host = host_of(inventory, name);
        const bool anywhere = its_host.empty() && inventory.find_service(name) != nullptr;
        bool is_near = false, is_far = anywhere;
        for (const std::string& base : bases) {
            std::set<std::string> asked;
            is_near = is_near || name == base || of_one_group(inventory, name, base) ||
                      depends_on(inventory, name, base, asked);
            is_far = is_far || (!its_host.empty() && host_of(inventory, base) == its_host);
        }
        if (is_near) near.push_back(name);
        if (is_far && !is_near) far.push_back(name);
    }
    near.insert(near.end(), far.begin(), far.end());
    near.resize(std::min(near.size(), kAskedMost));
    r_.good_before_ = {near.begin(), near.end()};
}

bool RepairTurn::survey_first() {
    if (r_.command_.kind != TicketKind::run) return false;
    if (r_.has_acted() && !r_.survey_again_) return false;
    // What was repaired while it waited was not harmed by it.
    if (std::exchange(r_.survey_again_, false)) r_.acted_from_ = now_.now;
    if (r_.surveyed_at_ && now_.now - *r_.surveyed_at_ <= kSurveyFresh) return false;
    note_surroundings();
    r_.glances_.clear();
    r_.check_from_ = now_.now;
    bool any = false;
    for (const std::string& name : r_.good_before_) {
        if (now_.world.checks(name).empty()) continue;
        order(RecheckTarget{name, false});
        any = true;
    }
    if (!any) {
        r_.surveyed_at_ = now_.now;
        return false;
    }
    enter(Phase::surveying);
    wake_in(kSurveyMost);
    return true;
}

void RepairTurn::go_on_surveying() {
    const auto missing = [&](const std::string& name) { return !glance(name, r_.check_from_); };
    if (!is_due() && std::any_of(r_.good_before_.begin(), r_.good_before_.end(), missing)) return;
    std::erase_if(r_.good_before_, [&](const std::string& name) {
        return glance(name, r_.check_from_) != Health::good;
    });
    r_.surveyed_at_ = now_.now;
    r_.wake_.reset();
    start_again();
}

// The worst that its checks have said since then; nothing when one of them has not answered.
std::optional<Health> RepairTurn::glance(const std::string& name, Time since) const {
    Health worst = Health::good;
    const auto of_target = r_.glances_.find(name);
    for (const RepairWorld::Check& check : now_.world.checks(name)) {
        if (of_target == r_.glances_.end()) return std::nullopt;
        const auto newest = of_target->second.find(check.index);
        if (newest == of_target->second.end() || newest->second.at <= since) return std::nullopt;
        if (newest->second.health == Health::good) continue;
        if (worst != Health::bad) worst = newest->second.health;
    }
    return worst;
}

// Who is bad now, or had to be repaired soon after what we did: that it is well again is not to
// our credit.
std::vector<std::string> RepairTurn::all_worse() const {
    const Time to = add_saturating(r_.check_from_, kHarmShows);
    std::vector<std::string> worse;
    std::copy_if(r_.good_before_.begin(), r_.good_before_.end(), std::back_inserter(worse),
                 [&](const std::string& name) {
                     return now_.world.health(name) == Health::bad ||
                            now_.limiter.acted_on(name, r_.case_.incident, r_.acted_from_, to);
                 });
    return worse;
}

std::string RepairTurn::got_worse() const {
    const std::vector<std::string> worse = all_worse();
    return worse.empty() ? "" : worse.front();
}

std::string RepairTurn::what_is_wrong_around(Time since) const {
    const std::string worse = got_worse();
    if (!worse.empty()) return "'" + worse + "' was well before and is not now";
    // Somebody who does not answer in all this time is not known to be worse.
    if (now_.now >= r_.deadline_) return "";
    for (const std::string& name : r_.good_before_) {
        const std::optional<Health> seen = glance(name, since);
        if (!seen || *seen == Health::bad) {
            return "whether '" + name + "' is as well as before is not known yet";
        }
    }
    return "";
}

void RepairTurn::ask_around(Time since) {
    r_.asked_around_at_ = now_.now;
    for (const std::string& name : r_.good_before_) {
        if (now_.world.checks(name).empty()) continue;
        const std::optional<Health> seen = glance(name, since);
        if (!seen || *seen == Health::bad) order(RecheckTarget{name, false});
    }
}

void RepairTurn::ask_around_in_time(Time soaked) {
    const bool asked = r_.asked_around_at_ && *r_.asked_around_at_ >= soaked;
    if (!asked || is_due()) ask_around(soaked);
}

}  // namespace ops

// Many at once are one: half or more of at least three targets of a group, of a host or of the
// fleet that go bad within two minutes have one cause, and one incident.
#include <algorithm>

#include "detect/core.h"

namespace ops {
namespace {

constexpr size_t kSiblingsAsked = 32;  // of a larger group, so many stand for all

}  // namespace

void Detector::Core::make_scopes() {
    const auto least = static_cast<size_t>(std::max(settings_.limits.mass_failure_least, 2));
    std::map<std::string, std::vector<uint32_t>> groups, hosts;
    std::vector<uint32_t> fleet;
    for (uint32_t i = 0; i < targets_.size(); ++i) {
        if (targets_[i].kind != Target::Kind::service) continue;
        if (!targets_[i].group.empty()) groups[targets_[i].group].push_back(i);
        if (!targets_[i].host.empty()) hosts[targets_[i].host].push_back(i);
        fleet.push_back(i);
    }
    const auto add = [&](std::string name, std::string where, std::vector<uint32_t> members) {
        if (members.size() < least) return;
        if (name.starts_with("group ")) {
            for (const uint32_t member : members) {
                targets_[member].sibling_scope = static_cast<uint32_t>(scopes_.size());
            }
        }
        const auto index = static_cast<uint32_t>(scopes_.size());
        for (const uint32_t member : members) targets_[member].scopes.push_back(index);
        MassScope& scope = scopes_.emplace_back();
        scope.name = std::move(name);
        scope.label = std::move(where);
        scope.members = std::move(members);
    };
    for (auto& [name, members] : groups) add("group " + name, "of group " + name, members);
    for (auto& [name, members] : hosts) add("host " + name, "on " + name, members);
    add("fleet", "", std::move(fleet));
}

bool Detector::Core::is_mass(const MassScope& scope, size_t failing) const {
    const auto percent = static_cast<size_t>(std::max(settings_.limits.mass_failure_percent, 1));
    return failing >= 2 && failing * 100 >= percent * scope.members.size();
}

void Detector::Core::note_failing(uint32_t index, Time now) {
    const Time oldest = now - settings_.limits.mass_failure_window;
    for (const uint32_t at : targets_[index].scopes) {
        MassScope& scope = scopes_[at];
        if (scope.failing.emplace(index, now).second) scope.newest.emplace_back(now, index);
        while (!scope.newest.empty() && scope.newest.front().first < oldest) {
            const auto [since, old] = scope.newest.front();
            scope.newest.pop_front();
            const auto known = scope.failing.find(old);
            if (known != scope.failing.end() && known->second == since) scope.failing.erase(known);
        }
    }
}

void Detector::Core::no_longer_failing(uint32_t index) {
    for (const uint32_t at : targets_[index].scopes) scopes_[at].failing.erase(index);
}

// The scope that explains most of it: the one with the most failing members, more than `most`; of
// equal ones the smallest. What fails because its parent does is explained already and does not
// count.
uint32_t Detector::Core::scope_of_mass_failure(uint32_t index, size_t most) {
    uint32_t best = kNone;
    for (const uint32_t at : targets_[index].scopes) {
        const MassScope& scope = scopes_[at];
        if (scope.failing.size() <= most || !is_mass(scope, scope.failing.size())) continue;
        const auto roots = static_cast<size_t>(
            std::count_if(scope.failing.begin(), scope.failing.end(), [this](const auto& failing) {
                const std::vector<uint32_t>& parents = targets_[failing.first].parents;
                return std::none_of(parents.begin(), parents.end(),
                                    [this](uint32_t parent) { return targets_[parent].down; });
            }));
        if (!is_mass(scope, roots) || roots <= most) continue;
        most = roots;
        best = at;
    }
    return best;
}

// Of a group that dies together the first to be seen dead would be repaired before anybody knew. So
// the others are asked, and their answers waited for, for a moment.
bool Detector::Core::await_siblings(uint32_t index, Time now, Changes& out) {
    Target& target = targets_[index];
    awaiting_siblings_.erase(index);
    const Time since = first_bad_of(index);
    if (since == Time{} || target.sibling_scope == kNone) return false;
    if (now - target.bad_since >= options_.sibling_patience) return false;
    bool open = false;
    size_t asked = 0;
    for (const uint32_t sibling : scopes_[target.sibling_scope].members) {
        if (sibling == index || targets_[sibling].down) continue;
        if (++asked > kSiblingsAsked) break;
        for (const uint32_t at : targets_[sibling].tracks) {
            CheckTrack& track = tracks_[at];
            if (!track.can_recheck) continue;
            if (track.last_at < since) ask(track, now, out);
            open = open || track.last_at < since || track.is_doubtful();
        }
    }
    if (open) awaiting_siblings_.insert(index);
    return open;
}

// The largest open systemic incident that this target is in the scope of, or null.
OpenIncident* Detector::Core::systemic_above(uint32_t index) {
    OpenIncident* largest = nullptr;
    for (const uint32_t at : targets_[index].scopes) {
        const auto open = open_.find("systemic:" + scopes_[at].name);
        if (open == open_.end() || !open->second.folded.empty()) continue;
        const bool larger =
            largest == nullptr || open->second.members.size() > largest->members.size();
        if (larger) largest = &open->second;
    }
    return largest;
}

std::string Detector::Core::systemic_title(const MassScope& scope, size_t failed) const {
    return std::to_string(failed) + " of " + std::to_string(scope.members.size()) + " services" +
           (scope.label.empty() ? "" : " " + scope.label) + " failed at once";
}

// The incident of a member is part of the systemic one. True when it just became so.
bool Detector::Core::fold_own(uint32_t index) {
    const auto own = open_.find(targets_[index].name);
    if (own == open_.end() || own->second.target != index || !own->second.folded.empty()) {
        return false;
    }
    own->second.folded = targets_[index].systemic;
    return true;
}

void Detector::Core::add_member(OpenIncident& systemic, uint32_t index, Changes& out) {
    Target& target = targets_[index];
    target.systemic = systemic.key;
    systemic.members.insert(target.name);
    if (!fold_own(index)) return;
    out.push_back(IncidentFolded{target.name, systemic.key});
    for (Instance& instance : target.instances) {
        if (!conditions_[instance.condition].of_events) instance.told = false;
    }
}

bool Detector::Core::join_systemic(uint32_t index, Time now, Changes& out) {
    Target& target = targets_[index];
    if (target.kind != Target::Kind::service) return false;
    if (!target.systemic.empty()) return true;
    note_failing(index, now);
    OpenIncident* const known = systemic_above(index);
    // A larger failure than the one that is open already takes that one in.
    const uint32_t scope =
        scope_of_mass_failure(index, known == nullptr ? 0 : known->members.size() + 1);
    if (scope != kNone && !open_.contains("systemic:" + scopes_[scope].name)) {
        open_systemic(scope, now, out);
        return true;
    }
    if (known == nullptr) return false;
    add_member(*known, index, out);
    known->changed_at = now;
    known->grown = true;  // told at the next tick, once for all that come meanwhile
    return true;
}

void Detector::Core::open_systemic(uint32_t at, Time now, Changes& out) {
    const MassScope& scope = scopes_[at];
    OpenIncident open;
    open.key = "systemic:" + scope.name;
    open.rule = kRuleSystemic;
    open.scope = at;
    open.told_at = open.changed_at = now;
    std::set<std::string> hosts, folded;
    std::string reasons;
    std::vector<uint32_t> failing;
    for (const uint32_t member : scope.members) {
        if (scope.failing.contains(member)) failing.push_back(member);
    }
    for (const uint32_t member : failing) {
        hosts.insert(settings_.inventory.host_of(targets_[member].name));
        open.members.insert(targets_[member].name);
        if (!targets_[member].systemic.empty()) folded.insert(targets_[member].systemic);
        if (reasons.size() > 200) continue;
        reasons += (reasons.empty() ? "" : ", ") + targets_[member].name + ": " +
                   targets_[member].reason.text();
    }
    open.reason = reasons;
    IncidentOpen opened;
    opened.key = open.key;
    if (hosts.size() == 1) opened.target = opened.host = *hosts.begin();
    opened.rule = kRuleSystemic;
    opened.reason = reasons;
    for (const std::string& smaller : folded) {
        const auto known = open_.find(smaller);
        if (known == open_.end()) continue;
        for (const std::string& name : known->second.members) failing.push_back(find(name));
        open.members.insert(known->second.members.begin(), known->second.members.end());
        known->second.folded = open.key;
    }
    std::erase(failing, kNone);
    opened.title = systemic_title(scope, open.members.size());
    opened.members.assign(open.members.begin(), open.members.end());
    out.push_back(std::move(opened));
    OpenIncident& systemic = open_.emplace(open.key, std::move(open)).first->second;
    for (const std::string& smaller : folded) out.push_back(IncidentFolded{smaller, systemic.key});
    for (const uint32_t member : failing) add_member(systemic, member, out);
}

// Is it over, or are those that are left each a case of its own?
void Detector::Core::review_systemic(Time now, Changes& out) {
    std::vector<std::string> over;
    for (auto& [key, open] : open_) {
        if (open.scope == kNone) continue;
        const MassScope& scope = scopes_[open.scope];
        if (open.grown) {
            open.grown = false;
            open.reason = systemic_title(scope, open.members.size());
            out.push_back(IncidentUpdate{
                key, open.reason, open.reason, {open.members.begin(), open.members.end()}});
        }
        size_t bad = 0;
        for (const std::string& name : open.members) {
            const uint32_t member = find(name);
            if (member == kNone) continue;
            const bool unseen = open.adopted && !is_seen_well(member);
            if (targets_[member].ailing || unseen) ++bad;
        }
        // One that is part of a larger one ends with that, at the latest.
        const bool few = open.folded.empty()
                             ? !is_mass(scope, bad) &&
                                   now - open.changed_at >= settings_.limits.mass_failure_window
                             : !open_.contains(open.folded.text());
        if (bad > 0 && !few) continue;
        over.push_back(key);
        out.push_back(IncidentClear{key, bad == 0 ? "all of its members are well again"
                                                  : std::to_string(bad) + " of its members " +
                                                        (bad == 1 ? "is" : "are") +
                                                        " still bad, each on its own"});
    }
    for (const std::string& key : over) {
        open_.erase(key);
        for (const uint32_t member : release_members(key, now)) review(member, now, out);
    }
}

// That it was down as one of many has been told. Of it alone people hear when it is down for the
// span of a criterion from now on: it may be repaired now, which comes first.
void Detector::Core::begin_timers_anew(uint32_t index, Time now) {
    Target& target = targets_[index];
    if (!target.down) return;
    target.held_back = (target.suppressed ? target.suppressed_since : now) - target.down_since;
    for (Instance& instance : target.instances) {
        const Condition& condition = conditions_[instance.condition];
        if (condition.criterion == nullptr || !instance.active) continue;
        if (holds_now(index, condition, now).value_or(true)) continue;
        instance.active = instance.holds = false;
    }
}

std::vector<uint32_t> Detector::Core::release_members(std::string_view key, Time now) {
    std::vector<uint32_t> released;
    for (uint32_t i = 0; i < targets_.size(); ++i) {
        if (targets_[i].systemic.empty() || targets_[i].systemic != key) continue;
        targets_[i].systemic.clear();
        begin_timers_anew(i, now);
        no_longer_failing(i);
        to_review_.insert(i);
        released.push_back(i);
    }
    return released;
}

}  // namespace ops

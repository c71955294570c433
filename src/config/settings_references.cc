#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "config/settings_parts.h"

namespace ops {
namespace {

using Edges = std::map<std::string, std::vector<Reference>>;

// Walks everything once; a target met again while it is still being walked closes a cycle.
class CycleSearch {
public:
    CycleSearch(const Edges& edges, SettingsDraft& draft) : edges_(edges), draft_(draft) {}

    void walk(const std::string& target) {
        if (!done_.insert(target).second) return;
        path_.push_back(target);
        if (const auto edges = edges_.find(target); edges != edges_.end()) {
            for (const Reference& edge : edges->second) {
                const auto start = std::find(path_.begin(), path_.end(), edge.to);
                if (start != path_.end()) {
                    tell(start, edge);
                } else {
                    walk(edge.to);
                }
            }
        }
        path_.pop_back();
    }

private:
    void tell(std::vector<std::string>::const_iterator start, const Reference& closing) {
        std::string cycle;
        for (auto it = start; it != path_.end(); ++it) cycle += *it + " -> ";
        // One text can close the cycles of every member of a range; one of them is enough to see.
        if (told_.insert(closing.place.print()).second) {
            draft_.problems.error(closing.place, "dependency cycle: " + cycle + closing.to);
        }
    }

    const Edges& edges_;
    SettingsDraft& draft_;
    std::vector<std::string> path_;
    std::set<std::string> done_;
    std::set<std::string> told_;
};

std::vector<std::string> target_names(const Inventory& inventory) {
    std::vector<std::string> names;
    std::set<std::string> groups;
    for (const Host& host : inventory.hosts) names.push_back(host.name);
    for (const Service& service : inventory.services) {
        names.push_back(service.name);
        if (!service.group.empty()) groups.insert(service.group);
    }
    for (const std::string& signal : inventory.signals) names.push_back(signal);
    names.insert(names.end(), groups.begin(), groups.end());
    return names;
}

// A group's name in depends_on stands for its members.
void expand_groups(std::vector<std::string>& names, const Inventory& inventory) {
    std::vector<std::string> expanded;
    for (const std::string& name : names) {
        const std::vector<const Service*> members = inventory.members_of(name);
        if (members.empty() || inventory.has_target(name)) {
            expanded.push_back(name);
            continue;
        }
        for (const Service* const member : members) expanded.push_back(member->name);
    }
    names = std::move(expanded);
}

}  // namespace

void check_references(SettingsDraft& draft) {
    Inventory& inventory = draft.settings.inventory;
    inventory.index();
    const std::vector<std::string> known = target_names(inventory);
    const std::set<std::string> known_set(known.begin(), known.end());
    Edges edges;
    for (const Reference& reference : draft.depends_on) {
        if (!known_set.contains(reference.to)) {
            draft.error_once(
                reference.place,
                "'depends_on' names '" + printable(clip_end(reference.to, 64), Lines::flatten) +
                    "', which is no host, service or signal" + did_you_mean(reference.to, known));
            continue;
        }
        if (inventory.has_target(reference.to)) {
            edges[reference.from].push_back(reference);
            continue;
        }
        for (const Service* const member : inventory.members_of(reference.to)) {
            edges[reference.from].push_back({reference.from, member->name, reference.place});
        }
    }
    std::vector<std::string> hosts;
    for (const Host& host : inventory.hosts) hosts.push_back(host.name);
    for (const Reference& reference : draft.on_host) {
        if (inventory.find_host(reference.to) == nullptr) {
            draft.error_once(reference.place,
                             "there is no host '" +
                                 printable(clip_end(reference.to, 64), Lines::flatten) +
                                 "' in 'hosts'" + did_you_mean(reference.to, hosts));
        } else {
            edges[reference.from].push_back(reference);
        }
    }
    CycleSearch search(edges, draft);
    for (const auto& [target, unused] : edges) search.walk(target);
    for (Service& service : inventory.services) expand_groups(service.depends_on, inventory);
    for (Host& host : inventory.hosts) expand_groups(host.depends_on, inventory);
}

}  // namespace ops

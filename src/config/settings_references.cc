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

// A word that nobody knows is compared with all that there are; in a file with thousands of them
// that would take minutes, and the first hundred hints are enough.
constexpr int kMostHints = 100;
// A group that more than these belong to is hardly what one service needs.
constexpr size_t kMostGroupMembers = 256;

// Looks references up, each group once.
class Lookup {
public:
    explicit Lookup(SettingsDraft& draft) : draft_(draft), inventory_(draft.settings.inventory) {
        for (const Service& service : inventory_.services) {
            if (!service.group.empty()) groups_[service.group].push_back(service.name);
        }
    }

    // What `name` in depends_on stands for: itself, or the members of the group; empty for nothing.
    std::vector<std::string> targets(const std::string& name) const {
        if (inventory_.has_target(name)) return {name};
        const auto group = groups_.find(name);
        return group == groups_.end() ? std::vector<std::string>() : group->second;
    }

    std::string hint(const std::string& word, const std::vector<std::string>& known) {
        return ++hints_ > kMostHints ? "" : did_you_mean(word, known);
    }

    void expand(std::vector<std::string>& names) const {
        std::vector<std::string> expanded;
        for (const std::string& name : names) {
            std::vector<std::string> found = targets(name);
            if (found.empty() || found.size() > kMostGroupMembers) found = {name};  // told already
            for (std::string& target : found) expanded.push_back(std::move(target));
        }
        names = std::move(expanded);
    }

    Edges edges() {
        Edges edges;
        const std::vector<std::string> known = target_names(inventory_);
        for (const Reference& reference : draft_.depends_on) {
            const std::vector<std::string> found = targets(reference.to);
            if (found.empty()) {
                draft_.error_once(reference.place, "'depends_on' names '" + shown(reference.to) +
                                                       "', which is no host, service or signal" +
                                                       hint(reference.to, known));
            } else if (found.size() > kMostGroupMembers) {
                draft_.error_once(reference.place, "the group '" + shown(reference.to) + "' has " +
                                                       std::to_string(found.size()) +
                                                       " members, too many to depend on");
            } else {
                for (const std::string& target : found) {
                    edges[reference.from].push_back({reference.from, target, reference.place});
                }
            }
        }
        add_hosts(edges);
        return edges;
    }

private:
    static std::string shown(const std::string& name) {
        return printable(clip_end(name, 64), Lines::flatten);
    }

    void add_hosts(Edges& edges) {
        std::vector<std::string> known;
        for (const Host& host : inventory_.hosts) known.push_back(host.name);
        for (const Reference& reference : draft_.on_host) {
            if (inventory_.find_host(reference.to) != nullptr) {
                edges[reference.from].push_back(reference);
            } else {
                draft_.error_once(reference.place, "there is no host '" + shown(reference.to) +
                                                       "' in 'hosts'" + hint(reference.to, known));
            }
        }
    }

    SettingsDraft& draft_;
    const Inventory& inventory_;
    std::map<std::string, std::vector<std::string>> groups_;
    int hints_ = 0;
};

}  // namespace

void check_references(SettingsDraft& draft) {
    Inventory& inventory = draft.settings.inventory;
    inventory.index();
    Lookup lookup(draft);
    const Edges edges = lookup.edges();
    CycleSearch search(edges, draft);
    for (const auto& [target, unused] : edges) search.walk(target);
    for (Service& service : inventory.services) lookup.expand(service.depends_on);
    for (Host& host : inventory.hosts) lookup.expand(host.depends_on);
}

}  // namespace ops

#include "model/inventory.h"

#include <algorithm>
#include <numeric>

#include "base/assert.h"

namespace ops {
namespace {

template <class Named>
std::vector<uint32_t> index_of(const std::vector<Named>& things) {
    std::vector<uint32_t> index(things.size());
    std::iota(index.begin(), index.end(), uint32_t{0});
    std::stable_sort(index.begin(), index.end(),
                     [&things](uint32_t a, uint32_t b) { return things[a].name < things[b].name; });
    return index;
}

template <class Named>
const Named* find(const std::vector<uint32_t>& index, const std::vector<Named>& things,
                  std::string_view name) {
    // An index that was not built again after a change would find the wrong thing, or none.
    ASSERT(index.size() == things.size());
    const auto found = std::lower_bound(
        index.begin(), index.end(), name,
        [&things](uint32_t at, std::string_view wanted) { return things[at].name < wanted; });
    return found == index.end() || things[*found].name != name ? nullptr : &things[*found];
}

}  // namespace

const Host* Inventory::find_host(std::string_view name) const {
    return find(host_index_, hosts, name);
}

const Service* Inventory::find_service(std::string_view name) const {
    return find(service_index_, services, name);
}

std::vector<const Service*> Inventory::members_of(std::string_view group) const {
    std::vector<const Service*> members;
    for (const Service& service : services) {
        if (!group.empty() && service.group == group) members.push_back(&service);
    }
    return members;
}

bool Inventory::has_target(std::string_view name) const {
    return find_service(name) != nullptr || find_host(name) != nullptr ||
           std::find(signals.begin(), signals.end(), name) != signals.end();
}

std::string Inventory::host_of(std::string_view target) const {
    const Service* const service = find_service(target);
    if (service == nullptr) return find_host(target) != nullptr ? std::string(target) : "";
    return service->host.empty() && hosts.size() == 1 ? hosts[0].name : service->host;
}

std::vector<std::string> Inventory::parents_of(std::string_view target) const {
    if (const Host* const host = find_host(target)) return host->depends_on;
    const Service* const service = find_service(target);
    if (service == nullptr) return {};
    std::vector<std::string> parents = service->depends_on;
    const bool named = std::find(parents.begin(), parents.end(), service->host) != parents.end();
    if (!service->host.empty() && !named) parents.push_back(service->host);
    return parents;
}

void Inventory::index() {
    host_index_ = index_of(hosts);
    service_index_ = index_of(services);
}

}  // namespace ops

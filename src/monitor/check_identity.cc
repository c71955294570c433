#include "monitor/check_identity.h"

namespace ops {

// FNV-1a: nobody gains by two that are alike, who writes both.
void Identity::add(std::string_view text) {
    add(static_cast<int64_t>(text.size()));
    for (const char c : text) {
        hash_ ^= static_cast<unsigned char>(c);
        hash_ *= 1099511628211U;
    }
}

void Identity::add(int64_t number) {
    for (int i = 0; i < 8; ++i) {
        hash_ ^= static_cast<uint64_t>(number) >> (8 * i) & 0xffU;
        hash_ *= 1099511628211U;
    }
}

void Identity::add(const Node& tree) {
    add(static_cast<int64_t>(tree.kind));
    add(tree.text);
    add(static_cast<int64_t>(tree.items.size()));
    for (const Node& item : tree.items) add(item);
    add(static_cast<int64_t>(tree.members.size()));
    for (const Node::Member& member : tree.members) {
        add(member.key);
        add(member.value);
    }
}

Identity identity_of(const CheckSettings& check, const Settings& all) {
    Identity identity;
    identity.add(check.target);
    identity.add(check.check);
    identity.add(check.interval.count());
    identity.add(check.timeout.count());
    identity.add((check.host_check ? 1 : 0) + (check.signal ? 2 : 0));
    identity.add(all.limits.output);
    identity.add(all.limits.http_body);
    identity.add(all.limits.http_redirects);
    const Service* const service = all.inventory.find_service(check.target);
    const Host* const host =
        all.inventory.find_host(service != nullptr ? service->host : check.target);
    if (host == nullptr) return identity;
    identity.add(host->name);
    identity.add(host->local ? 1 : 0);
    identity.add(host->ssh);
    for (const std::string& disk : host->disks) identity.add(disk);
    return identity;
}

uint64_t identity_of_heartbeat(const Service& service) {
    Identity identity;
    identity.add("heartbeat");
    identity.add(service.name);
    identity.add(service.heartbeat->every.count());
    identity.add(service.heartbeat->grace.count());
    return identity.value();
}

}  // namespace ops

// Which machine a check asks over the network: enough of its settings is understood here to tell
// ours from others'.
#include "detect/core.h"

namespace ops {
namespace {

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.") || host.empty();
}

std::string host_of_url(std::string_view url) {
    const size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) return "";
    std::string_view rest = url.substr(scheme + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    const size_t user = rest.rfind('@');
    if (user != std::string_view::npos) rest.remove_prefix(user + 1);
    if (rest.starts_with('[')) return std::string(rest.substr(1, rest.find(']') - 1));
    return std::string(rest.substr(0, rest.find(':')));
}

std::string host_of_pair(std::string_view pair) {
    if (pair.starts_with('[')) return std::string(pair.substr(1, pair.find(']') - 1));
    return std::string(pair.substr(0, pair.rfind(':')));
}

// The first http(s) URL anywhere in the settings, or the host of a `tcp: host:port`.
std::string asked_host(const Node& node, std::string_view key) {
    if (node.is_scalar()) {
        const bool is_url = node.text.starts_with("http://") || node.text.starts_with("https://");
        if (is_url) return host_of_url(node.text);
        return key == "tcp" ? host_of_pair(node.text) : "";
    }
    for (const Node::Member& member : node.members) {
        const bool inner = key == "tcp" && member.key == "address";
        std::string found = asked_host(member.value, inner ? "tcp" : member.key);
        if (!found.empty()) return found;
    }
    return "";
}

Node scalar(std::string_view text) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = text;
    return node;
}

}  // namespace

std::vector<CheckSettings> uplink_checks(const AgentSettings& agent) {
    std::vector<CheckSettings> checks;
    for (const std::string& asked : agent.uplink) {
        CheckSettings check;
        check.target = std::string(kUplinkPrefix) + asked;
        check.check.kind = Node::Kind::map;
        const bool is_url = asked.find("://") != std::string::npos;
        check.check.members.push_back({is_url ? "http" : "tcp", {}, scalar(asked)});
        checks.push_back(std::move(check));
    }
    return checks;
}

std::string remote_address(const CheckSettings& check, const Inventory& inventory) {
    if (check.remote) return *check.remote;
    const std::string asked = asked_host(check.check, "");
    if (!asked.empty()) return is_loopback(asked) ? "" : asked;
    if (check.signal) return "";
    const Service* const service = inventory.find_service(check.target);
    const Host* const host = inventory.find_host(service != nullptr ? service->host : check.target);
    return host == nullptr || host->local ? "" : host->ssh;
}

}  // namespace ops

#include <algorithm>

#include "base/text.h"
#include "config/fields.h"
#include "config/settings_parts.h"

namespace ops {
namespace {

// The check that every host has without being asked: `{host: disks}`, `{host: machine}`.
CheckSettings host_check(const Host& host, std::string_view what, const CheckDefaults& defaults,
                         const Place& place) {
    CheckSettings check;
    check.target = host.name;
    check.check.kind = Node::Kind::map;
    check.check.place = place;
    Node value;
    value.kind = Node::Kind::scalar;
    value.place = place;
    value.text = what;
    check.check.members.push_back({"host", place, std::move(value)});
    check.interval = defaults.interval;
    check.timeout = defaults.timeout;
    check.failures = defaults.failures;
    check.recoveries = defaults.recoveries;
    check.host_check = true;
    return check;
}

void add_host_checks(const Host& host, Fields& fields, const Place& place, SettingsDraft& draft) {
    CheckDefaults disks;
    if (!host.ssh.empty()) disks.timeout = std::chrono::seconds(10);
    CheckDefaults machine = disks;
    machine.interval = std::chrono::seconds(15);
    disks = read_check_defaults(fields, disks, draft);
    if (fields.has("interval")) machine.interval = disks.interval;
    machine.timeout = disks.timeout;
    machine.failures = disks.failures;
    machine.recoveries = disks.recoveries;
    draft.settings.checks.push_back(host_check(host, "disks", disks, place));
    draft.settings.checks.push_back(host_check(host, "machine", machine, place));
}

void read_host(const Node& node, SettingsDraft& draft) {
    Fields fields(node, "a host", draft.problems);
    Host host;
    host.name = fields.required_text("name");
    host.local = fields.boolean("local", false);
    host.ssh = fields.text("ssh");
    host.disks = fields.texts("disks");
    const Node& depends_on = fields.node("depends_on");
    for (const std::string& name : fields.texts("depends_on")) host.depends_on.push_back(name);
    const Node& check = fields.node("check");
    const Place place = fields.place_of("name");
    const bool usable = !host.name.empty() && draft.claim("host", host.name, place);
    if (host.local && !host.ssh.empty()) {
        draft.problems.error(fields.place_of("ssh"),
                             "host '" + host.name + "' is local, it needs no 'ssh'");
    }
    if (!host.ssh.empty() && (host.ssh.starts_with('-') ||
                              host.ssh.find_first_of(" \t\"'\\$`;&|<>()") != std::string::npos)) {
        draft.problems.error(
            fields.place_of("ssh"),
            "'ssh' must be a destination such as pc, ops@pc or ssh://ops@pc:22, not " +
                fields.node("ssh").describe() + "; options belong into ~/.ssh/config");
    }
    for (const std::string& disk : host.disks) {
        if (!disk.starts_with('/')) {
            draft.problems.error(fields.place_of("disks"),
                                 "a disk is a mount point that begins with '/', not '" +
                                     printable(disk, Lines::flatten) + "'");
        }
    }
    const bool watched = host.local || !host.ssh.empty();
    if (!watched && !fields.has("check") && usable && !node.damaged) {
        draft.problems.error(
            place, "host '" + host.name + "' needs 'local: true', 'ssh: DESTINATION' or a 'check'");
    }
    if (watched) {
        add_host_checks(host, fields, place, draft);
    }
    // What is wrong with them add_host_checks has told already.
    Problems told;
    Fields again(node, "a host", watched ? told : draft.problems);
    const CheckDefaults defaults = read_check_defaults(
        watched ? again : fields, {.http_timeout = draft.settings.limits.http_timeout}, draft);
    if (fields.has("check")) {
        Service as_service;
        as_service.name = as_service.own_name = as_service.host = host.name;
        read_checks(check, defaults, as_service, draft);
    }
    fields.done();
    if (!usable) return;
    const auto note_reference = [&](const std::string& to, const Place& at) {
        draft.depends_on.push_back({host.name, to, at});
    };
    if (depends_on.is_scalar()) note_reference(depends_on.text, depends_on.place);
    for (const Node& item : depends_on.items) {
        if (item.is_scalar()) note_reference(item.text, item.place);
    }
    draft.settings.inventory.hosts.push_back(std::move(host));
}

}  // namespace

void read_hosts(const Node& node, const Place& agent_place, SettingsDraft& draft) {
    for (const Node* const item : maps_of(node, "hosts", draft.problems)) read_host(*item, draft);
    std::vector<Host>& hosts = draft.settings.inventory.hosts;
    const auto local =
        std::find_if(hosts.begin(), hosts.end(), [](const Host& h) { return h.local; });
    if (local != hosts.end()) {
        const auto second =
            std::find_if(local + 1, hosts.end(), [](const Host& h) { return h.local; });
        if (second != hosts.end()) {
            draft.problems.error(
                draft.names.find(second->name)->second.second,
                "'" + local->name + "' is local already, and only one host can be");
        }
        return;
    }
    // This machine is always looked after, also when nobody wrote it down.
    const std::string& name = draft.settings.agent.name;
    if (const auto same = draft.names.find(name); same != draft.names.end()) {
        draft.problems.error(
            same->second.second,
            "host '" + name + "' has the agent's own name but is not 'local: true'");
        return;
    }
    if (!draft.claim("local host (agent.name)", name, agent_place)) return;
    Host host;
    host.name = name;
    host.local = true;
    const Node nothing;
    Fields no_fields(nothing, "a host", draft.problems);
    add_host_checks(host, no_fields, agent_place, draft);
    hosts.push_back(std::move(host));
}

}  // namespace ops

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/units.h"
#include "config/fields.h"
#include "config/name_range.h"
#include "config/settings_parts.h"

namespace ops {
namespace {

constexpr auto kCommonKeys =
    std::to_array<std::string_view>({"interval", "timeout", "failures", "recoveries"});

constexpr size_t kMostServices = 100'000;

std::string fill(std::string text, const Service& service) {
    if (text.find('{') == std::string::npos) return text;
    text = replace_all(std::move(text), "{name}", service.own_name);
    text = replace_all(std::move(text), "{service}", service.name);
    if (!service.host.empty()) text = replace_all(std::move(text), "{host}", service.host);
    if (!service.group.empty()) text = replace_all(std::move(text), "{group}", service.group);
    if (service.number != 0 || service.own_name == "0") {
        text = replace_all(std::move(text), "{n}", std::to_string(service.number));
    }
    return text;
}

void fill_all(Node& node, const Service& service, SettingsDraft& draft) {
    if (node.is_scalar()) node.text = fill(std::move(node.text), service);
    static constexpr auto kLacks = std::to_array<std::pair<std::string_view, std::string_view>>(
        {{"{host}", "host"}, {"{group}", "group"}, {"{n}", "number in its name"}});
    for (const auto& [left, lack] : kLacks) {
        if (!node.is_scalar() || node.text.find(left) == std::string::npos) continue;
        draft.error_once(node.place, "'" + std::string(left) +
                                         "' has no value here: the service has no " +
                                         std::string(lack));
    }
    for (Node& item : node.items) fill_all(item, service, draft);
    for (Node::Member& member : node.members) fill_all(member.value, service, draft);
}

void read_check(const Node& written, const CheckDefaults& defaults, const Service& service,
                SettingsDraft& draft) {
    if (!written.is_map()) {
        draft.error_once(written.place,
                         "a check must be a map such as {http: URL}, not " + written.describe());
        return;
    }
    Fields fields(written, "a check", draft.problems);
    const CheckDefaults own = read_check_defaults(fields, defaults, draft);
    CheckSettings check;
    check.target = service.name;
    check.check = written;
    check.interval = own.interval;
    check.timeout = written["http"] ? own.http_timeout : own.timeout;
    check.failures = own.failures;
    check.recoveries = own.recoveries;
    std::erase_if(check.check.members, [](const Node::Member& member) {
        return std::find(kCommonKeys.begin(), kCommonKeys.end(), member.key) != kCommonKeys.end();
    });
    if (check.check.members.empty()) {
        draft.error_once(written.place, "a check must say what to look at, such as {http: URL}");
        return;
    }
    fill_all(check.check, service, draft);
    draft.settings.checks.push_back(std::move(check));
}

std::optional<Heartbeat> read_heartbeat(const Node& node, SettingsDraft& draft) {
    if (!node || node.kind == Node::Kind::null) return std::nullopt;
    Fields fields(node, "heartbeat", draft.problems);
    Heartbeat heartbeat;
    heartbeat.every = fields.duration("every", Duration::zero());
    heartbeat.grace = fields.duration("grace", heartbeat.every);
    if (node.is_map() && !fields.has("every") && !node.damaged) {
        draft.problems.error(node.place, "heartbeat needs 'every', such as 1m");
    } else if (fields.has("every") && heartbeat.every <= Duration::zero() &&
               node["every"].is_scalar() && parse_duration(node["every"].text).ok()) {
        draft.problems.error(fields.place_of("every"), "'every' must be longer than nothing");
    }
    fields.done();
    return heartbeat;
}

// The service's own part of its name: what the range put in, or what follows the group's name.
std::string own_part(const RangeMember& member, const std::string& group) {
    if (member.own_name != member.name || group.empty()) return member.own_name;
    const std::string_view name = member.name;
    if (!name.starts_with(group) || name.size() <= group.size() + 1) return member.own_name;
    const char between = name[group.size()];
    if (between != '_' && between != '-' && between != '.') return member.own_name;
    return std::string(name.substr(group.size() + 1));
}

int number_of(const RangeMember& member, const std::string& own_name) {
    const bool digits =
        !own_name.empty() && own_name.size() <= 9 &&
        std::all_of(own_name.begin(), own_name.end(), [](char c) { return c >= '0' && c <= '9'; });
    return member.number != 0 || !digits ? member.number : std::stoi(own_name);
}

// Of several checks the first that names one.
void note_keeper(const Node& check, Service& service) {
    if (service.keeper != Service::Keeper::unknown) return;
    for (const auto& [key, keeper] : {std::pair("systemd", Service::Keeper::systemd),
                                      std::pair("supervisor", Service::Keeper::supervisord)}) {
        if (!check[key].is_scalar()) continue;
        service.keeper = keeper;
        service.kept_as = check[key].text;
        return;
    }
}

struct ServiceEntry {
    Service service;  // without its name
    CheckDefaults defaults;
    const Node& check;
    const Node& depends_on;
    const Node& restart;
    Place name_place, host_place;
};

void add_member(const ServiceEntry& entry, const RangeMember& member, bool first,
                SettingsDraft& draft) {
    Service service = entry.service;
    service.name = member.name;
    service.own_name = own_part(member, service.group);
    service.number = number_of(member, service.own_name);
    const bool is_ours = draft.claim("service", service.name, entry.name_place);
    if (entry.check && entry.check.kind != Node::Kind::null) {
        const size_t before = draft.settings.checks.size();
        read_checks(entry.check, entry.defaults, service, draft);
        for (size_t i = before; i < draft.settings.checks.size(); ++i) {
            note_keeper(draft.settings.checks[i].check, service);
        }
    }
    if (!is_ours) return;  // its checks were read all the same, for what else is wrong
    const auto depend = [&](const Node& item) {
        if (!item.is_scalar()) return;
        service.depends_on.push_back(fill(item.text, service));
        draft.depends_on.push_back({service.name, service.depends_on.back(), item.place});
    };
    if (entry.depends_on.is_scalar()) depend(entry.depends_on);
    for (const Node& item : entry.depends_on.items) depend(item);
    if (!service.host.empty())
        draft.on_host.push_back({service.name, service.host, entry.host_place});
    if (first && entry.restart.is_scalar()) {
        draft.settings.restarts.emplace_back(service.name, entry.restart);
    }
    draft.settings.inventory.services.push_back(std::move(service));
}

void read_service(const Node& node, SettingsDraft& draft) {
    Fields fields(node, "a service", draft.problems);
    const std::string name = fields.required_text("name");
    ServiceEntry entry{
        {}, {}, fields.node("check"), fields.node("depends_on"), fields.node("restart"), {}, {}};
    entry.service.group = fields.text("group");
    entry.service.host = fields.text("host");
    entry.service.restart = fields.text("restart");
    entry.service.heartbeat = read_heartbeat(fields.node("heartbeat"), draft);
    entry.defaults =
        read_check_defaults(fields, {.http_timeout = draft.settings.limits.http_timeout}, draft);
    (void)fields.texts("depends_on");  // notes what is no text; the items keep their places
    entry.name_place = fields.place_of("name");
    entry.host_place = fields.place_of("host");
    fields.done();
    if (fields.has("group") && !is_safe_word(entry.service.group)) {
        draft.problems.error(fields.place_of("group"),
                             "'group' may hold letters, digits, '.', '_' and '-' only");
        entry.service.group.clear();
    }
    if (!fields.has("check") && !fields.has("heartbeat") && !fields.has_misspelt("check") &&
        !fields.has_misspelt("heartbeat") && !node.damaged) {
        draft.problems.error(entry.name_place,
                             "service '" + name + "' needs a 'check' or a 'heartbeat'");
    }
    if (name.empty()) return;
    const Result<std::vector<RangeMember>> members = expand_name(name);
    if (!members.ok()) {
        draft.problems.error(entry.name_place, "the name " + members.error().message);
        return;
    }
    if (draft.settings.inventory.services.size() + members.value().size() > kMostServices) {
        draft.problems.error(entry.name_place,
                             "this makes more than " + std::to_string(kMostServices) + " services");
        return;
    }
    for (const RangeMember& member : members.value()) {
        add_member(entry, member, &member == &members.value().front(), draft);
    }
}

}  // namespace

CheckDefaults read_check_defaults(Fields& fields, const CheckDefaults& otherwise,
                                  SettingsDraft& draft) {
    CheckDefaults defaults;
    defaults.interval = fields.duration("interval", otherwise.interval);
    defaults.timeout = fields.duration("timeout", otherwise.timeout);
    defaults.failures = fields.integer("failures", otherwise.failures, 1, 1000);
    defaults.recoveries = fields.integer("recoveries", otherwise.recoveries, 1, 1000);
    if (defaults.interval < std::chrono::milliseconds(100)) {
        draft.error_once(fields.place_of("interval"), "'interval' must be 100ms or longer");
        defaults.interval = otherwise.interval;
    }
    if (defaults.timeout < std::chrono::milliseconds(1)) {
        draft.error_once(fields.place_of("timeout"), "'timeout' must be longer than nothing");
        defaults.timeout = otherwise.timeout;
    }
    defaults.http_timeout = fields.has("timeout") ? defaults.timeout : otherwise.http_timeout;
    return defaults;
}

void read_checks(const Node& check, const CheckDefaults& defaults, const Service& service,
                 SettingsDraft& draft) {
    // Members of a range share one text: what is wrong in it is told once.
    Problems mine;
    SettingsDraft quiet{draft.settings, mine};
    if (check.is_list()) {
        if (check.items.empty()) quiet.error_once(check.place, "'check' is an empty list");
        for (const Node& item : check.items) read_check(item, defaults, service, quiet);
    } else {
        read_check(check, defaults, service, quiet);
    }
    for (const Problem& problem : mine.all()) draft.error_once(problem.place, problem.message);
}

void read_services(const Node& node, SettingsDraft& draft) {
    for (const Node* const item : maps_of(node, "services", draft.problems)) {
        read_service(*item, draft);
    }
}

}  // namespace ops

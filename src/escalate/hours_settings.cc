#include "escalate/hours_settings.h"

#include <algorithm>

#include "base/text.h"
#include "escalate/escalate.h"

namespace ops {
namespace {

int read_clock(Fields& fields, const std::string& key, Problems& problems) {
    const Result<int> clock = parse_clock(fields.required_text(key));
    if (clock.ok()) return clock.value();
    if (fields.has(key)) problems.error(fields.place_of(key), clock.error().message);
    return 0;
}

Time read_moment(Fields& fields, const std::string& key, Problems& problems) {
    const Result<Time> at = parse_rfc3339(fields.required_text(key));
    if (at.ok()) return at.value();
    if (fields.has(key)) {
        problems.error(fields.place_of(key), "'" + key +
                                                 "' is no moment; write it with its offset, as "
                                                 "\"2026-12-01T22:00:00+01:00\"");
    }
    return {};
}

std::optional<MaintenanceWindow> read_window(const Node& node, const Settings& settings,
                                             Problems& problems) {
    Fields fields(node, "a window of maintenance", problems);
    MaintenanceWindow window;
    window.name = fields.text("name", "maintenance");
    window.targets = fields.texts("targets");
    if (window.targets.empty()) window.targets = {"*"};
    for (const std::string& pattern : window.targets) {
        const Result<> known = check_window_target(pattern, settings.inventory);
        if (!known.ok()) problems.error(fields.place_of("targets"), known.error().message);
    }
    window.time_zone = fields.text("time_zone", settings.agent.time_zone);
    check_zone(fields, window.time_zone, problems);
    bool good = true;
    if (fields.has("cron")) {
        const Result<Cron> cron = parse_cron(fields.text("cron"));
        good = cron.ok();
        if (good) {
            window.cron = cron.value();
        } else {
            problems.error(fields.place_of("cron"), cron.error().message);
        }
        (void)fields.required_text("lasts");
        window.lasts = fields.duration("lasts", {});
        if (fields.has("lasts") &&
            (window.lasts < std::chrono::minutes(1) || window.lasts > kLongestWindow)) {
            problems.error(fields.place_of("lasts"), "'lasts' is from 1m to 7d");
        }
    } else {
        window.from = read_moment(fields, "from", problems);
        window.until = read_moment(fields, "until", problems);
        if (fields.has("until") && window.until <= window.from) {
            problems.error(fields.place_of("until"), "the window ends before it begins");
        }
    }
    fields.done();
    if (!good) return std::nullopt;
    return window;
}

}  // namespace

Result<> check_window_target(const std::string& pattern, const Inventory& inventory) {
    std::vector<std::string> names = inventory.signals;
    for (const Service& service : inventory.services) {
        names.push_back(service.name);
        if (!service.group.empty()) names.push_back(service.group);
    }
    for (const Host& host : inventory.hosts) names.push_back(host.name);
    for (const std::string& name : names) {
        if (glob_match(pattern, name)) return {};
    }
    const std::string shown = printable(clip_end(pattern, 100), Lines::flatten);
    return Error{Fault::not_found, "no service, host, group or signal is called '" + shown + "'" +
                                       did_you_mean(shown, names)};
}

void check_zone(const Fields& fields, const std::string& zone, Problems& problems) {
    if (!fields.has("time_zone") || is_time_zone(zone)) return;
    problems.error(fields.place_of("time_zone"), "no time zone '" + zone + "' on this machine");
}

std::optional<QuietHours> read_quiet_hours(const Node& node, const std::string& time_zone,
                                           Problems& problems) {
    if (!node) return std::nullopt;
    Fields fields(node, "'quiet_hours'", problems);
    QuietHours hours;
    hours.from = read_clock(fields, "from", problems);
    hours.to = read_clock(fields, "to", problems);
    hours.time_zone = fields.text("time_zone", time_zone);
    check_zone(fields, hours.time_zone, problems);
    if (fields.has("from") && fields.has("to") && hours.from == hours.to) {
        problems.error(fields.place_of("to"), "quiet hours of no length");
    }
    fields.done();
    if (hours.from == hours.to) return std::nullopt;
    return hours;
}

std::vector<MaintenanceWindow> read_maintenance(const Node& node, const Settings& settings,
                                                Problems& problems) {
    if (node && !node.is_list()) {
        problems.error(node.place, "'maintenance' must be a list, not " + node.describe());
    }
    std::vector<MaintenanceWindow> windows;
    for (const Node& one : node.items) {
        if (auto window = read_window(one, settings, problems)) {
            windows.push_back(*std::move(window));
        }
    }
    return windows;
}

}  // namespace ops

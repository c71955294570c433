#include "monitor/checks.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/assert.h"
#include "base/text.h"
#include "monitor/check_identity.h"
#include "monitor/check_kind.h"

namespace ops {
namespace {

std::vector<CheckKind> make_check_kinds() {
    return {
        http_check_kind(),      tcp_check_kind(),        supervisor_check_kind(),
        systemd_check_kind(),   pidfile_check_kind(),    process_check_kind(),
        command_check_kind(),   prometheus_check_kind(), disks_check_kind(),
        machine_check_kind(),   log_check_kind(),        stripe_check_kind(),
        app_store_check_kind(), sql_check_kind(),        access_check_kind(),
    };
}

std::vector<std::string> kind_names() {
    std::vector<std::string> names;
    for (const CheckKind& kind : check_kinds()) names.emplace_back(kind.name);
    return names;
}

// The member of `check` that says its kind; notes an error and gives null when it is not just one.
const Node::Member* find_kind(const CheckSettings& settings, Problems& problems) {
    const Node::Member* found = nullptr;
    for (const Node::Member& member : settings.check.members) {
        if (find_check_kind(member.key) == nullptr) continue;
        if (found != nullptr) {
            problems.error(member.key_place, "two kinds in one check, '" + found->key + "' and '" +
                                                 member.key + "': make it a list of two checks");
            return nullptr;
        }
        found = &member;
    }
    if (found != nullptr) return found;
    const std::vector<std::string> names = kind_names();
    if (settings.check.members.empty()) {
        problems.error(settings.check.place, "the check of '" + settings.target +
                                                 "' does not say what to look at, write for "
                                                 "example {http: URL}");
    } else {
        const Node::Member& first = settings.check.members.front();
        problems.error(first.key_place,
                       "unknown kind of check '" + printable(first.key, Lines::flatten) + "'" +
                           did_you_mean(first.key, names) + ", known are " + join(names, ", "));
    }
    return nullptr;
}

bool may_be_used(const CheckKind& kind, const CheckSettings& settings) {
    using Use = CheckKind::Use;
    if (kind.use == Use::any) return true;
    return settings.signal ? kind.use == Use::signal : kind.use != Use::signal;
}

// Reads `{KIND: SUBJECT, ...}` or `{KIND: {...}}` and makes the check.
std::unique_ptr<Check> make_kind(const CheckKind& kind, const Node::Member& member,
                                 const CheckSettings& settings, uint32_t index, const Settings& all,
                                 Problems& problems, const SecretReader& secrets) {
    const bool nested = member.value.is_map();
    const std::string what = std::string(kind.name) + " check of '" + settings.target + "'";
    Fields outer(settings.check, what, problems);
    const Node& value = outer.node(member.key);
    Fields inner(nested ? value : settings.check, what, problems);
    Fields& fields = nested ? inner : outer;
    const Node& subject = nested && !kind.subject.empty() ? inner.node(kind.subject) : value;
    Problems own;
    CheckRequest request{kind, settings, index, all, problems, secrets, subject, fields};
    std::unique_ptr<Check> check = kind.make(request);
    if (nested) inner.done();
    outer.done();
    return check;
}

// A host's own checks come as {host: disks} and {host: machine}.
CheckSettings written_out(const CheckSettings& settings) {
    CheckSettings written = settings;
    const Node& what = settings.check["host"];
    if (!settings.host_check || !what) return written;
    Node::Member member{what.text, what.place, Node{}};
    member.value.place = what.place;
    written.check.members = {std::move(member)};
    return written;
}

}  // namespace

const std::vector<CheckKind>& check_kinds() {
    static const std::vector<CheckKind> kKinds = make_check_kinds();
    return kKinds;
}

const CheckKind* find_check_kind(std::string_view name) {
    for (const CheckKind& kind : check_kinds()) {
        if (kind.name == name) return &kind;
    }
    return nullptr;
}

std::unique_ptr<Check> make_check(const CheckSettings& settings, uint32_t index,
                                  const Settings& all, Problems& problems,
                                  const SecretReader& secrets, uint64_t* identity) {
    const CheckSettings written = written_out(settings);
    Identity own = identity_of(settings, all);
    const SecretReader noting = [&](const std::string& path) -> Result<std::string> {
        Result<std::string> read = secrets(path);
        own.add(read.ok() ? read.value() : read.error().message);
        return read;
    };
    Problems found;
    std::unique_ptr<Check> check;
    const Node::Member* member = find_kind(written, found);
    if (member != nullptr) {
        const CheckKind& kind = *find_check_kind(member->key);
        if (!may_be_used(kind, written)) {
            found.error(member->key_place,
                        "'" + member->key + "' " +
                            (written.signal ? "is a check of a service or host, no signal"
                                            : "is a signal, write it under 'signals:'"));
        } else {
            check = make_kind(kind, *member, written, index, all, found,
                              secrets ? noting : SecretReader());
        }
    }
    if (identity != nullptr) *identity = own.value();
    if (found.has_errors()) check.reset();
    problems.add(std::move(found));
    return check;
}

std::vector<CheckSettings> log_checks(const Settings& settings, Problems& problems,
                                      std::vector<LogRow>* rows) {
    std::vector<CheckSettings> checks;
    const auto local =
        std::find_if(settings.inventory.hosts.begin(), settings.inventory.hosts.end(),
                     [](const Host& host) { return host.local; });
    std::set<std::string> names;
    for (const Node& row : settings.logs.items) {
        if (!row.is_map()) {
            problems.error(row.place,
                           "a log is a map such as {name: app, file: /var/log/app.log}, not " +
                               row.describe());
            continue;
        }
        // The fields that are not the check's own; the check reads the others.
        const auto is_ours = [](const Node::Member& member) {
            return member.key == "name" || member.key == "service" || member.key == "every" ||
                   member.key == "timeout" || member.key == "learning" ||
                   member.key == "brute_force" || member.key == "root_logins";
        };
        Node ours = row;
        std::erase_if(ours.members, [&](const Node::Member& member) { return !is_ours(member); });
        Fields fields(ours, "a log", problems);
        const std::string name = fields.required_text("name");
        const std::string service = fields.text("service");
        CheckSettings check;
        check.interval = fields.duration("every", std::chrono::seconds(10));
        check.timeout = fields.duration("timeout", std::chrono::seconds(5));
        LogRow kept{.name = name, .target = ""};
        kept.learning = fields.duration("learning", LogRow().learning);
        kept.brute_force = fields.integer("brute_force", LogRow().brute_force, 1, 100'000);
        kept.root_logins = fields.boolean("root_logins", LogRow().root_logins);
        if (!name.empty() && !names.insert(name).second) {
            problems.error(fields.place_of("name"), "two logs are called '" + name + "'");
        }
        if (check.interval < std::chrono::seconds(1)) {
            problems.error(fields.place_of("every"), "'every' of a log must be 1s or longer");
        }
        if (!service.empty() && settings.inventory.find_service(service) == nullptr) {
            std::vector<std::string> known;
            for (const Service& one : settings.inventory.services) known.push_back(one.name);
            problems.error(fields.place_of("service"),
                           "unknown service '" + service + "'" + did_you_mean(service, known));
        }
        fields.done();
        // A log that bears a service's name is that service's; one of nobody is this machine's.
        check.target = !service.empty()                                   ? service
                       : settings.inventory.find_service(name) != nullptr ? name
                       : local != settings.inventory.hosts.end()          ? local->name
                                                                          : name;
        kept.target = check.target;
        if (rows != nullptr) rows->push_back(std::move(kept));
        Node::Member log{"log", row.place, row};
        std::erase_if(log.value.members, is_ours);
        check.check.kind = Node::Kind::map;
        check.check.place = row.place;
        check.check.members.push_back(std::move(log));
        checks.push_back(std::move(check));
    }
    if (settings.logs && !settings.logs.is_list() && settings.logs.kind != Node::Kind::null) {
        problems.error(settings.logs.place, "'logs' is a list, not " + settings.logs.describe());
    }
    return checks;
}

CheckList make_checks(const Settings& settings, Problems& problems, const SecretReader& secrets) {
    CheckList list;
    Problems found;
    std::map<std::string_view, const Check*> last_of_kind;
    const std::vector<CheckSettings> logs = log_checks(settings, found, &list.logs);
    list.intervals.reserve(settings.checks.size() + logs.size());
    list.checks.reserve(settings.checks.size() + logs.size());
    for (const std::vector<CheckSettings>* some : {&settings.checks, &logs}) {
        for (const CheckSettings& check : *some) {
            const auto index = static_cast<uint32_t>(list.checks.size());
            list.intervals.push_back(check.interval);
            list.checks.push_back(make_check(check, index, settings, found, secrets,
                                             &list.identities.emplace_back()));
            if (Check* const made = list.checks.back().get()) {
                const Check*& alike = last_of_kind[made->kind()];
                if (alike != nullptr) made->share_with(*alike);
                alike = made;
            }
        }
    }
    for (LogRow& row : list.logs) {
        const auto place = static_cast<size_t>(&row - list.logs.data());
        row.check = static_cast<uint32_t>(settings.checks.size() + place);
    }
    for (const Service& service : settings.inventory.services) {
        if (service.heartbeat) list.identities.push_back(identity_of_heartbeat(service));
    }
    // One mistake in worker_{1..7} is one problem, not seven.
    std::set<std::pair<std::string, Problem::Kind>> places;
    Problems once;
    for (const Problem& problem : found.all()) {
        const bool first = places.insert({problem.place.print(), problem.kind}).second;
        if (!first) continue;
        if (problem.kind == Problem::Kind::error) {
            once.error(problem.place, problem.message);
        } else {
            once.warning(problem.place, problem.message);
        }
    }
    problems.add(std::move(once));
    return list;
}

void renumber(CheckList& list, const std::vector<uint32_t>& numbers, CheckList before) {
    ASSERT(numbers.size() >= list.checks.size());
    uint32_t end = 0;
    for (size_t i = 0; i < list.checks.size(); ++i) end = std::max(end, numbers[i] + 1);
    std::vector<Duration> intervals(end);
    std::vector<std::unique_ptr<Check>> checks(end);
    for (size_t i = 0; i < list.checks.size(); ++i) {
        const uint32_t number = numbers[i];
        intervals[number] = list.intervals[i];
        const bool goes_on = number < before.checks.size() && before.checks[number];
        checks[number] = std::move(goes_on ? before.checks[number] : list.checks[i]);
        if (checks[number]) checks[number]->set_index(number);
    }
    for (LogRow& row : list.logs) {
        row.check = numbers[row.check];
        const auto was = std::find_if(before.logs.begin(), before.logs.end(),
                                      [&row](const LogRow& one) { return one.name == row.name; });
        if (was == before.logs.end()) continue;
        const Check* const known = before.checks[was->check].get();  // null: it is this one
        if (known != nullptr && checks[row.check]) checks[row.check]->follow(*known);
    }
    list.intervals = std::move(intervals);
    list.checks = std::move(checks);
    list.identities = std::vector<uint64_t>();  // {} would keep the room of all
}

}  // namespace ops

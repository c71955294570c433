#include "learn/recorded.h"

#include <algorithm>
#include <functional>
#include <memory>

#include "learn/replay_track.h"

namespace ops {
namespace {

using namespace std::chrono_literals;

constexpr size_t kPage = 5000;
constexpr size_t kMostEvents = 2'000'000;   // of one kind in the journal
constexpr size_t kMostIncidents = 100'000;  // newest ones
constexpr size_t kMostSamples = 1'000'000;  // of one series: finer than any check asks
constexpr Duration kLongIncident = std::chrono::hours(24 * 30);
constexpr Duration kMostReach = std::chrono::hours(24 * 8);  // `anomaly` looks back 7 days

// What facts and events the runbooks ask for, in their own spelling and without the group's prefix.
std::set<std::string> names_read(const std::vector<const Runbook*>& runbooks,
                                 const Inventory& inventory) {
    std::set<std::string> names;
    for (const Runbook* const runbook : runbooks) {
        for (const Entry& entry : runbook->entries) {
            for (const std::string& name : reads_of(entry)) {
                names.insert(name);
                for (const Service& service : inventory.services) {
                    const size_t prefix = service.group.size() + 1;
                    if (!service.group.empty() && name.size() > prefix && name[prefix - 1] == '_') {
                        names.insert(name.substr(prefix));
                    }
                }
            }
        }
    }
    if (names.contains("security_incident")) names.insert("security");
    return names;
}

Duration reach_of(const std::vector<const Runbook*>& runbooks) {
    Duration reach{};
    for (const Runbook* const runbook : runbooks) {
        for (const Entry& entry : runbook->entries) {
            for (const expr::Expression& symptom : entry.symptoms) {
                // As much again: the value that held when a window began may be older than it.
                reach = std::max(reach, 2 * symptom.longest_window());
            }
        }
    }
    return std::min(std::max(reach, Duration(1h)), kMostReach);
}

Result<> each_event(Store& store, EventQuery query, const std::function<void(const Event&)>& take) {
    query.limit = kPage;
    size_t seen = 0;
    for (;;) {
        const std::vector<Event> page = TRY(store.events(query));
        for (const Event& event : page) take(event);
        seen += page.size();
        if (page.size() < kPage || seen >= kMostEvents) return {};
        query.from_seq = page.back().seq + 1;
    }
}

// When the agent ran. Of a run that was cut short the end is where its samples end.
Result<> load_runs(Store& store, Recorded& recorded, std::vector<Time>& starts) {
    std::optional<Time> began;
    TRY(each_event(store, {.kind_prefix = "agent."}, [&](const Event& event) {
        if (event.kind == "agent.started") {
            if (began) recorded.watched.push_back({*began, Time{}});
            began = event.at;
            starts.push_back(event.at);
        } else if (event.kind == "agent.stopped" && began) {
            recorded.watched.push_back({*began, event.at});
            began.reset();
        }
    }));
    if (began) recorded.watched.push_back({*began, recorded.to});
    return {};
}

void end_cut_runs(Recorded& recorded, const std::vector<Time>& starts) {
    for (Recorded::Span& run : recorded.watched) {
        if (run.to != Time{}) continue;
        const auto next = std::upper_bound(starts.begin(), starts.end(), run.from);
        const Time limit = next == starts.end() ? recorded.to : *next;
        run.to = run.from;
        const auto look = [&](Time at) {
            if (at < limit) run.to = std::max(run.to, at);
        };
        for (const auto& [name, samples] : recorded.samples) {
            const auto after =
                std::lower_bound(samples.begin(), samples.end(), limit,
                                 [](const Sample& one, Time at) { return one.at < at; });
            if (after != samples.begin()) look(std::prev(after)->at);
        }
        for (const auto& [name, statuses] : recorded.statuses) {
            for (const auto& [at, status] : statuses) look(at);
        }
        for (const RecordedIncident& incident : recorded.incidents) look(incident.opened_at);
    }
    std::erase_if(recorded.watched, [&](const Recorded::Span& run) {
        return run.to <= recorded.from || run.to <= run.from;
    });
}

Result<> load_incidents(Store& store, Recorded& recorded) {
    const Time since = recorded.from - kLongIncident;
    std::map<std::string, Json> facts;
    TRY(each_event(store, {.kind_prefix = "incident.opened", .since = since},
                   [&](const Event& event) { facts[event.incident] = event.body["facts"]; }));
    std::map<std::string, std::string> ran;
    TRY(each_event(
        store, {.kind_prefix = "action.intent", .since = since},
        [&](const Event& event) { ran[event.incident] = event.body["entry"].as_string(); }));
    IncidentQuery query{.since = since, .limit = kPage};
    std::vector<RecordedIncident>& all = recorded.incidents;
    while (all.size() < kMostIncidents) {
        const std::vector<Incident> page = TRY(store.incidents(query));
        for (const Incident& incident : page) {
            RecordedIncident one;
            one.id = incident.id;
            one.target = incident.target;
            one.rule = incident.rule;
            one.members = incident.members;
            one.opened_at = incident.opened_at;
            one.ended_at = incident.resolved_at.value_or(recorded.to);
            one.facts = facts[incident.id];
            // Programs that only looked have names of their own; what acts is the diagnosed entry.
            const auto began = ran.find(incident.id);
            if (began != ran.end() && began->second == incident.entry) one.ran = incident.entry;
            one.end = incident.resolved_by == "auto"   ? RecordedEnd::verified
                      : incident.resolved_by == "self" ? RecordedEnd::by_itself
                      : incident.is_open()             ? RecordedEnd::open
                                                       : RecordedEnd::by_a_person;
            if (one.ended_at >= recorded.from && one.opened_at <= recorded.to) {
                all.push_back(std::move(one));
            }
        }
        if (page.size() < kPage) break;
        query.cursor = cursor_after(page.back());
    }
    std::reverse(all.begin(), all.end());
    return {};
}

// Those that an entry may be about, and what their symptoms may read besides: hosts and signals.
std::vector<std::string> targets_of(const Settings& settings, const std::string& own_machine,
                                    const std::vector<const Runbook*>& runbooks) {
    std::vector<std::string> targets;
    const Inventory& inventory = settings.inventory;
    for (const Host& host : inventory.hosts) targets.push_back(host.name);
    for (const Service& service : inventory.services) {
        const bool is_meant = std::any_of(runbooks.begin(), runbooks.end(), [&](const auto* one) {
            return std::any_of(one->entries.begin(), one->entries.end(), [&](const Entry& entry) {
                return may_match(entry, service.name, inventory);
            });
        });
        if (is_meant) targets.push_back(service.name);
    }
    targets.insert(targets.end(), inventory.signals.begin(), inventory.signals.end());
    if (std::find(targets.begin(), targets.end(), own_machine) == targets.end()) {
        targets.push_back(own_machine);
    }
    return targets;
}

// A text is sampled as a number that says only whether it is the same one (series::sample_value),
// and a mean of such says nothing: what was noted is put in its place.
void put_texts_right(Recorded& recorded) {
    for (auto& [name, samples] : recorded.samples) {
        const auto changes = recorded.changes.find(name);
        if (changes == recorded.changes.end()) continue;
        const auto& all = changes->second;
        size_t next = 0;
        for (Sample& sample : samples) {
            while (next < all.size() && all[next].first <= sample.at) ++next;
            if (next == 0 || all[next - 1].second.type() != Type::string) continue;
            sample.value = series::sample_value(all[next - 1].second).value_or(0);
        }
    }
}

Result<> load_history(History& history, const std::set<std::string>& names,
                      const std::vector<std::string>& targets, Time reach, Recorded& recorded) {
    for (FactChange& change : TRY(history.changes(names, recorded.to))) {
        recorded.changes[{std::move(change.target), std::move(change.fact)}].emplace_back(
            change.at, std::move(change.value));
    }
    for (const std::string& target : targets) {
        for (const std::string& fact : TRY(history.facts_of(target))) {
            if (!names.contains(fact)) continue;
            std::vector<Sample>& samples = recorded.samples[{target, fact}];
            for (const HistorySample& one :
                 TRY(history.window(target, fact, reach, recorded.to, kMostSamples))) {
                samples.push_back({one.at, one.value});
            }
            if (samples.empty()) recorded.samples.erase({target, fact});
        }
        for (const std::string& kind : names) {
            std::vector<Time> times = TRY(history.event_times(target, kind, Time{}, recorded.to));
            times.erase(std::unique(times.begin(), times.end()), times.end());
            if (!times.empty()) recorded.events[{target, kind}] = std::move(times);
        }
    }
    put_texts_right(recorded);
    return {};
}

}  // namespace

std::string_view name_of(RecordedEnd end) {
    switch (end) {
        case RecordedEnd::verified: return "repaired, verified";
        case RecordedEnd::by_a_person: return "closed by a person";
        case RecordedEnd::by_itself: return "well again by itself";
        case RecordedEnd::open: break;
    }
    return "still open";
}

bool RecordedIncident::concerns(std::string_view name) const {
    return target == name || std::find(members.begin(), members.end(), name) != members.end();
}

Result<Recorded> load_recorded(Store& store, History& history, const Settings& settings,
                               const std::vector<const Runbook*>& runbooks, Duration span) {
    Recorded recorded;
    const auto last = TRY(store.events({.order = EventQuery::Order::newest_first, .limit = 1}));
    if (!last.empty()) recorded.to = last.front().at;
    if (const auto newest = TRY(history.newest())) recorded.to = std::max(recorded.to, *newest);
    recorded.from = recorded.to - span;
    recorded.exact_from = TRY(history.exact_from()).value_or(recorded.to);
    for (const Host& host : settings.inventory.hosts) {
        if (host.local && recorded.own_machine.empty()) recorded.own_machine = host.name;
    }
    if (recorded.own_machine.empty()) recorded.own_machine = settings.agent.name;

    std::vector<Time> starts;
    TRY(load_runs(store, recorded, starts));
    TRY(each_event(store, {.kind_prefix = "target.changed"}, [&](const Event& event) {
        recorded.statuses[event.target].emplace_back(event.at, event.body["status"].as_string());
    }));
    TRY(load_incidents(store, recorded));
    const std::set<std::string> names = names_read(runbooks, settings.inventory);
    TRY(load_history(history, names, targets_of(settings, recorded.own_machine, runbooks),
                     recorded.from - reach_of(runbooks), recorded));
    end_cut_runs(recorded, starts);
    return recorded;
}

}  // namespace ops

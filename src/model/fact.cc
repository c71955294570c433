#include "model/fact.h"

#include <algorithm>
#include <unordered_map>

namespace ops {
namespace {

// In an order for readers: the manual and the help print it as it stands.
std::vector<FactKind> make_fact_kinds() {
    return {
        // What and where.
        {"service", Type::string, Scope::service, "name of the service"},
        {"host", Type::string, Scope::service, "name of the host it runs on"},
        {"group", Type::string, Scope::service, "group it belongs to"},
        // What the checks make of it.
        {"status", Type::string, Scope::service,
         "up, down, degraded, unknown, paused or maintenance"},
        {"up", Type::boolean, Scope::service, "whether its checks find it well"},
        {"down_for", Type::duration, Scope::service, "how long it has been down, 0 when it is up"},
        {"degraded_for", Type::duration, Scope::service,
         "how long its checks have found it not quite well, or could not be made; 0 else"},
        {"process_status", Type::string, Scope::service,
         "running, dead, starting, stopped, fatal or unknown"},
        {"last_heartbeat", Type::duration, Scope::service,
         "age of the last heartbeat, or of the last good check where none is configured"},
        {"restarts", Type::number, Scope::service, "restarts since watching began"},
        {"crash", Type::number, Scope::service,
         "an event, 1 each time the process dies unasked; use count(crash, 1h)"},
        {"exit_code", Type::number, Scope::service,
         "exit status of the check's command, or of the process when it ended"},
        {"http_status", Type::number, Scope::service, "status code of the last HTTP answer"},
        {"latency", Type::duration, Scope::service, "how long the last check took to answer"},
        {"latency_dns", Type::duration, Scope::service, "until the name was looked up"},
        {"latency_connect", Type::duration, Scope::service, "until the connection stood"},
        {"latency_tls", Type::duration, Scope::service, "until TLS was agreed on"},
        {"latency_first_byte", Type::duration, Scope::service, "until the answer began"},
        {"tls_expires_in", Type::duration, Scope::service,
         "time left of the TLS certificate, below zero when it has expired"},
        {"tls_trusted", Type::boolean, Scope::service,
         "whether its TLS certificate is valid; the built-in restart leaves alone where it is not"},
        {"rss", Type::size, Scope::service, "memory that its processes hold"},
        {"unit_memory", Type::size, Scope::service,
         "memory that systemd counts for the whole unit, file cache included"},
        {"processes", Type::number, Scope::service, "how many processes belong to it"},
        {"value", Type::number, Scope::both, "number that its command or query gives"},
        {"heartbeat_duration", Type::duration, Scope::service,
         "from the start to the end of its last run, where it tells both"},
        {"log_lines", Type::number, Scope::both, "new lines in its logs at the last look"},
        {"error_rate", Type::number, Scope::service, "errors a minute in its logs"},
        {"new_error_pattern", Type::boolean, Scope::service,
         "an event, true when its logs show an error of a kind never seen before"},
        // Of the machine.
        {"uptime", Type::duration, Scope::both, "how long it has been running"},
        {"cpu_usage", Type::percentage, Scope::both,
         "processor time used; of a host, of all its processors together"},
        {"memory_usage", Type::percentage, Scope::both, "memory in use, of what the host has"},
        {"swap_usage", Type::percentage, Scope::host, "swap space in use"},
        {"load", Type::number, Scope::host, "load average of one minute"},
        {"disk_usage", Type::percentage, Scope::host, "space in use on its fullest disk"},
        {"disk_free", Type::size, Scope::host, "space left on its fullest disk"},
        {"inode_usage", Type::percentage, Scope::host, "inodes in use on its fullest disk"},
        {"disk_mount", Type::string, Scope::both, "mount point of its fullest disk"},
        {"disks", Type::string, Scope::both, "its disks with their space in use, fullest first"},
        {"disk_read_only", Type::boolean, Scope::both, "whether a disk can no longer be written"},
        {"load5", Type::number, Scope::both, "load average of five minutes"},
        {"load15", Type::number, Scope::both, "load average of fifteen minutes"},
        {"processors", Type::number, Scope::both, "how many processors it has"},
        {"clock_skew", Type::duration, Scope::host, "how far its clock is ahead of ours"},
        {"security_incident", Type::boolean, Scope::both,
         "an event, true when its logs or an outside report tell of an attack"},
        // Of the business.
        {"revenue_mrr", Type::number, Scope::signal, "monthly recurring revenue"},
        {"revenue_hourly", Type::number, Scope::signal, "revenue of the last hour"},
        {"review_state", Type::string, Scope::signal, "state of the app's review"},
    };
}

// Of the catalogue's names nobody is the owner: they are never let go, and cost nothing to copy.
std::shared_ptr<const std::string> shared_name(std::string_view name) {
    static const auto kNames = [] {
        std::unordered_map<std::string_view, std::shared_ptr<const std::string>> names;
        static std::vector<std::string> texts;
        texts.reserve(fact_kinds().size());
        for (const FactKind& kind : fact_kinds()) {
            const std::string& text = texts.emplace_back(kind.name);
            names.emplace(text, std::shared_ptr<const std::string>(std::shared_ptr<void>(), &text));
        }
        return names;
    }();
    const auto found = kNames.find(name);
    return found == kNames.end() ? std::make_shared<const std::string>(name) : found->second;
}

}  // namespace

std::vector<Facts::Known>::const_iterator Facts::place_of(std::string_view name) const {
    return std::lower_bound(
        facts_.begin(), facts_.end(), name,
        [](const Known& fact, std::string_view wanted) { return *fact.name < wanted; });
}

bool Facts::is_at(std::vector<Known>::const_iterator place, std::string_view name) const {
    return place != facts_.end() && *place->name == name;
}

const Value* Facts::find(std::string_view name) const {
    const auto place = place_of(name);
    return is_at(place, name) ? &place->value : nullptr;
}

void Facts::set(std::string_view name, Value value) {
    const auto place = place_of(name);
    const auto at = place - facts_.begin();
    if (is_at(place, name)) {
        facts_[static_cast<size_t>(at)].value = std::move(value);
        return;
    }
    // Thousands of these lists stay in memory: room for what an HTTP check tells, so that growing
    // leaves no holes, and then no room ahead for what seldom comes.
    constexpr size_t kUsual = 5;
    if (facts_.size() == facts_.capacity()) facts_.reserve(std::max(kUsual, facts_.size() + 1));
    facts_.insert(facts_.begin() + at, Known{shared_name(name), std::move(value)});
}

void Facts::erase(std::string_view name) {
    const auto place = place_of(name);
    if (is_at(place, name)) facts_.erase(place);
}

std::vector<Fact> Facts::all() const {
    std::vector<Fact> all;
    all.reserve(facts_.size());
    for (const Known& fact : facts_) all.push_back({*fact.name, fact.value});
    return all;
}

Json Facts::to_plain_json() const {
    Json::Object members;
    for (const Known& fact : facts_) members.emplace_back(*fact.name, fact.value.to_plain_json());
    return Json::of_members(std::move(members));
}

Json Facts::to_event_json() const {
    size_t room = size_t{256} * 1024 - 2;
    std::vector<bool> is_in(facts_.size());
    for (const bool is_builtin : {true, false}) {
        for (size_t i = 0; i < facts_.size(); ++i) {
            const auto& [name, value] = facts_[i];
            if ((find_fact_kind(*name) != nullptr) != is_builtin) continue;
            // With the quotes, the colon and the comma.
            const size_t size = Json(*name).dump().size() + value.to_plain_json().dump().size() + 2;
            is_in[i] = size <= room;
            if (is_in[i]) room -= size;
        }
    }
    Json::Object members;
    for (size_t i = 0; i < facts_.size(); ++i) {
        const auto& [name, value] = facts_[i];
        if (is_in[i]) members.emplace_back(*name, value.to_plain_json());
    }
    return Json::of_members(std::move(members));
}

const std::vector<FactKind>& fact_kinds() {
    static const std::vector<FactKind> kKinds = make_fact_kinds();
    return kKinds;
}

// Asked for every fact of every condition, many times a second: by index.
const FactKind* find_fact_kind(std::string_view name) {
    static const auto kIndex = [] {
        std::unordered_map<std::string_view, const FactKind*> index;
        for (const FactKind& kind : fact_kinds()) index.emplace(kind.name, &kind);
        return index;
    }();
    const auto found = kIndex.find(name);
    return found == kIndex.end() ? nullptr : found->second;
}

}  // namespace ops

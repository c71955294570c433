#include "agent/asking.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "base/units.h"
#include "expr/expr.h"
#include "model/unknown_target.h"
#include "runbook/runbook.h"

namespace ops {
namespace {

constexpr size_t kMostTargets = 500;
constexpr size_t kMostFacts = 40;
constexpr size_t kMostPoints = 60;
constexpr size_t kMostTurns = 5000;
constexpr Duration kDay = std::chrono::hours(24);
constexpr double kTrendHorizon = 14 * 86400.0;        // seconds; a trend of hours is no prophet
constexpr double kCertificateHorizon = 30 * 86400.0;  // the same

// The language's names, and whatever the target was seen to have.
class SeenNames final : public expr::Names {
public:
    SeenNames(const Settings& settings, const expr::World& world)
        : known_(settings), world_(world) {}
    std::optional<Type> fact(std::string_view name) const override {
        if (const auto type = known_.fact(name)) return type;
        const Value* value = world_.fact(name);
        return value == nullptr ? std::nullopt : std::optional(value->type());
    }
    bool event(std::string_view name) const override { return known_.event(name); }
    std::vector<std::string> all() const override { return known_.all(); }

private:
    const TargetNames known_;
    const expr::World& world_;
};

struct Filling {
    std::string_view fact, limit, says;
};
constexpr auto kFilling = std::to_array<Filling>({
    {"disk_usage", "100%", "the disk is full"},
    {"inode_usage", "100%", "the disk has no inode left"},
    {"memory_usage", "100%", "the memory is full"},
    {"swap_usage", "100%", "the swap is full"},
});

struct Prediction {
    double in_seconds;
    Json json;
};

Prediction predicted(const std::string& target, std::string_view fact, const Value& value,
                     std::string_view limit, double in_seconds, std::string_view says, Time now) {
    const auto ahead = Duration(static_cast<int64_t>(in_seconds * 1000));
    return {in_seconds, Json::object({{"target", target},
                                      {"fact", std::string(fact)},
                                      {"value", value.to_plain_json()},
                                      {"limit", std::string(limit)},
                                      {"in_seconds", static_cast<int64_t>(in_seconds)},
                                      {"at", format_rfc3339(now + ahead)},
                                      {"says", std::string(says)}})};
}

void predict(const std::string& target, const expr::World& world, const expr::Names& names,
             std::vector<Prediction>& out) {
    for (const Filling& filling : kFilling) {
        const Value* value = world.fact(filling.fact);
        if (value == nullptr || !value->is_quantity()) continue;
        const std::string text =
            "time_until(" + std::string(filling.fact) + ", " + std::string(filling.limit) + ")";
        const expr::Parsed parsed = expr::parse(text, names);
        if (!parsed.expression) continue;
        const Value until = expr::evaluate(*parsed.expression, world);
        if (!until.is_quantity() || until.amount() > kTrendHorizon) continue;
        out.push_back(predicted(target, filling.fact, *value, filling.limit,
                                std::max(until.amount(), 0.0), filling.says, world.now()));
    }
    const Value* expiry = world.fact("tls_expires_in");
    if (expiry == nullptr || !expiry->is_quantity()) return;
    if (expiry->amount() > kCertificateHorizon) return;
    out.push_back(predicted(target, "tls_expires_in", *expiry, "0s",
                            std::max(expiry->amount(), 0.0), "the certificate expires",
                            world.now()));
}

struct UpTurn {  // from then on it was up, down, or nobody looked
    Time at{};
    std::optional<bool> up;
};

// Oldest first, from the journal.
Result<std::vector<UpTurn>> turns_of(Store& store, std::string_view target) {
    EventQuery query;
    query.order = EventQuery::Order::newest_first;
    query.limit = kMostTurns;
    query.kind_prefix = "target.changed";
    query.target = std::string(target);
    std::vector<Event> events = TRY(store.events(query));
    query.kind_prefix = "agent.st";  // started, stopped
    query.target.clear();
    for (Event& event : TRY(store.events(query))) events.push_back(std::move(event));
    std::sort(events.begin(), events.end(),
              [](const Event& a, const Event& b) { return a.seq < b.seq; });
    std::vector<UpTurn> turns;
    std::optional<bool> last;
    for (const Event& event : events) {
        if (event.kind == "target.changed") {
            const std::string status = event.body["status"].as_string();
            last.reset();
            if (status == "up" || status == "degraded") last = true;
            if (status == "down") last = false;
        }
        turns.push_back({event.at, event.kind == "agent.stopped" ? std::nullopt : last});
    }
    return turns;
}

// Per cent of [from, now] in which it was up, of what is known of it.
Json share_up(const std::vector<UpTurn>& turns, Time from, Time now) {
    Duration up{}, known{};
    std::optional<bool> state;
    Time since = from;
    const auto count_until = [&](Time end) {
        if (state && end > since) {
            known += end - since;
            if (*state) up += end - since;
        }
        since = std::max(since, end);
    };
    for (const UpTurn& turn : turns) {
        count_until(std::clamp(turn.at, from, now));
        state = turn.up;
    }
    count_until(now);
    if (known == Duration{}) return Json();
    return 100.0 * static_cast<double>(up.count()) / static_cast<double>(known.count());
}

}  // namespace

Result<Json> eval_json(const std::string& text, const std::string& target, const Detector& detector,
                       const Settings& settings, Time now) {
    const Inventory& inventory = settings.inventory;
    if (!target.empty() && !inventory.has_target(target)) {
        return Error{Fault::invalid, no_target(inventory, target)};
    }
    std::string about = target;
    if (about.empty() && !inventory.hosts.empty()) about = inventory.hosts[0].name;
    const auto world = detector.world(about, now);
    const expr::Parsed parsed = expr::parse(text, SeenNames(settings, *world));
    if (!parsed.expression) {
        std::vector<std::string> lines;
        for (const expr::Problem& problem : parsed.problems) {
            const std::string pointer = std::string(problem.offset, ' ') +
                                        std::string(std::max<size_t>(problem.length, 1), '^');
            lines.push_back("1:" + std::to_string(problem.offset + 1) +
                            ": error: " + problem.message + "\n" + printable(text, Lines::flatten) +
                            "\n" + pointer);
        }
        return Error{Fault::invalid, join(lines, "\n")};
    }
    const expr::Explained explained = expr::explain(*parsed.expression, *world);
    Json parts = Json::array();
    for (const expr::Part& part : explained.parts) {
        parts.push(Json::object(
            {{"text", part.text},
             {"value", part.value.to_plain_json()},
             {"printed", part.value.print()},
             {"why_unknown", part.why_unknown.empty() ? Json() : Json(part.why_unknown)},
             {"depth", part.depth}}));
    }
    return Json::object({{"expression", text},
                         {"target", about},
                         {"value", explained.value.to_plain_json()},
                         {"printed", explained.value.print()},
                         {"parts", parts},
                         {"missing", Json::of_strings(explained.missing)}});
}

Json predictions_json(const Detector& detector, const Settings& settings, Time now) {
    const TargetNames names(settings);
    std::vector<Prediction> found;
    size_t looked_at = 0;
    for (const TargetState& state : detector.states()) {
        if (++looked_at > kMostTargets) break;
        predict(state.target, *detector.world(state.target, now), names, found);
    }
    std::stable_sort(found.begin(), found.end(), [](const Prediction& a, const Prediction& b) {
        return a.in_seconds < b.in_seconds;
    });
    Json list = Json::array();
    for (Prediction& one : found) list.push(std::move(one.json));
    return Json::object({{"predictions", std::move(list)}});
}

Result<> add_history(Json& service, History& history, Store& store, std::string_view target,
                     Time now) {
    Json facts = Json::object();
    size_t left = kMostFacts;
    for (const std::string& fact : TRY(history.facts_of(target))) {
        if (left == 0) break;
        Json points = Json::array();
        for (const HistorySample& one :
             TRY(history.window(target, fact, now - kDay, now, kMostPoints))) {
            points.push(Json::object({{"at", format_rfc3339(one.at)},
                                      {"value", one.value},
                                      {"low", one.low},
                                      {"high", one.high}}));
        }
        if (points.items().empty()) continue;
        facts.set(fact, std::move(points));
        --left;
    }
    const std::vector<UpTurn> turns = TRY(turns_of(store, target));
    service.set("history", std::move(facts));
    service.set("uptime", Json::object({{"day", share_up(turns, now - kDay, now)},
                                        {"week", share_up(turns, now - 7 * kDay, now)},
                                        {"month", share_up(turns, now - 30 * kDay, now)}}));
    return {};
}

}  // namespace ops

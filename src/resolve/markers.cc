#include "resolve/markers.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/hash.h"

namespace ops {
namespace {

constexpr const char* kEpochFile = "epoch";
constexpr const char* kSeen = ".seen";
constexpr const char* kStarted = ".started";
constexpr const char* kOutcome = ".outcome";

std::string approval_file(const std::string& id) { return "approval-" + sha256_hex(id) + ".used"; }

std::optional<Risk> parse_risk(std::string_view text) {
    for (const Risk risk : {Risk::low, Risk::medium, Risk::high, Risk::destructive}) {
        if (text == name_of(risk)) return risk;
    }
    return std::nullopt;
}

Error torn(std::string_view what) {
    return {Fault::corrupt, "marker '" + std::string(what) + "' is torn"};
}

}  // namespace

Json SeenMarker::to_json() const {
    return Json::object({{"ticket", ticket.to_json()},
                         {"at", format_rfc3339(at)},
                         {"target", target},
                         {"argv", Json::of_strings(argv)},
                         {"risk", name_of(risk)},
                         {"time_limit_ms", int64_t{time_limit.count()}},
                         {"boot", boot}});
}

Result<SeenMarker> SeenMarker::from_json(const Json& json) {
    SeenMarker marker;
    marker.ticket = TRY(Ticket::from_json(json["ticket"]));
    marker.at = TRY(parse_rfc3339(json["at"].as_string()));
    marker.target = json["target"].as_string();
    marker.argv = json["argv"].strings();
    const std::optional<Risk> risk = parse_risk(json["risk"].as_string());
    if (!risk) return torn("risk");
    marker.risk = *risk;
    marker.time_limit = Duration(json["time_limit_ms"].as_int());
    marker.boot = json["boot"].as_string();
    return marker;
}

Result<std::optional<Json>> Markers::read_json(const std::string& name) {
    Result<std::string> text = files_.read(path(name));
    if (!text.ok()) {
        if (text.error().fault == Fault::not_found) return std::optional<Json>();
        return std::move(text).error();
    }
    Result<Json> json = Json::parse(text.value());
    if (!json.ok()) return torn(name);
    return std::optional<Json>(std::move(json).value());
}

Result<std::vector<Markers::Remembered>> Markers::read_all() {
    TRY(files_.make_folder(folder_));
    const std::vector<std::string> names = TRY(files_.list(folder_));
    const std::set<std::string> all(names.begin(), names.end());
    std::vector<Remembered> list;
    for (const std::string& name : names) {
        if (!name.ends_with(kSeen)) continue;
        Remembered one;
        one.key = name.substr(0, name.size() - std::string_view(kSeen).size());
        if (!is_step_key(one.key)) continue;
        one.has_outcome = all.contains(one.key + kOutcome);
        Result<std::optional<Json>> json = read_json(name);
        if (!json.ok() && json.error().fault != Fault::corrupt) return std::move(json).error();
        if (json.ok() && json.value()) {
            Result<SeenMarker> seen = SeenMarker::from_json(*json.value());
            if (seen.ok()) one.seen = std::move(seen).value();
        }
        list.push_back(std::move(one));
    }
    return list;
}

Result<uint64_t> Markers::read_epoch() {
    const std::optional<Json> json = TRY(read_json(kEpochFile));
    if (!json) return uint64_t{0};
    const int64_t epoch = (*json)["epoch"].as_int(-1);
    if (epoch < 0) return torn(kEpochFile);
    return static_cast<uint64_t>(epoch);
}

Result<> Markers::write_epoch(uint64_t epoch) {
    return files_.replace(path(kEpochFile), Json::object({{"epoch", epoch}}).dump() + "\n");
}

Result<bool> Markers::is_seen(const std::string& key) {
    for (const char* suffix : {kSeen, kOutcome}) {
        const Result<std::string> text = files_.read(path(key + suffix));
        if (text.ok()) return true;
        if (text.error().fault != Fault::not_found) return Error(text.error());
    }
    return false;
}

Result<> Markers::write_seen(const std::string& key, const SeenMarker& marker) {
    return files_.create_new(path(key + kSeen), marker.to_json().dump() + "\n");
}

Result<> Markers::write_started(const std::string& key, const StartedMarker& marker) {
    const Json json = Json::object({{"pid", marker.process.pid},
                                    {"start_ticks", marker.process.start_ticks},
                                    {"boot", marker.boot}});
    return files_.create_new(path(key + kStarted), json.dump() + "\n");
}

Result<> Markers::write_outcome(const std::string& key, const Exit& exit) {
    return files_.create_new(path(key + kOutcome), to_json(exit).dump() + "\n");
}

Result<std::optional<Exit>> Markers::read_outcome(const std::string& key) {
    const std::optional<Json> json = TRY(read_json(key + kOutcome));
    if (!json) return std::optional<Exit>();
    Result<Exit> exit = exit_from_json(*json);
    if (!exit.ok()) return torn(key + kOutcome);
    return std::optional<Exit>(std::move(exit).value());
}

std::optional<StartedMarker> Markers::read_started(const std::string& key) {
    const Result<std::optional<Json>> json = read_json(key + kStarted);
    if (!json.ok() || !json.value()) return std::nullopt;
    const Json& body = *json.value();
    StartedMarker marker;
    marker.process.pid = static_cast<int>(body["pid"].as_int());
    marker.process.start_ticks = static_cast<uint64_t>(body["start_ticks"].as_int());
    marker.boot = body["boot"].as_string();
    if (marker.process.pid <= 0) return std::nullopt;
    return marker;
}

Result<std::optional<ApprovalUse>> Markers::read_approval(const std::string& id) {
    const std::optional<Json> json = TRY(read_json(approval_file(id)));
    if (!json) return std::optional<ApprovalUse>();
    ApprovalUse use;
    use.plan_sha256 = (*json)["plan_sha256"].as_string();
    use.incident = (*json)["incident"].as_string();
    use.attempt = static_cast<int>((*json)["attempt"].as_int());
    use.at = TRY(parse_rfc3339((*json)["at"].as_string()));
    return std::optional<ApprovalUse>(std::move(use));
}

Result<> Markers::write_approval(const std::string& id, const ApprovalUse& use) {
    const Json json = Json::object({{"plan_sha256", use.plan_sha256},
                                    {"incident", use.incident},
                                    {"attempt", use.attempt},
                                    {"at", format_rfc3339(use.at)}});
    return files_.create_new(path(approval_file(id)), json.dump() + "\n");
}

Result<> Markers::remove(const std::string& key) {
    for (const char* suffix : {kStarted, kOutcome, kSeen}) TRY(files_.remove(path(key + suffix)));
    return {};
}

}  // namespace ops

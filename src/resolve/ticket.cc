#include "resolve/ticket.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "base/hash.h"
#include "base/text.h"

namespace ops {
namespace {

constexpr std::array<std::string_view, 4> kKinds{"run", "undo", "collect", "verify_command"};
constexpr std::array<std::string_view, 16> kRefusals{
    "none", "seen", "epoch",  "expired", "paused",   "entry", "step",     "target",
    "argv", "busy", "budget", "policy",  "approval", "disk",  "stopping", ""};
constexpr std::array<std::string_view, 3> kStatuses{"done", "refused", "unknown"};
constexpr std::array<std::string_view, 4> kSeen{"never", "done", "running", "unknown"};
constexpr std::array<std::string_view, 3> kHows{"exited", "signalled", "timed_out"};

constexpr size_t kNameLimit = 256;
constexpr int64_t kCountLimit = 10000;

template <size_t n>
std::optional<size_t> index_of(const std::array<std::string_view, n>& names,
                               std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end() || name.empty()) return std::nullopt;
    return static_cast<size_t>(found - names.begin());
}

Error wrong(std::string_view what, std::string_view why) {
    return {Fault::invalid, std::string(what).append(": ").append(why)};
}

// Exactly these keys: what is not understood is not obeyed in part.
Result<> check_keys(const Json& json, std::string_view what,
                    std::initializer_list<std::string_view> keys) {
    if (!json.is_object()) return wrong(what, "not an object");
    for (const std::string_view key : keys) {
        if (!json.has(key)) return wrong(what, "'" + std::string(key) + "' is missing");
    }
    for (const auto& [key, value] : json.members()) {
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
            return wrong(what, "unknown key '" + clip_end(key, 60) + "'");
        }
    }
    return {};
}

Result<std::string> read_text(const Json& json, std::string_view key, size_t limit) {
    if (!json[key].is_string()) return wrong(key, "not a string");
    std::string text = json[key].as_string();
    if (text.size() > limit) return wrong(key, "too long");
    return text;
}

Result<std::string> read_name(const Json& json, std::string_view key) {
    std::string text = TRY(read_text(json, key, kNameLimit));
    if (text.empty()) return wrong(key, "empty");
    return text;
}

Result<std::string> read_hash(const Json& json, std::string_view key) {
    std::string text = TRY(read_text(json, key, kNameLimit));
    if (!is_step_key(text)) return wrong(key, "not a sha256 in hex");
    return text;
}

Result<int64_t> read_count(const Json& json, std::string_view key, int64_t least, int64_t most) {
    const int64_t number = json[key].as_int(least - 1);
    if (!json[key].is_number() || json[key].as_number() != static_cast<double>(number)) {
        return wrong(key, "not a whole number");
    }
    if (number < least || number > most) return wrong(key, "out of range");
    return number;
}

Result<Time> read_time(const Json& json, std::string_view key) {
    return parse_rfc3339(TRY(read_text(json, key, kNameLimit))).during(key);
}

Result<std::optional<Exit>> read_exit(const Json& json) {
    if (json.is_null()) return std::optional<Exit>();
    return std::optional<Exit>(TRY(exit_from_json(json)));
}

Json exit_or_null(const std::optional<Exit>& exit) { return exit ? to_json(*exit) : Json(); }

}  // namespace

std::string_view name_of(TicketKind kind) { return kKinds.at(static_cast<size_t>(kind)); }

std::optional<TicketKind> parse_ticket_kind(std::string_view text) {
    const auto index = index_of(kKinds, text);
    if (!index) return std::nullopt;
    return static_cast<TicketKind>(*index);
}

bool is_effect(TicketKind kind) { return kind == TicketKind::run || kind == TicketKind::undo; }

std::string_view name_of(Refusal refusal) { return kRefusals.at(static_cast<size_t>(refusal)); }

std::optional<Refusal> parse_refusal(std::string_view text) {
    const auto index = index_of(kRefusals, text);
    if (!index) return std::nullopt;
    return static_cast<Refusal>(*index);
}

bool is_step_key(std::string_view text) {
    return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

// JSON of a list is a prefix-free spelling of its parts: no two tickets share one.
std::string step_key(const Ticket& ticket) {
    return sha256_hex(Json::array()
                          .push("ops-step-1")
                          .push(ticket.incident)
                          .push(ticket.entry)
                          .push(ticket.entry_sha256)
                          .push(name_of(ticket.kind))
                          .push(ticket.step)
                          .push(ticket.sub)
                          .push(ticket.target)
                          .push(ticket.attempt)
                          .dump());
}

Json Approval::to_json() const {
    return Json::object({{"id", id},
                         {"by", Json::of_strings(by)},
                         {"plan_sha256", plan_sha256},
                         {"at", format_rfc3339(at)}});
}

Result<Approval> Approval::from_json(const Json& json) {
    TRY(check_keys(json, "approval", {"id", "by", "plan_sha256", "at"}));
    Approval approval;
    approval.id = TRY(read_name(json, "id"));
    approval.plan_sha256 = TRY(read_hash(json, "plan_sha256"));
    approval.at = TRY(read_time(json, "at"));
    if (!json["by"].is_array() || json["by"].items().size() > 16) return wrong("by", "not a list");
    for (const Json& name : json["by"].items()) {
        if (!name.is_string() || name.as_string().size() > kNameLimit) {
            return wrong("by", "not a list of names");
        }
        approval.by.push_back(name.as_string());
    }
    return approval;
}

Json Ticket::to_json() const {
    return Json::object({{"kind", name_of(kind)},
                         {"incident", incident},
                         {"entry", entry},
                         {"entry_sha256", entry_sha256},
                         {"step", step},
                         {"sub", sub},
                         {"target", target},
                         {"attempt", attempt},
                         {"epoch", epoch},
                         {"not_after", format_rfc3339(not_after)},
                         {"argv_sha256", argv_sha256},
                         {"systemic", systemic},
                         {"proposed", proposed},
                         {"approval", approval ? approval->to_json() : Json()}});
}

Result<Ticket> Ticket::from_json(const Json& json) {
    TRY(check_keys(json, "ticket",
                   {"kind", "incident", "entry", "entry_sha256", "step", "sub", "target", "attempt",
                    "epoch", "not_after", "argv_sha256", "systemic", "proposed", "approval"}));
    Ticket ticket;
    const auto kind = parse_ticket_kind(TRY(read_name(json, "kind")));
    if (!kind) return wrong("kind", "none that is known");
    ticket.kind = *kind;
    ticket.incident = TRY(read_name(json, "incident"));
    ticket.entry = TRY(read_name(json, "entry"));
    ticket.entry_sha256 = TRY(read_hash(json, "entry_sha256"));
    ticket.step = static_cast<int>(TRY(read_count(json, "step", kEntryUndo, kCountLimit)));
    ticket.sub = static_cast<int>(TRY(read_count(json, "sub", 0, kCountLimit)));
    ticket.target = TRY(read_name(json, "target"));
    ticket.attempt = static_cast<int>(TRY(read_count(json, "attempt", 1, kCountLimit)));
    ticket.epoch = static_cast<uint64_t>(TRY(read_count(json, "epoch", 0, int64_t{1} << 52)));
    ticket.not_after = TRY(read_time(json, "not_after"));
    ticket.argv_sha256 = TRY(read_hash(json, "argv_sha256"));
    if (!json["systemic"].is_bool()) return wrong("systemic", "not true or false");
    ticket.systemic = json["systemic"].as_bool();
    if (!json["proposed"].is_bool()) return wrong("proposed", "not true or false");
    ticket.proposed = json["proposed"].as_bool();
    if (!json["approval"].is_null()) ticket.approval = TRY(Approval::from_json(json["approval"]));
    return ticket;
}

Json to_json(const Exit& exit) {
    Json json = Json::object({{"how", kHows.at(static_cast<size_t>(exit.how))},
                              {"code", exit.code},
                              {"output", exit.output},
                              {"output_bytes", uint64_t{exit.output_bytes}},
                              {"output_sha256", exit.output_sha256},
                              {"took_ms", int64_t{exit.took.count()}},
                              {"limit_ms", int64_t{exit.time_limit.count()}}});
    if (!exit.errors.empty()) json.set("errors", exit.errors);
    return json;
}

Result<Exit> exit_from_json(const Json& json) {
    if (json.has("errors")) {
        TRY(check_keys(json, "exit",
                       {"how", "code", "output", "output_bytes", "output_sha256", "took_ms",
                        "limit_ms", "errors"}));
    } else {
        TRY(check_keys(
            json, "exit",
            {"how", "code", "output", "output_bytes", "output_sha256", "took_ms", "limit_ms"}));
    }
    Exit exit;
    const auto how = index_of(kHows, json["how"].as_string());
    if (!how) return wrong("how", "none that is known");
    exit.how = static_cast<Exit::How>(*how);
    exit.code = static_cast<int>(TRY(read_count(json, "code", -1, 1 << 16)));
    exit.output = TRY(read_text(json, "output", 1024 * 1024));
    if (json.has("errors")) exit.errors = TRY(read_text(json, "errors", 1024 * 1024));
    constexpr int64_t kLarge = int64_t{1} << 52;
    exit.output_bytes = static_cast<size_t>(TRY(read_count(json, "output_bytes", 0, kLarge)));
    exit.output_sha256 = TRY(read_text(json, "output_sha256", 64));
    exit.took = Duration(TRY(read_count(json, "took_ms", -kLarge, kLarge)));
    exit.time_limit = Duration(TRY(read_count(json, "limit_ms", 0, kLarge)));
    return exit;
}

Json TicketReply::to_json() const {
    return Json::object({{"step_key", step_key},
                         {"status", kStatuses.at(static_cast<size_t>(status))},
                         {"refusal", name_of(refusal)},
                         {"reason", reason},
                         {"exit", exit_or_null(exit)}});
}

Result<TicketReply> TicketReply::from_json(const Json& json) {
    TRY(check_keys(json, "reply", {"step_key", "status", "refusal", "reason", "exit"}));
    TicketReply reply;
    reply.step_key = TRY(read_text(json, "step_key", kNameLimit));
    const auto status = index_of(kStatuses, json["status"].as_string());
    const auto refusal = parse_refusal(json["refusal"].as_string());
    if (!status || !refusal) return wrong("status", "none that is known");
    reply.status = static_cast<Status>(*status);
    reply.refusal = *refusal;
    reply.reason = TRY(read_text(json, "reason", 64 * 1024));
    reply.exit = TRY(read_exit(json["exit"]));
    if (reply.exit.has_value() != (reply.status == Status::done)) {
        return wrong("exit", "does not go with the status");
    }
    return reply;
}

Json Seen::to_json() const {
    return Json::object({{"what", kSeen.at(static_cast<size_t>(what))},
                         {"reason", reason},
                         {"exit", exit_or_null(exit)}});
}

Result<Seen> Seen::from_json(const Json& json) {
    TRY(check_keys(json, "seen", {"what", "reason", "exit"}));
    Seen seen;
    const auto what = index_of(kSeen, json["what"].as_string());
    if (!what) return wrong("what", "none that is known");
    seen.what = static_cast<What>(*what);
    seen.reason = TRY(read_text(json, "reason", 64 * 1024));
    seen.exit = TRY(read_exit(json["exit"]));
    if (seen.exit.has_value() != (seen.what == What::done)) {
        return wrong("exit", "does not go with what was seen");
    }
    return seen;
}

}  // namespace ops

#include "model/memory.h"

#include <array>

namespace ops {
namespace {

constexpr std::array<std::string_view, 4> kProvenances{"checks", "person", "outside", "untrusted"};
constexpr std::array<std::string_view, 5> kOutcomes{"none", "verified", "human", "self", "failed"};

template <class Enum, size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& names, std::string_view text) {
    for (size_t i = 0; i < N; ++i) {
        if (names[i] == text) return static_cast<Enum>(i);
    }
    return std::nullopt;
}

Json time_json(const std::optional<Time>& at) { return at ? Json(format_rfc3339(*at)) : Json(); }

Result<std::optional<Time>> read_time(const Json& json, std::string_view key) {
    if (json[key].is_null()) return std::optional<Time>();
    return std::optional<Time>(
        TRY(parse_rfc3339(json[key].as_string()).during("'" + std::string(key) + "'")));
}

}  // namespace

std::string_view name_of(Provenance provenance) {
    return kProvenances.at(static_cast<size_t>(provenance));
}
std::optional<Provenance> parse_provenance(std::string_view text) {
    return find<Provenance>(kProvenances, text);
}
std::string_view name_of(MemoryOutcome outcome) {
    return kOutcomes.at(static_cast<size_t>(outcome));
}
std::optional<MemoryOutcome> parse_memory_outcome(std::string_view text) {
    return find<MemoryOutcome>(kOutcomes, text);
}

Json Memory::to_json() const {
    return Json::object({{"id", id},
                         {"title", title},
                         {"text", text},
                         {"meta", meta},
                         {"provenance", name_of(provenance)},
                         {"incident", incident},
                         {"service", target},
                         {"group", group},
                         {"host", host},
                         {"rule", rule},
                         {"signature", Json::of_strings(signature)},
                         {"templates", Json::of_strings(templates)},
                         {"cause", cause},
                         {"entry", entry},
                         {"commands", Json::of_strings(commands)},
                         {"note", note},
                         {"outcome", name_of(outcome)},
                         {"at", format_rfc3339(at)},
                         {"confirmed", confirmed},
                         {"contradicted", contradicted},
                         {"used_at", time_json(used_at)},
                         {"expires_at", time_json(expires_at)}});
}

Result<Memory> read_memory(const Json& json) {
    if (!json.is_object()) return Error{Fault::invalid, "a memory is a JSON object"};
    Memory memory;
    memory.id = json["id"].as_string();
    memory.title = json["title"].as_string();
    memory.text = json["text"].as_string();
    if (memory.title.empty()) return Error{Fault::invalid, "'title' is missing"};
    if (json["meta"].is_object()) memory.meta = json["meta"];
    const auto provenance = parse_provenance(json["provenance"].as_string("person"));
    if (!provenance) {
        return Error{Fault::invalid, "unknown provenance '" + json["provenance"].as_string() +
                                         "' (there are checks, person, outside and untrusted)"};
    }
    memory.provenance = *provenance;
    const auto outcome = parse_memory_outcome(json["outcome"].as_string("none"));
    if (!outcome) {
        return Error{Fault::invalid, "unknown outcome '" + json["outcome"].as_string() +
                                         "' (there are none, verified, human, self and failed)"};
    }
    memory.outcome = *outcome;
    memory.incident = json["incident"].as_string();
    memory.target = json["service"].as_string();
    memory.group = json["group"].as_string();
    memory.host = json["host"].as_string();
    memory.rule = json["rule"].as_string();
    memory.signature = json["signature"].strings();
    memory.templates = json["templates"].strings();
    memory.cause = json["cause"].as_string();
    memory.entry = json["entry"].as_string();
    memory.commands = json["commands"].strings();
    memory.note = json["note"].as_string();
    memory.at = TRY(read_time(json, "at")).value_or(Time{});
    memory.confirmed = static_cast<int>(json["confirmed"].as_int());
    memory.contradicted = static_cast<int>(json["contradicted"].as_int());
    memory.used_at = TRY(read_time(json, "used_at"));
    memory.expires_at = TRY(read_time(json, "expires_at"));
    return memory;
}

}  // namespace ops

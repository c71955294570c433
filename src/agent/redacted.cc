#include "agent/redacted.h"

#include <array>

#include "base/text.h"
#include "patterns/lookalikes.h"
#include "patterns/secrets.h"

namespace ops {

Json redacted(const Json& json) {
    if (json.is_string()) {
        // Folded before it is looked at, as in the quarantine: a name may only look like one.
        return redact_secrets(fold_lookalikes(printable(json.as_string(), Lines::keep))).text;
    }
    if (json.is_array()) {
        Json all = Json::array();
        for (const Json& item : json.items()) all.push(redacted(item));
        return all;
    }
    if (!json.is_object()) return json;
    Json::Object members;
    for (const auto& [name, value] : json.members()) {
        const bool says_nothing = value.is_null() || value.is_bool();
        const std::string_view kind = says_nothing ? "" : secret_kind_named(name);
        members.emplace_back(
            redacted(Json(name)).as_string(),
            kind.empty() ? redacted(value) : Json("<secret:" + std::string(kind) + ">"));
    }
    return Json::of_members(std::move(members));
}

void redact(Event& event) {
    constexpr auto kFromOutside =
        std::to_array<std::string_view>({"reason", "output", "error", "note", "text", "body"});
    if (event.kind.starts_with("alert.")) return;
    for (const std::string_view name : kFromOutside) {
        if (event.body.has(name)) event.body.set(name, redacted(event.body[name]));
    }
}

}  // namespace ops

#include "agent/outside_case.h"

#include "base/text.h"
#include "patterns/quarantine.h"
#include "patterns/secrets.h"
#include "runbook/alert_facts.h"

namespace ops {
namespace {

constexpr size_t kMostShown = 300;

}  // namespace

std::string harmless_line(const std::string& text) {
    const Quarantined safe = quarantine({"", {}, {}, text}, Templates(), Reader::person);
    return clip_end(trim(printable(safe.text, Lines::flatten)), kMostShown);
}

Json alert_json(const OutsideAlert& alert) {
    Json labels = Json::object();
    for (const auto& [name, value] : alert.labels) {
        const bool is_secret = !secret_kind_named(name).empty();
        labels.set(name, is_secret ? "<secret>" : harmless_line(value));
    }
    Json json = Json::object({{"source", name_of(alert.source)},
                              {"name", harmless_line(alert.name)},
                              {"labels", labels},
                              {"expires", alert.ends_at.has_value()}});
    if (alert.starts_at) json.set("starts_at", format_rfc3339(*alert.starts_at));
    return json;
}

OutsideCase OutsideCase::from_json(const Json& json) {
    OutsideCase known;
    known.source = json["source"].as_string();
    known.name = json["name"].as_string();
    known.expires = json["expires"].as_bool();
    known.facts.set(kAlertFact, Value::string(known.name));
    known.facts.set(kAlertSourceFact, Value::string(known.source));
    for (const auto& [name, value] : json["labels"].members()) {
        known.facts.set(std::string(kAlertLabelPrefix) + name, Value::string(value.as_string()));
    }
    return known;
}

}  // namespace ops

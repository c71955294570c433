#include "agent/pushed_facts.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "base/units.h"
#include "model/fact.h"
#include "monitor/reading.h"
#include "patterns/lookalikes.h"
#include "patterns/secrets.h"
#include "runbook/alert_facts.h"

namespace ops {
namespace {

Type wanted_type(const std::string& name, const Settings& settings) {
    for (const auto& [declared, type] : settings.declared_facts) {
        if (declared != name) continue;
        for (const Type one : {Type::number, Type::percentage, Type::duration, Type::size,
                               Type::string, Type::boolean}) {
            if (name_of(one) == type) return one;
        }
    }
    const FactKind* kind = find_fact_kind(name);
    return kind == nullptr ? Type::unknown : kind->type;
}

// What the detector says itself, whatever anybody pushes.
bool is_worked_out(std::string_view name) {
    static constexpr auto kNames = std::to_array<std::string_view>(
        {"service", "host", "group", "status", "up", "down_for", "degraded_for", "last_heartbeat"});
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace

Result<Value> read_pushed_fact(const std::string& name, const Json& value,
                               const Settings& settings) {
    if (!is_safe_word(name) || name.size() > 64) {
        return Error{Fault::invalid, "fact '" + printable(name, Lines::flatten) + "' is no name"};
    }
    if (is_alert_fact(name)) {
        return Error{Fault::invalid, "fact '" + name + "' is of alerts from other monitors"};
    }
    if (is_worked_out(name)) {
        return Error{Fault::invalid,
                     "fact '" + name + "' is worked out by ops-agent and cannot be pushed"};
    }
    const Type type = wanted_type(name, settings);
    const auto wrong = [&] {
        return Error{Fault::invalid, "fact '" + name + "' is a " + std::string(name_of(type)) +
                                         ", not " + clip_end(value.dump(), 60)};
    };
    if (value.is_bool()) {
        if (type != Type::unknown && type != Type::boolean) return wrong();
        return Value::boolean(value.as_bool());
    }
    if (value.is_number()) {
        if (!std::isfinite(value.as_number())) return wrong();
        if (type == Type::string || type == Type::boolean || type == Type::list) return wrong();
        return Value::quantity(type == Type::unknown ? Type::number : type, value.as_number());
    }
    if (!value.is_string()) return wrong();
    if (!secret_kind_named(name).empty()) {
        return Error{Fault::invalid, "fact '" + name + "' would hold a secret"};
    }
    // People see facts and the journal keeps them: a secret that was pushed goes no further.
    const std::string text = redact_secrets(fold_lookalikes(printable(
                                                clip_end(value.as_string(), 1024), Lines::flatten)))
                                 .text;
    switch (type) {
        case Type::duration:
            return Value::duration(TRY(parse_duration(text).during("fact '" + name + "'")));
        case Type::size:
            return Value::size(
                static_cast<double>(TRY(parse_size(text).during("fact '" + name + "'"))));
        case Type::percentage:
            if (const auto read = parse_reading(text); read && read->type() == type) return *read;
            return wrong();
        case Type::unknown:
        case Type::string: return Value::string(text);
        default: return wrong();
    }
}

}  // namespace ops

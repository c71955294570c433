// OutsideCase: what an incident knows of the alert of another monitor that it is about, and a World
// in which the alert's facts lie over those of the target.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "expr/expr.h"
#include "model/fact.h"
#include "monitor/outside_alerts.h"

namespace ops {

struct OutsideCase {
    std::string source;                  // "prometheus"
    std::string name;                    // alertname
    Facts facts;                         // alert, alert_source, alert_label_NAME
    bool expires = false;                // it is over unless it is sent again
    std::optional<Time> ends_at;         // when
    bool ended = false;                  // and a repair was under way
    std::optional<Time> repaired_until;  // verified: so long its alert has to end
    Time repair_began{};

    // As in the body of incident.opened, member `alert`, whose texts are harmless already.
    static OutsideCase from_json(const Json& json);
};

Json alert_json(const OutsideAlert& alert);
// "High error rate on brain-api" in one printable line, secrets and tricks taken out.
std::string harmless_line(const std::string& text);

class AlertWorld final : public expr::World {
public:
    // `alert` may be null: then it is the world below.
    AlertWorld(const expr::World& below, const OutsideCase* alert) : below_(below), alert_(alert) {}
    Time now() const override { return below_.now(); }
    const Value* fact(std::string_view name) const override {
        const Value* const known = alert_ == nullptr ? nullptr : alert_->facts.find(name);
        return known != nullptr ? known : below_.fact(name);
    }
    std::vector<Sample> samples(std::string_view fact, Time from, Time to) const override {
        return below_.samples(fact, from, to);
    }
    std::vector<Time> events(std::string_view kind, Time from, Time to) const override {
        return below_.events(kind, from, to);
    }

private:
    const expr::World& below_;
    const OutsideCase* alert_;
};

}  // namespace ops

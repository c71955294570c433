#include "runbook/alert_facts.h"

#include <algorithm>

namespace ops {

bool is_alert_fact(std::string_view name) {
    return name == kAlertFact || name == kAlertSourceFact ||
           (name.starts_with(kAlertLabelPrefix) && name.size() > kAlertLabelPrefix.size());
}

bool reads_alert(const expr::Expression& expression) {
    for (const auto& names : {expression.facts(), expression.history_facts()}) {
        if (std::any_of(names.begin(), names.end(), is_alert_fact)) return true;
    }
    return false;
}

bool reads_alert(const Entry& entry) {
    return std::any_of(entry.symptoms.begin(), entry.symptoms.end(),
                       [](const expr::Expression& symptom) { return reads_alert(symptom); });
}

}  // namespace ops

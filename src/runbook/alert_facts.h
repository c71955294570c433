// Facts of an alert that another monitor sent (docs/alerts-from-others.md): `alert`, its name,
// `alert_source`, who sent it, and `alert_label_NAME`, each of its labels. They are texts, and
// known only while symptoms are held against the incident of that alert; elsewhere unknown.
#pragma once

#include <string_view>

#include "expr/expr.h"
#include "runbook/runbook.h"

namespace ops {

inline constexpr std::string_view kAlertFact = "alert";
inline constexpr std::string_view kAlertSourceFact = "alert_source";
inline constexpr std::string_view kAlertLabelPrefix = "alert_label_";

bool is_alert_fact(std::string_view name);
// Whether it reads any, now or over a window.
bool reads_alert(const expr::Expression& expression);
// Whether any of its symptoms does.
bool reads_alert(const Entry& entry);

}  // namespace ops

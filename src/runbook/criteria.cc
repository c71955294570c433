#include <algorithm>

#include "base/text.h"
#include "runbook/runbook_parts.h"

namespace ops {
namespace {

// product.md 4.4, and one more: what a check says in its good answer (a certificate that ends, a
// plugin's WARNING), or that it cannot be made at all, must not wait until somebody looks. An entry
// of the user's file with the same name replaces one of these.
constexpr std::string_view kBuiltIn = R"(
- {name: Revenue drop, when: 'drop(revenue_mrr, 1h) > 20%', level: critical}
- name: App rejected
  when: 'review_state in ["REJECTED", "METADATA_REJECTED", "INVALID_BINARY"]'
  level: critical
- {name: Security incident, when: security_incident, level: critical}
- {name: Service down, when: 'down_for > 10 minutes', level: alert}
- {name: Not quite well, when: 'degraded_for > 10 minutes', level: warning}
- {name: Disk nearly full, when: 'disk_usage > 95%', level: warning}
- {name: Worker crash loop, when: 'count(crash, 1h) > 3', level: warning}
- {name: Unknown error pattern, when: new_error_pattern, level: log}
- {name: Repair failed or gave up, level: alert}
)";

// True for the one that no expression can tell: an incident whose attempts are spent.
bool is_gave_up(std::string_view name) { return name == "Repair failed or gave up"; }

struct CriterionRead {
    Criterion criterion;
    bool enabled = true;
};

std::optional<CriterionRead> read_criterion(const Node& node, RunbookDraft& draft) {
    if (!node.is_map()) {
        if (!node.damaged) {
            draft.problems.error(node.place,
                                 "a criterion must be a map such as {name: ..., when: ..., "
                                 "level: ...}, not " +
                                     node.describe());
        }
        return std::nullopt;
    }
    Fields fields(node, "a criterion", draft.problems);
    CriterionRead read;
    read.criterion.name = fields.required_text("name");
    read.criterion.place = fields.place_of("name");
    const Node& when = fields.node("when");
    read.criterion.level =
        parse_level(
            fields.choice("level", {"none", "log", "warning", "alert", "critical"}, "alert"))
            .value_or(Level::alert);
    read.enabled = fields.boolean("enabled", true);
    fields.done();
    if (is_gave_up(read.criterion.name)) {
        if (when) draft.problems.error(when.place, "'" + read.criterion.name + "' takes no 'when'");
    } else if (when) {
        read.criterion.when = read_condition(when, "'when'", draft);
        if (!read.criterion.when) return std::nullopt;
    } else if (read.enabled && !node.damaged) {
        draft.problems.error(node.place, "criterion '" + read.criterion.name + "' needs 'when'");
        return std::nullopt;
    }
    if (read.criterion.name.empty()) return std::nullopt;
    return read;
}

}  // namespace

void read_criteria(const Node& node, RunbookDraft& draft) {
    std::vector<Criterion>& criteria = draft.runbook.criteria;
    Problems none;
    const Node built_in = parse_yaml(kBuiltIn, "built in", none);
    for (const Node& item : built_in.items) {
        if (std::optional<CriterionRead> read = read_criterion(item, draft)) {
            criteria.push_back(std::move(read->criterion));
        }
    }
    if (node.is_scalar() || node.is_map()) {
        draft.problems.error(
            node.place,
            "'escalation' must be a list of criteria ('- name: ...'), not " + node.describe());
    }
    std::vector<std::string> built_in_names;
    for (const Criterion& criterion : criteria) built_in_names.push_back(criterion.name);
    std::vector<std::pair<std::string, Place>> given;
    for (const Node& item : node.items) {
        std::optional<CriterionRead> read = read_criterion(item, draft);
        if (!read) continue;
        const std::string name = read->criterion.name;
        const auto twice = std::find_if(given.begin(), given.end(),
                                        [&](const auto& one) { return one.first == name; });
        if (twice != given.end()) {
            draft.problems.error(
                read->criterion.place,
                "the name '" + name + "' is taken by the criterion at " + twice->second.print());
            continue;
        }
        given.emplace_back(name, read->criterion.place);
        const auto same = std::find_if(criteria.begin(), criteria.end(),
                                       [&](const Criterion& one) { return one.name == name; });
        if (same == criteria.end()) {
            if (!read->enabled) {
                draft.problems.warning(read->criterion.place,
                                       "no built-in criterion is called '" + name +
                                           "', so there is nothing to switch off" +
                                           did_you_mean(name, built_in_names));
            } else {
                criteria.push_back(std::move(read->criterion));
            }
        } else if (read->enabled) {
            *same = std::move(read->criterion);
        } else {
            criteria.erase(same);
        }
    }
}

}  // namespace ops

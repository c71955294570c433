// Finds symptoms that can never hold together: `a > 90%` with `a < 50%`, `service == "x"` with
// `service == "y"`. Looks at comparisons of one fact with one constant that are joined by `and`;
// whatever is more complicated is taken to be possible.
#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>

#include "expr/tree.h"
#include "runbook/runbook_parts.h"

namespace ops {
namespace {

struct Comparison {
    std::string fact;
    expr::Op op;
    Value value;
    std::string text;
};

expr::Op mirrored(expr::Op op) {
    switch (op) {
        case expr::Op::less: return expr::Op::greater;
        case expr::Op::less_equal: return expr::Op::greater_equal;
        case expr::Op::greater: return expr::Op::less;
        case expr::Op::greater_equal: return expr::Op::less_equal;
        default: return op;
    }
}

bool compares(expr::Op op) {
    return op == expr::Op::equal || op == expr::Op::not_equal || op == expr::Op::less ||
           op == expr::Op::less_equal || op == expr::Op::greater || op == expr::Op::greater_equal;
}

void collect(const expr::Tree& tree, expr::Index index, std::vector<Comparison>& comparisons) {
    const expr::Node& node = tree.nodes[index];
    if (node.op == expr::Op::logical_and) {
        collect(tree, node.left, comparisons);
        collect(tree, node.right, comparisons);
        return;
    }
    if (!compares(node.op)) return;
    const expr::Node& left = tree.nodes[node.left];
    const expr::Node& right = tree.nodes[node.right];
    const std::string text(tree.text_of(node));
    if (left.op == expr::Op::fact && right.op == expr::Op::constant) {
        comparisons.push_back({tree.names[left.item], node.op, tree.constants[right.item], text});
    } else if (left.op == expr::Op::constant && right.op == expr::Op::fact) {
        comparisons.push_back(
            {tree.names[right.item], mirrored(node.op), tree.constants[left.item], text});
    }
}

// What is still possible for one fact.
struct Range {
    double least = -std::numeric_limits<double>::infinity();
    double most = std::numeric_limits<double>::infinity();
    bool open_least = false, open_most = false;
    std::optional<Value> exactly;
    std::vector<Value> never;
    std::string last;  // the comparison that narrowed it, for the message

    bool is_empty() const {
        if (least > most || (least == most && (open_least || open_most))) return true;
        return exactly && std::find(never.begin(), never.end(), *exactly) != never.end();
    }

    // False when nothing is left.
    bool narrow(const Comparison& comparison) {
        const Value& value = comparison.value;
        if (comparison.op == expr::Op::not_equal) {
            never.push_back(value);
            return !is_empty();
        }
        if (comparison.op == expr::Op::equal) {
            if (exactly && *exactly != value) return false;
            exactly = value;
        }
        if (!value.is_quantity()) return !is_empty();
        const bool up =
            comparison.op == expr::Op::greater || comparison.op == expr::Op::greater_equal;
        const bool down = comparison.op == expr::Op::less || comparison.op == expr::Op::less_equal;
        const double amount = value.amount();
        if (!down && (amount > least || (amount == least && comparison.op == expr::Op::greater))) {
            least = amount;
            open_least = comparison.op == expr::Op::greater;
        }
        if (!up && (amount < most || (amount == most && comparison.op == expr::Op::less))) {
            most = amount;
            open_most = comparison.op == expr::Op::less;
        }
        return !is_empty();
    }
};

// A share of something whole lies between 0% and 100%. Not cpu_usage: a service may use two
// processors.
Range natural_range(const std::string& fact) {
    static constexpr auto kShares = std::to_array<std::string_view>(
        {"disk_usage", "inode_usage", "memory_usage", "swap_usage"});
    Range range;
    if (std::find(kShares.begin(), kShares.end(), fact) == kShares.end()) return range;
    range.least = 0;
    range.most = 100;
    return range;
}

class NoWorld final : public expr::World {
public:
    Time now() const override { return Time{}; }
    const Value* fact(std::string_view) const override { return nullptr; }
    std::vector<Sample> samples(std::string_view, Time, Time) const override { return {}; }
    std::vector<Time> events(std::string_view, Time, Time) const override { return {}; }
};

// What it is whatever the facts are; nothing when it depends on them.
std::optional<bool> constant_of(const expr::Expression& symptom) {
    if (!symptom.events().empty() || !symptom.history_facts().empty()) return std::nullopt;
    const Value value = expr::evaluate(symptom, NoWorld());
    if (value.type() != Type::boolean) return std::nullopt;
    return value.truth();
}

}  // namespace

bool is_always_true(const expr::Expression& symptom) {
    return constant_of(symptom).value_or(false);
}

bool can_hold_together(const std::vector<expr::Expression>& symptoms, std::string& why) {
    std::map<std::string, Range, std::less<>> ranges;
    for (const expr::Expression& symptom : symptoms) {
        if (!constant_of(symptom).value_or(true)) {
            why = "'" + symptom.text() + "' is never true";
            return false;
        }
        std::vector<Comparison> comparisons;
        collect(symptom.tree(), symptom.tree().root, comparisons);
        for (const Comparison& comparison : comparisons) {
            Range& range =
                ranges.try_emplace(comparison.fact, natural_range(comparison.fact)).first->second;
            if (!range.narrow(comparison)) {
                why = range.last.empty() ? "'" + comparison.text + "' is never true"
                                         : "'" + range.last + "' and '" + comparison.text +
                                               "' are never true together";
                return false;
            }
            range.last = comparison.text;
        }
    }
    return true;
}

}  // namespace ops

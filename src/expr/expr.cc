#include "expr/expr.h"

#include <algorithm>

#include "expr/checker.h"
#include "expr/parser.h"
#include "expr/tree.h"

namespace ops::expr {
namespace {

enum class Wanted { anything, condition };

Parsed parse_as(std::string_view text, const Names& names, Wanted wanted) {
    Parsed parsed;
    if (text.size() > kMaxText) {
        parsed.problems.push_back(
            {kMaxText, text.size() - kMaxText,
             "an expression is at most " + std::to_string(kMaxText) + " characters long"});
        return parsed;
    }
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        parsed.problems.push_back({0, 0, "the expression is empty"});
        return parsed;
    }
    Parsing parsing = parse_tokens(text, parsed.problems);
    parsing.tree.is_condition = wanted == Wanted::condition;
    if (parsing.tree.root != kNone) check(parsing, names, parsed.problems);
    std::stable_sort(parsed.problems.begin(), parsed.problems.end(),
                     [](const Problem& a, const Problem& b) { return a.offset < b.offset; });
    // One thing that is wrong is told once, however many rules it breaks.
    parsed.problems.erase(std::unique(parsed.problems.begin(), parsed.problems.end(),
                                      [](const Problem& a, const Problem& b) {
                                          return a.offset == b.offset && a.length == b.length;
                                      }),
                          parsed.problems.end());
    if (parsed.problems.empty()) {
        parsed.expression.emplace(std::make_shared<const Tree>(std::move(parsing.tree)));
    }
    return parsed;
}

}  // namespace

std::vector<std::string> Names::values(std::string_view name) const {
    if (name == "status") return {"up", "down", "degraded", "unknown", "paused", "maintenance"};
    if (name == "process_status" || name.ends_with("_process_status")) {
        return {"running", "dead", "starting", "stopped", "fatal", "unknown"};
    }
    return {};
}

const std::string& Expression::text() const { return tree_->text; }
Type Expression::type() const { return tree_->nodes[tree_->root].type; }
std::string Expression::print() const { return expr::print(*tree_, tree_->root); }
std::vector<std::string> Expression::facts() const { return tree_->facts; }
std::vector<std::string> Expression::history_facts() const { return tree_->history_facts; }
std::vector<std::string> Expression::events() const { return tree_->events; }
Duration Expression::longest_window() const { return tree_->longest_window; }
bool Expression::ages_events() const { return tree_->ages_events; }

Parsed parse(std::string_view text, const Names& names) {
    return parse_as(text, names, Wanted::anything);
}

Parsed parse_condition(std::string_view text, const Names& names) {
    return parse_as(text, names, Wanted::condition);
}

bool holds(const Value& value) { return value.type() == Type::boolean && value.truth(); }

}  // namespace ops::expr

// What an expression comes to. One evaluator for both callers: evaluate() is the hot path, called
// for every symptom at every new fact, so it works on Terms that point into the tree and the world
// and allocates nothing for scalars; explain() hands it a Trace, in which it leaves the value of
// each node and why it is unknown.
#include <algorithm>
#include <cmath>

#include "base/assert.h"
#include "base/text.h"
#include "base/units.h"
#include "expr/checker.h"
#include "expr/tree.h"

namespace ops::expr {
namespace {

// A value on its way. Strings and lists stay where they are.
struct Term {
    Type type = Type::unknown;
    union {
        double amount = 0;
        bool truth;
        const std::string* text;
        const std::vector<Value>* items;
    };

    static Term boolean(bool value) {
        Term term;
        term.type = Type::boolean;
        term.truth = value;
        return term;
    }
    static Term quantity(Type type, double value) {
        Term term;
        term.type = type;
        term.amount = value;
        return term;
    }
    bool is_unknown() const { return type == Type::unknown; }
    bool is(bool value) const { return type == Type::boolean && truth == value; }
};

Term term_of(const Value& value) {
    Term term;
    term.type = value.type();
    switch (term.type) {
        case Type::unknown: break;
        case Type::boolean: term.truth = value.truth(); break;
        case Type::string: term.text = &value.text(); break;
        case Type::list: term.items = &value.items(); break;
        default:
            term.amount = value.amount();
            if (!std::isfinite(term.amount)) term.type = Type::unknown;
    }
    return term;
}

Value value_of(const Term& term) {
    switch (term.type) {
        case Type::unknown: return Value();
        case Type::boolean: return Value::boolean(term.truth);
        case Type::string: return Value::string(*term.text);
        case Type::list: return Value::list(*term.items);
        default: return Value::quantity(term.type, term.amount);
    }
}

// Requires: the same known type.
bool equal(const Term& a, const Term& b) {
    switch (a.type) {
        case Type::boolean: return a.truth == b.truth;
        case Type::string: return *a.text == *b.text;
        case Type::list: return *a.items == *b.items;
        default: return a.amount == b.amount;
    }
}

bool compare(Op op, double a, double b) {
    switch (op) {
        case Op::less: return a < b;
        case Op::less_equal: return a <= b;
        case Op::greater: return a > b;
        default: return a >= b;
    }
}

struct Trace {
    std::vector<Term> terms;  // by node
    std::vector<std::string> why_unknown;
    std::vector<std::string> missing;
};

class Evaluator {
public:
    Evaluator(const Tree& tree, const World& world, Trace* trace)
        : tree_(tree), world_(world), trace_(trace) {}

    Term run() {
        const Term term = term_at(tree_.root);
        if (!tree_.is_condition || term.type == Type::boolean || term.is_unknown()) return term;
        const Term result = not_truth(tree_.root, tree_.root, term);
        if (trace_ != nullptr) trace_->terms[tree_.root] = result;
        return result;
    }

private:
    Term term_at(Index index) {
        const Term term = work_out(index, tree_.nodes[index]);
        if (trace_ != nullptr) trace_->terms[index] = term;
        return term;
    }

    Term work_out(Index index, const Node& node) {
        switch (node.op) {
            case Op::constant: return term_of(tree_.constants[node.item]);
            case Op::fact: return fact(index, node);
            case Op::call: return call(index, tree_.calls[node.item]);
            case Op::negate: return negate(index, node);
            case Op::logical_not: return logical_not(index, node);
            case Op::logical_or: return logic(index, node, true);
            case Op::logical_and: return logic(index, node, false);
            case Op::in: return search(index, node, node.left, node.right);
            case Op::contains: return contains(index, node);
            case Op::matches: return matches(index, node);
            case Op::add:
            case Op::subtract:
            case Op::multiply:
            case Op::divide: return arithmetic(index, node);
            default: return comparison(index, node);
        }
    }

    // --- reasons, made up only for those who will read them ---

    template <class Why>
    Term unknown(Index index, const Why& why) {
        if (trace_ != nullptr) trace_->why_unknown[index] = why();
        return {};
    }

    // Unknown because of its parts.
    Term unknown_as(Index index, const Node& node) {
        if (trace_ == nullptr) return {};
        for (const Index part : {node.left, node.right}) {
            if (part == kNone || trace_->why_unknown[part].empty()) continue;
            trace_->why_unknown[index] = trace_->why_unknown[part];
            break;
        }
        return {};
    }

    std::string shown(Index index) const { return clip_end(tree_.text_of(tree_.nodes[index]), 60); }

    Term not_truth(Index index, Index operand, const Term& term) {
        return unknown(index, [&] {
            return shown(operand) + " is " + std::string(kind_of(term.type)) +
                   ", not true or false";
        });
    }

    Term mixture(Index index, const Node& node, const Term& a, const Term& b) {
        return unknown(index, [&] {
            return shown(node.left) + " is " + std::string(kind_of(a.type)) + ", " +
                   shown(node.right) + " is " + std::string(kind_of(b.type));
        });
    }

    void note_missing(const std::string& name) {
        if (trace_ != nullptr) trace_->missing.push_back(name);
    }

    // --- leaves ---

    Term fact(Index index, const Node& node) {
        const std::string& name = tree_.names[node.item];
        const Value* value = world_.fact(name);
        const Term term = value == nullptr ? Term{} : term_of(*value);
        if (!term.is_unknown()) return term;
        note_missing(name);
        return unknown(index, [&] {
            return name + (value == nullptr ? " was never seen" : " is not known now");
        });
    }

    Term call(Index index, const Call& call) {
        if (takes_event(*call.function)) return of_events(index, call);
        Type type = call.subject_type;
        if (type == Type::unknown) {
            const Value* value = world_.fact(call.subject);
            if (value != nullptr) type = value->type();
            if (type == Type::unknown) {
                note_missing(call.subject);
                return unknown(index, [&] { return call.subject + " was never seen"; });
            }
            if (!accepts(*call.function, type)) {
                return unknown(index, [&] {
                    return call.subject + " is " + std::string(kind_of(type)) + ", " +
                           std::string(call.function->name) + " cannot use it";
                });
            }
        }
        double argument = static_cast<double>(call.span.count()) / 1000;
        if (call.function->takes == Function::Takes::fact_value) {
            const Index wanted = call.arguments[1];
            const Term value = term_at(wanted);
            if (value.is_unknown()) {
                return unknown(index, [&] { return trace_->why_unknown[wanted]; });
            }
            if (value.type != type && !is_bare_zero(wanted)) {
                return unknown(index, [&] {
                    return call.subject + " is " + std::string(kind_of(type)) + ", " +
                           shown(wanted) + " is " + std::string(kind_of(value.type));
                });
            }
            argument = value.amount;
        }
        return of_history(index, call, type, argument);
    }

    Term of_history(Index index, const Call& call, Type type, double argument) {
        const series::Window window = series::window_before(world_.now(), call.window);
        const std::vector<Sample> samples = world_.samples(
            call.subject, add_saturating(window.start, -series::reach_before(call.window)),
            window.end);
        if (samples.empty()) note_missing(call.subject);
        const series::Answer answer = call.function->compute(samples, window, argument);
        if (!answer.ok()) return unknown(index, [&] { return answer.why_unknown; });
        return term_of(value_given(*call.function, type, *answer.value));
    }

    Term of_events(Index index, const Call& call) {
        const Time now = world_.now();
        if (call.function->takes == Function::Takes::event) {
            const std::vector<Time> times = world_.events(call.subject, Time{}, now);
            if (times.empty()) {
                return unknown(index, [&] { return "no event '" + call.subject + "' was seen"; });
            }
            const Time last = *std::max_element(times.begin(), times.end());
            return term_of(Value::duration(std::max(now - last, Duration{0})));
        }
        const series::Window window = series::window_before(now, call.window);
        const std::vector<Time> times = world_.events(call.subject, window.start, window.end);
        const auto counted = std::count_if(times.begin(), times.end(), [&](Time at) {
            return window.start < at && at <= window.end;
        });
        return Term::quantity(Type::number, static_cast<double>(counted));
    }

    // --- Kleene's logic ---

    Term logical_not(Index index, const Node& node) {
        const Term operand = term_at(node.left);
        if (operand.type == Type::boolean) return Term::boolean(!operand.truth);
        if (operand.is_unknown()) return unknown_as(index, node);
        return not_truth(index, node.left, operand);
    }

    // `or` is decided by a true, `and` by a false, whatever the other is.
    Term logic(Index index, const Node& node, bool deciding) {
        const Term a = term_at(node.left);
        if (a.is(deciding) && trace_ == nullptr) return a;
        const Term b = term_at(node.right);
        if (a.is(deciding) || b.is(deciding)) return Term::boolean(deciding);
        if (a.is(!deciding) && b.is(!deciding)) return Term::boolean(!deciding);
        if (!a.is_unknown() && a.type != Type::boolean) return not_truth(index, node.left, a);
        if (!b.is_unknown() && b.type != Type::boolean) return not_truth(index, node.right, b);
        return unknown_as(index, node);
    }

    // --- comparison ---

    // Beside a fact whose unit the checker did not know.
    bool is_bare_zero(Index index) const {
        const Node& node = tree_.nodes[index];
        if (node.op != Op::constant || node.type != Type::number) return false;
        return tree_.constants[node.item].amount() == 0;
    }

    bool comparable(const Node& node, const Term& a, const Term& b) const {
        if (a.type == b.type) return true;
        return is_quantity(a.type) && is_quantity(b.type) &&
               (is_bare_zero(node.left) || is_bare_zero(node.right));
    }

    Term comparison(Index index, const Node& node) {
        const Term a = term_at(node.left);
        const Term b = term_at(node.right);
        if (a.is_unknown() || b.is_unknown()) return unknown_as(index, node);
        if (!comparable(node, a, b)) return mixture(index, node, a, b);
        if (node.op == Op::equal) return Term::boolean(equal(a, b));
        if (node.op == Op::not_equal) return Term::boolean(!equal(a, b));
        if (is_quantity(a.type)) return Term::boolean(compare(node.op, a.amount, b.amount));
        return unknown(index, [&] {
            return shown(node.left) + " is " + std::string(kind_of(a.type)) +
                   ", which has no order";
        });
    }

    Term search(Index index, const Node& node, Index item, Index list) {
        const Term wanted = term_at(item);
        const Term whole = term_at(list);
        if (wanted.is_unknown() || whole.is_unknown()) return unknown_as(index, node);
        return search_in(index, node, wanted, whole);
    }

    Term search_in(Index index, const Node& node, const Term& wanted, const Term& whole) {
        if (whole.type != Type::list || wanted.type == Type::list) {
            return unknown(index, [&] {
                return "a list and one item are needed, not " + std::string(kind_of(wanted.type)) +
                       " and " + std::string(kind_of(whole.type));
            });
        }
        bool comparable_all = true;
        for (const Value& value : *whole.items) {
            const Term term = term_of(value);
            if (term.type != wanted.type) {
                comparable_all = false;
            } else if (equal(term, wanted)) {
                return Term::boolean(true);
            }
        }
        if (comparable_all) return Term::boolean(false);
        return unknown(index, [&] {
            return shown(node.op == Op::in ? node.left : node.right) + " is " +
                   std::string(kind_of(wanted.type)) + ", the list holds something else";
        });
    }

    Term contains(Index index, const Node& node) {
        const Term whole = term_at(node.left);
        const Term part = term_at(node.right);
        if (whole.is_unknown() || part.is_unknown()) return unknown_as(index, node);
        if (whole.type == Type::string && part.type == Type::string) {
            return Term::boolean(whole.text->find(*part.text) != std::string::npos);
        }
        if (whole.type == Type::list) return search_in(index, node, part, whole);
        return mixture(index, node, whole, part);
    }

    Term matches(Index index, const Node& node) {
        const Term text = term_at(node.left);
        if (text.is_unknown()) return unknown_as(index, node);
        if (text.type == Type::string) {
            return Term::boolean(tree_.patterns[node.item].matches(*text.text));
        }
        return unknown(index, [&] {
            return shown(node.left) + " is " + std::string(kind_of(text.type)) + ", not a string";
        });
    }

    // --- arithmetic ---

    Term finite(Index index, Type type, double amount) {
        if (std::isfinite(amount)) return Term::quantity(type, amount + 0.0);
        return unknown(index, [] { return std::string("the result is too large"); });
    }

    Term negate(Index index, const Node& node) {
        const Term operand = term_at(node.left);
        if (operand.is_unknown()) return unknown_as(index, node);
        if (is_quantity(operand.type)) return finite(index, operand.type, 0 - operand.amount);
        return unknown(index, [&] {
            return shown(node.left) + " is " + std::string(kind_of(operand.type)) +
                   ", not a number or quantity";
        });
    }

    Term arithmetic(Index index, const Node& node) {
        const Term a = term_at(node.left);
        const Term b = term_at(node.right);
        if (a.is_unknown() || b.is_unknown()) return unknown_as(index, node);
        const std::optional<Type> type = result_type(node, a, b);
        if (!type) return mixture(index, node, a, b);
        switch (node.op) {
            case Op::add: return finite(index, *type, a.amount + b.amount);
            case Op::subtract: return finite(index, *type, a.amount - b.amount);
            case Op::multiply: {
                const bool share = *type != Type::percentage &&
                                   (a.type == Type::percentage || b.type == Type::percentage);
                const double product = a.amount * b.amount;
                return finite(index, *type, share ? product / 100 : product);
            }
            default: break;
        }
        if (b.amount == 0) {
            return unknown(index,
                           [&] { return "division by zero: " + shown(node.right) + " is 0"; });
        }
        return finite(index, *type, a.amount / b.amount);
    }

    std::optional<Type> result_type(const Node& node, const Term& a, const Term& b) const {
        const bool sum = node.op == Op::add || node.op == Op::subtract;
        if (sum && is_quantity(a.type) && is_quantity(b.type)) {
            if (is_bare_zero(node.right)) return a.type;
            if (is_bare_zero(node.left)) return b.type;
        }
        return arithmetic_type(node.op, a.type, b.type);
    }

    const Tree& tree_;
    const World& world_;
    Trace* trace_;
};

void list_parts(const Tree& tree, const Trace& trace, Index index, int depth,
                std::vector<Part>& parts) {
    const Node& node = tree.nodes[index];
    const bool told = node.op != Op::constant && node.op != Op::name;
    if (told || depth == 0) {
        parts.push_back({.text = std::string(tree.text_of(node)),
                         .value = value_of(trace.terms[index]),
                         .why_unknown = trace.why_unknown[index],
                         .depth = depth,
                         .offset = node.offset});
        if (!parts.back().value.is_unknown()) parts.back().why_unknown.clear();
    }
    for (const Index part : {node.left, node.right}) {
        if (part != kNone) list_parts(tree, trace, part, depth + 1, parts);
    }
    if (node.op != Op::call) return;
    for (const Index argument : tree.calls[node.item].arguments) {
        list_parts(tree, trace, argument, depth + 1, parts);
    }
}

}  // namespace

Value evaluate(const Expression& expression, const World& world) {
    return value_of(Evaluator(expression.tree(), world, nullptr).run());
}

Explained explain(const Expression& expression, const World& world) {
    const Tree& tree = expression.tree();
    Trace trace;
    trace.terms.resize(tree.nodes.size());
    trace.why_unknown.resize(tree.nodes.size());
    Explained explained;
    explained.value = value_of(Evaluator(tree, world, &trace).run());
    list_parts(tree, trace, tree.root, 0, explained.parts);
    std::sort(trace.missing.begin(), trace.missing.end());
    trace.missing.erase(std::unique(trace.missing.begin(), trace.missing.end()),
                        trace.missing.end());
    explained.missing = std::move(trace.missing);
    return explained;
}

}  // namespace ops::expr

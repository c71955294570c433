#include "expr/checker.h"

#include <algorithm>
#include <span>

#include "base/text.h"
#include "base/units.h"
#include "expr/lexer.h"

namespace ops::expr {

bool is_quantity(Type type) {
    return type == Type::number || type == Type::percentage || type == Type::duration ||
           type == Type::size;
}

std::string_view kind_of(Type type) {
    switch (type) {
        case Type::unknown: return "unknown";
        case Type::number: return "a number";
        case Type::percentage: return "a percentage";
        case Type::duration: return "a duration";
        case Type::size: return "a size";
        case Type::string: return "a string";
        case Type::boolean: return "true or false";
        case Type::list: return "a list";
    }
    return "unknown";
}

std::optional<Type> arithmetic_type(Op op, Type left, Type right) {
    if (!is_quantity(left) || !is_quantity(right)) return std::nullopt;
    const auto part_of = [](Type share, Type whole) {
        return share == Type::percentage && (whole == Type::duration || whole == Type::size);
    };
    switch (op) {
        case Op::add:
        case Op::subtract:
            if (left == right) return left;
            return std::nullopt;
        case Op::multiply:
            if (left == Type::number || part_of(left, right)) return right;
            if (right == Type::number || part_of(right, left)) return left;
            return std::nullopt;
        case Op::divide:
            if (left == right) return Type::number;
            if (right == Type::number) return left;
            return std::nullopt;
        default: return std::nullopt;
    }
}

namespace {

class Checker {
public:
    Checker(Parsing& parsing, const Names& names, std::vector<Problem>& problems)
        : tree_(parsing.tree), items_(parsing.items), names_(names), problems_(problems) {}

    void run() {
        // Children stand before their parents.
        for (Node& node : tree_.nodes) check_node(node);
        if (tree_.is_condition) check_condition(tree_.nodes[tree_.root]);
        for (std::vector<std::string>* list : {&tree_.facts, &tree_.history_facts, &tree_.events}) {
            std::sort(list->begin(), list->end());
            list->erase(std::unique(list->begin(), list->end()), list->end());
        }
    }

private:
    void complain(const Node& where, std::string message) {
        problems_.push_back({where.offset, where.length, std::move(message)});
    }

    std::string shown(const Node& node) const { return clip_end(tree_.text_of(node), 60); }
    // "memory_usage is a percentage"
    std::string described(const Node& node) const {
        return shown(node) + " is " + std::string(kind_of(node.type));
    }
    Node& left(const Node& node) { return tree_.nodes[node.left]; }
    Node& right(const Node& node) { return tree_.nodes[node.right]; }
    const Value* constant(const Node& node) const {
        return node.op == Op::constant ? &tree_.constants[node.item] : nullptr;
    }

    void check_node(Node& node) {
        switch (node.op) {
            case Op::constant: return check_constant(node);
            case Op::fact: return check_fact(node);
            case Op::name: return;
            case Op::call: return check_call(node);
            case Op::negate: return check_negate(node);
            case Op::logical_not:
            case Op::logical_or:
            case Op::logical_and: return check_logic(node);
            case Op::equal:
            case Op::not_equal:
            case Op::less:
            case Op::less_equal:
            case Op::greater:
            case Op::greater_equal: return check_comparison(node);
            case Op::in: return check_in(node);
            case Op::matches: return check_matches(node);
            case Op::contains: return check_contains(node);
            case Op::add:
            case Op::subtract:
            case Op::multiply:
            case Op::divide: return check_arithmetic(node);
        }
    }

    // --- leaves ---

    void check_constant(Node& node) {
        const Value& value = tree_.constants[node.item];
        node.type = value.type();
        if (node.type != Type::list) return;
        Type seen = Type::unknown;
        for (size_t i = 0; i < value.items().size(); ++i) {
            const Type type = value.items()[i].type();
            if (seen == Type::unknown) seen = type;
            if (type == seen || type == Type::unknown) continue;
            complain_of_item(node, i,
                             "a list holds values of one type: this is " +
                                 std::string(kind_of(type)) + ", those before it " +
                                 std::string(kind_of(seen)));
            return;
        }
    }

    void complain_of_item(const Node& list, size_t item, std::string message) {
        for (const auto& [constant, places] : items_) {
            if (constant != list.item) continue;
            problems_.push_back({places[item].offset, places[item].length, std::move(message)});
        }
    }

    void check_fact(Node& node) {
        const std::string& name = tree_.names[node.item];
        const std::optional<Type> type = names_.fact(name);
        if (type) {
            node.type = *type;
            tree_.facts.push_back(name);
            return;
        }
        std::string message = "unknown fact '" + name + "'";
        if (names_.event(name)) {
            message = "'" + name + "' is an event, write count(" + name + ", 1h) > 0";
        } else {
            const std::vector<std::string> known = names_.all();
            message += did_you_mean(name, known);
            if (nearest(name, known).empty())
                message += ", a string stands in quotes: \"" + name +
                           "\", and a fact that is pushed is declared under 'facts:'";
        }
        complain(node, std::move(message));
    }

    // --- functions ---

    void check_call(Node& node) {
        Call& call = tree_.calls[node.item];
        if (call.function == nullptr) return;
        const Function& function = *call.function;
        const std::string form =
            std::string(function.name) + "(" + std::string(function.arguments) + ")";
        node.type = type_given(function, Type::unknown);
        if (call.arguments.size() != arity(function)) {
            return complain(node, "it is " + form + ", with " + std::to_string(arity(function)) +
                                      (arity(function) == 1 ? " argument" : " arguments"));
        }
        Node& subject = tree_.nodes[call.arguments.front()];
        if (subject.op != Op::name) {
            return complain(subject, "it is " + form + ": the first argument is the name of " +
                                         (takes_event(function) ? "an event" : "a fact"));
        }
        call.subject = tree_.names[subject.item];
        if (takes_event(function)) {
            if (!check_event(subject, call)) return;
        } else if (!check_subject(subject, call)) {
            return;
        }
        node.type = type_given(function, call.subject_type);
        if (arity(function) == 2 && !check_second(tree_.nodes[call.arguments[1]], call)) return;
        call.window = window_of(function, call.span);
        note_window(call);
    }

    void note_window(Call& call) {
        const bool looks_at_samples = !takes_event(*call.function);
        const Duration before = looks_at_samples ? series::reach_before(call.window) : Duration{0};
        call.reach = call.window + before;
        tree_.longest_window = std::max(tree_.longest_window, call.reach);
        if (!looks_at_samples && call.window == Duration{0}) tree_.ages_events = true;
        (looks_at_samples ? tree_.history_facts : tree_.events).push_back(call.subject);
    }

    bool check_event(const Node& subject, const Call& call) {
        if (names_.event(call.subject)) return true;
        std::string message = "unknown event '" + call.subject + "'";
        if (names_.fact(call.subject)) {
            message = "'" + call.subject + "' is a fact, " + std::string(call.function->name) +
                      " takes an event";
        } else {
            message += did_you_mean(call.subject, names_.all());
        }
        complain(subject, std::move(message));
        return false;
    }

    bool check_subject(const Node& subject, Call& call) {
        const std::optional<Type> type = names_.fact(call.subject);
        if (!type) {
            std::string message = "unknown fact '" + call.subject + "'";
            if (names_.event(call.subject)) {
                message =
                    "'" + call.subject + "' is an event, count it: count(" + call.subject + ", 1h)";
            } else {
                message += did_you_mean(call.subject, names_.all());
            }
            complain(subject, std::move(message));
            return false;
        }
        if (*type != Type::unknown && !accepts(*call.function, *type)) {
            complain(subject, call.subject + " is " + std::string(kind_of(*type)) + ", " +
                                  std::string(call.function->name) +
                                  " takes a number, percentage, duration or size");
            return false;
        }
        call.subject_type = *type;
        return true;
    }

    bool check_second(Node& second, Call& call) {
        if (call.function->takes == Function::Takes::fact_value) {
            return check_target_value(second, call);
        }
        const bool ahead = call.function->takes == Function::Takes::fact_ahead;
        const std::string what = ahead ? "how far ahead" : "the window";
        const Value* value = constant(second);
        if (value == nullptr) {
            complain(second, what + " is a constant duration, such as 5m or 1h");
            return false;
        }
        if (value->is_unknown()) return false;  // the lexer told
        if (value->type() != Type::duration) {
            const bool number = value->type() == Type::number;
            complain(second, what + " is a duration; write " +
                                 (number ? shown(second) + "m or " + shown(second) + "s"
                                         : std::string("5m or 1h")));
            return false;
        }
        call.span = Duration(static_cast<int64_t>(value->amount() * 1000 + 0.5));
        if (call.span <= Duration{0} || call.span > kMaxWindow) {
            complain(second, what + " is more than 0s and at most " + format_duration(kMaxWindow));
            return false;
        }
        return true;
    }

    bool check_target_value(Node& second, const Call& call) {
        settle_zero(second, call.subject_type);
        if (call.subject_type == Type::unknown || second.type == Type::unknown) return true;
        if (second.type == call.subject_type) return true;
        complain(second, advice(call.subject, call.subject_type, second));
        return false;
    }

    // --- units ---

    // A bare 0 is 0 of anything.
    void settle_zero(Node& node, Type wanted) {
        if (node.op != Op::constant || node.type != Type::number || !is_quantity(wanted)) return;
        if (tree_.constants[node.item].amount() != 0) return;
        tree_.constants[node.item] = Value::quantity(wanted, 0);
        node.type = wanted;
    }

    // What to write instead of `wrong` beside something of type `wanted`.
    std::string advice(const std::string& subject, Type wanted, const Node& wrong) const {
        const std::string text = shown(wrong);
        std::string message = subject + " is " + std::string(kind_of(wanted));
        const bool number = wrong.op == Op::constant && wrong.type == Type::number;
        if (wanted == Type::string) {
            if (wrong.op == Op::fact || (wrong.op == Op::constant && wrong.type != Type::list)) {
                return message + "; write \"" + text + "\" in quotes";
            }
        } else if (number && wanted == Type::percentage) {
            return message + "; write " + text + "%";
        } else if (number && wanted == Type::duration) {
            return message + "; write " + text + "m or " + text + "s";
        } else if (number && wanted == Type::size) {
            return message + "; write " + text + "MB or " + text + "GB";
        } else if (wrong.op == Op::constant && wanted == Type::number && is_quantity(wrong.type)) {
            const Value& value = tree_.constants[wrong.item];
            return message + "; write " + print_constant(Value::number(value.amount())) +
                   " without a unit";
        } else if (wrong.op == Op::constant && wanted == Type::boolean) {
            return message + "; write " + subject + " or not " + subject;
        }
        return message + ", " + described(wrong) + ": they cannot be compared";
    }

    // --- logic and comparison ---

    void check_logic(Node& node) {
        node.type = Type::boolean;
        const std::string_view symbol = form_of(node.op).symbol;
        for (const Index index : {node.left, node.right}) {
            if (index == kNone) continue;
            const Node& operand = tree_.nodes[index];
            if (operand.type == Type::boolean || operand.type == Type::unknown) continue;
            complain(operand, "'" + std::string(symbol) + "' joins what is true or false; " +
                                  described(operand) + ": " + how_to_compare(operand));
        }
    }

    std::string usual_limit(const Node& node) const {
        const bool is_score = node.op == Op::call && tree_.calls[node.item].function != nullptr &&
                              tree_.calls[node.item].function->name == "anomaly";
        return is_score ? "3.5" : "5";
    }

    std::string how_to_compare(const Node& node) const {
        const std::string text = shown(node);
        const bool fact = node.op == Op::fact || node.op == Op::call;
        const std::string subject = fact ? text : "a fact";
        switch (node.type) {
            case Type::percentage: return "compare it, as in " + subject + " > 90%";
            case Type::duration: return "compare it, as in " + subject + " > 5m";
            case Type::size: return "compare it, as in " + subject + " > 1GB";
            case Type::number: return "compare it, as in " + subject + " > " + usual_limit(node);
            case Type::string: return "compare it, as in " + subject + " == \"text\"";
            default: return "ask for an item, as in " + subject + " contains \"text\"";
        }
    }

    void check_condition(const Node& root) {
        if (root.type == Type::boolean || root.type == Type::unknown) return;
        complain(root,
                 "a condition is true or false; " + described(root) + ": " + how_to_compare(root));
    }

    void check_negate(Node& node) {
        const Node& operand = left(node);
        node.type = operand.type;
        if (is_quantity(operand.type) || operand.type == Type::unknown) return;
        complain(node, "'-' needs a number or a quantity; " + described(operand));
        node.type = Type::unknown;
    }

    void check_comparison(Node& node) {
        node.type = Type::boolean;
        Node& a = left(node);
        Node& b = right(node);
        settle_zero(a, b.type);
        settle_zero(b, a.type);
        if (a.type == Type::unknown || b.type == Type::unknown) return;
        if (a.type != b.type) return complain_of_mixture(node, a, b);
        if (node.op != Op::equal && node.op != Op::not_equal && !is_quantity(a.type)) {
            const bool text = a.type == Type::string;
            const std::string what = a.type == Type::boolean ? "true and false have"
                                     : text                  ? "strings have"
                                                             : "lists have";
            return complain(node, what + " no order, compare with == or !=");
        }
        check_known_value(a, b);
        check_known_value(b, a);
    }

    void complain_of_mixture(const Node& node, const Node& a, const Node& b) {
        if (a.type == Type::list || b.type == Type::list) {
            return complain(node, "a list is searched with 'in' or 'contains', not compared with " +
                                      std::string(kind_of(a.type == Type::list ? b.type : a.type)));
        }
        // The constant is what people can change; of two others, a string's partner lacks its
        // quotes.
        const bool left_wrong =
            (a.op == Op::constant && b.op != Op::constant) ||
            (b.type == Type::string && b.op != Op::constant && a.op == Op::fact);
        const Node& wrong = left_wrong ? a : b;
        const Node& other = left_wrong ? b : a;
        complain(wrong, advice(shown(other), other.type, wrong));
    }

    // process_status == "ded" can never be true.
    void check_known_value(const Node& fact, const Node& compared) {
        const Value* value = constant(compared);
        if (fact.op != Op::fact || value == nullptr || value->type() != Type::string) return;
        const std::string wrong = never(tree_.names[fact.item], *value);
        if (!wrong.empty()) complain(compared, wrong);
    }

    std::string never(const std::string& fact, const Value& value) const {
        const std::vector<std::string> known = names_.values(fact);
        if (known.empty() || value.type() != Type::string) return "";
        if (std::find(known.begin(), known.end(), value.text()) != known.end()) return "";
        return fact + " is never \"" + clip_end(value.text(), 40) + "\"" +
               did_you_mean(value.text(), known) + ", it is one of " + join(known, ", ");
    }

    void check_in(Node& node) {
        node.type = Type::boolean;
        const Node& item = left(node);
        const Node& list = right(node);
        if (list.type == Type::string) {
            return complain(node, "'in' searches a list; for a part of a string write " +
                                      shown(list) + " contains " + shown(item));
        }
        if (list.type != Type::list && list.type != Type::unknown) {
            return complain(list, "'in' needs a list, as in [\"a\", \"b\"]; " + described(list));
        }
        const Value* items = constant(list);
        if (items == nullptr || items->type() != Type::list || item.type == Type::unknown) return;
        for (size_t i = 0; i < items->items().size(); ++i) {
            const Value& value = items->items()[i];
            if (value.is_unknown()) continue;
            if (value.type() != item.type) {
                return complain_of_item(list, i,
                                        shown(item) + " is " + std::string(kind_of(item.type)) +
                                            ", this item is " + std::string(kind_of(value.type())));
            }
            if (item.op != Op::fact) continue;
            const std::string wrong = never(tree_.names[item.item], value);
            if (!wrong.empty()) complain_of_item(list, i, wrong);
        }
    }

    void check_matches(Node& node) {
        node.type = Type::boolean;
        const Node& text = left(node);
        const Node& pattern = right(node);
        if (text.type != Type::string && text.type != Type::unknown) {
            complain(text, "'matches' looks at a string; " + described(text));
        }
        const Value* value = constant(pattern);
        if (value == nullptr || (value->type() != Type::string && !value->is_unknown())) {
            return complain(pattern, "'matches' needs a regular expression in quotes");
        }
        if (value->is_unknown()) return;
        Result<Pattern> compiled = Pattern::compile(value->text());
        if (!compiled.ok()) {
            return complain(pattern, "not a regular expression: " +
                                         printable(compiled.error().message, Lines::flatten));
        }
        node.item = static_cast<Index>(tree_.patterns.size());
        tree_.patterns.push_back(std::move(compiled).value());
    }

    void check_contains(Node& node) {
        node.type = Type::boolean;
        const Node& whole = left(node);
        const Node& part = right(node);
        if (whole.type == Type::unknown || part.type == Type::unknown) return;
        if (whole.type != Type::string && whole.type != Type::list) {
            return complain(whole, "'contains' looks into a string or a list; " + described(whole));
        }
        if (part.type == Type::list) {
            return complain(part, "'contains' looks for one item; " + described(part));
        }
        if (whole.type == Type::string && part.type != Type::string) {
            complain(part, advice(shown(whole), Type::string, part));
        }
    }

    // --- arithmetic ---

    void check_arithmetic(Node& node) {
        Node& a = left(node);
        Node& b = right(node);
        const std::string_view symbol = form_of(node.op).symbol;
        for (const Node* operand : {&a, &b}) {
            if (operand->type == Type::unknown || is_quantity(operand->type)) continue;
            return complain(*operand, "'" + std::string(symbol) +
                                          "' needs numbers or quantities; " + described(*operand));
        }
        const bool sum = node.op == Op::add || node.op == Op::subtract;
        if (sum) {
            settle_zero(a, b.type);
            settle_zero(b, a.type);
        }
        if (a.type == Type::unknown || b.type == Type::unknown) {
            if (sum) node.type = a.type == Type::unknown ? b.type : a.type;
            return;
        }
        const std::optional<Type> type = arithmetic_type(node.op, a.type, b.type);
        if (type) {
            node.type = *type;
            return;
        }
        if (sum && (a.op == Op::constant) != (b.op == Op::constant)) {
            const Node& wrong = a.op == Op::constant ? a : b;
            const Node& other = a.op == Op::constant ? b : a;
            const std::string message = advice(shown(other), other.type, wrong);
            return complain(wrong, replace_all(message, "they cannot be compared",
                                               "their units do not go together"));
        }
        complain(node, "units do not go together: " + std::string(kind_of(a.type)) + " " +
                           std::string(symbol) + " " + std::string(kind_of(b.type)));
    }

    Tree& tree_;
    const std::vector<std::pair<Index, std::vector<Parsing::Place>>>& items_;
    const Names& names_;
    std::vector<Problem>& problems_;
};

}  // namespace

void check(Parsing& parsing, const Names& names, std::vector<Problem>& problems) {
    Checker(parsing, names, problems).run();
}

}  // namespace ops::expr

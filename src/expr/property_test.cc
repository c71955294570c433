// What must hold for every expression: that a second, naive evaluator of the test's own tree comes
// to the same value, that the canonical spelling means the same, and that no text breaks the
// parser.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <cmath>
#include <cstdlib>

#include "expr/twin_for_test.h"

namespace ops::expr {
namespace {

// The same cases in every run unless RC_PARAMS says otherwise.
const int kSeeded = ::setenv("RC_PARAMS", "seed=4711 max_success=400", 0);

// --- the test's own tree ---

struct Made {
    std::string symbol;  // operator; empty for a leaf
    std::string leaf;    // its text
    Value value;         // of a leaf
    std::vector<Made> parts;
};

// Kept apart from the table of the parser, so that a slip there shows here.
int strength(const Made& made) {
    if (made.symbol.empty()) return 100;
    if (made.parts.size() == 1) return made.symbol == "not" ? 3 : 9;
    if (made.symbol == "or") return 1;
    if (made.symbol == "and") return 2;
    if (made.symbol == "matches") return 5;
    if (made.symbol == "contains") return 6;
    if (made.symbol == "+" || made.symbol == "-") return 7;
    if (made.symbol == "*" || made.symbol == "/") return 8;
    return 4;
}

bool chance(int of) { return *rc::gen::inRange(0, of) == 0; }

std::string written(const Made& made) {
    if (made.symbol.empty()) return made.leaf;
    const int own = strength(made);
    const auto part = [&](size_t i, int at_least) {
        const std::string text = written(made.parts[i]);
        const bool needed = strength(made.parts[i]) < at_least;
        return needed || chance(10) ? "(" + text + ")" : text;
    };
    if (made.parts.size() == 1) return made.symbol + (own == 3 ? " " : "") + part(0, own);
    const bool chains = own != 4 && own != 5 && own != 6;
    return part(0, chains ? own : own + 1) + " " + made.symbol + " " + part(1, own + 1);
}

// --- the naive evaluator ---

std::optional<double> scaled(const Value& a, const Value& b) {
    const bool share = (a.type() == Type::percentage && b.type() != Type::number) ||
                       (b.type() == Type::percentage && a.type() != Type::number);
    return a.amount() * b.amount() / (share ? 100 : 1);
}

Value finite(Type type, double amount) {
    return std::isfinite(amount) ? Value::quantity(type, amount) : Value();
}

Value naive_arithmetic(const std::string& symbol, const Value& a, const Value& b) {
    if (symbol == "+") return finite(a.type(), a.amount() + b.amount());
    if (symbol == "-") return finite(a.type(), a.amount() - b.amount());
    if (symbol == "*") {
        const bool first_counts = b.type() == Type::number || b.type() == Type::percentage;
        const bool plain_first = a.type() == Type::number;
        return finite(plain_first || !first_counts ? b.type() : a.type(), *scaled(a, b));
    }
    if (b.amount() == 0) return {};
    return finite(a.type() == b.type() ? Type::number : a.type(), a.amount() / b.amount());
}

Value naive(const Made& made);

Value naive_logic(const Made& made) {
    // Kleene by numbers: false 0, unknown 1, true 2; `and` is the smaller, `or` the larger.
    const auto rank = [](const Value& value) { return value.is_unknown() ? 1 : value.truth() * 2; };
    const int a = rank(naive(made.parts[0]));
    const int b = made.parts.size() == 2 ? rank(naive(made.parts[1])) : 0;
    const int result = made.symbol == "not"   ? 2 - a
                       : made.symbol == "and" ? std::min(a, b)
                                              : std::max(a, b);
    return result == 1 ? Value() : Value::boolean(result == 2);
}

Value naive(const Made& made) {
    const std::string& symbol = made.symbol;
    if (symbol.empty()) return made.value;
    if (symbol == "and" || symbol == "or" || symbol == "not") return naive_logic(made);
    const Value a = naive(made.parts[0]);
    if (a.is_unknown()) return {};
    if (made.parts.size() == 1) return Value::quantity(a.type(), -a.amount());
    const Value b = naive(made.parts[1]);
    if (b.is_unknown()) return {};
    if (symbol == "==") return Value::boolean(a == b);
    if (symbol == "!=") return Value::boolean(!(a == b));
    if (symbol == "<") return Value::boolean(a.amount() < b.amount());
    if (symbol == "<=") return Value::boolean(a.amount() <= b.amount());
    if (symbol == ">") return Value::boolean(b.amount() < a.amount());
    if (symbol == ">=") return Value::boolean(b.amount() <= a.amount());
    if (symbol == "contains") return Value::boolean(a.text().find(b.text()) != std::string::npos);
    if (symbol == "in") {
        for (const Value& item : b.items()) {
            if (item == a) return Value::boolean(true);
        }
        return Value::boolean(false);
    }
    return naive_arithmetic(symbol, a, b);
}

// --- making trees whose types go together ---

constexpr auto kQuantities =
    std::to_array<Type>({Type::number, Type::percentage, Type::duration, Type::size});

template <class T, size_t n>
T one_of(const std::array<T, n>& choices) {
    return choices[static_cast<size_t>(*rc::gen::inRange(0, static_cast<int>(n)))];
}

class Maker {
public:
    Maker(TwinWorld& world, TwinNames& names) : world_(world), names_(names) {}

    Made make(Type type, int depth) {
        if (depth == 0 || chance(5)) return leaf(type);
        if (type == Type::boolean) return make_boolean(depth - 1);
        if (type == Type::string) return leaf(type);
        return make_quantity(type, depth - 1);
    }

private:
    static Made node(std::string symbol, std::vector<Made> parts) {
        return {std::move(symbol), "", {}, std::move(parts)};
    }

    Made make_boolean(int depth) {
        switch (*rc::gen::inRange(0, 7)) {
            case 0: return node("not", {make(Type::boolean, depth)});
            case 1:
            case 2: {
                const auto symbol = one_of(std::to_array<const char*>({"and", "or"}));
                return node(symbol, {make(Type::boolean, depth), make(Type::boolean, depth)});
            }
            case 3: {
                const auto symbol = one_of(std::to_array<const char*>({"==", "!="}));
                const Type type = chance(2) ? Type::boolean : Type::string;
                return node(symbol, {make(type, depth), make(type, depth)});
            }
            case 4: return node("contains", {leaf(Type::string), leaf(Type::string)});
            case 5: return node("in", {leaf(Type::number), list()});
            default: {
                const auto symbol =
                    one_of(std::to_array<const char*>({"<", "<=", ">", ">=", "==", "!="}));
                const Type type = one_of(kQuantities);
                return node(symbol, {make(type, depth), make(type, depth)});
            }
        }
    }

    Made make_quantity(Type type, int depth) {
        switch (*rc::gen::inRange(0, 6)) {
            case 0: return node("-", {make(type, depth)});
            case 1: return node("+", {make(type, depth), make(type, depth)});
            case 2: return node("-", {make(type, depth), make(type, depth)});
            case 3: return node("*", {make(Type::number, depth), make(type, depth)});
            case 4: {
                const bool whole = type == Type::duration || type == Type::size;
                const Type factor = whole && chance(2) ? Type::percentage : Type::number;
                return node("*", {make(type, depth), make(factor, depth)});
            }
            default: {
                const bool ratio = type == Type::number && chance(2);
                const Type unit = ratio ? one_of(kQuantities) : type;
                const Type by = ratio ? unit : Type::number;
                return node("/", {make(unit, depth), make(by, depth)});
            }
        }
    }

    Made list() {
        Made made;
        std::vector<Value> items;
        for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
            items.push_back(Value::number(*rc::gen::inRange(0, 5)));
            made.leaf += (made.leaf.empty() ? "[" : ", ") + items.back().print();
        }
        made.leaf = made.leaf.empty() ? "[]" : made.leaf + "]";
        made.value = Value::list(std::move(items));
        return made;
    }

    Made leaf(Type type) {
        Made made;
        const int amount = *rc::gen::inRange(0, 6);
        switch (type) {
            case Type::boolean: made.value = Value::boolean(amount % 2 == 0); break;
            case Type::string:
                made.value =
                    Value::string(std::string("ab\\\"").substr(0, static_cast<size_t>(amount % 5)));
                break;
            default: made.value = Value::quantity(type, amount);
        }
        if (chance(2)) {
            made.leaf = made.value.print();
            if (type == Type::duration) made.leaf = std::to_string(amount) + " seconds";
            return made;
        }
        made.leaf = "fact_" + std::to_string(++count_);
        names_.types[made.leaf] = chance(4) ? Type::unknown : type;
        const int known = *rc::gen::inRange(0, 5);
        if (known > 0) world_.facts.set(made.leaf, known == 1 ? Value() : made.value);
        if (known <= 1) made.value = Value();
        return made;
    }

    TwinWorld& world_;
    TwinNames& names_;
    int count_ = 0;
};

std::string problems_of(const Parsed& parsed) {
    std::string text;
    for (const Problem& problem : parsed.problems) {
        text += std::to_string(problem.offset + 1) + ": " + problem.message + "; ";
    }
    return text;
}

TEST(Property, AgreesWithANaiveEvaluator) {
    EXPECT_TRUE(rc::check([] {
        TwinWorld world;
        TwinNames names;
        const Type type = chance(2) ? Type::boolean : one_of(kQuantities);
        const Made made = Maker(world, names).make(type, *rc::gen::inRange(0, 6));
        const std::string text = written(made);
        RC_PRE(text.size() <= kMaxText);
        const Parsed parsed = parse(text, names);
        if (!parsed.expression) RC_FAIL(text + ": " + problems_of(parsed));
        const Value value = evaluate(*parsed.expression, world);
        const Value expected = naive(made);
        if (!(value == expected))
            RC_FAIL(text + " is " + value.print() + ", not " + expected.print());
        RC_ASSERT(explain(*parsed.expression, world).value == value);
        const std::string printed = parsed.expression->print();
        const Parsed again = parse(printed, names);
        if (!again.expression) RC_FAIL(printed + ": " + problems_of(again));
        RC_ASSERT(again.expression->print() == printed);
        RC_ASSERT(evaluate(*again.expression, world) == value);
    }));
}

TEST(Property, KleeneLawsHoldForAllValues) {
    // Both sides of each must come to the same for every choice of a, b and c.
    constexpr auto kLaws = std::to_array<std::array<const char*, 2>>({
        {"a and b", "b and a"},
        {"a or b", "b or a"},
        {"a and (b and c)", "(a and b) and c"},
        {"a or (b or c)", "(a or b) or c"},
        {"a and (b or c)", "a and b or a and c"},
        {"a or b and c", "(a or b) and (a or c)"},
        {"not (a and b)", "not a or not b"},
        {"not (a or b)", "not a and not b"},
        {"not not a", "a"},
        {"a and a", "a"},
        {"a or a", "a"},
        {"a and (a or b)", "a"},
        {"a or a and b", "a"},
        {"a and true", "a"},
        {"a or false", "a"},
        {"a and false", "false"},
        {"a or true", "true"},
        {"a == b", "not (a != b)"},
    });
    const auto kValues =
        std::to_array<Value>({Value::boolean(false), Value(), Value::boolean(true)});
    TwinNames names;
    names.types = {{"a", Type::boolean}, {"b", Type::boolean}, {"c", Type::boolean}};
    for (const auto& [left, right] : kLaws) {
        const Parsed one = parse_condition(left, names);
        const Parsed other = parse_condition(right, names);
        ASSERT_TRUE(one.expression && other.expression) << left << " | " << right;
        for (int choice = 0; choice < 27; ++choice) {
            TwinWorld world;
            world.facts.set("a", kValues[static_cast<size_t>(choice % 3)]);
            world.facts.set("b", kValues[static_cast<size_t>(choice / 3 % 3)]);
            world.facts.set("c", kValues[static_cast<size_t>(choice / 9)]);
            EXPECT_EQ(evaluate(*one.expression, world), evaluate(*other.expression, world))
                << left << " is not " << right << " for choice " << choice;
        }
    }
}

// Knowing more never turns a true into a false: a symptom that matched on part of the facts was
// right.
TEST(Property, KnowingMoreNeverContradicts) {
    EXPECT_TRUE(rc::check([] {
        TwinWorld world;
        TwinNames names;
        const std::string text = written(Maker(world, names).make(Type::boolean, 4));
        RC_PRE(text.size() <= kMaxText);
        const Parsed parsed = parse_condition(text, names);
        RC_ASSERT(parsed.expression.has_value());
        const Value before = evaluate(*parsed.expression, world);
        RC_PRE(!before.is_unknown());
        for (const auto& [name, type] : names.types) {
            const Value* value = world.facts.find(name);
            if (value != nullptr && !value->is_unknown()) continue;
            // Its true type is that of its first use; the checker knows it unless it is untyped.
            if (type == Type::unknown) continue;
            if (type == Type::boolean) world.facts.set(name, Value::boolean(chance(2)));
            if (type == Type::string) world.facts.set(name, Value::string("ab"));
            if (type != Type::boolean && type != Type::string) {
                world.facts.set(name, Value::quantity(type, *rc::gen::inRange(0, 6)));
            }
        }
        RC_ASSERT(evaluate(*parsed.expression, world) == before);
    }));
}

TEST(Property, AnyTextParsesOrHasAPlace) {
    constexpr auto kWords =
        std::to_array<const char*>({"load",  "up",      "status",   "memory_usage",
                                    "crash", "avg",     "count",    "time_until",
                                    "(",     ")",       "[",        "]",
                                    ",",     "5",       "90%",      "5m",
                                    "1h30m", "3GB",     "\"x\"",    "'",
                                    "\"",    "and",     "or",       "not",
                                    "in",    "matches", "contains", "==",
                                    "=",     "<",       ">=",       "+",
                                    "-",     "*",       "/",        "&&",
                                    "!",     "%",       "\xff",     "\u201c",
                                    "1e9",   ".",       "true",     "AND",
                                    "\\"});
    EXPECT_TRUE(rc::check([&] {
        std::string text;
        for (int count = *rc::gen::inRange(0, 25); count > 0; --count) {
            text += one_of(kWords);
            if (!chance(4)) text += " ";
        }
        const Parsed parsed = parse(text, TwinNames());
        RC_ASSERT(parsed.expression.has_value() == parsed.problems.empty());
        size_t last = 0;
        for (const Problem& problem : parsed.problems) {
            RC_ASSERT(!problem.message.empty());
            RC_ASSERT(problem.offset >= last);
            RC_ASSERT(problem.offset + problem.length <= text.size());
            last = problem.offset;
        }
        if (parsed.expression) evaluate(*parsed.expression, TwinWorld());
    }));
}

TEST(Property, RunsWithAFixedSeed) { EXPECT_EQ(kSeeded, 0); }

}  // namespace
}  // namespace ops::expr

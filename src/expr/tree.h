// The tree of a parsed expression: nodes in one vector, children before parents, pointing by index.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "expr/expr.h"
#include "expr/functions.h"
#include "expr/pattern.h"

namespace ops::expr {

enum class Op : uint8_t {
    constant,  // item: index in constants
    fact,      // item: index in names; its value now
    name,      // item: index in names; what a function looks up itself
    call,      // item: index in calls
    negate,    // left
    logical_not,
    logical_or,  // from here on: left and right
    logical_and,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    in,
    matches,  // item: index in patterns, once checked
    contains,
    add,
    subtract,
    multiply,
    divide,
};

// How an operator is written and how strongly it binds (product.md 4.5); 0 for what is none.
struct OpForm {
    Op op;
    std::string_view symbol;
    int strength;
    bool chains;  // a - b - c is (a - b) - c; a < b < c is an error
};
const OpForm& form_of(Op op);
const OpForm* find_infix(std::string_view symbol);  // null when it is not one

using Index = uint32_t;
inline constexpr Index kNone = std::numeric_limits<Index>::max();

struct Node {
    Op op = Op::constant;
    Type type = Type::unknown;  // as far as it is known without running
    Index left = kNone;
    Index right = kNone;
    Index item = kNone;
    uint32_t offset = 0;  // the text it was read from, with the parentheses of its operands
    uint32_t length = 0;
};

struct Call {
    const Function* function = nullptr;  // null: there is none of that name, which is a problem
    std::vector<Index> arguments;
    // Set by the checker:
    std::string subject;  // the fact or event
    Type subject_type = Type::unknown;
    Duration span{};    // the window or how far ahead, as written
    Duration window{};  // how far back it looks
    Duration reach{};   // with the value that held when the window began
};

struct Tree {
    std::string text;
    std::vector<Node> nodes;
    std::vector<Value> constants;
    std::vector<std::string> names;
    std::vector<Call> calls;
    std::vector<Pattern> patterns;
    Index root = kNone;
    bool is_condition = false;

    std::vector<std::string> facts;  // sorted, once each
    std::vector<std::string> history_facts;
    std::vector<std::string> events;
    Duration longest_window{};
    bool ages_events = false;  // age() is asked of one

    std::string_view text_of(const Node& node) const {
        return std::string_view(text).substr(node.offset, node.length);
    }
};

std::string print(const Tree& tree, Index index);

}  // namespace ops::expr

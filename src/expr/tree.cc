#include "expr/tree.h"

#include <array>

#include "base/assert.h"
#include "expr/lexer.h"

namespace ops::expr {
namespace {

constexpr auto kForms = std::to_array<OpForm>({
    {Op::constant, "", 0, false},
    {Op::fact, "", 0, false},
    {Op::name, "", 0, false},
    {Op::call, "", 0, false},
    {Op::negate, "-", 9, true},
    {Op::logical_not, "not", 3, true},
    {Op::logical_or, "or", 1, true},
    {Op::logical_and, "and", 2, true},
    {Op::equal, "==", 4, false},
    {Op::not_equal, "!=", 4, false},
    {Op::less, "<", 4, false},
    {Op::less_equal, "<=", 4, false},
    {Op::greater, ">", 4, false},
    {Op::greater_equal, ">=", 4, false},
    {Op::in, "in", 4, false},
    {Op::matches, "matches", 5, false},
    {Op::contains, "contains", 6, false},
    {Op::add, "+", 7, true},
    {Op::subtract, "-", 7, true},
    {Op::multiply, "*", 8, true},
    {Op::divide, "/", 8, true},
});
static_assert(kForms.size() == static_cast<size_t>(Op::divide) + 1);

std::string print_operand(const Tree& tree, Index index, int at_least) {
    const int strength = form_of(tree.nodes[index].op).strength;
    std::string text = print(tree, index);
    if (strength == 0 || strength >= at_least) return text;
    return "(" + std::move(text) + ")";
}

}  // namespace

const OpForm& form_of(Op op) {
    const OpForm& form = kForms[static_cast<size_t>(op)];
    ASSERT(form.op == op);
    return form;
}

const OpForm* find_infix(std::string_view symbol) {
    for (const OpForm& form : kForms) {
        if (form.op >= Op::logical_or && form.symbol == symbol) return &form;
    }
    return nullptr;
}

std::string print(const Tree& tree, Index index) {
    const Node& node = tree.nodes[index];
    const OpForm& form = form_of(node.op);
    switch (node.op) {
        case Op::constant: return print_constant(tree.constants[node.item]);
        case Op::fact:
        case Op::name: return tree.names[node.item];
        case Op::call: {
            const Call& call = tree.calls[node.item];
            std::string text(call.function->name);
            const char* before = "(";
            for (const Index argument : call.arguments) {
                text += before + print(tree, argument);
                before = ", ";
            }
            return text + ")";
        }
        case Op::negate: return "-" + print_operand(tree, node.left, form.strength);
        case Op::logical_not: return "not " + print_operand(tree, node.left, form.strength);
        default: break;
    }
    // An operator of the same strength may stand on the left if they chain, never on the right.
    const int tighter = form.strength + 1;
    return print_operand(tree, node.left, form.chains ? form.strength : tighter) + " " +
           std::string(form.symbol) + " " + print_operand(tree, node.right, tighter);
}

}  // namespace ops::expr

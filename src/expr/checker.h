// Types, units and names of a tree, before it ever runs.
#pragma once

#include <optional>
#include <vector>

#include "expr/parser.h"

namespace ops::expr {

// The type of `left op right` for two types of quantity, or nothing where their units do not go
// together. The same rules hold for the checker and, where types come only at run time, for the
// evaluator.
std::optional<Type> arithmetic_type(Op op, Type left, Type right);

// "a percentage", "true or false"
std::string_view kind_of(Type type);
bool is_quantity(Type type);

// Notes every problem; fills in the types, the calls' subjects and windows, the patterns, and the
// summary. Requires: parsing has a root.
void check(Parsing& parsing, const Names& names, std::vector<Problem>& problems);

}  // namespace ops::expr

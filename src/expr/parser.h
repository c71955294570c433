// Tokens to a tree, by operator strength (V. Pratt, "Top down operator precedence", 1973). Knows
// nothing of types; the checker does.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "expr/tree.h"

namespace ops::expr {

struct Parsing {
    Tree tree;  // root is kNone when there is no tree
    // Where the items of list constants stand: index in constants, then offset and length of each
    // item.
    struct Place {
        size_t offset;
        size_t length;
    };
    std::vector<std::pair<Index, std::vector<Place>>> items;
};

// Stops at the first problem of syntax; the tokens' own problems do not stop it.
Parsing parse_tokens(std::string_view text, std::vector<Problem>& problems);

}  // namespace ops::expr

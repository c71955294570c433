// Splits the text of an expression into tokens. Never stops: what is wrong is noted and read as
// what was probably meant, so that one run reports every problem.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "expr/expr.h"

namespace ops::expr {

struct Token {
    enum class Kind {
        end,       // behind the last one
        constant,  // 90%, "dead", true: in `value`, unknown when it could not be read
        name,      // a fact, an event or a function
        symbol,    // an operator, a keyword or punctuation, spelled right in `symbol`
    };
    Kind kind = Kind::end;
    size_t offset = 0;
    size_t length = 0;
    std::string_view symbol{};
    Value value{};
    size_t end() const { return offset + length; }
    bool is(std::string_view wanted) const { return kind == Kind::symbol && symbol == wanted; }
};

// At least one token: the end.
std::vector<Token> split_tokens(std::string_view text, std::vector<Problem>& problems);

// A constant as the language writes it, so that it reads back to the same value.
std::string print_constant(const Value& value);

}  // namespace ops::expr

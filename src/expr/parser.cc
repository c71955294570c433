#include "expr/parser.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "expr/lexer.h"

namespace ops::expr {
namespace {

// A node and the text it takes with its own parentheses.
struct Piece {
    Index index = kNone;
    size_t begin = 0;
    size_t end = 0;
};

// Words that people write for operators.
struct Advice {
    std::string_view word;
    std::string_view instead;
};
constexpr auto kAdvice = std::to_array<Advice>({
    {"is", "=="},
    {"equals", "=="},
    {"eq", "=="},
    {"ne", "!="},
    {"gt", ">"},
    {"ge", ">="},
    {"lt", "<"},
    {"le", "<="},
    {"above", ">"},
    {"over", ">"},
    {"below", "<"},
    {"under", "<"},
    {"like", "matches"},
    {"match", "matches"},
    {"has", "contains"},
    {"plus", "+"},
    {"minus", "-"},
});

class Parser {
public:
    Parser(std::string_view text, std::vector<Problem>& problems)
        : text_(text), problems_(problems) {
        tokens_ = split_tokens(text, lexical_);
    }

    Parsing parse() {
        parsing_.tree.text = std::string(text_);
        std::optional<Piece> whole = parse_from(1);
        if (whole && !at_end()) {
            complain_of_rest();
            whole.reset();
        }
        if (whole) parsing_.tree.root = whole->index;
        // What was misread makes the rest look wrong too.
        if (lexical_.empty() && syntax_) problems_.push_back(*syntax_);
        problems_.insert(problems_.end(), lexical_.begin(), lexical_.end());
        return std::move(parsing_);
    }

private:
    const Token& token() const { return tokens_[at_]; }
    bool at_end() const { return token().kind == Token::Kind::end; }
    void advance() {
        if (!at_end()) ++at_;
    }
    bool take(std::string_view symbol) {
        if (!token().is(symbol)) return false;
        advance();
        return true;
    }
    std::string shown(const Token& which) const {
        return "'" + clip_end(text_.substr(which.offset, which.length), 40) + "'";
    }

    // The first problem of syntax is the only one that is surely real.
    std::nullopt_t complain(const Token& where, std::string message) {
        if (!syntax_) syntax_ = Problem{where.offset, where.length, std::move(message)};
        return std::nullopt;
    }

    Piece add(Op op, size_t begin, size_t end, Index left = kNone, Index right = kNone,
              Index item = kNone) {
        Tree& tree = parsing_.tree;
        tree.nodes.push_back({.op = op,
                              .left = left,
                              .right = right,
                              .item = item,
                              .offset = static_cast<uint32_t>(begin),
                              .length = static_cast<uint32_t>(end - begin)});
        return {static_cast<Index>(tree.nodes.size() - 1), begin, end};
    }

    Piece add_constant(size_t begin, size_t end, Value value) {
        std::vector<Value>& constants = parsing_.tree.constants;
        constants.push_back(std::move(value));
        return add(Op::constant, begin, end, kNone, kNone,
                   static_cast<Index>(constants.size() - 1));
    }

    Piece add_name(Op op, const Token& name) {
        std::vector<std::string>& names = parsing_.tree.names;
        names.emplace_back(text_.substr(name.offset, name.length));
        return add(op, name.offset, name.end(), kNone, kNone, static_cast<Index>(names.size() - 1));
    }

    // --- operators between ---

    std::optional<Piece> parse_from(int strength) {
        std::optional<Piece> left = parse_operand(strength);
        while (left) {
            if (token().is("not") && tokens_[at_ + 1].kind == Token::Kind::symbol) {
                return complain(token(),
                                "'not' stands before the whole comparison: not (x in [...])");
            }
            const OpForm* form =
                token().kind == Token::Kind::symbol ? find_infix(token().symbol) : nullptr;
            if (form == nullptr || form->strength < strength) return left;
            advance();
            const std::optional<Piece> right = parse_from(form->strength + 1);
            if (!right) return std::nullopt;
            const Piece first = *left;
            left = add(form->op, first.begin, right->end, first.index, right->index);
            if (!form->chains && !ends_chain(*form, first, *right)) return std::nullopt;
        }
        return left;
    }

    // a < b < c means something else to everybody.
    bool ends_chain(const OpForm& form, const Piece& first, const Piece& second) {
        const OpForm* next =
            token().kind == Token::Kind::symbol ? find_infix(token().symbol) : nullptr;
        if (next == nullptr || next->strength != form.strength) return true;
        const Token where = token();
        advance();
        const std::optional<Piece> third = parse_from(form.strength + 1);
        if (!third) return false;
        const std::string middle(text_.substr(second.begin, second.end - second.begin));
        std::string message = "comparisons do not chain";
        if (third->end - first.begin <= 80) {
            message += ", write " +
                       std::string(text_.substr(first.begin, second.end - first.begin)) + " and " +
                       middle + " " +
                       std::string(text_.substr(where.offset, third->end - where.offset));
        }
        complain(where, std::move(message));
        return false;
    }

    // --- what stands between operators ---

    std::optional<Piece> parse_operand(int strength) {
        const Token here = token();
        if (here.kind == Token::Kind::constant) {
            advance();
            return add_constant(here.offset, here.end(), here.value);
        }
        if (here.kind == Token::Kind::name) {
            advance();
            if (token().is("(")) return parse_call(here);
            return add_name(Op::fact, here);
        }
        if (here.is("(") || here.is("[") || here.is("-") || here.is("not")) {
            return parse_nested(here, strength);
        }
        const std::string after = at_ == 0 ? "" : " after " + shown(tokens_[at_ - 1]);
        if (at_end()) return complain(here, "expected a value" + after);
        return complain(here, "expected a value" + after + ", not " + shown(here));
    }

    std::optional<Piece> parse_nested(const Token& here, int strength) {
        if (++nesting_ > kMaxNesting) {
            return complain(here, "nested deeper than " + std::to_string(kMaxNesting));
        }
        std::optional<Piece> piece;
        if (here.is("(")) piece = parse_parentheses(here);
        if (here.is("[")) piece = parse_list(here);
        if (here.is("-")) piece = parse_prefix(here, Op::negate);
        if (here.is("not")) {
            if (strength > form_of(Op::logical_not).strength) {
                return complain(here, "put 'not ...' in parentheses here");
            }
            piece = parse_prefix(here, Op::logical_not);
        }
        --nesting_;
        return piece;
    }

    std::optional<Piece> parse_parentheses(const Token& open) {
        advance();
        std::optional<Piece> inner = parse_from(1);
        if (!inner) return std::nullopt;
        const size_t end = token().end();
        if (!take(")")) return complain_expected("')'");
        return Piece{inner->index, open.offset, end};
    }

    std::optional<Piece> parse_prefix(const Token& sign, Op op) {
        advance();
        const std::optional<Piece> operand = parse_from(form_of(op).strength);
        if (!operand) return std::nullopt;
        return add(op, sign.offset, operand->end, operand->index);
    }

    std::nullopt_t complain_expected(const std::string& what) {
        if (at_end()) return complain(token(), "expected " + what);
        return complain(token(), "expected " + what + ", not " + shown(token()));
    }

    // Lists hold constants: what they hold is known, checked and allocated once.
    std::optional<Piece> parse_list(const Token& open) {
        advance();
        std::vector<Value> items;
        std::vector<Parsing::Place> places;
        size_t end = token().end();
        while (!take("]")) {
            if (!items.empty() && !take(",")) return complain_expected("']' or ','");
            const Token start = token();
            const bool negative = take("-");
            const Token item = token();
            const bool can_be_negative = item.value.is_quantity() || item.value.is_unknown();
            if (item.kind != Token::Kind::constant || (negative && !can_be_negative)) {
                if (at_end()) return complain_expected("']'");
                return complain(item, "a list holds constants only, such as \"text\", 5 or 90%");
            }
            if (items.size() == kMaxListItems) {
                return complain(start,
                                "a list of more than " + std::to_string(kMaxListItems) + " items");
            }
            advance();
            places.push_back({start.offset, item.end() - start.offset});
            items.push_back(negative && item.value.is_quantity()
                                ? Value::quantity(item.value.type(), 0 - item.value.amount())
                                : item.value);
            end = token().end();
        }
        const Piece list = add_constant(open.offset, end, Value::list(std::move(items)));
        parsing_.items.emplace_back(parsing_.tree.nodes[list.index].item, std::move(places));
        return list;
    }

    std::optional<Piece> parse_call(const Token& name) {
        const Token open = token();
        if (++nesting_ > kMaxNesting) {
            return complain(open, "nested deeper than " + std::to_string(kMaxNesting));
        }
        advance();
        Call call;
        call.function = find_function(text_.substr(name.offset, name.length));
        if (call.function == nullptr) note_unknown_function(name);
        size_t end = token().end();
        while (!take(")")) {
            if (!call.arguments.empty() && !take(",")) return complain_expected("')' or ','");
            const bool alone = tokens_[std::min(at_ + 1, tokens_.size() - 1)].is(",") ||
                               tokens_[std::min(at_ + 1, tokens_.size() - 1)].is(")");
            if (call.arguments.empty() && alone && token().kind == Token::Kind::name) {
                call.arguments.push_back(add_name(Op::name, token()).index);
                advance();
            } else {
                const std::optional<Piece> argument = parse_from(1);
                if (!argument) return std::nullopt;
                call.arguments.push_back(argument->index);
            }
            end = token().end();
        }
        --nesting_;
        std::vector<Call>& calls = parsing_.tree.calls;
        calls.push_back(std::move(call));
        return add(Op::call, name.offset, end, kNone, kNone, static_cast<Index>(calls.size() - 1));
    }

    void note_unknown_function(const Token& name) {
        std::vector<std::string> known;
        for (const Function& function : functions()) known.emplace_back(function.name);
        const std::string written(text_.substr(name.offset, name.length));
        problems_.push_back({name.offset, name.length,
                             "unknown function " + shown(name) + did_you_mean(written, known)});
    }

    void complain_of_rest() {
        if (token().kind == Token::Kind::symbol) {
            const bool closes = token().is(")") || token().is("]");
            complain(token(), shown(token()) + (closes ? " closes nothing" : " is out of place"));
            return;
        }
        const std::string word = to_lower(text_.substr(token().offset, token().length));
        for (const Advice& advice : kAdvice) {
            if (token().kind != Token::Kind::name || advice.word != word) continue;
            complain(token(), shown(token()) + " is not an operator, write '" +
                                  std::string(advice.instead) + "'");
            return;
        }
        complain(token(), "expected an operator before " + shown(token()));
    }

    std::string_view text_;
    std::vector<Problem>& problems_;
    std::vector<Problem> lexical_;
    std::optional<Problem> syntax_;
    std::vector<Token> tokens_;
    size_t at_ = 0;
    int nesting_ = 0;
    Parsing parsing_;
};

}  // namespace

Parsing parse_tokens(std::string_view text, std::vector<Problem>& problems) {
    return Parser(text, problems).parse();
}

}  // namespace ops::expr

#include "expr/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "base/units.h"

namespace ops::expr {
namespace {

// Beyond these a double no longer holds every millisecond, or every byte.
constexpr double kMostSeconds = 0x1p50 / 1000;
constexpr double kMostBytes = 0x1p53;

constexpr auto kKeywords =
    std::to_array<std::string_view>({"and", "or", "not", "in", "matches", "contains"});

// The longer ones first. Where `written` is not what the language says, `symbol` is, and that is a
// problem.
struct Spelling {
    std::string_view written;
    std::string_view symbol;
};
constexpr auto kSymbols = std::to_array<Spelling>({
    {"===", "=="},    {"!==", "!="},    {"==", "=="},      {"!=", "!="},    {"<=", "<="},
    {">=", ">="},     {"<>", "!="},     {"=~", "matches"}, {"&&", "and"},   {"||", "or"},
    {"\u2264", "<="}, {"\u2265", ">="}, {"\u2260", "!="},  {"\u2212", "-"}, {"\u00d7", "*"},
    {"\u00f7", "/"},  {"<", "<"},       {">", ">"},        {"=", "=="},     {"!", "not"},
    {"+", "+"},       {"-", "-"},       {"*", "*"},        {"/", "/"},      {"(", "("},
    {")", ")"},       {"[", "["},       {"]", "]"},        {",", ","},      {"&", "and"},
    {"|", "or"},
});

constexpr auto kCurlyQuotes =
    std::to_array<std::string_view>({"\u2018", "\u2019", "\u201c", "\u201d"});

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

const std::vector<std::string>& unit_words() {
    static const std::vector<std::string> kWords = {
        "ms",   "s",  "seconds", "second", "m",   "minutes", "minute", "h", "hours",
        "hour", "d",  "days",    "day",    "w",   "week",    "weeks",  "B", "KB",
        "MB",   "GB", "TB",      "KiB",    "MiB", "GiB",     "TiB"};
    return kWords;
}

class Lexer {
public:
    Lexer(std::string_view text, std::vector<Problem>& problems)
        : text_(text), problems_(problems) {}

    std::vector<Token> split() {
        for (skip_spaces(); at_ < text_.size(); skip_spaces()) {
            const char c = text_[at_];
            if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
                read_number();
            } else if (is_letter(c)) {
                read_word();
            } else if (c == '"' || c == '\'') {
                read_string();
            } else {
                read_symbol();
            }
        }
        add(Token::Kind::end, text_.size());
        return std::move(tokens_);
    }

private:
    char peek(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

    void skip_spaces() {
        while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    }

    template <class Belongs>
    std::string_view eat(Belongs belongs) {
        const size_t start = at_;
        while (at_ < text_.size() && belongs(text_[at_])) ++at_;
        return text_.substr(start, at_ - start);
    }

    void complain(size_t offset, std::string message) {
        problems_.push_back({offset, at_ - offset, std::move(message)});
    }

    Token& add(Token::Kind kind, size_t offset) {
        Token& token = tokens_.emplace_back();
        token.kind = kind;
        token.offset = offset;
        token.length = at_ - offset;
        return token;
    }

    void add_constant(size_t offset, Value value) {
        add(Token::Kind::constant, offset).value = std::move(value);
    }

    void add_symbol(size_t offset, std::string_view symbol) {
        add(Token::Kind::symbol, offset).symbol = symbol;
    }

    // Digits with a fraction and an exponent; false when they are no number.
    bool eat_digits() {
        const bool whole = !eat(is_digit).empty();
        bool fraction = true;
        if (peek(0) == '.') {
            ++at_;
            fraction = !eat(is_digit).empty();
        }
        const bool exponent = peek(0) == 'e' || peek(0) == 'E';
        const size_t sign = peek(1) == '+' || peek(1) == '-' ? 2 : 1;
        if (exponent && is_digit(peek(sign))) {
            at_ += sign;
            eat(is_digit);
        }
        return whole && fraction;
    }

    void read_number() {
        const size_t start = at_;
        const bool well_formed = eat_digits();
        const std::string_view digits = text_.substr(start, at_ - start);
        double amount = 0;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), amount);
        if (!well_formed) {
            complain(start, "'" + std::string(digits) + "' is not a number, write 0.5 or 5");
            return add_constant(start, Value());
        }
        const size_t behind_digits = at_;
        skip_spaces();
        if (peek(0) == '%') {
            ++at_;
            if (read.ec == std::errc{}) return add_constant(start, Value::percentage(amount));
        } else if (is_letter(peek(0))) {
            const std::string_view word = eat([](char c) { return is_letter(c) || is_digit(c); });
            if (std::find(kKeywords.begin(), kKeywords.end(), to_lower(word)) == kKeywords.end()) {
                at_ -= word.size();
                return read_quantity(start, digits);
            }
            at_ = behind_digits;
        } else {
            at_ = behind_digits;
        }
        if (read.ec != std::errc{}) {
            complain(start, "'" + clip_end(digits, 40) + "' is out of range");
            return add_constant(start, Value());
        }
        add_constant(start, Value::number(amount));
    }

    // A number was read, a word follows it.
    void read_quantity(size_t start, std::string_view digits) {
        const std::string_view word = eat(is_letter);
        if (size_unit_bytes(word) > 0) {
            const Result<int64_t> size = parse_size(text_.substr(start, at_ - start));
            if (!size.ok()) return complain_of_constant(start, size.error().message);
            const auto bytes = static_cast<double>(size.value());
            if (bytes > kMostBytes) return complain_of_constant(start, "this size is too large");
            return add_constant(start, Value::size(bytes));
        }
        if (duration_unit_seconds(word) > 0) {
            while (eat_more_duration()) {
            }
            const Result<Duration> span = parse_duration(text_.substr(start, at_ - start));
            if (!span.ok()) return complain_of_constant(start, span.error().message);
            const Value value = Value::duration(span.value());
            if (value.amount() > kMostSeconds) {
                return complain_of_constant(start, "this duration is too long");
            }
            return add_constant(start, value);
        }
        const std::string number(digits);
        if (word == "percent" || word == "pct") {
            return complain_of_constant(start, "a percentage is written " + number + "%");
        }
        const std::string shown = clip_end(word, 32);
        std::string message = "'" + shown + "' is not a unit";
        message += did_you_mean(shown, unit_words());
        complain_of_constant(start, message + ", write " + number + ", " + number + "%, " + number +
                                        "m or " + number + "GB");
    }

    // One more part of a duration: the 30m of 1h30m.
    bool eat_more_duration() {
        const size_t before = at_;
        skip_spaces();
        if (is_digit(peek(0)) && eat_digits()) {
            skip_spaces();
            if (duration_unit_seconds(eat(is_letter)) > 0) return true;
        }
        at_ = before;
        return false;
    }

    void complain_of_constant(size_t start, std::string message) {
        complain(start, std::move(message));
        add_constant(start, Value());
    }

    void read_word() {
        const size_t start = at_;
        eat([](char c) { return is_letter(c) || is_digit(c); });
        while (peek(0) == '.' && (is_letter(peek(1)) || is_digit(peek(1)))) {
            ++at_;
            eat([](char c) { return is_letter(c) || is_digit(c); });
        }
        const std::string_view word = text_.substr(start, at_ - start);
        const std::string lower = to_lower(word);
        const auto keyword = std::find(kKeywords.begin(), kKeywords.end(), lower);
        const bool truth = lower == "true" || lower == "false";
        if (keyword == kKeywords.end() && !truth) {
            add(Token::Kind::name, start);
            return;
        }
        if (word != lower) {
            complain(start, "'" + std::string(word) + "' is written '" + lower + "'");
        }
        if (truth) return add_constant(start, Value::boolean(lower == "true"));
        add_symbol(start, *keyword);
    }

    void read_string() {
        const size_t start = at_;
        const char quote = text_[at_++];
        std::string value;
        while (at_ < text_.size() && text_[at_] != quote) {
            const char c = text_[at_++];
            if (c != '\\') {
                value += c;
                continue;
            }
            // A backslash before anything else stays, so that "\d+" is the regular expression it
            // looks like.
            const char escaped = peek(0);
            if (escaped == 'n') value += '\n';
            if (escaped == 't') value += '\t';
            if (escaped == '\\' || escaped == '"' || escaped == '\'') value += escaped;
            if (std::string_view("nt\\\"'").find(escaped) != std::string_view::npos &&
                escaped != '\0') {
                ++at_;
            } else {
                value += c;
            }
        }
        if (at_ == text_.size()) {
            complain(start, "this string has no closing quote");
            return add_constant(start, Value());
        }
        ++at_;
        add_constant(start, Value::string(std::move(value)));
    }

    static bool is_curly_quote(std::string_view rest) {
        return std::any_of(kCurlyQuotes.begin(), kCurlyQuotes.end(),
                           [rest](std::string_view quote) { return rest.starts_with(quote); });
    }

    // As word processors write them.
    void read_curly_string() {
        const size_t start = at_;
        at_ += kCurlyQuotes[0].size();
        const size_t from = at_;
        while (at_ < text_.size() && !is_curly_quote(text_.substr(at_))) ++at_;
        const std::string value(text_.substr(from, at_ - from));
        at_ = std::min(at_ + kCurlyQuotes[0].size(), text_.size());
        complain_of_constant(start, "strings stand in straight quotes: \"" +
                                        printable(clip_end(value, 40), Lines::flatten) + "\"");
    }

    void read_symbol() {
        const size_t start = at_;
        const std::string_view rest = text_.substr(at_);
        for (const Spelling& spelling : kSymbols) {
            if (rest.substr(0, spelling.written.size()) != spelling.written) continue;
            at_ += spelling.written.size();
            if (spelling.written != spelling.symbol) {
                complain(start, "'" + std::string(spelling.written) + "' is written '" +
                                    std::string(spelling.symbol) + "'");
            }
            return add_symbol(start, spelling.symbol);
        }
        if (is_curly_quote(rest)) return read_curly_string();
        ++at_;
        while (at_ < text_.size() && (text_[at_] & '\xc0') == '\x80')
            ++at_;  // all of one character
        complain(start, "'" + printable(text_.substr(start, at_ - start), Lines::flatten) +
                            "' has no meaning here");
    }

    std::string_view text_;
    std::vector<Problem>& problems_;
    std::vector<Token> tokens_;
    size_t at_ = 0;
};

std::string print_string(std::string_view text) {
    std::string printed = "\"";
    for (const char c : text) {
        switch (c) {
            case '\\': printed += "\\\\"; break;
            case '"': printed += "\\\""; break;
            case '\n': printed += "\\n"; break;
            case '\t': printed += "\\t"; break;
            default: printed += c;
        }
    }
    return printed + "\"";
}

std::string print_number(double number) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    return std::string(digits.data(), end.ptr);
}

}  // namespace

std::vector<Token> split_tokens(std::string_view text, std::vector<Problem>& problems) {
    return Lexer(text, problems).split();
}

std::string print_constant(const Value& value) {
    if (value.is_quantity() && value.amount() < 0) {
        return "-" + print_constant(Value::quantity(value.type(), -value.amount()));
    }
    switch (value.type()) {
        case Type::number: return print_number(value.amount());
        case Type::percentage: return print_number(value.amount()) + "%";
        case Type::duration: return format_duration(Duration(std::llround(value.amount() * 1000)));
        case Type::size: return std::to_string(std::llround(value.amount())) + "B";
        case Type::string: return print_string(value.text());
        case Type::boolean: return value.truth() ? "true" : "false";
        case Type::unknown: return "unknown";
        case Type::list: break;
    }
    std::string printed;
    for (const Value& item : value.items()) {
        printed += (printed.empty() ? "[" : ", ") + print_constant(item);
    }
    return printed.empty() ? "[]" : printed + "]";
}

}  // namespace ops::expr

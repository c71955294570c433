#include "base/shell_words.h"

#include <algorithm>
#include <utility>

namespace ops {
namespace {

constexpr std::string_view kOperators = "|&;<>()$`*?\n";
constexpr std::string_view kAdvice = ": there is no shell; quote it, or set 'shell: true'";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word_character(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

class Splitter {
public:
    explicit Splitter(std::string_view text) : text_(text) {}

    PlacedWords split() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == ' ' || c == '\t') {
                end_word();
                ++at_;
            } else if (c == '\'') {
                single_quoted();
            } else if (c == '"') {
                double_quoted();
            } else if (c == '\\') {
                backslash();
            } else if (kOperators.find(c) != std::string_view::npos) {
                shell_operator();
            } else {
                plain(c);
            }
        }
        end_word();
        return std::move(result_);
    }

private:
    void problem(size_t offset, size_t length, std::string message) {
        result_.problems.push_back({offset, length, std::move(message)});
    }

    void begin_word() {
        if (in_word_) return;
        in_word_ = true;
        plain_so_far_ = true;
        word_ = Word{};
        word_.start = at_;
    }

    void end_word() {
        if (in_word_) result_.words.push_back(std::move(word_));
        in_word_ = false;
    }

    void take(char c, size_t offset) {
        word_.text += c;
        word_.offsets.push_back(offset);
    }

    void unterminated(size_t open) {
        problem(
            open, 1,
            std::string("unterminated quote: the ") + text_[open] + " opened here is not closed");
        at_ = text_.size();
    }

    void single_quoted() {
        begin_word();
        plain_so_far_ = false;
        const size_t open = at_;
        const size_t close = text_.find('\'', open + 1);
        for (size_t i = open + 1; i < std::min(close, text_.size()); ++i) take(text_[i], i);
        if (close == std::string_view::npos) return unterminated(open);
        at_ = close + 1;
    }

    void double_quoted() {
        begin_word();
        plain_so_far_ = false;
        const size_t open = at_++;
        for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            const char c = text_[at_];
            const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
            if (c == '\\' && (next == '$' || next == '`' || next == '"' || next == '\\')) {
                take(next, at_++);
            } else if (c == '\\' && next == '\n') {
                ++at_;
            } else {
                if (c == '$' || c == '`') {
                    problem(at_, 1,
                            std::string("a shell would replace '") + c +
                                "' between double quotes; use single quotes, or set 'shell: true'");
                }
                take(c, at_);
            }
        }
        if (at_ >= text_.size()) return unterminated(open);
        ++at_;
    }

    void backslash() {
        begin_word();
        plain_so_far_ = false;
        if (at_ + 1 >= text_.size()) {
            problem(at_, 1, "a backslash at the end of the command");
            ++at_;
            return;
        }
        if (text_[at_ + 1] != '\n') take(text_[at_ + 1], at_);
        at_ += 2;
    }

    void shell_operator() {
        const size_t start = at_;
        const char c = text_[at_];
        if (c == '\n') {
            problem(start, 1,
                    "a second line is a second command: give it a step of its own, or set "
                    "'shell: true'");
            end_word();
            ++at_;
            return;
        }
        // "&&", "||", ">>" and the like are one operator.
        while (at_ < text_.size() && text_[at_] == c && at_ - start < 2) ++at_;
        std::string shown(text_.substr(start, at_ - start));
        problem(start, at_ - start,
                "shell operator '" + shown + "' outside quotes" + std::string(kAdvice));
        if (c == '$' || c == '*' || c == '?' || c == '`') {
            begin_word();
            for (size_t i = start; i < at_; ++i) take(text_[i], i);
        } else {
            end_word();
        }
    }

    void plain(char c) {
        const bool first = !in_word_;
        begin_word();
        if (first && c == '#') {
            problem(at_, 1, "'#' begins a comment in a shell: quote it");
        }
        if (first && c == '~') {
            problem(at_, 1, "'~' is replaced by a shell only: write the folder out");
        }
        if (c == '[' && text_.substr(at_, text_.find_first_of(" \t", at_) - at_).find(']') !=
                            std::string_view::npos) {
            problem(at_, 1, "shell operator '[' outside quotes" + std::string(kAdvice));
        }
        if (c == '=' && plain_so_far_ && result_.words.empty() && is_name(word_.text)) {
            problem(word_.start, word_.text.size(),
                    "a shell would set the variable '" + word_.text + "': write env " + word_.text +
                        "=VALUE COMMAND");
        }
        take(c, at_++);
    }

    static bool is_name(std::string_view text) {
        return !text.empty() && is_letter(text[0]) &&
               std::all_of(text.begin(), text.end(), is_word_character);
    }

    std::string_view text_;
    size_t at_ = 0;
    bool in_word_ = false;
    bool plain_so_far_ = true;
    Word word_;
    PlacedWords result_;
};

}  // namespace

PlacedWords split_placed_words(std::string_view text) {
    // A YAML block ends with a newline that nobody means.
    while (text.ends_with('\n')) text.remove_suffix(1);
    return Splitter(text).split();
}

std::string quote_for_shell(std::string_view word) {
    static constexpr std::string_view kPlain = "._/:@%+,-";
    const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
        return is_word_character(c) || kPlain.find(c) != std::string_view::npos;
    });
    return plain ? std::string(word) : single_quoted(word);
}

std::string single_quoted(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'') {
            quoted += "'\\''";
        } else {
            quoted += c;
        }
    }
    return quoted + "'";
}

}  // namespace ops

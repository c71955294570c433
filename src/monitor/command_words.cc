#include "monitor/command_words.h"

namespace ops {
namespace {

constexpr std::string_view kNeedsShell = "|&;<>()`$*?[\n";

class Splitter {
public:
    explicit Splitter(std::string_view text) : text_(text) {}

    CommandWords run() {
        while (at_ < text_.size() && found_.problem.empty()) step();
        if (found_.problem.empty()) end_word();
        if (found_.problem.empty() && found_.words.empty()) fail("an empty command", 0);
        if (!found_.problem.empty()) found_.words.clear();
        return std::move(found_);
    }

private:
    void step() {
        const char c = text_[at_];
        if (c == ' ' || c == '\t') {
            end_word();
            ++at_;
        } else if (c == '\'') {
            single_quoted();
        } else if (c == '"') {
            double_quoted();
        } else if (c == '\\') {
            if (at_ + 1 == text_.size()) return fail("a '\\' with nothing after it", at_);
            add(text_[at_ + 1]);
            at_ += 2;
        } else if (needs_shell(c)) {
            fail(std::string("'") + (c == '\n' ? std::string("\\n") : std::string(1, c)) +
                     "' outside quotes needs a shell, quote it or say shell: true",
                 at_);
        } else {
            add(c);
            ++at_;
        }
    }

    bool needs_shell(char c) const {
        return kNeedsShell.find(c) != std::string_view::npos ||
               (!in_word_ && (c == '#' || c == '~'));
    }

    void single_quoted() {
        const size_t end = text_.find('\'', at_ + 1);
        if (end == std::string_view::npos) return fail("a ' without its end", at_);
        in_word_ = true;
        word_ += text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
    }

    void double_quoted() {
        const size_t start = at_++;
        in_word_ = true;
        for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (text_[at_] == '$' || text_[at_] == '`') {
                return fail("'$' and '`' in double quotes need a shell", at_);
            }
            const bool escapes =
                text_[at_] == '\\' && at_ + 1 < text_.size() &&
                std::string_view("\"\\$`").find(text_[at_ + 1]) != std::string_view::npos;
            if (escapes) ++at_;
            word_ += text_[at_];
        }
        if (at_ == text_.size()) return fail("a \" without its end", start);
        ++at_;
    }

    void add(char c) {
        in_word_ = true;
        word_ += c;
    }

    void end_word() {
        if (in_word_) found_.words.push_back(std::move(word_));
        word_.clear();
        in_word_ = false;
    }

    void fail(std::string problem, size_t offset) {
        found_.problem = std::move(problem);
        found_.offset = offset;
    }

    std::string_view text_;
    size_t at_ = 0;
    bool in_word_ = false;
    std::string word_;
    CommandWords found_;
};

}  // namespace

CommandWords split_command(std::string_view text) { return Splitter(text).run(); }

std::string shell_quote(std::string_view text) {
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

#include <algorithm>

#include "base/text.h"
#include "config/yaml.h"

namespace ops {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Walks a scalar as it stands in the file, byte by byte of the text that it means.
class RawWalk {
public:
    explicit RawWalk(const Node& node) : node_(node), raw_(node.raw) {
        if (node.style == Node::Style::single_quoted || node.style == Node::Style::double_quoted) {
            ++column_;
        }
        if (node.style == Node::Style::literal || node.style == Node::Style::folded) {
            indent_ = node.place.column - 1;
        }
    }

    bool at_end() const { return at_ >= raw_.size(); }
    int line() const { return line_; }
    int column() const { return column_; }

    // Goes over what one step of the text stands for and says how many bytes of text that is.
    size_t step() {
        if (node_.style == Node::Style::literal) {
            const bool newline = raw_[at_] == '\n';
            eat();
            if (newline) eat_indent();
            return 1;
        }
        if (size_t blanks = blanks_before_newline(); blanks < raw_.size() - at_)
            return fold(blanks);
        if (node_.style == Node::Style::double_quoted && raw_[at_] == '\\') return escape();
        if (node_.style == Node::Style::single_quoted && raw_.substr(at_, 2) == "''") eat();
        eat();
        return 1;
    }

private:
    void eat() {
        const auto byte = static_cast<unsigned char>(raw_[at_++]);
        if (byte == '\n') {
            ++line_;
            column_ = 1;
        } else if ((byte & 0xc0) != 0x80) {
            ++column_;
        }
    }

    void eat_indent() {
        for (int i = 0; i < indent_ && !at_end() && raw_[at_] == ' '; ++i) eat();
    }

    // Blanks from here to a newline, or the rest of the text when no newline comes next.
    size_t blanks_before_newline() const {
        size_t blanks = 0;
        while (at_ + blanks < raw_.size() && is_blank(raw_[at_ + blanks])) ++blanks;
        const bool newline = at_ + blanks < raw_.size() && raw_[at_ + blanks] == '\n';
        return newline ? blanks : raw_.size() - at_;
    }

    // A line's end inside flowing text is one space, each further empty line a newline.
    size_t fold(size_t blanks) {
        for (size_t i = 0; i < blanks; ++i) eat();
        size_t newlines = 0;
        while (!at_end() && (is_blank(raw_[at_]) || raw_[at_] == '\n')) {
            if (raw_[at_] == '\n') ++newlines;
            eat();
        }
        return newlines <= 1 ? 1 : newlines - 1;
    }

    size_t escape() {
        eat();
        if (at_end()) return 1;
        const char kind = raw_[at_];
        if (kind == '\n') {
            fold(0);
            return 0;
        }
        eat();
        const int digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
        unsigned long code = 0;
        for (int i = 0; i < digits && !at_end(); ++i) {
            const char digit = raw_[at_];
            code = code * 16 + static_cast<unsigned long>(digit <= '9' ? digit - '0'
                                                                       : (digit | 0x20) - 'a' + 10);
            eat();
        }
        if (kind == 'N' || kind == '_') return 2;
        if (kind == 'L' || kind == 'P') return 3;
        return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    }

    const Node& node_;
    std::string_view raw_;
    size_t at_ = 0;
    int line_ = 0;
    int column_ = 0;
    int indent_ = 0;
};

}  // namespace

const Node& Node::operator[](std::string_view key) const {
    static const Node kMissing;
    for (const Member& member : members) {
        if (member.key == key) return member.value;
    }
    return kMissing;
}

Place Node::place_of(size_t offset) const {
    if (from_environment || kind != Kind::scalar) return place;
    Place found = place;
    if (raw.empty()) {
        const std::string_view before = std::string_view(text).substr(0, offset);
        found.column += quoted ? 1 : 0;
        found.column += static_cast<int>(std::count_if(before.begin(), before.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
        }));
        return found;
    }
    RawWalk walk(*this);
    size_t seen = 0;
    while (seen < offset && !walk.at_end()) {
        // A character of several bytes is stepped over byte by byte; only its first moves the
        // column.
        seen += walk.step();
    }
    found.line += walk.line();
    found.column = walk.line() == 0 ? place.column + walk.column() : walk.column();
    return found;
}

std::string Node::describe() const {
    switch (kind) {
        case Kind::missing:
        case Kind::null: return "nothing";
        case Kind::list: return "a list";
        case Kind::map: return "a map";
        case Kind::scalar: break;
    }
    if (from_environment) return "the value from the environment";
    return "'" + printable(clip_end(text, 64), Lines::flatten) + "'";
}

}  // namespace ops

#include "patterns/lookalikes.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"
#include "patterns/shapes.h"

namespace ops {
namespace {

struct Range {
    uint32_t first;
    uint32_t last;
};

template <size_t N>
bool is_in(const std::array<Range, N>& ranges, uint32_t code) {
    return std::ranges::any_of(
        ranges, [code](const Range& range) { return range.first <= code && code <= range.last; });
}

constexpr auto kBlanks = std::to_array<Range>({{0xA0, 0xA0},
                                               {0x1680, 0x1680},
                                               {0x2000, 0x200A},
                                               {0x202F, 0x202F},
                                               {0x205F, 0x205F},
                                               {0x3000, 0x3000}});
constexpr auto kMarks = std::to_array<Range>(
    {{0x300, 0x36F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE20, 0xFE2F}});
// Scripts whose letters pass for Latin ones.
constexpr auto kForeign = std::to_array<Range>({{0x250, 0x2AF},
                                                {0x370, 0x52F},
                                                {0x531, 0x587},
                                                {0x13A0, 0x13FF},
                                                {0x1C80, 0x1C8F},
                                                {0x1D00, 0x1D7F},
                                                {0x1F00, 0x1FFF},
                                                {0x2100, 0x214F},
                                                {0x2C60, 0x2C7F},
                                                {0xA640, 0xA69F},
                                                {0xAB30, 0xABBF}});

// The ASCII character that `code` is another form of, or 0.
char ascii_of(uint32_t code) {
    if (code >= 0xFF01 && code <= 0xFF5E) return static_cast<char>(code - 0xFF01 + '!');
    if (code >= 0x1D400 && code <= 0x1D6A3) {
        const uint32_t letter = (code - 0x1D400) % 52;
        return static_cast<char>(letter < 26 ? 'A' + letter : 'a' + (letter - 26));
    }
    if (code >= 0x1D7CE && code <= 0x1D7FF) return static_cast<char>('0' + (code - 0x1D7CE) % 10);
    if (code == 0xB5 || code == 0x3BC) return 'u';
    if (is_in(kBlanks, code)) return ' ';
    return 0;
}

// One word's letters, until it is known whether they are of one script.
class ScriptWord {
public:
    void add(std::string_view character, uint32_t code) {
        if (code < 0x80) latin_ |= is_letter(static_cast<char>(code));
        const bool foreign = is_in(kForeign, code);
        foreign_ |= foreign;
        plain_ += character;
        guarded_ += foreign ? std::string_view("?") : character;
    }
    void end(std::string& into) {
        into += latin_ && foreign_ ? guarded_ : plain_;
        *this = {};
    }

private:
    std::string plain_, guarded_;
    bool latin_ = false;
    bool foreign_ = false;
};

}  // namespace

std::string fold_lookalikes(std::string_view text) {
    std::string folded;
    folded.reserve(text.size());
    ScriptWord word;
    bool marked = false;
    while (!text.empty()) {
        const Character character = first_character(text);
        const size_t length = std::max<size_t>(character.length, 1);
        std::string_view bytes = text.substr(0, length);
        text.remove_prefix(length);
        uint32_t code = character.length == 0 ? '?' : character.code;
        if (code >= 0xFE00 && code <= 0xFE0F) continue;
        const char ascii = ascii_of(code);
        if (ascii != 0) {
            code = static_cast<unsigned char>(ascii);
            bytes = std::string_view(&ascii, 1);
        } else if (character.length == 0) {
            bytes = "?";
        }
        const bool mark = is_in(kMarks, code);
        if (mark && marked) continue;
        marked = mark;
        if (code >= 0x80 || is_alnum(static_cast<char>(code))) {
            word.add(bytes, code);
        } else {
            word.end(folded);
            folded += bytes;
        }
    }
    word.end(folded);
    return folded;
}

}  // namespace ops

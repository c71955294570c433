#include "patterns/merge.h"

#include <algorithm>
#include <vector>

#include "patterns/masks.h"
#include "patterns/shapes.h"

namespace ops {
namespace {

constexpr char kOpen = '\x01';

// Words, placeholders, and every other character on its own.
std::vector<std::string_view> pieces_of(std::string_view text) {
    std::vector<std::string_view> pieces;
    size_t at = 0;
    while (at < text.size()) {
        size_t length = placeholder_length(text.substr(at));
        if (length == 0) {
            const auto is_word = [](char c) {
                return is_alnum(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
            };
            while (at + length < text.size() && is_word(text[at + length])) ++length;
            length = std::max<size_t>(length, 1);
        }
        pieces.push_back(text.substr(at, length));
        at += length;
    }
    return pieces;
}

bool is_value(std::string_view piece) {
    return placeholder_length(piece) == piece.size() || is_alnum(piece[0]) || piece[0] == '_' ||
           static_cast<unsigned char>(piece[0]) >= 0x80;
}

// The same punctuation at the same places.
bool alike(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
        if (a[i] != b[i] && (!is_value(a[i]) || !is_value(b[i]))) return false;
    }
    return true;
}

// How many bytes from the front are equal, up to and with a delimiter.
size_t common_front(std::string_view a, std::string_view b) {
    size_t kept = 0;
    for (size_t i = 0; i < std::min(a.size(), b.size()) && a[i] == b[i]; ++i) {
        if (const size_t n = placeholder_length(a.substr(i)); n > 0) {
            if (b.substr(i, n) != a.substr(i, n)) break;
            i += n - 1;
            continue;
        }
        if (is_delimiter(a[i])) kept = i + 1;
    }
    return kept;
}

size_t common_back(std::string_view a, std::string_view b, size_t most) {
    size_t kept = 0;
    for (size_t i = 0; i < most && a[a.size() - 1 - i] == b[b.size() - 1 - i]; ++i) {
        const char c = a[a.size() - 1 - i];
        if (c == '>') break;  // may end a placeholder
        if (is_delimiter(c)) kept = i + 1;
    }
    return kept;
}

}  // namespace

std::string merge_texts(std::string_view a, std::string_view b) {
    if (a == b) return std::string(a);
    const auto left = pieces_of(a);
    const auto right = pieces_of(b);
    std::string merged;
    if (alike(left, right)) {
        for (size_t i = 0; i < left.size(); ++i) merged += left[i] == right[i] ? left[i] : kAny;
        return merged;
    }
    const size_t front = common_front(a, b);
    const size_t back = common_back(a, b, std::min(a.size(), b.size()) - front);
    merged.append(a.substr(0, front)).append(kAny).append(a.substr(a.size() - back));
    return merged;
}

std::string open_key(std::string_view a, std::string_view b) {
    const size_t front = common_front(a.substr(0, a.find(kOpen)), b);
    const size_t open = a.find(kOpen);
    const std::string_view rest = open == a.npos ? a.substr(front) : a.substr(open + 1);
    const size_t back = common_back(rest, b, std::min(rest.size(), b.size() - front));
    return std::string(a.substr(0, front)).append(1, kOpen).append(rest.substr(rest.size() - back));
}

bool is_open(std::string_view key) { return key.find(kOpen) != std::string_view::npos; }

bool fits_open(std::string_view open, std::string_view key) {
    const size_t at = open.find(kOpen);
    if (at == std::string_view::npos) return open == key;
    const std::string_view front = open.substr(0, at);
    const std::string_view back = open.substr(at + 1);
    return key.size() >= front.size() + back.size() && key.starts_with(front) &&
           key.ends_with(back);
}

}  // namespace ops

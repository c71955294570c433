#include "base/text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace ops {
namespace {

// Longer words are no misspellings, and the distance costs the product of the lengths.
constexpr size_t kLongestGuessed = 64;

// Optimal string alignment: insertions, deletions, changes and swaps of neighbours cost one each.
size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({changed, last[j] + 1, row[j - 1] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
        std::swap(before_last, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// The last place at or before `at` where `text` may be cut. In text that is no UTF-8 that is `at`.
size_t cut_before(std::string_view text, size_t at) {
    size_t cut = at;
    while (cut > 0 && at - cut < 3 && cut < text.size() && is_continuation(text[cut])) --cut;
    return cut < text.size() && is_continuation(text[cut]) ? at : cut;
}

size_t cut_after(std::string_view text, size_t at) {
    size_t cut = at;
    while (cut < text.size() && cut - at < 3 && is_continuation(text[cut])) ++cut;
    return cut < text.size() && is_continuation(text[cut]) ? at : cut;
}

struct Range {
    uint32_t first;
    uint32_t last;
};

// What nobody sees, or what changes the order in which the rest is seen.
constexpr auto kRemoved = std::to_array<Range>({
    {0x00, 0x1F},        // controls; newline, tab and escape are looked at before
    {0x7F, 0x9F},        // delete and the second set of controls
    {0xAD, 0xAD},        // soft hyphen
    {0x34F, 0x34F},      // grapheme joiner
    {0x61C, 0x61C},      // Arabic letter mark
    {0x115F, 0x1160},    // Hangul fillers
    {0x17B4, 0x17B5},    // Khmer inherent vowels
    {0x180B, 0x180F},    // Mongolian separators
    {0x200B, 0x200F},    // zero-width characters, left-to-right and right-to-left mark
    {0x2028, 0x202E},    // line separators, bidirectional embedding and override
    {0x2060, 0x206F},    // word joiner, invisible operators, bidirectional isolates
    {0x3164, 0x3164},    // Hangul filler
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFA0, 0xFFA0},    // half-width Hangul filler
    {0xFFF9, 0xFFFB},    // interlinear annotation
    {0x1D173, 0x1D17A},  // musical controls
    {0xE0000, 0xE0FFF},  // tags and further variation selectors
});

bool is_removed(uint32_t code) {
    return std::any_of(kRemoved.begin(), kRemoved.end(), [code](const Range& range) {
        return range.first <= code && code <= range.last;
    });
}

// Bytes of the escape sequence at the front of `text`, which begins with ESC.
size_t escape_length(std::string_view text) {
    if (text.size() < 2) return 1;
    const auto between = [&text](size_t i, char low, char high) {
        return i < text.size() && text[i] >= low && text[i] <= high;
    };
    if (text[1] == '[') {
        size_t i = 2;
        while (between(i, 0x30, 0x3F)) ++i;
        while (between(i, 0x20, 0x2F)) ++i;
        return between(i, 0x40, 0x7E) ? i + 1 : i;
    }
    if (std::string_view("]P_^X").find(text[1]) != std::string_view::npos) {
        // A string for the terminal, ended by BEL or ESC \. One without an end must not hide the
        // rest.
        for (size_t i = 2; i < text.size() && text[i] != '\n'; ++i) {
            if (text[i] == '\a') return i + 1;
            if (text[i] == '\x1b') return i + 1 < text.size() && text[i + 1] == '\\' ? i + 2 : i;
        }
        return 2;
    }
    size_t i = 1;
    while (between(i, 0x20, 0x2F)) ++i;
    return between(i, 0x30, 0x7E) ? i + 1 : i;
}

}  // namespace

std::string_view trim(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n\v\f";
    const size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    size_t start = 0;
    for (size_t end; (end = text.find(separator, start)) != std::string_view::npos;) {
        parts.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    parts.push_back(text.substr(start));
    return parts;
}

std::vector<std::string_view> words_of(std::string_view text, std::string_view between) {
    std::vector<std::string_view> words;
    for (size_t start = 0;;) {
        start = text.find_first_not_of(between, start);
        if (start == std::string_view::npos) return words;
        const size_t end = std::min(text.find_first_of(between, start), text.size());
        words.push_back(text.substr(start, end - start));
        start = end;
    }
}

std::string join(std::span<const std::string> parts, std::string_view between) {
    std::string text;
    for (size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) text += between;
        text += parts[i];
    }
    return text;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
    if (from.empty() || text.find(from) == std::string::npos) return text;
    std::string replaced;
    size_t start = 0;
    for (size_t end; (end = text.find(from, start)) != std::string::npos;) {
        replaced.append(text, start, end - start).append(to);
        start = end + from.size();
    }
    return replaced.append(text, start);
}

std::string to_lower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

std::string nearest(std::string_view word, std::span<const std::string> known) {
    if (word.empty() || word.size() > kLongestGuessed) return "";
    const std::string wanted = to_lower(word);
    const std::string* best = nullptr;
    size_t best_distance = 0;
    for (const std::string& candidate : known) {
        const size_t allowed = std::max(candidate.size(), word.size()) / 3;
        if (candidate.size() > kLongestGuessed) continue;
        const size_t distance = edit_distance(wanted, to_lower(candidate));
        if (distance > allowed || (best != nullptr && distance >= best_distance)) continue;
        best = &candidate;
        best_distance = distance;
    }
    return best == nullptr ? "" : *best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
    const std::string meant = nearest(word, known);
    return meant.empty() ? "" : " (did you mean '" + meant + "'?)";
}

bool is_safe_word(std::string_view text) {
    return !text.empty() && text.front() != '-' &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
           });
}

std::string clip_middle(std::string_view text, size_t limit) {
    if (text.size() <= limit) return std::string(text);
    const auto note = [](size_t bytes) {
        return "\n... " + std::to_string(bytes) + " bytes left out ...\n";
    };
    const size_t longest_note = note(text.size()).size();
    if (limit <= longest_note) return clip_end(text, limit);
    const size_t kept = limit - longest_note;
    const size_t head_end = cut_before(text, kept - kept / 2);
    const size_t tail_start = cut_after(text, text.size() - kept / 2);
    std::string clipped(text.substr(0, head_end));
    return clipped.append(note(tail_start - head_end)).append(text.substr(tail_start));
}

std::string clip_end(std::string_view text, size_t limit) {
    if (text.size() <= limit) return std::string(text);
    const std::string_view dots = std::string_view("...").substr(0, std::min<size_t>(limit, 3));
    std::string clipped(text.substr(0, cut_before(text, limit - dots.size())));
    return clipped.append(dots);
}

Character first_character(std::string_view text) {
    const auto byte = [&text](size_t i) { return static_cast<unsigned char>(text[i]); };
    const uint32_t first = byte(0);
    if (first < 0x80) return {first, 1};
    const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) return {};
    uint32_t code = first & (0x7Fu >> length);
    for (size_t i = 1; i < length; ++i) {
        if (!is_continuation(text[i])) return {};
        code = code << 6 | (byte(i) & 0x3Fu);
    }
    const uint32_t least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
    return {code, length};
}

std::string printable(std::string_view text, Lines lines) {
    const bool keep = lines == Lines::keep;
    std::string shown;
    shown.reserve(text.size());
    while (!text.empty()) {
        const char c = text.front();
        size_t length = 1;
        if (c == '\x1b') {
            length = escape_length(text);
        } else if (c == '\n' || c == '\t') {
            shown += keep ? c : ' ';
        } else if (c == '\r') {
            // Part of a line end, or on its own something that would write over the line.
            const bool ends_line = text.size() > 1 && text[1] == '\n';
            if (!ends_line) shown += keep ? '\n' : ' ';
        } else if (const Character character = first_character(text); character.length == 0) {
            shown += '?';
        } else {
            length = character.length;
            if (character.code == 0x2028 || character.code == 0x2029) {
                shown += keep ? '\n' : ' ';
            } else if (!is_removed(character.code)) {
                shown += text.substr(0, length);
            }
        }
        text.remove_prefix(length);
    }
    return shown;
}

}  // namespace ops

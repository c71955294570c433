// The shapes of values that logs of any program hold: numbers, addresses, paths, times.
//
// Each function looks at the beginning of `text` and says how many bytes of it are such a value, 0
// when there is none. A value must end where the text ends or where a letter or digit cannot go on.
// All are linear in what they take, and none looks back.
#pragma once

#include <cstddef>
#include <string_view>

namespace ops {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_letter(char c) { return is_lower(c) || is_upper(c); }
constexpr bool is_alnum(char c) { return is_letter(c) || is_digit(c); }
constexpr bool is_hex_digit(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
// What ends a piece of a word: "user=root," is "user", "=", "root", ",".
constexpr bool is_delimiter(char c) {
    return std::string_view(",!;:=|\"'[](){}<>`").find(c) != std::string_view::npos;
}

bool all_digits(std::string_view text);
bool all_hex(std::string_view text);

size_t uuid_length(std::string_view text);  // 8-4-4-4-12 hexadecimal digits
size_t ipv4_length(std::string_view text);  // four numbers up to 255
size_t ipv6_length(std::string_view text);  // at least two colons, with "::" or eight groups
// Hardware: c8:5b:76:00:11:22, and fingerprints and PCI addresses such as 0000:00:1e.0.
size_t hardware_length(std::string_view text);
size_t clock_length(std::string_view text);  // 14:30:00, with a fraction or without
size_t date_length(std::string_view text);   // 2026-01-29, 2026/01/29, and with T14:30:00.123Z
size_t url_length(std::string_view text);    // scheme://...
size_t path_length(std::string_view text);   // /a/b, ~/b, ./b, C:\b, and a/b/c or a/b.txt

// These take a whole piece, that is text without a delimiter.
bool is_quantity(std::string_view piece);      // 12  -1.5  1,000  126MB  2.4.18-3  80x25
bool is_hex_number(std::string_view piece);    // 0x1f; eight or more hexadecimal digits
bool is_version(std::string_view piece);       // v1.16
bool is_host_name(std::string_view piece);     // a.example.com, c5.cable.example.nl
bool is_mail_address(std::string_view piece);  // user@host
bool is_identifier(std::string_view piece);    // blk_-160899, 16 and more mixed letters and digits

// How many words from the first on are one point in time: "Fri Jul 22 19:29:09 2005".
template <class Words>
size_t date_words(const Words& words, size_t at);

bool is_weekday(std::string_view word);
bool is_month(std::string_view word);

template <class Words>
size_t date_words(const Words& words, size_t at) {
    const auto word = [&](size_t i) {
        return i < words.size() ? std::string_view(words[i]) : std::string_view();
    };
    const auto is_day = [](std::string_view w) {
        if (w.ends_with(',')) w.remove_suffix(1);
        return !w.empty() && w.size() <= 2 && all_digits(w);
    };
    const auto is_clock = [](std::string_view w) {
        return !w.empty() && clock_length(w) == w.size();
    };
    size_t i = at;
    if (is_weekday(word(i))) ++i;
    if (!is_month(word(i)) || !is_day(word(i + 1)) || !is_clock(word(i + 2))) return 0;
    i += 3;
    if (word(i).size() == 4 && all_digits(word(i))) ++i;
    return i - at;
}

}  // namespace ops

// Small operations on text that every room needs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ops {

std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
// The parts between runs of any of the `between` characters; none of them is empty.
std::vector<std::string_view> words_of(std::string_view text, std::string_view between = " ");
std::string join(std::span<const std::string> parts, std::string_view between);
std::string replace_all(std::string text, std::string_view from, std::string_view to);
std::string to_lower(std::string_view text);

// The member of `known` that a person most likely meant (edit distance at most a third of the
// length), or "".
std::string nearest(std::string_view word, std::span<const std::string> known);
// " (did you mean 'restart'?)", or "" when nothing is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

// [A-Za-z0-9._-]+, not starting with '-': the only text that may be filled into a command
// (safety.md, section 3).
bool is_safe_word(std::string_view text);

// At most `limit` bytes: the head and the tail with "\n... 1234 bytes left out ...\n" between them.
// Never cuts a UTF-8 sequence.
std::string clip_middle(std::string_view text, size_t limit);
// At most `limit` bytes from the front, "..." at the end when cut. Never cuts a UTF-8 sequence.
std::string clip_end(std::string_view text, size_t limit);

struct Character {
    uint32_t code = 0;
    size_t length = 0;  // in bytes; 0: not UTF-8
};
// The character at the front of `text`, which is not empty. Overlong forms and surrogates are none.
Character first_character(std::string_view text);

// Printable on a terminal or in an alert: control characters, escape sequences, bidirectional,
// zero-width and tag characters removed, invalid UTF-8 replaced by '?'. Newlines and tabs are kept
// only where `keep_lines`.
enum class Lines { keep, flatten };
std::string printable(std::string_view text, Lines lines);

}  // namespace ops

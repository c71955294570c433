#include "learn/terms.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "learn/stem.h"

namespace ops {
namespace {

constexpr size_t kLongestWord = 64;

// Sorted. Words of grammar only: "not", "no", "up" and "down" mean something here.
constexpr auto kStopWords = std::to_array<std::string_view>(
    {"a",    "an",  "and",  "are",   "as",    "at",    "be",   "been",  "by",    "for",
     "from", "had", "has",  "have",  "if",    "in",    "into", "is",    "it",    "its",
     "of",   "on",  "or",   "that",  "the",   "their", "then", "there", "these", "this",
     "to",   "was", "were", "which", "while", "will",  "with"});

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_of_word(char c) {
    return is_lower(c) || is_upper(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80;
}

// Does a new word begin at i, within a run of letters? CrashLooping, HTTPServer; not "5xx", "v2".
bool begins_word(std::string_view text, size_t i) {
    if (!is_upper(text[i])) return false;
    const char before = text[i - 1];
    if (is_lower(before) || is_digit(before)) return true;
    return is_upper(before) && i + 1 < text.size() && is_lower(text[i + 1]);
}

void add(std::string_view word, std::vector<std::string>& terms) {
    if (word.empty() || word.size() > kLongestWord || terms.size() >= kMostTerms) return;
    const std::string lower = to_lower(word);
    if (std::binary_search(kStopWords.begin(), kStopWords.end(), lower)) return;
    terms.push_back(stem(lower));
}

}  // namespace

std::vector<std::string> terms_of(std::string_view text) {
    std::vector<std::string> terms;
    size_t begin = 0;
    for (size_t i = 0; i <= text.size(); ++i) {
        const bool inside = i < text.size() && is_of_word(text[i]);
        if (inside && (i == begin || !begins_word(text, i))) continue;
        add(text.substr(begin, i - begin), terms);
        begin = inside ? i : i + 1;
    }
    return terms;
}

}  // namespace ops

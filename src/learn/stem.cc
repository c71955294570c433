#include "learn/stem.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace ops {
namespace {

// The paper's names are kept: m, *v*, *d, *o. A word is [C](VC)^m[V].
class Stem {
public:
    explicit Stem(std::string_view word) : word_(word) {}

    std::string take() {
        step_1a();
        step_1b();
        step_1c();
        for (const auto& [suffix, by] : kStep2) {
            if (replace(suffix, by, 0)) break;
        }
        for (const auto& [suffix, by] : kStep3) {
            if (replace(suffix, by, 0)) break;
        }
        step_4();
        step_5();
        return word_;
    }

private:
    struct Rule {
        std::string_view suffix, by;
    };
    static constexpr auto kStep2 = std::to_array<Rule>(
        {{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"},   {"anci", "ance"},
         {"izer", "ize"},    {"abli", "able"},   {"alli", "al"},     {"entli", "ent"},
         {"eli", "e"},       {"ousli", "ous"},   {"ization", "ize"}, {"ation", "ate"},
         {"ator", "ate"},    {"alism", "al"},    {"iveness", "ive"}, {"fulness", "ful"},
         {"ousness", "ous"}, {"aliti", "al"},    {"iviti", "ive"},   {"biliti", "ble"}});
    static constexpr auto kStep3 = std::to_array<Rule>({{"icate", "ic"},
                                                        {"ative", ""},
                                                        {"alize", "al"},
                                                        {"iciti", "ic"},
                                                        {"ical", "ic"},
                                                        {"ful", ""},
                                                        {"ness", ""}});
    // "ement" before "ment" before "ent": the longest that fits decides.
    static constexpr auto kStep4 = std::to_array<std::string_view>(
        {"al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion",
         "ou", "ism", "ate", "iti", "ous", "ive", "ize"});

    bool is_consonant(size_t i) const {
        switch (word_[i]) {
            case 'a':
            case 'e':
            case 'i':
            case 'o':
            case 'u': return false;
            case 'y': return i == 0 || !is_consonant(i - 1);
            default: return true;
        }
    }
    // m of the first `length` letters.
    int measure(size_t length) const {
        int m = 0;
        bool vowel_before = false;
        for (size_t i = 0; i < length; ++i) {
            const bool consonant = is_consonant(i);
            if (consonant && vowel_before) ++m;
            vowel_before = !consonant;
        }
        return m;
    }
    bool has_vowel(size_t length) const {
        for (size_t i = 0; i < length; ++i) {
            if (!is_consonant(i)) return true;
        }
        return false;
    }
    bool ends_double() const {
        const size_t n = word_.size();
        return n >= 2 && word_[n - 1] == word_[n - 2] && is_consonant(n - 1);
    }
    bool ends_cvc(size_t length) const {
        if (length < 3 || !is_consonant(length - 1) || is_consonant(length - 2) ||
            !is_consonant(length - 3)) {
            return false;
        }
        const char last = word_[length - 1];
        return last != 'w' && last != 'x' && last != 'y';
    }
    bool ends(std::string_view suffix) const { return word_.ends_with(suffix); }
    size_t before(std::string_view suffix) const { return word_.size() - suffix.size(); }

    // True when the suffix is there, whether or not what stands before it is long enough.
    bool replace(std::string_view suffix, std::string_view by, int more_than) {
        if (!ends(suffix)) return false;
        if (measure(before(suffix)) > more_than) {
            word_.replace(before(suffix), suffix.size(), by);
        }
        return true;
    }

    void step_1a() {
        if (ends("sses") || ends("ies")) {
            word_.resize(word_.size() - 2);
        } else if (ends("s") && !ends("ss")) {
            word_.pop_back();
        }
    }
    void step_1b() {
        if (replace("eed", "ee", 0)) return;
        const std::string_view suffix = ends("ed") ? "ed" : ends("ing") ? "ing" : "";
        if (suffix.empty() || !has_vowel(before(suffix))) return;
        word_.resize(before(suffix));
        if (ends("at") || ends("bl") || ends("iz")) {
            word_ += 'e';
        } else if (ends_double() && !ends("l") && !ends("s") && !ends("z")) {
            word_.pop_back();
        } else if (measure(word_.size()) == 1 && ends_cvc(word_.size())) {
            word_ += 'e';
        }
    }
    void step_1c() {
        if (ends("y") && has_vowel(word_.size() - 1)) word_.back() = 'i';
    }
    void step_4() {
        for (const std::string_view suffix : kStep4) {
            if (!ends(suffix)) continue;
            const size_t length = before(suffix);
            const bool may = suffix != "ion" ||
                             (length > 0 && (word_[length - 1] == 's' || word_[length - 1] == 't'));
            if (may && measure(length) > 1) word_.resize(length);
            return;
        }
    }
    void step_5() {
        if (ends("e")) {
            const size_t length = word_.size() - 1;
            const int m = measure(length);
            if (m > 1 || (m == 1 && !ends_cvc(length))) word_.pop_back();
        }
        if (ends("l") && ends_double() && measure(word_.size()) > 1) word_.pop_back();
    }

    std::string word_;
};

}  // namespace

std::string stem(std::string_view word) {
    const bool is_word =
        std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (!is_word || word.size() <= 2) return std::string(word);
    return Stem(word).take();
}

}  // namespace ops

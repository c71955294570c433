#include "patterns/shapes.h"

#include <algorithm>
#include <array>

namespace ops {
namespace {

// Whether a value may end before text[at].
bool ends_at(std::string_view text, size_t at) {
    return at >= text.size() || !(is_alnum(text[at]) || text[at] == '_');
}

size_t count_while(std::string_view text, size_t from, bool (*is)(char)) {
    size_t at = from;
    while (at < text.size() && is(text[at])) ++at;
    return at - from;
}

bool plain_digit(char c) { return is_digit(c); }
bool hex_digit(char c) { return is_hex_digit(c); }

// "hh:mm:ss" and an optional fraction from `from` on; the index after it, or 0.
size_t clock_end(std::string_view text, size_t from) {
    size_t at = from;
    for (int part = 0; part < 3; ++part) {
        if (part > 0) {
            if (at >= text.size() || text[at] != ':') return 0;
            ++at;
        }
        const size_t digits = count_while(text, at, plain_digit);
        if (digits < 1 || digits > 2) return 0;
        at += digits;
    }
    if (at + 1 < text.size() && (text[at] == '.' || text[at] == ',') && is_digit(text[at + 1]))
        at += 1 + count_while(text, at + 1, plain_digit);
    return at;
}

size_t zone_end(std::string_view text, size_t at) {
    if (at < text.size() && text[at] == 'Z') return at + 1;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
        const size_t digits = count_while(text, at + 1, plain_digit);
        if (digits == 4) return at + 5;
        if (digits == 2 && at + 5 < text.size() && text[at + 3] == ':' &&
            count_while(text, at + 4, plain_digit) == 2)
            return at + 6;
    }
    return at;
}

}  // namespace

bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, plain_digit);
}

bool all_hex(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, hex_digit);
}

size_t uuid_length(std::string_view text) {
    constexpr std::array<size_t, 5> kGroups = {8, 4, 4, 4, 12};
    if (text.size() < 36) return 0;
    size_t at = 0;
    for (const size_t group : kGroups) {
        if (at > 0 && text[at++] != '-') return 0;
        if (!all_hex(text.substr(at, group))) return 0;
        at += group;
    }
    return ends_at(text, at) ? at : 0;
}

size_t ipv4_length(std::string_view text) {
    size_t at = 0;
    for (int part = 0; part < 4; ++part) {
        if (part > 0) {
            if (at >= text.size() || text[at] != '.') return 0;
            ++at;
        }
        const size_t digits = count_while(text, at, plain_digit);
        if (digits < 1 || digits > 3) return 0;
        int value = 0;
        for (size_t i = 0; i < digits; ++i) value = value * 10 + (text[at + i] - '0');
        if (value > 255) return 0;
        at += digits;
    }
    if (!ends_at(text, at)) return 0;
    // A fifth number makes it a version, a word a host name.
    if (at + 1 < text.size() && text[at] == '.' && is_alnum(text[at + 1])) return 0;
    return at;
}

size_t ipv6_length(std::string_view text) {
    size_t at = 0;
    int groups = 0;
    int colons = 0;
    bool gap = false;
    while (at < text.size()) {
        if (text[at] == ':') {
            if (at + 1 < text.size() && text[at + 1] == ':') {
                if (gap) return 0;
                gap = true;
                ++colons;
                ++at;
            } else if (at == 0 || at + 1 >= text.size() || !is_hex_digit(text[at + 1])) {
                break;
            }
            ++colons;
            ++at;
            continue;
        }
        const size_t digits = count_while(text, at, hex_digit);
        if (digits == 0) break;
        if (digits > 4) return 0;
        ++groups;
        at += digits;
        if (groups == 8) break;
    }
    if (colons < 2 || groups == 0 || (!gap && groups != 8) || !ends_at(text, at)) return 0;
    return at;
}

size_t hardware_length(std::string_view text) {
    size_t at = 0;
    size_t groups = 0;
    bool digit = false;
    const char between = text.size() > 2 && text[2] == '-' ? '-' : ':';
    while (at < text.size()) {
        const size_t digits = count_while(text, at, hex_digit);
        if (digits < 2 || digits > 4) return 0;
        for (size_t i = 0; i < digits; ++i) digit |= is_digit(text[at + i]);
        at += digits;
        ++groups;
        if (at + 1 >= text.size() || text[at] != between || !is_hex_digit(text[at + 1])) break;
        ++at;
    }
    if (groups < (between == '-' ? 6U : 3U) || !digit) return 0;
    if (at + 1 < text.size() && text[at] == '.' && is_digit(text[at + 1])) at += 2;
    return ends_at(text, at) ? at : 0;
}

size_t clock_length(std::string_view text) {
    const size_t end = clock_end(text, 0);
    return end > 0 && ends_at(text, end) ? end : 0;
}

size_t date_length(std::string_view text) {
    if (text.size() < 10) return 0;
    const char between = text[4];
    if ((between != '-' && between != '/') || text[7] != between) return 0;
    if (!all_digits(text.substr(0, 4)) || !all_digits(text.substr(5, 2)) ||
        !all_digits(text.substr(8, 2)))
        return 0;
    size_t at = 10;
    if (at < text.size() && (text[at] == 'T' || text[at] == '_')) {
        const size_t end = clock_end(text, at + 1);
        if (end > 0) at = zone_end(text, end);
    }
    return ends_at(text, at) ? at : 0;
}

size_t url_length(std::string_view text) {
    const size_t scheme = count_while(
        text, 0, [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; });
    if (scheme == 0 || !is_letter(text[0]) || text.substr(scheme, 3) != "://") return 0;
    size_t at = scheme + 3;
    while (at < text.size() && std::string_view("\"'<>)]},;|`").find(text[at]) == text.npos) ++at;
    while (at > scheme + 3 && std::string_view(".:!?").find(text[at - 1]) != text.npos) --at;
    return at;
}

size_t path_length(std::string_view text) {
    // A drive letter, or two backslashes.
    if (text.size() > 3 && is_letter(text[0]) && text[1] == ':' &&
        (text[2] == '\\' || (text[2] == '/' && text[3] != '/'))) {
        size_t at = 3;
        while (at < text.size() && !is_delimiter(text[at])) ++at;
        return at;
    }
    const bool rooted = text.starts_with('/') || text.starts_with("~/") || text.starts_with("./") ||
                        text.starts_with("../") || text.starts_with("\\\\");
    size_t at = 0;
    size_t slashes = 0;
    size_t last = 0;
    bool letter = false;
    while (at < text.size() && !is_delimiter(text[at])) {
        if (text[at] == '/' || text[at] == '\\') {
            ++slashes;
            last = at;
        }
        letter |= is_alnum(text[at]);
        ++at;
    }
    while (at > 1 && text[at - 1] == '.') --at;
    if (slashes == 0 || !letter) return 0;
    if (rooted) return at > 1 ? at : 0;
    const std::string_view name = text.substr(last + 1, at > last ? at - last - 1 : 0);
    const size_t dot = name.rfind('.');
    const bool has_suffix = dot != std::string_view::npos && dot > 0 && dot + 1 < name.size() &&
                            name.size() - dot <= 11 && is_letter(name[dot + 1]);
    const bool begins_well = is_alnum(text[0]) || text[0] == '_';
    return begins_well && (slashes >= 2 || has_suffix) ? at : 0;
}

bool is_quantity(std::string_view piece) {
    size_t at = 0;
    if (piece.starts_with('-') || piece.starts_with('+')) at = 1;
    if (at >= piece.size() || !is_digit(piece[at])) return false;
    const size_t numeric = count_while(piece, at, [](char c) {
        return is_digit(c) || c == '.' || c == '-' || c == '_' || c == '+' || c == '/';
    });
    if (piece.substr(at, numeric).find('/') != std::string_view::npos) return false;
    at += numeric;
    if (at == piece.size()) return is_digit(piece.back());
    // A unit, or what else belongs to a number: MB, ms, x25, th, ac.
    size_t letters = 0;
    for (; at < piece.size(); ++at) {
        if (is_letter(piece[at])) {
            ++letters;
        } else if (piece[at] != '.' && piece[at] != '-' && !is_digit(piece[at])) {
            return piece.substr(at) == "/s";
        }
    }
    return letters <= 5 && piece.back() != '.' && piece.back() != '-';
}

bool is_hex_number(std::string_view piece) {
    if (piece.starts_with("0x") || piece.starts_with("0X")) {
        return piece.size() > 2 && all_hex(piece.substr(2));
    }
    return piece.size() >= 8 && all_hex(piece) && std::ranges::any_of(piece, plain_digit);
}

bool is_version(std::string_view piece) {
    return piece.size() > 1 && (piece[0] == 'v' || piece[0] == 'V') && is_digit(piece[1]) &&
           is_quantity(piece.substr(1));
}

bool is_host_name(std::string_view piece) {
    size_t dots = 0;
    size_t begin = 0;
    bool digit_or_hyphen = false;
    for (size_t i = 0; i <= piece.size(); ++i) {
        if (i == piece.size() || piece[i] == '.') {
            if (i == begin) return false;
            if (i < piece.size()) ++dots;
            if (i < piece.size()) begin = i + 1;
        } else if (!is_lower(piece[i]) && !is_digit(piece[i]) && piece[i] != '-') {
            return false;
        } else {
            digit_or_hyphen |= !is_lower(piece[i]);
        }
    }
    const std::string_view last = piece.substr(begin);
    if (dots == 0 || last.size() < 2 || last.size() > 10) return false;
    if (!std::ranges::all_of(last, [](char c) { return is_lower(c); })) return false;
    constexpr std::array<std::string_view, 11> kGeneric = {
        "com", "net", "org", "edu", "gov", "mil", "int", "info", "local", "internal", "lan"};
    const bool generic = std::ranges::find(kGeneric, last) != kGeneric.end();
    // org.apache.x.y and the like are names of programs' parts, the other way round.
    const std::string_view first = piece.substr(0, piece.find('.'));
    const bool reversed = first == "com" || first == "org" || first == "net" || first == "java" ||
                          first == "io" || first == "android" || first == "javax";
    if (reversed) return false;
    return generic || (dots >= 2 && (last.size() == 2 || digit_or_hyphen));
}

bool is_mail_address(std::string_view piece) {
    const size_t at = piece.find('@');
    return at != std::string_view::npos && at > 0 && at + 1 < piece.size() &&
           piece.find('@', at + 1) == std::string_view::npos && is_alnum(piece[at + 1]) &&
           is_letter(piece[0]);
}

bool is_identifier(std::string_view piece) {
    size_t letters = 0;
    size_t digits = 0;
    bool joined = false;  // a number of its own behind '_'
    for (size_t i = 0; i < piece.size(); ++i) {
        const char c = piece[i];
        if (is_digit(c)) {
            ++digits;
            if (i > 0 &&
                (piece[i - 1] == '_' || (i > 1 && piece[i - 1] == '-' && piece[i - 2] == '_')))
                joined = true;
        } else if (is_letter(c)) {
            ++letters;
        } else if (c != '_' && c != '-' && c != '.') {
            return false;
        }
    }
    if (digits == 0 || letters == 0) return false;
    return joined || (piece.size() >= 16 && digits >= 4);
}

bool is_weekday(std::string_view word) {
    constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu",
                                                       "Fri", "Sat", "Sun"};
    if (word.ends_with(',')) word.remove_suffix(1);
    return std::ranges::find(kDays, word) != kDays.end();
}

bool is_month(std::string_view word) {
    constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return std::ranges::find(kMonths, word) != kMonths.end();
}

}  // namespace ops

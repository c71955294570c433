#include "patterns/masks.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "patterns/secrets.h"
#include "patterns/shapes.h"

namespace ops {
namespace {

// Nouns after which a bare word is the name of a thing.
constexpr std::array<std::pair<std::string_view, std::string_view>, 26> kNouns = {{
    {"user", "<user>"},      {"username", "<user>"},  {"login", "<user>"},
    {"account", "<user>"},   {"uid", "<user>"},       {"host", "<host>"},
    {"hostname", "<host>"},  {"server", "<host>"},    {"node", "<host>"},
    {"domain", "<host>"},    {"service", "<name>"},   {"unit", "<name>"},
    {"container", "<name>"}, {"pod", "<name>"},       {"device", "<name>"},
    {"interface", "<name>"}, {"database", "<name>"},  {"table", "<name>"},
    {"topic", "<name>"},     {"queue", "<name>"},     {"volume", "<name>"},
    {"image", "<name>"},     {"task", "<name>"},      {"job", "<name>"},
    {"package", "<name>"},   {"namespace", "<name>"},
}};

bool is_blank(char c) { return static_cast<unsigned char>(c) <= ' '; }

bool has_blank(std::string_view text) { return std::ranges::any_of(text, is_blank); }

// Of key="value": keys under which programs write what happened in words, which are no value.
bool holds_prose(std::string_view key) {
    for (const std::string_view known : {"msg", "message", "err", "error", "reason", "event",
                                         "cause", "exception", "detail", "text", "level", "lvl"}) {
        if (key == known) return true;
    }
    return false;
}

constexpr auto kPlaceholders = std::to_array<std::string_view>({
    kAny,      "<num>",  "<ip>",   "<hex>",  "<uuid>", "<path>", "<time>",
    "<clock>", "<host>", "<user>", "<name>", "<url>",  "<mail>", "<mac>",
    "<bool>",  "<id>",   "<str>",  "<size>", "<rest>", "<word>", "<words>",
});

// One word being masked.
class WordMasker {
public:
    WordMasker(std::string_view word, bool is_named) : word_(word), is_named_(is_named) {}

    MaskedToken mask() {
        while (at_ < word_.size()) {
            if (const size_t n = placeholder_length(rest()); n > 0) {
                put_value(rest().substr(0, n), n);  // text that was masked before
            } else if (is_delimiter(word_[at_]) && !begins_ipv6()) {
                take_delimiter();
            } else if (!take_long_value()) {
                take_piece();
            }
        }
        if (after_equals_ && token_.key.ends_with('=')) token_.key += '*';
        // A quoted value may still hold blanks where it was no value after all.
        for (std::string* text : {&token_.text, &token_.key}) {
            for (char& c : *text) {
                if (is_blank(c)) c = '_';
            }
        }
        return std::move(token_);
    }

private:
    std::string_view rest() const { return word_.substr(at_); }

    bool begins_ipv6() const {
        return word_[at_] == ':' && (at_ == 0 || is_delimiter(word_[at_ - 1])) &&
               ipv6_length(rest()) > 0;
    }

    void take_delimiter() {
        const char c = word_[at_];
        // An empty pair holds a value that is not there now: "()" and "(a.example.com)" are alike.
        const bool closes = (c == ')' && before_ == '(') || (c == ']' && before_ == '[') ||
                            ((c == '"' || c == '\'') && before_ == c);
        if (closes) token_.key += '*';
        // "rhost=," as "rhost=a,"
        if (after_equals_ && token_.key.ends_with('=') && c != '=') token_.key += '*';
        if (c == '"' || c == '\'') quoted_ = !quoted_;
        if (c == '"' && before_ == '=' && !holds_prose(name_before(1))) {
            const size_t close = word_.find('"', at_ + 1);
            if (close != word_.npos && close > at_ + 1 &&
                has_blank(word_.substr(at_, close - at_))) {
                token_.text += "\"<str>\"";
                token_.key += "\"*\"";
                at_ = close + 1;
                before_ = 'x';
                after_equals_ = quoted_ = false;
                return;
            }
        }
        after_equals_ = c == '=';
        // "ws=WorkSource{10113}": the brackets belong to the value.
        const bool opens = c == '{' || c == '[' || c == '(';
        if (opens && (in_value_ || value_depth_ > 0)) ++value_depth_;
        token_.text += c;
        put_key(std::string_view(&c, 1));
        if (value_depth_ > 0 && (c == '}' || c == ']' || c == ')')) --value_depth_;
        in_value_ = c == '=';
        before_ = c;
        ++at_;
    }

    void put_key(std::string_view text) {
        if (value_depth_ == 0) token_.key += text;
    }

    // The name that ends `back` bytes before word_[at_]: "user" of "user=" and "user=\"".
    std::string_view name_before(size_t back) const {
        if (at_ < back) return "";
        const size_t end = at_ - back;
        size_t begin = end;
        while (begin > 0 && (is_alnum(word_[begin - 1]) || word_[begin - 1] == '_')) --begin;
        return word_.substr(begin, end - begin);
    }

    void put_value(std::string_view placeholder, size_t length) {
        token_.text += placeholder;
        put_key_star();
        at_ += length;
        before_ = 'x';
    }

    void put_key_star() {
        if (value_depth_ == 0 && !token_.key.ends_with('*')) token_.key += '*';
    }

    // Values that may hold delimiters.
    bool take_long_value() {
        const std::string_view text = rest();
        const char first = text.front();
        if (is_hex_digit(first) || first == ':') {
            if (const size_t n = clock_length(text)) return put_value("<clock>", n), true;
            if (const size_t n = hardware_length(text)) return put_value("<mac>", n), true;
            if (const size_t n = ipv6_length(text)) return put_value("<ip>", n), true;
        }
        if (is_digit(first)) {
            if (const size_t n = ipv4_length(text)) return put_value("<ip>", n), true;
            if (const size_t n = date_length(text)) return put_value("<time>", n), true;
        }
        if (const size_t n = uuid_length(text)) return put_value("<uuid>", n), true;
        if (is_letter(first)) {
            if (const size_t n = url_length(text)) return put_value("<url>", n), true;
        }
        if (const size_t n = path_length(text)) {
            // "/10.1.2.3" is how Java writes an address.
            const bool address = first == '/' && ipv4_length(text.substr(1)) == n - 1;
            return put_value(address ? "<ip>" : "<path>", n), true;
        }
        return false;
    }

    void take_piece() {
        size_t end = at_;
        while (end < word_.size() && !is_delimiter(word_[end])) {
            const bool dots = word_.substr(end).starts_with("..");
            if (dots && end > at_) break;
            ++end;
            if (dots)
                while (end < word_.size() && word_[end] == '.') ++end;
            if (dots) break;
        }
        std::string_view piece = word_.substr(at_, end - at_);
        size_t dots = 0;  // and per cent signs: what may stand behind a word
        const auto is_behind = [](char c) { return c == '.' || c == '%'; };
        while (dots < piece.size() && is_behind(piece[piece.size() - 1 - dots])) ++dots;
        const std::string_view core = piece.substr(0, piece.size() - dots);
        const bool prose =
            after_equals_ ? holds_prose(name_before(1)) : quoted_ && holds_prose(name_before(2));
        const bool soft = (quoted_ || is_named_ || after_equals_) && !prose;
        if (!core.empty()) {
            if ((after_equals_ || is_named_) && core == "root") {
                token_.text += "<user>";
                put_key_star();
            } else if (const std::string_view kind = kind_of(core); !kind.empty()) {
                token_.text += kind;
                put_key_star();
            } else {
                take_parts(core, soft);
            }
        }
        token_.text += piece.substr(core.size());
        put_key(piece.substr(core.size()));
        in_value_ = in_value_ || after_equals_;
        before_ = 'x';
        at_ = end;
    }

    static std::string_view kind_of(std::string_view core) {
        if (is_hex_number(core)) return all_digits(core) ? "<num>" : "<hex>";
        if (is_quantity(core)) return "<num>";
        if (is_version(core)) return "<num>";
        if (core == "true" || core == "false" || core == "True" || core == "False") return "<bool>";
        if (is_mail_address(core)) return "<mail>";
        if (is_host_name(core)) return "<host>";
        if (is_identifier(core)) return "<id>";
        return "";
    }

    // "core.862" is "core.<num>", "node-12" is "node-<num>", "ssh2" is itself. Each is a value as
    // far as the key goes.
    void take_parts(std::string_view core, bool soft) {
        size_t begin = 0;
        for (size_t i = 0; i <= core.size(); ++i) {
            const bool between = i < core.size() && !is_alnum(core[i]) && core[i] != '_' &&
                                 static_cast<unsigned char>(core[i]) < 0x80;
            if (i < core.size() && !between) {
                soft |= is_digit(core[i]);
                continue;
            }
            const std::string_view part = core.substr(begin, i - begin);
            const bool number = !part.empty() && (is_hex_number(part) || is_quantity(part));
            token_.text += number ? "<num>" : part;
            if (between) token_.text += core[i];
            begin = i + 1;
        }
        if (soft) {
            put_key_star();
        } else {
            put_key(core);
        }
    }

    std::string_view word_;
    bool is_named_;
    size_t at_ = 0;
    char before_ = 0;  // the delimiter before, 'x' for anything else
    bool after_equals_ = false;
    bool quoted_ = false;
    bool in_value_ = false;  // the piece before was the value of key=value
    int value_depth_ = 0;    // of brackets inside of such a value
    MaskedToken token_;
};

// The end of the word content[at, end), which is later where it opens a quoted value (tag="View
// Lock") that a quote soon closes.
size_t end_of_quoted_value(std::string_view content, size_t at, size_t end) {
    constexpr size_t kMostQuoted = 128;
    const std::string_view word = content.substr(at, end - at);
    const size_t open = word.find("=\"");
    if (open == word.npos || word.find('"', open + 2) != word.npos) return end;
    size_t begin = open;
    while (begin > 0 && (is_alnum(word[begin - 1]) || word[begin - 1] == '_')) --begin;
    if (holds_prose(word.substr(begin, open - begin))) return end;
    const size_t close = content.substr(end, kMostQuoted).find('"');
    if (close == content.npos) return end;
    end += close + 1;
    while (end < content.size() && !is_blank(content[end])) ++end;
    return end;
}

// The words between blanks, at most kMostTokens.
std::vector<std::string_view> split_words(std::string_view content, bool* cut) {
    std::vector<std::string_view> words;
    *cut = false;
    size_t at = 0;
    while (at < content.size()) {
        while (at < content.size() && is_blank(content[at])) ++at;
        size_t end = at;
        while (end < content.size() && !is_blank(content[end])) ++end;
        if (end == at) break;
        end = end_of_quoted_value(content, at, end);
        if (words.size() == kMostTokens) {
            *cut = true;
            break;
        }
        words.push_back(content.substr(at, end - at));
        at = end;
    }
    return words;
}

// 384.0 and "B)", "KB," are one size.
std::string_view size_unit(std::string_view word) {
    size_t letters = 0;
    while (letters < word.size() && is_letter(word[letters])) ++letters;
    const std::string_view unit = word.substr(0, letters);
    for (size_t i = letters; i < word.size(); ++i) {
        if (!is_delimiter(word[i]) && word[i] != '.') return "";
    }
    for (const std::string_view known :
         {"B", "KB", "MB", "GB", "TB", "kB", "KiB", "MiB", "GiB", "TiB"}) {
        if (unit == known) return unit;
    }
    return "";
}

}  // namespace

std::string_view kind_named_by(std::string_view noun) {
    if (noun.empty()) return "";
    for (const auto& [name, kind] : kNouns) {
        if (noun.size() == name.size() && (noun[0] | 0x20) == name[0] &&
            noun.substr(1) == name.substr(1))
            return kind;
    }
    return "";
}

size_t placeholder_length(std::string_view text) {
    if (!text.starts_with('<')) return 0;
    for (const std::string_view kind : kPlaceholders) {
        if (text.starts_with(kind)) return kind.size();
    }
    return secret_placeholder_length(text);
}

std::vector<MaskedToken> mask_line(std::string_view content) {
    bool cut = content.size() > kMostLineBytes;
    content = content.substr(0, kMostLineBytes);
    // Whatever the bytes are, the tokens are text that can be saved and shown.
    std::string cleaned;
    const auto is_plain = [](char c) { return c == '\t' || (c >= ' ' && c < '\x7f'); };
    if (!std::ranges::all_of(content, is_plain)) {
        cleaned = printable(content, Lines::flatten);
        content = cleaned;
    }
    bool cut_words = false;
    const std::vector<std::string_view> words = split_words(content, &cut_words);
    cut |= cut_words;
    std::vector<MaskedToken> tokens;
    tokens.reserve(words.size() + 1);
    bool is_named = false;
    for (size_t i = 0; i < words.size(); ++i) {
        if (const size_t n = date_words(words, i); n > 0) {
            tokens.push_back({"<time>", "*"});
            i += n - 1;
            continue;
        }
        is_named = i > 0 && !is_named && !kind_named_by(words[i - 1]).empty();
        tokens.push_back(WordMasker(words[i], is_named).mask());
        MaskedToken& token = tokens.back();
        if (i + 1 < words.size() && token.text.ends_with("<num>")) {
            const std::string_view unit = size_unit(words[i + 1]);
            if (unit.empty()) continue;
            token.text.replace(token.text.size() - 5, 5, "<size>");
            token.text += words[++i].substr(unit.size());
            token.key += words[i].substr(unit.size());
        }
    }
    if (cut) tokens.push_back({"<rest>", "*"});
    return tokens;
}

}  // namespace ops

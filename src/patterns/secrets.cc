#include "patterns/secrets.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "patterns/secret_forms.h"
#include "patterns/shapes.h"

namespace ops {
namespace {

constexpr size_t kLongestName = 64;
constexpr size_t kLongestAuthority = 512;

bool is_name_part(char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; }

// What the end of a name says, in small letters and without what joins its words.
constexpr auto kNames = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"password", "password"},
    {"passwd", "password"},
    {"passphrase", "password"},
    {"pwd", "password"},
    {"passwort", "password"},
    {"secretaccesskey", "aws-secret"},
    {"secret", "secret"},
    {"secretkey", "secret"},
    {"sharedkey", "secret"},
    {"privatekey", "private-key"},
    {"encryptionkey", "secret"},
    {"signingkey", "secret"},
    {"masterkey", "secret"},
    {"accountkey", "secret"},
    {"sharedaccesskey", "secret"},
    {"token", "token"},
    {"apikey", "api-key"},
    {"accesskey", "api-key"},
    {"authkey", "api-key"},
    {"accesskeyid", "aws-key"},
    {"credential", "credential"},
    {"credentials", "credential"},
    {"sessionid", "cookie"},
    {"sessid", "cookie"},
    {"authorization", "authorization"},
    {"cookie", "cookie"},
});

// Only as a whole word: "bypass" and "design" are none.
constexpr auto kWholeNames = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"pass", "password"},
    {"pw", "password"},
    {"sig", "secret"},
    {"auth", "credential"},
    {"creds", "credential"},
});

bool says_nothing(std::string_view value) {
    for (const std::string_view word :
         {"true", "false", "null", "none", "None", "nil", "undefined"}) {
        if (value == word) return true;
    }
    return std::ranges::all_of(value, [](char c) { return c == '*'; });
}

class Redactor {
public:
    explicit Redactor(std::string_view text) : text_(text) {}

    Redaction redact() {
        done_.text.reserve(text_.size());
        while (at_ < text_.size()) {
            if (const size_t n = secret_placeholder_length(rest())) {
                copy(n);
            } else if (!take_form() && !take_bearer() && !take_url_password() && !take_flag() &&
                       !take_assignment()) {
                copy(1);
            }
        }
        return std::move(done_);
    }

private:
    std::string_view rest() const { return text_.substr(at_); }

    void copy(size_t bytes) {
        done_.text += text_.substr(at_, bytes);
        at_ += std::min(bytes, text_.size() - at_);
    }

    void replace(size_t bytes, std::string_view kind) {
        done_.text.append("<secret:").append(kind).append(">");
        ++done_.secrets;
        at_ += bytes;
    }

    bool at_word_start() const {
        return at_ == 0 || !(is_alnum(text_[at_ - 1]) || text_[at_ - 1] == '_');
    }

    bool take_form() {
        if (!is_alnum(text_[at_]) && text_[at_] != '-') return false;
        const SecretForm form =
            secret_form(rest(), at_word_start() ? Before::nothing : Before::word);
        if (form.length == 0) return false;
        replace(form.length, form.kind);
        return true;
    }

    // "Bearer abc..." with no header before.
    bool take_bearer() {
        if ((text_[at_] | 0x20) != 'b' || !at_word_start()) return false;
        const std::string word = to_lower(rest().substr(0, 7));
        const size_t skipped = word == "bearer " ? 7 : word.starts_with("basic ") ? 6 : 0;
        if (skipped == 0) return false;
        size_t end = at_ + skipped;
        const auto is_part = [](char c) {
            return is_alnum(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos;
        };
        size_t digits = 0;
        while (end < text_.size() && is_part(text_[end]))
            digits += is_digit(text_[end++]) ? 1U : 0U;
        const size_t length = end - at_ - skipped;
        // "basic authentication" is no secret.
        if (length < (digits > 0 || text_[end - 1] == '=' ? 8U : 24U)) return false;
        // "Bearer password=<secret:password>" was seen to: here '=' ends no base64.
        const bool is_name = digits == 0 && length < 24;
        if (is_name && secret_placeholder_length(text_.substr(end)) > 0) return false;
        copy(skipped);
        replace(length, "bearer");
        return true;
    }

    // scheme://user:password@host
    bool take_url_password() {
        if (!rest().starts_with("://")) return false;
        size_t begin = at_;
        while (begin > 0 && at_ - begin < 20 && is_name_part(text_[begin - 1])) --begin;
        const bool web = text_.substr(begin, at_ - begin).starts_with("http");
        // A password of a database may hold a slash; behind one, '@' is nothing special on the web.
        const std::string_view ends = web ? " \t\n\"'<>/?#" : " \t\n\"'<>";
        const std::string_view behind = text_.substr(at_ + 3, kLongestAuthority);
        const std::string_view authority = behind.substr(0, behind.find_first_of(ends));
        // As this function leaves it: nothing before it is a name whose value it could be.
        constexpr std::string_view kLeft = "<secret:url-password>";
        const bool is_done = authority.empty() || authority.find(':') + 1 == authority.size();
        if (is_done && behind.substr(authority.size()).starts_with(std::string(kLeft) + "@")) {
            copy(3 + authority.size() + kLeft.size());
            return true;
        }
        const size_t host = authority.rfind('@');
        if (host == authority.npos) return false;
        const size_t colon = authority.find(':');
        if (colon != authority.npos && colon < host) {
            copy(3 + colon + 1);
            replace(host - colon - 1, "url-password");
        } else if (host >= 16) {
            copy(3);
            replace(host, "url-password");
        } else {
            return false;
        }
        return true;
    }

    // --password VALUE
    bool take_flag() {
        if (!rest().starts_with("--") || !at_word_start()) return false;
        size_t end = at_ + 2;
        while (end < text_.size() && end - at_ < kLongestName && is_name_part(text_[end])) ++end;
        if (end >= text_.size() || text_[end] != ' ') return false;
        const std::string_view kind = secret_kind_named(text_.substr(at_ + 2, end - at_ - 2));
        if (kind.empty()) return false;
        copy(end + 1 - at_);
        take_value(kind);
        return true;
    }

    // name=value, "name": "value", name: value, name => value
    bool take_assignment() {
        const char c = text_[at_];
        if ((c != '=' && c != ':') || rest().starts_with("://") || rest().starts_with("=="))
            return false;
        size_t begin = 0;
        const std::string_view name = name_before(&begin);
        const std::string_view kind = secret_kind_named(name);
        if (kind.empty()) return false;
        size_t skip = 1;
        if (c == '=' && rest().substr(1).starts_with('>')) ++skip;
        if (c == ':' && rest().substr(1).starts_with('=')) ++skip;
        while (skip < 6 && rest().substr(skip).starts_with(' ')) ++skip;
        copy(skip);
        const bool begins_line = begins_a_line(begin);
        const bool header = kind == "authorization" || (kind == "cookie" && c == ':');
        char quote = 0;
        if (begin > 0 && (text_[begin - 1] == '"' || text_[begin - 1] == '\''))
            quote = text_[begin - 1];
        take_value(kind, c == ':' && (begins_line || header) ? Until::line : Until::word, quote);
        return true;
    }

    std::string_view name_before(size_t* begin) const {
        size_t end = at_;
        while (end > 0 && at_ - end < 4 &&
               std::string_view(" \"'\\]").find(text_[end - 1]) != std::string_view::npos)
            --end;
        *begin = end;
        while (*begin > 0 && end - *begin < kLongestName && is_name_part(text_[*begin - 1]))
            --*begin;
        return text_.substr(*begin, end - *begin);
    }

    bool begins_a_line(size_t begin) const {
        size_t at = begin;
        while (at > 0 && begin - at < 40 &&
               std::string_view(" -\"'").find(text_[at - 1]) != std::string_view::npos)
            --at;
        return at == 0 || text_[at - 1] == '\n';
    }

    // `quote`: what closes the text that the name stands in, as in -H "Cookie: a=b".
    enum class Until { word, line };
    void take_value(std::string_view kind, Until until = Until::word, char quote = 0) {
        if (kind == "authorization") take_scheme();
        if (at_ >= text_.size() || text_[at_] == '\n') return;
        const size_t opened = rest().find_first_not_of('\\');
        if (opened != std::string_view::npos && opened < 8 &&
            (rest()[opened] == '"' || rest()[opened] == '\'')) {
            const char opening = rest()[opened];
            copy(opened + 1);
            redact_value(quoted_length(opening, opened), kind);
        } else {
            redact_value(until == Until::line ? line_length(quote) : bare_length(), kind);
        }
    }

    // Keeps "Bearer ", "Basic " and the like: which way was used is no secret.
    void take_scheme() {
        for (const std::string_view scheme :
             {"bearer ", "basic ", "digest ", "token ", "negotiate "}) {
            if (to_lower(rest().substr(0, scheme.size())) != scheme) continue;
            copy(scheme.size());
            return;
        }
    }

    void redact_value(size_t length, std::string_view kind) {
        const std::string_view value = rest().substr(0, length);
        if (value.empty()) return;
        if (says_nothing(value) || secret_placeholder_length(value) == value.size()) {
            copy(length);
        } else {
            replace(length, kind);
        }
    }

    // Up to a quote that has no more backslashes before it than the opening one.
    size_t quoted_length(char quote, size_t slashes_opened) const {
        size_t slashes = 0;
        const std::string_view text = rest();
        for (size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\n') return i;
            if (text[i] == '\\') {
                ++slashes;
                continue;
            }
            const bool ends = slashes_opened == 0 ? slashes % 2 == 0 : slashes <= slashes_opened;
            if (text[i] == quote && ends) return i - std::min(slashes, slashes_opened);
            slashes = 0;
        }
        return text.size();
    }

    size_t line_length(char quote) const {
        const std::string_view text = rest();
        size_t end = 0;
        while (end < text.size() && text[end] != '\n' && (quote == 0 || text[end] != quote)) ++end;
        return end;
    }

    // Up to a blank or '&'; a comma or semicolon ends it only where something new begins behind.
    size_t bare_length() const {
        const std::string_view text = rest();
        size_t end = 0;
        for (; end < text.size(); ++end) {
            const char c = text[end];
            if (c == ' ' || c == '\t' || c == '\n' || c == '&' || c == '"' || c == '\'') break;
            if ((c == ',' || c == ';') && begins_anew(text.substr(end + 1, kLongestName))) break;
        }
        while (end > 1 && std::string_view(")]}").find(text[end - 1]) != std::string_view::npos)
            --end;
        return end;
    }

    static bool begins_anew(std::string_view text) {
        if (text.empty() || text[0] == ' ' || text[0] == '\n' || text[0] == '}') return true;
        size_t at = text[0] == '"' || text[0] == '\'' ? 1 : 0;
        const size_t begin = at;
        while (at < text.size() && is_name_part(text[at])) ++at;
        return at > begin && at < text.size() &&
               std::string_view("=:\"'").find(text[at]) != std::string_view::npos;
    }

    std::string_view text_;
    size_t at_ = 0;
    Redaction done_;
};

}  // namespace

std::string_view secret_kind_named(std::string_view name) {
    if (name.empty() || name.size() > kLongestName + 1) return "";
    std::string joined;
    for (const char c : name) {
        if (is_alnum(c)) joined += c;
    }
    joined = to_lower(joined);
    for (const auto& [end, kind] : kNames) {
        if (joined.ends_with(end)) return kind;
    }
    const size_t last = name.find_last_of("_-.");
    const std::string word = to_lower(last == name.npos ? name : name.substr(last + 1));
    for (const auto& [whole, kind] : kWholeNames) {
        if (word == whole) return kind;
    }
    return "";
}

size_t secret_placeholder_length(std::string_view text) {
    constexpr std::string_view kFront = "<secret:";
    if (!text.starts_with(kFront)) return 0;
    const size_t end = text.substr(0, 40).find('>');
    if (end == text.npos) return 0;
    const std::string_view kind = text.substr(kFront.size(), end - kFront.size());
    return std::ranges::find(kSecretKinds, kind) == kSecretKinds.end() ? 0 : end + 1;
}

Redaction redact_secrets(std::string_view text) { return Redactor(text).redact(); }

}  // namespace ops
